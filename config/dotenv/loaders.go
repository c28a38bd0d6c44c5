package dotenv

import (
	"regexp"

	"lkdoctor/config/secret"
)

// Loader is a tool that reads env files, by the name that its users know.
type Loader string

// The loaders. The first three versions are those that lkdoctor links; the others
// are ports, whose sources are named where they stand.
const (
	Godotenv      Loader = "godotenv"          // github.com/joho/godotenv v1.5.1
	Compose       Loader = "docker compose"    // compose-go v2.16.2
	DockerEnvFile Loader = "docker --env-file" // docker run --env-file: docker/cli v29.9.3
	PythonDotenv  Loader = "python-dotenv"     // python-dotenv 1.2.2, load_dotenv(file)
	Source        Loader = "source"            // bash: set -a; . file
)

// All lists the loaders in the order they are shown.
func All() []Loader {
	return []Loader{PythonDotenv, Godotenv, Compose, DockerEnvFile, Source}
}

// State is what is known of a variable in one loader.
type State int

// The states.
const (
	Missing State = iota // the loader does not set this variable from the file
	Known                // the loader sets it to Value.Secret
	Unknown              // it depends on what is unknown here; see Value.Why
)

// Value is one variable as one loader reads it.
type Value struct {
	State  State
	Secret secret.Value // when Known
	Why    string       // when Unknown: a clause for users, "it runs a command"
}

// Reading is one env file as one loader reads it.
type Reading struct {
	Loader Loader
	Err    error // why the loader refuses the file, of which it quotes nothing

	values map[string]Value
	// unread is the part of the file that was not evaluated and may still set variables.
	// opaque means that it may set any.
	unread secret.Value
	opaque bool
}

// Lookup returns a variable as the loader reads it; Missing if it does not.
func (r Reading) Lookup(name string) Value {
	if r.opaque || regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`).MatchString(r.unread.Reveal()) {
		return Value{State: Unknown, Why: "its line, or another, is a command for the shell"}
	}
	return r.values[name]
}

// Env looks up a variable of the process environment, for references in the file.
type Env func(name string) (string, bool)

// Read reads content as loader does. It runs no command, opens no file, and
// changes no environment. A nil env is an empty one.
func Read(loader Loader, content []byte, env Env) Reading {
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	reading := Reading{Loader: loader}
	switch loader {
	case Godotenv, Compose, DockerEnvFile:
		reading.values, reading.Err = readLinked(loader, content, env)
	case PythonDotenv:
		reading.values, reading.Err = readPython(content, env)
	case Source:
		readShell(&reading, content, env)
	}
	return reading
}

// Compare reads content with every loader.
func Compare(content []byte, env Env) []Reading {
	var readings []Reading
	for _, loader := range All() {
		readings = append(readings, Read(loader, content, env))
	}
	return readings
}

func known(value string) Value {
	return Value{State: Known, Secret: secret.New(value)}
}
