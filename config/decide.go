package config

import (
	"errors"
	"maps"
	"slices"

	"lkdoctor/config/dotenv"
	"lkdoctor/config/secret"
)

// candidate is the value that one source has for a setting.
type candidate struct {
	Source
	EnvVar
}

// decide sets each setting to its first candidate, and the others as its shadows.
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
	standard := slices.IndexFunc(s.Projects, func(p LKProject) bool { return p.Default })
	for _, def := range settings {
		if standard >= 0 && def.project != nil {
			p := &s.Projects[standard]
			def.choose([]candidate{plain(Source{Project, p.Name}, def.project(p))})
		}
	}
}

func plain(source Source, value string) candidate {
	return candidate{source, EnvVar{Value: secret.New(value), Literal: secret.New(value)}}
}

// inEnvironment returns the values of a variable in the process environment and the
// env files, highest precedence first. It ignores files that Next.js fails on.
func (s *Settings) inEnvironment(name string, process map[string]string) []candidate {
	var found []candidate
	if literal, ok := process[name]; ok {
		// An env file that defines the name too makes Next.js expand this value.
		value, _, _ := s.Env.Lookup(name)
		found = append(found, candidate{Source{Environment, ""},
			EnvVar{Value: secret.New(value), Literal: secret.New(literal), Expanded: value != literal}})
	}
	for _, file := range s.Files {
		if v, ok := file.Lookup(name); ok && !errors.Is(file.Err, dotenv.ErrExpansion) {
			found = append(found, candidate{Source{File, file.Name}, v})
		}
	}
	return found
}

func (s *Setting) choose(found []candidate) {
	if len(found) == 0 {
		return
	}
	first := found[0]
	s.Source, s.Secret, s.Literal = first.Source, first.Value, first.Literal
	s.Expanded, s.CutAtHash, s.Line = first.Expanded, first.CutAtHash, first.Line
	if !s.Sensitive {
		s.Value = first.Value.Reveal()
	}
	for _, lower := range found[1:] {
		s.Shadows = append(s.Shadows, Shadow{lower.Source, !lower.Value.Equal(first.Value), lower.Value, lower.Line})
	}
}

// Variables is the app's environment after Next.js has read its env files: the process
// environment and the variables that files add.
type Variables map[string]variable

type variable struct {
	value  secret.Value
	source Source
}

// newVariables gives every variable of env its source: the process environment,
// else the first file that defines it.
func newVariables(env, process map[string]string, files []EnvFile) Variables {
	v := make(Variables, len(env))
	for name := range process {
		v[name] = variable{secret.New(env[name]), Source{Environment, ""}}
	}
	for _, file := range files {
		if errors.Is(file.Err, dotenv.ErrExpansion) {
			continue
		}
		for _, defined := range file.Vars {
			if _, known := v[defined.Name]; !known {
				v[defined.Name] = variable{secret.New(env[defined.Name]), Source{File, file.Name}}
			}
		}
	}
	return v
}

// Lookup returns a variable's value, which may be secret, and its source.
func (v Variables) Lookup(name string) (string, Source, bool) {
	found, ok := v[name]
	return found.value.Reveal(), found.source, ok
}

// Value is Lookup without the source.
func (v Variables) Value(name string) (string, bool) {
	value, _, ok := v.Lookup(name)
	return value, ok
}

// Names lists every variable's name, sorted.
func (v Variables) Names() []string { return slices.Sorted(maps.Keys(v)) }
