package checks

import (
	"cmp"
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/placeholder"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

func (c *Case) envLiveKit(_ context.Context, _ Ended) Report {
	s := c.Settings
	findings := missingSettings(c)
	if !s.URL.Secret.Empty() {
		for _, f := range urlFindings(s.URL.Value) {
			findings = append(findings, f.With("source", s.URL.Source.String()))
		}
	}
	findings = append(findings, keyFindings(s, s.APIKey)...)
	findings = append(findings, keyFindings(s, s.APISecret)...)
	findings = append(findings, pairFindings(s)...)
	return Report{Findings: append(findings, proxyFindings(c)...), Outcome: settingsOutcome(s)}
}

// missingSettings reports settings that are missing, and where else they are set. An
// empty value that hides a filled one is left to env.files.
func missingSettings(c *Case) []Finding {
	// Only the server can judge a token that was not made here.
	keys := finding.Fail
	if src := c.Source(); src != check.SourceMinted && src != check.SourceNone {
		keys = finding.Info
	}
	misses := c.Settings.NearMisses()
	var findings []Finding
	for _, m := range []struct {
		set      config.Setting
		code     Code
		severity finding.Severity
	}{
		{c.Settings.URL, finding.EnvURLMissing, finding.Fail},
		{c.Settings.APIKey, finding.EnvKeyMissing, keys},
		{c.Settings.APISecret, finding.EnvSecretMissing, keys},
	} {
		if !m.set.Secret.Empty() || emptied(m.set) || m.code == finding.EnvURLMissing && c.takesAddress() {
			continue
		}
		f := finding.New(m.code, m.severity, "%s is not set: neither by %s, nor in the environment, nor in an env file in %s",
			m.set.Name, m.set.Flag, clean.Line(c.Settings.Dir, 80))
		if err := c.Settings.ProjectErr; err != nil && m.code == finding.EnvURLMissing {
			f.Message = finding.Textf("%s is not set: neither by %s, nor in the environment, nor in an env file in %s; and %s",
				m.set.Name, m.set.Flag, clean.Line(c.Settings.Dir, 80), clean.Line(err.Error(), 200))
		}
		if m.set.IsSet() {
			f = finding.New(m.code, m.severity, "%s is set to nothing in %s", m.set.Name, m.set.Source.String()).
				With("source", m.set.Source.String())
		}
		findings = append(findings, whereInstead(c.Settings, f.With("setting", m.set.Name), m.set, misses))
	}
	for _, set := range []config.Setting{c.Settings.URL, c.Settings.APIKey, c.Settings.APISecret} {
		if miss, has := misses[set.Name]; has {
			f := finding.New(finding.EnvNameNearMiss, finding.Warn, "%s is set in %s, but the name that is read is %s",
				clean.Line(miss.Name, 80), miss.Source.String(), set.Name).With("setting", set.Name)
			findings = append(findings, missed(f, set, miss, "rename"))
		}
	}
	return findings
}

// emptied reports whether an empty value hides a filled one.
func emptied(s config.Setting) bool {
	return s.Secret.Empty() && slices.ContainsFunc(s.Shadows, func(h config.Shadow) bool { return !h.Secret.Empty() })
}

// whereInstead adds the variant of a missing setting: it is set under another name,
// in a file of another mode or folder, or nowhere.
func whereInstead(s *config.Settings, f Finding, set config.Setting, misses map[string]config.NearMiss) Finding {
	if miss, has := misses[set.Name]; has {
		f.Message = finding.Textf("%s is not set, and %s in %s seems to be meant for it", set.Name,
			clean.Line(miss.Name, 80), miss.Source.String())
		return missed(f, set, miss, "near-miss")
	}
	if at, has := s.UnreadFileFor(set.Name); has {
		if at.Mode != "" {
			f.Message = finding.Textf("%s is not set for the mode %s, and is in %s", set.Name, clean.Line(s.Mode, 40), at.Name)
			return f.As("other-mode").With("found_file", at.Name).With("found_mode", at.Mode)
		}
		f.Message = finding.Textf("%s is not set in %s, and is in %s", set.Name, clean.Line(s.Dir, 80),
			clean.Line(filepath.Join(at.Dir, at.Name), 200))
		return f.As("other-folder").With("found_file", at.Name).With("found_dir", clean.Line(at.Dir, 200))
	}
	switch {
	case set.IsSet():
		return f.As("empty")
	case f.Severity == finding.Info:
		return f.As("not-needed")
	}
	return f.As("unset")
}

// missed adds the variable that was meant for set; renamed is its variant.
func missed(f Finding, set config.Setting, miss config.NearMiss, renamed string) Finding {
	f = f.As(renamed).With("variable", clean.Line(miss.Name, 80)).With("source", miss.Source.String())
	switch {
	case miss.Setting == "LIVEKIT_KEYS":
		key, _, _ := strings.Cut(miss.Value.Reveal(), ":")
		return f.As("server-keys").With("key", clean.Line(strings.Trim(key, `"' {`), 80))
	case set.Name == "LIVEKIT_URL" && miss.Exposed:
		return f.As("browser-only").With("value", clean.URL(miss.Value.Reveal()))
	case set.Name == "LIVEKIT_URL":
		return f.With("value", clean.URL(miss.Value.Reveal()))
	case set.Name == "LIVEKIT_API_SECRET" && miss.Exposed:
		return f.As("exposed")
	}
	return f
}

// keyFindings reports damage to a key or secret by copying and storing.
func keyFindings(all *config.Settings, s config.Setting) []Finding {
	value := s.Secret.Reveal()
	if value == "" {
		return nil
	}
	build := func(code Code, format string, args ...any) Finding {
		return measured(all, finding.New(code, finding.Fail, format, args...).With("setting", s.Name).
			With("source", s.Source.String()), value)
	}
	if found, is := placeholder.In(value); is {
		return []Finding{unfilled(build(finding.EnvPlaceholder, "%s holds %s", s.Name, placeholderWords(found)), found)}
	}
	// odd returns the finding about the first character that name names.
	odd := func(name func(rune) Text, code Code, format string) (f Finding, r rune, is bool) {
		at, what := first(value, name)
		if at < 0 {
			return f, 0, false
		}
		f = build(code, format, s.Name, what, whereIn(value, at))
		if all.CompareSecrets {
			f = f.With("position", at+1)
		}
		return f, []rune(value)[at], true
	}
	var findings []Finding
	if f, r, is := odd(quote, finding.EnvValueQuoted, "%s holds %s %s: quotes are no part of a LiveKit key or secret"); is {
		switch {
		case !strings.ContainsRune("\"'`", r):
			f = f.As("curly")
		case s.Source.Kind == config.File:
			f = f.As("file")
		default:
			f = f.As("environment")
		}
		findings = append(findings, f)
	}
	if f, r, is := odd(space, finding.EnvValueWhitespace, "%s holds %s %s, which no LiveKit key or secret has"); is {
		variant := map[rune]string{'\n': "line-feed", '\r': "carriage-return", ' ': "blank", '\t': "blank"}[r]
		f = f.As(cmp.Or(variant, "invisible")).With("character", space(r).String())
		if s.Source.Kind == config.File {
			f = f.With("file", s.Source.Name)
		}
		findings = append(findings, f)
	}
	return findings
}

// measured returns f with the length of a secret, where lengths may be shown.
func measured(s *config.Settings, f Finding, value string) Finding {
	if s.CompareSecrets {
		return f.With("length", len(value))
	}
	return f
}

// whereIn describes a position in a value without giving the value's length.
func whereIn(value string, at int) Text {
	switch at {
	case 0:
		return finding.Textf("at its beginning")
	case len([]rune(value)) - 1:
		return finding.Textf("at its end")
	}
	return finding.Textf("in its middle")
}

func pairFindings(s *config.Settings) []Finding {
	key, secret := s.APIKey.Value, s.APISecret.Secret.Reveal()
	dev := key == devKey && secret == devSecret
	var findings []Finding
	if swapped(s) {
		findings = append(findings, finding.New(finding.EnvKeySecretSwapped, finding.Fail,
			"LIVEKIT_API_SECRET begins with API, as keys do, and LIVEKIT_API_KEY is as long as a secret").
			With("setting", "LIVEKIT_API_SECRET").With("source", s.APISecret.Source.String()))
	} else if _, unfilled := placeholder.In(secret); secret != "" && len(secret) < 32 && !dev && !unfilled {
		findings = append(findings, measured(s, finding.New(finding.EnvSecretShort, finding.Warn,
			"LIVEKIT_API_SECRET is shorter than the 32 characters that the LiveKit server asks for").
			With("setting", "LIVEKIT_API_SECRET").With("source", s.APISecret.Source.String()), secret))
	}
	if u := usableURL(s.URL.Value); key == devKey && u != nil && isCloud(u.Hostname()) {
		findings = append(findings, finding.New(finding.EnvCloudLocalMix, finding.Fail,
			"the key is devkey, which only a local livekit-server --dev knows, and the URL is %s on LiveKit Cloud",
			clean.Line(u.Hostname(), 100)).As("devkey-on-cloud").With("setting", "LIVEKIT_API_KEY").
			With("source", s.APIKey.Source.String()))
	}
	return findings
}

func swapped(s *config.Settings) bool {
	key, secret := s.APIKey.Value, s.APISecret.Secret.Reveal()
	return looksLikeKey(secret) && !looksLikeKey(key) && len(key) >= 32
}

// looksLikeKey reports whether v has the form of LiveKit's own keys: API, and 12
// letters and digits, or about as many.
func looksLikeKey(v string) bool { return keyShape().MatchString(v) }

var keyShape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^API[A-Za-z0-9]{9,17}$`) })

// proxyFindings reports an HTTP proxy, which Go, Node and Python use silently.
func proxyFindings(c *Case) []Finding {
	var findings []Finding
	for _, t := range []struct{ what, raw string }{
		{"the LiveKit server", c.Settings.URL.Value},
		{"the ticket service", c.Settings.TicketService.Value},
	} {
		u := usableURL(t.raw)
		if u == nil {
			continue
		}
		proxy, _ := c.Net.ProxyFor(u)
		if proxy == nil {
			continue
		}
		findings = append(findings, finding.New(finding.EnvProxyInUse, finding.Info,
			"%s is reached through the proxy %s", finding.Textf(t.what), clean.URL(proxy.String())).
			With("proxy", clean.URL(proxy.String())).With("host", clean.Line(u.Host, 120)).
			With("name", clean.Line(u.Hostname(), 120)).With("variable", proxyVariable(c.Settings, u)))
	}
	return findings
}

func settingsOutcome(s *config.Settings) Outcome {
	count, sources := 0, []string{}
	for _, set := range s.All() {
		if !set.IsSet() || set.Secret.Empty() {
			continue
		}
		count++
		if name := set.Source.String(); !slices.Contains(sources, name) {
			sources = append(sources, name)
		}
	}
	if count == 0 {
		return Outcome{Text: finding.Textf("no settings")}
	}
	var from Text
	for _, name := range sources {
		from = finding.Joined("%s, %s", from, diagnosis.SourceText(clean.Line(name, 40)))
	}
	return Outcome{Text: finding.Textf("%d settings from %s", count, from), Facts: Facts{"settings": count, "sources": sources}}
}

func joinNames(names []string) string { return clean.Line(strings.Join(names, ", "), 120) }
