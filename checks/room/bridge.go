package room

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/clean"
	"lkdoctor/checks/probe"
)

// The bridge's limits: how long the server may take to answer an upgrade and to
// say the first word after it, how long one write may take, and how large a
// message or an error's body may be.
const (
	dialWait   = 5 * time.Second
	wordWait   = 5 * time.Second
	writeWait  = 5 * time.Second
	maxMessage = 8 << 20
	maxRefusal = 64 << 10
)

// bridge stands between the SDK and the server: the SDK talks to a loopback
// port, the bridge to the server. It is there because the SDK waits for ever on
// a server that opens the WebSocket and says nothing (server-sdk-go v2.18.1),
// throws away the answer of a refused upgrade, takes neither proxy nor
// authorities from us, and tells of events in no order. The port's path is a
// secret, so that nobody else on the machine can use it.
type bridge struct {
	base    *url.URL
	net     *probe.Net
	redact  *clean.Redactor
	inQuery bool
	// hear is told of each message of the server, in order, before the SDK is.
	hear func(*livekit.SignalResponse)

	secret   string
	listener net.Listener
	server   *http.Server
	serving  sync.WaitGroup
	pumps    sync.WaitGroup

	mu      sync.Mutex
	sockets map[*websocket.Conn]bool
	sdk     *websocket.Conn // the SDK's present socket
	far     *websocket.Conn // the server's
	writes  sync.Mutex      // gorilla takes one writer at a time
	closed  bool
	refused *Refusal
	// dialled tells that the server let the SDK in once.
	dialled bool
	// silent tells that the server opened a WebSocket and said nothing.
	silent bool
	err    error
	// hungUp tells that the server's last WebSocket ended at the server's end,
	// before the SDK was leaving: the server closes it in answer to that, too.
	hungUp, leaving atomic.Bool
}

func newBridge(o Options, hear func(*livekit.SignalResponse)) (*bridge, error) {
	b := &bridge{base: probe.WSURL(o.URL), net: o.Net, redact: o.Redact, inQuery: o.TokenInQuery, hear: hear, sockets: map[*websocket.Conn]bool{}}
	secret := make([]byte, 16)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("make a secret path: %w", err)
	}
	b.secret = "/" + hex.EncodeToString(secret)
	var err error
	if b.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	b.server = &http.Server{Handler: b, ReadHeaderTimeout: dialWait, ErrorLog: log.New(io.Discard, "", 0)}
	b.serving.Add(1)
	go func() {
		defer b.serving.Done()
		_ = b.server.Serve(b.listener)
	}()
	return b, nil
}

// url is where the SDK finds the server.
func (b *bridge) url() string { return "ws://" + b.listener.Addr().String() + b.secret }

// ServeHTTP takes the SDK's upgrade, or its question to /rtc/validate.
func (b *bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ours := strings.CutPrefix(r.URL.Path, b.secret)
	if !ours || !strings.HasPrefix(path, "/rtc") {
		http.NotFound(w, r)
		return
	}
	if websocket.IsWebSocketUpgrade(r) {
		b.signal(w, r, path)
		return
	}
	// The SDK asks only after a failure, for a text that is not shown: the
	// doctor has its own evidence, and asks /rtc/validate itself.
	http.Error(w, "not asked again", http.StatusBadGateway)
}

// signal opens the server's WebSocket and carries messages both ways.
func (b *bridge) signal(w http.ResponseWriter, r *http.Request, path string) {
	up, err := b.dial(r, path)
	if err != nil {
		http.Error(w, "the server was not reached", http.StatusBadGateway)
		return
	}
	down, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		_ = up.Close()
		return
	}
	if !b.track(up, down) {
		_, _ = up.Close(), down.Close()
		return
	}
	go func() {
		defer b.pumps.Done()
		b.toClient(up, down)
		_ = down.Close()
		b.forget(down)
	}()
	go func() {
		defer b.pumps.Done()
		b.toServer(down, up)
		_ = up.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
		_ = up.Close()
		b.forget(up)
	}()
}

// dial opens the server's WebSocket with the SDK's query and token.
func (b *bridge) dial(r *http.Request, path string) (*websocket.Conn, error) {
	u := *b.base
	u.Path, u.RawPath = strings.TrimRight(b.base.Path, "/")+path, ""
	u.RawQuery, u.Fragment, u.User = r.URL.RawQuery, "", nil
	header := http.Header{}
	if b.inQuery {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		u.RawQuery += "&access_token=" + url.QueryEscape(token)
	} else {
		header.Set("Authorization", r.Header.Get("Authorization"))
	}
	if b.net.UserAgent != "" {
		header.Set("User-Agent", b.net.UserAgent)
	}
	ctx, cancel := context.WithTimeout(r.Context(), dialWait)
	defer cancel()
	dialer := &websocket.Dialer{
		Proxy:            func(*http.Request) (*url.URL, error) { return b.net.ProxyFor(b.base) },
		NetDialContext:   b.net.Dial,
		TLSClientConfig:  b.net.TLSConfig(b.base.Hostname()),
		HandshakeTimeout: dialWait,
	}
	up, resp, err := dialer.DialContext(ctx, u.String(), header)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.err = err
		if resp != nil {
			body, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
			b.refused = &Refusal{Status: resp.StatusCode, Body: b.redact.Clean(string(body), 300)}
		}
		return nil, err
	}
	b.dialled = true
	return up, nil
}

// track remembers both sockets for close, and counts their pumps.
func (b *bridge) track(up, down *websocket.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.sockets[up], b.sockets[down], b.sdk, b.far = true, true, down, up
	b.hungUp.Store(false)
	b.leaving.Store(false)
	b.pumps.Add(2)
	return true
}

func (b *bridge) forget(s *websocket.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sockets, s)
}

// close waits for at most grace until the SDK has hung up by itself, so that
// its last word arrives, then ends what is left.
func (b *bridge) close(grace time.Duration) {
	b.mu.Lock()
	b.closed = true // no more pumps from here on
	b.mu.Unlock()
	_ = b.listener.Close()
	idle := make(chan struct{})
	go func() { b.pumps.Wait(); close(idle) }()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	}
	b.mu.Lock()
	for s := range b.sockets {
		_ = s.NetConn().Close()
	}
	b.mu.Unlock()
	_ = b.server.Close()
	<-idle
	b.serving.Wait()
}

// evidence is what the bridge saw of a join that failed.
func (b *bridge) evidence() (refused *Refusal, dialled, silent bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refused, b.dialled, b.silent, b.err
}
