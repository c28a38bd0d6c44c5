// Package answer reads what a ticket service, a front end or a standard LiveKit
// token endpoint answered, and what a person pasted: it finds the token, the
// server's URL, the room and the identity, and says where they were. It is
// pure: bytes in, observations out. It judges nothing; the checks turn what it
// saw into findings.
//
// Everything that comes out is cleaned, capped and redacted, except what a secret.Value
// values reveal.
package answer

import "lkdoctor/config/secret"

// WholeBody is the path of a token that is the body itself.
const WholeBody = "(the whole body)"

// Profile is the reader whose field names count as usual.
type Profile int

// The profiles.
const (
	// TicketService is the consume answer of the incident's service:
	// {token, url, room, identity}.
	TicketService Profile = iota
	// Endpoint is LiveKit's standard token endpoint: {server_url,
	// participant_token}, which its clients take in snake_case or camelCase.
	Endpoint
	// Frontend is connection-details of LiveKit's starters: {serverUrl, roomName,
	// participantName, participantToken}.
	Frontend
)

// Kind says what sat where a value was looked for.
type Kind string

// The kinds.
const (
	// Missing: no such field.
	Missing Kind = "missing"
	// Text: a string with something in it.
	Text Kind = "text"
	// Empty: a string of nothing, or of white space alone.
	Empty Kind = "empty"
	// Null: JSON's null.
	Null Kind = "null"
	// Promise: {} where a string should be, which is what JSON makes of a
	// JavaScript Promise that nobody awaited.
	Promise Kind = "promise"
	// NotText: a number, a boolean, a list, or an object with something in it.
	NotText Kind = "not_text"
)

// Shape says what the whole body is.
type Shape string

// The shapes.
const (
	ShapeEmpty   Shape = "empty"
	ShapeObject  Shape = "object"
	ShapeList    Shape = "list"
	ShapeString  Shape = "string"
	ShapeNumber  Shape = "number"
	ShapeBoolean Shape = "boolean"
	ShapeNull    Shape = "null"
	ShapeHTML    Shape = "html"
	ShapeText    Shape = "text"
)

// Problem says why a body gave nothing to use.
type Problem string

// The problems.
const (
	NoProblem Problem = ""
	// EmptyBody: nothing, or white space alone.
	EmptyBody Problem = "empty"
	// NotJSON: HTML, or text that holds no token. Answer.Said has its title or
	// an excerpt.
	NotJSON Problem = "not_json"
	// BrokenJSON: it begins as JSON and then is not; Answer.BrokenAt says where.
	BrokenJSON Problem = "broken_json"
	// ErrorObject: JSON without a token, which says what went wrong; Answer.Said
	// has it.
	ErrorObject Problem = "error_object"
	// TooDeep: nested deeper than MaxDepth; it was not read further.
	TooDeep Problem = "too_deep"
)

// Answer is what was found in one body.
type Answer struct {
	// Token is the token as it was given, wrapping and white space included, so
	// that the token checks see what a client would see.
	Token secret.Value
	// TokenPath is where the token, or what is there instead of one, was:
	// "token", "data.accessToken", "fromjson(body).token" (JSON inside a string),
	// "joinUrl?access_token" (inside a URL), WholeBody. Empty when TokenKind is
	// Missing.
	TokenPath string
	// TokenKind is Text when Token holds something.
	TokenKind Kind
	// TokenType names what a NotText is: "number", "boolean", "list", "object".
	TokenType string
	// TokenHasVideo reports whether the token reads as a JWT with a `video` claim.
	// Nothing was verified.
	TokenHasVideo bool
	// AtUsual is what sits where the profile's reader looks for the token. With
	// TokenUsual it equals TokenKind; else it says what such a reader gets.
	AtUsual Kind
	// UsualPath, UsualType and UsualToken describe what AtUsual is about: where
	// it is, its JSON type, and the text itself when it is one.
	UsualPath, UsualType string
	UsualToken           secret.Value

	// URL is the server's address as given, cleaned, capped and redacted, so that
	// it can be shown as well as dialled. Of an address that carries a token in its
	// query it is scheme, host and path prefix.
	URL     string
	URLPath string
	// URLKind says what sat there; Missing when no field looks like an address.
	URLKind Kind
	// OtherURLs are the other fields that could have been the address.
	OtherURLs []Place

	Room, RoomPath           string
	Identity, IdentityPath   string
	ExpiresAt, ExpiresAtPath string
	ConvID, ConvIDPath       string

	// TokenUsual and URLUsual report whether each sits exactly where the profile's
	// reader expects it. False for what was not found.
	TokenUsual, URLUsual bool
	// Usual reports that nothing that was found, token or URL, sits in an unusual
	// place. What is missing is not unusual: see TokenKind and URLKind.
	Usual bool

	// Shape is what the whole body is.
	Shape Shape
	// Fields are the names of the top-level fields in their order, and those one
	// level under a wrapper such as "data" ("data.token"): cleaned, capped in
	// length and number. MoreFields counts those left out.
	Fields     []string
	MoreFields int
	// Candidates are the other places that held something like a token, best
	// first.
	Candidates []Candidate

	// Problem is NoProblem when there is a token, or JSON that simply has none.
	Problem Problem
	// BrokenAt is the byte, counted from 1, at which BrokenJSON stops being JSON.
	BrokenAt int64
	// Said is what the body says for people, when it holds no token.
	Said ErrorInfo
}

// Candidate is a place that held something like a token.
type Candidate struct {
	Path  string
	Token secret.Value
	// JWT reports whether it reads as a JWT (header and claims decode), HasVideo
	// whether its claims have `video`. Nothing was verified.
	JWT, HasVideo bool
}

// Place is a text and where it was, both fit to be shown.
type Place struct {
	Path, Text string
}
