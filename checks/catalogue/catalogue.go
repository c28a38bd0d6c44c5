// Package catalogue holds one page for each finding code: what it means, why it
// happens, how to confirm it with one command, and how to fix it. Titles, causes and
// fixes of a code are only here; a finding only says what its run saw.
//
// The pages are embedded Markdown, and parsed when they are looked up. To add one, write
// pages/en/CODE.md in the form that parse requires; the tests say what is missing.
package catalogue

import (
	"embed"
	"path"
	"slices"
	"strings"

	"lkdoctor/checks/finding"
)

//go:embed pages snippets
var files embed.FS

// English is the language that every page exists in.
const English = "en"

// AnyCheck is Page.Check of codes that any check can report.
const AnyCheck = "any"

// Page is the catalogue's page of one code. Its texts are Markdown without line breaks
// inside a paragraph or list item: a blank line separates paragraphs, a line break
// list items.
type Page struct {
	Code finding.Code
	// Title says what is wrong.
	Title string
	// Check is the ID of the check that reports the code, the first one of several, or
	// AnyCheck.
	Check string
	// Owner is the party that usually must act; the diagnosis may decide otherwise. It is
	// finding.OwnerMaker for the issuer of the token.
	Owner finding.Owner
	// Severity is the usual one; a finding may have another.
	Severity finding.Severity
	// Means and Why are the sections "What it means" and "Why it happens".
	Means, Why string
	Confirm    Confirm
	// Variants are the forms of the problem, each with its fixes. A page without
	// distinction has one variant without a name.
	Variants []Variant
	// Lang is the language that the page was found in.
	Lang string
}

// Variant is one form of the problem.
type Variant struct {
	// Name is public: findings carry it.
	Name string
	// Title replaces the page's title. It is empty for a variant without a name.
	Title string
	// Fixes are the steps, the likeliest first. Their texts and code may have places
	// (finding.Fill).
	Fixes []finding.Fix
}

// EveryVariant is the name of the fixes that apply to every variant; they follow the
// variant's fixes.
const EveryVariant = "any"

// Variant returns the variant of that name, followed by the fixes of EveryVariant. If
// the page has none of that name it returns all fixes, and false.
func (p Page) Variant(name string) (Variant, bool) {
	var always []finding.Fix
	for _, v := range p.Variants {
		if v.Name == EveryVariant {
			always = v.Fixes
		}
	}
	for _, v := range p.Variants {
		if v.Name == name && name != EveryVariant {
			v.Fixes = append(slices.Clip(v.Fixes), always...)
			return v, true
		}
	}
	return Variant{Title: p.Title, Fixes: p.Fixes()}, false
}

// Fixes returns the fixes of all variants, in the order of the page.
func (p Page) Fixes() []finding.Fix {
	var out []finding.Fix
	for _, v := range p.Variants {
		out = append(out, v.Fixes...)
	}
	return out
}

// Confirm is the way to see the problem without lkdoctor.
type Confirm struct {
	// Text says what the command examines.
	Text string
	// Command can be pasted into bash or zsh once its Variables are set.
	Command string
	// Prints is what the command prints when this is the problem.
	Prints string
	// Variables are the shell variables that the command reads.
	Variables []Variable
}

// Variable is a shell variable of a confirming command, and how to set it
// without showing a secret.
type Variable struct{ Name, Text string }

// Lookup returns the English page of code. It is false for a code that has no
// page.
func Lookup(code finding.Code) (Page, bool) { return LookupIn(English, code) }

// LookupIn returns the page of code in lang ("en", "zh"), or else the English one.
func LookupIn(lang string, code finding.Code) (Page, bool) {
	if page, err := load(lang, code); err == nil {
		return page, true
	}
	if lang == English {
		return Page{}, false
	}
	return LookupIn(English, code)
}

// All returns the English pages of all codes, in the order of finding.Codes.
func All() []Page { return Pages(English) }

// Pages returns the pages of all codes in a language, in the order of finding.Codes.
func Pages(lang string) []Page {
	codes := finding.Codes()
	pages := make([]Page, 0, len(codes))
	for _, code := range codes {
		if page, ok := LookupIn(lang, code); ok {
			pages = append(pages, page)
		}
	}
	return pages
}

// mintFiles are the files of the minting code, by language.
var mintFiles = map[string]string{"python": "python.py", "node": "node.mjs", "go": "go.go.txt"}

// mintLanguages are the languages of the minting code, in the order shown.
func mintLanguages() []string { return []string{"python", "node", "go"} }

// IsMint reports whether a block of that language is one of the minting code.
func IsMint(lang string) bool { return mintFiles[lang] != "" }

// Snippet returns the code that mints a LiveKit token in lang ("python", "node" or "go"),
// and "" for any other language.
func Snippet(lang string) string {
	text, err := files.ReadFile(path.Join("snippets", mintFiles[lang]))
	if err != nil {
		return ""
	}
	return string(text)
}

// load reads and parses one page.
func load(lang string, code finding.Code) (Page, error) {
	text, err := files.ReadFile(path.Join("pages", lang, string(code)+".md"))
	if err != nil {
		return Page{}, err
	}
	page, err := parse(lang, string(text))
	if err != nil {
		return Page{}, err
	}
	page.Confirm.Variables = variablesOf(lang, page.Confirm.Command)
	return page, nil
}

// Docs returns the address of LiveKit's documentation about the page's subject, "" if there
// is none.
func (p Page) Docs() string {
	const docs = "https://docs.livekit.io"
	stage, _, _ := strings.Cut(p.Check, ".")
	switch {
	case p.Check == "join.media", p.Check == "join.turn", p.Check == "join.publish", p.Check == "join.reconnect":
		return docs + "/transport/self-hosting/ports-firewall"
	case p.Check == "join.agent":
		return docs + "/agents/server/agent-dispatch"
	case stage == "join":
		return docs + "/transport/self-hosting/deployment"
	case stage == "token", stage == "signature", stage == "ticket", stage == "fallback", p.Check == "env.livekit":
		return docs + "/frontends/authentication/tokens"
	}
	return ""
}
