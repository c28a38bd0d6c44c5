package session_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// turnServer runs a TURN server until the test ends.
func turnServer(t *testing.T, o lab.TURNOptions) *lab.TURN {
	t.Helper()
	server, err := lab.StartTURN(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// withTURN runs a LiveKit server that offers the TURN servers.
func withTURN(t *testing.T, servers ...string) *livekitServer {
	t.Helper()
	return startLiveKit(t, "turn_servers: ["+strings.Join(servers, ", ")+"]", "")
}

var loopback = netip.MustParseAddr("127.0.0.1")

// askTURN joins, leaves, and returns the reports on all ICE servers.
func askTURN(t *testing.T, n *probe.Net, server *livekitServer) []session.TURNReport {
	t.Helper()
	s, f := session.Join(within(t, 10*time.Second), n, server.base, tokenFor(t, "ada", t.Name()), session.Options{})
	if f != nil {
		t.Fatal(f)
	}
	s.Leave()
	reports := s.TURN(within(t, 10*time.Second), []netip.Addr{loopback})
	for _, r := range reports {
		t.Logf("%+v", r)
	}
	return reports
}

// serverTLS returns TURN options with a certificate of an authority that n trusts.
func serverTLS(t *testing.T, n *probe.Net, c lab.Certificate) lab.TURNOptions {
	t.Helper()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	config, err := authority.Issue(c)
	if err != nil {
		t.Fatal(err)
	}
	n.Roots = authority.Pool()
	return lab.TURNOptions{Transport: "tls", TLS: config}
}

func TestTURNWorks(t *testing.T) {
	n := slowNet(t)
	options := serverTLS(t, n, lab.Certificate{})
	server := withTURN(t, turnServer(t, lab.TURNOptions{}).Config(), turnServer(t, lab.TURNOptions{Transport: "tcp"}).Config(),
		turnServer(t, options).Config())
	reports := askTURN(t, n, server)
	if len(reports) != 3 {
		t.Fatalf("%d reports", len(reports))
	}
	for i, transport := range []string{"udp", "tcp", "tls"} {
		r := reports[i]
		if !works(r) || r.Transport != transport || r.RoundTrip <= 0 || !r.Relay.IsValid() || !r.Mapped.IsValid() || r.PeersAsked != 1 || len(r.PeersDenied) != 0 {
			t.Errorf("%+v", r)
		}
		if r.Took > time.Second {
			t.Errorf("%s took %v", transport, r.Took)
		}
	}
}

// TestTURNOfLiveKitItself uses the server's own TURN. Since livekit-server 1.13 it relays
// to loopback only if its configuration allows that.
func TestTURNOfLiveKitItself(t *testing.T) {
	t.Parallel()
	for _, allowed := range []bool{true, false} {
		more := ""
		if allowed {
			more = `, allow_restricted_peer_cidrs: ["127.0.0.0/8"]`
		}
		n := slowNet(t)
		server := startLiveKit(t, "", fmt.Sprintf("turn: {enabled: true, domain: turn.example, udp_port: %d%s}", freeUDP(t), more))
		r := askTURN(t, n, server)[0]
		denied := r.Failed == session.TURNPermission && r.OwnDenied && len(r.PeersDenied) == 1 && r.Code == 403
		if allowed != works(r) || allowed == denied {
			t.Errorf("allowed %v: %+v", allowed, r)
		}
		joined := session.JoinRelayed(within(t, 10*time.Second), n, server.base, tokenFor(t, "bea", t.Name()), false)
		if joined.Answered != allowed || !joined.Offered || !joined.Relayed {
			t.Errorf("allowed %v: %+v", allowed, joined)
		}
	}
}

func TestTURNFailures(t *testing.T) {
	refused, release, err := lab.RefusedAddr()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = release() })
	silent := silentUDP(t)
	entry := func(host string, port any, protocol, credential string) string {
		return fmt.Sprintf("{host: %q, port: %v, protocol: %s, username: u, credential: %q}", host, port, protocol, credential)
	}
	_, refusedPort, _ := strings.Cut(refused, ":")
	good := turnServer(t, lab.TURNOptions{})
	_, goodPort, _ := strings.Cut(good.Addr, ":")
	for name, c := range map[string]struct {
		config func(*probe.Net) string
		step   session.TURNStep
		kind   probe.Kind
		code   int
	}{
		"refused over TCP": {func(*probe.Net) string { return entry("127.0.0.1", refusedPort, "tcp", "canary-credential") }, session.TURNConnect, probe.KindRefused, 0},
		"refused over UDP": {func(*probe.Net) string { return entry("127.0.0.1", refusedPort, "udp", "canary-credential") }, session.TURNAllocate, probe.KindRefused, 0},
		"silent over UDP":  {func(*probe.Net) string { return entry("127.0.0.1", silent, "udp", "canary-credential") }, session.TURNAllocate, probe.KindSilent, 0},
		"wrong password":   {func(*probe.Net) string { return entry("127.0.0.1", goodPort, "udp", "canary-credential") }, session.TURNAllocate, "", 400},
		"expired certificate": {func(n *probe.Net) string {
			return turnServer(t, serverTLS(t, n, lab.Certificate{From: -48 * time.Hour, Until: -24 * time.Hour})).Config()
		}, session.TURNHandshake, probe.KindTLSExpired, 0},
		"certificate for another name": {func(n *probe.Net) string {
			return turnServer(t, serverTLS(t, n, lab.Certificate{Names: []string{"turn.example"}})).Config()
		}, session.TURNHandshake, probe.KindTLSWrongName, 0},
		"certificate of a stranger": {func(n *probe.Net) string {
			options := serverTLS(t, n, lab.Certificate{})
			serverTLS(t, n, lab.Certificate{})
			return turnServer(t, options).Config()
		}, session.TURNHandshake, probe.KindTLSUnknownCA, 0},
		"plain port": {func(n *probe.Net) string {
			config := turnServer(t, lab.TURNOptions{Transport: "tcp"}).Config()
			return strings.Replace(config, "protocol: tcp", "protocol: tls", 1)
		}, session.TURNHandshake, probe.KindClosed, 0},
		"denied": {func(*probe.Net) string { return turnServer(t, lab.TURNOptions{Deny: true}).Config() }, session.TURNPermission, "", 403},
		"mute":   {func(*probe.Net) string { return turnServer(t, lab.TURNOptions{Mute: true}).Config() }, session.TURNRelay, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			n := slowNet(t)
			n.Limits = probe.Limits{TLS: 500 * time.Millisecond, TURN: time.Second, Echo: 500 * time.Millisecond}
			r := askTURN(t, n, withTURN(t, c.config(n)))[0]
			if r.Failed != c.step || r.Code != c.code || (r.Failure == nil) != (c.kind == "") || r.Failure != nil && r.Failure.Kind != c.kind {
				t.Errorf("step %s, code %d, failure %v; want %s, %d, %s", r.Failed, r.Code, r.Failure, c.step, c.code, c.kind)
			}
			if text := fmt.Sprintf("%+v %v", r, r.Failure); strings.Contains(text, "canary") {
				t.Errorf("a credential is shown: %s", text)
			}
		})
	}
}

// TestTURNAsksNoInternetForLoopback checks that a STUN server on the internet is not asked
// if the LiveKit server is on this machine.
func TestTURNAsksNoInternetForLoopback(t *testing.T) {
	for _, r := range askTURN(t, slowNet(t), startLiveKit(t, "", "")) {
		if !r.STUN || r.NotAsked != "loopback" || r.Address.IsValid() {
			t.Errorf("%+v", r)
		}
	}
}

func TestTURNBinding(t *testing.T) {
	addr := turnServer(t, lab.TURNOptions{}).Addr
	server := startLiveKit(t, "stun_servers: [\""+addr+"\"]", "")
	reports := askTURN(t, slowNet(t), server)
	if len(reports) != 1 || !reports[0].STUN || !works(reports[0]) || !reports[0].Mapped.IsValid() {
		t.Errorf("%+v", reports)
	}
}

// works reports whether all steps for the URL succeeded.
func works(r session.TURNReport) bool { return r.NotAsked == "" && r.Failed == "" && !r.Cancelled }
