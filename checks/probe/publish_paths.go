package probe

import (
	"context"
	"net/url"
	"sync"
	"time"
)

// PathOptions are the choices of one comparison of UDP with TCP.
type PathOptions struct {
	// UDP and TCP are the tokens of two participants, one for each way.
	UDP, TCP string
	// Via is how the tokens travel; "" means ViaHeader.
	Via TokenVia
	// Timeout bounds each join's media; 0 means 8 s.
	Timeout time.Duration
}

// String keeps the tokens out of every print.
func (PathOptions) String() string { return "options of a comparison" }

// GoString is String.
func (o PathOptions) GoString() string { return o.String() }

// Path is what one way of media came to.
type Path struct {
	// Connected tells that ICE and DTLS came up this way.
	Connected bool
	// Outcome is the media's, "" when there was no Join (Failure).
	Outcome Outcome
	Failure *SignalFailure
	// Total is how long the media took to connect, RTT its round trip. A TCP
	// connection to livekit-server takes a second longer than the network needs:
	// the server waits that long for a better one.
	Total, RTT time.Duration
	// Advertised are the server's addresses for this way.
	Advertised []Candidate
}

// ComparePaths joins once with UDP alone and once with ICE/TCP alone, side by
// side, and leaves.
func (n *Net) ComparePaths(ctx context.Context, base *url.URL, o PathOptions) (udp, tcp Path) {
	if o.Timeout <= 0 {
		o.Timeout = 8 * time.Second
	}
	join := func(token string, media MediaOptions) (p Path) {
		gctx, stop := withGrace(ctx)
		defer stop()
		s, f := n.OpenSignal(gctx, base, token, SignalOptions{Via: o.Via})
		if f != nil {
			return Path{Failure: f}
		}
		defer s.Leave()
		media.Timeout = o.Timeout
		m := s.Media(ctx, media)
		defer m.Close()
		p = Path{Connected: m.Connected, Outcome: m.Outcome, Total: m.Phases.Total}
		if m.Selected != nil {
			p.RTT = m.Selected.RTT
		}
		for _, c := range m.Remote {
			if c.Type == "host" && (c.Protocol == "tcp") == media.NoUDP {
				p.Advertised = append(p.Advertised, c)
			}
		}
		return p
	}
	var both sync.WaitGroup
	both.Go(func() { udp = join(o.UDP, MediaOptions{NoTCP: true}) })
	both.Go(func() { tcp = join(o.TCP, MediaOptions{NoUDP: true}) })
	both.Wait()
	return udp, tcp
}
