package lab

import (
	"net"

	"lkdoctor/checks/finding"
)

// mediaFaults are a server that lets people in, and media that takes another
// way than it should, or none.
func mediaFaults() []Fault {
	f := func(name, about string, code finding.Code, owner finding.Owner, set func(*plan)) Fault {
		return Fault{Name: name, About: about, Want: []finding.Code{code}, Owner: owner, set: set}
	}
	warning := func(f Fault) Fault { f.Warn = true; return f }
	return []Fault{
		silent(f("no-candidates", "the server offers no ICE candidate", finding.MediaNoCandidates, finding.OwnerLiveKitServer,
			withCandidates(func(*Lab) (Candidates, error) { return Candidates{Drop: true}, nil }))),
		warning(f("udp-blocked", "UDP does not get through, TCP does", finding.MediaUDPBlocked, finding.OwnerNetwork,
			withCandidates(func(l *Lab) (Candidates, error) {
				udp, err := l.deadUDP("127.0.0.1")
				return Candidates{UDPPort: udp}, err
			}))),
		warning(f("tcp-only", "the server takes media over TCP only (force_tcp)", finding.MediaUDPBlocked, finding.OwnerLiveKitServer,
			func(p *plan) { p.server.RTC = "force_tcp: true" })),
		warning(f("wrong-address", "the server advertises an address at which it is not, and finds the client by itself",
			finding.MediaAddressUnreachable,
			finding.OwnerLiveKitServer, withCandidates(func(l *Lab) (Candidates, error) {
				address, err := ownAddress()
				if err != nil {
					return Candidates{}, err
				}
				udp, err := l.deadUDP(address)
				return Candidates{UDPAddress: address, UDPPort: udp, ServerOnly: true}, err
			}))),
		silent(f("wrong-node-ip", "the server advertises an address at which it is not, and cannot find the client by itself",
			finding.MediaFailed,
			finding.OwnerLiveKitServer, withCandidates(func(*Lab) (Candidates, error) {
				return Candidates{Address: elsewhereAddress}, nil
			}))),
		silent(f("media-blocked", "neither UDP nor TCP media gets through", finding.MediaFailed, finding.OwnerNetwork,
			withCandidates(func(l *Lab) (Candidates, error) {
				udp, err := l.deadUDP("127.0.0.1")
				if err != nil {
					return Candidates{}, err
				}
				tcp, err := NewBlackhole()
				if err != nil {
					return Candidates{}, err
				}
				l.keep(tcp)
				return Candidates{UDPPort: udp, TCPPort: portOf(tcp.Addr)}, nil
			}))),
	}
}

// elsewhereAddress is a loopback address at which no lab server receives media: they use
// 127.0.0.1 only.
const elsewhereAddress = "127.0.0.9"

// withCandidates puts a signal proxy before the server that changes the ICE
// candidates of both sides. The server itself would need a firewall for it.
func withCandidates(make func(*Lab) (Candidates, error)) func(*plan) {
	return withFront(func(l *Lab) (string, error) {
		candidates, err := make(l)
		if err != nil {
			return "", err
		}
		peer, err := Serve(SignalProxy(l.LiveKit.Addr, candidates.Rewrite()), nil)
		return l.peer(peer, err, "ws")
	})
}

// deadUDP is a port that takes UDP packets and answers none.
func (l *Lab) deadUDP(address string) (int, error) {
	conn, port, err := deadUDPAt(address)
	if err != nil {
		return 0, err
	}
	l.keep(conn)
	return port, nil
}

func portOf(addr string) int {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return 0
	}
	return at.Port
}
