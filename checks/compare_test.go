package checks

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"lkdoctor/checks/check"
	"lkdoctor/checks/token"
	"lkdoctor/config"
)

// comparison runs the token checks on raw and returns the compared parts by name.
func comparison(t *testing.T, raw string) map[string]check.TokenPart {
	t.Helper()
	settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Flags: map[string]string{"token": raw},
		Environ: []string{"LIVEKIT_API_KEY=APIabcdefghijkl", "LIVEKIT_API_SECRET=" + compareSecret}})
	if err != nil {
		t.Fatal(err)
	}
	c := newTestCase(t, settings)
	c.Options.Only = []string{"token", "signature.local"}
	run := Do(t.Context(), c, false, func(check.Event) {})
	parts := map[string]check.TokenPart{}
	for _, p := range run.Token {
		if _, twice := parts[p.Name]; twice {
			t.Errorf("%s stands there twice", p.Name)
		}
		parts[p.Name] = p
	}
	return parts
}

const compareSecret = "a-secret-of-thirty-two-characters!"

func unsigned(claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc([]byte(claims)) + "." + enc(make([]byte, 32))
}

// TestComparedMarksWhatWasFound checks that exactly the parts with a finding differ.
func TestComparedMarksWhatWasFound(t *testing.T) {
	for name, tc := range map[string]struct {
		raw  string
		want string // the parts that differ, in order
	}{
		"opaque": {"lk_demo_" + strings.Repeat("aB3_", 11), "token"},
		"expired, by another key, without a room": {
			unsigned(`{"iss":"APIother","sub":"me","exp":1000000000,"video":{"roomJoin":true}}`), "iss video.room exp"},
		"milliseconds": {unsigned(`{"iss":"APIabcdefghijkl","sub":"me","exp":1800000000000,"video":{"roomJoin":true,"room":"r"}}`), "exp signature"},
		"misnamed":     {unsigned(`{"iss":"APIabcdefghijkl","sub":"me","exp":9000000000,"video":{"room_join":true,"room":"r"}}`), "video.roomJoin video.room_join exp signature"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			parts := comparison(t, tc.raw)
			for _, part := range []string{"token", "alg", "iss", "sub", "video.roomJoin", "video.room_join", "video.room", "exp", "nbf", "signature"} {
				if parts[part].Differs {
					got = append(got, part)
				}
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("marked %v, want %s", got, tc.want)
			}
		})
	}
}

// TestComparedHidesSecrets checks that no part shows the token, its signature or the
// secret, even if a claim holds it with escapes or the shortened value ends inside it.
func TestComparedHidesSecrets(t *testing.T) {
	escaped := strings.ReplaceAll(compareSecret, "e", `\u0065`)
	raw := unsigned(fmt.Sprintf(`{"iss":"APIabcdefghijkl","sub":%q,"name":"%s","metadata":%q,"%s":1,"exp":9000000000,"video":{"roomJoin":true,"room":%q}}`,
		compareSecret, escaped, strings.Repeat("x", 290)+compareSecret, escaped, "r-"+compareSecret))
	signature := raw[strings.LastIndex(raw, ".")+1:]
	parts := comparison(t, raw)
	if len(parts) < 8 {
		t.Fatal(parts)
	}
	for name, p := range parts {
		shown := name + " " + p.Want.String() + " " + p.Came.String()
		for _, secret := range []string{compareSecret, compareSecret[:10], signature} {
			if strings.Contains(shown, secret) {
				t.Errorf("%s shows %q", shown, secret)
			}
		}
	}
	good, err := token.Mint(token.MintOptions{Key: "APIabcdefghijkl", Secret: compareSecret, Room: "r", Identity: "i", Now: newTestCase(t, &config.Settings{}).Now()})
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range comparison(t, good) {
		if p.Differs {
			t.Errorf("%s of a good token is marked: %s", name, p.Came)
		}
	}
}
