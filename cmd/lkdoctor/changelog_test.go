package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lkdoctor/checks/finding"
)

var (
	changelogAdded   = regexp.MustCompile(`(?s)\n### Codes added\n\n(.*?)\n\n`)
	changelogRetired = regexp.MustCompile(`(?s)\n### Codes retired\n\n(.*?)\n\n`)
	changelogCode    = regexp.MustCompile("`([A-Z0-9_]+)`")
)

// TestChangelog checks that CHANGELOG.md lists each code as added, and each removed code
// as retired, because codes are public. UPDATE_GOLDEN=1 adds new codes to the version on top.
func TestChangelog(t *testing.T) {
	const path = "../../CHANGELOG.md"
	text := read(t, path)
	named := func(sections *regexp.Regexp) (codes []string) {
		for _, section := range sections.FindAllStringSubmatch(text, -1) {
			for _, code := range changelogCode.FindAllStringSubmatch(section[1], -1) {
				codes = append(codes, code[1])
			}
		}
		return codes
	}
	added, retired := named(changelogAdded), named(changelogRetired)
	var missing []string
	for _, c := range finding.Codes() {
		if !slices.Contains(added, string(c)) {
			missing = append(missing, string(c))
		}
	}
	if len(missing) > 0 && os.Getenv("UPDATE_GOLDEN") != "" {
		first := changelogAdded.FindStringSubmatchIndex(text)
		all := changelogCode.FindAllString(text[first[2]:first[3]], -1)
		for _, c := range missing {
			all = append(all, "`"+c+"`")
		}
		slices.Sort(all)
		updated := text[:first[2]] + wrapped(all) + text[first[3]:]
		write(t, path, updated)
		return
	}
	if len(missing) > 0 {
		t.Errorf("CHANGELOG.md does not list as added: %s (UPDATE_GOLDEN=1 adds them)", strings.Join(missing, ", "))
	}
	for _, c := range added {
		if !slices.Contains(finding.Codes(), finding.Code(c)) && !slices.Contains(retired, c) {
			t.Errorf("CHANGELOG.md lists %s as added; it is gone, and not listed as retired", c)
		}
	}
	for _, c := range retired {
		if slices.Contains(finding.Codes(), finding.Code(c)) {
			t.Errorf("CHANGELOG.md lists %s as retired, and it is there", c)
		}
	}
}

// wrapped joins list with commas, in lines of at most 118 characters.
func wrapped(list []string) string {
	var b strings.Builder
	column := 0
	for i, item := range list {
		if i < len(list)-1 {
			item += ","
		}
		switch {
		case i == 0:
		case column+1+len(item) > 118:
			b.WriteString("\n")
			column = 0
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(item)
		column += len(item)
	}
	return b.String()
}
