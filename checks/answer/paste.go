package answer

import "lkdoctor/checks/finding"

// Form says what a paste was.
type Form string

// The forms.
const (
	FormNothing Form = "nothing"
	FormBare    Form = "bare"
	FormBearer  Form = "bearer"
	FormHeader  Form = "header"
	FormURL     Form = "url"
	FormCurl    Form = "curl"
	FormJSON    Form = "json"
	FormText    Form = "text"
)

// Paste is what was found in something that a person pasted.
type Paste struct {
	// Token is empty when there is none.
	Token Hidden
	// Form is what the paste was, as far as the token goes.
	Form Form
	// Said says what was found in the paste, without the token.
	Said finding.Text
	// URL is the LiveKit server that the paste names, as scheme, host and path
	// prefix without /rtc; empty when it names none.
	URL string
	// Answer is what Find saw, when the paste was JSON or held JSON.
	Answer *Answer
	// Candidates are the other tokens of the paste.
	Candidates []Candidate
}

// Pasted finds the token in what a person pasted (`--token -`): a bare token,
// `Bearer …`, a header line, a wss://…?access_token=… URL, a curl command, a
// whole JSON answer, or the text of a browser's error that holds such a URL.
// It never fails: Token is empty and Said says so when there is none.
func Pasted(input string) Paste {
	return pasted(input)
}
