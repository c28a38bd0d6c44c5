package dotenv

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"lkdoctor/config/secret"
)

// readShell works out what `set -a; . file` leaves in bash (5.2), for files that
// do little but assign. Nothing is run. A line that is a command which may change
// variables ends the reading: what follows is kept as unread. A syntax error ends
// it as it ends the shell's.
func readShell(reading *Reading, content []byte, env Env) {
	if bytes.IndexByte(content, 0) >= 0 {
		reading.Err = errors.New("NUL bytes: a binary file")
		return
	}
	sh := &shell{text: string(content), env: env, values: map[string]Value{}, budget: maxTotal}
	reading.values = sh.values
	for sh.pos < len(sh.text) {
		start := sh.pos
		if start > 0 && sh.text[start-1] == '\n' {
			sh.undo = sh.undo[:0]
		}
		err := sh.command()
		switch {
		case err == nil:
			continue
		case errors.Is(err, errNotFollowed):
			reading.unread = secret.New(sh.text[start:])
		case errors.Is(err, errOpaque):
			reading.opaque = true
		default:
			sh.undoLine()
			reading.Err = fmt.Errorf("%w (line %d)", err, 1+strings.Count(sh.text[:start], "\n"))
		}
		return
	}
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
	text   string
	pos    int
	env    Env
	values map[string]Value
	budget int // bytes that values may still take
	// undo is what the line's commands so far have replaced: bash reads a whole
	// line before it runs any of it, so a syntax error undoes them.
	undo []assigned
}

func (sh *shell) assign(a assigned) {
	sh.undo = append(sh.undo, assigned{a.name, sh.values[a.name]})
	sh.values[a.name] = a.value
}

func (sh *shell) undoLine() {
	for i := len(sh.undo) - 1; i >= 0; i-- {
		sh.values[sh.undo[i].name] = sh.undo[i].value
	}
}

// assigned is one NAME=value of a command.
type assigned struct {
	name  string
	value Value
}

// command reads one simple command and its end, and assigns if that is all the
// command does.
func (sh *shell) command() error {
	var assignments []assigned
	verb, exports, redirected := "", false, false
	for {
		sh.skipBlanks()
		if sh.pos == len(sh.text) || strings.IndexByte("\n;&|()#", sh.text[sh.pos]) >= 0 {
			break
		}
		if sh.text[sh.pos] == '<' || sh.text[sh.pos] == '>' {
			redirected = true
			if err := sh.redirection(); err != nil {
				return err
			}
			continue
		}
		name, add, isAssignment := sh.assignmentAhead()
		if isAssignment && (verb == "" || exports) {
			value, err := sh.word(true)
			if err != nil {
				return err
			}
			if add {
				value = sh.appended(name, value)
			}
			assignments = append(assignments, assigned{name, value})
			continue
		}
		start := sh.pos
		value, err := sh.word(false)
		if err != nil {
			return err
		}
		argument := sh.text[start:sh.pos]
		switch {
		case verb == "":
			if verb = argument; value.State != Known || strings.Contains(verb, "$") {
				return errNotFollowed
			}
			exports = verb == "export" && len(assignments) == 0
			if err := follow(verb); err != nil && !exports {
				return err
			}
		case exports && strings.ContainsAny(argument, "-='\"\\$`{*?["), verb == "set" && argument != "-a" && argument != "+a":
			return errNotFollowed
		}
	}
	if redirected { // whether it works is up to the files
		return errNotFollowed
	}
	return sh.finish(assignments, verb, exports)
}

// redirection steps over < or > and its file.
func (sh *shell) redirection() error {
	sh.pos++
	if sh.pos < len(sh.text) && strings.IndexByte("<>&|", sh.text[sh.pos]) >= 0 {
		return errNotFollowed
	}
	sh.skipBlanks()
	if sh.pos == len(sh.text) || strings.IndexByte("\n;&|<>()#", sh.text[sh.pos]) >= 0 {
		return errSyntax
	}
	_, err := sh.word(false)
	return err
}

// finish reads what ends a command.
func (sh *shell) finish(assignments []assigned, verb string, exports bool) error {
	end := byte('\n')
	if sh.pos < len(sh.text) {
		end = sh.text[sh.pos]
		sh.pos++
	}
	ran := verb != "" && !exports // the assignments were for that command alone
	switch end {
	case '#':
		sh.pos--
		sh.skipLine()
	case '&':
		if strings.HasPrefix(sh.text[sh.pos:], "&") {
			if sh.pos++; ran {
				return errNotFollowed
			}
		} else if verb == "" && len(assignments) == 0 {
			return errSyntax
		} else {
			ran = true // in the background, in a shell of its own
		}
	case ';':
		if verb == "" && len(assignments) == 0 || strings.HasPrefix(sh.text[sh.pos:], ";") {
			return errSyntax
		}
	case '(', ')', '|':
		return errNotFollowed
	}
	if !ran {
		for _, a := range assignments {
			sh.assign(a)
		}
	}
	return nil
}

// follow reports whether a command can be passed over: all can but the shell's own
// words that set variables or steer what is run.
func follow(verb string) error {
	switch verb {
	case ".", "source", "eval", "exec", "exit", "return", "builtin", "command", "trap", "alias", "enable", "shopt":
		return errOpaque
	case "read", "unset", "shift", "declare", "typeset", "local", "readonly", "printf", "mapfile", "readarray", "let",
		"getopts", "wait", "cd", "pushd", "popd", "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done",
		"case", "esac", "select", "function", "coproc", "time", "{", "}", "!", "[[", "]]":
		return errNotFollowed
	}
	if strings.ContainsAny(verb, "[]{}*?~") {
		return errNotFollowed
	}
	return nil
}

// assignmentAhead reports whether NAME= or NAME+= stands here, and if so steps
// over it.
func (sh *shell) assignmentAhead() (name string, add, ok bool) {
	end := sh.pos
	for end < len(sh.text) && (isLetter(sh.text[end]) || end > sh.pos && isDigit(sh.text[end])) {
		end++
	}
	rest := sh.text[end:]
	if add = strings.HasPrefix(rest, "+="); end == sh.pos || !add && !strings.HasPrefix(rest, "=") {
		return "", false, false
	}
	name, sh.pos = sh.text[sh.pos:end], end+1
	if add {
		sh.pos++
	}
	if strings.HasPrefix(sh.text[sh.pos:], "(") { // an array
		sh.pos = end
		return "", false, false
	}
	return name, add, true
}

func (sh *shell) appended(name string, value Value) Value {
	before := sh.variable(name)
	switch {
	case before.State == Unknown:
		return before
	case value.State != Known:
		return value
	}
	return sh.capped(before.Secret.Reveal() + value.Secret.Reveal())
}

// variable is a variable as the shell has it now; Missing when it is not set.
func (sh *shell) variable(name string) Value {
	if value := sh.values[name]; value.State != Missing {
		return value
	}
	if value, ok := sh.env(name); ok {
		return known(value)
	}
	return Value{}
}

// capped keeps references that multiply from taking memory without end.
func (sh *shell) capped(value string) Value {
	if sh.budget -= len(value); len(value) > maxValue || sh.budget < 0 {
		return Value{State: Unknown, Why: "its references multiply each other"}
	}
	return known(value)
}

func (sh *shell) skipBlanks() {
	for sh.pos < len(sh.text) {
		switch {
		case sh.text[sh.pos] == ' ' || sh.text[sh.pos] == '\t':
			sh.pos++
		case strings.HasPrefix(sh.text[sh.pos:], "\\\n"):
			sh.pos += 2
		default:
			return
		}
	}
}

func (sh *shell) skipLine() {
	if i := strings.IndexByte(sh.text[sh.pos:], '\n'); i >= 0 {
		sh.pos += i + 1
	} else {
		sh.pos = len(sh.text)
	}
}

func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isNameByte(c byte) bool { return isLetter(c) || isDigit(c) }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
