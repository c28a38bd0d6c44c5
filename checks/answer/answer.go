// Package answer reads the response of a ticket service, a front end or a standard
// LiveKit token endpoint, and text that a user pasted. It finds the token, the
// server's URL, the room and the identity, and reports where they were. It is pure and
// does not judge: the checks make findings of what it reports.
//
// All results are cleaned, capped and redacted, except what secret.Value values
// reveal.
package answer

import "lkdoctor/config/secret"

// WholeBody is the TokenPath of a token that is the entire body.
const WholeBody = "(the whole body)"

// Profile is the client whose field names are the usual ones.
type Profile int

// The profiles.
const (
	// TicketService is the response to consuming a ticket: {token, url, room, identity}.
	TicketService Profile = iota
	// Endpoint is LiveKit's standard token endpoint: {server_url, participant_token},
	// which clients accept in snake_case or camelCase.
	Endpoint
	// Frontend is the connection-details route of LiveKit's starters: {serverUrl,
	// roomName, participantName, participantToken}.
	Frontend
)

// Kind is the kind of value in a place where a text is expected.
type Kind string

// The kinds.
const (
	Missing Kind = "missing"  // an absent field
	Text    Kind = "text"     // a string that is not blank
	Empty   Kind = "empty"    // an empty or blank string
	Null    Kind = "null"     // JSON's null
	Promise Kind = "promise"  // {} instead of a string: a JavaScript Promise that was not awaited
	NotText Kind = "not_text" // a number, a boolean, a list, or an object that is not empty
)

// Shape is the form of the whole body.
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

// Problem is why a body has no token.
type Problem string

// The problems.
const (
	NoProblem   Problem = ""
	EmptyBody   Problem = "empty"        // an empty or blank body
	NotJSON     Problem = "not_json"     // HTML, or text without a token; Answer.Said has its title or an excerpt
	BrokenJSON  Problem = "broken_json"  // it begins as JSON and has a syntax error at Answer.BrokenAt
	ErrorObject Problem = "error_object" // JSON without a token that reports an error, which is in Answer.Said
	TooDeep     Problem = "too_deep"     // JSON nested deeper than MaxDepth; the rest was not read
)

// Answer is what Find found in one body.
type Answer struct {
	// Token is the token as sent, with wrapping and white space, as a client sees it.
	Token secret.Value
	// TokenPath is where the token, or the value in its place, was: "token",
	// "data.accessToken", "fromjson(body).token" (JSON inside a string),
	// "joinUrl?access_token" (inside a URL), WholeBody. It is empty when TokenKind is
	// Missing.
	TokenPath string
	// TokenKind is Text when Token is set.
	TokenKind Kind
	// TokenType is the JSON type of a NotText: "number", "boolean", "list", "object".
	TokenType string
	// TokenHasVideo reports whether the token is a JWT with a `video` claim, unverified.
	TokenHasVideo bool
	// AtUsual is the kind of value where the profile's client reads the token. With
	// TokenUsual it equals TokenKind.
	AtUsual Kind
	// UsualPath, UsualType and UsualToken are the path, JSON type and text of the value
	// that AtUsual describes.
	UsualPath, UsualType string
	UsualToken           secret.Value

	// URL is the server's address, safe to show and to dial. Of an address with a token in
	// its query it is the scheme, host and path prefix.
	URL     string
	URLPath string

	Room, Identity string

	// TokenUsual and URLUsual report whether each was where the profile's client reads it.
	TokenUsual, URLUsual bool

	// Shape is the form of the whole body.
	Shape Shape
	// Fields are the names of the top-level fields in their order, and of those one level
	// under a wrapper such as "data" ("data.token"), cleaned and capped.
	Fields []string

	// Problem is NoProblem if there is a token, or JSON that reports no error.
	Problem Problem
	// BrokenAt is the byte, counted from 1, of the syntax error of BrokenJSON.
	BrokenAt int64
	// Said is the message of a body that has no token.
	Said ErrorInfo
}
