package catalogue

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/wrap"
)

// parse parses a page. It returns an error unless the page has this form:
//
//	# CODE — Title
//	check: token.format · owner: maker · severity: fail
//
//	## What it means                   paragraphs
//	## Why it happens                  a numbered list, the likeliest first
//	## How to confirm                  sentences, one ```sh block, "Prints:", one ``` block
//	## How to fix                      "- " actions, each with at most one ```sh block
//	                                   and blocks in other languages; ```mint is
//	                                   the minting code in all its languages
//	### name — What is wrong           (optional: begins the fixes of one variant)
//	### any                            (optional: fixes for every variant)
func parse(lang, text string) (Page, error) {
	w, ok := labelsOf(lang)
	if !ok {
		return Page{}, fmt.Errorf("no pages are written in %q", lang)
	}
	parts, err := parted(strings.Split(strings.TrimRight(text, "\n"), "\n"), "## ")
	if err != nil {
		return Page{}, err
	}
	head, sections := header.FindStringSubmatch(strings.Join(parts[0].lines, "\n")), parts[1:]
	if head == nil {
		return Page{}, fmt.Errorf("want %q", "# CODE — Title\ncheck: … · owner: … · severity: …\n\n")
	}
	page := Page{Lang: lang, Code: finding.Code(head[1]), Title: head[2], Check: head[3], Owner: finding.Owner(head[4]),
		Severity: finding.Severity(head[5])}
	if len(sections) != len(w.Headings) {
		return Page{}, fmt.Errorf("%d sections, want %q", len(sections), w.Headings)
	}
	for i, read := range []func([]string) error{page.readMeans, page.readWhy, page.readConfirm, page.readFixes} {
		if sections[i].heading != w.Headings[i] {
			return Page{}, fmt.Errorf("section %q, want %q", sections[i].heading, w.Headings[i])
		}
		if err := read(sections[i].lines); err != nil {
			return Page{}, fmt.Errorf("%s: %w", w.Headings[i], err)
		}
	}
	return page, nil
}

var header = regexp.MustCompile(`^# (\S+) — (\S(?:.*\S)?)\ncheck: (\S+) · owner: (\S+) · severity: (\S+)\n$`)

// part is the lines below a heading.
type part struct {
	heading string
	lines   []string
}

// parted cuts lines at the headings that begin with mark. The first part, which may be
// empty, has no heading.
func parted(lines []string, mark string) ([]part, error) {
	parts, fenced := []part{{}}, false
	for _, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		if heading, is := strings.CutPrefix(line, mark); is && !fenced {
			parts = append(parts, part{heading: heading})
			continue
		}
		last := &parts[len(parts)-1]
		last.lines = append(last.lines, line)
	}
	if fenced {
		return nil, fmt.Errorf("a code block is not closed")
	}
	return parts, nil
}

func (p *Page) readMeans(lines []string) (err error) {
	p.Means, err = prose(lines)
	return err
}

func (p *Page) readWhy(lines []string) (err error) {
	if p.Why, err = prose(lines); err != nil {
		return err
	}
	for i, item := range strings.Split(p.Why, "\n") {
		if !strings.HasPrefix(item, fmt.Sprintf("%d. ", i+1)) {
			return fmt.Errorf("causes are a list numbered from 1, not %q", item)
		}
	}
	return nil
}

func (p *Page) readConfirm(lines []string) error {
	text, blocks, err := split(lines)
	if err != nil {
		return err
	}
	if len(blocks) != 2 || blocks[0].info != "sh" || blocks[1].info != "" {
		return fmt.Errorf("want one sh block and one block of what it prints")
	}
	if !blank(text[2]) {
		return fmt.Errorf("nothing may follow what the command prints")
	}
	w, _ := labelsOf(p.Lang)
	if strings.TrimSpace(strings.Join(text[1], "")) != w.Prints {
		return fmt.Errorf("want %q between the two blocks", w.Prints)
	}
	p.Confirm.Command, p.Confirm.Prints = blocks[0].text, blocks[1].text
	p.Confirm.Text, err = prose(text[0])
	return err
}

func (p *Page) readFixes(lines []string) error {
	parts, err := parted(lines, "### ")
	if err != nil {
		return err
	}
	named := len(parts) > 1
	if named && !blank(parts[0].lines) {
		return fmt.Errorf("fixes before the first variant")
	}
	for i, part := range parts {
		if named && i == 0 {
			continue
		}
		name, title, hasTitle := strings.Cut(part.heading, " — ")
		v := Variant{Name: name, Title: title}
		if named && (name == "" || hasTitle != (title != "") || hasTitle == (name == EveryVariant)) {
			return fmt.Errorf("want %q or %q, not %q", "### name — What is wrong", "### any", part.heading)
		}
		if slices.ContainsFunc(p.Variants, func(o Variant) bool { return o.Name == v.Name }) {
			return fmt.Errorf("two variants named %q", v.Name)
		}
		if v.Fixes, err = fixes(part.lines); err != nil {
			return err
		}
		p.Variants = append(p.Variants, v)
	}
	return nil
}

func blank(lines []string) bool { return strings.TrimSpace(strings.Join(lines, "")) == "" }

// fixes returns the actions of one variant, each with its blocks.
func fixes(lines []string) ([]finding.Fix, error) {
	text, blocks, err := split(lines)
	if err != nil {
		return nil, err
	}
	var out []finding.Fix
	for i, part := range text {
		more, err := actions(part)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
		if i == len(blocks) {
			break
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("a block before the first action")
		}
		if err := attach(&out[len(out)-1], blocks[i]); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no action")
	}
	return out, nil
}

// attach adds a block to a fix.
func attach(fix *finding.Fix, b block) error {
	switch {
	case b.info == "":
		return fmt.Errorf("a block needs a language")
	case b.info == "sh" && fix.Command != "":
		return fmt.Errorf("two commands in one action")
	case b.info == "sh":
		fix.Command = b.text
	case b.info == mintBlock:
		for _, lang := range mintLanguages() {
			fix.Code = append(fix.Code, finding.Block{Lang: lang, Text: Snippet(lang)})
		}
	default:
		if slices.ContainsFunc(fix.Code, func(c finding.Block) bool { return c.Lang == b.info }) {
			return fmt.Errorf("two blocks named %s in one action", b.info)
		}
		fix.Code = append(fix.Code, finding.Block{Lang: b.info, Text: b.text})
	}
	return nil
}

// actions returns the actions in the lines between two blocks.
func actions(lines []string) ([]finding.Fix, error) {
	if blank(lines) {
		return nil, nil
	}
	text, err := prose(lines)
	if err != nil {
		return nil, err
	}
	var out []finding.Fix
	for item := range strings.SplitSeq(text, "\n") {
		action, ok := strings.CutPrefix(item, "- ")
		if !ok {
			return nil, fmt.Errorf("fixes are %q items, not %q", "- ", item)
		}
		out = append(out, finding.Fix{Text: finding.Text{Format: action}})
	}
	return out, nil
}

// mintBlock is the info string of the block that is replaced by the minting code.
const mintBlock = "mint"

// block is a fenced block without its fences and indent.
type block struct{ info, text string }

// split returns the text around the fenced blocks, which has one element more than there
// are blocks, and the blocks.
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

// prose joins wrapped lines into paragraphs, with a blank line between two, and list
// items, with a line break.
func prose(lines []string) (string, error) {
	var b strings.Builder
	gap := false
	for _, line := range lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "":
			gap = true
			continue
		case strings.HasPrefix(trimmed, "```"), strings.HasPrefix(line, "# "):
			return "", fmt.Errorf("no code block and no heading may be here")
		case b.Len() == 0:
		case marker(line) != "":
			b.WriteString("\n")
		case gap:
			b.WriteString("\n\n")
		default:
			b.WriteString(joint(b.String(), trimmed))
		}
		gap = false
		b.WriteString(trimmed)
	}
	if b.Len() == 0 {
		return "", fmt.Errorf("an empty section")
	}
	return b.String(), nil
}

// joint returns what replaces a line break inside a paragraph: a space, or nothing between
// two Chinese characters.
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
