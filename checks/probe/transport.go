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
	// ctx is the request's own: http.Transport dials with one that outlives it.
	ctx context.Context

	mu      sync.Mutex
	handoff *Conn // used instead of dialling
	// mayWarm reports whether a connection of Warm may be used, warm whether one
	// was.
	mayWarm, warm bool
	conn          *Conn
	tls           *tls.ConnectionState // of a handshake that the transport made, behind a proxy
	reused        bool
	wrote         time.Time
	first         time.Time
	firstAt       time.Time   // like first, by the Net's clock
	silence       *time.Timer // gives up on the first byte; runs from wrote to first
	patient       time.Duration
	slow          *time.Timer // gives up on the rest of the answer; runs from first on
	rest          time.Duration
	// connected is called once there is a connection; it may be nil.
	connected func()
}

// tripKey is the key of the trip in the context that the transport dials with.
type tripKey struct{}

// use records the connection of the request.
func (t *trip) use(c *Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conn = c
}

// take returns the connection that was passed in, once.
func (t *trip) take() *Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.handoff
	t.handoff = nil
	return c
}

// takeWarm takes a warm connection instead of dialling one, except the last.
func (t *trip) takeWarm(n *Net, secure bool, addr string) *Conn {
	if !t.mayWarm {
		return nil
	}
	c := n.takeSpare(t.ctx, spareKey(secure, addr), 1)
	if c != nil {
		c.asked = make(chan struct{})
		t.mu.Lock()
		t.conn, t.warm = c, true
		t.mu.Unlock()
	}
	return c
}

// onWarm reports whether takeWarm found one.
func (t *trip) onWarm() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.warm
}

// head returns the first bytes of the connection, nil if there is none.
func (t *trip) head() []byte {
	t.mu.Lock()
	c := t.conn
	t.mu.Unlock()
	if c == nil {
		return nil
	}
	return c.Head()
}

// answered stops the timer for the first byte permanently: a server may answer
// before the request is written.
func (t *trip) answered(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first.IsZero() {
		t.first, t.firstAt = time.Now(), at
		t.slow.Reset(t.rest)
	}
	t.silence.Stop()
}

// trace returns the hooks that fill the trip.
func (t *trip) trace(now func() time.Time) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			if t.connected != nil {
				t.connected()
			}
			t.mu.Lock()
			defer t.mu.Unlock()
			t.reused = info.Reused
			switch c := info.Conn.(type) {
			case *Conn:
				t.conn = c
			case *tls.Conn:
				s := c.ConnectionState()
				t.tls = &s
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
				t.silence.Reset(t.patient)
			}
		},
		GotFirstResponseByte: func() { t.answered(now()) },
	}
}

// roundTripper returns the one transport of this Net, made on first use:
// connections are kept alive between requests and closed by Close.
func (n *Net) roundTripper() *http.Transport {
	n.once.Do(func() {
		n.transport = &http.Transport{
			Proxy:                  func(r *http.Request) (*url.URL, error) { return n.ProxyFor(r.URL) },
			DialContext:            n.dialHTTP,
			DialTLSContext:         n.dialHTTPS,
			TLSClientConfig:        n.TLSConfig(""),
			TLSHandshakeTimeout:    n.Waits().TLS,
			DisableCompression:     true, // decompressed here, with a cap
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: caps.Headers,
			OnProxyConnectResponse: onProxyConnect,
		}
		n.transport.TLSClientConfig.ServerName = ""
	})
	return n.transport
}

// oneShot returns the transport for requests that may change something: it never
// uses a connection that was used before. A server may close an idle one at any
// moment, and it is unknown whether a request lost that way was carried out; it
// must not be sent twice.
func (n *Net) oneShot() *http.Transport {
	n.onceOnly.Do(func() {
		n.single = n.roundTripper().Clone()
		n.single.DisableKeepAlives = true
	})
	return n.single
}

// proxyRefusal is a proxy's answer to CONNECT that is not 200.
type proxyRefusal struct{ status int }

func (e *proxyRefusal) Error() string {
	return fmt.Sprintf("the proxy answered CONNECT with status %d", e.status)
}

// onProxyConnect keeps the status that http.Transport would only put into its error
// text.
func onProxyConnect(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode != http.StatusOK {
		return &proxyRefusal{status: res.StatusCode}
	}
	return nil
}

// dialHTTP opens a plain connection for the transport.
func (n *Net) dialHTTP(ctx context.Context, _, addr string) (net.Conn, error) {
	return n.dialTrip(ctx, addr, false)
}

// dialHTTPS opens a connection and finishes its handshake for the transport.
func (n *Net) dialHTTPS(ctx context.Context, _, addr string) (net.Conn, error) {
	return n.dialTrip(ctx, addr, true)
}

// dialTrip dials for the trip in ctx, with the trip's own context.
func (n *Net) dialTrip(ctx context.Context, addr string, secure bool) (net.Conn, error) {
	t, _ := ctx.Value(tripKey{}).(*trip)
	if t != nil {
		ctx = t.ctx
		if c := t.take(); c != nil {
			c.asked = make(chan struct{})
			t.use(c)
			return c, nil
		}
		if c := t.takeWarm(n, secure, addr); c != nil {
			return c, nil
		}
	}
	conn, f := n.ConnectTCP(ctx, addr)
	if f == nil && secure {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			host = addr
		}
		if f = n.Handshake(ctx, conn, host, nil); f != nil {
			_ = conn.Close()
		}
	}
	if f != nil {
		return nil, f
	}
	conn.asked = make(chan struct{})
	if t != nil {
		t.use(conn)
	}
	return conn, nil
}

// Close closes every connection that is kept open, and waits for goroutines in the
// background. Call it after the run.
func (n *Net) Close() {
	n.mu.Lock()
	n.closed = true
	var spares []*spare
	for _, list := range n.spares {
		spares = append(spares, list...)
	}
	n.spares = nil
	n.mu.Unlock()
	for _, s := range spares {
		s.stop()
	}
	n.work.Wait()
	n.roundTripper().CloseIdleConnections()
}
