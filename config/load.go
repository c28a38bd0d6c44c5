package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"lkdoctor/config/dotenv"
)

// Inputs are all that Load depends on, except files.
type Inputs struct {
	// Flags are the flags given on the command line, by name without dashes:
	// url, api-key, api-secret, token, ticket-service, ticket.
	Flags          map[string]string
	Environ        []string // the process environment as os.Environ gives it
	Dir            string   // --dir; "" is the working directory
	Mode           string   // --mode; "" decides by NODE_ENV
	Home           string   // the user's home, where lk keeps its configuration; "" for none
	Project        string   // --project
	Dev            bool     // --dev
	CompareSecrets bool     // --compare-secrets
}

// The values that --dev stands for: what `livekit-server --dev` listens on and
// accepts when it is given no keys.
const (
	DevURL       = "ws://localhost:7880"
	DevAPIKey    = "devkey"
	DevAPISecret = "secret"
)

// Load reads the env files and lk's projects and decides every setting.
// An error is for the user to correct before anything can be checked (exit code 2).
// What is wrong with an env file is recorded in its EnvFile instead.
func Load(in Inputs) (*Settings, error) {
	if err := in.checkFlags(); err != nil {
		return nil, err
	}
	process := parseEnviron(in.Environ)
	mode, err := chooseMode(in.Mode, process)
	if err != nil {
		return nil, err
	}
	dir := cmp.Or(in.Dir, ".")
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("--dir cannot be read: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("--dir %q is not a directory", dir)
	}
	s := &Settings{Dir: dir, Mode: mode, Dev: in.Dev, CompareSecrets: in.CompareSecrets, home: in.Home}
	s.Files = readEnvFiles(os.DirFS(dir), dir, mode)
	markTracked(dir, s.Files)
	markReadable(dir, s.Files)
	env := readAsNext(process, s.Files)
	s.Env = newVariables(env, process, s.Files)

	s.Projects, s.ProjectErr = readProjects(in.Home)
	asked, err := s.findProject(in)
	if err != nil {
		return nil, err
	}
	s.decide(in, process, asked)
	return s, nil
}

func (in Inputs) checkFlags() error {
	both := ""
	switch {
	case in.Dev:
		both = "--dev"
	case in.Project != "":
		both = "--project"
	}
	for _, name := range []string{"url", "api-key", "api-secret"} {
		if _, given := in.Flags[name]; given && both != "" {
			return fmt.Errorf("%[1]s sets --url, --api-key and --api-secret; leave out %[1]s or --%[2]s", both, name)
		}
	}
	if in.Dev && in.Project != "" {
		return errors.New("--dev and --project both set the server and its keys: leave out one of them")
	}
	return nil
}

// parseEnviron reads NAME=value strings. The first of two equal names counts.
func parseEnviron(environ []string) map[string]string {
	process := make(map[string]string, len(environ))
	for _, entry := range environ {
		name, value, ok := strings.Cut(entry, "=")
		if !ok || name == "" {
			continue
		}
		if _, seen := process[name]; !seen {
			process[name] = dotenv.DecodeUTF8([]byte(value))
		}
	}
	return process
}

// chooseMode returns the mode that decides which env files are read. Next.js decides
// by the command (dev or build); of NODE_ENV only the value test counts.
func chooseMode(mode string, process map[string]string) (string, error) {
	if mode == "" {
		return map[bool]string{true: "test", false: "development"}[process["NODE_ENV"] == "test"], nil
	}
	if strings.Trim(mode, "-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
		return "", fmt.Errorf("--mode %q is not a mode: want development, production, test or another name of letters and digits", mode)
	}
	return mode, nil
}

func readEnvFiles(fsys fs.FS, dir, mode string) []EnvFile {
	var files []EnvFile
	for _, name := range envFileNames(mode) {
		files = append(files, readEnvFile(fsys, dir, name))
	}
	return files
}
