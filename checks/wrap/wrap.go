// Package wrap breaks text into lines for a terminal, for every face and in every
// language: where the line breaking rules of Unicode (UAX #14) allow it. It is the
// one place that knows how many columns a character takes.
package wrap

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/rivo/uniseg"
)

// Width is the number of columns that text takes on a terminal. Wide characters
// take two, escape sequences none.
func Width(text string) int { return ansi.StringWidth(text) }

// Pad fills text up to columns with spaces.
func Pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-Width(text)))
}

// Lines breaks text, which holds no escape sequences, into lines of at most columns.
// They break at line feeds, at spaces, and next to wide characters, such as Chinese
// ones, where no rule forbids it: no line begins with "。" or "）", none ends with
// "（". `code` that fits on a line stays on one. Only a word that is longer than a
// line is broken inside.
func Lines(text string, columns int) []string {
	columns = max(columns, 1)
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		lines = append(lines, fill(pieces(paragraph, columns), columns)...)
	}
	return lines
}

// Hang is Lines with lead, which may hold escape sequences, before the text of the first
// line. Further lines start under the text.
func Hang(lead, text string, columns int) []string {
	return Under(lead, Lines(text, columns-Width(lead)))
}

// Under returns lines with lead before the first, and the others under it.
func Under(lead string, lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = lead + line
		if i == 0 {
			lead = strings.Repeat(" ", Width(lead))
		}
	}
	return out
}

// Joined returns text with the lines of each paragraph joined: with a space, except next
// to a wide character that needs none. Blank lines separate paragraphs.
func Joined(text string) string {
	var out strings.Builder
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		out.WriteString(line)
		if i == len(lines)-1 {
			break
		}
		last, _ := utf8.DecodeLastRuneInString(line)
		next, _ := utf8.DecodeRuneInString(lines[i+1])
		switch {
		case line == "" || lines[i+1] == "":
			out.WriteByte('\n')
		case wide(last) && wide(next) || wide(last) && !unicode.IsLetter(last) || wide(next) && !unicode.IsLetter(next):
		default:
			out.WriteByte(' ')
		}
	}
	return out.String()
}

// fill puts pieces onto lines, as many on each as fit.
func fill(pieces []string, columns int) []string {
	var lines []string
	line, used := "", 0 // used counts the columns of line
	for _, piece := range pieces {
		word := strings.TrimRight(piece, " ")
		if line != "" && used+Width(word) > columns {
			lines = append(lines, strings.TrimRight(line, " "))
			line, used = "", 0
		}
		if Width(word) > columns {
			parts := breakWord(word, columns)
			lines = append(lines, parts[:len(parts)-1]...)
			piece = parts[len(parts)-1] + piece[len(word):]
		}
		line += piece
		used += Width(piece)
	}
	return append(lines, strings.TrimRight(line, " "))
}

// breakWord breaks a word that is longer than a line: where Unicode's rules allow it,
// such as after the slashes of a URL, else where the line ends.
func breakWord(word string, columns int) []string {
	parts := segments(word)
	if len(parts) > 1 {
		return fill(parts, columns)
	}
	var lines []string
	line, used, state := "", 0, -1
	for word != "" {
		var character string
		character, word, _, state = uniseg.FirstGraphemeClusterInString(word, state)
		if takes := Width(character); line != "" && used+takes > columns {
			lines, line, used = append(lines, line), character, takes
		} else {
			line, used = line+character, used+takes
		}
	}
	return append(lines, line)
}

// segments cuts text at every place where Unicode's rules allow a line to end, and
// after every space: the rules keep " .env" and " /path" with the word before.
func segments(text string) []string {
	var out []string
	for state := -1; text != ""; {
		var segment string
		segment, text, _, state = uniseg.FirstLineSegmentInString(text, state)
		for {
			i := strings.IndexByte(segment, ' ')
			rest := ""
			if i >= 0 {
				rest = strings.TrimLeft(segment[i:], " ")
			}
			if rest == "" {
				break
			}
			out, segment = append(out, segment[:len(segment)-len(rest)]), rest
		}
		out = append(out, segment)
	}
	return out
}

// pieces cuts text at the places of segments that are at spaces or next to wide
// characters: not after the hyphens of an option, or the slashes of a URL.
func pieces(text string, columns int) []string {
	var out []string
	start, at, codeEnd := 0, 0, 0
	for _, segment := range segments(text) {
		if at > start && at >= codeEnd && mayBreak(text[:at], text[at:]) {
			out = append(out, text[start:at])
			start = at
		}
		for i := at; i < at+len(segment); i++ {
			if text[i] != '`' || i < codeEnd {
				continue
			}
			if n := strings.IndexByte(text[i+1:], '`'); n >= 0 && Width(text[i:i+n+2]) <= columns {
				codeEnd = i + n + 2
			}
		}
		at += len(segment)
	}
	return append(out, text[start:])
}

// mayBreak reports whether a space or a wide character is at the end of before or the
// start of after.
func mayBreak(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(after)
	return last == ' ' || wide(last) || wide(next)
}

func wide(r rune) bool { return r >= 0x1100 && Width(string(r)) == 2 }
