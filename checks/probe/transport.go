package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"

	"lkdoctor/checks/caps"
)

// trip is the state of one request.
type trip struct {
	net *Net
	// ctx is the request's own: http.Transport dials with one that outlives it.
	ctx context.Context
	lim Limits
	req Request

	mu      sync.Mutex // of all below
	handoff *Conn      // used instead of dialling
	conn    *Conn
	warm    bool  // conn was opened by Warm
	cert    *Cert // behind a proxy, the transport makes the handshake
	reused  bool
	wrote   time.Time
	first   time.Time
	firstAt time.Time   // like first, by the Net's clock
	silence *time.Timer // gives up on the first byte; runs from wrote to first
	slow    *time.Timer // gives up on the rest of the answer; runs from first on
}

// tripKey is the key of the trip in the context that the transport dials with.
type tripKey struct{}

// take returns the connection that was passed in, once.
func (t *trip) take() *Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.handoff
	t.handoff = nil
	return c
}

// answered stops the timer for the first byte permanently: a server may answer
// before the request is written.
func (t *trip) answered() {
	now := time.Now
	if t.net.Now != nil {
		now = t.net.Now
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first.IsZero() {
		t.first, t.firstAt = time.Now(), now()
		t.slow.Reset(t.lim.Body)
	}
	t.silence.Stop()
}

func (t *trip) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			if t.req.Connected != nil {
				t.req.Connected()
			}
			t.mu.Lock()
			defer t.mu.Unlock()
			t.reused = info.Reused
			switch c := info.Conn.(type) {
			case *Conn:
				t.conn, t.cert = c, c.Cert
			case *tls.Conn:
				t.cert = t.net.cert(c.ConnectionState().PeerCertificates)
				if under, ok := c.NetConn().(*Conn); ok {
					t.conn = under
				}
			}
		},
		WroteRequest: func(httptrace.WroteRequestInfo) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.wrote = time.Now()
			if t.first.IsZero() {
				t.silence.Reset(t.lim.FirstByte)
			}
		},
		GotFirstResponseByte: t.answered,
	}
}

// roundTripper returns the transport for requests that only read, which keeps
// connections until Close, or the one for requests that may change something, which
// never uses a connection twice: a server may close an idle one at any moment, and
// it is unknown whether a request lost that way was carried out; it must not be sent
// again. Both are made on first use.
func (n *Net) roundTripper(reads bool) *http.Transport {
	n.once.Do(func() {
		n.transport = &http.Transport{
			Proxy:                  func(r *http.Request) (*url.URL, error) { return n.ProxyFor(r.URL) },
			DialContext:            n.dialTrip("http"),
			DialTLSContext:         n.dialTrip("https"),
			TLSClientConfig:        n.TLSConfig(""),
			TLSHandshakeTimeout:    n.Waits().TLS,
			DisableCompression:     true, // decompressed here, with a cap
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: caps.Headers,
			OnProxyConnectResponse: onProxyConnect,
		}
		n.single = n.transport.Clone()
		n.single.DisableKeepAlives = true
	})
	if reads {
		return n.transport
	}
	return n.single
}

// onProxyConnect keeps the status of a proxy that refuses CONNECT, which
// http.Transport would only put into its error text.
func onProxyConnect(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode != http.StatusOK {
		return &Failure{Status: res.StatusCode, Detail: fmt.Sprintf("the proxy answered CONNECT with status %d", res.StatusCode)}
	}
	return nil
}

// dialTrip returns the function with which a transport opens connections for a trip:
// the one that was passed in, or one of Warm's, except the last, or a new one.
func (n *Net) dialTrip(scheme string) DialFunc {
	return func(ctx context.Context, _, addr string) (net.Conn, error) {
		t := ctx.Value(tripKey{}).(*trip)
		u := &url.URL{Scheme: scheme, Host: addr}
		conn, warm := t.take(), false
		if conn == nil && t.req.reads() && !t.req.fresh {
			conn = n.takeSpare(t.ctx, u, 1)
			warm = conn != nil
		}
		if conn == nil {
			var f *Failure
			if conn, f = n.Connect(t.ctx, u); f != nil {
				f.Host = n.Line(addr)
				return nil, f
			}
		}
		conn.asked = make(chan struct{})
		t.mu.Lock()
		defer t.mu.Unlock()
		t.conn, t.warm = conn, warm
		return conn, nil
	}
}
