package lab

import (
	"context"
	"time"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/finding"
)

// turnFaults are TURN servers, most of which do not work. All need --media, and a lab
// with its own TURN server: livekit-server's speaks TLS at port 443 only.
func turnFaults() []Fault {
	f := func(name, about string, code finding.Code, start func(*Lab) (*livekit.ICEServer, error)) Fault {
		return Fault{Name: name, About: about, Want: []finding.Code{code}, Owner: finding.OwnerLiveKitServer, Flags: true,
			set: withTURN(start)}
	}
	return []Fault{
		{Name: "healthy-turn", About: "nothing is wrong; the server hands out a TURN server that relays", Owner: finding.OwnerNone,
			Flags: true,
			set:   withTURN(func(l *Lab) (*livekit.ICEServer, error) { return l.turn(TURNOptions{}) })},
		f("turn-certificate", "the TURN server's certificate is expired", finding.TurnTLS,
			func(l *Lab) (*livekit.ICEServer, error) {
				authority, err := l.certificates()
				if err != nil {
					return nil, err
				}
				config, err := authority.Issue(Certificate{From: -48 * time.Hour, Until: -24 * time.Hour})
				if err != nil {
					return nil, err
				}
				return l.turn(TURNOptions{Transport: "tls", TLS: config})
			}),
		f("turn-credentials", "the TURN server does not know the credentials that the LiveKit server hands out",
			finding.TurnAuth, func(l *Lab) (*livekit.ICEServer, error) {
				server, err := l.turn(TURNOptions{})
				if err != nil {
					return nil, err
				}
				server.Credential = "stale-" + randomHex(8)
				return server, nil
			}),
		f("turn-denied", "the TURN server may not relay to anybody", finding.TurnRelayDenied,
			func(l *Lab) (*livekit.ICEServer, error) { return l.turn(TURNOptions{Deny: true}) }),
		f("turn-refused", "nothing listens at the TURN server's address", finding.TurnUnreachable,
			func(*Lab) (*livekit.ICEServer, error) {
				addr, err := RefusedAddr()
				return &livekit.ICEServer{Urls: []string{"turn:" + addr + "?transport=tcp"}, Username: "lklab", Credential: randomHex(8)},
					err
			}),
	}
}

// turn starts a TURN server that ends with the lab.
func (l *Lab) turn(opts TURNOptions) (*livekit.ICEServer, error) {
	server, err := StartTURN(opts)
	if err != nil {
		return nil, err
	}
	l.keep(server)
	return server.ICEServer(), nil
}

// withTURN puts a proxy before the server that hands out another ICE server,
// and asks for the checks that look at it.
func withTURN(start func(*Lab) (*livekit.ICEServer, error)) func(*plan) {
	return func(p *plan) {
		withFront(func(l *Lab) (string, error) {
			server, err := start(l)
			if err != nil {
				return "", err
			}
			peer, err := Serve(WithICEServers(l.LiveKit.Addr, server), nil)
			return l.peer(peer, err, "ws")
		})(p)
		ready := p.ready
		p.ready = func(ctx context.Context, l *Lab) error {
			l.args = append(l.args, "--media")
			if ready != nil {
				return ready(ctx, l)
			}
			return nil
		}
	}
}
