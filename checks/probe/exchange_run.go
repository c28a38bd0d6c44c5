package probe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/token"
)

// The causes with which this package's own timers cancel.
var (
	errFirstByte = errors.New("no answer in time")
	errTotal     = errors.New("the exchange did not end in time")
)

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
		if req.conn != nil {
			_ = req.conn.Close()
		}
		return nil, f
	}
	lim := n.Waits()
	if req.Total > 0 {
		lim.Exchange = req.Total
	}
	if req.FirstByte > 0 {
		lim.FirstByte = req.FirstByte
	}
	if req.Rest > 0 {
		lim.Body = req.Rest
	}
	if req.Method == "" {
		req.Method = http.MethodGet
	}
	if req.MaxBody <= 0 {
		req.MaxBody = caps.Body
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lim.Exchange, errTotal)
	defer cancel()
	if req.Spare && req.conn == nil {
		req.conn = n.TakeConn(ctx, req.URL)
	}
	var followed []Redirect
	for u := HTTPURL(req.URL); ; {
		reply, f := n.roundTrip(ctx, req, u, lim)
		req.conn = nil
		if reply != nil {
			reply.Redirects, reply.Took = followed, time.Since(start)
		}
		if f != nil {
			f.Took = time.Since(start)
			return reply, f
		}
		next := n.redirect(reply, req.Method, u)
		if next == nil {
			return reply, nil
		}
		if len(followed) == caps.Hops {
			return reply, &Failure{Kind: KindRedirectRefused, Phase: PhaseHTTP, Host: n.Line(HostPort(u)),
				Address: reply.Address.String(), Detail: "it redirects again and again", Took: time.Since(start)}
		}
		followed = append(followed, *reply.Redirect)
		u = next
	}
}

// safe reports whether a method only reads.
func safe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// reads reports whether the request only reads, so that it may be sent twice.
func (r Request) reads() bool { return safe(r.Method) || r.ReadOnly }

// roundTrip sends the request to u and reads the answer.
func (n *Net) roundTrip(parent context.Context, req Request, u *url.URL, lim Limits) (*Reply, *Failure) {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	t := &trip{
		ctx: ctx, handoff: req.conn, patient: lim.FirstByte, rest: lim.Body, connected: req.Connected, mayWarm: req.reads() && !req.fresh,
	}
	t.silence = time.AfterFunc(time.Hour, func() { cancel(errFirstByte) })
	t.slow = time.AfterFunc(time.Hour, func() { cancel(errTotal) })
	defer t.slow.Stop()
	defer func() {
		if c := t.take(); c != nil { // another connection was free
			_ = c.Close()
		}
	}()
	tctx := context.WithValue(ctx, tripKey{}, t)
	tctx = httptrace.WithClientTrace(tctx, t.trace(n.now))
	defer func() { t.answered(n.now()) }() // whatever happened: no timer stays behind

	hreq, err := n.httpRequest(tctx, req, u)
	if err != nil {
		return nil, &Failure{Kind: KindBadURL, Phase: PhaseURL, Host: n.Line(HostPort(u)), Detail: n.Line(err.Error())}
	}
	proxy, err := n.ProxyFor(u)
	if err != nil {
		return nil, &Failure{Kind: KindProxy, Phase: PhaseProxy, Host: n.Line(HostPort(u)), Detail: "the proxy's address cannot be understood"}
	}
	transport := n.roundTripper()
	if !req.reads() {
		transport = n.oneShot()
	}
	resp, err := transport.RoundTrip(hreq)
	if err != nil {
		f := n.tripFailure(parent, ctx, t, u, proxy, err)
		if t.onWarm() && (f.Kind == KindReset || f.Kind == KindClosed) { // it was hung up on while it was idle
			req.fresh = true
			return n.roundTrip(parent, req, u, lim)
		}
		return nil, f
	}
	defer func() { _ = resp.Body.Close() }()
	t.answered(n.now())

	reply := n.reply(resp, t, u, proxy)
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return reply, nil // what follows is no body, and no context ends it
	}
	b := readBody(resp.Body, resp.Header.Get("Content-Encoding"), req.MaxBody)
	reply.Body, reply.Truncated, reply.Encoding = b.data, b.truncated, b.unknown
	if f := n.bodyFailure(parent, ctx, b); f != nil {
		f.Host, f.Address = n.Line(HostPort(u)), reply.Address.String()
		return reply, f
	}
	return reply, nil
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
		hreq.Header[http.CanonicalHeaderKey(name)] = append([]string(nil), values...)
	}
	if hreq.Header.Get("User-Agent") == "" {
		agent := n.UserAgent
		if agent == "" {
			agent = "lkdoctor"
		}
		hreq.Header.Set("User-Agent", agent)
	}
	if u.User != nil && hreq.Header.Get("Authorization") == "" {
		password, _ := u.User.Password()
		hreq.SetBasicAuth(u.User.Username(), password)
	}
	return hreq, nil
}

// reply reads the answer's header.
func (n *Net) reply(resp *http.Response, t *trip, u, proxy *url.URL) *Reply {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &Reply{Status: resp.StatusCode, Header: resp.Header, Proto: resp.Proto, Reused: t.reused}
	if t.conn != nil {
		r.Address, r.TLS = t.conn.Address, t.conn.TLS
		if !t.reused {
			r.Phases = t.conn.Phases
		}
	}
	if t.tls != nil {
		r.TLS = n.tlsInfo(*t.tls)
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
	if resp.StatusCode == http.StatusProxyAuthRequired {
		return true
	}
	for _, name := range []string{"X-Squid-Error", "Proxy-Status", "Proxy-Connection", "Proxy-Authenticate"} {
		if resp.StatusCode >= 400 && resp.Header.Get(name) != "" {
			return true
		}
	}
	return false
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
	if safe(method) {
		return to
	}
	if (reply.Status == 307 || reply.Status == 308) && slashOnly(from, to) {
		return to
	}
	return nil
}

// slashOnly reports whether two URLs differ only in one trailing slash.
func slashOnly(a, b *url.URL) bool {
	pa, pb := a.EscapedPath(), b.EscapedPath()
	return a.RawQuery == b.RawQuery && (pa+"/" == pb || pa == pb+"/")
}
