package lab

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Peer is a server on a loopback port.
type Peer struct {
	// Addr is its host and port.
	Addr string

	listener net.Listener
	cancel   context.CancelFunc // of the context of its requests
	serving  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool // nil once the peer is closed
}

// freePort is the address of a loopback port that the kernel chooses.
const freePort = "127.0.0.1:0"

// Serve answers HTTP on a free loopback port, or HTTPS if config is not nil. It logs
// nothing. The context of a request ends when the peer is closed.
func Serve(handler http.Handler, config *tls.Config) (*Peer, error) {
	p, err := newPeer(freePort)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// The server does not wait for the handler of a hijacked connection.
			p.serving.Add(1)
			defer p.serving.Done()
			handler.ServeHTTP(w, r)
		}),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				p.serving.Add(1)
			case http.StateClosed, http.StateHijacked:
				p.serving.Done()
			}
		},
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	var listener net.Listener = peerListener{p.listener, p}
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	p.serving.Go(func() { _ = server.Serve(listener) })
	return p, nil
}

// serveRaw listens at addr, passes each connection to talk, and closes it when talk
// returns. Peer.Close closes the connection and waits for talk, which must return then.
func serveRaw(addr string, talk func(conn *net.TCPConn)) (*Peer, error) {
	p, err := newPeer(addr)
	if err != nil {
		return nil, err
	}
	p.serving.Go(func() {
		for {
			conn, err := p.accept()
			if err != nil {
				return
			}
			p.serving.Go(func() {
				defer conn.Close()
				talk(conn.TCPConn)
			})
		}
	})
	return p, nil
}

func newPeer(addr string) (*Peer, error) {
	listener, err := net.Listen("tcp4", addr)
	if err != nil {
		return nil, err
	}
	return &Peer{Addr: listener.Addr().String(), listener: listener, cancel: func() {}, conns: map[net.Conn]bool{}}, nil
}

// URL returns the peer's address with a scheme: "http", "ws", "wss", ….
func (p *Peer) URL(scheme string) string { return scheme + "://" + p.Addr }

// Close stops listening, closes every connection and waits for the goroutines that serve
// them. It may be called twice.
func (p *Peer) Close() error {
	p.cancel()
	_ = p.listener.Close()
	p.mu.Lock()
	conns := p.conns
	p.conns = nil
	p.mu.Unlock()
	for conn := range conns {
		_ = conn.Close()
	}
	p.serving.Wait()
	return nil
}

// accept returns the next connection. Close closes it.
func (p *Peer) accept() (*peerConn, error) {
	conn, err := p.listener.Accept()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	tracked := &peerConn{TCPConn: conn.(*net.TCPConn), peer: p}
	p.conns[tracked] = true
	return tracked, nil
}

// peerConn is a connection of a peer.
type peerConn struct {
	*net.TCPConn
	peer *Peer
}

func (c *peerConn) Close() error {
	c.peer.mu.Lock()
	delete(c.peer.conns, c)
	c.peer.mu.Unlock()
	return c.TCPConn.Close()
}

// peerListener is the listener of an http.Server, with the connections of a peer.
type peerListener struct {
	net.Listener
	peer *Peer
}

func (l peerListener) Accept() (net.Conn, error) { return l.peer.accept() }
