package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Delay listens on a free loopback port and passes bytes on to target with that
// round-trip time: half of it each way, in order, without loss or a limit of bandwidth.
//
// Opening a connection costs a round trip, too, for a client that sends first (HTTP,
// WebSocket, TLS): what it sends within the first round trip arrives as if sent at the
// end of it, and the target sees the connection after one and a half, when the
// handshake's last packet would arrive. But the kernel completes the client's connect at
// once, so a client that only connects, or measures connect, sees no delay.
//
// Only TCP is delayed, and not media over UDP, which goes to the server itself.
func Delay(target string, rtt time.Duration) (*Peer, error) {
	if rtt < 0 {
		return nil, fmt.Errorf("delay %s: the round-trip time is negative", target)
	}
	return serveRaw(freePort, func(conn *net.TCPConn) { splice(conn, nil, target, rtt) })
}

// handshake is the time, in round trips, until the target sees a connection: SYN, SYN-ACK
// and ACK take half of one each.
const handshake = 1.5

// splice joins conn to target until both directions have ended; first was read from conn
// already.
func splice(conn *net.TCPConn, first []byte, target string, rtt time.Duration) {
	up := newDelayLine(first, conn, rtt/2)
	sleepUntil(time.Now().Add(time.Duration(handshake * float64(rtt))))
	other, err := net.Dial("tcp4", target)
	if err != nil {
		_ = conn.SetLinger(0)
		_ = conn.Close()
		up.drop()
		return
	}
	defer other.Close()
	var both sync.WaitGroup
	both.Go(func() { up.into(other.(*net.TCPConn)) })
	both.Go(func() { newDelayLine(nil, other.(*net.TCPConn), rtt/2).into(conn) })
	both.Wait()
}

// delayChunk is the size of one read, in bytes, and delayDepth how many of those may be
// on the way: 16 MiB in each half of a round trip.
const (
	delayChunk = 16 << 10
	delayDepth = 1 << 10
)

// delayLine is one direction of a connection.
type delayLine struct {
	parcels chan parcel
	source  *net.TCPConn
}

// parcel is some bytes, or their end, and when they are due at the other end.
type parcel struct {
	data []byte
	due  time.Time
	err  error
}

// newDelayLine begins to read source, from which first was read already.
func newDelayLine(first []byte, source *net.TCPConn, delay time.Duration) *delayLine {
	line := &delayLine{parcels: make(chan parcel, delayDepth), source: source}
	line.parcels <- parcel{data: first, due: time.Now().Add(delay)}
	go func() {
		defer close(line.parcels)
		for {
			buffer := make([]byte, delayChunk)
			n, err := source.Read(buffer)
			if n > 0 {
				line.parcels <- parcel{data: buffer[:n], due: time.Now().Add(delay)}
			}
			if err != nil {
				line.parcels <- parcel{err: err, due: time.Now().Add(delay)}
				return
			}
		}
	}()
	return line
}

// into writes to sink what the line carries, each parcel when it is due, and its end, too:
// the end of one direction, or a reset of the connection. If it cannot write to sink, it
// closes the source.
func (l *delayLine) into(sink *net.TCPConn) {
	defer l.drop()
	for p := range l.parcels {
		sleepUntil(p.due)
		switch {
		case p.err == nil:
			if _, err := sink.Write(p.data); err != nil {
				_ = l.source.Close()
				return
			}
		case errors.Is(p.err, io.EOF):
			_ = sink.CloseWrite()
		default:
			if errors.Is(p.err, syscall.ECONNRESET) {
				_ = sink.SetLinger(0)
			}
			_ = sink.Close()
		}
	}
}

// coarse is more than the delay with which time.Sleep may return on Linux, whose epoll
// counts milliseconds: up to 1 ms for each half of a round trip.
const coarse = 1500 * time.Microsecond

// sleepUntil sleeps until due, and spins for the last part of the wait.
func sleepUntil(due time.Time) {
	if wait := time.Until(due); wait > coarse {
		time.Sleep(wait - coarse)
	}
	for time.Now().Before(due) {
		runtime.Gosched()
	}
}

// drop reads and discards what is left, so that the reader can end.
func (l *delayLine) drop() {
	for range l.parcels {
	}
}

// addDelay puts a Delay before the LiveKit server and the ticket service. It leaves out
// an address that accepts no connections, since a delay would accept them.
func (l *Lab) addDelay(context.Context) error {
	if l.rtt == 0 {
		return nil
	}
	for _, base := range []*string{&l.URL, &l.TicketURL} {
		u, err := url.Parse(*base)
		if err != nil {
			return err
		}
		conn, err := net.DialTimeout("tcp4", u.Host, connectable)
		if err != nil {
			continue
		}
		_ = conn.Close()
		if u.Host, err = l.started(Delay(u.Host, l.rtt)); err != nil {
			return fmt.Errorf("put the lab %s away: %w", l.rtt, err)
		}
		*base = u.String()
	}
	return nil
}

// connectable is the longest that a peer on this machine takes to accept a connection.
const connectable = 200 * time.Millisecond
