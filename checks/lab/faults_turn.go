package lab

import (
	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/finding"
)

// turnFaults are TURN servers, most of which do not work. All need --media, and the lab's
// TURN server: livekit-server's speaks TLS at port 443 only.
func turnFaults() []Fault {
	server, network := by(finding.OwnerLiveKitServer), by(finding.OwnerNetwork)
	with := func(opts TURNOptions) change {
		return handingOut(func(l *Lab) (*livekit.ICEServer, error) { return l.turn(opts) })
	}
	return []Fault{
		working("healthy-turn", "nothing is wrong; the server hands out a TURN server that relays", with(TURNOptions{})),
		network("turn-only", "neither UDP nor TCP media gets through, and the TURN server's relay does", finding.MediaUDPBlocked,
			relayedOnly).warning(),
		server("turn-certificate", "the TURN server's certificate is expired", finding.TurnTLS,
			handingOut(func(l *Lab) (*livekit.ICEServer, error) {
				config, err := l.issue(&expired)
				if err != nil {
					return nil, err
				}
				return l.turn(TURNOptions{Transport: "tls", TLS: config})
			})),
		server("turn-credentials", "the TURN server does not know the credentials that the LiveKit server hands out",
			finding.TurnAuth, handingOut(func(l *Lab) (*livekit.ICEServer, error) {
				ice, err := l.turn(TURNOptions{})
				if err == nil {
					ice.Credential = "stale-" + randomHex(8)
				}
				return ice, err
			})),
		server("turn-denied", "the TURN server may not relay to anybody", finding.TurnRelayDenied, with(TURNOptions{Deny: true})),
		server("turn-refused", "nothing listens at the TURN server's address", finding.TurnUnreachable,
			handingOut(func(l *Lab) (*livekit.ICEServer, error) {
				addr, err := refused(l)
				return &livekit.ICEServer{Urls: []string{"turn:" + addr + "?transport=tcp"}, Username: "lklab",
					Credential: randomHex(8)}, err
			})),
	}
}

// relayedOnly lets no media through but that of the TURN server that the LiveKit server
// hands out.
func relayedOnly(p *plan) {
	p.media = true
	p.rewrite = func(l *Lab) (Rewrite, error) {
		blocked, err := l.nowhere()
		if err != nil {
			return Rewrite{}, err
		}
		blocked.KeepRelayed = true
		ice, err := l.turn(TURNOptions{Blocked: blocked.UDP, Open: l.LiveKit.UDPAddr})
		hidden := blocked.rewrite()
		return Rewrite{ToServer: hidden.ToServer, ToClient: func(m *livekit.SignalResponse) []*livekit.SignalResponse {
			handOut(m, ice)
			return hidden.ToClient(m)
		}}, err
	}
}

// turn starts a TURN server that ends with the lab.
func (l *Lab) turn(opts TURNOptions) (*livekit.ICEServer, error) {
	server, err := StartTURN(opts)
	if err != nil {
		return nil, err
	}
	l.keep(server.Close)
	return server.ICEServer(), nil
}

// handingOut puts a proxy before the server that replaces the ICE servers in Join and
// Reconnect, and asks for the checks of --media.
func handingOut(start func(*Lab) (*livekit.ICEServer, error)) change {
	return func(p *plan) {
		p.media = true
		p.rewrite = func(l *Lab) (Rewrite, error) {
			ice, err := start(l)
			return Rewrite{ToClient: func(m *livekit.SignalResponse) []*livekit.SignalResponse {
				handOut(m, ice)
				return []*livekit.SignalResponse{m}
			}}, err
		}
	}
}

// handOut replaces the ICE servers of a Join or a Reconnect.
func handOut(m *livekit.SignalResponse, ice *livekit.ICEServer) {
	if join := m.GetJoin(); join != nil {
		join.IceServers = []*livekit.ICEServer{ice}
	}
	if back := m.GetReconnect(); back != nil {
		back.IceServers = []*livekit.ICEServer{ice}
	}
}
