package checks

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config"
)

// TestServerFailureVariants has a row for each way in which a server does not answer.
// The party is the one that set the faulty value, so an address from the settings and
// one that came with the token differ.
func TestServerFailureVariants(t *testing.T) {
	v6 := netip.IPv6Loopback()
	for _, tt := range []struct {
		url     string
		failure probe.Failure
		code    Code
		variant string
		owner   Owner // "" means the page's owner
		came    string
		env     string
	}{
		{url: "ws://livekit:7880", failure: probe.Failure{Kind: probe.KindDNSAbsent}, code: finding.ServerDNS, variant: "container", owner: finding.OwnerConfig, came: "handed-out"},
		{url: "ws://host.docker.internal:7880", failure: probe.Failure{Kind: probe.KindDNSAbsent}, code: finding.ServerDNS, variant: "container", owner: finding.OwnerConfig, came: "handed-out"},
		{url: "ws://livekit.voice.svc.cluster.local", failure: probe.Failure{Kind: probe.KindDNSAbsent}, code: finding.ServerDNS, variant: "container", owner: finding.OwnerConfig, came: "handed-out"},
		{url: "ws://undefined:7880", failure: probe.Failure{Kind: probe.KindDNSAbsent}, code: finding.ServerDNS, variant: "missing-value", owner: finding.OwnerConfig, came: "handed-out"},
		{url: "wss://gone.livekit.cloud", failure: probe.Failure{Kind: probe.KindDNSAbsent}, code: finding.ServerDNS, variant: "cloud", owner: finding.OwnerConfig, came: "handed-out"},
		{url: "wss://livekit.example.com", failure: probe.Failure{Kind: probe.KindDNSAbsent}, code: finding.ServerDNS, variant: "unknown-name", owner: finding.OwnerConfig, came: "handed-out"},
		{url: "wss://livekit.example.com", failure: probe.Failure{Kind: probe.KindDNSFailed}, code: finding.ServerDNS, variant: "resolver", owner: finding.OwnerNetwork, came: "resolver"},

		{url: "ws://localhost:7880", failure: probe.Failure{Kind: probe.KindRefused}, code: finding.ServerRefused, variant: "dev", came: "handed-out-localhost"},
		{url: "ws://localhost:7880", failure: probe.Failure{Kind: probe.KindRefused}, env: "LIVEKIT_API_KEY=devkey", code: finding.ServerRefused, variant: "dev", came: "handed-out-localhost"},
		{url: "ws://localhost:7880", failure: probe.Failure{Kind: probe.KindRefused}, env: "LIVEKIT_API_KEY=APIabcdefghijk", code: finding.ServerRefused, variant: "local", came: "handed-out-localhost"},
		{url: "ws://localhost:7980", failure: probe.Failure{Kind: probe.KindRefused}, code: finding.ServerRefused, variant: "local", came: "handed-out-localhost"},
		{url: "ws://localhost:7880", failure: probe.Failure{Kind: probe.KindRefused, Address: "127.0.0.1:7880", Own: true, Loopback: v6}, code: finding.ServerRefused, variant: "other-loopback", owner: finding.OwnerConfig, came: "handed-out-localhost"},
		{url: "ws://192.168.1.4:7880", failure: probe.Failure{Kind: probe.KindRefused, Own: true, Loopback: v6}, code: finding.ServerRefused, variant: "loopback-only", came: "handed-out"},
		{url: "wss://livekit.example.com", failure: probe.Failure{Kind: probe.KindRefused}, code: finding.ServerRefused, variant: "remote", came: "handed-out"},

		{url: "ws://10.0.0.5:7880", failure: probe.Failure{Kind: probe.KindSYNTimeout, Address: "10.0.0.5:7880"}, code: finding.ServerTimeout, variant: "private-address", came: "private-address"},
		{url: "ws://lk.example.com", failure: probe.Failure{Kind: probe.KindSYNTimeout, Address: "[fd00::5]:80"}, code: finding.ServerTimeout, variant: "private-address", came: "private-address"},
		{url: "ws://lk.example.com", failure: probe.Failure{Kind: probe.KindSYNTimeout, Address: "8.8.8.8:80"}, code: finding.ServerTimeout, variant: "no-answer", came: "no-answer"},
		{url: "ws://lk.example.com", failure: probe.Failure{Kind: probe.KindUnreachable}, code: finding.ServerTimeout, variant: "no-route", came: "no-route"},
		{url: "ws://lk.example.com", failure: probe.Failure{Kind: probe.KindProxy}, code: finding.ServerTimeout, variant: "proxy", owner: finding.OwnerConfig, came: "proxy"},
		{url: "wss://lk.example.com", failure: probe.Failure{Kind: probe.KindProxy, Status: 407}, code: finding.ServerTimeout, variant: "proxy-refuses", owner: finding.OwnerConfig, came: "proxy-refuses"},

		{url: "wss://lk.example.com", failure: probe.Failure{Kind: probe.KindSilent, Phase: probe.PhaseTLS}, code: finding.ServerSilent, variant: "tls", came: "tls"},
		{url: "ws://lk.example.com", failure: probe.Failure{Kind: probe.KindSilent, Phase: probe.PhaseHTTP}, code: finding.ServerSilent, variant: "request", came: "request"},
		{url: "ws://lk.example.com", failure: probe.Failure{Kind: probe.KindReset, Phase: probe.PhaseHTTP}, code: finding.ServerReset, variant: "direct", came: "direct"},

		{url: "wss://lk.example.com", failure: probe.Failure{Kind: probe.KindTLSUnknownCA}, code: finding.ServerTLS, variant: "unknown-authority", came: "unknown-authority"},
		{url: "wss://lk.example.com", failure: probe.Failure{Kind: probe.KindTLSUnknownCA, Cert: &probe.Cert{IssuerMissing: true}}, code: finding.ServerTLS, variant: "incomplete-chain", came: "incomplete-chain"},
		{url: "wss://lk.example.com", failure: probe.Failure{Kind: probe.KindTLSName}, code: finding.ServerTLS, variant: "name-not-served", came: "name-not-served"},
		{url: "wss://lk.example.com", failure: probe.Failure{Kind: probe.KindTLSOther}, code: finding.ServerTLS, variant: "other", came: "other"},
		{url: "wss://lk.example.com", failure: probe.Failure{Kind: probe.KindClosed, Phase: probe.PhaseTLS}, code: finding.ServerTLS, variant: "cut", came: "cut"},
		{url: "wss://lk.example.com", failure: probe.Failure{Kind: probe.KindTLSPlainPort}, code: finding.ServerTLS, variant: "plain-port", owner: finding.OwnerConfig, came: "handed-out-plain-port"},
		{url: "wss://10.0.0.5:7880", failure: probe.Failure{Kind: probe.KindTLSPlainPort}, code: finding.ServerTLS, variant: "local-plain-port", owner: finding.OwnerConfig, came: "handed-out-plain-port"},
		{url: "wss://livekit:7880", failure: probe.Failure{Kind: probe.KindTLSPlainPort}, code: finding.ServerTLS, variant: "local-plain-port", owner: finding.OwnerConfig, came: "handed-out-plain-port"},
		{url: "ws://lk.example.com", failure: probe.Failure{Kind: probe.KindPlainToTLS}, code: finding.ServerTLS, variant: "tls-port", owner: finding.OwnerConfig, came: "handed-out-tls-port"},

		{url: "ws://lk.example.com:7881", failure: probe.Failure{Kind: probe.KindClosed, Phase: probe.PhaseHTTP, What: probe.ServerMediaPort}, code: finding.ServerNotLiveKit, variant: "media-port", owner: finding.OwnerConfig, came: "handed-out"},
		{url: "wss://lk.example.com:7881", failure: probe.Failure{Kind: probe.KindReset, Phase: probe.PhaseTLS, What: probe.ServerMediaPort}, code: finding.ServerNotLiveKit, variant: "media-port", owner: finding.OwnerConfig, came: "handed-out"},
		{url: "ws://lk.example.com:6379", failure: probe.Failure{Kind: probe.KindNotHTTP, What: probe.ServerRedis}, code: finding.ServerNotLiveKit, variant: "other-protocol", owner: finding.OwnerConfig, came: "handed-out"},
	} {
		settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Environ: []string{tt.env}})
		if err != nil {
			t.Fatal(err)
		}
		c := newTestCase(t, settings)
		c.Options.Frontend = "http://app.example.com"
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		for came, variant := range map[bool]string{false: tt.variant, true: tt.came} {
			failure := tt.failure
			found := c.unanswered(toServer, &failure, address{URL: u, withToken: came})
			owner := tt.owner
			if variant != tt.variant {
				owner = finding.OwnerGiver
			}
			if len(found) != 1 || found[0].Code != tt.code || found[0].Variant != variant || found[0].Party != owner {
				t.Errorf("%s, %s, came %v: %+v, want %s %s by %q", tt.url, failure.Kind, came, found, tt.code, variant, owner)
				continue
			}
			wantVariant(t, found[0])
		}
	}
}

// wantVariant fails the test if the finding's page does not list its variant.
func wantVariant(t *testing.T, f Finding) {
	t.Helper()
	if page, _ := catalogue.Lookup(f.Code); page.Code != "" {
		if _, has := page.Variant(f.Variant); !has {
			t.Errorf("%s has the variant %q, which its page does not know", f.Code, f.Variant)
		}
	}
}

// TestLocalhostFromElsewhere has an app on another machine return localhost. The
// message must say whether LiveKit answers at that port of the app's machine.
func TestLocalhostFromElsewhere(t *testing.T) {
	u, _ := url.Parse("ws://localhost:7880")
	there, _ := url.Parse("ws://app.example.com:7880")
	c := newTestCase(t, nil)
	c.Options.Frontend = "https://app.example.com"
	for want, makerServer := range map[string]*url.URL{
		"another machine, and here it means this machine": nil,
		"LiveKit answers at ws://app.example.com:7880":    there,
	} {
		f := c.unanswered(toServer, &probe.Failure{Kind: probe.KindRefused}, address{URL: u, withToken: true, makerServer: makerServer})[0]
		if !strings.Contains(f.Message.String(), want) || f.Facts["suggestion"] != "ws://app.example.com:7880" {
			t.Errorf("%s with %v, want %q", f.Message, f.Facts, want)
		}
	}
}

// TestProxyVariableIsNamed checks that message and fix name the variable that sets an
// HTTP proxy.
func TestProxyVariableIsNamed(t *testing.T) {
	for variable, scheme := range map[string]string{"HTTP_PROXY": "ws", "http_proxy": "ws", "HTTPS_PROXY": "wss", "https_proxy": "wss"} {
		settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Environ: []string{variable + "=http://127.0.0.1:1", "LIVEKIT_URL=" + scheme + "://livekit.test"}})
		if err != nil {
			t.Fatal(err)
		}
		c := newTestCase(t, settings)
		c.Net.Proxy = func(*url.URL) (*url.URL, error) { return url.Parse("http://127.0.0.1:1") }
		c.Options.Only = []string{"join.reach"}
		found := Do(t.Context(), c, false, func(check.Event) {}).Findings(finding.Fail)
		i := slices.IndexFunc(found, func(l check.Located) bool { return l.Finding.Code == finding.ServerTimeout })
		if i < 0 {
			t.Fatalf("%s: found %d others", variable, len(found))
		}
		f := found[i].Finding
		if f.Variant != "proxy" || !strings.Contains(f.Message.String(), variable) || !strings.Contains(f.Fixes[0].Text.String(), variable) ||
			f.Fixes[0].Command != `export NO_PROXY="${NO_PROXY:+$NO_PROXY,}livekit.test"` {
			t.Errorf("%s: %s; %+v", variable, f.Message, f.Fixes[0])
		}
	}
}
