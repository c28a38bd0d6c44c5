package token

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"

	"lkdoctor/checks/finding"
)

// refused returns why livekit-server 1.13.5 refuses a join, or "" if it accepts. It
// checks in the server's order (pkg/service/auth.go, rtcservice.go), with its library.
func refused(raw, key, secret string) string {
	v, err := auth.ParseAPIToken(raw)
	if err != nil {
		return "unparseable: " + err.Error()
	}
	if v.APIKey() != key {
		return "unknown key"
	}
	_, grants, err := v.Verify(secret)
	switch {
	case err != nil:
		return "verify: " + err.Error()
	case grants.Video == nil:
		return "no video"
	case !grants.Video.RoomJoin:
		return "no roomJoin"
	case grants.Identity == "":
		return "no identity"
	case len(grants.Identity) > MaxIdentity:
		return "identity too long"
	case grants.Video.Room == "":
		return "no room"
	case len(grants.Video.Room) > MaxRoomName:
		return "room too long"
	case len(grants.Metadata) > MaxMetadata:
		return "metadata too large"
	}
	total := 0
	for k, v := range grants.Attributes {
		total += len(k) + len(v)
	}
	if total > MaxAttributes {
		return "attributes too large"
	}
	return ""
}

// judged returns this package's failing findings about the token.
func judged(raw, key, secret string) (fails []finding.Finding) {
	tok, found := Parse(raw)
	found = append(found, Lint(tok)...)
	found = append(found, Time(tok, Clocks{Local: time.Now()})...)
	_, signature := Signature(tok, key, secret, nil)
	for _, f := range append(found, signature...) {
		if f.Severity == finding.Fail {
			fails = append(fails, f)
		}
	}
	return fails
}

// agree fails the test unless the server refuses the token exactly when this package
// reports a failing finding.
func agree(t *testing.T, raw, key, secret string) {
	t.Helper()
	server, ours := refused(raw, key, secret), judged(raw, key, secret)
	switch {
	case server != "" && len(ours) == 0:
		t.Errorf("the server refuses (%s) what we pass: %q", server, raw)
	case server == "" && len(ours) > 0:
		t.Errorf("the server accepts, we fail: %s\n%q", codes(ours), raw)
	}
}

func TestAgreesWithServer(t *testing.T) {
	at := time.Now()
	good := sign(hs256, filled(goodClaims, at), testSecret)
	parts := strings.Split(good, ".")
	tokens := map[string]string{
		"good": good, "empty": "", "opaque": "lk_demo_abcdefghijklmnop", "promise": "[object Promise]",
		"newline after": good + "\n", "newline before": "\n" + good, "newline in signature": good[:len(good)-9] + "\n" + good[len(good)-9:],
		"blank before": " " + good, "quoted": `"` + good + `"`, "bearer": "Bearer " + good, "bytes": "b'" + good + "'",
		"two parts": parts[0] + "." + parts[1], "no signature": parts[0] + "." + parts[1] + ".", "four parts": good + ".x",
		"cut": good[:len(good)-9], "long": good + "AAAA", "padded": parts[0] + "=." + parts[1] + "." + parts[2], "padded signature": good + "=",
		"trailing bits": good[:len(good)-1] + "_",
		"wrong secret":  sign(hs256, filled(goodClaims, at), "x"),
		"other key":     sign(hs256, strings.ReplaceAll(filled(goodClaims, at), testKey, "APIother"), testSecret),
	}
	for _, h := range []string{`{"alg":"none"}`, `{"alg":"RS256"}`, `{"alg":"HS512"}`, `{"alg":"hs256"}`, `{"Alg":"HS256"}`, `{"alg":256}`, `{"alg":"HS256","alg":"none"}`, `{"alg":"none","alg":"HS256"}`, `{"typ":"JWT"}`, `{"alg":"HS256"}`, `{"alg":"HS256","kid":"x","typ":1}`, `{}`, `null`, `[]`, `{"alg":"HS256"`} {
		tokens["header "+h] = sign(h, filled(goodClaims, at), testSecret)
	}
	base := `"iss":"$iss","sub":"a","exp":$exp,"nbf":$now`
	join := `"video":{"roomJoin":true,"room":"r"}`
	for _, c := range []string{
		base, base + `,"video":{}`, base + `,"video":null`, base + `,"video":[]`, base + `,"video":"x"`, base + `,"video":{"roomJoin":true}`,
		base + `,"video":{"room":"r"}`, base + `,"video":{"room_join":true,"room":"r"}`, base + `,"Video":{"ROOMJOIN":true,"Room":"r"}`,
		base + `,"video":{"roomJoin":true},"video":{"room":"r"}`, base + `,"video":{"roomJoin":true,"room":"r","room":""}`, base + `,"video":{"roomJoin":true,"room":"r"},"video":null`,
		base + `,"video":{"roomJoin":true,"roomJoin":null,"room":"r","room":null}`, base + `,"video":{"roomJoin":"true","room":"r"}`, base + `,"video":{"roomJoin":1,"room":"r"}`,
		base + `,"video":{"roomJoin":true,"room":"r","canPublish":"yes"}`, base + `,"video":{"roomJoin":true,"room":"r","canPublishSources":"camera"}`,
		base + `,"video":{"roomJoin":true,"room":"r","canPublishSources":[null,"camera"]}`, base + `,"video":{"roomJoin":true,"room":"r","canPublishSources":[[]]}`,
		base + "," + join, base + "," + join + `,"metadata":{}`, base + "," + join + `,"metadata":null`, base + "," + join + `,"attributes":{"a":1}`, base + "," + join + `,"attributes":{"a":null}`,
		base + "," + join + `,"attributes":[]`, base + "," + join + `,"kind":5`, base + "," + join + `,"kindDetails":"x"`, base + "," + join + `,"aud":"x"`, base + "," + join + `,"aud":["x"]`, base + "," + join + `,"aud":[1]`, base + "," + join + `,"aud":{}`,
		base + "," + join + `,"sip":{"admin":"x"}`, base + "," + join + `,"agent":true`, base + "," + join + `,"agent":{"admin":true}`, base + "," + join + `,"roomConfig":{"bogus":1}`, base + "," + join + `,"roomConfig":{"maxParticipants":"5"}`,
		base + "," + join + `,"roomConfig":{"maxParticipants":-1}`, base + "," + join + `,"roomConfig":"x"`, base + "," + join + `,"roomConfig":null`, base + "," + join + `,"roomPreset":{}`, base + "," + join + `,"sub":7`, base + "," + join + `,"sub":""`, base + "," + join + `,"sub":null`, base + "," + join + `,"SUB":"b"`,
		base + "," + join + `,"sub":"","jti":"j"`, base + "," + join + `,"iss":""`, base + "," + join + `,"iss":null`, base + "," + join + `,"ISS":"x"`, base + "," + join + `,"identity":5`,
		base + "," + join + `,"exp":null`, base + "," + join + `,"exp":"$exp"`, base + "," + join + `,"exp":"soon"`, base + "," + join + `,"exp":""`, base + "," + join + `,"exp":0`, base + "," + join + `,"exp":1e300`, base + "," + join + `,"exp":-1`, base + "," + join + `,"exp":true`, base + "," + join + `,"exp":$exp000`, base + "," + join + `,"exp":$exp.75`, base + "," + join + `,"exp":1e400`, base + "," + join + `,"EXP":1`,
		base + "," + join + `,"nbf":$exp`, base + "," + join + `,"nbf":$now000`, base + "," + join + `,"nbf":"$exp"`, base + "," + join + `,"nbf":{}`, base + "," + join + `,"iat":$exp`, base + "," + join + `,"iat":"x"`,
		base + "," + join + `,"x":` + strings.Repeat("[", 9_998) + strings.Repeat("]", 9_998), base + "," + join + `,"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000),
		base + "," + join + `,"video":{"room":"` + strings.Repeat("x", 256) + `"}`, base + "," + join + `,"video":{"room":"` + strings.Repeat("x", 257) + `"}`,
		base + "," + join + `,"name":"\ud800\u0000"`, base + "," + join + ",\"name\":\"\xff\"", base + "," + join + `,"ſub":"x"`, base + "," + join + `,"metadata":"` + strings.Repeat("m", 512<<10) + `"`,
	} {
		tokens[c[:min(len(c), 120)]+fmt.Sprint(len(c))] = sign(hs256, filled("{"+c+"}", at), testSecret)
	}
	for d := -70; d <= 70; d += 10 {
		for _, claim := range []string{"exp", "nbf"} {
			c := fmt.Sprintf(`{%s,%s,"%s":%d}`, base, join, claim, at.Add(time.Duration(d)*time.Second).Unix())
			if d != -60 && d != 60 { // the result would change during the test
				tokens[claim+fmt.Sprint(d)] = sign(hs256, filled(c, at), testSecret)
			}
		}
	}
	accepted := 0
	for name, raw := range tokens {
		t.Run(name[:min(len(name), 60)], func(t *testing.T) {
			agree(t, raw, testKey, testSecret)
			if refused(raw, testKey, testSecret) == "" {
				accepted++
			}
		})
	}
	if accepted < 20 || accepted > len(tokens)-60 {
		t.Errorf("%d of %d accepted: the table is one-sided", accepted, len(tokens))
	}
}

func FuzzParse(f *testing.F) {
	good := sign(hs256, filled(goodClaims, now), testSecret)
	for _, s := range []string{
		"", good, `"` + good + `"`, "Bearer " + good, "lk_demo_abcdefghijklmnopqrstuvwxyz012345", "[object Promise]", "{}", "b'x'",
		`{"token":"` + good + `"}`, "wss://h/?access_token=" + good, good[:60], "a.b.c.d.e", "eyJ", "eyJ.eyJ.", "%22%22", "\x00", "“”", b64(good),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		tok, found := Parse(raw)
		if tok == nil {
			t.Fatal("nil token")
		}
		if tok.Reveal() != raw {
			t.Fatal("token changed")
		}
		if len(found) == 0 && !tok.Decoded {
			t.Errorf("not decoded, nothing found: %q", raw)
		}
		found = append(found, Lint(tok)...)
		found = append(found, Time(tok, Clocks{Local: now})...)
		_, more := Signature(tok, testKey, testSecret, nil)
		found = append(found, more...)
		for _, m := range append(found, finding.New("X", "info", "%s %s", tok.String(), tok.Effective().HeaderJSON())) {
			if s := m.Message.String(); strings.ContainsAny(s, "\x00\x1b\x07\u202e\u200b") || strings.Contains(s, "%!") {
				t.Errorf("message %q", s)
			}
		}
		agree(t, raw, testKey, testSecret)
	})
}

// FuzzClaims signs any header and claims, so that the fuzzer gets past the signature
// check, and compares the result with LiveKit's library.
func FuzzClaims(f *testing.F) {
	f.Add(hs256, goodClaims)
	f.Add(hs256, `{"iss":"$iss","jti":"x","EXP":"$exp","video":{"roomJoin":true,"room":"r","canPublishSources":["camera"]},"attributes":{"a":"b"},"aud":["x"]}`)
	f.Add(hs256, `{"iss":"$iss","sub":"a","sub":"b","metadata":null,"roomConfig":{"agents":[{"agentName":"x"}],"maxParticipants":"5"},"sip":{"admin":true},"video":{"room":"\ud800"}}`)
	f.Add(`{"alg":"none","alg":"HS256"}`, `{"exp":1e300,"nbf":-1,"iat":"12","kindDetails":["x",null]}`)
	f.Fuzz(func(t *testing.T, header, claims string) {
		raw := sign(header, filled(claims, time.Now()), testSecret)
		agree(t, raw, testKey, testSecret)
	})
}
