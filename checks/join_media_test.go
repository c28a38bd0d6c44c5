package checks

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/codetest"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// candidate returns a host candidate as a join records it.
func candidate(protocol, address string) session.Candidate {
	addr := netip.MustParseAddr(address)
	return session.Candidate{Type: "host", Protocol: protocol, Address: address, Port: 7882, Kind: probe.AddrKind(addr)}
}

func connected(remote ...session.Candidate) *session.Media {
	pair := session.Pair{Remote: remote[0], State: webrtc.StatsICECandidatePairStateSucceeded, Nominated: true, RequestsSent: 1, ResponsesReceived: 1, RTT: time.Millisecond}
	return &session.Media{Outcome: session.OutcomeConnected, Connected: true, Remote: remote, Pairs: []session.Pair{pair}, Selected: &pair}
}

// TestSlowOnThisMachineBlamesNoNetwork checks that a high round trip time on loopback
// is only information, because it shows a busy machine.
func TestSlowOnThisMachineBlamesNoNetwork(t *testing.T) {
	m := connected(candidate("udp", "127.0.0.1"))
	m.Selected.RTT = 700 * time.Millisecond
	here := &session.Participant{Remote: netip.MustParseAddrPort("127.0.0.1:7880"), Loopback: true}
	found := mediaFindings(&JoinRecord{Signal: here, Media: m})
	if len(found) != 1 || found[0].Code != finding.MediaSlow || found[0].Severity != finding.Info || found[0].Party != finding.OwnerNone {
		t.Errorf("%+v", found)
	}
}

// TestMediaCodes covers outcomes that one machine cannot produce, such as a public
// server with private addresses. The lab's media faults cover the others on a real server.
func TestMediaCodes(t *testing.T) {
	const public = "8.8.8.8"
	for _, tt := range []struct {
		name     string
		reached  string
		media    func() *session.Media
		code     Code
		severity finding.Severity
		owner    Owner
		silent   []session.Candidate
	}{
		{name: "a TURN server is offered and gave no address", reached: public, media: func() *session.Media {
			return &session.Media{Outcome: session.OutcomeNothingAnswered, Remote: []session.Candidate{candidate("udp", public)}, RelayOffered: true,
				Pairs: []session.Pair{{Remote: candidate("udp", public), RequestsSent: 9}}}
		}, code: finding.MediaFailed, severity: finding.Fail, owner: finding.OwnerNetwork},
		{name: "a container's address is silent beside one that answers", reached: public, media: func() *session.Media {
			return connected(candidate("udp", public), candidate("udp", "172.17.0.1"))
		}, silent: []session.Candidate{candidate("udp", "172.17.0.1")}},
		{name: "a public address is silent beside one that answers", reached: "10.0.0.7", media: func() *session.Media {
			return connected(candidate("udp", "10.0.0.7"), candidate("udp", public))
		}, code: finding.MediaAddressUnreachable, severity: finding.Warn, owner: finding.OwnerLiveKitServer,
			silent: []session.Candidate{candidate("udp", public)}},
		{name: "the only address is silent", reached: "10.0.0.7", media: func() *session.Media {
			m := connected(candidate("udp", "10.0.0.8"))
			m.Pairs, m.Selected.Remote.Type = nil, "prflx"
			return m
		}, code: finding.MediaAddressUnreachable, severity: finding.Warn, owner: finding.OwnerLiveKitServer,
			silent: []session.Candidate{candidate("udp", "10.0.0.8")}},
		{"advertises a container's address and nothing answers", public, func() *session.Media {
			return &session.Media{Outcome: session.OutcomeNothingAnswered, Remote: []session.Candidate{candidate("udp", "172.17.0.2")}}
		}, finding.MediaPrivateCandidates, finding.Fail, finding.OwnerLiveKitServer, nil},
		{"advertises a private address and connects all the same", public, func() *session.Media {
			return connected(candidate("udp", "10.0.0.7"))
		}, finding.MediaPrivateCandidates, finding.Warn, "", nil},
		{"private address for a private server is as it should be", "10.0.0.7", func() *session.Media {
			return connected(candidate("udp", "10.0.0.7"))
		}, "", "", "", nil},
		{"nothing answers at a public address", public, func() *session.Media {
			return &session.Media{Outcome: session.OutcomeNothingAnswered, Remote: []session.Candidate{candidate("udp", public)}}
		}, finding.MediaFailed, finding.Fail, finding.OwnerNetwork, nil},
		{"nothing answers at another address, and the one reached does", public, func() *session.Media {
			return &session.Media{Outcome: session.OutcomeNothingAnswered, Remote: []session.Candidate{candidate("udp", "1.1.1.1")},
				Pairs:     []session.Pair{{Remote: candidate("udp", "1.1.1.1"), RequestsSent: 9}},
				AtReached: []session.ReachedAsk{{Candidate: candidate("udp", public), Answered: true}}}
		}, finding.MediaFailed, finding.Fail, finding.OwnerLiveKitServer, nil},
		{"nothing answers at a container's address, and the private one reached does", "10.0.0.7", func() *session.Media {
			return &session.Media{Outcome: session.OutcomeNothingAnswered, Remote: []session.Candidate{candidate("udp", "172.17.0.2")},
				Pairs:     []session.Pair{{Remote: candidate("udp", "172.17.0.2"), RequestsSent: 9}},
				AtReached: []session.ReachedAsk{{Candidate: candidate("udp", "10.0.0.7"), Answered: true}}}
		}, finding.MediaFailed, finding.Fail, finding.OwnerLiveKitServer, nil},
		{"nothing answers at another address, nor at the one reached", public, func() *session.Media {
			return &session.Media{Outcome: session.OutcomeNothingAnswered, Remote: []session.Candidate{candidate("udp", "1.1.1.1")},
				Pairs:     []session.Pair{{Remote: candidate("udp", "1.1.1.1"), RequestsSent: 9}},
				AtReached: []session.ReachedAsk{{Candidate: candidate("udp", public)}}}
		}, finding.MediaFailed, finding.Fail, finding.OwnerUnknown, nil},
		{"IPv4 advertised, IPv6 here", "2001:4860:4860::8888", func() *session.Media {
			return &session.Media{Outcome: session.OutcomeNothingAnswered, Remote: []session.Candidate{candidate("udp", public)},
				Local: []session.Candidate{candidate("udp", "2001:4860:4860::1")}}
		}, finding.MediaFailed, finding.Fail, finding.OwnerLiveKitServer, nil},
		{"the server is heard and does not answer", public, func() *session.Media {
			return &session.Media{Outcome: session.OutcomeICEFailed, Remote: []session.Candidate{candidate("udp", public)},
				Pairs: []session.Pair{{Remote: candidate("udp", public), RequestsSent: 9, RequestsReceived: 5}}}
		}, finding.MediaFailed, finding.Fail, finding.OwnerNetwork, nil},
		{"ICE up, DTLS not", public, func() *session.Media {
			return &session.Media{Outcome: session.OutcomeDTLSFailed, Remote: []session.Candidate{candidate("udp", public)}}
		}, finding.MediaDTLSFailed, finding.Fail, "", nil},
		{"a round trip of 400 ms", public, func() *session.Media {
			m := connected(candidate("udp", public))
			m.Selected.RTT = 400 * time.Millisecond
			return m
		}, finding.MediaSlow, finding.Warn, "", nil},
		{"six seconds to connect", public, func() *session.Media {
			m := connected(candidate("udp", public))
			m.Phases.Total = 6 * time.Second
			return m
		}, finding.MediaSlow, finding.Warn, "", nil},
		{"the ICE/TCP port refuses", public, func() *session.Media {
			m := connected(candidate("udp", public))
			m.TCP = []session.TCPDial{{Candidate: candidate("tcp", public), Failure: &probe.Failure{Kind: probe.KindRefused}}}
			return m
		}, finding.MediaTCPUnreachable, finding.Warn, "", nil},
		{name: "a wrong address is found by luck, and is not told as its TCP port", reached: "10.0.0.7", media: func() *session.Media {
			m := connected(candidate("udp", "10.0.0.7"), candidate("udp", "203.0.113.7"), candidate("tcp", "203.0.113.7"))
			m.TCP = []session.TCPDial{{Candidate: candidate("tcp", "203.0.113.7"), Failure: &probe.Failure{Kind: probe.KindSYNTimeout}}}
			return m
		}, code: finding.MediaAddressUnreachable, severity: finding.Warn, owner: finding.OwnerLiveKitServer,
			silent: []session.Candidate{candidate("udp", "203.0.113.7")}},
		{"no route to the ICE/TCP port's address family", public, func() *session.Media {
			m := connected(candidate("udp", public))
			m.TCP = []session.TCPDial{{Candidate: candidate("tcp", public), Failure: &probe.Failure{Kind: probe.KindUnreachable}}}
			return m
		}, "", "", "", nil},
		{"TCP although UDP is offered", public, func() *session.Media {
			return connected(candidate("tcp", public), candidate("udp", public))
		}, finding.MediaUDPBlocked, finding.Warn, finding.OwnerNetwork, nil},
		{"no address at all", public, func() *session.Media {
			return &session.Media{Outcome: session.OutcomeNoRemoteCandidates}
		}, finding.MediaNoCandidates, finding.Fail, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reached := netip.AddrPortFrom(netip.MustParseAddr(tt.reached), 443)
			found := mediaFindings(&JoinRecord{Signal: &session.Participant{Remote: reached}, Media: tt.media(), Silent: tt.silent})
			if tt.code == "" {
				if len(found) > 0 {
					t.Errorf("found %s: %s", found[0].Code, found[0].Message)
				}
				return
			}
			for _, f := range found {
				wantVariant(t, f)
			}
			if len(tt.silent) > 0 && len(found) != 1 {
				t.Errorf("one address is wrong, and %d findings tell of it: %+v", len(found), found)
			}
			if f := codetest.Wants(t, found, tt.code); f.Severity != tt.severity || f.Party != tt.owner {
				t.Errorf("want %s %s by %q; found %+v", tt.severity, tt.code, tt.owner, found)
			}
		})
	}
}

// TestNoHairpin checks that a server whose public address is silent from inside its
// network counts as behind a router without hairpin NAT, not as misconfigured.
func TestNoHairpin(t *testing.T) {
	for variant, silent := range map[string]session.Candidate{
		"same-network": candidate("udp", "8.8.8.8"), "wrong-address": candidate("udp", "10.9.9.9"),
	} {
		m := connected(candidate("udp", "10.0.0.7"), silent)
		m.Pairs = nil
		found := mediaFindings(&JoinRecord{Signal: &session.Participant{Remote: netip.MustParseAddrPort("10.0.0.7:7880")}, Media: m,
			Silent: []session.Candidate{silent}, SameNetwork: true})
		if len(found) != 1 || found[0].Code != finding.MediaAddressUnreachable || found[0].Variant != variant {
			t.Errorf("%+v, want %s", found, variant)
		}
	}
}
