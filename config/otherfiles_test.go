package config

import (
	"os"
	"path/filepath"
	"testing"
)

// TestElsewhere checks where UnreadFileFor finds a setting that the run does not read.
func TestElsewhere(t *testing.T) {
	for name, tt := range map[string]struct {
		file string // defines the setting
		in   string // folder of the run
		want UnreadFile
		ok   bool
	}{
		"another mode":          {".env.production.local", ".", UnreadFile{Mode: "production", Name: ".env.production.local"}, true},
		"a template":            {".env.example", ".", UnreadFile{}, false},
		"a backup":              {".env.local.bak", ".", UnreadFile{}, false},
		"the top of a monorepo": {".env", "apps/web", UnreadFile{Dir: "../..", Name: ".env"}, true},
		"an app of a monorepo":  {"apps/web/.env.local", ".", UnreadFile{Dir: "apps/web", Name: ".env.local"}, true},
		"an app beside":         {"apps/web/.env.local", "apps/agent", UnreadFile{Dir: "../../apps/web", Name: ".env.local"}, true},
		"a folder below":        {"frontend/.env", ".", UnreadFile{Dir: "frontend", Name: ".env"}, true},
		"beyond the repository": {"../.env", ".", UnreadFile{}, false},
		"a dependency":          {"node_modules/x/.env", ".", UnreadFile{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			top := filepath.Join(t.TempDir(), "repo")
			for _, dir := range []string{".git", tt.in, filepath.Dir(tt.file)} {
				if err := os.MkdirAll(filepath.Join(top, dir), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(top, tt.file), []byte("LIVEKIT_URL=wss://livekit.example.com\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Chdir(filepath.Join(top, tt.in))
			s, err := Load(Inputs{})
			if err != nil {
				t.Fatal(err)
			}
			got, ok := s.UnreadFileFor("LIVEKIT_URL")
			if ok != tt.ok || filepath.Clean(got.Dir) != filepath.Clean(tt.want.Dir) || got.Mode != tt.want.Mode || got.Name != tt.want.Name {
				t.Errorf("found %+v %v, want %+v", got, ok, tt.want)
			}
			if ok && got.Dir != "" { // the suggested --dir must find it
				s, err := Load(Inputs{Dir: got.Dir})
				if err != nil || s.URL.Secret.Empty() {
					t.Errorf("--dir %s finds nothing: %v", got.Dir, err)
				}
			}
		})
	}
}
