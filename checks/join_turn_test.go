package checks

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/codetest"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/config"
	"lkdoctor/config/clean"
	"lkdoctor/config/secret"
)

// A mediaLab is a real server and a key pair that it accepts.
type mediaLab struct {
	server *lab.LiveKit
	pair   lab.Pair
}

func startMediaLab(tb testing.TB, o lab.LiveKitOptions) *mediaLab {
	tb.Helper()
	pair := lab.NewPair()
	o.Keys = map[string]string{pair.Key: pair.Secret}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	server, err := lab.StartLiveKit(ctx, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = server.Close() })
	return &mediaLab{server: server, pair: pair}
}

// media returns a Case with --media for url, modified by change.
func (l *mediaLab) media(tb testing.TB, url string, change ...func(*Case)) *Case {
	tb.Helper()
	set := func(name, value string) config.Setting {
		return config.Setting{Name: name, Value: value, Secret: secret.New(value), Source: config.Source{Kind: config.Environment}}
	}
	secret := set("LIVEKIT_API_SECRET", l.pair.Secret)
	secret.Sensitive, secret.Value = true, ""
	c := &Case{
		Settings: &config.Settings{URL: set("LIVEKIT_URL", url), APIKey: set("LIVEKIT_API_KEY", l.pair.Key),
			APISecret: secret, Env: config.Variables{}},
		Options: Options{Media: true}, Now: time.Now, Net: &probe.Net{},
		Redact: clean.NewRedactor(l.pair.Secret), Nonce: fmt.Sprintf("%08x", time.Now().UnixNano()&0xffffffff),
	}
	for _, f := range change {
		f(c)
	}
	return c
}

// quick scales the limits to a fifth, so that a test waits less for what never comes.
// On a busy machine that is still enough for what does come.
func quick(c *Case) { c.Net.Limits = probe.DefaultLimits().Scaled(0.2) }

// diagnose runs c and returns the results by check ID.
func diagnose(tb testing.TB, c *Case) (Ended, check.Run) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	run := Do(ctx, c, false, func(check.Event) {})
	out := Ended{}
	for _, r := range run.Results {
		out[r.Check.ID] = r
	}
	return out, run
}

func codesOf(r check.Result) (out []Code) {
	for _, f := range r.Findings {
		out = append(out, f.Code)
	}
	return out
}

// turnPeer starts a TURN server and a LiveKit server that offers it to clients.
func turnPeer(t *testing.T, o lab.TURNOptions, change func(config string) string) *mediaLab {
	t.Helper()
	server, err := lab.StartTURN(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	entry := server.Config()
	if change != nil {
		entry = change(entry)
	}
	return startMediaLab(t, lab.LiveKitOptions{RTC: "turn_servers: [" + entry + "]"})
}

// certified returns the options of a TURN server on TLS whose certificate, described
// by c, is from an untrusted authority.
func certified(t *testing.T, c lab.Certificate) lab.TURNOptions {
	t.Helper()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	config, err := authority.Issue(c)
	if err != nil {
		t.Fatal(err)
	}
	return lab.TURNOptions{Transport: "tls", TLS: config}
}

func TestJoinTurn(t *testing.T) {
	t.Parallel()
	refused, release, err := lab.RefusedAddr()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = release() })
	_, refusedPort, _ := strings.Cut(refused, ":")
	for name, c := range map[string]struct {
		lab   func() *mediaLab
		want  Code
		owner Owner
		says  string
	}{
		"TURN_NOT_OFFERED": {func() *mediaLab { return startMediaLab(t, lab.LiveKitOptions{}) }, finding.TurnNotOffered, "", "no TURN server"},
		"TURN works":       {func() *mediaLab { return turnPeer(t, lab.TURNOptions{}, nil) }, "", "", ""},
		"TURN_UNREACHABLE": {func() *mediaLab {
			return startMediaLab(t, lab.LiveKitOptions{RTC: "turn_servers: [{host: 127.0.0.1, port: " +
				refusedPort + ", protocol: tcp, username: u, credential: canary-credential}]"})
		}, finding.TurnUnreachable, finding.OwnerLiveKitServer, "nobody listens there"},
		"TURN_TLS expired": {func() *mediaLab {
			return turnPeer(t, certified(t, lab.Certificate{From: -48 * time.Hour, Until: -24 * time.Hour}), nil)
		}, finding.TurnTLS, finding.OwnerLiveKitServer, "expired on"},
		"TURN_TLS unknown": {func() *mediaLab { return turnPeer(t, certified(t, lab.Certificate{}), nil) },
			finding.TurnTLS, finding.OwnerLiveKitServer, "lklab test authority"},
		"TURN_AUTH": {func() *mediaLab {
			return turnPeer(t, lab.TURNOptions{}, func(entry string) string {
				at := strings.Index(entry, "credential: ")
				return entry[:at] + "credential: canary-credential}"
			})
		}, finding.TurnAuth, finding.OwnerLiveKitServer, "refuses the credentials"},
		"TURN_RELAY_DENIED":      {func() *mediaLab { return turnPeer(t, lab.TURNOptions{Deny: true}, nil) }, finding.TurnRelayDenied, "", "may not relay to the LiveKit server at 127.0.0.1"},
		"TURN_RELAY_DENIED mute": {func() *mediaLab { return turnPeer(t, lab.TURNOptions{Mute: true}, nil) }, finding.TurnRelayDenied, "", "nothing came through it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := c.lab()
			only := func(x *Case) { x.Options.Only = []string{"join.turn", "fallback"} }
			waits := quick
			if c.want == "" { // nothing times out, so keep a user's limits
				waits = func(*Case) {}
			}
			ended, _ := diagnose(t, l.media(t, l.server.URL, only, waits))
			r := ended["join.turn"]
			t.Logf("%s %v: %s %v %v", r.Status, r.Took, r.Outcome.Text, r.Outcome.Facts, r.Skip)
			codes := codesOf(r)
			if c.want == "" && len(codes) > 0 || c.want != "" && !slices.Equal(codes, []Code{c.want}) {
				t.Fatalf("findings %v, want %s: %+v", codes, c.want, r.Findings)
			}
			for _, f := range r.Findings {
				t.Log(f.Message, f.Facts)
				if !strings.Contains(f.Message.String(), c.says) || c.owner != "" && f.Party != c.owner {
					t.Errorf("%q of %s, want %q of %s", f.Message, f.Owner, c.says, c.owner)
				}
			}
			if strings.Contains(fmt.Sprintf("%+v", r), "canary") {
				t.Errorf("a credential is shown: %+v", r)
			}
		})
	}
}

// TestMediaChecksSkip checks that the three checks are skipped without --media, and
// without a key and secret.
func TestMediaChecksSkip(t *testing.T) {
	l := startMediaLab(t, lab.LiveKitOptions{})
	ended, _ := diagnose(t, l.media(t, l.server.URL, func(c *Case) { c.Options.Media = false }))
	for _, id := range []string{"join.turn", "join.publish", "join.reconnect"} {
		if r := ended[id]; r.Skip == nil || r.Skip.Reason != check.NotRequested {
			t.Errorf("%s: %+v", id, r.Skip)
		}
	}
	ended, _ = diagnose(t, l.media(t, l.server.URL, func(c *Case) {
		raw, err := c.guestToken("test", "caller")
		if err != nil {
			t.Fatal(err)
		}
		c.Settings.Token = config.Setting{Secret: secret.New(raw), Source: config.Source{Kind: config.Flag}}
		c.Settings.APIKey, c.Settings.APISecret = config.Setting{}, config.Setting{}
	}))
	if r := ended["join.media"]; r.Status != check.StatusPass {
		t.Fatalf("%+v", r)
	}
	r := ended["join.turn"]
	codetest.Wants(t, r.Findings, finding.TurnNotOffered)
	if r.Status != check.StatusPass || len(r.Findings) != 1 {
		t.Errorf("%+v", r)
	}
	for _, id := range []string{"join.publish", "join.reconnect"} {
		if r := ended[id]; r.Skip == nil || r.Skip.Reason != check.NotApplicable {
			t.Errorf("%s: %+v", id, r)
		}
	}
}

func TestTurnFindings(t *testing.T) {
	here := netip.MustParseAddrPort("192.0.2.1:1000")
	peer := netip.MustParseAddr("198.51.100.7")
	answered := &session.RelayJoin{Offered: true, Relayed: true, Answered: true}
	silent := &session.RelayJoin{Offered: true, Relayed: true}
	working := session.TURNReport{URL: "turn:turn.example:3478", Relay: here, RoundTrip: time.Millisecond}
	changed := func(change func(*session.TURNReport)) session.TURNReport {
		r := working
		change(&r)
		return r
	}
	for _, c := range []struct {
		name     string
		report   session.TURNReport
		join     *session.RelayJoin
		want     Code
		severity finding.Severity
		noUDP    bool
	}{
		{name: "TURN_UNREACHABLE: over UDP, which does not get through anywhere, only warns", report: changed(func(r *session.TURNReport) {
			r.Transport, r.Failed, r.Failure = "udp", session.TURNAllocate, &probe.Failure{Kind: probe.KindSilent, Phase: session.PhaseUDP}
		}), want: finding.TurnUnreachable, severity: finding.Warn, noUDP: true},
		{name: "TURN_UNREACHABLE: over TLS is not UDP's fault", report: changed(func(r *session.TURNReport) {
			r.Transport, r.Failed, r.Failure = "tls", session.TURNAllocate, &probe.Failure{Kind: probe.KindRefused}
		}), want: finding.TurnUnreachable, severity: finding.Fail, noUDP: true},
		{"works", working, answered, "", "", false},
		{"works, and nobody to join with", working, nil, "", "", false},
		{"TURN_RELAY_DENIED: LiveKit is not reached", working, silent, finding.TurnRelayDenied, finding.Fail, false},
		{"TURN_UNREACHABLE: no address for a participant", working, &session.RelayJoin{Offered: true}, finding.TurnUnreachable, finding.Fail, false},
		{"this machine is denied, LiveKit is not", changed(func(r *session.TURNReport) {
			r.Failed, r.Code, r.OwnDenied, r.PeersAsked, r.Mapped = session.TURNPermission, 403, true, 1, here
		}), answered, "", "", false},
		{"TURN_RELAY_DENIED: this machine is denied, and LiveKit is not known", changed(func(r *session.TURNReport) {
			r.Failed, r.Code, r.OwnDenied, r.Mapped = session.TURNPermission, 403, true, here
		}), nil, finding.TurnRelayDenied, finding.Fail, false},
		{"TURN_RELAY_DENIED: LiveKit is denied", changed(func(r *session.TURNReport) {
			r.Failed, r.Code, r.PeersAsked, r.PeersDenied = session.TURNPermission, 403, 1, []netip.Addr{peer}
		}), nil, finding.TurnRelayDenied, finding.Fail, false},
		{"nothing came back here, LiveKit answered", changed(func(r *session.TURNReport) { r.Failed = session.TURNRelay }), answered, "", "", false},
		{"TURN_RELAY_DENIED: quota", changed(func(r *session.TURNReport) { r.Failed, r.Code = session.TURNAllocate, 486 }), nil, finding.TurnRelayDenied, finding.Fail, false},
		{"TURN_AUTH", changed(func(r *session.TURNReport) { r.Failed, r.Code = session.TURNAllocate, 401 }), nil, finding.TurnAuth, finding.Fail, false},
		{"TURN_UNREACHABLE: something else answers", changed(func(r *session.TURNReport) { r.Failed, r.Text = session.TURNAllocate, "attribute not found" }), nil, finding.TurnUnreachable, finding.Fail, false},
		{"TURN_UNREACHABLE: a silent STUN server only warns", changed(func(r *session.TURNReport) {
			r.STUN, r.Failed, r.Failure = true, session.TURNBinding, &probe.Failure{Kind: probe.KindSilent, Phase: session.PhaseUDP}
		}), answered, finding.TurnUnreachable, finding.Warn, false},
		{"interrupted", changed(func(r *session.TURNReport) { r.Failed, r.Cancelled = session.TURNAllocate, true }), nil, "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			findings := turnFindings(&turnRecord{Reports: []session.TURNReport{c.report}, Offered: true, Relayed: c.join, NoUDP: c.noUDP})
			switch {
			case c.want == "" && len(findings) == 0:
			case len(findings) != 1 || findings[0].Code != c.want || findings[0].Severity != c.severity:
				t.Errorf("%+v, want %s %q", findings, c.severity, c.want)
			}
		})
	}
}

// TestUnfinished checks that a check past its own time limit reports DOCTOR_TIMEOUT. At
// the end of the whole run it reports nothing, because the runner does.
func TestUnfinished(t *testing.T) {
	own, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if got := check.Unfinished(own).Findings; len(got) != 1 || got[0].Code != finding.DoctorTimeout {
		t.Errorf("own time over: %+v", got)
	}
	whole, cancel := context.WithTimeoutCause(t.Context(), 0, check.ErrTimeout)
	defer cancel()
	if got := check.Unfinished(whole).Findings; len(got) != 0 {
		t.Errorf("the run's time over: %+v", got)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if got := check.Unfinished(stopped).Findings; len(got) != 0 {
		t.Errorf("interrupted: %+v", got)
	}
}
