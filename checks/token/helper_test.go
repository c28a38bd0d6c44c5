package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/finding"
)

// The key and secret of all tests.
const (
	testKey    = "APIabcdefghijkl"
	testSecret = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF"
)

// now is the current time in tests that do not use LiveKit's library.
var now = time.Date(2026, 11, 23, 7, 15, 0, 0, time.UTC)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sign returns a token with the given header and claims.
func sign(header, claims, secret string) string {
	input := b64(header) + "." + b64(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

const hs256 = `{"alg":"HS256","typ":"JWT"}`

// claimed returns a token with the given claims after replacing $now, $exp and $iss.
func claimed(claims string) string { return sign(hs256, filled(claims, now), testSecret) }

func filled(claims string, at time.Time) string {
	return strings.NewReplacer(
		"$iss", testKey,
		"$now", fmt.Sprint(at.Unix()),
		"$exp", fmt.Sprint(at.Add(15*time.Minute).Unix()),
	).Replace(claims)
}

const goodClaims = `{"iss":"$iss","sub":"alice","nbf":$now,"exp":$exp,"video":{"roomJoin":true,"room":"support-42"}}`

// codes returns code:severity of each finding.
func codes(findings []finding.Finding) string {
	var list []string
	for _, f := range findings {
		list = append(list, string(f.Code)+":"+string(f.Severity))
	}
	return strings.Join(list, " ")
}

// noLeak fails the test if a finding shows the signature or a long part of the token.
func noLeak(t *testing.T, raw string, findings []finding.Finding) {
	t.Helper()
	onItsPage(t, findings)
	for _, f := range findings {
		text := fmt.Sprint(f.Message.String(), f.Facts, f.Fixes)
		for i := 0; i+16 <= len(raw) && i < 2000; i++ {
			if piece := raw[i : i+16]; !strings.ContainsAny(piece, " \"{:<") && strings.Contains(text, piece) {
				t.Errorf("%s shows %q of the token: %s", f.Code, piece, text)
				return
			}
		}
		if strings.Contains(text, testSecret) {
			t.Errorf("%s shows the secret: %s", f.Code, text)
		}
		if strings.Contains(text, "%!") {
			t.Errorf("%s: bad format: %s", f.Code, text)
		}
	}
}
