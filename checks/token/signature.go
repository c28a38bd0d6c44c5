package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
)

// Signature is the check signature.local: Verify, then Explain. others are secrets from
// other places, the likeliest first. A verified token has no finding.
func Signature(t *Token, key, secret string, others []Candidate) (Verdict, []finding.Finding) {
	verdict := Verify(t, key, secret)
	var f finding.Finding
	switch verdict {
	case Verified:
		return verdict, nil
	case Unknown:
		f = notChecked(t, key, secret, others)
	case OtherKey:
		f = otherKey(t, key, secret, others)
	default:
		f = mismatch(t, key, secret, others)
	}
	return verdict, []finding.Finding{f}
}

func notChecked(t *Token, key, secret string, others []Candidate) finding.Finding {
	signed := newSigner(t) != nil
	if v, ok := Explain(t, key, secret, others); ok {
		return finding.New(finding.SignatureNotChecked, finding.Info,
			"no API secret is configured here to check the signature with; it was made with %s; the server's verdict decides", v.What).
			With("reason", "no_secret").With("variant", v.ID).As("no-secret")
	}
	if secret == "" && signed {
		return finding.New(finding.SignatureNotChecked, finding.Info,
			"the signature was not checked: no API secret is configured here; the server's verdict decides").
			With("reason", "no_secret").As("no-secret")
	}
	return finding.New(finding.SignatureNotChecked, finding.Info,
		"the signature was not checked: the token has none that an API secret could have made (HS256); the server's verdict decides").
		With("reason", "no_hmac").As("other-kind")
}

func otherKey(t *Token, key, secret string, others []Candidate) finding.Finding {
	iss := t.Effective().Claims.Issuer
	var f finding.Finding
	s := newSigner(t)
	if iss == secret && secret != "" && (strings.HasPrefix(key, "API") || !strings.HasPrefix(secret, "API")) {
		return exchanged(len(secret))
	}
	label := pairLabel(s, iss, others)
	switch {
	case answer.TrimHidden(iss) == answer.TrimHidden(key):
		f = finding.New(finding.SignatureOtherKey, finding.Fail,
			"the token names the API key “%s”, here “%s” is configured: they differ only in blanks or invisible "+
				"characters", shownKey(iss), shownKey(key)).
			As("blanks")
	case s.made(secret):
		f = finding.New(finding.SignatureOtherKey, finding.Fail,
			"the token names the API key %s, here %s is configured; the secret is the same, so one of the two keys "+
				"is written wrongly", shownKey(iss), shownKey(key)).
			With("secret_matches", true).As("typo")
	case label != "":
		f = finding.New(finding.SignatureOtherKey, finding.Fail,
			"the token names the API key %s, here %s is configured; it is signed with the key and "+
				"secret of %s", shownKey(iss), shownKey(key), label).
			With("found_in", label).As("known-here")
	default:
		f = finding.New(finding.SignatureOtherKey, finding.Fail,
			"the token names the API key %s, here %s is configured: it was made for another LiveKit server or "+
				"project, or with an older key", shownKey(iss), shownKey(key)).
			As("other-project")
	}
	f = f.With("iss", shownKey(iss)).With("api_key", shownKey(key))
	if secret != "" && s.made(secret) {
		return f
	}
	if v, ok := Explain(t, iss, secret, others); ok {
		f = f.With("variant", v.ID)
	}
	return f
}

// exchanged reports a token that names the secret as its key. Everyone can read it in
// the token; the finding does not show it.
func exchanged(length int) finding.Finding {
	return finding.New(finding.SignatureSecretVariant, finding.Fail,
		"the token names the API secret configured here as its API key: key and secret are exchanged where it is "+
			"made, and whoever gets the token can read the secret").
		With("variant", "key-secret-swapped").With("side", string(SideSigner)).With("secret_length", length).As("swapped")
}

// pairLabel returns the label of the candidate whose key and secret made the token.
func pairLabel(s *signer, iss string, others []Candidate) string {
	for _, c := range others {
		if c.Secret != nil && (c.Key == "" || c.Key == iss) && s.made(c.Secret()) {
			return clean.Line(c.Label, 80)
		}
	}
	return ""
}

func mismatch(t *Token, key, secret string, others []Candidate) finding.Finding {
	v, ok := Explain(t, key, secret, others)
	if !ok {
		return finding.New(finding.SignatureMismatch, finding.Fail,
			"the token names the API key configured here (%s), but is not signed with the secret configured here "+
				"(%d bytes), nor with any form of it that was tried", shownKey(key), len(secret)).
			With("iss", shownKey(t.Effective().Claims.Issuer)).With("secret_length", len(secret)).As("undecided")
	}
	var f finding.Finding
	switch v.Side {
	case SideHere:
		f = finding.New(finding.SignatureSecretVariant, finding.Fail,
			"the secret configured here is a changed form of the one that signed the token: %s", v.What).By(finding.OwnerConfig)
	case SideSigner:
		f = finding.New(finding.SignatureSecretVariant, finding.Fail,
			"the token is signed with a changed form of the secret configured here: %s", v.What)
	default:
		f = finding.New(finding.SignatureSecretVariant, finding.Fail,
			"the token is not signed with the secret configured here, but with another one that was recognised: %s", v.What)
	}
	f = f.With("variant", v.ID).With("side", string(v.Side)).With("cause", v.Cause.String()).
		With("iss", shownKey(t.Effective().Claims.Issuer)).With("secret_length", len(secret)).As(v.advice())
	switch {
	case v.From.Variable != "":
		f = f.With("found_in", clean.Line(v.From.Variable, 60))
	case v.From.Label != "":
		f = f.With("found_in", v.From.label())
	}
	if f.Variant == "here" && v.Side == SideSigner {
		return f.Putting("cure", loaderRules.at(SideHere)) // both sides read the same file
	}
	return f.Putting("cure", v.Cure)
}

func (v Variant) advice() string {
	id, _, _ := strings.Cut(v.ID, "+")
	switch {
	case id == "key-as-secret":
		return "key-as-secret"
	case id == "key-secret-swapped":
		return "swapped"
	case id == "placeholder-secret", id == "empty-secret":
		return "placeholder"
	case id == "well-known-secret":
		return "well-known"
	case id == "other-secret" && v.From.Variable != "":
		return "other-variable"
	case id == "other-secret":
		return "other-file"
	case v.Side == SideHere, id == "as-written", id == "loader-reading":
		return "here"
	case v.Cause.Format == decodes.cause.Format:
		return "decoded"
	}
	return "signer"
}

// shownKey returns an API key, cut to 60 characters. It is no secret.
func shownKey(key string) string { return clean.Line(key, 60) }

// Verdict is the result of a local signature check.
type Verdict string

// The verdicts. Unknown means that there is no secret here, no readable token, or no
// HMAC signature. OtherKey says nothing about the secret.
const (
	Verified Verdict = "verified"
	OtherKey Verdict = "other_key"
	Mismatch Verdict = "mismatch"
	Unknown  Verdict = "unknown"
)

// Verify checks the signature of a token, of the inner one if wrapped, with the key
// and secret configured here. LiveKit signs with the secret's text, not with decoded
// bytes. An empty key is not compared.
func Verify(t *Token, key, secret string) Verdict {
	s := newSigner(t)
	switch {
	case s == nil || secret == "":
		return Unknown
	case key != "" && t.Effective().Claims.Issuer != key:
		return OtherKey
	case s.made(secret):
		return Verified
	}
	return Mismatch
}

// signer tries secrets on one token.
type signer struct {
	input, want []byte
	hash        func() hash.Hash
	// spent is the number of bytes that were hashed.
	spent int
}

// newSigner returns nil if t has no HMAC signature.
func newSigner(t *Token) *signer {
	if t == nil {
		return nil
	}
	t = t.Effective()
	if !t.Decoded || len(t.signature) == 0 {
		return nil
	}
	raw := t.Reveal()
	s := &signer{want: t.signature, input: []byte(raw[:strings.LastIndexByte(raw, '.')])}
	switch t.Algorithm {
	case "HS256":
		s.hash = sha256.New
	case "HS384":
		s.hash = sha512.New384
	case "HS512":
		s.hash = sha512.New
	default:
		return nil
	}
	return s
}

// MadeWith reports whether secret made the token's signature, whatever key it names.
func (t *Token) MadeWith(secret string) bool {
	s := newSigner(t)
	return s != nil && secret != "" && s.made(secret)
}

func (s *signer) made(secret string) bool {
	mac := hmac.New(s.hash, []byte(secret))
	s.spent += len(s.input) + 4*mac.BlockSize() + len(secret)
	mac.Write(s.input)
	return hmac.Equal(mac.Sum(nil), s.want)
}
