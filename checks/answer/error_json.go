package answer

import (
	"bytes"
	"strconv"
	"strings"
)

// The number of complaints of a validation error that are kept.
const maxItems = 8

// errorNames are the members that hold a sentence for people, in the order in
// which they are asked: FastAPI's, then everybody else's. The normal form is
// compared, so that errorMessage and error_message are one.
func errorNames() []string {
	return []string{"detail", "message", "error", "msg", "errors", "errordescription", "errormessage", "reason",
		"title", "description"}
}

// errorText is ErrorText.
func errorText(body []byte, contentType string) ErrorInfo {
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
	if e.Text != "" || body[0] != '{' {
		return
	}
	members(body, func(key, value []byte) {
		switch normal(key) {
		case "data", "result", "payload", "response", "fault", "body":
			if e.Text == "" && value[0] == '{' {
				e.readMembers(value, string(key)+".")
			}
		}
	})
}

// readMembers looks for the sentence, the code and the complaints in one object.
func (e *ErrorInfo) readMembers(body []byte, under string) {
	keys, values := map[string]string{}, map[string][]byte{}
	members(body, func(key, value []byte) {
		switch name := normal(key); name {
		case "detail", "message", "error", "msg", "errors", "errordescription", "errormessage", "reason", "title",
			"description", "code", "errorcode":
			keys[name], values[name] = string(key), value
		}
	})
	for _, name := range errorNames() {
		if value, found := values[name]; found && e.Text == "" {
			e.readSaid(under+keys[name], value)
		}
	}
	for _, name := range []string{"code", "errorcode"} {
		if code := codeText(values[name]); code != "" {
			e.Code = code
		}
	}
	if word := codeText(values["error"]); e.Code == "" && e.Field != under+keys["error"] && len(word) > 0 && word[0] > '9' {
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
	texts := map[string]string{}
	members(value, func(key, inner []byte) {
		switch name := normal(key); {
		case name == "code" || name == "type" && e.Code == "":
			if code := codeText(inner); code != "" {
				e.Code = code
			}
		case inner[0] == '"' && (name == "message" || name == "msg" || name == "detail" || name == "error" ||
			name == "description" || name == "title" || name == "reason"):
			texts[name] = string(key) + "\x00" + unquoted(inner)
		}
	})
	for _, name := range []string{"message", "msg", "detail", "error", "description", "title", "reason"} {
		if key, text, _ := strings.Cut(texts[name], "\x00"); strings.TrimSpace(text) != "" {
			e.Text, e.Field = shown(strings.TrimSpace(text), maxText), path+"."+key
			return
		}
	}
	if len(texts) == 0 && len(value) <= maxText {
		// An object of the service's own, such as {"detail":{"ticket":"unknown"}}.
		e.Text, e.Field = oneLine(value), path
	}
}

// readItems reads a list of complaints: FastAPI's {loc, msg, type}, or strings.
// FastAPI's `input` and `ctx` are left alone, because they echo what was sent.
func (e *ErrorInfo) readItems(path string, value []byte) {
	more := 0
	elements(value, func(element []byte) bool {
		if len(e.Items) == maxItems {
			more++
			return more < 1000
		}
		if item := itemOf(element); item != (ErrorItem{}) {
			e.Items = append(e.Items, item)
		}
		return true
	})
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
	if more > 0 {
		parts = append(parts, "…")
	}
	e.Text, e.Field = shown(strings.Join(parts, "; "), maxText), path
}

// itemOf reads one complaint.
func itemOf(element []byte) ErrorItem {
	var item ErrorItem
	switch element[0] {
	case '"':
		item.Text = shown(unquoted(element), maxText)
	case '{':
		members(element, func(key, value []byte) {
			switch name := normal(key); name {
			case "loc", "path", "field", "property", "param":
				item.Where = location(value)
			case "msg", "message", "detail", "error":
				if value[0] == '"' {
					item.Text = shown(unquoted(value), maxText)
				}
			case "type", "code":
				item.Type = codeText(value)
			}
		})
	}
	return item
}

// location writes FastAPI's ["body","profile",0] as body.profile.0.
func location(value []byte) string {
	if value[0] == '"' {
		return shown(unquoted(value), maxName)
	}
	var parts []string
	elements(value, func(part []byte) bool {
		switch {
		case part[0] == '"':
			parts = append(parts, shown(unquoted(part), maxName))
		case shapeOf(part) == ShapeNumber:
			parts = append(parts, string(part[:min(len(part), maxName)]))
		}
		return len(parts) < maxItems
	})
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
