package catalogue

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
)

const (
	mintKey    = "APImintTestKey"
	mintSecret = "0123456789abcdefghijklmnopqrstuv"
)

func TestSnippetOfAnUnknownLanguage(t *testing.T) {
	if got := Snippet("cobol"); got != "" {
		t.Errorf("Snippet(cobol) = %q, want nothing", got)
	}
	for _, lang := range mintLanguages() {
		if Snippet(lang) == "" {
			t.Errorf("no snippet for %s", lang)
		}
	}
}

// TestSnippetsFitAScreen checks that snippets are not wrapped on a screen of 80 columns,
// so that they can be copied with the mouse.
func TestSnippetsFitAScreen(t *testing.T) {
	const room = 72
	for _, lang := range mintLanguages() {
		for line := range strings.Lines(Snippet(lang)) {
			line = strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    ")
			if len(line) > room {
				t.Errorf("%s: %d columns: %s", lang, len(line), line)
			}
		}
	}
}

func TestGoSnippetMintsAToken(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no program is built")
	}
	dir := t.TempDir()
	write(t, dir, "token.go", Snippet("go"))
	write(t, dir, "main.go", `package main

import "fmt"

func main() {
	token, err := createToken("support-42", "alice")
	fmt.Print(token)
	if err != nil {
		panic(err)
	}
}
`)
	// Run from this package's folder, so that its go.mod resolves the import.
	token := run(t, ".", "go", "run", filepath.Join(dir, "token.go"), filepath.Join(dir, "main.go"))
	opensTheRoom(t, token)
}

func TestNodeSnippetMintsAToken(t *testing.T) {
	node := need(t, "node")
	dir := t.TempDir()
	write(t, dir, "token.mjs", Snippet("node"))
	run(t, dir, node, "--check", "token.mjs")
	if os.Getenv("LKDOCTOR_TEST_NPM") != "1" {
		t.Skip("only its syntax was checked: set LKDOCTOR_TEST_NPM=1 to fetch livekit-server-sdk from npm and run it")
	}
	write(t, dir, "package.json", `{"private": true}`)
	run(t, dir, need(t, "npm"), "install", "--no-audit", "--no-fund", "--silent", "livekit-server-sdk")
	write(t, dir, "main.mjs", `import { createToken } from './token.mjs';
process.stdout.write(await createToken('support-42', 'alice'));
`)
	opensTheRoom(t, run(t, dir, node, "main.mjs"))
}

func TestPythonSnippetMintsAToken(t *testing.T) {
	python := need(t, "python3")
	dir := t.TempDir()
	write(t, dir, "token_maker.py", Snippet("python"))
	run(t, dir, python, "-m", "py_compile", "token_maker.py")
	if os.Getenv("LKDOCTOR_TEST_PIP") == "1" {
		run(t, dir, python, "-m", "venv", "venv")
		python = filepath.Join(dir, "venv", "bin", "python")
		run(t, dir, python, "-m", "pip", "install", "--quiet", "livekit-api")
	} else if exec.Command(python, "-c", "import livekit.api").Run() != nil {
		t.Skip("only its syntax was checked: livekit-api is not installed; set LKDOCTOR_TEST_PIP=1 to fetch it with pip and run it")
	}
	write(t, dir, "main.py", `from token_maker import create_token

print(create_token("support-42", "alice"), end="")
`)
	opensTheRoom(t, run(t, dir, python, "main.py"))
}

// opensTheRoom verifies the token with LiveKit's library, and compares its grants with
// what the pages promise.
func opensTheRoom(t *testing.T, token string) {
	t.Helper()
	parsed, err := auth.ParseAPIToken(token)
	if err != nil {
		t.Fatal(err)
	}
	if parsed.APIKey() != mintKey || parsed.Identity() != "alice" {
		t.Errorf("key %q, identity %q", parsed.APIKey(), parsed.Identity())
	}
	registered, grants, err := parsed.Verify(mintSecret)
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(registered.ExpiresAt.Time); left < 14*time.Minute || left > 15*time.Minute {
		t.Errorf("it lives on for %s, want 15 minutes", left)
	}
	got, err := json.Marshal(grants.Video)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"roomJoin":true,"room":"support-42","canPublish":true,"canSubscribe":true,"canPublishData":true}`
	if string(got) != want {
		t.Errorf("grant %s\nwant  %s", got, want)
	}
}

func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed here", program)
	}
	return path
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run returns the output of the program, which has key and secret in its environment.
func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LIVEKIT_API_KEY="+mintKey, "LIVEKIT_API_SECRET="+mintSecret)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
