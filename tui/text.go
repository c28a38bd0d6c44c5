package tui

import (
	"strings"

	"lkdoctor/checks/wrap"
)

// padLeft fills text up to width columns from the left.
func padLeft(text string, width int) string {
	return strings.Repeat(" ", max(0, width-wrap.Width(text))) + text
}

// indent puts by spaces before each line.
func indent(lines []string, by int) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.Repeat(" ", by) + line
	}
	return out
}
