package answer

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/html"
)

const maxItems = 8

// ErrorInfo is the message of a body that reports an error, safe to show.
type ErrorInfo struct {
	Shape Shape // the form of the body
	// Text is the message: the `detail`, `message` or `error` of a JSON body, the title of
	// a page, the beginning of a text. It is empty if the body has none.
	Text  string
	Field string      // the path of Text, such as "error.message"; "<title>" for a page
	Code  string      // the body's own error code, such as "TICKET_NOT_FOUND"
	Items []ErrorItem // the errors of a validation error
	// Generic is set if the text is a framework's response for an unknown route or method,
	// so that it says nothing about the ticket. Without a Framework it rests on the text
	// alone ("Not Found"), which the service may have written itself.
	Generic   bool
	Framework string // the software that wrote the body, if recognised
}

// ErrorItem is one error of a validation error.
type ErrorItem struct {
	// Where is the path of the field, such as "body.profile.display_name"; Text is the
	// message; Type its code.
	Where, Text, Type string
}

// ErrorText reads an error response: FastAPI's `detail`, `message`, `error`, `msg`,
// `errors`, problem+json (RFC 9457), HTML pages and plain text.
func ErrorText(body []byte, contentType string) ErrorInfo {
	trimmed := trimmedBody(body)
	var e ErrorInfo
	switch {
	case len(trimmed) == 0:
		e.Shape = ShapeEmpty
		return e
	case beginsJSON(trimmed) && TooNested(trimmed):
		e.Shape = ShapeOf(trimmed)
		return e
	case readable(trimmed):
		e.Shape = ShapeOf(trimmed)
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

func (e *ErrorInfo) readJSON(body []byte) {
	if body[0] == '"' {
		e.Text = shown(unquoted(body), maxText)
		return
	}
	e.readMembers(body, "")
	wrappers := []string{"data", "result", "payload", "response", "fault", "body"}
	for _, m := range members(body) {
		if e.Text == "" && m.value[0] == '{' && slices.Contains(wrappers, normal(m.key)) {
			e.readMembers(m.value, m.key+".")
		}
	}
}

// said are the names of members with a message, in order of preference. They are in
// normal form, so that errorMessage and error_message are the same.
var said = []string{"detail", "message", "error", "msg", "errors", "errordescription", "errormessage", "reason", "title", "description"}

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

// readInner reads {"error":{"code":…,"message":…}} and the like.
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
		// An object of the service, such as {"detail":{"ticket":"unknown"}}.
		e.Text, e.Field = oneLine(value), path
	}
}

// readItems reads a list of errors: FastAPI's {loc, msg, type}, or strings. It omits
// FastAPI's `input` and `ctx`, which echo the request.
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

// location converts FastAPI's ["body","profile",0] to body.profile.0.
func location(value []byte) string {
	var parts []string
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		list = []json.RawMessage{value}
	}
	for _, part := range list[:min(len(list), maxItems)] {
		if ShapeOf(part) == ShapeNumber {
			parts = append(parts, string(part[:min(len(part), maxName)]))
		} else if text := unquoted(part); text != "" {
			parts = append(parts, shown(text, maxName))
		}
	}
	return strings.Join(parts, ".")
}

// codeText returns an error code, a short word or number, and "" for other values.
func codeText(value []byte) string {
	if len(value) == 0 || len(value) > 2+60 {
		return ""
	}
	switch ShapeOf(value) {
	case ShapeNumber:
		if _, err := strconv.Atoi(string(value)); err == nil {
			return string(value)
		}
	case ShapeString:
		text := unquoted(value)
		if strings.ContainsFunc(text, notJWT) {
			return ""
		}
		return shown(text, 60)
	}
	return ""
}

// oneLine returns the beginning of a text with its white space folded.
func oneLine(text []byte) string {
	text = text[:min(len(text), 64*maxText)]
	return shown(string(bytes.Join(bytes.Fields(text), []byte(" "))), maxText)
}

// isHTML reports whether a body is HTML or XML, by its beginning and its header.
func isHTML(trimmed []byte, contentType string) bool {
	return trimmed[0] == '<' && bytes.IndexByte(trimmed, '>') > 0 ||
		strings.Contains(strings.ToLower(contentType), "html") && bytes.Contains(trimmed, []byte("</"))
}

// maxPage is the number of bytes of a page that are searched for its title.
const maxPage = 128 << 10

// pageText returns the title of a page, followed by its headline if that differs. Of a
// page without both it returns the first text.
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

// appendSome appends text, up to a few times the length that is shown.
func appendSome(b *strings.Builder, text []byte) {
	if b.Len() < 8*maxText {
		b.Write(text[:min(len(text), 8*maxText)])
		b.WriteByte(' ')
	}
}

// fold replaces every run of white space by one space.
func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

// mark is the form of the errors of a framework, a server or a platform.
type mark struct {
	framework string
	// field is where the text was read, said the text; both must match. An empty field is
	// a body that is not a JSON object.
	field   string
	said    *regexp.Regexp
	inBody  string // must occur in the body, in any case; empty matches every body
	generic bool   // set for the response to an unknown route or method
}

// marks are tried in order; the first match counts. They are compiled on first use.
var marks = sync.OnceValue(func() []mark {
	made := func(framework, field, said, inBody string, generic bool) mark {
		return mark{framework, field, regexp.MustCompile(said), inBody, generic}
	}
	return []mark{
		// JSON.
		made("FastAPI/Starlette", "detail", `^(Not Found|Method Not Allowed)$`, "", true),
		made("Django REST framework", "detail", `^Method "[A-Z]+" not allowed\.$`, "", true),
		made("NestJS", "message", `^Cannot [A-Z]+ /`, `"statuscode"`, true),
		made("Fastify", "message", `^Route [A-Z]+:.* not found$`, "", true),
		made("Laravel", "message", `^The route .* could not be found\.$|^The [A-Z]+ method is not supported for`, "", true),
		made("AWS API Gateway", "message", `^Missing Authentication Token$`, "", true),
		made("Kong", "message", `^no Route matched with those values$`, "", true),
		made("Phoenix", "errors.detail", `^Not Found$`, "", true),
		made("Spring Boot", "message", `^No static resource |^No message available$`, "", true),
		made("Spring Boot", "error", `^(Not Found|Method Not Allowed)$`, `"timestamp"`, true),
		made("Flask", "message", `^The (requested URL was not found on the server|method is not allowed for the requested URL)`, "", true),
		made("", "message", `^(Not Found|Method Not Allowed)$`, "", true),
		made("", "error", `^(Not Found|Method Not Allowed)$`, "", true),
		made("Vercel", "", `^(The page could not be found|The deployment could not be found)`, "", true),
		// Pages.
		made("Next.js", "", `^404: This page could not be found`, "", true),
		made("Next.js", "", `^404\b.*not be found`, "/_next/", true),
		made("nginx", "", `^(404 Not Found|405 Not Allowed)`, "<center>nginx", true),
		made("nginx", "", ``, "<center>nginx", false),
		made("openresty", "", `^(404 Not Found|405 Not Allowed)`, "<center>openresty", true),
		made("Express", "", `Cannot [A-Z]+ /`, "<pre>cannot ", true),
		made("Flask", "", `^(404 Not Found|405 Method Not Allowed)`, "the requested url", true),
		made("Django", "", `^Page not found at /`, "", true),
		made("Django", "", `^Not Found`, "the requested resource was not found on this server", true),
		made("Apache", "", `^(404 Not Found|405 Method Not Allowed)`, "<address>apache", true),
		made("Spring Boot", "", `Whitelabel Error Page`, "status=404", true),
		made("Spring Boot", "", `Whitelabel Error Page`, "", false),
		made("Rails", "", `^(Action Controller: Exception caught|The page you were looking for doesn.t exist)`, "", true),
		made("Laravel", "", `^Not Found`, "tailwind", true),
		made("Cloudflare", "", `\| Cloudflare$|^error code: 1\d{3}$`, "", false),
		made("ngrok", "", `ERR_NGROK_\d+`, "", false),
		made("Next.js", "", ``, "__next", false),
		made("Next.js", "", ``, "/_next/", false),
		// Text.
		made("Go", "", `^404 page not found$`, "", true),
		made("Starlette, Koa or another", "", `^(404 )?(Not Found|NOT FOUND)$|^Method Not Allowed$`, "", true),
		made("Express or Fiber", "", `^Cannot [A-Z]+ /\S*$`, "", true),
		made("uvicorn", "", `^Invalid HTTP request received\.$`, "", false),
		made("Envoy", "", `^(upstream connect error|no healthy upstream)`, "", false),
	}
})

// recognise returns the software that wrote an error, and whether the text is its
// response to an unknown route or method.
func recognise(e ErrorInfo, body []byte) (framework string, generic bool) {
	if e.Field == "detail" && len(e.Items) > 0 && e.Items[0].Where != "" && e.Items[0].Type != "" { // FastAPI's 422
		return "FastAPI", false
	}
	lower := bytes.ToLower(body[:min(len(body), maxPage)])
	for _, m := range marks() {
		if m.field != "" && m.field != e.Field || m.inBody != "" && !bytes.Contains(lower, []byte(m.inBody)) {
			continue
		}
		if fromJSON := e.Shape == ShapeObject; fromJSON == (m.field != "") && m.said.MatchString(e.Text) {
			return m.framework, m.generic
		}
	}
	return "", false
}
