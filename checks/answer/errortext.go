package answer

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// maxItems is the number of complaints of a validation error that are kept.
const maxItems = 8

// ErrorInfo is what a body that reports an error says, fit to be shown: cleaned,
// capped, redacted.
type ErrorInfo struct {
	// Shape is what the body is.
	Shape Shape
	// Text is the sentence for people: the `detail`, `message` or `error` of a
	// JSON body, the title of a page, the beginning of a text. Empty when the
	// body says nothing.
	Text string
	// Field is the path Text was read from, such as "detail" or "error.message";
	// "<title>" for a page; empty for text.
	Field string
	// Code is the body's own error code, such as "TICKET_NOT_FOUND".
	Code string
	// Items are the single complaints of a validation error.
	Items []ErrorItem
	// Generic is set when the text is the framework's own answer for a route or
	// method that it does not know, so that it says nothing about the ticket. Without a
	// Framework that rests on the bare words ("Not Found") alone, which a service
	// may also have written itself.
	Generic bool
	// Framework names who wrote the body, where that is recognisable.
	Framework string
}

// ErrorItem is one complaint of a validation error.
type ErrorItem struct {
	// Where is the path of the field that is complained about, such as
	// "body.profile.display_name"; Text the complaint; Type its machine name.
	Where, Text, Type string
}

// ErrorText reads what an error response says. It understands the `detail` of
// FastAPI in its three forms, `message`, `error`, `msg`, `errors`, problem+json
// (RFC 9457), HTML pages and plain text.
func ErrorText(body []byte, contentType string) ErrorInfo {
	trimmed := trimmedBody(body)
	var e ErrorInfo
	switch {
	case len(trimmed) == 0:
		e.Shape = ShapeEmpty
		return e
	case beginsJSON(trimmed) && tooDeep(trimmed):
		e.Shape = shapeOf(trimmed)
		return e
	case readable(trimmed):
		e.Shape = shapeOf(trimmed)
		e.readJSON(trimmed)
	case isHTML(trimmed, contentType):
		e.Shape = ShapeHTML
		e.Text, e.Field = pageText(trimmed)
	default:
		e.Shape = ShapeText
		e.Text = oneLine(trimmed)
	}
	e.Framework, e.Generic = recognise(e, trimmed)
	return e
}

// readJSON fills in what a JSON body says.
func (e *ErrorInfo) readJSON(body []byte) {
	if body[0] == '"' {
		e.Text = shown(unquoted(body), maxText)
		return
	}
	e.readMembers(body, "")
	for _, m := range members(body) {
		if e.Text == "" && m.value[0] == '{' && slices.Contains([]string{"data", "result", "payload", "response", "fault", "body"}, normal(m.key)) {
			e.readMembers(m.value, m.key+".")
		}
	}
}

// said are the names of members that hold a sentence for people, in the order in
// which they are asked: FastAPI's, then everybody else's. Their normal forms are
// compared, so that errorMessage and error_message are one.
var said = []string{"detail", "message", "error", "msg", "errors", "errordescription", "errormessage", "reason", "title", "description"}

// readMembers looks for the sentence, the code and the complaints in one object.
func (e *ErrorInfo) readMembers(body []byte, under string) {
	named := map[string]member{}
	for _, m := range members(body) {
		named[normal(m.key)] = m
	}
	for _, name := range said {
		if m, has := named[name]; has && e.Text == "" {
			e.readSaid(under+m.key, m.value)
		}
	}
	for _, name := range []string{"code", "errorcode"} {
		if code := codeText(named[name].value); code != "" {
			e.Code = code
		}
	}
	if word := codeText(named["error"].value); e.Code == "" && e.Field != under+named["error"].key && word != "" && word[0] > '9' {
		e.Code = word
	}
}

// readSaid takes the sentence from one member, whatever form it has.
func (e *ErrorInfo) readSaid(path string, value []byte) {
	switch value[0] {
	case '"':
		e.Text, e.Field = shown(strings.TrimSpace(unquoted(value)), maxText), path
	case '{':
		e.readInner(path, value)
	case '[':
		e.readItems(path, value)
	}
	if e.Text == "" {
		e.Field = ""
	}
}

// readInner reads {"error":{"code":…,"message":…}} and its like.
func (e *ErrorInfo) readInner(path string, value []byte) {
	texts := map[string]member{}
	for _, m := range members(value) {
		name := normal(m.key)
		if code := codeText(m.value); code != "" && (name == "code" || name == "type" && e.Code == "") {
			e.Code = code
		}
		if m.value[0] == '"' {
			texts[name] = m
		}
	}
	none := true
	for _, name := range []string{"message", "msg", "detail", "error", "description", "title", "reason"} {
		m, has := texts[name]
		if text := strings.TrimSpace(unquoted(m.value)); text != "" {
			e.Text, e.Field = shown(text, maxText), path+"."+m.key
			return
		}
		none = none && !has
	}
	if none && len(value) <= maxText {
		// An object of the service's own, such as {"detail":{"ticket":"unknown"}}.
		e.Text, e.Field = oneLine(value), path
	}
}

// readItems reads a list of complaints: FastAPI's {loc, msg, type}, or strings.
// FastAPI's `input` and `ctx` are left alone, because they echo what was sent.
func (e *ErrorInfo) readItems(path string, value []byte) {
	var list []json.RawMessage
	_ = json.Unmarshal(value, &list)
	for _, element := range list[:min(len(list), maxItems)] {
		if item := itemOf(element); item != (ErrorItem{}) {
			e.Items = append(e.Items, item)
		}
	}
	var parts []string
	for _, item := range e.Items {
		switch {
		case item.Where == "":
			parts = append(parts, item.Text)
		case item.Text == "":
			parts = append(parts, item.Where)
		default:
			parts = append(parts, item.Where+": "+item.Text)
		}
	}
	if len(list) > maxItems {
		parts = append(parts, "…")
	}
	e.Text, e.Field = shown(strings.Join(parts, "; "), maxText), path
}

// itemOf reads one complaint.
func itemOf(element []byte) ErrorItem {
	item := ErrorItem{Text: shown(unquoted(element), maxText)}
	for _, m := range members(element) {
		switch normal(m.key) {
		case "loc", "path", "field", "property", "param":
			item.Where = location(m.value)
		case "msg", "message", "detail", "error":
			item.Text = shown(unquoted(m.value), maxText)
		case "type", "code":
			item.Type = codeText(m.value)
		}
	}
	return item
}

// location writes FastAPI's ["body","profile",0] as body.profile.0.
func location(value []byte) string {
	var parts []string
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		list = []json.RawMessage{value}
	}
	for _, part := range list[:min(len(list), maxItems)] {
		if shapeOf(part) == ShapeNumber {
			parts = append(parts, string(part[:min(len(part), maxName)]))
		} else if text := unquoted(part); text != "" {
			parts = append(parts, shown(text, maxName))
		}
	}
	return strings.Join(parts, ".")
}

// codeText is a machine's word or number for an error; "" for anything longer
// or wordier than that.
func codeText(value []byte) string {
	if len(value) == 0 || len(value) > 2+60 {
		return ""
	}
	switch shapeOf(value) {
	case ShapeNumber:
		if _, err := strconv.Atoi(string(value)); err == nil {
			return string(value)
		}
	case ShapeString:
		text := unquoted(value)
		for i := range len(text) {
			if !isJWTByte(text[i]) {
				return ""
			}
		}
		return shown(text, 60)
	}
	return ""
}

// oneLine is the beginning of a text, its white space folded.
func oneLine(text []byte) string {
	text = text[:min(len(text), 64*maxText)]
	return shown(string(bytes.Join(bytes.Fields(text), []byte(" "))), maxText)
}

// isHTML reports whether a body is a page (or XML), by its first characters and
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
