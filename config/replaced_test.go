package config

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"lkdoctor/config/secret"
)

func TestReplaced(t *testing.T) {
	content := "# about secrets\nA=first\n#LIVEKIT_API_SECRET=old\nLIVEKIT_API_SECRET=\"older\" # why\n  # export B = 'b'\nA=second\r\nLIVEKIT_API_SECRET=new\n#=x\n# C=\n"
	files := []EnvFile{{Name: ".env", Exists: true, Content: secret.New(content)}}
	readAsNext(nil, files)
	var got []string
	for _, old := range files[0].Replaced() {
		got = append(got, fmt.Sprintf("%d %s %s", old.Line, old.Name, old.Value.Reveal()))
	}
	if want := "[2 A first 3 LIVEKIT_API_SECRET old 4 LIVEKIT_API_SECRET older 5 B b]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOtherFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".env", ".env.production", ".env.example", ".envrc", "env"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("LIVEKIT_API_SECRET="+name+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".env.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := Load(Inputs{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range s.OtherFiles() {
		v, _ := f.Lookup("LIVEKIT_API_SECRET")
		got = append(got, f.Name+" "+v.Value.Reveal())
	}
	if want := "[.env.d  .env.example .env.example .env.production .env.production .envrc .envrc]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
