package probe

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// bannerBytes is the number of first bytes of a connection that are kept, to name a
// server that does not speak HTTP.
const bannerBytes = 256

// Conn is an open connection (TLS finished, where the URL asks for it) with the
// measurements of opening it.
type Conn struct {
	net.Conn
	// Host is the host and port asked; Address the address connected to.
	Host    string
	Address netip.AddrPort
	// Resolved are all addresses of the host.
	Resolved []netip.Addr
	// Attempts are the addresses that were dialled, in the order of their end.
	Attempts []Attempt
	Phases   Phases
	TLS      *TLSInfo // nil without TLS

	opened time.Time
	record io.Writer // see Net.Record
	// asked is closed by the first Write. Where it is not nil, Read waits for it:
	// http.Transport treats bytes that come before its request as an error, and
	// logs it to standard error.
	asked  chan struct{}
	asking sync.Once
	mu     sync.Mutex
	head   []byte
	closer sync.Once
	err    error
}

// Read reads, and keeps a copy of the connection's first bytes.
func (c *Conn) Read(p []byte) (int, error) {
	if c.asked != nil {
		<-c.asked
	}
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	if room := bannerBytes - len(c.head); room > 0 && n > 0 {
		c.head = append(c.head, p[:min(n, room)]...)
	}
	c.mu.Unlock()
	return n, err
}

// Write writes, and lets waiting reads continue.
func (c *Conn) Write(p []byte) (int, error) {
	defer c.release()
	if c.record != nil {
		_, _ = c.record.Write(p)
	}
	return c.Conn.Write(p)
}

// release lets waiting reads continue.
func (c *Conn) release() {
	if c.asked != nil {
		c.asking.Do(func() { close(c.asked) })
	}
}

// Head returns a copy of the first bytes received: raw, not cleaned.
func (c *Conn) Head() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]byte(nil), c.head...)
}

// Close closes the connection; it may be called more than once.
func (c *Conn) Close() error {
	c.closer.Do(func() { c.err = c.Conn.Close() })
	c.release()
	return c.err
}

// alive reports whether an idle connection is open and has received nothing: one on
// which the server sent something unasked, or that it closed, is unfit for a new
// request.
func (c *Conn) alive() bool {
	if err := c.SetReadDeadline(time.Now().Add(200 * time.Microsecond)); err != nil {
		return false
	}
	var b [1]byte
	n, err := c.Conn.Read(b[:])
	var ne net.Error
	if n > 0 || !errors.As(err, &ne) || !ne.Timeout() {
		return false
	}
	return c.SetReadDeadline(time.Time{}) == nil
}
