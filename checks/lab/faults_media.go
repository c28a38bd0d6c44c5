package lab

import "lkdoctor/checks/finding"

// mediaFaults are a server that accepts participants, and media that takes another path
// than it should, or none.
func mediaFaults() []Fault {
	server, network := by(finding.OwnerLiveKitServer), by(finding.OwnerNetwork)
	// changed puts a signal proxy before the server, which itself would need a firewall.
	changed := func(make func(*Lab) (candidates, error)) change {
		return func(p *plan) {
			p.rewrite = func(l *Lab) (Rewrite, error) {
				c, err := make(l)
				return c.rewrite(), err
			}
		}
	}
	return []Fault{
		server("no-candidates", "the server offers no ICE candidate", finding.MediaNoCandidates,
			rewritten(candidates{Drop: true}.rewrite())).silent(),
		network("udp-blocked", "UDP does not get through, TCP does", finding.MediaUDPBlocked,
			changed(func(l *Lab) (candidates, error) {
				udp, err := l.deadUDP("127.0.0.1")
				return candidates{UDP: udp}, err
			})).warning(),
		server("tcp-only", "the server takes media over TCP only (force_tcp)", finding.MediaUDPBlocked,
			func(p *plan) { p.server.RTC = "force_tcp: true" }).warning(),
		server("wrong-address", "the server advertises an address at which it is not, and finds the client by itself",
			finding.MediaAddressUnreachable, changed(func(l *Lab) (candidates, error) {
				address, err := ownAddress()
				if err != nil {
					return candidates{}, err
				}
				udp, err := l.deadUDP(address)
				return candidates{UDP: udp, ServerOnly: true}, err
			})).warning(),
		server("wrong-node-ip", "the server advertises an address at which it is not, and cannot find the client by itself",
			finding.MediaFailed, rewritten(candidates{UDP: unused, TCP: unused}.rewrite())).silent(),
		network("media-blocked", "neither UDP nor TCP media gets through", finding.MediaFailed,
			changed((*Lab).nowhere)).silent(),
	}
}

// nowhere returns candidates with a UDP and a TCP port that answer nothing.
func (l *Lab) nowhere() (candidates, error) {
	udp, err := l.deadUDP("127.0.0.1")
	if err != nil {
		return candidates{}, err
	}
	tcp, err := blackhole(l)
	return candidates{UDP: udp, TCP: tcp}, err
}

// unused is an address of loopback at which no lab receives media: they use 127.0.0.1 only.
const unused = "127.0.0.9:"
