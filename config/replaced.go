package config

import (
	"os"
	"strings"

	"lkdoctor/config/dotenv"
	"lkdoctor/config/secret"
)

// OldLine is a Definition in an env file that does not count: a later line
// defines the same variable, or it is commented out.
type OldLine struct {
	Name  string
	Value secret.Value
	Line  int // from 1
}

// maxOldLines bounds how many are looked for in one file.
const maxOldLines = 50

// Replaced lists the file's definitions that do not count. What signs with an
// old secret often has it from a line that is still there.
func (f EnvFile) Replaced() []OldLine {
	var list []OldLine
	for i, line := range strings.Split(dotenv.DecodeUTF8([]byte(f.Content.Reveal())), "\n") {
		text := strings.TrimLeft(strings.TrimSpace(line), "#; ")
		if len(list) == maxOldLines {
			break
		}
		defs := dotenv.Parse(text)
		if len(defs) != 1 || defs[0].Value == "" || f.counts(defs[0].Name, defs[0].Value) {
			continue
		}
		list = append(list, OldLine{Name: defs[0].Name, Value: secret.New(defs[0].Value), Line: i + 1})
	}
	return list
}

// counts reports whether the file ends with this value for the variable.
func (f EnvFile) counts(name, value string) bool {
	v, has := f.Lookup(name)
	return has && (v.Value.Reveal() == value || v.Literal.Reveal() == value)
}

// maxOtherFiles bounds how many other env files of a folder are looked at.
const maxOtherFiles = 20

// OtherFiles reads the folder's env files that this mode does not use:
// .env.production, .env.example, .env.local.bak. They decide nothing; what signs
// with another secret may have it from there.
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
