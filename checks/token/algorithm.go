package token

import (
	"net/url"
	"slices"
	"strings"

	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
)

var hmacSizes = map[string]int{"HS256": 32, "HS384": 48, "HS512": 64}

// judgeAlgorithm reports an algorithm that LiveKit servers refuse.
func (t *Token) judgeAlgorithm() []finding.Finding {
	alg, shown := t.Algorithm, clean.Line(t.Algorithm, 20)
	if maker, variant := t.foreign(); variant != "" {
		iss := clean.Line(t.Claims.Issuer, 80)
		f := finding.New(finding.TokenForeign, finding.Fail,
			"this is a JWT of another system (%s): algorithm %s, issuer %s, no video claim; LiveKit needs a token "+
				"made with its own API key and secret", maker, shown, iss)
		if iss == "" {
			f.Message = finding.Textf("this is a JWT of another system (%s): algorithm %s, no issuer, no video claim; LiveKit needs "+
				"a token made with its own API key and secret", maker, shown)
		}
		return []finding.Finding{f.With("alg", shown).With("iss", iss).With("maker", maker.String()).As(variant)}
	}
	var f finding.Finding
	switch {
	case alg == "HS256":
		return nil
	case alg == "":
		f = finding.New(finding.TokenAlg, finding.Fail, "the token's header names no algorithm (alg); LiveKit needs HS256").As("unsigned")
	case strings.EqualFold(alg, "none"):
		f = finding.New(finding.TokenAlg, finding.Fail, "the token is not signed (alg none); LiveKit needs HS256").As("unsigned")
	case hmacSizes[alg] != 0:
		f = finding.New(finding.TokenAlg, finding.Fail,
			"the token is signed with %s; LiveKit servers up to 1.12 take it, later ones take HS256 only", alg).
			As("hmac").With("accepted_by", "livekit-server up to 1.12")
	default:
		f = finding.New(finding.TokenAlg, finding.Fail,
			"the token's algorithm is %s; LiveKit takes HS256 only, made with the API secret", shown).As("private-key")
	}
	return []finding.Finding{f.With("alg", shown)}
}

// foreign returns the system that made a token without a LiveKit grant, and the
// variant of TOKEN_FOREIGN. variant is empty for a token that is meant for LiveKit.
func (t *Token) foreign() (maker finding.Text, variant string) {
	if t.hasClaim("video") || t.hasClaim("sip") {
		return finding.Text{}, ""
	}
	iss := t.Claims.Issuer
	for _, known := range foreignIssuers {
		if strings.Contains(strings.ToLower(iss), known[0]) {
			return finding.Textf("%s", known[1]), "login"
		}
	}
	for _, known := range foreignClaims {
		if t.hasClaim(known[0]) && t.hasClaim(known[1]) {
			return finding.Textf("%s", known[2]), known[3]
		}
	}
	if u, err := url.Parse(iss); err == nil && u.Host != "" {
		return finding.Textf("a login or API token of %s", clean.Line(u.Host, 60)), "login"
	}
	if t.ofSession() {
		return finding.Textf("probably a session of an app"), "login"
	}
	if t.Algorithm == "" || strings.EqualFold(t.Algorithm, "none") || hmacSizes[t.Algorithm] != 0 {
		return finding.Text{}, ""
	}
	return finding.Textf("signed with a private key, as login providers do"), "login"
}

// foreignIssuers lists parts of issuers in lower case, and their systems.
var foreignIssuers = [][2]string{
	{"supabase", "Supabase"}, {"securetoken.google.com", "Firebase"}, {"accounts.google.com", "Google"},
	{"cognito-idp", "Amazon Cognito"}, {"auth0.com", "Auth0"}, {"okta", "Okta"}, {".clerk.", "Clerk"},
	{"login.microsoftonline.com", "Microsoft Entra"}, {"/realms/", "Keycloak"},
}

// foreignClaims lists two claims that occur together in tokens of another service, the
// service's name, and the variant.
var foreignClaims = [][4]string{
	{"access_key", "room_id", "100ms", "other-video"}, {"app_key", "tpc", "Zoom Video SDK", "other-video"},
	{"d", "r", "Daily", "other-video"},
	{"role", "session_id", "Supabase", "login"},
}

// ofSession reports whether t names a user and no issuer, and no claim that is LiveKit's
// or seems to be meant for it.
func (t *Token) ofSession() bool {
	if rawOf(t.members, "iss") != nil {
		return false
	}
	user := false
	for _, m := range t.members {
		name := strings.ToLower(m.Name)
		for _, word := range []string{"room", "grant", "video", "publish", "subscribe", "livekit", "identity", "agent", "metadata",
			"attributes"} {
			if strings.Contains(name, word) {
				return false
			}
		}
		user = user || strings.HasPrefix(name, "user") || slices.Contains([]string{"sub", "uid", "id", "email", "session", "sid"}, name)
	}
	return user
}

// hasClaim reports whether the token has a claim, whatever its value.
func (t *Token) hasClaim(name string) bool { return rawOf(t.members, name) != nil }

// judgeSignatureLength reports a signature whose length does not fit its algorithm.
func (t *Token) judgeSignatureLength(part string) []finding.Finding {
	want := hmacSizes[t.Algorithm]
	if want == 0 || t.signature == nil && part != "" || len(t.signature) == want {
		return nil
	}
	var f finding.Finding
	switch {
	case len(t.signature) == 0:
		f = finding.New(finding.TokenTruncated, finding.Fail,
			"the token has no signature: nothing follows its second dot; %s makes %d bytes", t.Algorithm, want).As("no-signature")
	case len(t.signature) < want:
		f = finding.New(finding.TokenTruncated, finding.Fail,
			"the token's signature has %d bytes; %s makes %d; the token was cut at its end", len(t.signature), t.Algorithm, want).As("cut")
	default:
		f = finding.New(finding.TokenUndecodable, finding.Fail,
			"the token's signature has %d bytes; %s makes %d; something was added to its end", len(t.signature), t.Algorithm, want).
			As("added")
	}
	return []finding.Finding{f.With("part", "signature").With("bytes", len(t.signature)).With("expected_bytes", want)}
}
