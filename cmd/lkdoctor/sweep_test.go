package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/i18n"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/report"
	"lkdoctor/tui"
)

// A canary is a secret to look for. What precedes value[label:] names the kind of value
// and may be shown.
type canary struct {
	shape, value string
	label        int
}

// canaries returns one random secret of each shape.
func canaries(rng *rand.Rand) []canary {
	const letters = "ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"
	text := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = letters[rng.IntN(len(letters))]
		}
		// Always with upper case, lower case and a digit.
		return "Zq7" + string(b[3:])
	}
	return []canary{
		{"base62", text(43), 0},
		{"marks", text(9) + `/+=%41"'<&>\` + text(18), 0},
		{"hex", "7f" + hex.EncodeToString([]byte(text(20))), 0},
		{"label", "tkt_" + text(28), 4},
		{"short", text(14), 0},
	}
}

// encodings returns the encodings in which a server may return a secret, also cut.
func encodings(s string) []string {
	percent, escaped := "", ""
	for i := range len(s) {
		percent += fmt.Sprintf("%%%02x", s[i])
		escaped += fmt.Sprintf(`\u%04x`, s[i])
	}
	marshalled, _ := json.Marshal(s)
	list := []string{s, strings.ToUpper(s), strings.ToLower(s), url.QueryEscape(s), url.PathEscape(s), url.QueryEscape(url.QueryEscape(s)),
		percent, escaped, html.EscapeString(s), strings.Trim(strconv.Quote(s), `"`), strings.Trim(string(marshalled), `"`),
		hex.EncodeToString([]byte(s)), strings.ToUpper(hex.EncodeToString([]byte(s)))}
	for _, before := range []string{"", "k", "ke", "key"} {
		list = append(list, base64.StdEncoding.EncodeToString([]byte(before+s)), base64.RawURLEncoding.EncodeToString([]byte(before+s+"tail")))
	}
	return append(list, s[:12]+"…", s[:len(s)/2], s[:12]+"\x1b[1m"+s[12:])
}

// traces returns what no face may hold: the encodings of the first eight characters after
// the label, without the parts that depend on adjacent characters.
func (c canary) traces() []string {
	eight := c.value[c.label : c.label+8]
	if c.shape == "label" {
		eight = c.value[c.label+3 : c.label+11] // the first seven characters of a ticket may be shown
	}
	percent := ""
	for i := range len(eight) {
		percent += fmt.Sprintf("%%%02x", eight[i])
	}
	list := []string{eight, percent, hex.EncodeToString([]byte(eight))}
	for shift := range 3 {
		padded := append(make([]byte, shift), eight...)
		list = append(list, base64.RawStdEncoding.EncodeToString(padded)[(shift*8+5)/6:len(padded)*8/6])
	}
	for i := range list {
		list[i] = strings.ToLower(list[i])
	}
	return list
}

// leak returns the trace of the secret in text, or "".
func (c canary) leak(text string) string {
	text = strings.ToLower(text)
	for _, trace := range c.traces() {
		if strings.Contains(text, trace) {
			return trace
		}
	}
	return ""
}

// A surrounding is the environment, files and arguments of one run, which hold a secret.
type surrounding struct {
	environ map[string]string
	files   map[string]string // relative to the folder, or to the home with ~/
	args    []string
	stdin   string
}

// echo starts a server that returns the secret in each response, in changing encodings and
// kinds of responses.
func echo(t *testing.T, secret string) string {
	t.Helper()
	var count atomic.Uint32
	all := encodings(secret)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(count.Add(1))
		said := all[n%len(all)]
		w.Header().Set("Server", clip(said))
		w.Header().Set("WWW-Authenticate", "Bearer "+clip(said))
		switch {
		case r.URL.Path == "/" && n%2 == 0:
			_, _ = io.WriteString(w, "OK")
		case strings.HasSuffix(r.URL.Path, "/validate"):
			http.Error(w, "invalid token: "+said+", error: "+all[(n+7)%len(all)], http.StatusUnauthorized)
		case n%3 == 0:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"detail": said, "error": all[(n+5)%len(all)]})
		case n%3 == 1:
			w.Header().Set("Location", "/login/"+url.PathEscape(said)+"?key="+url.QueryEscape(said))
			http.Error(w, said, http.StatusFound)
		default:
			http.Error(w, said+" is not "+all[(n+3)%len(all)], http.StatusInternalServerError)
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// clip removes the characters that a header value may not hold.
func clip(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

// places returns functions that put a secret s into a surrounding, by the name of the
// place. at is the host and port of the server that returns it.
func places() map[string]func(s, at string) surrounding {
	const key, other = "APIabcdefghijkl", "another-secret-of-34-characters-xx"
	type place = func(s, at string) surrounding
	fill := func(text, s, at string) string {
		return strings.NewReplacer("@SECRET", s, "@ESCAPED", url.PathEscape(s), "@HOST", at, "@KEY", key, "@OTHER", other).Replace(text)
	}
	env := func(values ...string) place {
		return func(s, at string) surrounding {
			out := surrounding{environ: map[string]string{}}
			for i := 0; i < len(values); i += 2 {
				out.environ[values[i]] = fill(values[i+1], s, at)
			}
			return out
		}
	}
	with := func(base place, args ...string) place {
		return func(s, at string) surrounding {
			out := base(s, at)
			for _, arg := range args {
				out.args = append(out.args, fill(arg, s, at))
			}
			return out
		}
	}
	file := func(base place, name, text string) place {
		return func(s, at string) surrounding {
			out := base(s, at)
			out.files = map[string]string{name: fill(text, s, at)}
			return out
		}
	}
	server := []string{"LIVEKIT_URL", "ws://@HOST", "LIVEKIT_API_KEY", "@KEY", "LIVEKIT_API_SECRET", "@OTHER"}
	keyed := env(server...)
	token := func(claims lab.Claims) place {
		return func(s, at string) surrounding {
			made := lab.Participant(lab.Pair{Key: key}, "r", "me", time.Now())
			for name, value := range claims {
				made[name] = fill(value.(string), s, at)
			}
			out := env("LIVEKIT_URL", "ws://@HOST", "LIVEKIT_API_KEY", "@KEY", "LIVEKIT_API_SECRET", "@SECRET")(s, at)
			out.environ["LIVEKIT_TOKEN"] = lab.Sign(made, s)
			return out
		}
	}
	return map[string]func(s, at string) surrounding{
		"the secret":                env("LIVEKIT_URL", "ws://@HOST", "LIVEKIT_API_KEY", "@KEY", "LIVEKIT_API_SECRET", "@SECRET"),
		"the secret, in a file":     file(env(), ".env.local", "LIVEKIT_URL=ws://@HOST\nLIVEKIT_API_KEY=@KEY\nLIVEKIT_API_SECRET='@SECRET'\n"),
		"the secret, a flag":        with(env(), "--url", "ws://@HOST", "--api-key", key, "--api-secret", "@SECRET"),
		"the key":                   env("LIVEKIT_URL", "ws://@HOST", "LIVEKIT_API_KEY", "@SECRET", "LIVEKIT_API_SECRET", "@SECRET"),
		"swapped":                   env("LIVEKIT_URL", "ws://@HOST", "LIVEKIT_API_KEY", "@SECRET", "LIVEKIT_API_SECRET", "@KEY"),
		"as the address":            env("LIVEKIT_URL", "@SECRET", "LIVEKIT_API_KEY", "@KEY", "LIVEKIT_API_SECRET", "@SECRET"),
		"in the address's host":     env("LIVEKIT_URL", "ws://@SECRET.invalid", "LIVEKIT_API_KEY", "@KEY", "LIVEKIT_API_SECRET", "@SECRET"),
		"in the address's path":     env("LIVEKIT_URL", "ws://@HOST/@ESCAPED", "LIVEKIT_API_KEY", "@KEY", "LIVEKIT_API_SECRET", "@SECRET"),
		"in the address's query":    env("LIVEKIT_URL", "ws://@HOST/?key=@ESCAPED", "LIVEKIT_API_KEY", "@KEY", "LIVEKIT_API_SECRET", "@OTHER"),
		"in the address's fragment": env("LIVEKIT_URL", "ws://@HOST/#@ESCAPED", "LIVEKIT_API_KEY", "@KEY", "LIVEKIT_API_SECRET", "@OTHER"),
		"the address's password":    env("LIVEKIT_URL", "ws://me:@ESCAPED@@HOST", "LIVEKIT_API_KEY", "@KEY", "LIVEKIT_API_SECRET", "@OTHER"),
		"the address's user":        env("LIVEKIT_URL", "ws://@ESCAPED@@HOST", "LIVEKIT_API_KEY", "@KEY", "LIVEKIT_API_SECRET", "@OTHER"),
		"the ticket":                env(append(server, "USER_MGMT_BASE_URL", "http://@HOST", "LKDOCTOR_TICKET", "@SECRET")...),
		"the ticket, a flag":        with(env(append(server, "USER_MGMT_BASE_URL", "http://@HOST")...), "--ticket", "@SECRET"),
		"the service's password":    env(append(server, "USER_MGMT_BASE_URL", "http://me:@ESCAPED@@HOST", "LKDOCTOR_TICKET", "tkt_0123456789")...),
		"the service's path":        env("LIVEKIT_URL", "ws://@HOST", "LIVEKIT_API_SECRET", "@SECRET", "USER_MGMT_BASE_URL", "http://@HOST/@ESCAPED", "LKDOCTOR_TICKET", "tkt_0123456789"),
		"an opaque token":           env("LIVEKIT_URL", "ws://@HOST", "LIVEKIT_TOKEN", "@SECRET"),
		"a token's metadata":        token(lab.Claims{"metadata": `{"note":"@SECRET"}`}),
		"a token's identity":        token(lab.Claims{"sub": "@SECRET"}),
		"a token's issuer":          token(lab.Claims{"iss": "@SECRET"}),
		"a token's password":        token(lab.Claims{"password": "@SECRET"}),
		"the identity and the room": with(env("LIVEKIT_URL", "ws://@HOST", "LIVEKIT_API_KEY", "@KEY", "LIVEKIT_API_SECRET", "@SECRET"), "--identity", "@SECRET", "--room", "@SECRET"),
		"the display name":          with(env(append(server, "LIVEKIT_API_SECRET", "@SECRET")...), "--display-name", "@SECRET"),
		"a header":                  with(keyed, "--frontend", "http://@HOST", "-H", "X-Login: @SECRET"),
		"a cookie":                  with(keyed, "--token-endpoint", "http://@HOST/token", "-H", "Cookie: session=@SECRET"),
		"the app's password":        with(keyed, "--frontend", "http://me:@ESCAPED@@HOST"),
		"the endpoint's query":      with(keyed, "--token-endpoint", "http://@HOST/token?code=@ESCAPED"),
		"a project's secret":        file(env("LIVEKIT_URL", "ws://@HOST", "LIVEKIT_TOKEN", "not-a-token-at-all"), "~/.livekit/cli-config.yaml", "projects:\n  - name: demo\n    url: ws://@HOST\n    api_key: @KEY\n    api_secret: |-\n      @SECRET\n"),
		"a second secret":           file(keyed, ".env", "LIVEKIT_API_SECRET='@SECRET'\n"),
		"another secret":            file(keyed, ".env", "NEXTAUTH_SECRET='@SECRET'\n"),
		"an exposed secret":         file(keyed, ".env.local", "NEXT_PUBLIC_LIVEKIT_API_SECRET='@SECRET'\n"),
		"under another name":        env("LIVEKIT_URL", "ws://@HOST", "LIVEKIT_API_KEY", "@KEY", "LIVEKIT_SECRET", "@SECRET"),
		"in LIVEKIT_KEYS":           env("LIVEKIT_URL", "ws://@HOST", "LIVEKIT_KEYS", "@KEY: @SECRET"),
		"a proxy's password":        env(append(server, "HTTP_PROXY", "http://me:@ESCAPED@@HOST", "LIVEKIT_URL", "ws://livekit.invalid")...),
	}
}

// prepare writes the files and returns the environment and folder of the program.
func (s surrounding) prepare(t *testing.T) (environ []string, dir string) {
	t.Helper()
	home := t.TempDir()
	dir = filepath.Join(home, "app")
	for name, text := range s.files {
		path := filepath.Join(dir, name)
		if rest, is := strings.CutPrefix(name, "~/"); is {
			path = filepath.Join(home, rest)
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	environ = []string{"HOME=" + home, "TERM=dumb"}
	for name, value := range s.environ {
		environ = append(environ, name+"="+value)
	}
	return environ, dir
}

// TestNoSecretInAnyFace puts each kind of secret at each place, has a server return it in
// each encoding, and looks for it in each face.
func TestNoSecretInAnyFace(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no runs by the hundred")
	}
	rng := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	for place, put := range places() {
		for _, c := range canaries(rng) {
			t.Run(place+"/"+c.shape, func(t *testing.T) {
				t.Parallel()
				if reason := impossible(place, c); reason != "" {
					t.Skip(reason)
				}
				s := put(c.value, echo(t, c.value))
				environ, dir := s.prepare(t)
				faces := runFaces(t, s, environ, dir)
				if c.shape == "base62" && !strings.Contains(place, "host") && !strings.Contains(place, "proxy") { // these wait for a name server
					maps.Copy(faces, joinFaces(t, s, environ, dir))
				}
				for face, text := range faces {
					if trace := c.leak(text); trace != "" {
						t.Errorf("%s shows %q of %q:\n%s", face, trace, c.value, around(text, trace))
					}
				}
			})
		}
	}
}

// impossible returns why a secret of a shape cannot be at a place or be recognized there,
// or "".
func impossible(place string, c canary) string {
	switch {
	case c.shape == "marks" && (strings.Contains(place, "host") || place == "a token's issuer"):
		return "no host and no key has such characters"
	case c.shape == "marks" && (place == "the secret, in a file" || place == "a second secret" || place == "another secret" || place == "an exposed secret"):
		return "env files have no quotes for it; other shapes cover files"
	case (c.shape == "marks" || c.shape == "short" || c.shape == "label") && place == "swapped":
		return "a key that is no longer than a key, or has other characters, is not known to be a secret"
	case c.shape == "short" && place == "as the address":
		return ""
	}
	return ""
}

// around returns the text around a leak.
func around(text, trace string) string {
	at := strings.Index(strings.ToLower(text), trace)
	return text[max(0, at-120):min(len(text), at+120)]
}

// nowhere is a resolver whose error repeats the name.
type nowhere struct{}

func (nowhere) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return nil, fmt.Errorf("lookup %s: no such host, %s", host, url.QueryEscape(host))
}

// runFaces returns one run in every face, and the output of other commands.
func runFaces(t *testing.T, s surrounding, environ []string, dir string) map[string]string {
	t.Helper()
	faces := map[string]string{}
	var errs bytes.Buffer
	a := newApp(s.args, strings.NewReader(s.stdin), io.Discard, &errs, environ)
	a.dir = dir
	f := &flags{}
	if err := a.rootWith(f).ParseFlags(s.args); err != nil {
		t.Fatal(err)
	}
	inputs, err := f.inputs(a)
	if err != nil && len(f.headers) > 0 {
		t.Skip("no header has this value: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	e, err := a.newExam(f, inputs)
	if err != nil {
		faces["error"] = a.line(err.Error(), 300)
		return faces
	}
	c := e.newCase()
	c.Net.Limits, c.Net.Resolver = probe.DefaultLimits().Scaled(0.1), nowhere{}
	var events []check.Event
	e.once(t.Context(), c, func(event check.Event) { events = append(events, event) })
	done := *events[len(events)-1].Run

	faces["json"] = string(e.asJSON(t, done))
	for name, style := range map[string]report.Style{"plain": {}, "plain -v": {Verbose: true, Width: 60}, "plain zh": {Verbose: true, Translate: i18n.Translator("zh"), Lang: "zh"}} {
		faces[name] = replayPlain(e, style, events)
		faces["markdown of "+name] = string(report.Markdown(done, "test", style))
	}
	document := report.NewDocument(done, "test", e.style)
	var junit bytes.Buffer
	if err := report.JUnit(&junit, document, true); err != nil {
		t.Fatal(err)
	}
	faces["junit"] = junit.String()
	f.metrics, f.junit, f.report = filepath.Join(dir, "m.prom"), "", ""
	e.save(done)
	faces["metrics"] = read(t, f.metrics)
	deps := e.deps(&reruns{exam: e, last: c})
	for _, width := range []int{60, 133} {
		for _, keys := range [][]string{nil, {"enter"}, {"enter", "tab"}, {"enter", "tab", "tab"}} {
			faces[fmt.Sprint("tui ", width, keys)] = tui.Still(deps, events[len(events)-1:], width, 40, keys...)
		}
	}
	for _, waiting := range events {
		faces["waiting"] += waiting.Text.String() + "\n"
	}
	var names []string
	for _, name := range []string{"identity", "room"} {
		if value := e.options.Identity; value != "" {
			names = append(names, "--"+name, value)
		}
	}
	for _, args := range [][]string{
		{"token", "inspect"}, {"token", "inspect", "-v"}, {"token", "inspect", "--json"},
		append([]string{"token", "create", "-r", "demo", "-i", "me"}, names...), append([]string{"token", "create", "--json"}, names...),
	} {
		faces[strings.Join(args[:2], " ")+args[len(args)-1]] = called(t, environ, dir, args...)
	}
	faces["stderr"] = errs.String()
	return faces
}

// joinFaces returns the output of lkdoctor join.
func joinFaces(t *testing.T, s surrounding, environ []string, dir string) map[string]string {
	t.Helper()
	faces := map[string]string{}
	for _, face := range []string{"--json", "--plain"} {
		faces["join "+face] = called(t, environ, dir, append([]string{"join", face, "--timeout", "3s"}, s.args...)...)
	}
	return faces
}

// called returns the output of a command, run in this process.
func called(t *testing.T, environ []string, dir string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	a := newApp(args, strings.NewReader(""), &out, &out, environ)
	a.dir = dir
	run(a)
	return out.String()
}

// commandLines returns command lines that hold s in each flag and argument whose value is
// printed, and in those that are not meant for it.
func commandLines(s string) [][]string {
	return [][]string{
		{s}, {"--" + s}, {"-" + s}, {"--color", s}, {"--lang", s}, {"--timeout", s}, {"--only", s}, {"--skip", s}, {"--project", s}, {"--json=" + s},
		{"--dir", "/nowhere/" + s}, {"--mode", s, "--only", "env"}, {"--ticket-path", s}, {"--strict=" + s}, {"--only", "env", "--report", "/nowhere/" + s + "/r.md"},
		{"--only", "env", "--junit", "/nowhere/" + s}, {"--only", "env", "--metrics", "/nowhere/" + s + "/m.prom"},
		{"--only", "env", "--plain", "-v"}, {"--only", "env", "--json"}, {"--agent", s, "--plain"},
		{"--room", s, "--identity", s, "--display-name", s, "--plain", "-v"}, {"--room", s, "--identity", s, "--json"},
		{"--frontend", "http://127.0.0.1:1/" + s, "--plain"}, {"--ticket", s, "--ticket-service", "http://127.0.0.1:1/" + s, "--plain"},
		{"explain", s}, {"explain", "TOKEN_" + s}, {"codes", s}, {"codes", "--html", "/proc/" + s}, {"schema", s}, {"version", s}, {"man", s},
		{"token", s}, {"token", "create", s}, {"token", "create", "--identity", s, "-r", "x"}, {"token", "create", "-i", "x", "-r", s, "--json"},
		{"token", "create", "-i", s, "-r", s}, {"token", "create", "-i", s, "-r", s, "--name", s, "--json"}, {"token", "create", "--allow-source", s, "-i", "x", "-r", "y"},
		{"token", "create", "-i", "x", "-r", "y", "--metadata", s, "--token-only"}, {"token", "create", "--attribute", s}, {"token", "create", "--valid-for", s},
		{"token", "inspect", s, s}, {"token", "inspect", "--" + s}, {"token", "inspect", s}, {"token", "inspect", s, "--json"},
		{"join", s}, {"join", "--publish", s}, {"join", "--for", s},
		{"join", "--json", "--room", s, "--identity", s}, {"join", "--plain", "--room", s, "--identity", s},
		{"completion", s}, {"help", s}, {"--header", s, "--frontend", "http://127.0.0.1:1"}, {"--header", "@/nowhere/" + s, "--frontend", "http://127.0.0.1:1"},
		{"--header", "X\x01: " + s, "--frontend", "http://127.0.0.1:1"}, {"-H", s, "--frontend", "http://127.0.0.1:1"}, {"-H", "@" + s, "--frontend", "http://127.0.0.1:1"},
	}
}

// TestNoSecretInErrors passes secrets to flags and arguments that are not meant for them.
func TestNoSecretInErrors(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no processes by the dozen")
	}
	rng := rand.New(rand.NewPCG(2, uint64(time.Now().UnixNano())))
	for _, c := range canaries(rng) {
		s := c.value
		environ := []string{"HOME=" + t.TempDir(), "TERM=dumb", "LIVEKIT_API_SECRET=" + s, "LIVEKIT_API_KEY=APIabcdefghijkl", "LIVEKIT_URL=ws://127.0.0.1:1"}
		for _, args := range commandLines(s) {
			text := called(t, environ, t.TempDir(), args...)
			if trace := c.leak(text); trace != "" {
				t.Errorf("%s: %q shows %q:\n%s", c.shape, args, trace, around(text, trace))
			}
		}
	}
}

// TestOwnArgumentsAreCleaned passes control characters to every flag and argument whose
// value is printed.
func TestOwnArgumentsAreCleaned(t *testing.T) {
	const evil = "a\x1b]0;owned\x07b\x1b[2Jc\u202ed\u2066e\u009b31mf\u200bg\rh\x00"
	environ := []string{"HOME=" + t.TempDir(), "TERM=dumb", "LIVEKIT_API_SECRET=another-secret-of-34-characters-xx",
		"LIVEKIT_API_KEY=" + evil, "LIVEKIT_URL=ws://127.0.0.1:1/" + strings.ReplaceAll(evil, "\x00", "")}
	for _, args := range commandLines(evil) {
		text := called(t, environ, t.TempDir(), args...)
		for _, r := range text {
			if r < 0x20 && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				t.Errorf("%q shows the raw character %U:\n%q", args, r, text)
				break
			}
		}
	}
	if text := called(t, environ, t.TempDir(), "token", "create", "-i", evil, "-r", "r", "--json"); !json.Valid([]byte(text)) || !strings.Contains(text, `\u202e`) {
		t.Errorf("the document: %s", text)
	} else {
		var got struct{ Identity string }
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.Identity != evil {
			t.Errorf("the identity comes back as %q (%v)", got.Identity, err)
		}
	}
}
