package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lkdoctor/config/secret"
)

// folder writes files into a new folder and returns its path.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func mustLoad(t *testing.T, in Inputs) *Settings {
	t.Helper()
	if in.Dir == "" {
		in.Dir = t.TempDir()
	}
	s, err := Load(in)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPrecedence(t *testing.T) {
	everywhere := map[string]string{
		".env.development.local": "LIVEKIT_URL=ws://dev-local\n", ".env.local": "LIVEKIT_URL=ws://local\n",
		".env.development": "LIVEKIT_URL=ws://dev\n", ".env": "LIVEKIT_URL=ws://env\n",
		".env.test.local": "LIVEKIT_URL=ws://test-local\n", ".env.test": "LIVEKIT_URL=ws://test\n",
		".env.production": "LIVEKIT_URL=ws://prod\n",
	}
	without := func(names ...string) map[string]string {
		files := map[string]string{}
		for name, content := range everywhere {
			files[name] = content
		}
		for _, name := range names {
			delete(files, name)
		}
		return files
	}
	shell := []string{"LIVEKIT_URL=ws://shell"}
	tests := []struct {
		name, want, source string
		in                 Inputs
		files              map[string]string
	}{
		{"nothing", "", "not set", Inputs{}, nil},
		{"flag", "ws://flag", "--url", Inputs{Flags: map[string]string{"url": "ws://flag"}, Environ: shell}, everywhere},
		{"empty flag", "", "--url", Inputs{Flags: map[string]string{"url": ""}, Environ: shell}, everywhere},
		{"--dev", DevURL, "--dev", Inputs{Dev: true, Environ: shell}, everywhere},
		{"environment", "ws://shell", "environment", Inputs{Environ: shell}, everywhere},
		{"empty environment", "", "environment", Inputs{Environ: []string{"LIVEKIT_URL="}}, everywhere},
		{"mode.local", "ws://dev-local", ".env.development.local", Inputs{}, everywhere},
		{"local", "ws://local", ".env.local", Inputs{}, without(".env.development.local")},
		{"mode", "ws://dev", ".env.development", Inputs{}, without(".env.development.local", ".env.local")},
		{"env", "ws://env", ".env", Inputs{}, without(".env.development.local", ".env.local", ".env.development")},
		{"test mode by NODE_ENV", "ws://test-local", ".env.test.local", Inputs{Environ: []string{"NODE_ENV=test"}}, everywhere},
		{"test mode skips local", "ws://test", ".env.test", Inputs{Mode: "test"}, without(".env.test.local")},
		{"NODE_ENV=production changes nothing", "ws://dev-local", ".env.development.local", Inputs{Environ: []string{"NODE_ENV=production"}}, everywhere},
		{"--mode", "ws://prod", ".env.production", Inputs{Mode: "production"}, without(".env.local")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.Dir = folder(t, tt.files)
			s := mustLoad(t, tt.in)
			if s.URL.Value != tt.want || s.URL.Source.String() != tt.source || s.URL.Secret.Reveal() != tt.want {
				t.Errorf("got %q from %s, want %q from %s", s.URL.Value, s.URL.Source, tt.want, tt.source)
			}
		})
	}
}

func TestNames(t *testing.T) {
	environ := []string{"LIVEKIT_URL=u", "LIVEKIT_API_KEY=k", "LIVEKIT_API_SECRET=s", "LIVEKIT_TOKEN=t", "USER_MGMT_BASE_URL=m", "LKDOCTOR_TICKET=c"}
	flags := map[string]string{"url": "U", "api-key": "K", "api-secret": "S", "token": "-", "ticket-service": "M", "ticket": "C"}
	values := func(s *Settings) string {
		var got []string
		for _, setting := range s.All() {
			got = append(got, setting.Name+" "+setting.Flag+" "+setting.Value+" "+setting.Secret.Reveal())
		}
		return strings.Join(got, "\n")
	}
	want := "LIVEKIT_URL --url u u\nLIVEKIT_API_KEY --api-key k k\nLIVEKIT_API_SECRET --api-secret  s\n" +
		"LIVEKIT_TOKEN --token  t\nUSER_MGMT_BASE_URL --ticket-service m m\nLKDOCTOR_TICKET --ticket  c"
	if diff := cmp.Diff(want, values(mustLoad(t, Inputs{Environ: environ}))); diff != "" {
		t.Error(diff)
	}
	want = "LIVEKIT_URL --url U U\nLIVEKIT_API_KEY --api-key K K\nLIVEKIT_API_SECRET --api-secret  S\n" +
		"LIVEKIT_TOKEN --token  -\nUSER_MGMT_BASE_URL --ticket-service M M\nLKDOCTOR_TICKET --ticket  C"
	if diff := cmp.Diff(want, values(mustLoad(t, Inputs{Environ: environ, Flags: flags}))); diff != "" {
		t.Error(diff)
	}
}

func TestShadows(t *testing.T) {
	dir := folder(t, map[string]string{
		".env.local": "LIVEKIT_API_SECRET=good-secret\nLIVEKIT_URL=ws://same\nBASE=x\n",
		".env":       "LIVEKIT_API_SECRET=\nLIVEKIT_URL=ws://$BASE\nBROKEN=$BROKEN\n",
	})
	s := mustLoad(t, Inputs{Dir: dir, Environ: []string{"LIVEKIT_API_SECRET=", "LIVEKIT_URL=ws://same"}})
	// BROKEN refers to itself, so Next.js drops the whole .env.
	want := []Shadow{{Source: Source{File, ".env.local"}, Differs: true, Secret: secret.New("good-secret"), Line: 1}}
	if diff := cmp.Diff(want, s.APISecret.Shadows); diff != "" {
		t.Errorf("secret (-want +got):\n%s", diff)
	}
	if s.APISecret.Source.Kind != Environment || !s.APISecret.IsSet() || !s.APISecret.Secret.Empty() {
		t.Errorf("the empty value must win: %v", s.APISecret.Source)
	}
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("LIVEKIT_API_SECRET=\nLIVEKIT_URL=ws://$BASE\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = mustLoad(t, Inputs{Dir: dir, Environ: []string{"LIVEKIT_API_SECRET=", "LIVEKIT_URL=ws://same"}})
	want = append(want, Shadow{Source: Source{File, ".env"}, Secret: secret.New(""), Line: 1})
	if diff := cmp.Diff(want, s.APISecret.Shadows); diff != "" {
		t.Errorf("secret (-want +got):\n%s", diff)
	}
	want = []Shadow{
		{Source: Source{File, ".env.local"}, Secret: secret.New("ws://same"), Line: 2},
		{Source: Source{File, ".env"}, Differs: true, Secret: secret.New("ws://x"), Line: 2},
	}
	if diff := cmp.Diff(want, s.URL.Shadows); diff != "" {
		t.Errorf("url (-want +got):\n%s", diff)
	}
}

// TestWhatNextChanged checks the fields that decide on ENV_VALUE_EXPANDED.
func TestWhatNextChanged(t *testing.T) {
	tests := []struct {
		name, file, environ string
		value, literal      string
		expanded, cut       bool
	}{
		{"plain", "LIVEKIT_API_SECRET=abc", "", "abc", "abc", false, false},
		{"expanded", "LIVEKIT_API_SECRET=abc$def", "", "abc", "abc$def", true, false},
		{"expanded in single quotes", "LIVEKIT_API_SECRET='abc$def'", "", "abc", "abc$def", true, false},
		{"escaped", `LIVEKIT_API_SECRET=abc\$def`, "", "abc$def", `abc\$def`, false, false},
		{"cut", "LIVEKIT_API_SECRET=abc#def # c", "", "abc", "abc#def # c", false, true},
		{"cut to nothing", "LIVEKIT_API_SECRET=#abc", "", "", "#abc", false, true},
		{"comment", "LIVEKIT_API_SECRET=abc # def", "", "abc", "abc", false, false},
		{"quoted hash", "LIVEKIT_API_SECRET='abc#def'", "", "abc#def", "abc#def", false, false},
		{"environment alone", "", "LIVEKIT_API_SECRET=ab$cd", "ab$cd", "ab$cd", false, false},
		{"environment beside a file", "LIVEKIT_API_SECRET=x", "LIVEKIT_API_SECRET=ab$cd", "ab", "ab$cd", true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := Inputs{Dir: folder(t, map[string]string{".env": "\n" + tt.file}), Environ: []string{tt.environ}}
			got := mustLoad(t, in).APISecret
			if got.Secret.Reveal() != tt.value || got.Literal.Reveal() != tt.literal || got.Expanded != tt.expanded || got.CutAtHash != tt.cut {
				t.Errorf("value %q literal %q expanded %v cut %v", got.Secret.Reveal(), got.Literal.Reveal(), got.Expanded, got.CutAtHash)
			}
			if wantLine := map[bool]int{true: 2, false: 0}[got.Source.Kind == File]; got.Line != wantLine {
				t.Errorf("line %d, want %d", got.Line, wantLine)
			}
		})
	}
}

func TestUsageErrors(t *testing.T) {
	home := folder(t, map[string]string{".livekit/cli-config.yaml": lkYAML})
	broken := folder(t, map[string]string{".livekit/cli-config.yaml": "projects: {" + canary})
	inDirectory := folder(t, map[string]string{".livekit/cli-config.yaml/x": ""})
	file := filepath.Join(folder(t, map[string]string{"f": ""}), "f")
	tests := []struct {
		name, want string
		in         Inputs
	}{
		{"--dev --url", "--url", Inputs{Dev: true, Flags: map[string]string{"url": ""}}},
		{"--dev --api-key", "--api-key", Inputs{Dev: true, Flags: map[string]string{"api-key": "x"}}},
		{"--dev --api-secret", "--api-secret", Inputs{Dev: true, Flags: map[string]string{"api-secret": canary}}},
		{"--project --url", "--project", Inputs{Project: "demo", Home: home, Flags: map[string]string{"url": "x"}}},
		{"--project --dev", "--project", Inputs{Project: "demo", Home: home, Dev: true}},
		{"unknown project", `it has "demo", "prod"`, Inputs{Project: "nope", Home: home}},
		{"no lk configuration", "cli-config.yaml", Inputs{Project: "demo", Home: t.TempDir()}},
		{"no home", "cli-config.yaml", Inputs{Project: "demo"}},
		{"broken lk configuration", "not lk's YAML", Inputs{Project: "demo", Home: broken}},
		{"lk configuration is a directory", "a directory", Inputs{Project: "demo", Home: inDirectory}},
		{"missing --dir", "--dir", Inputs{Dir: filepath.Join(home, "nowhere")}},
		{"--dir is a file", "not a directory", Inputs{Dir: file}},
		{"--mode with a path", "--mode", Inputs{Mode: "../x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Load(tt.in)
			if err == nil {
				t.Fatalf("no error, settings %v", s.Shown())
			}
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary) {
				t.Errorf("error %q: want one about %q", err, tt.want)
			}
		})
	}
}

func TestVariablesKnowTheirSource(t *testing.T) {
	dir := folder(t, map[string]string{".env.local": "B=2\nA=9\n", ".env": "B=3\nC=${B}-$A\n"})
	env := mustLoad(t, Inputs{Dir: dir, Environ: []string{"A=1", "=C:=x", "odd"}}).Env
	if diff := cmp.Diff([]string{"A", "B", "C"}, env.Names()); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{"A": "1 environment", "B": "2 .env.local", "C": "2-1 .env"} {
		value, source, ok := env.Lookup(name)
		if got := value + " " + source.String(); !ok || got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if _, _, ok := env.Lookup("D"); ok {
		t.Error("D is not set")
	}
}
