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

// request returns the URL and the header of a request for a WebSocket. It names the Go
// SDK, with which the facts about the server were measured; protocol 16 is the newest
// of which this package reads all messages.
func (p *Participant) request(token, resume string) (*url.URL, http.Header) {
	u := probe.WSURL(probe.Endpoint(p.base, "/rtc"))
	q := url.Values{"version": {probe.ClientVersion}, "protocol": {"16"}, "sdk": {"go"}, "auto_subscribe": {"0"}}
	if p.o.Subscribe {
		q.Set("auto_subscribe", "1")
	}
	if resume != "" {
		q.Set("reconnect", "1")
		q.Set("sid", resume)
	}
	h := http.Header{"User-Agent": {cmp.Or(p.net.UserAgent, "lkdoctor")}}
	if p.o.InQuery {
		q.Set("access_token", token)
	} else {
		h.Set("Authorization", "Bearer "+token)
	}
	u.RawQuery = q.Encode()
	return u, h
}

// dial opens a WebSocket to the server, for a join, or else to resume the participant
// with the SID resume. A warm connection that the server has closed is replaced once.
func (p *Participant) dial(ctx context.Context, resume string) (*wire, *SignalFailure) {
	if bad := probe.CheckURL(p.base); bad != nil {
		return nil, &SignalFailure{Kind: SignalNetwork, Network: bad}
	}
	start := time.Now()
	uctx, cancel := context.WithTimeout(ctx, p.o.waits(p.net).Upgrade)
	defer cancel()
	warm := p.net.TakeConn(uctx, p.base)
	w, f := p.upgrade(ctx, uctx, warm, resume)
	if f != nil && f.Network != nil {
		if kind := f.Network.Kind; warm != nil && (kind == probe.KindReset || kind == probe.KindClosed) {
			w, f = p.upgrade(ctx, uctx, nil, resume)
		}
	}
	if f != nil && f.Network != nil {
		f.Network.Took = time.Since(start)
	}
	return w, f
}

// upgrade sends the request over conn, or over a new connection. Where a proxy is used,
// the WebSocket library opens the connection.
func (p *Participant) upgrade(ctx, uctx context.Context, conn *probe.Conn, resume string) (*wire, *SignalFailure) {
	n, base, token := p.net, p.base, p.currentToken()
	up := upgraded{loopback: probe.IsLoopbackHost(base.Hostname()), bytes: newPacer(caps.SignalBytesBurst, caps.SignalBytesPerSecond)}
	dialer, dial := &websocket.Dialer{ReadBufferSize: 16 << 10, WriteBufferSize: 4 << 10}, n.Dialer()
	var network *probe.Failure
	switch proxy, err := n.ProxyFor(base); {
	case err != nil:
		network = &probe.Failure{Kind: probe.KindProxy, Phase: probe.PhaseProxy, Host: n.Line(probe.HostPort(base)),
			Detail: n.Line(err.Error())}
	case proxy != nil:
		dialer.Proxy, dialer.TLSClientConfig = http.ProxyURL(proxy), n.TLSConfig(base.Hostname())
	case conn == nil:
		conn, network = n.Connect(uctx, base)
	}
	if network != nil {
		return nil, &SignalFailure{Kind: SignalNetwork, Network: network}
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
	u, header := p.request(token, resume)
	asked := time.Now()
	ws, resp, err := dialer.DialContext(uctx, u.String(), header)
	unwatch()
	up.ws, up.phases.Upgrade = ws, time.Since(asked)
	switch {
	case err == nil:
		return newWire(n, up), nil
	case resp != nil:
		return nil, refused(n, resp, token)
	}
	return nil, &SignalFailure{Kind: SignalNetwork, Network: p.unanswered(ctx, uctx, conn, withoutToken(err.Error(), token), err)}
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

func refused(n *probe.Net, resp *http.Response, token string) *SignalFailure {
	header := http.Header{}
	for _, name := range []string{"Server", "Via", "Cf-Ray", "Location", "Content-Type", "X-Powered-By", "Retry-After", "Date"} {
		if v := resp.Header.Get(name); v != "" {
			header.Set(name, n.Line(withoutToken(v, token)))
		}
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, caps.Refusal))
	verdict := probe.ClassifyVerdict(resp.StatusCode, string(body))
	return &SignalFailure{Kind: SignalUpgradeRefused, Status: resp.StatusCode, Header: header,
		Body:    n.Short(withoutToken(string(body), token), 1024),
		LiveKit: verdict.FromLiveKit, Refusal: verdict.Reason}
}

// unanswered returns why no HTTP answer came, with the text of err that is safe to
// show. conn is nil behind a proxy.
func (p *Participant) unanswered(ctx, uctx context.Context, conn *probe.Conn, text string, err error) *probe.Failure {
	f := &probe.Failure{Phase: probe.PhaseHTTP, Host: p.net.Line(probe.HostPort(p.base)), Detail: p.net.Line(text)}
	if conn != nil {
		f.Address = conn.Address.String()
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.Kind, f.Detail = probe.KindCancelled, ""
	case conn == nil:
		f.Kind, f.Phase = probe.KindProxy, probe.PhaseProxy
	default:
		if p.net.Unanswered(uctx, f, conn.Head(), err); f.What == probe.ServerOtherHTTP {
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
