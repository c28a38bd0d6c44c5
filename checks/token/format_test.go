package token

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFormat(t *testing.T) {
	good := claimed(goodClaims)
	parts := strings.Split(good, ".")
	opaque := "lk_demo_" + "Zk3vQ9xW1pL7sT2uYbN8cRdF5gHjKmXo-4_aEiUqVwB"
	for _, tt := range []struct {
		name, raw, want, message string
	}{
		{"good", good, "", ""},
		{"empty", "", "TOKEN_EMPTY:fail", "nothing at all"},
		{"blanks", " \n", "TOKEN_EMPTY:fail", "only quotes or blanks"},
		{"null", "null", "TOKEN_EMPTY:fail", "the word “null”"},
		{"undefined", "undefined", "TOKEN_EMPTY:fail", "undefined"},
		{"quoted None", `"None"`, "TOKEN_EMPTY:fail", "none"},
		{"opaque", opaque, "TOKEN_OPAQUE:fail", "51 characters long, begins with lk_demo_ and has no dots, so it is not a JWT (header.payload.signature); it looks like 32 random bytes in base64url, as secrets.token_urlsafe(32) makes"},
		{"opaque, no prefix", opaque[8:], "TOKEN_OPAQUE:fail", "43 characters long and has no dots"},
		{"opaque, quoted", `"` + opaque + `"`, "TOKEN_OPAQUE:fail", "lk_demo_"},
		{"hex", strings.Repeat("0123456789abcdef", 4), "TOKEN_OPAQUE:fail", "secrets.token_hex(32)"},
		{"UUID", "0b5c1e9a-7a39-4f3e-9f3a-3d9f6f0f4b10", "TOKEN_OPAQUE:fail", "UUID"},
		{"API key", testKey, "TOKEN_OPAQUE:fail", "a LiveKit API key"},
		{"ticket", "tkt_e26f0a91b7c64d2e8f1a", "TOKEN_OPAQUE:fail", "a ticket"},
		{"PASETO", "v4.local." + opaque, "TOKEN_OPAQUE:fail", "PASETO"},
		{"HTML", "<!DOCTYPE html><html>", "TOKEN_OPAQUE:fail", "HTML"},
		{"sentence", "please log in first", "TOKEN_OPAQUE:fail", "sentence"},
		{"URL", "wss://demo.example.com", "TOKEN_OPAQUE:fail", "URL without a token"},
		{"number", "1234567890", "TOKEN_OPAQUE:fail", "a number"},
		{"Promise", "[object Promise]", "TOKEN_PROMISE:fail", "nobody awaited"},
		{"Promise in a URL", "%5Bobject+Promise%5D", "TOKEN_PROMISE:fail", "nobody awaited"},
		{"Promise in JSON", "{}", "TOKEN_PROMISE:fail", "an empty object"},
		{"object", "[object Object]", "TOKEN_PROMISE:fail", "object"},
		{"coroutine", "<coroutine object to_jwt at 0x7f>", "TOKEN_PROMISE:fail", "coroutine"},
		{"method", "<bound method AccessToken.to_jwt of <x>>", "TOKEN_PROMISE:fail", "not called"},
		{"double quotes", `"` + good + `"`, "TOKEN_WRAPPED:fail", "quotes"},
		{"single quotes", `'` + good + `'`, "TOKEN_WRAPPED:fail", "quotes"},
		{"one quote", good + `"`, "TOKEN_WRAPPED:fail", "quotes"},
		{"Bearer", "Bearer " + good, "TOKEN_WRAPPED:fail", "“bearer”"},
		{"Bearer twice", "Bearer Bearer " + good, "TOKEN_WRAPPED:fail", "a leading “bearer”, then a leading"},
		{"header line", "Authorization: Bearer " + good, "TOKEN_WRAPPED:fail", "Authorization header"},
		{"bytes", "b'" + good + "'", "TOKEN_WRAPPED:fail", "b'…'"},
		{"blank before", " " + good, "TOKEN_WRAPPED:fail", "white space"},
		{"line break after", good + "\n", "TOKEN_WRAPPED:warn", "ends in a line break"},
		{"line break in the signature", good[:len(good)-9] + "\n" + good[len(good)-9:], "TOKEN_WRAPPED:warn", "in its signature"},
		{"CR LF after", good + "\r\n", "TOKEN_WRAPPED:warn", "ends in a line break"},
		{"BOM", "\ufeff" + good, "TOKEN_WRAPPED:fail", "invisible"},
		{"NUL", good + "\x00", "TOKEN_WRAPPED:fail", "invisible"},
		{"URL with token", "wss://h/rtc?access_token=" + good + "&sdk=js", "TOKEN_WRAPPED:fail", "access_token="},
		{"browser error", "WebSocket connection to 'wss://h/rtc?auto_subscribe=1&access_token=" + good + "' failed", "TOKEN_WRAPPED:fail", "access_token="},
		{"query alone", "access_token=" + good, "TOKEN_WRAPPED:fail", "access_token="},
		{"JSON", `{"url":"wss://h","token":"` + good + `"}`, "TOKEN_WRAPPED:fail", "JSON"},
		{"JSON, deep", `{"data":[{"x":1,"accessToken":"` + good + `"}]}`, "TOKEN_WRAPPED:fail", "JSON"},
		{"JSON, cut", `{"token":"` + good + `","url":"ws`, "TOKEN_WRAPPED:fail", "JSON"},
		{"JSON, own name", `{"foo":"bar","lk":"` + good + `"}`, "TOKEN_WRAPPED:fail", "JSON"},
		{"env line", "LIVEKIT_TOKEN=" + good, "TOKEN_WRAPPED:fail", "NAME=value"},
		{"angle brackets", "<" + good + ">", "TOKEN_WRAPPED:fail", "angle"},
		{"comma", good + ",", "TOKEN_WRAPPED:fail", "comma"},
		{"percent", strings.ReplaceAll(`"`+good+`"`, `"`, "%22"), "TOKEN_WRAPPED:fail", "percent"},
		{"base64 again", b64(good), "TOKEN_WRAPPED:fail", "base64"},
		{"broken lines", good[:30] + "\n" + good[30:60] + "\n" + good[60:], "TOKEN_WRAPPED:fail", "between"},
		{"text around", "the token is " + good + " I think", "TOKEN_WRAPPED:fail", "other text"},
		{"two parts", parts[0] + "." + parts[1], "TOKEN_TRUNCATED:fail", "2 parts"},
		{"one part", parts[0], "TOKEN_TRUNCATED:fail", "no dots"},
		{"no signature", parts[0] + "." + parts[1] + ".", "TOKEN_TRUNCATED:fail", "nothing follows its second dot"},
		{"cut signature", good[:len(good)-7], "TOKEN_TRUNCATED:fail", "27 bytes; HS256 makes 32"},
		{"cut in a group", good[:len(good)-2], "TOKEN_TRUNCATED:fail", "middle of a base64 group"},
		{"cut payload", parts[0] + "." + parts[1][:len(parts[1])/8*4] + "." + parts[2], "TOKEN_TRUNCATED:fail", "ends early"},
		{"JWE", b64(`{"alg":"dir","enc":"A256GCM"}`) + "..a.b.c", "TOKEN_ENCRYPTED:fail", "5 parts"},
		{"four parts", good + ".x", "TOKEN_UNDECODABLE:fail", "4 parts"},
		{"padded", b64(hs256) + "." + b64(`{"iss":"a","sub":"b","video":{"room":"x"}}`) + "==" + "." + parts[2], "TOKEN_UNDECODABLE:fail", "up to 1.12 read padding"},
		{"bad character", parts[0] + "." + parts[1][:9] + "*" + parts[1][10:] + "." + parts[2], "TOKEN_UNDECODABLE:fail", "payload of the token is not base64url: the character at byte 9"},
		{"bad header", "eyX" + good[3:], "TOKEN_UNDECODABLE:fail", "header"},
		{"NUL inside", parts[0] + "." + parts[1][:9] + "\x00" + parts[1][10:] + "." + parts[2], "TOKEN_UNDECODABLE:fail", `(\u0000)`},
		{"not JSON", parts[0] + "." + b64("hello there") + "." + parts[2], "TOKEN_UNDECODABLE:fail", "not JSON"},
		{"not an object", parts[0] + "." + b64(`"text"`) + "." + parts[2], "TOKEN_UNDECODABLE:fail", "not an object"},
		{"empty payload", parts[0] + ".." + parts[2], "TOKEN_UNDECODABLE:fail", "payload of the token is empty"},
		{"long signature", good + "AAAA", "TOKEN_UNDECODABLE:fail", "35 bytes; HS256 makes 32"},
		{"alg none", b64(`{"alg":"none"}`) + "." + parts[1] + ".", "TOKEN_ALG:fail", "not signed"},
		{"alg missing", sign(`{"typ":"JWT"}`, goodClaims, "x"), "TOKEN_UNDECODABLE:fail", ""},
		{"alg RS256", sign(`{"alg":"RS256"}`, filled(goodClaims, now), "x"), "TOKEN_ALG:fail", "algorithm is RS256"},
		{"alg lower case", sign(`{"alg":"hs256"}`, filled(goodClaims, now), "x"), "TOKEN_ALG:fail", "hs256"},
		{"alg HS512, cut", sign(`{"alg":"HS512"}`, filled(goodClaims, now), "x"), "TOKEN_ALG:fail TOKEN_TRUNCATED:fail", "up to 1.12"},
		{"foreign", sign(`{"alg":"RS256"}`, `{"iss":"https://example.eu.auth0.com/","sub":"x"}`, "x"), "TOKEN_FOREIGN:fail", "Auth0"},
		{"foreign, unknown", sign(`{"alg":"ES256"}`, `{"iss":"https://login.example.com","sub":"x"}`, "x"), "TOKEN_FOREIGN:fail", "login.example.com"},
		{"foreign, a session", sign(hs256, `{"sub":"user-1","iat":1,"exp":2}`, "x"), "TOKEN_FOREIGN:fail", "a session"},
		{"foreign, a session with another name for the user", sign(hs256, `{"userId":5,"email":"a@b.c"}`, "x"), "TOKEN_FOREIGN:fail", "a session"},
		{"foreign, HS256", sign(hs256, `{"iss":"supabase","role":"anon"}`, "x"), "TOKEN_FOREIGN:fail", "Supabase"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tok, found := Parse(tt.raw)
			if tt.name == "alg missing" {
				tok, found = Parse(sign(`{"typ":"JWT"}`, filled(goodClaims, now), "x"))
				tt.want = "TOKEN_ALG:fail"
			}
			if got := codes(found); got != tt.want {
				t.Fatalf("found %s, want %s\n%v", got, tt.want, found)
			}
			noLeak(t, tt.raw, found)
			for _, f := range found {
				t.Log(f.Message)
			}
			if tt.message != "" && !strings.Contains(found[0].Message.String(), tt.message) {
				t.Errorf("message %q lacks %q", found[0].Message, tt.message)
			}
			if strings.HasPrefix(tt.want, "TOKEN_WRAPPED") {
				if tok.Inner == nil || tok.Inner.Reveal() != good || !tok.Effective().Decoded {
					t.Errorf("inner token not found")
				}
			}
		})
	}
}

func TestFormatFacts(t *testing.T) {
	_, found := Parse("lk_demo_Zk3vQ9xW1pL7sT2uYbN8cRdF5gHjKmXo-4_aEiUqVwB")
	want := map[string]any{
		"length": 51, "dots": 0, "prefix": "lk_demo_", "alphabet": "base64url",
		"looks_like": "32 random bytes in base64url, as secrets.token_urlsafe(32) makes",
	}
	if diff := cmp.Diff(want, map[string]any(found[0].Facts)); diff != "" {
		t.Error(diff)
	}
}

func TestTokenCannotBePrinted(t *testing.T) {
	raw := claimed(goodClaims)
	tok, _ := Parse(`"` + raw + `"`)
	type holder struct{ T *Token }
	doc, err := json.Marshal(map[string]any{"t": tok, "h": holder{tok}, "v": holder{tok.Inner}})
	if err != nil {
		t.Fatal(err)
	}
	out := string(doc)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out += fmt.Sprintf(verb+verb+verb+verb, tok, *tok, holder{tok}, []*Token{tok.Inner})
	}
	out += tok.Inner.HeaderJSON() + tok.Inner.ClaimsJSON()
	if strings.Contains(out, raw[len(raw)-20:]) || strings.Contains(out, raw[:40]) {
		t.Errorf("printed: %s", out)
	}
	if want := "HS256 token of " + testKey + " for alice in room support-42"; tok.String() != want {
		t.Errorf("String() = %q", tok)
	}
	if !strings.Contains(tok.Inner.ClaimsJSON(), "\n  \"sub\": \"alice\"") {
		t.Errorf("ClaimsJSON: %s", tok.Inner.ClaimsJSON())
	}
}

// TestFormatHostile checks that hostile tokens give a finding and use little memory.
func TestFormatHostile(t *testing.T) {
	const mib = 1 << 20
	for name, raw := range map[string]string{
		"1 MiB of letters":    strings.Repeat("a", mib),
		"1 MiB of dots":       strings.Repeat(".", mib),
		"1 MiB of eyJ":        strings.Repeat("eyJ", mib/3),
		"1 MiB of quotes":     strings.Repeat(`"`, mib),
		"1 MiB of brackets":   strings.Repeat("[", mib),
		"1 MiB of %22":        strings.Repeat("%22", mib/3),
		"1 MiB metadata":      claimed(`{"iss":"$iss","metadata":"` + strings.Repeat("m", mib*3/4) + `"}`),
		"nested 10,000":       claimed(`{"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`),
		"nested objects":      claimed(strings.Repeat(`{"video":`, 10_000) + "1" + strings.Repeat("}", 10_000)),
		"nested 9,990":        claimed(`{"x":` + strings.Repeat("[", 9_990) + strings.Repeat("]", 9_990) + `}`),
		"many keys":           claimed(`{` + strings.Repeat(`"k":1,`, 120_000) + `"iss":""}`),
		"many doubles":        claimed(`{` + strings.Repeat(`"video":{"room":1},`, 20_000) + `"iss":""}`),
		"many attributes":     claimed(`{"attributes":{` + strings.Repeat(`"a":1,`, 100_000) + `"b":1}}`),
		"huge number":         claimed(`{"exp":1e308,"nbf":-1e308,"iat":1` + strings.Repeat("0", 1000) + `}`),
		"lone surrogates":     claimed(`{"iss":"\ud800","sub":"\udc00x","video":{"room":"\ud83d"}}`),
		"NUL in claims":       claimed(`{"iss":"a\u0000b","sub":"\u0000","video":{"room":"\u0000"}}`),
		"escape sequences":    claimed(`{"iss":"\u001b[31m","sub":"\u202e","video":{"\u001b]0;x\u0007":1}}`),
		"invalid UTF-8":       claimed("{\"sub\":\"\xff\xfe\"}"),
		"1 MiB URL":           "https://h/?access_token=" + strings.Repeat("%41", mib/3),
		"1 MiB of whitespace": strings.Repeat(" ", mib),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			tok, found := Parse(raw)
			found = append(found, Lint(tok)...)
			found = append(found, Time(tok, Clocks{Local: now})...)
			_, more := Signature(tok, testKey, "wrong", nil)
			found = append(found, more...)
			_ = tok.String() + tok.Effective().ClaimsJSON()
			runtime.ReadMemStats(&after)
			if len(found) == 0 {
				t.Error("no finding")
			}
			if len(found) > 40 {
				t.Errorf("%d findings", len(found))
			}
			noLeak(t, raw, found)
			for _, f := range found {
				if len(f.Message.String()) > 700 || strings.ContainsAny(f.Message.String(), "\x00\x1b\u202e") {
					t.Errorf("message: %q", f.Message)
				}
			}
			// TotalAlloc is an upper bound of the memory in use.
			if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb >= 50 {
				t.Errorf("allocated %d MiB", mb)
			} else {
				t.Logf("allocated %d MiB, %s", mb, codes(found))
			}
		})
	}
}
