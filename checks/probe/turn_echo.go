package probe

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"sync"
	"time"
)

const (
	// relayWaitEcho bounds the round trip through the relay.
	relayWaitEcho = 1500 * time.Millisecond
	// echoResend is how soon an unanswered packet through the relay is repeated.
	echoResend = 100 * time.Millisecond
)

// roundTrip sends a packet to the relay's address, takes it out of the relay,
// sends it back through the relay, and waits for it.
func (t *turnTalk) roundTrip(relay net.PacketConn) {
	socket, err := t.net.dialer()(t.ctx, "udp", t.r.Relay.String())
	if err != nil {
		t.failRelay(err)
		return
	}
	ctx, cancel := context.WithTimeout(t.ctx, relayWaitEcho)
	defer cancel()
	var echo sync.WaitGroup
	echo.Go(func() { echoBack(relay) })
	took, err := exchangeEcho(ctx, socket)
	_ = socket.Close()
	_ = relay.SetReadDeadline(time.Unix(1, 0))
	echo.Wait()
	if err != nil {
		t.failRelay(err)
		return
	}
	t.r.RoundTrip = took
}

func (t *turnTalk) failRelay(err error) {
	if t.r.Failed == "" {
		t.r.Failed, t.r.Text = TURNRelay, t.net.line(err.Error())
	}
}

// echoBack returns to the sender whatever comes out of the relay.
func echoBack(relay net.PacketConn) {
	buf := make([]byte, 512)
	for {
		n, from, err := relay.ReadFrom(buf)
		if err != nil {
			return
		}
		if _, err := relay.WriteTo(buf[:n], from); err != nil {
			return
		}
	}
}

var errNothingBack = errors.New("nothing came back through the relay")

// exchangeEcho sends numbered packets of random bytes until one comes back. The
// first ones may get lost while the relay learns whom it may send to.
func exchangeEcho(ctx context.Context, socket net.Conn) (time.Duration, error) {
	packet, buf := make([]byte, 33), make([]byte, 512)
	_, _ = rand.Read(packet)
	var sent []time.Time
	for ctx.Err() == nil && len(sent) < 256 {
		packet[32] = byte(len(sent))
		sent = append(sent, time.Now())
		if _, err := socket.Write(packet); err != nil {
			return 0, err
		}
		_ = socket.SetReadDeadline(time.Now().Add(echoResend))
		for {
			n, err := socket.Read(buf)
			if err != nil {
				break
			}
			if n == len(packet) && bytes.Equal(buf[:32], packet[:32]) && int(buf[32]) < len(sent) {
				return max(time.Since(sent[buf[32]]), 1), nil
			}
		}
	}
	return 0, errNothingBack
}
