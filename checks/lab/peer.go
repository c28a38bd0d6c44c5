package lab

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Peer is a server on a loopback port. Close ends every connection and waits for the
// goroutines that serve them.
type Peer struct {
	// Addr is its host and port.
	Addr string

	listener net.Listener
	stop     chan struct{}
	once     sync.Once
	serving  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// URL is the peer's address under a scheme: "http", "ws", "wss", ….
func (p *Peer) URL(scheme string) string { return scheme + "://" + p.Addr }

// Close stops listening, ends every connection and waits for what served them.
// It may be called twice.
func (p *Peer) Close() error {
	p.once.Do(func() {
		close(p.stop)
		_ = p.listener.Close()
		p.mu.Lock()
		for conn := range p.conns {
			_ = conn.Close()
		}
		p.mu.Unlock()
	})
	p.serving.Wait()
	return nil
}

// accept returns the next connection, which Close will close.
func (p *Peer) accept() (net.Conn, error) {
	conn, err := p.listener.Accept()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.stop:
		_ = conn.Close()
		return nil, net.ErrClosed
	default:
	}
	tracked := &peerConn{TCPConn: conn.(*net.TCPConn), peer: p}
	p.conns[tracked] = true
	return tracked, nil
}

// peerConn is a connection that its peer forgets once it is closed.
type peerConn struct {
	*net.TCPConn
	peer *Peer
}

func (c *peerConn) Close() error {
	err := c.TCPConn.Close()
	// Peer.Close holds the lock while it closes connections, and forgets nothing.
	select {
	case <-c.peer.stop:
	default:
		c.peer.mu.Lock()
		delete(c.peer.conns, c)
		c.peer.mu.Unlock()
	}
	return err
}

// peerListener makes an http.Server's listener of a peer.
type peerListener struct{ *Peer }

func (l peerListener) Accept() (net.Conn, error) { return l.accept() }
func (l peerListener) Addr() net.Addr            { return l.listener.Addr() }
func (l peerListener) Close() error              { return l.listener.Close() }

func newPeer() (*Peer, error) { return newPeerAt("127.0.0.1:0") }

func newPeerAt(addr string) (*Peer, error) {
	listener, err := net.Listen("tcp4", addr)
	if err != nil {
		return nil, err
	}
	return &Peer{
		Addr:     listener.Addr().String(),
		listener: listener,
		stop:     make(chan struct{}),
		conns:    map[net.Conn]bool{},
	}, nil
}

// Serve answers HTTP on a free loopback port, or HTTPS when config is not nil.
// It logs nothing.
func Serve(handler http.Handler, config *tls.Config) (*Peer, error) {
	peer, err := newPeer()
	if err != nil {
		return nil, err
	}
	peer.serve(handler, config)
	return peer, nil
}

func (p *Peer) serve(handler http.Handler, config *tls.Config) {
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// A hijacked connection is no longer the server's: count it here too.
			p.serving.Add(1)
			defer p.serving.Done()
			handler.ServeHTTP(w, r)
		}),
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
	var listener net.Listener = peerListener{p}
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	p.serving.Add(1)
	go func() {
		defer p.serving.Done()
		_ = server.Serve(listener)
	}()
}

// serveRaw hands every connection to talk, and closes it when talk returns.
// talk ends at the latest when its connection is closed under it.
func serveRaw(talk func(conn *net.TCPConn)) (*Peer, error) {
	return serveRawAt("127.0.0.1:0", talk)
}

func serveRawAt(addr string, talk func(conn *net.TCPConn)) (*Peer, error) {
	peer, err := newPeerAt(addr)
	if err != nil {
		return nil, err
	}
	peer.serving.Add(1)
	go func() {
		defer peer.serving.Done()
		for {
			conn, err := peer.accept()
			if err != nil {
				return
			}
			peer.serving.Add(1)
			go func() {
				defer peer.serving.Done()
				defer conn.Close()
				talk(conn.(*peerConn).TCPConn)
			}()
		}
	}()
	return peer, nil
}
