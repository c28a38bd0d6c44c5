package catalogue

import (
	"fmt"
	"maps"
	"strings"

	"lkdoctor/checks/finding"
)

// The form of a page, which parse holds it to:
//
//	# CODE — Title
//	check: token.format · owner: maker · severity: fail
//	snippet: mint                      (optional: the page shows the minting code)
//
//	## What it means                   paragraphs
//	## Why it happens                  a numbered list, the likeliest first
//	## How to confirm                  sentences, one ```sh block, "Prints:", one ``` block
//	## How to fix                      "- " actions, each with at most one ```sh block;
//	                                   blocks in other languages are snippets
type parser struct {
	lang  string
	words words
	lines []string
	next  int
	page  Page
}

func parse(lang, text string) (Page, error) {
	words, ok := wordsOf(lang)
	if !ok {
		return Page{}, fmt.Errorf("no pages are written in %q", lang)
	}
	p := &parser{lang: lang, words: words, lines: strings.Split(strings.TrimRight(text, "\n"), "\n")}
	p.page.Lang = lang
	p.page.Snippets = map[string]string{}
	for _, step := range []func() error{p.header, p.means, p.why, p.confirm, p.fix} {
		if err := step(); err != nil {
			return Page{}, fmt.Errorf("line %d: %w", p.next, err)
		}
	}
	return p.page, nil
}

func (p *parser) line() (string, bool) {
	if p.next >= len(p.lines) {
		p.next++
		return "", false
	}
	p.next++
	return p.lines[p.next-1], true
}

func (p *parser) header() error {
	first, _ := p.line()
	code, title, ok := strings.Cut(strings.TrimPrefix(first, "# "), " — ")
	if !ok || !strings.HasPrefix(first, "# ") || strings.TrimSpace(title) != title || title == "" {
		return fmt.Errorf("want %q", "# CODE — Title")
	}
	p.page.Code, p.page.Title = finding.Code(code), title

	second, _ := p.line()
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

	third, _ := p.line()
	if third == "snippet: mint" {
		for _, lang := range mintLanguages() {
			p.page.Snippets[lang] = Snippet(lang)
		}
		third, _ = p.line()
	}
	if third != "" {
		return fmt.Errorf("want a blank line after the header")
	}
	return p.heading(0)
}

// heading reads the heading of section i.
func (p *parser) heading(i int) error {
	line, _ := p.line()
	if line != "## "+p.words.headings[i] {
		return fmt.Errorf("want %q", "## "+p.words.headings[i])
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
		if !fenced && strings.HasPrefix(line, "#") {
			break
		}
		p.next++
	}
	if fenced {
		return nil, fmt.Errorf("a code block is not closed")
	}
	lines := p.lines[start:p.next]
	if next < len(p.words.headings) {
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
	if strings.TrimSpace(strings.Join(text[1], "")) != p.words.prints {
		return fmt.Errorf("want %q between the two blocks", p.words.prints)
	}
	p.page.Confirm.Command, p.page.Confirm.Prints = blocks[0].text, blocks[1].text
	p.page.Confirm.Text, err = prose(text[0])
	return err
}

func (p *parser) fix() error {
	lines, err := p.section(4)
	if err != nil {
		return err
	}
	text, blocks, err := split(lines)
	if err != nil {
		return err
	}
	snippets := map[string]string{}
	for i, part := range text {
		if err := p.actions(part); err != nil {
			return err
		}
		if i == len(blocks) {
			break
		}
		if len(p.page.Fixes) == 0 {
			return fmt.Errorf("a block before the first action")
		}
		last := &p.page.Fixes[len(p.page.Fixes)-1]
		block := blocks[i]
		switch {
		case block.info == "":
			return fmt.Errorf("a block needs a language")
		case block.info != "sh":
			if snippets[block.info] != "" || p.page.Snippets[block.info] != "" {
				return fmt.Errorf("two blocks named %s", block.info)
			}
			snippets[block.info] = block.text
		case last.Command != "":
			return fmt.Errorf("two commands in one action")
		default:
			last.Command = block.text
		}
	}
	maps.Copy(p.page.Snippets, snippets)
	if len(p.page.Fixes) == 0 {
		return fmt.Errorf("no action")
	}
	return nil
}

// actions appends the actions of a stretch of text to the page's fixes.
func (p *parser) actions(lines []string) error {
	if strings.TrimSpace(strings.Join(lines, "")) == "" {
		return nil // between two blocks
	}
	text, err := prose(lines)
	if err != nil {
		return err
	}
	for item := range strings.SplitSeq(text, "\n") {
		action, ok := strings.CutPrefix(item, "- ")
		if !ok {
			return fmt.Errorf("fixes are %q items, not %q", "- ", item)
		}
		p.page.Fixes = append(p.page.Fixes, finding.Fix{Text: finding.Text{Format: action}})
	}
	return nil
}
