package dotenv

import "strings"

// shellWord is a word being put together: its text, or why that is not known.
type shellWord struct {
	text strings.Builder
	why  string
}

func (w *shellWord) unknown(why string) {
	if w.why == "" {
		w.why = why
	}
}

// word reads one word up to a blank or an operator outside quotes.
func (sh *shell) word(isValue bool) (Value, error) {
	w := &shellWord{}
	if isValue && strings.HasPrefix(sh.text[sh.pos:], "~") {
		w.unknown("~ is somebody's home")
	}
	for sh.pos < len(sh.text) {
		c := sh.text[sh.pos]
		if strings.IndexByte(" \t\n;&|<>()", c) >= 0 {
			break
		}
		sh.pos++
		switch c {
		case '\'':
			end := strings.IndexByte(sh.text[sh.pos:], '\'')
			if end < 0 {
				return Value{}, errOpenQuote
			}
			w.text.WriteString(sh.text[sh.pos : sh.pos+end])
			sh.pos += end + 1
		case '"':
			if err := sh.doubleQuoted(w); err != nil {
				return Value{}, err
			}
		case '\\':
			if sh.pos == len(sh.text) {
				w.text.WriteByte('\\')
			} else if sh.text[sh.pos] != '\n' {
				w.text.WriteByte(sh.text[sh.pos])
			}
			sh.pos = min(sh.pos+1, len(sh.text))
		case '`':
			if err := sh.backquoted(w); err != nil {
				return Value{}, err
			}
		case '$':
			if strings.HasPrefix(sh.text[sh.pos:], `"`) { // a translated string, never translated here
				continue
			}
			if strings.HasPrefix(sh.text[sh.pos:], "'") {
				return Value{}, errNotFollowed
			}
			if err := sh.dollar(w); err != nil {
				return Value{}, err
			}
		case ':':
			w.text.WriteByte(c)
			if isValue && strings.HasPrefix(sh.text[sh.pos:], "~") {
				w.unknown("~ is somebody's home")
			}
		default:
			w.text.WriteByte(c)
		}
		if w.text.Len() > maxValue {
			w.unknown("its references multiply each other")
			w.text.Reset()
		}
	}
	if w.why != "" {
		return Value{State: Unknown, Why: w.why}, nil
	}
	return sh.capped(w.text.String()), nil
}

// doubleQuoted reads up to the closing quote, which it steps over.
func (sh *shell) doubleQuoted(w *shellWord) error {
	for sh.pos < len(sh.text) {
		c := sh.text[sh.pos]
		sh.pos++
		switch {
		case c == '"':
			return nil
		case c == '\\' && sh.pos < len(sh.text) && strings.IndexByte("$`\"\\\n", sh.text[sh.pos]) >= 0:
			if sh.text[sh.pos] != '\n' {
				w.text.WriteByte(sh.text[sh.pos])
			}
			sh.pos++
		case c == '`':
			if err := sh.backquoted(w); err != nil {
				return err
			}
		case c == '$':
			if err := sh.dollar(w); err != nil {
				return err
			}
		default:
			w.text.WriteByte(c)
		}
		if w.text.Len() > maxValue {
			w.unknown("its references multiply each other")
			w.text.Reset()
		}
	}
	return errOpenQuote
}

// backquoted steps over `command`, which is not run.
func (sh *shell) backquoted(w *shellWord) error {
	for sh.pos < len(sh.text) {
		c := sh.text[sh.pos]
		sh.pos++
		if c == '\\' {
			sh.pos = min(sh.pos+1, len(sh.text))
		} else if c == '`' {
			w.unknown("it runs a command")
			return nil
		}
	}
	return errOpenQuote
}

// dollar reads what follows a $.
func (sh *shell) dollar(w *shellWord) error {
	rest := sh.text[sh.pos:]
	if rest == "" {
		w.text.WriteByte('$')
		return nil
	}
	switch c := rest[0]; {
	case c == '{':
		return sh.braced(w)
	case c == '(' || c == '[':
		return errNotFollowed
	case isLetter(c):
		end := nameEnd(rest)
		sh.pos += end
		w.add(sh.reference(rest[:end]))
	case c >= '1' && c <= '9', c == '*', c == '@': // no arguments were given
		sh.pos++
	case c == '$':
		sh.pos++
		w.unknown("$$ is the shell's process number")
	case strings.IndexByte("0?!#-", c) >= 0:
		sh.pos++
		w.unknown("$ and a sign is something of the shell's own")
	default:
		w.text.WriteByte('$')
	}
	return nil
}

// braced reads ${NAME}, ${NAME:-word} and ${NAME-word} with a plain word.
func (sh *shell) braced(w *shellWord) error {
	inner, _, found := strings.Cut(sh.text[sh.pos+1:], "}")
	if !found {
		return errOpenQuote
	}
	end := nameEnd(inner)
	name, operator := inner[:end], inner[end:]
	var fallback string
	useEmpty := true
	switch {
	case name == "":
		return errNotFollowed
	case operator == "":
	case strings.HasPrefix(operator, ":-"):
		fallback, useEmpty = operator[2:], false
	case strings.HasPrefix(operator, "-"):
		fallback = operator[1:]
	default:
		return errNotFollowed
	}
	if strings.ContainsAny(fallback, "$`\\'\"~{ \t\n") {
		return errNotFollowed
	}
	sh.pos += len(inner) + 2
	value := sh.reference(name)
	if value.State == Missing || value.State == Known && value.Secret.Empty() && !useEmpty {
		value = known(fallback)
	}
	w.add(value)
	return nil
}

// reference is what $name stands for. The shell sets some names itself.
func (sh *shell) reference(name string) Value {
	switch name {
	case "_", "RANDOM", "SECONDS", "LINENO", "PPID", "UID", "EUID", "PWD", "OLDPWD", "HOSTNAME", "SHLVL", "IFS", "OPTIND":
		return Value{State: Unknown, Why: "it refers to a variable that the shell sets itself"}
	}
	if strings.HasPrefix(name, "BASH") || strings.HasPrefix(name, "EPOCH") {
		return Value{State: Unknown, Why: "it refers to a variable that the shell sets itself"}
	}
	return sh.variable(name)
}

func (w *shellWord) add(value Value) {
	if value.State == Unknown {
		w.unknown(value.Why)
	}
	w.text.WriteString(value.Secret.Reveal())
}

func nameEnd(s string) int {
	end := 0
	for end < len(s) && (isLetter(s[end]) || end > 0 && isDigit(s[end])) {
		end++
	}
	return end
}
