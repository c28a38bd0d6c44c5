package catalogue

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"lkdoctor/checks/wrap"
)

// mintBlock is the info of the block that stands for the minting code.
const mintBlock = "mint"

// block is a fenced block without its fences and indent.
type block struct{ info, text string }

// split parts lines into the text around fenced blocks (one more than there
// are blocks) and the blocks.
func split(lines []string) (text [][]string, blocks []block, err error) {
	var part, code []string
	var info, indent string
	inside := false
	for _, line := range lines {
		trimmed := strings.TrimLeft(line, " ")
		switch {
		case !inside && strings.HasPrefix(trimmed, "```"):
			inside, info, indent, code = true, trimmed[3:], line[:len(line)-len(trimmed)], nil
			text, part = append(text, part), nil
		case inside && trimmed == "```":
			inside = false
			body := strings.Join(code, "\n")
			if strings.TrimSpace(body) == "" && info != mintBlock {
				return nil, nil, fmt.Errorf("an empty code block")
			}
			blocks = append(blocks, block{info, body})
		case inside:
			rest, ok := strings.CutPrefix(line, indent)
			if !ok && line != "" {
				return nil, nil, fmt.Errorf("a line of the code block is not indented like it: %q", line)
			}
			code = append(code, rest)
		default:
			part = append(part, line)
		}
	}
	return append(text, part), blocks, nil
}

// prose joins wrapped lines into paragraphs (parted by a blank line) and list
// items (parted by a line break).
func prose(lines []string) (string, error) {
	var b strings.Builder
	blank := false
	for _, line := range lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "":
			blank = true
			continue
		case strings.HasPrefix(trimmed, "```"):
			return "", fmt.Errorf("no code block may stand here")
		case b.Len() == 0:
		case marker(line) != "":
			b.WriteString("\n")
		case blank:
			b.WriteString("\n\n")
		default:
			b.WriteString(joint(b.String(), trimmed))
		}
		blank = false
		b.WriteString(trimmed)
	}
	if b.Len() == 0 {
		return "", fmt.Errorf("an empty section")
	}
	return b.String(), nil
}

// joint is what stands for a line break inside a paragraph: a space, but
// nothing between two Chinese characters.
func joint(before, after string) string {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	if wrap.Width(string(last)) == 2 && wrap.Width(string(first)) == 2 {
		return ""
	}
	return " "
}

// marker returns the mark that begins a list item ("- " or "1. "), or "".
func marker(line string) string {
	if strings.HasPrefix(line, "- ") {
		return "- "
	}
	digits := strings.TrimLeft(line, "0123456789")
	if n := len(line) - len(digits); n > 0 && n < 3 && strings.HasPrefix(digits, ". ") {
		return line[:n+2]
	}
	return ""
}
