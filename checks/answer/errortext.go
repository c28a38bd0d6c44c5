package answer

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
	// Generic tells that the text is the framework's own answer for a route or
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
	return errorText(body, contentType)
}
