// Package config finds every setting and its source: flags, the process environment,
// the .env files exactly as Next.js reads them, and the projects of LiveKit's command
// line tool.
//
// It only reads files: it writes none, runs nothing and uses no network.
package config

import "lkdoctor/config/secret"

// SourceKind is the kind of place that a setting can come from.
type SourceKind int

// The places, the highest precedence first (a project that was asked for stands
// between flags and the environment).
const (
	Unset       SourceKind = iota // not set
	Flag                          // a flag on the command line
	Environment                   // the process environment
	File                          // an env file
	Project                       // a project of lk's configuration
	Default                       // the well-known development values of --dev
)

// Source names the place that a value came from.
type Source struct {
	Kind SourceKind
	// Name is the flag ("--url"), the file (".env.local") or the project ("demo").
	Name string
}

// String is what people read: "--url", "environment", "lk project demo", "not set".
func (s Source) String() string {
	switch s.Kind {
	case Flag, File:
		return s.Name
	case Environment:
		return "environment"
	case Project:
		return "lk project " + s.Name
	case Default:
		return "--dev"
	default:
		return "not set"
	}
}

// Shadow is the value that a lower source has for a setting.
type Shadow struct {
	Source  Source
	Differs bool // it is not the value in force
	Secret  secret.Value
	Line    int // in the env file, from 1; 0 for other sources
}

// Setting is one setting, the value in force and where it came from.
type Setting struct {
	Name      string // the environment's name: LIVEKIT_URL
	Flag      string // the flag's: --url
	Source    Source
	Sensitive bool
	// Value is the value in force, as Next.js ends with; "" for sensitive
	// settings. It may hold a password (userinfo, query): show Shown instead.
	Value string
	// Secret is the value in force, of every setting.
	Secret secret.Value
	// Shadows are the values that this one hides, highest first.
	Shadows []Shadow

	// Literal is what the winning source says before Next.js works on it: the
	// text after = with its quotes removed, a # and what follows kept. Secret
	// differs from it when Expanded or CutAtHash, and where \$ became $.
	Literal secret.Value
	// Expanded is set when Next.js replaced a $ in it. That happens inside single
	// quotes too, and to a value of the process environment that any env file
	// defines as well.
	Expanded bool
	// CutAtHash is set when Next.js read an unquoted value up to a # that follows
	// it without white space: the rest is taken for a comment.
	CutAtHash bool
	// Line is the line in the env file, from 1; 0 for other sources.
	Line int
}

// IsSet reports whether any source has the setting, even when empty.
func (s Setting) IsSet() bool { return s.Source.Kind != Unset }

// Settings are the settings of a run and what was read to find them.
type Settings struct {
	URL           Setting // LIVEKIT_URL
	APIKey        Setting // LIVEKIT_API_KEY
	APISecret     Setting // LIVEKIT_API_SECRET
	Token         Setting // LIVEKIT_TOKEN; the flag's "-" (stdin) is passed on as it is
	TicketService Setting // USER_MGMT_BASE_URL
	Ticket        Setting // LKDOCTOR_TICKET

	Files []EnvFile // all four (three in test mode), highest precedence first, present or not

	Projects   []LKProject // every project that lk knows
	ProjectErr error       // why lk's configuration, which nobody asked for, could not be read

	Dir  string    // where the env files are
	Mode string    // development, production, test, …
	Dev  bool      // --dev
	Env  Variables // every variable, with its source

	// CompareSecrets is set if lengths and fingerprints of secrets may be shown.
	CompareSecrets bool

	home string // the user's home folder, "" when not known
}

// All lists the six settings in the order they are shown.
func (s *Settings) All() []*Setting {
	return []*Setting{&s.URL, &s.APIKey, &s.APISecret, &s.Token, &s.TicketService, &s.Ticket}
}
