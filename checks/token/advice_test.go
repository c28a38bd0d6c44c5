package token

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/codetest"
	"lkdoctor/checks/finding"
)

// onItsPage fails the test if the page of a finding does not list its variant.
func onItsPage(t *testing.T, findings []finding.Finding) {
	t.Helper()
	for _, f := range findings {
		page, _ := catalogue.Lookup(f.Code)
		if _, has := page.Variant(f.Variant); !has {
			t.Errorf("%s has the variant %q, which its page does not know: %s", f.Code, f.Variant, f.Message)
		}
	}
}

// TestAdviceFitsTheForm checks the variant for each form of input that is not a token.
func TestAdviceFitsTheForm(t *testing.T) {
	good := claimed(goodClaims)
	part := func(i int) string { return strings.Split(good, ".")[i] }
	for _, tt := range []struct{ raw, want string }{
		{"", "TOKEN_EMPTY empty"}, {`""`, "TOKEN_EMPTY empty"}, {"undefined", "TOKEN_EMPTY word"}, {"None", "TOKEN_EMPTY word"},
		{"[object Promise]", "TOKEN_PROMISE promise"}, {"<coroutine object x at 0x7f>", "TOKEN_PROMISE coroutine"}, {"<bound method AccessToken.to_jwt of x>", "TOKEN_PROMISE function"},
		{"lk_demo_0123456789012345678901234567890123456789012", "TOKEN_OPAQUE random"}, {"7e57d004-2b97-4e7a-b45f-5387367791cd", "TOKEN_OPAQUE id"}, {"48151623", "TOKEN_OPAQUE id"},
		{"tkt_0123456789abcdef0123456789abcdef", "TOKEN_OPAQUE ticket"}, {"APIabcdefghijkl", "TOKEN_OPAQUE key"},
		{`{"error":"no such room"}`, "TOKEN_OPAQUE refusal"}, {"<html><body>502</body></html>", "TOKEN_OPAQUE web-page"}, {"Unauthorized: log in first", "TOKEN_OPAQUE refusal"},
		{"v4.local.abcdefghijklmnopqrstuvwxyz", "TOKEN_OPAQUE other-service"},
		{part(0) + "." + part(1), "TOKEN_TRUNCATED no-signature"}, {good[:len(good)-20], "TOKEN_TRUNCATED cut"}, {part(0), "TOKEN_TRUNCATED cut"}, {part(0) + "." + part(1) + ".", "TOKEN_TRUNCATED no-signature"},
		{good + "AAAA", "TOKEN_UNDECODABLE added"}, {part(0) + ".!" + part(1)[1:] + "." + part(2), "TOKEN_UNDECODABLE character"}, {part(0) + "." + b64("no JSON") + "." + part(2), "TOKEN_UNDECODABLE not-json"},
		{part(0) + "." + part(1) + "." + part(2) + ".x", "TOKEN_UNDECODABLE parts"}, {strings.Replace(good, ".", "=.", 1), "TOKEN_UNDECODABLE base64"},
		{`"` + good + `"`, "TOKEN_WRAPPED quotes"}, {"b'" + good + "'", "TOKEN_WRAPPED bytes"}, {"Bearer " + good, "TOKEN_WRAPPED bearer"}, {`{"token":"` + good + `"}`, "TOKEN_WRAPPED json"},
		{"wss://x/rtc?access_token=" + good, "TOKEN_WRAPPED url"}, {"LIVEKIT_TOKEN=" + good, "TOKEN_WRAPPED setting"}, {" " + good, "TOKEN_WRAPPED blanks"}, {good + "\n", "TOKEN_WRAPPED blanks"},
		{"<" + good + ">", "TOKEN_WRAPPED other"}, {strings.ReplaceAll(good, ".", "%2E"), "TOKEN_WRAPPED encoded"},
		{hs512(goodClaims, testSecret), "TOKEN_ALG hmac"}, {sign(`{"alg":"none"}`, filled(goodClaims, now), ""), "TOKEN_ALG unsigned"}, {sign(`{"alg":"RS256"}`, filled(goodClaims, now), ""), "TOKEN_ALG private-key"},
		{claimed(`{"iss":"https://x.supabase.co/auth/v1","sub":"a"}`), "TOKEN_FOREIGN login"}, {claimed(`{"app_key":"x","tpc":"y"}`), "TOKEN_FOREIGN other-video"},
	} {
		_, found := Parse(tt.raw)
		onItsPage(t, found)
		if len(found) == 0 || fmt.Sprint(found[0].Code, " ", found[0].Variant) != tt.want {
			t.Errorf("%.40q: %v, want %s", tt.raw, found, tt.want)
		}
	}
}

// TestInformationOnClaims checks findings of severity info.
func TestInformationOnClaims(t *testing.T) {
	for claim, code := range map[string]finding.Code{
		`"video":{"roomJoin":true,"room":"r","canPublish":false}`:                                                 finding.TokenCannotPublish,
		`"video":{"roomJoin":true,"room":"r","canSubscribe":false}`:                                               finding.TokenCannotSubscribe,
		`"video":{"roomJoin":true,"room":"r","roomCreate":true}`:                                                  finding.TokenBroad,
		`"video":{"roomJoin":true,"room":"r"},"roomConfig":{"agents":[{"agentName":"support"},{"agentName":""}]}`: finding.TokenDispatchesAgent,
	} {
		tok, _ := Parse(claimed(`{"iss":"$iss","sub":"a","exp":$exp,` + claim + `}`))
		if f := codetest.Wants(t, Lint(tok), code); f.Severity != finding.Info {
			t.Errorf("%s is %s", code, f.Severity)
		}
	}
}

// TestAdviceFitsTheClaim checks the variants that depend on the claim: an object written
// as text differs from a wrong type, and a missing key from a missing identity.
func TestAdviceFitsTheClaim(t *testing.T) {
	for _, tt := range []struct{ claims, want string }{
		{`"iss":"$iss","sub":"a","video":"{\"roomJoin\":true}"`, "TOKEN_CLAIM_TYPE structure"},
		{`"iss":"$iss","sub":"a","attributes":"{}"`, "TOKEN_CLAIM_TYPE structure"},
		{`"iss":"$iss","sub":"a","attributes":{"a":1}`, "TOKEN_CLAIM_TYPE text"},
		{`"iss":"$iss","sub":"a","video":{"roomJoin":true,"room":"r","canPublishSources":"camera"}`, "TOKEN_CLAIM_TYPE structure"},
		{`"iss":"$iss","sub":"a","video":{"roomJoin":true,"room":"r","canPublishSources":[1]}`, "TOKEN_CLAIM_TYPE text"},
		{`"iss":"$iss","sub":"a","name":7`, "TOKEN_CLAIM_TYPE text"},
		{`"iss":"None","sub":"a","video":{"roomJoin":true,"room":"r"}`, "TOKEN_PLACEHOLDER missing-key"},
		{`"iss":"$iss","sub":"undefined","video":{"roomJoin":true,"room":"r"}`, "TOKEN_PLACEHOLDER missing-value"},
	} {
		tok, _ := Parse(claimed(`{"exp":$exp,` + tt.claims + `}`))
		found := Lint(tok)
		onItsPage(t, found)
		if len(found) == 0 || fmt.Sprint(found[0].Code, " ", found[0].Variant) != tt.want {
			t.Errorf("%s: %v, want %s", tt.claims, found, tt.want)
		}
	}
}

func TestAdviceFitsTheTimes(t *testing.T) {
	clocks := func(service time.Duration) Clocks {
		return Clocks{Local: now, Server: clockAt(0, 0), TicketService: clockAt(service, 0)}
	}
	kept := clocks(0)
	kept.Kept = true
	lived := func(start, life time.Duration) string {
		return fmt.Sprintf(`"nbf":%d,"exp":%d`, now.Add(start).Unix(), now.Add(start+life).Unix())
	}
	const hour, minute = time.Hour, time.Minute
	for _, tt := range []struct {
		name, claims string
		clocks       Clocks
		want         string
	}{
		{"kept for a while", lived(-37*minute, 15*minute), clocks(0), "TOKEN_EXPIRED kept"},
		{"kept for a round time, not to the second", lived(-2*hour-40*time.Second, 15*minute), clocks(0), "TOKEN_EXPIRED kept"},
		{"an offset that no time zone has", lived(-90*minute, 15*minute), clocks(0), "TOKEN_EXPIRED kept"},
		{"India", lived(-330*minute, 15*minute), clocks(0), "TOKEN_EXPIRED time-zone"},
		{"New York", lived(-5*hour, 15*minute), clocks(0), "TOKEN_EXPIRED time-zone"},
		{"the same from a cache", lived(-5*hour, 15*minute), kept, "TOKEN_EXPIRED kept"},
		{"the same, and nobody's clock is known", lived(-5*hour, 15*minute), Clocks{Local: now}, "TOKEN_EXPIRED kept"},
		{"a clock behind", lived(-20*minute, 15*minute), clocks(-20 * minute), "TOKEN_EXPIRED clock"},
		{"a clock behind, and older than that", lived(-3*hour, 15*minute), clocks(-20 * minute), "TOKEN_EXPIRED kept"},
		{"no lifetime", lived(-hour, 0), clocks(0), "TOKEN_EXPIRED no-lifetime"},
		{"short-lived", lived(0, minute), clocks(0), "TOKEN_EXPIRES_SOON short-lived"},
		{"used late", lived(-14*minute, 15*minute), clocks(0), "TOKEN_EXPIRES_SOON used-late"},
		{"a clock ahead", lived(5*minute, 15*minute), clocks(5 * minute), "TOKEN_NOT_YET_VALID clock"},
		{"ahead by code", lived(5*minute, 15*minute), clocks(0), "TOKEN_NOT_YET_VALID code"},
		{"ahead by a time zone", lived(8*hour, 15*minute), clocks(0), "TOKEN_NOT_YET_VALID time-zone"},
		{"ahead, unexplained", lived(5*minute, 15*minute), Clocks{Local: now}, "TOKEN_NOT_YET_VALID unexplained"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tok, _ := Parse(claimed(`{"iss":"$iss",` + tt.claims + `}`))
			found := Time(tok, tt.clocks)
			onItsPage(t, found)
			if len(found) == 0 || fmt.Sprint(found[0].Code, " ", found[0].Variant) != tt.want {
				t.Errorf("%v, want %s", found, tt.want)
			}
		})
	}
}

func TestAdviceFitsTheSecret(t *testing.T) {
	others := []Candidate{
		{Label: "JWT_SECRET in .env.local", Variable: "JWT_SECRET", Alone: true, Secret: func() string { return "of-jwt-0123456789" }},
		{Label: "LIVEKIT_API_SECRET in .env.old", Secret: func() string { return "of-old-0123456789" }},
		{Label: "LIVEKIT_API_SECRET in .env", Reader: "docker --env-file", Secret: func() string { return "docker-0123456789" }},
	}
	const s = testSecret
	for _, tt := range []struct{ signer, here, want string }{
		{s + "\n", s, "signer"}, {s, s + "\n", "here"}, {testKey, s, "key-as-secret"}, {"undefined", s, "placeholder"}, {"", s, "placeholder"}, {"secret", s, "well-known"},
		{"of-jwt-0123456789", s, "other-variable"}, {"of-old-0123456789", s, "other-file"}, {"of-old-0123456789\n", s, "other-file"}, {"docker-0123456789", s, "here"},
		{string(decodedHex()), "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "decoded"},
	} {
		tok, _ := Parse(sign(hs256, filled(goodClaims, now), tt.signer))
		_, found := Signature(tok, testKey, tt.here, others)
		onItsPage(t, found)
		if len(found) != 1 || found[0].Variant != tt.want {
			t.Errorf("signed with %q, %q here: %v, want %s", tt.signer, tt.here, found, tt.want)
		}
		if tt.want == "other-variable" && found[0].Facts["found_in"] != "JWT_SECRET" {
			t.Errorf("found in %v", found[0].Facts["found_in"])
		}
	}
}
