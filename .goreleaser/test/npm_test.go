package dist_test

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// registry starts an npm registry with the packages in dist/npm.
func registry(t *testing.T) *httptest.Server {
	t.Helper()
	tarballs, err := filepath.Glob(filepath.Join(dist, "npm", "*.tgz"))
	if err != nil || len(tarballs) != 7 {
		t.Fatalf("%v, want seven (make npm builds them)", tarballs)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for _, path := range tarballs {
		content := read(t, path)
		var manifest map[string]any
		if err := json.Unmarshal(members(t, path)["package/package.json"].content, &manifest); err != nil {
			t.Fatal(err)
		}
		name, version := manifest["name"].(string), manifest["version"].(string)
		sum := sha512.Sum512(content)
		manifest["dist"] = map[string]any{
			"tarball":   server.URL + "/tarballs/" + name + ".tgz",
			"integrity": "sha512-" + base64.StdEncoding.EncodeToString(sum[:]),
		}
		document, err := json.Marshal(map[string]any{
			"name": name, "dist-tags": map[string]any{"latest": version}, "versions": map[string]any{version: manifest},
		})
		if err != nil {
			t.Fatal(err)
		}
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(document) })
		mux.HandleFunc("GET /tarballs/"+name+".tgz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
	}
	return server
}

// nextApp returns a folder like that of a Next.js app, with lkdoctor installed.
func nextApp(t *testing.T, environ []string) string {
	t.Helper()
	tool(t, "npm", "npx")
	server := registry(t)
	dir := t.TempDir()
	for name, content := range map[string]string{
		"package.json":    `{"name": "voice-app", "private": true, "scripts": {"dev": "next dev"}}`,
		"next.config.mjs": "export default {};\n",
		".npmrc":          "registry=" + server.URL + "/\naudit=false\nfund=false\nupdate-notifier=false\ncache=" + t.TempDir() + "\n",
		".env.local":      strings.Join(environ, "\n") + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if r := callIn(t, dir, nil, "npm", "install", "--save-dev", "lkdoctor"); r.exit != 0 {
		t.Fatalf("npm install: %+v", r)
	}
	installed, err := filepath.Glob(filepath.Join(dir, "node_modules", "lkdoctor*"))
	if err != nil || len(installed) != 2 {
		t.Fatalf("%v, want lkdoctor and the package of this platform alone", installed)
	}
	return dir
}

// TestNPX checks that npx lkdoctor reads the app's settings, prints the document and
// returns lkdoctor's exit code.
func TestNPX(t *testing.T) {
	l := startLab(t, "opaque-token")
	dir := nextApp(t, l.Environ())
	r := callIn(t, dir, nil, "npx", "lkdoctor", "--json")
	if r.exit != 1 || !json.Valid([]byte(r.out)) || !strings.Contains(r.out, `"code": "TOKEN_OPAQUE"`) || !strings.Contains(r.out, ".env.local") {
		t.Errorf("exit code %d\n%s%s", r.exit, r.out, r.err)
	}
	if r := callIn(t, dir, nil, "npx", "lkdoctor", "--bogus"); r.exit != 2 {
		t.Errorf("a bad flag ends with %d, want 2: %s", r.exit, r.err)
	}
	if r := callIn(t, dir, nil, "npx", "lkdoctor", "version"); r.exit != 0 || r.out != "lkdoctor "+released(t)+"\n" {
		t.Errorf("%+v", r)
	}
}

// TestNPXWithoutThePlatform checks the message if npm did not install the platform's
// package, which is an optional dependency.
func TestNPXWithoutThePlatform(t *testing.T) {
	dir := nextApp(t, nil)
	found, _ := filepath.Glob(filepath.Join(dir, "node_modules", "lkdoctor-*"))
	if err := os.RemoveAll(found[0]); err != nil {
		t.Fatal(err)
	}
	r := callIn(t, dir, nil, "npx", "lkdoctor", "version")
	if r.exit != 2 || !strings.Contains(r.err, filepath.Base(found[0])+" is not installed") {
		t.Errorf("%+v", r)
	}
}

// onTerminal starts npx lkdoctor on a terminal with that many columns. The returned
// function waits for the end and returns what was drawn.
func onTerminal(t *testing.T, dir string, columns uint16, args ...string) (*exec.Cmd, *os.File, func() string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "npx", append([]string{"lkdoctor"}, args...)...)
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "LC_ALL=C.UTF-8"}
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 30, Cols: columns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	var screen bytes.Buffer
	read := make(chan struct{})
	go func() { _, _ = io.Copy(&screen, terminal); close(read) }()
	return cmd, terminal, func() string { <-read; return screen.String() }
}

// TestNPXOnATerminal checks that lkdoctor uses the terminal's width and colours.
func TestNPXOnATerminal(t *testing.T) {
	dir := nextApp(t, nil)
	widest := func(columns uint16) int {
		cmd, _, screen := onTerminal(t, dir, columns, "explain", "TOKEN_OPAQUE")
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		widest := 0
		for _, line := range strings.Split(screen(), "\n") {
			widest = max(widest, len([]rune(strings.TrimRight(line, "\r"))))
		}
		return widest
	}
	if narrow, wide := widest(60), widest(110); narrow >= wide {
		t.Errorf("%d columns are used of 60, %d of 110", narrow, wide)
	}
	cmd, _, screen := onTerminal(t, dir, 100, "--plain")
	_ = cmd.Wait()
	if out := screen(); !strings.Contains(out, "ENV_URL_MISSING") || !strings.Contains(out, "\x1b[") {
		t.Errorf("no colours: %q", out)
	}
}

// TestNPXCtrlC checks that lkdoctor gets a Ctrl+C on the terminal, and a signal to the
// process that npm started. It must print its results and exit with 130.
func TestNPXCtrlC(t *testing.T) {
	l := startLab(t, "server-silent")
	dir := nextApp(t, l.Environ())
	cmd, terminal, screen := onTerminal(t, dir, 100, "--plain")
	waitForTicket(t, l.Tickets.Consumed)
	if _, err := terminal.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := shellCode(cmd.ProcessState); code != 130 {
		t.Errorf("exit code %d, want 130", code)
	}
	if out := screen(); !strings.Contains(out, "DOCTOR_CANCELLED") {
		t.Errorf("%s", out)
	}

	l.Renew()
	consumed := l.Tickets.Consumed()
	launcher := exec.CommandContext(t.Context(), filepath.Join(dir, "node_modules", ".bin", "lkdoctor"), "--json")
	launcher.Dir, launcher.Env = dir, append(l.Environ(), "HOME="+dir, "PATH="+os.Getenv("PATH"))
	var out bytes.Buffer
	launcher.Stdout = &out
	if err := launcher.Start(); err != nil {
		t.Fatal(err)
	}
	waitForTicket(t, func() int { return l.Tickets.Consumed() - consumed })
	if err := launcher.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = launcher.Wait()
	if code := launcher.ProcessState.ExitCode(); code != 130 || !json.Valid(out.Bytes()) {
		t.Errorf("a signal to the launcher: exit code %d\n%s", code, &out)
	}
}

// shellCode returns the exit code that a shell would report. On Ctrl+C, the signal also
// ends the shell between npx and lkdoctor, and npx ends itself by the same signal.
func shellCode(ended *os.ProcessState) int {
	if status, is := ended.Sys().(syscall.WaitStatus); is && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return ended.ExitCode()
}

// waitForTicket waits until the program has consumed the ticket.
func waitForTicket(t *testing.T, consumed func() int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); consumed() == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the ticket was not traded")
		}
	}
}
