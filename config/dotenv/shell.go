package dotenv

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"lkdoctor/config/secret"
)

// readShell evaluates what `set -a; . file` leaves in bash (5.2), for files with
// little but assignments. It runs nothing. It stops at a command that may change
// variables and stores the rest as unread. A syntax error ends it as it ends the
// shell's.
func readShell(reading *Reading, content []byte, env Env) {
	sh := &shell{env: env, values: map[string]Value{}, budget: maxTotal}
	reading.values = sh.values
	switch {
	case bytes.IndexByte(content, 0) >= 0:
		reading.Err = errors.New("NUL bytes: a binary file")
		return
	case nesting(content) > maxNesting:
		reading.unread = secret.New(string(content))
		return
	}
	// The parser takes CR LF for LF, as bash does not.
	text := strings.ReplaceAll(string(content), "\r", carriageReturn)
	defer func() { // a hostile file may make the parser panic
		if recover() != nil {
			reading.opaque = true
		}
	}()
	var stopped, err error
	start := 0
	for s, failed := range syntax.NewParser(syntax.Variant(syntax.LangBash)).StmtsSeq(strings.NewReader(text)) {
		if err = failed; err == nil && stopped == nil { // the parser must not be stopped in the middle of a line
			start = int(s.Pos().Offset())
			stopped = sh.statement(s)
		}
	}
	switch parse := (syntax.ParseError{}); {
	case errors.Is(stopped, errNotFollowed):
		reading.unread = secret.New(text[start:])
	case errors.Is(stopped, errOpaque):
		reading.opaque = true
	case errors.As(err, &parse):
		reason := errSyntax
		if strings.Contains(parse.Text, "closing quote") {
			reason = errOpenQuote
		}
		reading.values, reading.Err = nil, fmt.Errorf("%w (line %d)", reason, parse.Pos.Line())
	case err != nil:
		reading.values, reading.Err = nil, errSyntax
	}
}

// carriageReturn stands for a carriage return while a text is parsed: a character
// for private use, which no env file holds.
const carriageReturn = "\U0010fffd"

// maxNesting is how many brackets and operators a file may have that nest: the parser
// calls itself for each level.
const maxNesting = 1000

// nesting returns an upper bound of how deep a text nests.
func nesting(text []byte) int {
	deepest := 0
	for _, opening := range []string{"(", "{", "[", "`", "if", "do", "case", "while", "until", "time", "coproc", "!", "|", "&", "<"} {
		deepest += bytes.Count(text, []byte(opening))
	}
	return deepest
}

var (
	// errNotFollowed ends the reading at what only a whole shell can do, and
	// errOpaque at what may set variables that the file does not even name.
	errNotFollowed = errors.New("a command for the shell")
	errOpaque      = errors.New("a command that may set anything")
	errOpenQuote   = errors.New("a quote that is not closed")
	errSyntax      = errors.New("a syntax error: < > ( ) ; | and & mean something to the shell")
)

type shell struct {
	env    Env
	values map[string]Value
	budget int // bytes that values may still take
}

func (sh *shell) statement(s *syntax.Stmt) error {
	if s.Negated || s.Coprocess || len(s.Redirs) > 0 { // whether a redirection works is up to the files
		return errNotFollowed
	}
	var assigns []*syntax.Assign
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr:
		if assigns = c.Assigns; len(c.Args) > 0 {
			return sh.passOver(c)
		}
	case *syntax.DeclClause:
		if assigns = c.Args; c.Variant.Value != "export" {
			return errNotFollowed
		}
	case *syntax.BinaryCmd:
		if only, is := c.X.Cmd.(*syntax.CallExpr); c.Op != syntax.AndStmt || s.Background || !is || len(only.Args) > 0 {
			return errNotFollowed
		}
		if err := sh.statement(c.X); err != nil {
			return err
		}
		return sh.statement(c.Y)
	default:
		return errNotFollowed
	}
	for _, a := range assigns {
		if a.Name == nil || a.Index != nil || a.Array != nil {
			return errNotFollowed
		}
		if a.Naked {
			continue
		}
		value, err := sh.word(a.Value)
		if err != nil {
			return err
		}
		if a.Append {
			value = sh.appended(a.Name.Value, value)
		}
		if !s.Background { // which has a shell of its own
			sh.values[a.Name.Value] = value
		}
	}
	return nil
}

// passOver reports why a command cannot be ignored, as shell builtins that set
// variables. Assignments before a command are for that command alone.
func (sh *shell) passOver(c *syntax.CallExpr) error {
	verb := c.Args[0].Lit()
	if verb == "" || strings.ContainsAny(verb, `\[]{}*?~`) {
		return errNotFollowed
	}
	switch verb {
	case ".", "source", "eval", "exec", "exit", "return", "builtin", "command", "trap", "alias", "enable", "shopt":
		return errOpaque
	case "export", "read", "unset", "shift", "printf", "mapfile", "readarray", "getopts", "wait", "cd", "pushd", "popd":
		return errNotFollowed
	}
	for _, argument := range c.Args[1:] {
		if _, err := sh.word(argument); err != nil {
			return err
		}
		if text := argument.Lit(); verb == "set" && text != "-a" && text != "+a" {
			return errNotFollowed
		}
	}
	return nil
}

// word returns a word's value after expansion; a nil word is "".
func (sh *shell) word(w *syntax.Word) (Value, error) {
	if w == nil {
		return known(""), nil
	}
	e := &expansion{}
	for i, part := range w.Parts {
		if lit, is := part.(*syntax.Lit); is && (strings.Contains(lit.Value, ":~") || i == 0 && strings.HasPrefix(lit.Value, "~")) {
			e.unknown("~ is somebody's home")
		}
		if err := sh.part(e, part, false); err != nil {
			return Value{}, err
		}
	}
	if e.why != "" {
		return Value{State: Unknown, Why: e.why}, nil
	}
	return sh.capped(strings.ReplaceAll(e.text.String(), carriageReturn, "\r")), nil
}

// expansion is a word being put together: its text, or why that is not known.
type expansion struct {
	text strings.Builder
	why  string
}

func (e *expansion) unknown(why string) {
	if e.why == "" {
		e.why = why
	}
}

func (sh *shell) part(e *expansion, part syntax.WordPart, quoted bool) error {
	switch p := part.(type) {
	case *syntax.Lit:
		e.text.WriteString(unescaped(p.Value, quoted))
	case *syntax.SglQuoted:
		if p.Dollar {
			return errNotFollowed
		}
		e.text.WriteString(p.Value)
	case *syntax.DblQuoted: // with a $ it is a text to translate, which nothing translates here
		for _, inside := range p.Parts {
			if err := sh.part(e, inside, true); err != nil {
				return err
			}
		}
	case *syntax.CmdSubst:
		e.unknown("it runs a command")
	case *syntax.ParamExp:
		return sh.parameter(e, p)
	default:
		return errNotFollowed
	}
	if e.text.Len() > maxValue {
		e.unknown("its references multiply each other")
		e.text.Reset()
	}
	return nil
}

func unescaped(text string, quoted bool) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && (!quoted || strings.IndexByte("$`\"\\\n", text[i+1]) >= 0) {
			if i++; text[i] == '\n' {
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// parameter appends $NAME, ${NAME}, ${NAME-word} and ${NAME:-word} with a plain word.
func (sh *shell) parameter(e *expansion, p *syntax.ParamExp) error {
	if p.Excl || p.Length || p.Width || p.Param == nil || p.Index != nil || p.Slice != nil || p.Repl != nil || p.Names != 0 {
		return errNotFollowed
	}
	name := p.Param.Value
	switch {
	case name == "$":
		e.unknown("$$ is the shell's process number")
		return nil
	case strings.Contains("0?!#-", name):
		e.unknown("$ and a sign is something of the shell's own")
		return nil
	}
	value := sh.reference(name)
	if p.Exp != nil {
		fallback := ""
		if p.Exp.Word != nil {
			if fallback = p.Exp.Word.Lit(); fallback == "" || strings.ContainsAny(fallback, `\~`) {
				return errNotFollowed
			}
		}
		switch p.Exp.Op {
		case syntax.DefaultUnset:
		case syntax.DefaultUnsetOrNull:
			if value.State == Known && value.Secret.Empty() {
				value = Value{}
			}
		default:
			return errNotFollowed
		}
		if value.State == Missing {
			value = known(fallback)
		}
	}
	if value.State == Unknown {
		e.unknown(value.Why)
	}
	e.text.WriteString(value.Secret.Reveal())
	return nil
}

// reference is what $name stands for; the shell sets some names itself.
func (sh *shell) reference(name string) Value {
	switch name {
	case "_", "RANDOM", "SECONDS", "LINENO", "PPID", "UID", "EUID", "PWD", "OLDPWD", "HOSTNAME", "SHLVL", "IFS", "OPTIND":
		return Value{State: Unknown, Why: "it refers to a variable that the shell sets itself"}
	}
	if strings.HasPrefix(name, "BASH") || strings.HasPrefix(name, "EPOCH") {
		return Value{State: Unknown, Why: "it refers to a variable that the shell sets itself"}
	}
	if value := sh.values[name]; value.State != Missing {
		return value
	}
	if value, ok := sh.env(name); ok {
		return known(value)
	}
	return Value{}
}

func (sh *shell) appended(name string, value Value) Value {
	before := sh.reference(name)
	switch {
	case before.State == Unknown:
		return before
	case value.State != Known:
		return value
	}
	return sh.capped(before.Secret.Reveal() + value.Secret.Reveal())
}

// capped keeps references that multiply from taking memory without end.
func (sh *shell) capped(value string) Value {
	if sh.budget -= len(value); len(value) > maxValue || sh.budget < 0 {
		return Value{State: Unknown, Why: "its references multiply each other"}
	}
	return known(value)
}
