package checks

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
)

// envLiveKit looks at the URL, the key and the secret as they will be used.
func envLiveKit(c *Case) Check {
	return c.check(Spec{
		ID: "env.livekit", Stage: check.StageEnv, Timeout: time.Second,
		Title: finding.Textf("LIVEKIT_URL, key and secret are present and well formed"),
		Short: finding.Textf("LiveKit settings"),
	}, func(_ context.Context, c *Case, _ Ended) Report {
		s := c.Settings
		findings := presence(c)
		findings = append(findings, nearMisses(s)...)
		if !s.URL.Secret.Empty() {
			findings = append(findings, c.lintsFirst()...)
		}
		findings = append(findings, keyFindings(s.APIKey)...)
		findings = append(findings, keyFindings(s.APISecret)...)
		findings = append(findings, pairFindings(s)...)
		return Report{Findings: append(findings, proxyFindings(c)...), Outcome: settingsOutcome(s)}
	})
}

// presence reports what is not set anywhere. An empty value that hides a
// filled one is env.files' finding, and not repeated here.
func presence(c *Case) []Finding {
	// A token that comes from elsewhere can be judged by the server alone.
	keys := finding.Fail
	if src := c.Source(); src != check.SourceMinted && src != check.SourceNone {
		keys = finding.Warn
	}
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
		if m.set.IsSet() {
			f = finding.New(m.code, m.severity, "%s is set to nothing in %s", m.set.Name, m.set.Source.String())
		}
		findings = append(findings, f.With("setting", m.set.Name))
	}
	return findings
}

func emptied(s config.Setting) bool {
	return s.Secret.Empty() && slices.ContainsFunc(s.Shadows, func(h config.Shadow) bool { return !h.Empty })
}

// nearMisses names variables that look like a setting which is not set.
func nearMisses(s *config.Settings) []Finding {
	var findings []Finding
	for _, m := range []struct {
		set   config.Setting
		names []string
	}{
		{s.URL, []string{"LIVEKIT_WS_URL", "LIVEKIT_SERVER_URL", "LIVEKIT_HOST", "LIVEKIT_WSS_URL", "LIVEKIT_SOCKET_URL",
			"LIVEKIT_API_URL", "NEXT_PUBLIC_LIVEKIT_URL", "VITE_LIVEKIT_URL", "REACT_APP_LIVEKIT_URL", "LK_URL"}},
		{s.APIKey, []string{"LIVEKIT_KEY", "LIVEKIT_API", "LIVEKIT_APIKEY", "LK_API_KEY", "LIVEKIT_API_KEY_ID"}},
		{s.APISecret, []string{"LIVEKIT_SECRET", "LIVEKIT_SECRET_KEY", "LIVEKIT_API_SECRET_KEY", "LIVEKIT_APISECRET", "LK_API_SECRET"}},
	} {
		if !m.set.Secret.Empty() {
			continue
		}
		for _, name := range m.names {
			value, source, has := s.Env.Lookup(name)
			if !has || value == "" {
				continue
			}
			findings = append(findings, finding.New(finding.EnvNameNearMiss, finding.Warn,
				"%s is set in %s, but the name that is read is %s", name, source.String(), m.set.Name).
				With("setting", m.set.Name).With("variable", name).With("source", source.String()))
			break
		}
	}
	return findings
}

// keyFindings looks for what copying and storing does to a key or a secret.
func keyFindings(s config.Setting) []Finding {
	value := s.Secret.Reveal()
	if value == "" {
		return nil
	}
	tell := func(code Code, format string, args ...any) Finding {
		return finding.New(code, finding.Fail, format, args...).With("setting", s.Name).
			With("source", s.Source.String()).With("length", len(value))
	}
	if shown, is := placeholderIn(value); is {
		return []Finding{tell(finding.EnvPlaceholder, "%s is still the placeholder %s from a template", s.Name, shown).
			With("placeholder", shown)}
	}
	var findings []Finding
	if at, what := firstQuote(value); at >= 0 {
		findings = append(findings, tell(finding.EnvValueQuoted,
			"%s holds %s at character %d of %d: quotes are no part of a LiveKit key or secret",
			s.Name, what, at+1, len([]rune(value))).With("position", at+1))
	}
	if at, what := firstSpace(value); at >= 0 {
		findings = append(findings, tell(finding.EnvValueWhitespace,
			"%s holds %s at character %d of %d, which no LiveKit key or secret has",
			s.Name, what, at+1, len([]rune(value))).With("position", at+1).With("character", what.String()))
	}
	return findings
}

// pairFindings looks at key, secret and URL together.
func pairFindings(s *config.Settings) []Finding {
	key, secret := s.APIKey.Value, s.APISecret.Secret.Reveal()
	dev := key == "devkey" && secret == "secret"
	var findings []Finding
	if swapped(s) {
		findings = append(findings, finding.New(finding.EnvKeySecretSwapped, finding.Fail,
			"LIVEKIT_API_SECRET begins with API and has %d characters, as keys do, and LIVEKIT_API_KEY has %d, as secrets do",
			len(secret), len(key)).With("setting", "LIVEKIT_API_SECRET"))
	} else if _, placeholder := placeholderIn(secret); secret != "" && len(secret) < 32 && !dev && !placeholder {
		findings = append(findings, finding.New(finding.EnvSecretShort, finding.Warn,
			"LIVEKIT_API_SECRET has %d characters; the LiveKit server asks for at least 32", len(secret)).
			With("setting", "LIVEKIT_API_SECRET").With("length", len(secret)))
	}
	if u := usableURL(s.URL.Value); key == "devkey" && u != nil && strings.HasSuffix(strings.ToLower(u.Hostname()), ".livekit.cloud") {
		findings = append(findings, finding.New(finding.EnvCloudLocalMix, finding.Fail,
			"the key is devkey, which only a local livekit-server --dev knows, and the URL is %s on LiveKit Cloud",
			clean.Line(u.Hostname(), 100)).With("setting", "LIVEKIT_API_KEY"))
	}
	return findings
}

// swapped tells whether key and secret stand in each other's place.
func swapped(s *config.Settings) bool {
	key, secret := s.APIKey.Value, s.APISecret.Secret.Reveal()
	return looksLikeKey(secret) && !looksLikeKey(key) && len(key) >= 32
}

// looksLikeKey: LiveKit's own keys are API and 12 or more letters and digits.
func looksLikeKey(v string) bool {
	if !strings.HasPrefix(v, "API") || len(v) < 12 || len(v) > 20 {
		return false
	}
	return strings.IndexFunc(v, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
}

// proxyFindings names an HTTP proxy between here and the servers: Go, Node and
// Python use it without a word.
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
		proxy, err := c.Net.ProxyFor(u)
		if err != nil || proxy == nil {
			continue
		}
		findings = append(findings, finding.New(finding.EnvProxyInUse, finding.Info,
			"%s is reached through the proxy %s", finding.Textf(t.what), clean.URL(proxy.String())).
			With("proxy", clean.URL(proxy.String())).With("host", clean.Line(u.Host, 120)))
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
	return Outcome{Text: finding.Textf("%d settings from %s", count, joinNames(sources)), Facts: Facts{"settings": count, "sources": sources}}
}

func joinNames(names []string) string { return clean.Line(strings.Join(names, ", "), 120) }

// isLoopback tells whether host names this machine by name or address.
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
