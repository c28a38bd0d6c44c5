package browser_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lkdoctor/checks/browser"
)

// TestJudgeAgreesWithTheTable checks Judge on policyCases. TestChromiumAgreesOnPolicies
// checks the same table on Chromium.
func TestJudgeAgreesWithTheTable(t *testing.T) {
	for _, c := range policyCases() {
		target, err := url.Parse(strings.ReplaceAll(c.target, "PORT", "8000"))
		if err != nil {
			t.Fatal(err)
		}
		var got []browser.Refusal
		for _, r := range browser.Judge(c.page(), []browser.Target{{URL: target, Need: browser.NeedSocket}}) {
			if r.Kind != browser.KindInsecure {
				got = append(got, r)
			}
		}
		if len(got) > 0 != c.refused {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

// A policyCase is Chromium's decision on a connection of one page to one target.
type policyCase struct {
	csp        []string
	target     string // PORT means the page's port
	secure     bool   // whether the page is on https
	host       string // of the page; "" means app.test
	reportOnly string
	head       string // inside <head>
	before     string // inside <body>, before the script
	refused    bool
	// asks reports whether Chromium 142 and later asks the user for access to the
	// local network before it refuses. Other browsers refuse at once.
	asks bool
}

func (c policyCase) page() browser.Page {
	p := browser.Page{URL: &url.URL{Scheme: "http", Host: "app.test:8000", Path: "/"}, Header: http.Header{}}
	if c.secure {
		p.URL.Scheme = "https"
	}
	if c.host != "" {
		p.URL.Host = c.host + ":8000"
	}
	for _, policy := range c.csp {
		p.Header.Add("Content-Security-Policy", policy)
	}
	if c.reportOnly != "" {
		p.Header.Set("Content-Security-Policy-Report-Only", c.reportOnly)
	}
	p.HTML = []byte("<!doctype html><html><head>" + c.head + "</head><body>" + c.before + "</body></html>")
	return p
}

func policyCases() []policyCase {
	csp := func(policy, target string, refused bool) policyCase {
		return policyCase{csp: []string{policy}, target: target, refused: refused}
	}
	https := func(c policyCase) policyCase { c.secure = true; return c }
	const wss, ws = "wss://lk.test/rtc/v1", "ws://lk.test/rtc/v1"
	return []policyCase{
		{target: wss}, {target: ws}, https(policyCase{target: wss}),
		// Mixed content.
		https(policyCase{target: ws, refused: true}),
		https(policyCase{target: "ws://127.0.0.1:7880/rtc"}), https(policyCase{target: "ws://localhost:7880/rtc"}),
		https(policyCase{target: "ws://[::1]:7880/rtc"}), https(policyCase{target: "ws://127.9.9.9:7880/rtc"}),
		https(policyCase{target: "ws://app.localhost:7880/rtc"}), https(policyCase{target: "ws://192.168.1.9:7880/rtc", refused: true, asks: true}),
		https(policyCase{target: "ws://0.0.0.0:7880/rtc", refused: true, asks: true}),
		// The directive that applies.
		csp("connect-src 'none'", wss, true), csp("connect-src", wss, true), csp("default-src 'self'", wss, true),
		csp("default-src 'none'; connect-src wss://lk.test", wss, false), csp("CONNECT-SRC wss://lk.test", wss, false),
		csp("connect-src 'none'; connect-src wss://lk.test", wss, true), csp("script-src 'unsafe-inline'", wss, false),
		csp("connect-src\twss://lk.test", wss, false),
		{csp: []string{"connect-src wss://lk.test", "connect-src 'self'"}, target: wss, refused: true},
		{csp: []string{"connect-src wss://lk.test, connect-src 'self'"}, target: wss, refused: true},
		{csp: []string{"connect-src wss://lk.test, connect-src wss:"}, target: wss},
		{reportOnly: "connect-src 'none'", target: wss},
		// Schemes.
		csp("connect-src *", wss, false), csp("connect-src *", ws, false), csp("connect-src https:", wss, true), csp("connect-src https:", ws, true),
		csp("connect-src http:", wss, true), csp("connect-src http:", ws, true), csp("connect-src wss:", wss, false), csp("connect-src ws:", wss, false),
		csp("connect-src ws:", ws, false), csp("connect-src wss:", ws, true), csp("connect-src wss:", "https://lk.test/x", true),
		csp("connect-src https://lk.test", wss, true), csp("connect-src http://lk.test", wss, true), csp("connect-src wss://lk.test", "https://lk.test/x", true),
		csp("connect-src ws://lk.test", "http://lk.test/x", true), csp("connect-src ws://lk.test", "https://lk.test/x", true),
		csp("connect-src lk.test", wss, true), csp("connect-src lk.test", ws, true), https(csp("connect-src lk.test", wss, true)),
		https(csp("connect-src lk.test", "https://lk.test/x", false)), csp("connect-src blob: data: mediastream:", wss, true),
		// Hosts and ports.
		csp("connect-src wss://other.test", wss, true), csp("connect-src wss://*.test", wss, false), csp("connect-src wss://*.lk.test", wss, true),
		csp("connect-src wss://*.lk.test", "wss://a.b.lk.test/rtc", false), csp("connect-src WSS://LK.Test", wss, false), csp("connect-src wss://*", wss, false),
		csp("connect-src wss://lk.test:443", wss, false), csp("connect-src wss://lk.test", "wss://lk.test:7880/rtc", true), csp("connect-src wss://lk.test:7880", "wss://lk.test:7880/rtc", false),
		csp("connect-src wss://lk.test:*", "wss://lk.test:7880/rtc", false), csp("connect-src ws://lk.test:80", wss, false), csp("connect-src wss://lk.test:80", wss, true),
		csp("connect-src lk.test:7880", "ws://lk.test:7880/rtc", true), csp("connect-src ws://127.0.0.1:7880", "ws://127.0.0.1:7880/rtc", false),
		csp("connect-src ws://localhost:*", "ws://localhost:7880/rtc", false), csp("connect-src ws://192.168.1.9:7880", "ws://192.168.1.9:7880/rtc", false),
		csp("connect-src ws://[::1]:7880", "ws://[::1]:7880/rtc", true), csp("connect-src *:7880", "ws://lk.test:7880/rtc", true), csp("connect-src wss://lk.test.", wss, true),
		// Paths.
		csp("connect-src wss://lk.test/", wss, false), csp("connect-src wss://lk.test/rtc", wss, true), csp("connect-src wss://lk.test/rtc/", wss, false),
		csp("connect-src wss://lk.test/rtc/v1", wss, false), csp("connect-src wss://lk.test/rt%63/v1", wss, false), csp("connect-src wss://lk.test/rtc/v1?x", wss, false),
		// 'self'.
		csp("connect-src 'self'", "http://app.test:PORT/x", false), csp("connect-src 'self'", "ws://app.test:PORT/x", false), csp("connect-src 'self'", "wss://app.test:PORT/x", false),
		https(csp("connect-src 'self'", "wss://app.test:PORT/x", false)), https(csp("connect-src 'SELF'", "wss://app.test:PORT/x", false)),
		csp("connect-src 'self'", "ws://app.test:7880/x", true), https(csp("connect-src 'self'", "wss://app.test/x", true)), csp("connect-src self", "ws://app.test:PORT/x", true),
		{csp: []string{"connect-src 'self'"}, host: "127.0.0.1", target: "ws://localhost:7880/rtc", refused: true},
		{csp: []string{"connect-src 'self' ws://localhost:7880"}, host: "127.0.0.1", target: "ws://localhost:7880/rtc"},
		// <meta>.
		{head: `<meta http-equiv="content-security-policy" content="connect-src 'self'">`, target: wss, refused: true},
		{head: `<meta http-equiv="Content-Security-Policy" content="connect-src wss://lk.test">`, target: wss},
		{head: `<meta http-equiv=Content-Security-Policy content="connect-src wss://lk.test, connect-src 'self'">`, target: wss, refused: true},
		{head: `<meta http-equiv=Content-Security-Policy-Report-Only content="connect-src 'none'">`, target: wss},
		{head: `<title>a</title><style>p{}</style><meta name=x content="connect-src 'none'"><meta http-equiv=Content-Security-Policy content="connect-src 'none'">`, target: wss, refused: true},
		{head: `<template><meta http-equiv=Content-Security-Policy content="connect-src 'none'"></template>`, target: wss},
		{head: `<noscript><meta http-equiv=Content-Security-Policy content="connect-src 'none'"></noscript>`, target: wss},
		{head: `<!-- <meta http-equiv=Content-Security-Policy content="connect-src 'none'"> -->`, target: wss},
		{before: `<meta http-equiv=Content-Security-Policy content="connect-src 'none'">`, target: wss},
		{csp: []string{"connect-src *"}, head: `<meta http-equiv=Content-Security-Policy content="connect-src 'none'">`, target: wss, refused: true},
	}
}
