package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/token"
	"lkdoctor/config"
	"lkdoctor/config/clean"
	"lkdoctor/config/dotenv"
	"lkdoctor/config/secret"
)

// signatureLocal asks whether the token is signed with the secret configured here,
// and if not, how the secret that signed it differs.
func (c *Case) signatureLocal(_ context.Context, _ Ended) Report {
	t := c.token()
	if t.Algorithm == "" {
		return check.NotHere("not checked: the token names no algorithm")
	}
	verdict, configured := c.verify(t), c.Settings.APISecret.Secret.Reveal()
	if verdict == token.Verified {
		c.produce(&verdict)
		return Report{Outcome: Outcome{
			Text: finding.Textf("signed by %s with the secret configured here", clean.Line(t.Claims.Issuer, 40)),
		}}
	}
	if verdict == token.OtherKey && !t.NamesKey() { // token.claims reports that
		c.produce(&verdict)
		if !t.MadeWith(configured) {
			return check.NotHere("not checked: the token names no API key")
		}
		return Report{Outcome: Outcome{Text: finding.Textf("signed with the secret configured here, and names no API key")}}
	}
	verdict, findings := token.Signature(t.Token, c.Settings.APIKey.Value, configured, c.candidates())
	if configured == "" {
		return Report{Skip: check.NotHere("not checked: no secret is configured here").Skip, Findings: findings}
	}
	c.produce(&verdict)
	for i, f := range findings {
		findings[i] = c.withHolder(f, t.Claims.Issuer)
	}
	return Report{Findings: findings}
}

// withHolder adds to a finding about another project's key where it is set here.
func (c *Case) withHolder(f Finding, iss string) Finding {
	if f.Code != finding.SignatureOtherKey || f.Variant != "other-project" || iss == "" {
		return f
	}
	for _, name := range c.Settings.Env.Names() {
		if value, source, _ := c.Settings.Env.Lookup(name); value == iss && name != c.Settings.APIKey.Name &&
			name != c.Settings.APISecret.Name {
			f.Message = finding.Textf("%s; it is the value of %s (%s)", f.Message, clean.Line(name, 60), source.String())
			return f.As("known-here").With("found_in", clean.Line(name, 60))
		}
	}
	return f
}

// candidates returns the other secrets on this machine: of env files, settings, lk's
// projects, other variables, and what other loaders read from the line in force.
func (c *Case) candidates() []token.Candidate {
	var out []token.Candidate
	add := func(candidate token.Candidate, value secret.Value) {
		if candidate.Variable == c.Settings.APISecret.Name {
			candidate.Variable = ""
		}
		if !value.Empty() {
			candidate.Secret = value.Reveal
			out = append(out, candidate)
		}
	}
	for _, h := range c.Settings.APISecret.Shadows {
		add(token.Candidate{Label: h.Source.String()}, h.Secret)
	}
	add(token.Candidate{Label: c.Settings.APISecret.Name, Reader: token.AsWritten}, c.Settings.APISecret.Literal)
	files := append(c.Settings.OtherFiles(), c.Settings.Files...)
	for _, f := range files {
		for _, v := range f.Vars {
			if isSecretName(v.Name) {
				label := clean.Line(v.Name, 60) + " in " + clean.Line(f.Name, 60)
				add(token.Candidate{Label: label, Variable: clean.Line(v.Name, 60)}, v.Value)
				add(token.Candidate{Label: label, Variable: clean.Line(v.Name, 60), Reader: token.AsWritten}, v.Literal)
			}
		}
	}
	c.otherReadings(add)
	for _, f := range files {
		for _, v := range f.Replaced() {
			if isSecretName(v.Name) {
				label := fmt.Sprintf("%s in %s, line %d, which does not count", clean.Line(v.Name, 60), clean.Line(f.Name, 60), v.Line)
				add(token.Candidate{Label: label, Variable: clean.Line(v.Name, 60)}, v.Value)
			}
		}
	}
	for _, p := range c.Settings.Projects {
		add(token.Candidate{Label: "lk project " + clean.Line(p.Name, 60), Key: p.APIKey}, p.APISecret)
	}
	return append(out, c.otherVariables(files)...)
}

const maxVariables = 200

// otherVariables returns the secrets under other names in variables and env files.
func (c *Case) otherVariables(files []config.EnvFile) []token.Candidate {
	var out []token.Candidate
	seen := map[string]bool{}
	add := func(name, place, value string) {
		if len(out) < maxVariables && holdsSecret(name, value) && !seen[name+"\x00"+value] {
			seen[name+"\x00"+value] = true
			out = append(out, token.Candidate{Label: clean.Line(name, 60) + " in " + place, Variable: name,
				Alone: !isSecretName(name), Secret: func() string { return value }})
		}
	}
	for _, name := range c.Settings.Env.Names() {
		value, source, _ := c.Settings.Env.Lookup(name)
		place := "the environment"
		if source.Kind == config.File {
			place = clean.Line(source.Name, 60)
		}
		add(name, place, value)
	}
	for _, f := range files {
		for _, v := range f.Vars {
			if !isSecretName(v.Name) {
				add(v.Name, clean.Line(f.Name, 60), v.Value.Reveal())
			}
		}
	}
	return out
}

// holdsSecret reports whether a variable probably holds a secret of any kind. This
// program's settings, LiveKit's own keys and addresses do not.
func holdsSecret(name, value string) bool {
	name = strings.ToUpper(name)
	if len(value) < 8 || strings.Contains(value, "://") || looksLikeKey(value) ||
		name == "LIVEKIT_API_KEY" || name == "LIVEKIT_API_SECRET" || name == "LIVEKIT_TOKEN" || name == "LKDOCTOR_TICKET" {
		return false
	}
	in := func(word string) bool { return strings.Contains(name, word) }
	begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	return slices.ContainsFunc([]string{"SECRET", "KEY", "PASSWORD", "PASSWD", "PRIVATE", "SALT"}, in) ||
		slices.ContainsFunc([]string{"AUTH_", "JWT_", "NEXTAUTH_", "SUPABASE_"}, begins) && strings.ContainsAny(value, "0123456789")
}

// otherReadings adds what docker, python-dotenv and other loaders read for the
// secret where it differs from what Next.js reads.
func (c *Case) otherReadings(add func(token.Candidate, secret.Value)) {
	name := c.Settings.APISecret.Name
	for _, f := range c.Settings.Files {
		v, has := f.Lookup(name)
		if !has || f.Err != nil || plainValues([]config.EnvVar{v}) && !oddBytes(f) {
			continue
		}
		for _, r := range dotenv.Compare([]byte(f.Content.Reveal()), c.Settings.Env.Value) {
			if got := r.Lookup(name); r.Err == nil && got.State == dotenv.Known && !got.Secret.Equal(v.Value) {
				add(token.Candidate{Label: name + " in " + clean.Line(f.Name, 60), Reader: string(r.Loader)}, got.Secret)
			}
		}
	}
}

// isSecretName reports whether a variable's name means a LiveKit secret.
func isSecretName(name string) bool {
	return strings.Contains(name, "SECRET") &&
		(strings.Contains(name, "LIVEKIT") || strings.HasPrefix(name, "LK_") || strings.Contains(name, "API"))
}
