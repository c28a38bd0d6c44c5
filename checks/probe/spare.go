package probe

import (
	"context"
	"net/url"
	"time"
)

// spareAge is how long an unused connection is thought fresh: some load
// balancers close one without a request after ten seconds.
const spareAge = 8 * time.Second

// spare is a connection that is being opened, or open and waiting.
type spare struct {
	cancel context.CancelFunc
	done   chan struct{}
	conn   *Conn // nil if it failed; read after done
}

// stop closes the spare, open or not yet.
func (s *spare) stop() {
	s.cancel()
	<-s.done
	if s.conn != nil {
		_ = s.conn.Close()
	}
}

// Warm begins to open one more connection to u, for TakeConn. It returns at
// once, does nothing when one is there already or a proxy is in the way, and
// reports no failure: whoever needs the connection will meet it.
func (n *Net) Warm(u *url.URL) {
	if p, err := n.ProxyFor(u); err != nil || p != nil || CheckURL(u) != nil {
		return
	}
	key := spareKey(u)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.spares[key] != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &spare{cancel: cancel, done: make(chan struct{})}
	if n.spares == nil {
		n.spares = map[string]*spare{}
	}
	n.spares[key] = s
	n.work.Go(func() {
		defer close(s.done)
		s.conn, _ = n.Connect(ctx, u)
	})
}

// dropWarm closes the warm connection to u, if there is one.
func (n *Net) dropWarm(u *url.URL) {
	key := spareKey(u)
	n.mu.Lock()
	s := n.spares[key]
	delete(n.spares, key)
	n.mu.Unlock()
	if s != nil {
		s.stop()
	}
}

// TakeConn hands over the warm connection to u (TLS finished, if u asks for
// it), or nil when there is none. It waits for one that is being opened. A
// server may hang up on an idle connection at any moment: whoever gets reset or
// EOF on it before the first byte of an answer should dial once more before
// believing it.
func (n *Net) TakeConn(ctx context.Context, u *url.URL) *Conn {
	key := spareKey(u)
	n.mu.Lock()
	s := n.spares[key]
	delete(n.spares, key)
	n.mu.Unlock()
	if s == nil {
		return nil
	}
	select {
	case <-s.done:
	case <-ctx.Done():
		s.stop()
		return nil
	}
	s.cancel()
	switch {
	case s.conn == nil:
		return nil
	case time.Since(s.conn.opened) > spareAge || !s.conn.alive():
		_ = s.conn.Close()
		return nil
	}
	return s.conn
}

// spareKey tells connections apart.
func spareKey(u *url.URL) string { return HTTPURL(u).Scheme + "://" + HostPort(u) }
