package catalogue_test

import (
	"bytes"
	"net/url"
	"path"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
)

// TestHTML checks that each code has a page in both languages with the whole text of
// its catalogue page, and that all links and resources are within the site.
func TestHTML(t *testing.T) {
	site := catalogue.HTML()
	if want := 2*len(finding.Codes()) + 4; len(site) != want {
		t.Errorf("%d files, want %d", len(site), want)
	}
	for name, text := range site {
		if !strings.HasSuffix(name, ".html") {
			continue
		}
		for n := range parsed(t, text).Descendants() {
			for _, a := range n.Attr {
				if a.Key != "href" && a.Key != "src" {
					continue
				}
				to, err := url.Parse(a.Val)
				if err != nil || to.IsAbs() || to.Host != "" {
					t.Errorf("%s links to %s", name, a.Val)
				} else if site[path.Join(path.Dir(name), to.Path)] == nil {
					t.Errorf("%s links to %s, which is not there", name, a.Val)
				}
			}
		}
	}
	for _, lang := range []string{"en", "zh"} {
		for _, code := range finding.Codes() {
			var seen strings.Builder
			for n := range parsed(t, site[lang+"/"+string(code)+".html"]).Descendants() {
				if n.Type == html.TextNode {
					seen.WriteString(n.Data)
				}
			}
			page, _ := catalogue.LookupIn(lang, code)
			wants := []string{page.Title, page.Confirm.Command, page.Confirm.Prints}
			for _, v := range page.Variants {
				wants = append(wants, strings.ReplaceAll(v.Title, "`", ""))
			}
			for _, f := range page.Fixes() {
				wants = append(wants, strings.ReplaceAll(f.Text.String(), "`", ""), finding.Fill(f.Command, nil))
				for _, b := range f.Code {
					wants = append(wants, finding.Fill(b.Text, nil))
				}
			}
			for _, want := range wants {
				if !strings.Contains(seen.String(), want) {
					t.Errorf("%s/%s lacks %q", lang, code, want)
				}
			}
		}
	}
}

func parsed(t *testing.T, page []byte) *html.Node {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// TestHTMLIsFoundByTheError checks that the site contains the error text of a refused token.
func TestHTMLIsFoundByTheError(t *testing.T) {
	site := catalogue.HTML()
	for name, want := range map[string]string{
		"en/TOKEN_OPAQUE.html": "<code>401 invalid authorization token</code>",
		"en/index.html":        "401 invalid authorization token",
		"zh/index.html":        "TOKEN_OPAQUE",
	} {
		if !bytes.Contains(site[name], []byte(want)) {
			t.Errorf("%s lacks %s", name, want)
		}
	}
}
