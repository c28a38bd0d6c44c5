package probe

import (
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"lkdoctor/checks/token"
)

// Request is one HTTP request.
type Request struct {
	// Method is GET if empty.
	Method string
	// URL may be ws or wss: it is requested as http or https.
	URL    *url.URL
	Header http.Header
	Body   []byte
	// MaxBody caps the decompressed body, in bytes; 0 is caps.Body.
	MaxBody int64
	// FirstByte, Rest and Total override the Net's limits FirstByte, Body and
	// Exchange for this exchange; 0 keeps them.
	FirstByte, Rest, Total time.Duration
	// ReadOnly reports whether a POST changes nothing, so that it may use a
	// connection that was used before.
	ReadOnly bool
	// Spare uses the connection that Warm opened, where there is one.
	Spare bool
	// Last asks the server to close the connection after its answer.
	Last bool
	// Connected, if set, is called when there is a connection for the request. It
	// must not block.
	Connected func()

	// conn is used instead of dialling, if the exchange needs a new connection.
	conn *Conn
	// fresh uses no connection of Warm.
	fresh bool
}

// Reply is an HTTP answer. Header, Body and Location are the server's raw bytes:
// parse them, and show them through config/clean only.
type Reply struct {
	Status int
	Header http.Header
	// Body is the decompressed body, at most MaxBody bytes.
	Body []byte
	// Truncated reports whether the body was longer, or did not end.
	Truncated bool
	// Encoding is a Content-Encoding that could not be decoded; Body is raw then.
	Encoding string
	// Redirects are the same-origin redirects that were followed.
	Redirects []Redirect
	// Redirect is a redirect that was not followed, nil without one.
	Redirect *Redirect
	// Date compares the server's clock with this machine's, nil without a Date
	// header.
	Date *token.Sample
	// Address is where the answer came from: the proxy's, if Via is set.
	Address netip.AddrPort
	TLS     *TLSInfo
	Phases  Phases
	// Took is the time of the whole exchange.
	Took time.Duration
	// Proto is HTTP/1.0 or HTTP/1.1.
	Proto string
	// Reused reports whether the connection was open already.
	Reused bool
	// Via is the HTTP proxy that was used, without its credentials; "" for none.
	Via string
	// FromProxy reports whether the proxy answered itself.
	FromProxy bool
}

// Redirect is the redirect of an answer.
type Redirect struct {
	Status int
	// To is the target without credentials, query and fragment, cleaned.
	To string
	// SameOrigin reports whether scheme, host and port are the same.
	SameOrigin bool
	// ToTLS reports whether only the scheme changes, to https on its own port.
	ToTLS bool
}
