package probe_test

import (
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"lkdoctor/checks/probe"
)

// TestClassifyVerdictDialects has responses of servers that these tests do not run:
// livekit-server 1.11.0 and 1.13.6, LiveKit Cloud, and other programs.
func TestClassifyVerdictDialects(t *testing.T) {
	const tok = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJBUEkifQ.c2ln"
	for _, tt := range []struct {
		status int
		body   string
		want   probe.Reason
		ours   bool
	}{
		{401, "invalid token: " + tok + ", error: go-jose/go-jose: error in cryptographic primitive", probe.ReasonSignature, true},
		{401, "invalid token: " + tok + ", error: go-jose/go-jose/jwt: validation failed, token is expired (exp)", probe.ReasonExpired, true},
		{401, "invalid token: " + tok + ", error: go-jose/go-jose/jwt: validation failed, token not valid yet (nbf)", probe.ReasonNotYetValid, true},
		{401, "invalid token: " + tok + ", error: go-jose/go-jose/jwt: validation field, token issued in the future (iat)", probe.ReasonIssuedInFuture, true},
		{401, "invalid token: " + tok + ", error: json: cannot unmarshal string into Go value of type bool", probe.ReasonClaimType, true},
		{401, `invalid token: ` + tok + `, error: proto: (line 1:2): unknown field "bogusField"`, probe.ReasonClaimType, true},
		{401, "invalid authorization token: token signature is invalid: signature is invalid", probe.ReasonSignature, true},
		{401, "invalid authorization token: token has invalid claims: token is expired", probe.ReasonExpired, true},
		{401, "invalid authorization token: token has invalid claims: token is missing required claim: exp claim is required", probe.ReasonNeedsExp, true},
		{401, "invalid authorization token: token signature is invalid: signing method HS512 is invalid", probe.ReasonAlgorithm, true},
		{401, "invalid authorization token", probe.ReasonMalformed, true},
		{401, "invalid API key", probe.ReasonKeyUnknown, true},
		{401, "invalid API key: ", probe.ReasonKeyEmpty, true},
		{401, "invalid API key: testkey ", probe.ReasonKeyUnknown, true},
		{401, "invalid API key for domain demo.livekit.cloud", probe.ReasonKeyUnknown, true},
		{404, "requested room does not exist", probe.ReasonRoomNotFound, true},
		{503, "node has exceeded its configured limit", probe.ReasonNodeLimit, true},
		{500, "could not find any available nodes", probe.ReasonNoNodes, true},
		{400, "join_request is required", probe.ReasonOther, true},
		{429, "quota", probe.ReasonQuota, false},
		{200, "success", probe.ReasonAccepted, true},
		{200, "<html>success", probe.ReasonNotLiveKit, false},
		{201, "success", probe.ReasonNotLiveKit, false},
		{401, `{"detail":"Not authenticated"}`, probe.ReasonNotLiveKit, false},
		{404, "404 page not found", probe.ReasonNotLiveKit, false},
		{502, "<html>502 Bad Gateway", probe.ReasonOther, false},
		{302, "no permissions to access the room", probe.ReasonNotLiveKit, false},
	} {
		v := probe.ClassifyVerdict(tt.status, tt.body)
		if v.Reason != tt.want || v.FromLiveKit != tt.ours {
			t.Errorf("%d %q: got %s %v", tt.status, tt.body, v.Reason, v.FromLiveKit)
		}
	}
}

func FuzzClassifyVerdict(f *testing.F) {
	f.Add(401, "invalid token: a.b.c, error: token is expired")
	f.Add(200, "success")
	f.Add(401, "invalid API key: ")
	f.Fuzz(func(t *testing.T, status int, body string) {
		v := probe.ClassifyVerdict(status, body)
		if v.Accepted != (status == 200 && strings.EqualFold(strings.TrimSpace(body), "success")) {
			t.Errorf("%d %q: accepted %v", status, body, v.Accepted)
		}
		if v.Accepted != (v.Reason == probe.ReasonAccepted) || v.Reason == "" || v.Status != status {
			t.Errorf("%d %q: %+v", status, body, v)
		}
		if v.Text != "" {
			t.Error("a raw text was kept")
		}
	})
}

func TestDetectBanner(t *testing.T) {
	for head, want := range map[string]probe.ServerKind{
		"": probe.ServerUnknown, "HTTP/1.1 200 OK": probe.ServerOtherHTTP, "SSH-2.0-OpenSSH_9": probe.ServerSSH,
		"-ERR unknown": probe.ServerRedis, "-NOAUTH Authentication required": probe.ServerRedis, "-DENIED Redis": probe.ServerRedis,
		"\x15\x03\x01\x00\x02\x02\x46": probe.ServerTLS, "\x16\x03\x03\x00": probe.ServerTLS,
		"PRI * HTTP/2.0": probe.ServerHTTP2, "220 mx ESMTP": probe.ServerSMTP, "220 (vsFTPd 3)": probe.ServerFTP,
		"* OK IMAP4": probe.ServerMail, "J\x00\x00\x00\x0a8.0.36": probe.ServerMySQL, "I {": probe.ServerUnknown,
		"E\x00\x00\x00\x8dSFATAL": probe.ServerPostgres, "INFO {\"server_id\"": probe.ServerNATS, "AMQP\x00\x00\x09\x01": probe.ServerAMQP,
		"ERROR\r\nERROR\r\n": probe.ServerMemcached, "RTSP/1.0 400": probe.ServerRTSP, "RFB 003.008": probe.ServerVNC, "hello": probe.ServerUnknown,
	} {
		if got := probe.DetectBanner([]byte(head)); got != want {
			t.Errorf("%q: got %s, want %s", head, got, want)
		}
	}
}

func FuzzDetectBanner(f *testing.F) {
	for _, s := range []string{"", "SSH-2.0", "\x15\x03\x01", "\x00\x00\x12\x04\x00\x00\x00\x00\x00", "J\x00\x00\x00\x0a"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		kind := probe.DetectBanner(head)
		if kind == "" || !utf8.ValidString(string(kind)) {
			t.Errorf("%q: %q", head, kind)
		}
		if strings.HasPrefix(string(head), "HTTP/1.") && kind != probe.ServerOtherHTTP {
			t.Errorf("%q: %s", head, kind)
		}
	})
}

func TestAddrKind(t *testing.T) {
	for text, want := range map[string]probe.Scope{
		"8.8.8.8": probe.ScopePublic, "127.0.0.1": probe.ScopeLoopback, "::1": probe.ScopeLoopback, "::ffff:127.0.0.1": probe.ScopeLoopback,
		"0.0.0.0": probe.ScopeUnspecified, "::": probe.ScopeUnspecified, "169.254.1.1": probe.ScopeLinkLocal, "fe80::1%eth0": probe.ScopeLinkLocal,
		"10.0.0.1": probe.ScopePrivate, "192.168.1.1": probe.ScopePrivate, "172.16.0.1": probe.ScopePrivate, "172.25.0.2": probe.ScopePrivate,
		"172.17.0.2": probe.ScopeContainer, "172.32.0.1": probe.ScopePublic, "100.64.0.1": probe.ScopeCGNAT, "100.127.255.254": probe.ScopeCGNAT,
		"100.128.0.1": probe.ScopePublic, "fd12::1": probe.ScopeULA, "2606:4700::1": probe.ScopePublic, "2001:db8::1": probe.ScopeReserved,
		"192.0.2.1": probe.ScopeReserved, "224.0.0.1": probe.ScopeReserved, "255.255.255.255": probe.ScopeReserved,
	} {
		if got := probe.AddrKind(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if got := probe.AddrKind(netip.Addr{}); got != probe.ScopeInvalid {
		t.Errorf("no address: %s", got)
	}
}

func TestIsLoopbackHost(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost.": true, "app.localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true,
		"localhost.example.com": false, "10.0.0.1": false, "": false, "host.docker.internal": false,
	} {
		if got := probe.IsLoopbackHost(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
