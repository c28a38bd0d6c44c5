package probe

import (
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"lkdoctor/checks/token"
)

// DefaultMaxBody is the most that is kept of an answer's body: 1 MiB.
const DefaultMaxBody = 1 << 20

// Request is one HTTP question.
type Request struct {
	// Method is GET if empty.
	Method string
	// URL may be ws or wss: it is asked as http or https.
	URL    *url.URL
	Header http.Header
	Body   []byte
	// MaxBody caps the decompressed body, in bytes; 0 is DefaultMaxBody.
	MaxBody int64
	// FirstByte and Total override the Net's limits for this exchange; 0 keeps them.
	FirstByte, Total time.Duration
	// ReadOnly tells that a POST changes nothing: a connection that was used
	// before will do for it.
	ReadOnly bool
	// Spare takes the connection that Warm opened, where there is one.
	Spare bool
	// Last asks the server to end the connection after its answer.
	Last bool
	// Connected, if set, is called when there is a connection to ask over. It must
	// not block.
	Connected func()

	// conn is used instead of dialling, if the exchange needs a new connection.
	conn *Conn
	// fresh takes no connection of Warm.
	fresh bool
}

// Reply is an HTTP answer. Header, Body and Location are a stranger's bytes as
// they came: parse them, and show them through config/clean only.
type Reply struct {
	Status int
	Header http.Header
	// Body is the decompressed body, at most MaxBody bytes.
	Body []byte
	// Truncated tells that the body was longer, or did not end.
	Truncated bool
	// Encoding is a Content-Encoding that could not be undone; Body is raw then.
	Encoding string
	// Redirects are the same-origin redirects that were followed.
	Redirects []Redirect
	// Redirect is a redirect that was not followed, nil without one.
	Redirect *Redirect
	// Date compares the server's clock with ours, nil without a Date header.
	Date *token.Sample
	// Address is where the answer came from: the proxy's, if Via is set.
	Address netip.AddrPort
	TLS     *TLSInfo
	Phases  Phases
	// Took is the time of the whole exchange.
	Took time.Duration
	// Proto is HTTP/1.0 or HTTP/1.1.
	Proto string
	// Reused tells that the connection was open already.
	Reused bool
	// Via is the HTTP proxy that was used, without its credentials; "" for none.
	Via string
	// FromProxy tells that the proxy answered itself.
	FromProxy bool
}

// Redirect is where an answer wanted us to go.
type Redirect struct {
	Status int
	// To is the target without credentials, query and fragment, cleaned.
	To string
	// SameOrigin tells that scheme, host and port are the same.
	SameOrigin bool
	// ToTLS tells that only the scheme changes, to https on its own port.
	ToTLS bool
}
