package browser

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"lkdoctor/checks/caps"
)

// Policy is the part of a page's Content-Security-Policy that restricts connections of
// scripts.
type Policy struct {
	// Meta is set if it is in the page's <meta>, not in a header.
	Meta bool
	// Directive is connect-src, or default-src without it, or "" if the policy does not
	// restrict connections. Sources are its values.
	Directive string
	Sources   []string
	// Upgrades is set for upgrade-insecure-requests.
	Upgrades bool
}

// Enforced reports whether the policy restricts connections.
func (p Policy) Enforced() bool { return p.Directive != "" }

// Policies returns the policies of a page, headers first, at most 64. It omits
// report-only policies.
func Policies(page Page) []Policy {
	var out []Policy
	left := caps.PolicyBytes
	headers := page.Header.Values("Content-Security-Policy")
	for i, text := range slices.Concat(headers, metaPolicies(page.HTML)) {
		if left -= len(text); left < 0 {
			continue
		}
		// A header may hold several policies, and Chromium splits <meta> likewise.
		for one := range strings.SplitSeq(text, ",") {
			if len(out) == caps.Policies {
				return out
			}
			if p := parsePolicy(one); p.Enforced() || p.Upgrades {
				p.Meta = i >= len(headers)
				out = append(out, p)
			}
		}
	}
	return out
}

// parsePolicy reads a serialized policy (CSP3 §2.2.1). Of two directives of the same
// name the first counts.
func parsePolicy(text string) Policy {
	var p Policy
	seen := map[string][]string{}
	for directive := range strings.SplitSeq(text, ";") {
		fields := strings.FieldsFunc(directive, asciiSpace)
		if len(fields) == 0 {
			continue
		}
		name := strings.ToLower(fields[0])
		if _, twice := seen[name]; twice {
			continue
		}
		switch name {
		case "connect-src", "default-src", "upgrade-insecure-requests":
			seen[name] = fields[1:]
		}
	}
	_, p.Upgrades = seen["upgrade-insecure-requests"]
	for _, name := range []string{"connect-src", "default-src"} {
		if sources, has := seen[name]; has {
			p.Directive, p.Sources = name, sources
			break
		}
	}
	return p
}

func asciiSpace(r rune) bool { return r == ' ' || r >= '\t' && r <= '\r' && r != '\v' }

// metaPolicies returns the policies in the page's head. Browsers ignore others (CSP3
// §3.3).
func metaPolicies(page []byte) []string {
	var out []string
	z := html.NewTokenizer(bytes.NewReader(page[:min(len(page), caps.HTML)]))
	z.SetMaxBuf(caps.HTML)
	templates, raw := 0, false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out
		case html.TextToken:
			if templates == 0 && !raw && len(bytes.TrimSpace(z.Text())) > 0 {
				return out // text ends the head
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			raw = false
			switch atom.Lookup(name) {
			case atom.Head:
				return out
			case atom.Template:
				templates = max(0, templates-1)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			switch {
			case t.DataAtom == atom.Template:
				templates++
			case templates > 0: // the content of a template is inert
			case !inHead(t.DataAtom):
				return out
			case t.DataAtom == atom.Meta:
				if policy := metaPolicy(t); policy != "" {
					out = append(out, policy)
				}
			}
			switch t.DataAtom {
			case atom.Script, atom.Style, atom.Title, atom.Noscript, atom.Noframes:
				raw = true // the element's text follows
			}
		}
	}
}

func metaPolicy(t html.Token) string {
	var is bool
	var content string
	for _, a := range t.Attr {
		switch a.Key {
		case "http-equiv":
			is = strings.EqualFold(a.Val, "Content-Security-Policy")
		case "content":
			content = a.Val
		}
	}
	if !is {
		return ""
	}
	return content
}

func inHead(a atom.Atom) bool {
	switch a {
	case atom.Html, atom.Head, atom.Base, atom.Basefont, atom.Bgsound, atom.Link, atom.Meta, atom.Title,
		atom.Noscript, atom.Noframes, atom.Style, atom.Script, atom.Template:
		return true
	}
	return false
}
