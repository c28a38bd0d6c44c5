package answer

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// isHTML tells whether a body is a page (or XML), by its first characters and
// then by its header.
func isHTML(trimmed []byte, contentType string) bool {
	if trimmed[0] == '<' && bytes.IndexByte(trimmed, '>') > 0 {
		return true
	}
	return strings.Contains(strings.ToLower(contentType), "html") && bytes.Contains(trimmed, []byte("</"))
}

// maxPage is how much of a page is read for its title and headline.
const maxPage = 128 << 10

// pageText is the title of a page, followed by its headline when that says
// something else; a page without both gives its first text.
func pageText(page []byte) (text, field string) {
	tokens := html.NewTokenizer(bytes.NewReader(page[:min(len(page), maxPage)]))
	var title, headline, body strings.Builder
	element := ""
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return joinPage(fold(title.String()), fold(headline.String()), fold(body.String()))
		case html.StartTagToken:
			name, _ := tokens.TagName()
			element = string(name)
		case html.EndTagToken:
			element = ""
		case html.TextToken:
			switch element {
			case "title":
				appendSome(&title, tokens.Text())
			case "h1", "pre", "message":
				appendSome(&headline, tokens.Text())
			case "script", "style", "noscript":
			default:
				appendSome(&body, tokens.Text())
			}
		}
	}
}

// joinPage makes one line of a page's texts.
func joinPage(title, headline, body string) (text, field string) {
	switch {
	case title != "" && len(headline) > len(title) && strings.Contains(headline, title):
		return shown(headline, maxText), "<title>" // Express: "Error", and the error itself
	case title != "" && headline != "" && !strings.Contains(title, headline) && !strings.Contains(headline, title):
		return shown(title+" – "+headline, maxText), "<title>"
	case title != "":
		return shown(title, maxText), "<title>"
	case headline != "":
		return shown(headline, maxText), "<h1>"
	}
	return shown(body, maxText), ""
}

// appendSome adds text up to a few times what is ever shown.
func appendSome(b *strings.Builder, text []byte) {
	if b.Len() < 8*maxText {
		b.Write(text[:min(len(text), 8*maxText)])
		b.WriteByte(' ')
	}
}

// fold makes every run of white space one space.
func fold(s string) string { return strings.Join(strings.Fields(s), " ") }
