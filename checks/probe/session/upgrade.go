package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
)

// SignalKind says how the signalling connection failed.
type SignalKind string

// The kinds, in the order in which a join meets them.
const (
	// SignalNetwork: no HTTP answer to the upgrade; Network says why.
	SignalNetwork SignalKind = "network"
	// SignalUpgradeRefused: an HTTP answer other than 101; Status, Header and
	// Body are its own.
	SignalUpgradeRefused SignalKind = "upgrade_refused"
	// SignalClosed: the WebSocket opened and ended before the server said Join.
	SignalClosed SignalKind = "closed"
	// SignalSilent: the WebSocket opened and no first frame came in time. The Go
	// SDK waits forever here.
	SignalSilent SignalKind = "silent"
	// SignalNotSignal: the first frame is not LiveKit's protocol.
	SignalNotSignal SignalKind = "not_signal"
	// SignalLeave: the server answered Leave instead of Join.
	SignalLeave SignalKind = "leave"
	// SignalCancelled: the caller's context was cancelled after the upgrade.
	SignalCancelled SignalKind = "cancelled"
)

// SignalFailure is why there is no Join. Every string in it is cleaned and redacted.
type SignalFailure struct {
	Kind SignalKind
	// Network is set for SignalNetwork.
	Network *probe.Failure
	// Status, Header and Body are the HTTP answer that refused the upgrade. Header
	// holds only fields that identify the server: Server, Via, CF-Ray, Location,
	// Content-Type, X-Powered-By, Retry-After, Date. Body is capped at 1 KiB.
	Status int
	Header http.Header
	Body   string
	// LiveKit reports whether Body is a known answer of livekit-server, and Refusal
	// says which.
	LiveKit bool
	Refusal probe.Reason
	// SignalEnd is how the WebSocket ended, for SignalClosed and SignalLeave.
	SignalEnd
	// FrameType is text or binary, FrameLength its bytes and Excerpt its readable
	// beginning: the frame that came instead of Join.
	FrameType   string
	FrameLength int
	Excerpt     string
	// Took is the whole time.
	Took time.Duration
}

// Error returns what failed, in words that are safe to show.
func (f *SignalFailure) Error() string {
	switch f.Kind {
	case SignalNetwork:
		return "signal: " + f.Network.Error()
	case SignalUpgradeRefused:
		if f.Body == "" {
			return fmt.Sprintf("signal: upgrade refused: %d, empty body", f.Status)
		}
		return fmt.Sprintf("signal: upgrade refused: %d: %s", f.Status, f.Body)
	case SignalClosed:
		return strings.TrimSpace(fmt.Sprintf("signal: closed before join: %d %s", f.CloseCode, f.CloseText))
	case SignalNotSignal:
		return fmt.Sprintf("signal: first frame is not a signal response: %s, %d bytes", f.FrameType, f.FrameLength)
	case SignalLeave:
		return fmt.Sprintf("signal: leave instead of join: %s", f.Reason)
	}
	return "signal: " + string(f.Kind)
}

// upgraded is an open WebSocket and the measurements of its connection.
type upgraded struct {
	ws       *websocket.Conn
	phases   SignalPhases
	remote   netip.AddrPort
	loopback bool
	bytes    *pacer // of all that is read
}

// upgrade is one request for a WebSocket.
type upgrade struct {
	net   *probe.Net
	base  *url.URL
	token string
	o     Options
	// resume is the SID of the participant to resume, "" for a join.
	resume string
	start  time.Time
}

// address returns the URL and the header of the request. It names the Go SDK, with
// which the facts about the server were measured; protocol 16 is the newest of which
// this package reads all messages.
func (g *upgrade) address() (*url.URL, http.Header) {
	u := probe.WSURL(probe.Endpoint(g.base, "/rtc"))
	q := url.Values{"version": {probe.ClientVersion}, "protocol": {"16"}, "sdk": {"go"}, "auto_subscribe": {"0"}}
	if g.o.Subscribe {
		q.Set("auto_subscribe", "1")
	}
	if g.resume != "" {
		q.Set("reconnect", "1")
		q.Set("sid", g.resume)
	}
	h := http.Header{"User-Agent": {cmp.Or(g.net.UserAgent, "lkdoctor")}}
	if g.o.InQuery {
		q.Set("access_token", g.token)
	} else {
		h.Set("Authorization", "Bearer "+g.token)
	}
	u.RawQuery = q.Encode()
	return u, h
}

// ask connects and requests the WebSocket. A warm connection that the server has
// closed is replaced once.
func (g *upgrade) ask(ctx context.Context) (up upgraded, f *SignalFailure) {
	if bad := probe.CheckURL(g.base); bad != nil {
		return up, &SignalFailure{Kind: SignalNetwork, Network: bad}
	}
	uctx, cancel := context.WithTimeout(ctx, g.o.waits(g.net).Upgrade)
	defer cancel()
	warm := g.net.TakeConn(uctx, g.base)
	up, network, f := g.once(ctx, uctx, warm)
	if warm != nil && network != nil && (network.Kind == probe.KindReset || network.Kind == probe.KindClosed) {
		up, network, f = g.once(ctx, uctx, nil)
	}
	if network != nil {
		network.Took = time.Since(g.start)
		f = &SignalFailure{Kind: SignalNetwork, Network: network}
	}
	return up, f
}

// once sends the request over conn, or over a new connection. Where a proxy is used,
// the WebSocket library opens the connection.
func (g *upgrade) once(ctx, uctx context.Context, conn *probe.Conn) (up upgraded, network *probe.Failure, refused *SignalFailure) {
	n, base := g.net, g.base
	up.loopback = probe.IsLoopbackHost(base.Hostname())
	up.bytes = newPacer(caps.SignalBytesBurst, caps.SignalBytesPerSecond)
	dialer, dial := &websocket.Dialer{ReadBufferSize: 16 << 10, WriteBufferSize: 4 << 10}, n.Dialer()
	switch proxy, err := n.ProxyFor(base); {
	case err != nil:
		return up, &probe.Failure{Kind: probe.KindProxy, Phase: probe.PhaseProxy, Host: n.Line(probe.HostPort(base)),
			Detail: n.Line(err.Error())}, nil
	case proxy != nil:
		dialer.Proxy, dialer.TLSClientConfig = http.ProxyURL(proxy), n.TLSConfig(base.Hostname())
	case conn == nil:
		if conn, network = n.Connect(uctx, base); network != nil {
			return up, network, nil
		}
	}
	if conn != nil {
		up.phases.Phases, up.remote = conn.Phases, conn.Address
		up.loopback = up.loopback || probe.AddrKind(conn.Address.Addr()) == probe.ScopeLoopback
		dial = func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	}
	unwatch := func() {}
	dialer.NetDialContext = func(dctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(dctx, network, addr)
		if err != nil {
			return nil, err
		}
		unwatch = expireWith(uctx, c)
		return &pacedConn{Conn: c, pace: up.bytes}, nil
	}
	if conn != nil {
		dialer.NetDialTLSContext = dialer.NetDialContext
	}
	u, header := g.address()
	asked := time.Now()
	ws, resp, err := dialer.DialContext(uctx, u.String(), header)
	unwatch()
	up.phases.Upgrade = time.Since(asked)
	switch {
	case err == nil:
		up.ws = ws
		return up, nil, nil
	case resp != nil:
		return up, nil, g.refused(resp)
	}
	return up, g.unanswered(ctx, uctx, conn, err), nil
}

// expireWith ends all reads and writes of conn when ctx ends: once connected, the
// WebSocket library heeds only a context's deadline. unwatch ends that, and returns
// when conn's deadlines are the caller's again.
func expireWith(ctx context.Context, conn net.Conn) (unwatch func()) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = conn.SetDeadline(time.Unix(1, 0))
		close(done)
	})
	return func() {
		if !stop() {
			<-done
		}
	}
}

// refused returns the failure for an HTTP answer other than 101.
func (g *upgrade) refused(resp *http.Response) *SignalFailure {
	header := http.Header{}
	for _, name := range []string{"Server", "Via", "Cf-Ray", "Location", "Content-Type", "X-Powered-By", "Retry-After", "Date"} {
		if v := resp.Header.Get(name); v != "" {
			header.Set(name, g.net.Line(withoutToken(v, g.token)))
		}
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, caps.Refusal))
	verdict := probe.ClassifyVerdict(resp.StatusCode, string(body))
	return &SignalFailure{Kind: SignalUpgradeRefused, Status: resp.StatusCode, Header: header,
		Body:    g.net.Short(withoutToken(string(body), g.token), 1024),
		LiveKit: verdict.FromLiveKit, Refusal: verdict.Reason}
}

// unanswered returns why no HTTP answer came. conn is nil behind a proxy.
func (g *upgrade) unanswered(ctx, uctx context.Context, conn *probe.Conn, err error) *probe.Failure {
	f := &probe.Failure{Phase: probe.PhaseHTTP, Host: g.net.Line(probe.HostPort(g.base)),
		Detail: g.net.Line(withoutToken(err.Error(), g.token))}
	if conn != nil {
		f.Address = conn.Address.String()
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.Kind, f.Detail = probe.KindCancelled, ""
	case conn == nil:
		f.Kind, f.Phase = probe.KindProxy, probe.PhaseProxy
	default:
		if g.net.Unanswered(uctx, f, conn.Head(), err); f.What == probe.ServerOtherHTTP {
			f.Kind = probe.KindClosed
		}
	}
	return f
}

// withoutToken removes the token from text: LiveKit's refusals up to 1.13.5 echo
// it. A beginning of the token at the end of text is removed too, since a body may
// be cut off in it.
func withoutToken(text, token string) string {
	text = probe.Without(text, token)
	for k := min(len(token)-1, len(text)); k >= 8; k-- {
		if strings.HasSuffix(text, token[:k]) {
			return text[:len(text)-k] + clean.Hidden
		}
	}
	return text
}
