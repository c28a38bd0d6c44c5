//go:build unix

package browser_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lkdoctor/checks/lab"
)

// chromium returns the path of the browser. It skips the test if there is none, or
// outside make browser-test.
func chromium(t *testing.T) string {
	t.Helper()
	if os.Getenv("LKDOCTOR_BROWSER_TEST") == "" {
		t.Skip("asks a real browser: make browser-test")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no chromium here (Debian: apt-get install chromium)")
	return ""
}

// A frame is a page of app.test that Chromium loads. Its body calls say(…) with the
// result.
type frame struct {
	secure bool
	host   string // "" means app.test
	header http.Header
	head   string
	body   string
}

// show loads the frames in one page of Chromium and returns what each passed to say.
// The server also serves files.
func show(t *testing.T, frames []frame, files http.Handler) []string {
	t.Helper()
	program := chromium(t)
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.Issue(lab.Certificate{})
	if err != nil {
		t.Fatal(err)
	}
	said, all := make([]string, len(frames)), make(chan struct{})
	var mu sync.Mutex
	left := len(frames)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /said", func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		mu.Lock()
		defer mu.Unlock()
		if i, err := strconv.Atoi(r.URL.Query().Get("i")); err == nil && i < len(said) && said[i] == "" {
			said[i] = string(text)
			if left--; left == 0 {
				close(all)
			}
		}
	})
	mux.HandleFunc("GET /frame", func(w http.ResponseWriter, r *http.Request) {
		i, _ := strconv.Atoi(r.URL.Query().Get("i"))
		f := frames[i]
		for name, values := range f.header {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html><head>%s</head><body><script>function say(v) { parent.postMessage([%d, String(v)], "*") }</script>%s</body></html>`, f.head, i, f.body)
	})
	if files != nil {
		mux.Handle("/files/", http.StripPrefix("/files", files))
	}
	serve := func(config *tls.Config) string {
		peer, err := lab.Serve(mux, config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = peer.Close() })
		_, port, _ := strings.Cut(peer.Addr, ":")
		return port
	}
	plain, secure := serve(nil), serve(certificate)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><script>onmessage = e => fetch("/said?i=" + e.data[0], {method: "POST", body: e.data[1]})</script>`)
		for i, f := range frames {
			fmt.Fprintf(w, "<iframe src=%q></iframe>", at(f, plain, secure)+"/frame?i="+strconv.Itoa(i))
		}
	})
	profile, err := os.MkdirTemp("", "lkdoctor-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--user-data-dir="+profile,
		"--ignore-certificate-errors", "--host-resolver-rules=MAP *.test 127.0.0.1", "--disable-background-networking", "http://127.0.0.1:"+plain+"/")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // to kill all processes of the browser
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		_ = command.Wait()
		_ = os.RemoveAll(profile)
	}()
	select {
	case <-all:
	case <-time.After(60 * time.Second):
		mu.Lock()
		t.Fatalf("%d frames said nothing: %q", left, said)
	}
	return said
}

func at(f frame, plain, secure string) string {
	host := f.host
	if host == "" {
		host = "app.test"
	}
	if f.secure {
		return "https://" + host + ":" + secure
	}
	return "http://" + host + ":" + plain
}

// attempt opens a WebSocket or fetches a URL, and says "refused" if the browser
// refused before it sent anything.
const attempt = `<script>
let over = false
const tell = v => { if (!over) { over = true; say(v) } }
addEventListener("securitypolicyviolation", e => { if (e.disposition == "enforce") tell("refused") })
document.addEventListener("securitypolicyviolation", e => { if (e.disposition == "enforce") tell("refused") })
const later = () => setTimeout(() => tell("allowed"), 300)
const target = %s.replaceAll("PORT", location.port)
try {
  if (target.startsWith("ws")) {
    const ws = new WebSocket(target)
    ws.onopen = ws.onerror = later
  } else fetch(target, {mode: "no-cors"}).then(later, later)
} catch (e) { tell("refused") }
setTimeout(() => tell("allowed"), 4000)
</script>`

func TestChromiumAgreesOnPolicies(t *testing.T) {
	chromium(t)
	var frames []frame
	cases := policyCases()
	for _, c := range cases {
		f := frame{secure: c.secure, host: c.host, header: http.Header{}, head: c.head}
		for _, policy := range c.csp {
			if strings.Contains(policy, "default-src") {
				policy += "; script-src 'unsafe-inline'"
			}
			f.header.Add("Content-Security-Policy", policy)
		}
		if c.reportOnly != "" {
			f.header.Set("Content-Security-Policy-Report-Only", c.reportOnly)
		}
		target, _ := json.Marshal(c.target)
		f.body = c.before + fmt.Sprintf(attempt, target)
		frames = append(frames, f)
	}
	for i, said := range show(t, frames, nil) {
		want := "allowed"
		if cases[i].refused && !cases[i].asks {
			want = "refused"
		}
		if said != want {
			t.Errorf("%+v: Chromium says %s, the table %s", cases[i], said, want)
		}
	}
}

// clientJS returns the folder of the livekit-client distribution.
func clientJS(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("LIVEKIT_CLIENT")
	if dir == "" {
		t.Skip("there is no livekit-client here: make browser-test fetches it from npm")
	}
	if _, err := os.Stat(filepath.Join(dir, "dist", "livekit-client.esm.mjs")); err != nil {
		t.Skipf("there is no livekit-client in %s: make browser-test fetches it from npm", dir)
	}
	return filepath.Join(dir, "dist")
}

func TestChromiumAgreesOnCORS(t *testing.T) {
	chromium(t)
	cases := corsCases()
	peer, err := lab.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var i int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &i); err != nil {
			return
		}
		a := cases[i].answer
		if r.Method == http.MethodOptions {
			a = cases[i].preflight
		}
		for name, values := range withOrigin(a.Header, r.Header.Get("Origin")) {
			w.Header()[name] = values
		}
		w.WriteHeader(a.Status)
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Close() })
	var frames []frame
	for i, c := range cases {
		init := fmt.Sprintf("method: %q, credentials: %q, headers: {}", c.request.Method, map[bool]string{true: "include", false: "omit"}[c.request.Credentials])
		set := ""
		if c.request.JSON {
			set += `init.headers["Content-Type"] = "application/json"; init.body = "{}";`
		}
		for _, name := range c.request.Headers {
			set += fmt.Sprintf("init.headers[%q] = %q;", name, "x")
		}
		frames = append(frames, frame{body: fmt.Sprintf(`<script>const init = {%s}; %s fetch("http://%s/%d", init).then(() => say("allowed"), () => say("refused"))</script>`, init, set, peer.Addr, i)})
	}
	for i, said := range show(t, frames, nil) {
		if (said == "refused") != (cases[i].want != "") {
			t.Errorf("%+v: Chromium says %s, the table %q", cases[i], said, cases[i].want)
		}
	}
}
