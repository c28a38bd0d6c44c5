package checks

import (
	"fmt"
	"slices"
	"strings"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/config/clean"
)

// failedFinding reports what was tried when nothing connected. It blames the
// advertised addresses only with proof: their kind, or that the server takes media
// at the address where signalling reached it.
func failedFinding(j *JoinRecord) Finding {
	m := j.Media
	advertised, here := joinNames(addresses(m.Remote)), answersAtReached(m)
	if kind, hidden := onlyUnroutable(j); hidden {
		f := finding.New(finding.MediaPrivateCandidates, finding.Fail,
			"the server was reached at %s and advertises only %s for media, of kind %s: nothing answered there",
			reachedAddr(j), advertised, kind).As(privateVariant(kind)).By(finding.OwnerLiveKitServer)
		if here != "" {
			f.Message = finding.Textf("the server was reached at %s and advertises only %s for media, of kind %s: nothing answered there, and %s did",
				reachedAddr(j), advertised, kind, here)
			f = f.As("answers-outside")
		}
		return withMediaFacts(f, j)
	}
	switch {
	case here != "":
		return withMediaFacts(finding.New(finding.MediaFailed, finding.Fail,
			"the server advertises %s for media, where nothing answered; asked at the address where it was reached, %s answered", advertised, here).
			As("wrong-address").By(finding.OwnerLiveKitServer), j)
	case familiesApart(m):
		return withMediaFacts(finding.New(finding.MediaFailed, finding.Fail,
			"the server advertises %s for media, and this machine has no address of that family to reach it from", advertised).
			By(finding.OwnerLiveKitServer).As("address-family").With("advertised", advertised), j)
	case heardOnly(m):
		return withMediaFacts(finding.New(finding.MediaFailed, finding.Fail,
			"the server's packets arrive here, and none of %d checks sent to %s was answered: only one direction is open",
			udpSent(m), joinNames(addresses(withProtocol(m.Remote, "udp")))).
			As("one-way").By(finding.OwnerNetwork), j)
	case reachedUnadvertised(j):
		return withMediaFacts(finding.New(finding.MediaFailed, finding.Fail,
			"no media path connected: %s; the server was reached at %s, which is another address", triedWords(m), reachedAddr(j)).
			By(finding.OwnerUnknown).As("other-address").With("advertised", advertised), j)
	}
	if m.RelayOffered && !relays(m) {
		return withMediaFacts(finding.New(finding.MediaFailed, finding.Fail,
			"no media path connected: %s; a TURN server is offered, and gave no address to relay from", triedWords(m)).
			By(finding.OwnerNetwork).As("no-relay"), j)
	}
	return withMediaFacts(finding.New(finding.MediaFailed, finding.Fail, "no media path connected: %s", triedWords(m)).
		As("blocked").By(finding.OwnerNetwork), j)
}

// relays reports whether a TURN server gave this machine an address.
func relays(m *session.Media) bool {
	return slices.ContainsFunc(m.Local, func(c session.Candidate) bool { return c.Type == "relay" })
}

// familiesApart reports whether the server advertises IPv4 only and this machine
// has IPv6 only, or vice versa.
func familiesApart(m *session.Media) bool {
	four := func(c session.Candidate) bool { return !strings.Contains(c.Address, ":") }
	if len(m.Local) == 0 || len(m.Remote) == 0 || len(m.Pairs) > 0 {
		return false
	}
	for _, theirs := range m.Remote {
		if slices.ContainsFunc(m.Local, func(ours session.Candidate) bool { return four(ours) == four(theirs) }) {
			return false
		}
	}
	return true
}

// privateVariant returns the variant of MEDIA_PRIVATE_CANDIDATES for a kind of
// address.
func privateVariant(kind string) string {
	switch probe.Scope(kind) {
	case probe.ScopeContainer:
		return "container"
	case probe.ScopeLoopback, probe.ScopeUnspecified:
		return "loopback"
	case probe.ScopeCGNAT:
		return "carrier"
	}
	return "private"
}

// triedWords describes what was sent to the advertised addresses and what came
// back. Checks over TCP count only where a connection was made: pion counts them
// when they are queued.
func triedWords(m *session.Media) Text {
	sent, back := map[string]uint64{}, map[string]uint64{}
	for _, p := range m.Pairs {
		sent[p.Remote.Protocol] += p.RequestsSent
		back[p.Remote.Protocol] += p.ResponsesReceived
	}
	udp, tcp := addresses(withProtocol(m.Remote, "udp")), Text{}
	for _, dial := range m.TCP {
		switch where := dial.Candidate.HostPort(); {
		case dial.Reachable && (tcp.IsZero() || back["tcp"] > 0):
			tcp = finding.Textf("TCP %s: connected, %d checks answered", where, back["tcp"])
		case dial.Reachable, !tcp.IsZero():
		case dial.Failure != nil && dial.Failure.Kind == probe.KindRefused:
			tcp = finding.Textf("TCP %s: refused", where)
		case dial.Failure != nil && dial.Failure.Kind == probe.KindUnreachable:
			tcp = finding.Textf("TCP %s: no route", where)
		default:
			tcp = finding.Textf("TCP %s: no answer", where)
		}
	}
	words := finding.Textf("UDP %s: %d checks sent, %d answered", joinNames(udp), sent["udp"], back["udp"])
	switch {
	case len(udp) == 0 && !tcp.IsZero():
		return tcp
	case !tcp.IsZero():
		return finding.Textf("%s; %s", words, tcp)
	}
	return words
}

// heardOnly reports whether packets of the server arrived and none of the doctor's
// checks was answered.
func heardOnly(m *session.Media) bool {
	heard := false
	for _, p := range m.Pairs {
		if p.ResponsesReceived > 0 {
			return false
		}
		heard = heard || p.Remote.Protocol == "udp" && p.RequestsReceived > 0
	}
	return heard
}

func udpSent(m *session.Media) (sent uint64) {
	for _, p := range m.Pairs {
		if p.Remote.Protocol == "udp" {
			sent += p.RequestsSent
		}
	}
	return sent
}

// answersAtReached names the protocols over which the server takes media at the
// address where signalling reached it; "" where none answered or was asked.
func answersAtReached(m *session.Media) string {
	for _, ask := range m.AtReached {
		if ask.Answered {
			return fmt.Sprintf("%s (%s)", ask.Candidate.HostPort(), strings.ToUpper(ask.Candidate.Protocol))
		}
	}
	return ""
}

func reachedAddr(j *JoinRecord) string { return j.Signal.Remote.Addr().Unmap().String() }

// reachedUnadvertised reports whether signalling reached the server at an address that it
// does not advertise.
func reachedUnadvertised(j *JoinRecord) bool {
	if !j.Signal.Remote.IsValid() || len(j.Media.Remote) == 0 {
		return false
	}
	for _, c := range j.Media.Remote {
		if c.Address == reachedAddr(j) {
			return false
		}
	}
	return true
}

// addresses returns the hosts and ports of advertised candidates, without
// duplicates.
func addresses(list []session.Candidate) []string {
	var out []string
	seen := map[string]bool{}
	for _, c := range list {
		if at := clean.Line(c.HostPort(), 80); c.Type != "prflx" && !seen[at] {
			seen[at] = true
			out = append(out, at)
		}
	}
	return out
}

func withProtocol(list []session.Candidate, protocol string) []session.Candidate {
	var out []session.Candidate
	for _, c := range list {
		if c.Protocol == protocol {
			out = append(out, c)
		}
	}
	return out
}

// onlyUnroutable reports whether all advertised addresses are of a kind that cannot
// be reached from the network of the signalling address, and returns the kind.
func onlyUnroutable(j *JoinRecord) (string, bool) {
	if !j.Signal.Remote.IsValid() || probe.AddrKind(j.Signal.Remote.Addr()) != probe.ScopePublic {
		return "", false
	}
	kind := ""
	for _, c := range j.Media.Remote {
		if c.Type == "prflx" {
			continue
		}
		if scope := string(c.Kind); scope == string(probe.ScopePublic) {
			return "", false
		} else if kind == "" {
			kind = scope
		}
	}
	return kind, kind != ""
}
