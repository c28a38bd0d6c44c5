package config

import (
	"errors"

	"lkdoctor/config/dotenv"
	"lkdoctor/config/secret"
)

// candidate is the value that one source has for a setting.
type candidate struct {
	source    Source
	value     string
	literal   string
	expanded  bool
	cutAtHash bool
	line      int
}

// decide sets each setting to the first of its candidates, and the others as its
// shadows.
func (s *Settings) decide(in Inputs, process map[string]string, asked *LKProject) {
	settings := []struct {
		*Setting
		name, flag string
		sensitive  bool
		dev        string
		project    func(*LKProject) string
	}{
		{&s.URL, "LIVEKIT_URL", "url", false, DevURL, func(p *LKProject) string { return p.URL }},
		{&s.APIKey, "LIVEKIT_API_KEY", "api-key", false, DevAPIKey, func(p *LKProject) string { return p.APIKey }},
		{&s.APISecret, "LIVEKIT_API_SECRET", "api-secret", true, DevAPISecret, func(p *LKProject) string { return p.APISecret.Reveal() }},
		{&s.Token, "LIVEKIT_TOKEN", "token", true, "", nil},
		{&s.TicketService, "USER_MGMT_BASE_URL", "ticket-service", false, "", nil},
		{&s.Ticket, "LKDOCTOR_TICKET", "ticket", true, "", nil},
	}
	s.Project = asked
	for i := range settings {
		def := &settings[i]
		def.Name, def.Flag, def.Sensitive = def.name, "--"+def.flag, def.sensitive
		var found []candidate
		if value, given := in.Flags[def.flag]; given {
			found = append(found, plain(Source{Flag, def.Flag}, value))
		}
		if in.Dev && def.dev != "" {
			found = append(found, plain(Source{Default, ""}, def.dev))
		}
		if asked != nil && def.project != nil {
			found = append(found, plain(Source{Project, asked.Name}, def.project(asked)))
		}
		def.choose(append(found, s.inEnvironment(def.name, process)...))
	}
	if s.URL.IsSet() || s.APIKey.IsSet() || s.APISecret.IsSet() {
		return
	}
	if s.Project = s.defaultProject(); s.Project == nil {
		return
	}
	for _, def := range settings {
		if def.project != nil {
			def.choose([]candidate{plain(Source{Project, s.Project.Name}, def.project(s.Project))})
		}
	}
}

func plain(source Source, value string) candidate {
	return candidate{source: source, value: value, literal: value}
}

// inEnvironment returns the values of a variable in the process environment and the
// env files, highest precedence first. It ignores files that Next.js fails on.
func (s *Settings) inEnvironment(name string, process map[string]string) []candidate {
	var found []candidate
	if literal, ok := process[name]; ok {
		// An env file that defines the name too makes Next.js expand this value.
		value, _, _ := s.Env.Lookup(name)
		found = append(found, candidate{source: Source{Environment, ""}, value: value, literal: literal, expanded: value != literal})
	}
	for _, file := range s.Files {
		v, ok := file.Lookup(name)
		if !ok || errors.Is(file.Err, dotenv.ErrExpansion) {
			continue
		}
		found = append(found, candidate{
			source: Source{File, file.Name}, value: v.Value.Reveal(), literal: v.Literal.Reveal(),
			expanded: v.Expanded, cutAtHash: v.CutAtHash, line: v.Line,
		})
	}
	return found
}

// choose takes the first candidate and records the others as hidden by it.
func (s *Setting) choose(found []candidate) {
	if len(found) == 0 {
		return
	}
	first := found[0]
	s.Source = first.source
	s.Secret, s.Literal = secret.New(first.value), secret.New(first.literal)
	s.Expanded, s.CutAtHash, s.Line = first.expanded, first.cutAtHash, first.line
	if !s.Sensitive {
		s.Value = first.value
	}
	for _, lower := range found[1:] {
		shadow := Shadow{
			Source: lower.source, Empty: lower.value == "", Differs: lower.value != first.value,
			Secret: secret.New(lower.value), Line: lower.line,
		}
		if !s.Sensitive {
			shadow.Value = lower.value
		}
		s.Shadows = append(s.Shadows, shadow)
	}
}
