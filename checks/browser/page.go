// Package browser says what a web browser would refuse a page that uses LiveKit:
// by its Content-Security-Policy, because it mixes plain and secure addresses,
// because it has no secure origin, or by CORS. It is pure: it is given what the
// network said, and asks nothing.
//
// Where the specifications leave room it does as Chromium does, which
// chromium_test.go asks (make browser-test).
package browser

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Page is a web page as the front end served it. Header and HTML are a
// stranger's bytes.
type Page struct {
	// URL is where it was served, after redirects.
	URL    *url.URL
	Header http.Header
	// HTML is read up to its first caps.HTML bytes.
	HTML []byte
}

// Need is how much a client of LiveKit needs an address.
type Need string

// The needs.
const (
	// NeedSocket is the WebSocket: without it nobody joins.
	NeedSocket Need = "websocket"
	// NeedFetch is asked with fetch when something is wrong (/rtc/v1/validate): without
	// it people join, and get no reason where they do not.
	NeedFetch Need = "fetch"
	// NeedRegions is LiveKit Cloud's list of regions, which livekit-client fetches
	// before and beside joining.
	NeedRegions Need = "regions"
	// NeedToken is the endpoint that the page gets its token from.
	NeedToken Need = "token"
)

// Target is an address that the page's script connects to.
type Target struct {
	URL  *url.URL
	Need Need
}

// LiveKitTargets are the addresses that livekit-client connects to for a
// LiveKit server (ws, wss, http or https).
func LiveKitTargets(server *url.URL) []Target {
	at := func(plain, secure, path string) *url.URL {
		u := &url.URL{Scheme: plain, Host: server.Host, Path: strings.TrimRight(server.Path, "/") + path}
		if s := strings.ToLower(server.Scheme); s == "wss" || s == "https" {
			u.Scheme = secure
		}
		return u
	}
	list := []Target{
		{at("ws", "wss", "/rtc/v1"), NeedSocket},
		{at("http", "https", "/rtc/v1/validate"), NeedFetch},
	}
	if strings.HasSuffix(strings.ToLower(server.Hostname()), ".livekit.cloud") {
		list = append(list, Target{at("http", "https", "/settings/regions"), NeedRegions})
	}
	return list
}

// Kind is what a browser refuses.
type Kind string

// The kinds.
const (
	// KindCSP: a Content-Security-Policy does not allow the address.
	KindCSP Kind = "csp"
	// KindUpgraded: a policy has the browser ask with TLS instead
	// (upgrade-insecure-requests), and the address is one without.
	KindUpgraded Kind = "upgraded"
	// KindMixed: a page over TLS may not use an address without.
	KindMixed Kind = "mixed_content"
	// KindInsecure: the page itself has no TLS and is not on this machine, so that
	// browsers give it no microphone and no camera. Target is zero.
	KindInsecure Kind = "insecure_page"
)

// Refusal is one thing that a browser refuses. Its strings are a stranger's, in
// part: they are to be cleaned before they are shown.
type Refusal struct {
	Kind   Kind
	Target Target
	// Policy is the policy that does not allow it, for KindCSP and KindUpgraded.
	Policy *Policy
	// Directive is that policy's directive, connect-src or default-src; Sources are
	// what it allows, as written.
	Directive string
	Sources   []string
	// Allow is the source expression that would have to be added, with the host and
	// port of Target ("wss://livekit.example").
	Allow string
}

// Judge lists what a browser would refuse of page and of the addresses that its
// script connects to: for each target the first policy that does not allow it,
// and that the page has no secure origin. It is empty when nothing is.
func Judge(page Page, targets []Target) []Refusal {
	var out []Refusal
	if page.URL == nil {
		return nil
	}
	if !Trustworthy(page.URL) {
		out = append(out, Refusal{Kind: KindInsecure})
	}
	policies := Policies(page)
	for _, t := range targets {
		if r, refused := judge(page, policies, t); refused {
			out = append(out, r)
		}
	}
	return out
}

func judge(page Page, policies []Policy, t Target) (Refusal, bool) {
	if !secure(t.URL) && !Trustworthy(t.URL) {
		for i, p := range policies {
			if p.Upgrades {
				return Refusal{Kind: KindUpgraded, Target: t, Policy: &policies[i], Directive: "upgrade-insecure-requests"}, true
			}
		}
		if secure(page.URL) {
			return Refusal{Kind: KindMixed, Target: t}, true
		}
	}
	for i, p := range policies {
		if !p.Enforced() || p.allows(page.URL, t.URL) {
			continue
		}
		return Refusal{Kind: KindCSP, Target: t, Policy: &policies[i], Directive: p.Directive, Sources: p.Sources,
			Allow: t.URL.Scheme + "://" + t.URL.Host}, true
	}
	return Refusal{}, false
}

// Trustworthy reports whether browsers take u's origin for a secure one: TLS, or
// this machine by name or address (Secure Contexts §3.1). Pages elsewhere have no
// navigator.mediaDevices.
func Trustworthy(u *url.URL) bool {
	if secure(u) || strings.EqualFold(u.Scheme, "file") {
		return true
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// secure reports whether u asks for TLS.
func secure(u *url.URL) bool {
	s := strings.ToLower(u.Scheme)
	return s == "https" || s == "wss"
}
