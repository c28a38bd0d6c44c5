package catalogue

import (
	"fmt"
	"slices"
	"strings"

	"lkdoctor/checks/finding"
)

// The form of a page, which parse holds it to:
//
//	# CODE — Title
//	check: token.format · owner: maker · severity: fail
//
//	## What it means                   paragraphs
//	## Why it happens                  a numbered list, the likeliest first
//	## How to confirm                  sentences, one ```sh block, "Prints:", one ``` block
//	## How to fix                      "- " actions, each with at most one ```sh block
//	                                   and blocks in other languages; ```mint stands
//	                                   for the minting code in all its languages
//	### name — What is wrong           (optional: begins the fixes of one variant)
//	### any                            (optional: fixes that help in each variant)
type parser struct {
	lang   string
	labels labels
	lines  []string
	next   int
	page   Page
}

func parse(lang, text string) (Page, error) {
	labels, ok := labelsOf(lang)
	if !ok {
		return Page{}, fmt.Errorf("no pages are written in %q", lang)
	}
	p := &parser{lang: lang, labels: labels, lines: strings.Split(strings.TrimRight(text, "\n"), "\n")}
	p.page.Lang = lang
	for _, step := range []func() error{p.header, p.means, p.why, p.confirm, p.fix} {
		if err := step(); err != nil {
			return Page{}, fmt.Errorf("line %d: %w", p.next, err)
		}
	}
	return p.page, nil
}

func (p *parser) line() string {
	if p.next++; p.next > len(p.lines) {
		return ""
	}
	return p.lines[p.next-1]
}

func (p *parser) header() error {
	first := p.line()
	code, title, ok := strings.Cut(strings.TrimPrefix(first, "# "), " — ")
	if !ok || !strings.HasPrefix(first, "# ") || strings.TrimSpace(title) != title || title == "" {
		return fmt.Errorf("want %q", "# CODE — Title")
	}
	p.page.Code, p.page.Title = finding.Code(code), title

	second := p.line()
	fields := strings.Split(second, " · ")
	if len(fields) != 3 {
		return fmt.Errorf("want %q", "check: … · owner: … · severity: …")
	}
	for i, name := range []string{"check", "owner", "severity"} {
		value, ok := strings.CutPrefix(fields[i], name+": ")
		if !ok || value == "" {
			return fmt.Errorf("want %q at place %d", name+": …", i+1)
		}
		switch name {
		case "check":
			p.page.Check = value
		case "owner":
			p.page.Owner = finding.Owner(value)
		case "severity":
			p.page.Severity = finding.Severity(value)
		}
	}

	third := p.line()
	if third != "" {
		return fmt.Errorf("want a blank line after the header")
	}
	return p.heading(0)
}

// heading reads the heading of section i.
func (p *parser) heading(i int) error {
	line := p.line()
	if line != "## "+p.labels.headings[i] {
		return fmt.Errorf("want %q", "## "+p.labels.headings[i])
	}
	return nil
}

// section returns the lines up to the next heading, which it reads too, or to
// the end after the last section.
func (p *parser) section(next int) ([]string, error) {
	start, fenced := p.next, false
	for p.next < len(p.lines) {
		line := p.lines[p.next]
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		if !fenced && (strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "## ")) {
			break
		}
		p.next++
	}
	if fenced {
		return nil, fmt.Errorf("a code block is not closed")
	}
	lines := p.lines[start:p.next]
	if next < len(p.labels.headings) {
		return lines, p.heading(next)
	}
	if p.next < len(p.lines) {
		return nil, fmt.Errorf("unexpected heading %q", p.lines[p.next])
	}
	return lines, nil
}

func (p *parser) means() error {
	lines, err := p.section(1)
	if err != nil {
		return err
	}
	p.page.Means, err = prose(lines)
	return err
}

func (p *parser) why() error {
	lines, err := p.section(2)
	if err != nil {
		return err
	}
	if p.page.Why, err = prose(lines); err != nil {
		return err
	}
	for i, item := range strings.Split(p.page.Why, "\n") {
		if !strings.HasPrefix(item, fmt.Sprintf("%d. ", i+1)) {
			return fmt.Errorf("causes are a list numbered from 1, not %q", item)
		}
	}
	return nil
}

func (p *parser) confirm() error {
	lines, err := p.section(3)
	if err != nil {
		return err
	}
	text, blocks, err := split(lines)
	if err != nil {
		return err
	}
	if len(blocks) != 2 || blocks[0].info != "sh" || blocks[1].info != "" {
		return fmt.Errorf("want one sh block and one block of what it prints")
	}
	if len(text) != 3 || strings.TrimSpace(strings.Join(text[2], "")) != "" {
		return fmt.Errorf("nothing may follow what the command prints")
	}
	if strings.TrimSpace(strings.Join(text[1], "")) != p.labels.prints {
		return fmt.Errorf("want %q between the two blocks", p.labels.prints)
	}
	p.page.Confirm.Command, p.page.Confirm.Prints = blocks[0].text, blocks[1].text
	p.page.Confirm.Text, err = prose(text[0])
	return err
}

// fix reads the fixes, variant by variant.
func (p *parser) fix() error {
	lines, err := p.section(4)
	if err != nil {
		return err
	}
	for _, group := range variantLines(lines) {
		v := Variant{}
		if group.heading != "" {
			var ok bool
			v.Name, v.Title, ok = strings.Cut(strings.TrimPrefix(group.heading, "### "), " — ")
			if ok != (v.Name != EveryVariant) || v.Name == "" || ok && v.Title == "" {
				return fmt.Errorf("want %q or %q, not %q", "### name — What is wrong", "### any", group.heading)
			}
		}
		double := slices.ContainsFunc(p.page.Variants, func(o Variant) bool { return o.Name == v.Name })
		if double || v.Name == "" && len(p.page.Variants) > 0 {
			return fmt.Errorf("two variants named %q", v.Name)
		}
		if v.Fixes, err = fixes(group.lines); err != nil {
			return err
		}
		p.page.Variants = append(p.page.Variants, v)
	}
	if named := len(p.page.Variants) > 1; named && p.page.Variants[0].Name == "" {
		return fmt.Errorf("fixes before the first variant")
	}
	return nil
}

type variantGroup struct {
	heading string
	lines   []string
}

// variantLines cuts the lines of the last section at the headings of variants.
func variantLines(lines []string) []variantGroup {
	groups, fenced := []variantGroup{{}}, false
	for _, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		if !fenced && strings.HasPrefix(line, "### ") {
			groups = append(groups, variantGroup{heading: line})
			continue
		}
		last := &groups[len(groups)-1]
		last.lines = append(last.lines, line)
	}
	if len(groups) > 1 && strings.TrimSpace(strings.Join(groups[0].lines, "")) == "" {
		return groups[1:]
	}
	return groups
}

// fixes reads the actions of one variant and gives each its blocks.
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

// attach gives a fix one of its blocks.
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

// actions are the actions in a stretch of text between two blocks.
func actions(lines []string) ([]finding.Fix, error) {
	if strings.TrimSpace(strings.Join(lines, "")) == "" {
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
