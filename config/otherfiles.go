package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lkdoctor/config/dotenv"
	"lkdoctor/config/secret"
)

// UnreadFile is an env file that defines a setting and is not read in this run.
type UnreadFile struct {
	Mode string // the mode that reads the file, if it is in the run's folder
	Dir  string // the file's folder as --dir takes it, if it is another folder
	Name string // .env.production.local
}

// Limits of the search for other folders.
const (
	maxFoldersUp   = 3
	maxFoldersDown = 40
)

// UnreadFileFor searches for env files that define the setting: for another mode in
// this folder, then in the folders of a monorepo: up to three above (not beyond a git
// repository or the home folder), those below, and those in apps, packages and
// services. ok is false if there is none. It reads at most some hundred small files.
func (s *Settings) UnreadFileFor(setting string) (at UnreadFile, ok bool) {
	for _, f := range s.OtherFiles() {
		mode := strings.TrimSuffix(strings.TrimPrefix(f.Name, ".env."), ".local")
		if slices.Contains([]string{"production", "development", "test", "staging", "preview"}, mode) && defines(f, setting) {
			return UnreadFile{Mode: mode, Name: f.Name}, true
		}
	}
	for _, dir := range s.foldersRound() {
		for _, f := range readEnvFiles(os.DirFS(dir), dir, s.Mode) {
			one := []EnvFile{f}
			readAsNext(nil, one)
			if defines(one[0], setting) {
				return UnreadFile{Dir: dir, Name: f.Name}, true
			}
		}
	}
	return UnreadFile{}, false
}

func defines(f EnvFile, setting string) bool {
	v, has := f.Lookup(setting)
	return has && !v.Value.Empty()
}

// foldersRound returns the folders of UnreadFileFor, the nearest first.
func (s *Settings) foldersRound() []string {
	var above []string
	dir := s.Dir
	for range maxFoldersUp {
		absolute, err := filepath.Abs(dir)
		_, gitErr := os.Lstat(filepath.Join(dir, ".git"))
		if err != nil || gitErr == nil || absolute == s.home || filepath.Dir(absolute) == absolute {
			break
		}
		dir = filepath.Join(dir, "..")
		above = append(above, dir)
	}
	folders := slices.Clone(above)
	for _, base := range append([]string{s.Dir}, above...) {
		for _, group := range []string{"", "apps", "packages", "services"} {
			// Folders above are unrelated unless they are a workspace.
			if base != s.Dir && group == "" {
				continue
			}
			folders = append(folders, subfolders(filepath.Join(base, group))...)
		}
	}
	here, failed := filepath.Abs(s.Dir)
	folders = slices.DeleteFunc(folders, func(f string) bool {
		absolute, err := filepath.Abs(f)
		return failed == nil && err == nil && absolute == here
	})
	return folders[:min(len(folders), maxFoldersDown)]
}

func subfolders(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && e.Name() != "node_modules" {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out
}

const maxOldLines = 50

// Replaced lists the file's definitions that do not count: a later line defines the
// same variable, or they are commented out. What signs with an old secret often has it
// from a line that is still there.
func (f EnvFile) Replaced() []EnvVar {
	var list []EnvVar
	for i, line := range strings.Split(dotenv.DecodeUTF8([]byte(f.Content.Reveal())), "\n") {
		text := strings.TrimLeft(strings.TrimSpace(line), "#; ")
		if len(list) == maxOldLines {
			break
		}
		defs := dotenv.Parse(text)
		if len(defs) != 1 || defs[0].Value == "" {
			continue
		}
		old := EnvVar{Name: defs[0].Name, Value: secret.New(defs[0].Value), Line: i + 1}
		if counts, has := f.Lookup(old.Name); !has || !counts.Value.Equal(old.Value) && !counts.Literal.Equal(old.Value) {
			list = append(list, old)
		}
	}
	return list
}

const maxOtherFiles = 20

// OtherFiles reads the folder's env files that this mode does not use: .env.production,
// .env.example, .env.local.bak. They may hold another secret to sign with.
func (s *Settings) OtherFiles() []EnvFile {
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return nil
	}
	used := map[string]bool{}
	for _, f := range s.Files {
		used[f.Name] = true
	}
	var others []EnvFile
	for _, entry := range entries {
		if name := entry.Name(); strings.HasPrefix(name, ".env") && !used[name] && len(others) < maxOtherFiles {
			others = append(others, readEnvFile(os.DirFS(s.Dir), s.Dir, name))
		}
	}
	for i := range others {
		readAsNext(nil, others[i:i+1])
	}
	return others
}
