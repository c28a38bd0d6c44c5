// Package browser judges what a web browser would refuse a page that uses LiveKit, by
// its Content-Security-Policy, mixed content, a missing secure origin, or CORS. It is
// pure: it judges responses that the caller received.
//
// Where the specifications leave a choice it follows Chromium, which chromium_test.go
// runs (make browser-test).
package browser

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lkdoctor/checks/probe"
)

// Page is a web page as received. Header and HTML are not cleaned.
type Page struct {
	// URL is its address after redirects.
	URL    *url.URL
	Header http.Header
	// HTML is its first caps.HTML bytes.
	HTML []byte
}

// Need says what a LiveKit client uses an address for.
type Need string

// The needs.
const (
	// NeedSocket is the WebSocket, which is required to join.
	NeedSocket Need = "websocket"
	// NeedFetch is the request for the reason of a failed join (/rtc/v1/validate). Joining
	// works without it.
	NeedFetch Need = "fetch"
	// NeedRegions is LiveKit Cloud's list of regions, which livekit-client fetches before
	// and during a join.
	NeedRegions Need = "regions"
	// NeedToken is the endpoint that issues the page's token.
	NeedToken Need = "token"
)

// Target is an address that the page's script connects to.
type Target struct {
	URL  *url.URL
	Need Need
}

// LiveKitTargets returns the addresses that livekit-client connects to for a LiveKit
// server (ws, wss, http or https).
func LiveKitTargets(server *url.URL) []Target {
	list := []Target{
		{probe.WSURL(probe.Endpoint(server, "/rtc/v1")), NeedSocket},
		{probe.Endpoint(server, "/rtc/v1/validate"), NeedFetch},
	}
	if strings.HasSuffix(strings.ToLower(server.Hostname()), ".livekit.cloud") {
		list = append(list, Target{probe.Endpoint(server, "/settings/regions"), NeedRegions})
	}
	return list
}

// Kind is the kind of a refusal.
type Kind string

// The kinds.
const (
	// KindCSP is an address that a Content-Security-Policy does not allow.
	KindCSP Kind = "csp"
	// KindUpgraded is a plain address that a policy makes the browser request with TLS
	// (upgrade-insecure-requests).
	KindUpgraded Kind = "upgraded"
	// KindMixed is a plain address on a page over TLS.
	KindMixed Kind = "mixed_content"
	// KindInsecure is a page without TLS that is not on this machine. Browsers deny it
	// microphone and camera. Target is zero.
	KindInsecure Kind = "insecure_page"
)

// Refusal is one thing that a browser refuses. Its strings contain texts of others
// that must be cleaned before they are shown.
type Refusal struct {
	Kind   Kind
	Target Target
	// Policy is the policy that does not allow the address, for KindCSP and KindUpgraded.
	Policy Policy
}

// Judge returns what a browser would refuse page: for each target the first policy
// that does not allow it, and a missing secure origin.
func Judge(page Page, targets []Target) []Refusal {
	if page.URL == nil {
		return nil
	}
	var out []Refusal
	if !Trustworthy(page.URL) {
		out = append(out, Refusal{Kind: KindInsecure})
	}
	policies := Policies(page)
	upgrades := slices.IndexFunc(policies, func(p Policy) bool { return p.Upgrades })
	for _, t := range targets {
		allows := func(source string) bool { return matches(source, page.URL, t.URL) }
		forbids := slices.IndexFunc(policies, func(p Policy) bool { return p.Enforced() && !slices.ContainsFunc(p.Sources, allows) })
		switch plain := !probe.Secure(t.URL) && !Trustworthy(t.URL); {
		case plain && upgrades >= 0:
			out = append(out, Refusal{KindUpgraded, t, policies[upgrades]})
		case plain && probe.Secure(page.URL):
			out = append(out, Refusal{Kind: KindMixed, Target: t})
		case forbids >= 0:
			out = append(out, Refusal{KindCSP, t, policies[forbids]})
		}
	}
	return out
}

// Trustworthy reports whether browsers take u's origin for secure: TLS, or this
// machine by name or address (Secure Contexts §3.1). Other pages have no
// navigator.mediaDevices.
func Trustworthy(u *url.URL) bool {
	return probe.Secure(u) || strings.EqualFold(u.Scheme, "file") || probe.IsLoopbackHost(u.Hostname())
}
