package probe

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"lkdoctor/checks/caps"
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
	// Token is removed from the texts of a Failure: a server may echo it.
	Token string
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
	Cert    *Cert // nil without TLS
	Phases  Phases
	// Took is the time of the whole exchange.
	Took time.Duration
	// Proto is HTTP/1.0 or HTTP/1.1.
	Proto string
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
	// ToTLS reports whether it leads from http to https on the same host; port and path
	// may differ.
	ToTLS bool
}

// Exchange sends one HTTP request and reads the whole answer, within the limits. It
// follows redirects on the same origin only, and only when it is safe to send the
// request again: GET and HEAD, or another method when a 307 or 308 adds or removes
// nothing but a trailing slash. Any other redirect is returned.
//
// When the failure is in the body (PhaseBody), the reply is returned as well, with
// the part that had arrived.
func (n *Net) Exchange(ctx context.Context, req Request) (*Reply, *Failure) {
	start := time.Now()
	if f := CheckURL(req.URL); f != nil {
		return nil, f
	}
	reply, f := n.exchange(ctx, req)
	if reply != nil {
		reply.Took = time.Since(start)
	}
	if f != nil {
		f.Took = time.Since(start)
		f.Detail, f.Banner = Without(f.Detail, req.Token), Without(f.Banner, req.Token)
	}
	return reply, f
}

func (n *Net) exchange(ctx context.Context, req Request) (*Reply, *Failure) {
	lim := n.Waits()
	lim.Exchange = cmp.Or(req.Total, lim.Exchange)
	lim.FirstByte = cmp.Or(req.FirstByte, lim.FirstByte)
	lim.Body = cmp.Or(req.Rest, lim.Body)
	req.Method, req.MaxBody = cmp.Or(req.Method, http.MethodGet), cmp.Or(req.MaxBody, caps.Body)
	ctx, cancel := context.WithTimeout(ctx, lim.Exchange)
	defer cancel()
	if req.Spare {
		req.conn = n.TakeConn(ctx, req.URL)
	}
	var followed []Redirect
	for u := HTTPURL(req.URL); ; {
		reply, f := n.roundTrip(ctx, req, u, lim)
		req.conn = nil
		if reply != nil {
			reply.Redirects = followed
		}
		if f != nil {
			return reply, f
		}
		next := n.redirect(reply, req.Method, u)
		if next == nil {
			return reply, nil
		}
		if len(followed) == caps.Hops {
			return reply, &Failure{Kind: KindRedirectRefused, Phase: PhaseHTTP, Host: n.Line(HostPort(u)),
				Address: reply.Address.String(), Detail: "it redirects again and again"}
		}
		followed = append(followed, *reply.Redirect)
		u = next
	}
}

// safe reports whether a method only reads.
func safe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// reads reports whether the request only reads, so that it may be sent twice.
func (r Request) reads() bool { return safe(r.Method) || r.ReadOnly }

func (n *Net) roundTrip(parent context.Context, req Request, u *url.URL, lim Limits) (*Reply, *Failure) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	t := &trip{net: n, ctx: ctx, lim: lim, req: req, handoff: req.conn,
		silence: time.AfterFunc(time.Hour, cancel), slow: time.AfterFunc(time.Hour, cancel)}
	defer t.slow.Stop()
	defer t.answered() // whatever happened: no timer stays behind
	defer func() {
		if c := t.take(); c != nil { // another connection was free
			_ = c.Close()
		}
	}()
	tctx := httptrace.WithClientTrace(context.WithValue(ctx, tripKey{}, t), t.trace())
	hreq, err := n.httpRequest(tctx, req, u)
	if err != nil {
		return nil, &Failure{Kind: KindBadURL, Phase: PhaseURL, Host: n.Line(HostPort(u)), Detail: n.Line(err.Error())}
	}
	proxy, err := n.ProxyFor(u)
	if err != nil {
		return nil, &Failure{Kind: KindProxy, Phase: PhaseProxy, Host: n.Line(HostPort(u)),
			Detail: "the proxy's address cannot be understood"}
	}
	resp, err := n.roundTripper(req.reads()).RoundTrip(hreq)
	if err != nil {
		t.mu.Lock()
		conn, warm := t.conn, t.warm
		t.mu.Unlock()
		f := n.tripFailure(parent, ctx, conn, u, proxy, err)
		if warm && (f.Kind == KindReset || f.Kind == KindClosed) { // the server closed it while it was idle
			req.fresh = true
			return n.roundTrip(parent, req, u, lim)
		}
		return nil, f
	}
	defer func() { _ = resp.Body.Close() }()
	t.answered()
	reply := n.reply(resp, t, u, proxy)
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return reply, nil // what follows is no body, and no context ends it
	}
	f := n.readBody(parent, ctx, reply, resp.Body, req.MaxBody)
	if f != nil {
		f.Host, f.Address = n.Line(HostPort(u)), reply.Address.String()
	}
	return reply, f
}

// httpRequest makes the request; credentials in the URL become basic
// authentication, as in every HTTP client.
func (n *Net) httpRequest(ctx context.Context, req Request, u *url.URL) (*http.Request, error) {
	var body io.Reader
	if len(req.Body) > 0 {
		body = bytes.NewReader(req.Body)
	}
	hreq, err := http.NewRequestWithContext(ctx, req.Method, u.String(), body)
	if err != nil {
		return nil, errors.New("the request cannot be made from this address") // err quotes the URL
	}
	// http.Transport logs bytes that a server sends after its answer if the
	// connection is kept; those after an answer to a POST that changes something
	// may hold a token.
	hreq.Close = !req.reads() || req.Last
	for name, values := range req.Header {
		hreq.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	hreq.Header.Set("User-Agent", cmp.Or(hreq.Header.Get("User-Agent"), n.UserAgent, "lkdoctor"))
	if u.User != nil && hreq.Header.Get("Authorization") == "" {
		password, _ := u.User.Password()
		hreq.SetBasicAuth(u.User.Username(), password)
	}
	return hreq, nil
}

func (n *Net) reply(resp *http.Response, t *trip, u, proxy *url.URL) *Reply {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &Reply{Status: resp.StatusCode, Header: resp.Header, Proto: resp.Proto, Address: t.conn.Address, Cert: t.cert}
	if !t.reused {
		r.Phases = t.conn.Phases
	}
	if !t.wrote.IsZero() && t.first.After(t.wrote) {
		r.Phases.FirstByte = t.first.Sub(t.wrote)
	}
	// A cached answer, which has an Age, keeps an old Date.
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil && resp.Header.Get("Age") == "" {
		r.Date = &token.Sample{Date: date, At: t.firstAt, RTT: r.Phases.FirstByte}
	}
	if proxy != nil {
		r.Via = n.Line(proxy.Scheme + "://" + proxy.Host)
		r.FromProxy = fromProxy(resp, u)
	}
	return r
}

// fromProxy reports whether a forward proxy answered itself: it asks for its own
// credentials, or its error page has the headers of a proxy. Through CONNECT
// (https) only the server can have answered.
func fromProxy(resp *http.Response, u *url.URL) bool {
	if Secure(u) {
		return false
	}
	named := func(name string) bool { return resp.Header.Get(name) != "" }
	return resp.StatusCode == http.StatusProxyAuthRequired || resp.StatusCode >= 400 &&
		slices.ContainsFunc([]string{"X-Squid-Error", "Proxy-Status", "Proxy-Connection", "Proxy-Authenticate"}, named)
}

// redirect returns the URL to request next, or nil where the redirect is left in
// the reply.
func (n *Net) redirect(reply *Reply, method string, from *url.URL) *url.URL {
	switch reply.Status {
	case 301, 302, 303, 307, 308:
	default:
		return nil
	}
	location := reply.Header.Get("Location")
	if location == "" {
		return nil
	}
	to, err := from.Parse(location)
	if err != nil {
		reply.Redirect = &Redirect{Status: reply.Status, To: "an address that cannot be understood"}
		return nil
	}
	shown := &url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}
	r := &Redirect{Status: reply.Status, To: n.Line(shown.String())}
	r.SameOrigin = to.Scheme == from.Scheme && SameOrigin(to, from)
	r.ToTLS = from.Scheme == "http" && to.Scheme == "https" && to.Hostname() == from.Hostname()
	reply.Redirect = r
	if !r.SameOrigin {
		return nil
	}
	to.User = from.User
	if safe(method) || (reply.Status == 307 || reply.Status == 308) && slashOnly(from, to) {
		return to
	}
	return nil
}

func slashOnly(a, b *url.URL) bool {
	pa, pb := a.EscapedPath(), b.EscapedPath()
	return a.RawQuery == b.RawQuery && (pa+"/" == pb || pa == pb+"/")
}

func (n *Net) tripFailure(parent, ctx context.Context, conn *Conn, u, proxy *url.URL, err error) *Failure {
	f := &Failure{Phase: PhaseHTTP, Host: n.Line(HostPort(u)), Detail: n.Line(err.Error())}
	var head []byte
	if conn != nil {
		f.Address, head = conn.Address.String(), conn.Head()
	}
	dial, dialled := errors.AsType[*Failure](err) // or the proxy's refusal
	op, is := errors.AsType[*net.OpError](err)
	switch {
	case cancelled(parent):
		f.Kind, f.Detail = KindCancelled, ""
	case dialled:
		dial.Host, dial.Address = cmp.Or(dial.Host, f.Host), cmp.Or(dial.Address, f.Address)
		if f = dial; proxy != nil {
			f.Kind, f.Phase = KindProxy, PhaseProxy
		}
	case is && op.Op == "proxyconnect":
		f.Kind, f.Phase = KindProxy, PhaseProxy
	case ctx.Err() == nil && isTLSError(err): // behind a proxy, or an alert after the handshake: else the dial has failed
		f.Phase, f.Kind, f.Cert = PhaseTLS, tlsKind(err, head), n.refusedCert(err)
	default:
		n.Unanswered(ctx, f, head, err)
		switch f.Kind {
		case KindSilent:
			f.Detail = "the connection was accepted and not one byte came back"
		case KindHeaderSlow:
			f.Detail = "the answer began, but its headers did not end"
		case KindNotHTTP:
			f.Detail = "the answer is not HTTP"
		}
	}
	return f
}
