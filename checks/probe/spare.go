package probe

import (
	"context"
	"net/url"
	"time"
)

// spareAge is the age up to which an unused connection is used: some load balancers
// close one without a request after ten seconds.
const spareAge = 8 * time.Second

// spare is a connection that is being opened, or open and idle.
type spare struct {
	cancel context.CancelFunc
	done   chan struct{}
	conn   *Conn // nil if it failed; read after done
}

func (s *spare) stop() {
	s.cancel()
	<-s.done
	if s.conn != nil {
		_ = s.conn.Close()
	}
}

// Warm starts to open connections to u until there are count of them. The last one
// is for TakeConn; the others are for requests of Exchange that would have to dial.
// It returns immediately, does nothing where a proxy is used, and reports no
// failure: the request that needs the connection will meet it. Close closes unused
// ones.
func (n *Net) Warm(u *url.URL, count int) {
	if p, err := n.ProxyFor(u); err != nil || p != nil || CheckURL(u) != nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	if n.spares == nil {
		n.spares = map[string][]*spare{}
	}
	for key := origin(u); len(n.spares[key]) < count; {
		ctx, cancel := context.WithCancel(context.Background())
		s := &spare{cancel: cancel, done: make(chan struct{})}
		n.spares[key] = append(n.spares[key], s)
		n.work.Go(func() {
			defer close(s.done)
			s.conn, _ = n.Connect(ctx, u)
		})
	}
}

func (n *Net) dropWarm(u *url.URL) {
	n.mu.Lock()
	spares := n.spares[origin(u)]
	delete(n.spares, origin(u))
	n.mu.Unlock()
	for _, s := range spares {
		s.stop()
	}
}

// TakeConn returns a warm connection to u (TLS finished, if u asks for it), or nil
// when there is none. It waits for one that is being opened. The caller closes it.
// A server may close an idle connection at any moment: a caller that gets a reset
// or EOF before the first byte of an answer should dial once more.
func (n *Net) TakeConn(ctx context.Context, u *url.URL) *Conn { return n.takeSpare(ctx, u, 0) }

// takeSpare is TakeConn, and leaves that many.
func (n *Net) takeSpare(ctx context.Context, u *url.URL, leave int) *Conn {
	key := origin(u)
	n.mu.Lock()
	spares := n.spares[key]
	if len(spares) <= leave {
		n.mu.Unlock()
		return nil
	}
	s := spares[0]
	n.spares[key] = spares[1:]
	n.mu.Unlock()
	select {
	case <-s.done:
	case <-ctx.Done():
		s.stop()
		return nil
	}
	s.cancel()
	if s.conn != nil && (time.Since(s.conn.opened) > spareAge || !s.conn.alive()) {
		_ = s.conn.Close()
		return nil
	}
	return s.conn
}

// alive reports whether an idle connection is open and has received nothing: one on
// which the server sent something unasked, or that it closed, is unfit for a new
// request.
func (c *Conn) alive() bool {
	if err := c.SetReadDeadline(time.Now().Add(200 * time.Microsecond)); err != nil {
		return false
	}
	_, err := c.Conn.Read(make([]byte, 1))
	return isTimeout(err) && c.SetReadDeadline(time.Time{}) == nil
}

// Close closes every connection that is kept open, and waits for goroutines in the
// background. Call it after the run.
func (n *Net) Close() {
	n.mu.Lock()
	n.closed = true
	all := n.spares
	n.spares = nil
	n.mu.Unlock()
	for _, spares := range all {
		for _, s := range spares {
			s.stop()
		}
	}
	n.work.Wait()
	n.roundTripper(true).CloseIdleConnections()
}
