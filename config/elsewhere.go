package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Elsewhere is an env file that defines a setting and is not read in this run.
type Elsewhere struct {
	// Mode is the mode that reads the file, if it is in the run's folder.
	Mode string
	// Dir is the file's folder as --dir takes it, if it is another folder.
	Dir  string
	Name string // .env.production.local
}

// Limits of the search for other folders.
const (
	maxFoldersUp   = 3
	maxFoldersDown = 40
)

// ElsewhereFor searches for env files that define the setting: for another mode in
// this folder, then in the folders of a monorepo: up to three above (not beyond a git
// repository or the home folder), those below, and those in apps, packages and
// services. ok is false if there is none. It reads at most some hundred small files.
func (s *Settings) ElsewhereFor(setting string) (at Elsewhere, ok bool) {
	for _, f := range s.OtherFiles() {
		mode := strings.TrimSuffix(strings.TrimPrefix(f.Name, ".env."), ".local")
		if slices.Contains([]string{"production", "development", "test", "staging", "preview"}, mode) && defines(f, setting) {
			return Elsewhere{Mode: mode, Name: f.Name}, true
		}
	}
	for _, dir := range s.foldersRound() {
		for _, f := range readEnvFiles(os.DirFS(dir), dir, s.Mode) {
			one := []EnvFile{f}
			readAsNext(nil, one)
			if defines(one[0], setting) {
				return Elsewhere{Dir: dir, Name: f.Name}, true
			}
		}
	}
	return Elsewhere{}, false
}

func defines(f EnvFile, setting string) bool {
	v, has := f.Lookup(setting)
	return has && !v.Value.Empty()
}

// foldersRound returns the folders of ElsewhereFor, the nearest first.
func (s *Settings) foldersRound() []string {
	var above []string
	dir := s.Dir
	for range maxFoldersUp {
		absolute, err := filepath.Abs(dir)
		if _, gitErr := os.Lstat(filepath.Join(dir, ".git")); err != nil || gitErr == nil || absolute == s.home || filepath.Dir(absolute) == absolute {
			break
		}
		dir = filepath.Join(dir, "..")
		above = append(above, dir)
	}
	folders := append([]string{}, above...)
	for _, base := range append([]string{s.Dir}, above...) {
		for _, group := range []string{"", "apps", "packages", "services"} {
			// Folders above are unrelated unless they are a workspace.
			if base != s.Dir && group == "" {
				continue
			}
			folders = append(folders, subfolders(filepath.Join(base, group))...)
		}
	}
	own := filepath.Clean(s.Dir)
	folders = slices.DeleteFunc(folders, func(f string) bool { return sameFolder(f, own) })
	return folders[:min(len(folders), maxFoldersDown)]
}

func sameFolder(a, b string) bool {
	x, errX := filepath.Abs(a)
	y, errY := filepath.Abs(b)
	return errX == nil && errY == nil && x == y
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
