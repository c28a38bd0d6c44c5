package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
)

// ledger records all that a run sends, and says to whom which credential went.
type ledger struct {
	exam *exam
	// named are the addresses, as host and port, that something but the settings
	// named: a redirect, a list of regions, an ICE server.
	named map[string]string

	mu    sync.Mutex
	conns []*sentConn
}

// sentConn is what was sent on one connection, before TLS.
type sentConn struct {
	conn  *probe.Conn // nil for what was dialled without one
	at    string      // where it was dialled to
	mu    sync.Mutex
	bytes bytes.Buffer
}

// Write keeps what is sent.
func (s *sentConn) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes.Write(p)
}

// dialled records what is sent on a connection that is no probe.Conn: datagrams,
// and what goes to a proxy.
type dialled struct {
	net.Conn
	sent *sentConn
}

// Write keeps what is sent.
func (d dialled) Write(p []byte) (int, error) {
	_, _ = d.sent.Write(p)
	return d.Conn.Write(p)
}

// watch records what n sends.
func (l *ledger) watch(n *probe.Net) {
	keep := func(s *sentConn) *sentConn {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.conns = append(l.conns, s)
		return s
	}
	n.Record = func(c *probe.Conn) io.Writer { return keep(&sentConn{conn: c, at: c.Host}) }
	dial := n.Dialer()
	n.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return dialled{conn, keep(&sentConn{at: addr})}, nil
	}
}

// entry is one line of the list: at which stage who gets which credential.
type entry struct{ stage, to, what string }

// String is the entry as .github/SECURITY.md prints it.
func (e entry) String() string { return "| `" + e.stage + "` | " + e.to + " | " + e.what + " |" }

// entries are the credentials that were sent.
func (l *ledger) entries(t *testing.T) map[entry]bool {
	t.Helper()
	out := map[entry]bool{}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		c.mu.Lock()
		sent := bytes.Clone(c.bytes.Bytes())
		c.mu.Unlock()
		if user := stunUser(sent); user != "" {
			out[entry{"join", "the TURN servers that the LiveKit server names", "user name of the TURN credentials, and a digest made with the password"}] = true
		}
		reader := bufio.NewReader(bytes.NewReader(sent))
		for {
			r, err := http.ReadRequest(reader)
			if err != nil {
				break
			}
			body, _ := io.ReadAll(r.Body)
			to := r.Host
			if !strings.Contains(to, ":") {
				to += map[bool]string{true: ":443", false: ":80"}[c.conn != nil && c.conn.Cert != nil]
			}
			for _, what := range l.credentials(r, body) {
				stage := stageOf(r, what)
				out[entry{stage, l.role(stage, to), what}] = true
			}
			if r.Header.Get("Upgrade") != "" {
				break
			}
		}
	}
	return out
}

// role says who is at an address that is asked at a stage.
func (l *ledger) role(stage, at string) string {
	_, port, _ := net.SplitHostPort(at)
	if role, is := l.named[port]; is {
		return role
	}
	s, o := l.exam.settings, l.exam.options
	roles := []struct{ raw, role string }{
		{o.TokenEndpoint, "the token endpoint"}, {o.Frontend, "the app of `--frontend`"}, {s.TicketService.Value, "the ticket service"}, {s.URL.Value, "LIVEKIT_URL"},
	}
	if stage != "ticket" { // one address may have been given for two
		slices.Reverse(roles)
	}
	for _, r := range roles {
		if u, err := url.Parse(strings.TrimSpace(r.raw)); err == nil && u.Host != "" {
			if _, p, _ := net.SplitHostPort(probe.HostPort(u)); p == port {
				return r.role
			}
		}
	}
	return "an address that came with the token"
}

var jwtLook = regexp.MustCompile(`eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*`)

// credentials are those in one request.
func (l *ledger) credentials(r *http.Request, body []byte) []string {
	head := r.Method + " " + r.RequestURI + "\n"
	for name, values := range r.Header {
		head += name + ": " + strings.Join(values, ", ") + "\n"
	}
	text := head + string(body)
	if plain, err := url.QueryUnescape(text); err == nil {
		text += plain
	}
	var list []string
	s := l.exam.settings
	holds := func(secret, what string) {
		if len(secret) >= 8 && strings.Contains(text, secret) {
			list = append(list, what)
		}
	}
	holds(s.APISecret.Secret.Reveal(), "THE API SECRET")
	holds(s.Ticket.Secret.Reveal(), "the ticket")
	for _, h := range l.exam.options.Headers {
		holds(h.Value.Reveal(), "the headers of `-H`")
	}
	tokens := jwtLook.FindAllString(text, -1)
	for _, raw := range tokens {
		list = append(list, madeHere(raw))
	}
	switch scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " "); {
	case scheme == "Basic":
		list = append(list, "user name and password of the address")
	case scheme == "Bearer" && len(tokens) == 0 && value != "" && !slices.Contains(list, "the headers of `-H`"):
		list = append(list, "the token under test")
	}
	if r.Header.Get("Cookie") != "" && len(l.exam.options.Headers) == 0 {
		list = append(list, "COOKIES")
	}
	return list
}

// madeHere describes a token that lkdoctor made, by its grants and lifetime; any
// other is the one under test.
func madeHere(raw string) string {
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	var claims struct {
		Sub      string
		Nbf, Exp int64
		Video    map[string]any
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return "the token under test"
	}
	switch {
	case claims.Sub == "lkdoctor-probe":
		return "a token that nobody signed"
	case claims.Sub != "" && !strings.HasPrefix(claims.Sub, "lkdoctor"), claims.Sub == "" && claims.Video["roomJoin"] != nil:
		return "the token under test"
	}
	var grants []string
	for name, value := range claims.Video {
		if value == true {
			grants = append(grants, name)
		}
	}
	slices.Sort(grants)
	text := "a token made here: " + strings.Join(grants, ", ")
	if claims.Video["room"] != nil {
		text += " in one room"
	}
	switch lives := claims.Exp - claims.Nbf; lives {
	case 120:
		return text + ", for two minutes"
	case 600: // livekit-server gives a participant a new one
		return "the token that the server gave in place of one made here"
	default:
		return fmt.Sprintf("%s, FOR %d SECONDS", text, lives)
	}
}

// stageOf is the stage of a request.
func stageOf(r *http.Request, what string) string {
	path := r.URL.Path
	switch own := strings.HasPrefix(what, "a token made here"); {
	case strings.Contains(path, "/twirp/livekit.RoomService/GetParticipant"), strings.HasSuffix(path, "/settings/regions"), strings.HasSuffix(path, "/rtc/validate") && !own:
		return "signature"
	case strings.Contains(path, "/twirp/"), strings.HasSuffix(path, "/rtc/v1/validate"), strings.HasSuffix(path, "/rtc") && !own, strings.HasSuffix(path, "/rtc/v1") && !own:
		return "join"
	case own:
		return "fallback"
	}
	return "ticket"
}

// stunUser is the user name of a TURN request in what was sent, "" without one
// (RFC 8489: USERNAME is 0x0006; the requests of RFC 8656 are 0x0003 and on).
func stunUser(sent []byte) string {
	for i := 0; i+20 <= len(sent); i++ {
		if binary.BigEndian.Uint32(sent[i:][4:8]) != 0x2112A442 {
			continue
		}
		if kind := binary.BigEndian.Uint16(sent[i:]); kind < 3 || kind > 9 {
			continue
		}
		for at, end := i+20, min(len(sent), i+20+int(binary.BigEndian.Uint16(sent[i+2:]))); at+4 <= end; {
			kind, size := binary.BigEndian.Uint16(sent[at:]), int(binary.BigEndian.Uint16(sent[at+2:]))
			if kind == 6 && at+4+size <= end {
				return string(sent[at+4 : at+4+size])
			}
			at += 4 + (size+3)&^3
		}
	}
	return ""
}

// securityFile prints the list between these two lines.
const securityFile, listBegin, listEnd = "../../.github/SECURITY.md", "<!-- credentials: generated -->\n", "<!-- end -->"

// printed is the list as .github/SECURITY.md prints it.
func printed(t *testing.T) (text, list string) {
	t.Helper()
	file, err := os.ReadFile(securityFile)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begins := strings.Cut(string(file), listBegin)
	list, _, ends := strings.Cut(rest, listEnd)
	if !begins || !ends {
		t.Fatalf("%s has no list", securityFile)
	}
	return string(file), list
}

// onTheList fails the test where a credential was sent that the list does not
// name.
func onTheList(t *testing.T, l *ledger) {
	t.Helper()
	_, list := printed(t)
	for e := range l.entries(t) {
		if !strings.Contains(list, e.String()+"\n") {
			t.Errorf("sent, and not on the list of %s: %s", securityFile, e)
		}
	}
}

// stranger is somebody's server that records nothing itself: it answers
// everything as if it were glad.
func stranger(t *testing.T, answer http.HandlerFunc) *url.URL {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// hostility is one hostile surrounding.
type hostility struct {
	environ map[string]string
	args    []string
	stdin   string
	// named are ports of addresses that the user did not name, and what they are.
	named map[string]string
	// must are entries that prove that the attack took place.
	must []entry
	// roots are trusted besides the lab's own.
	roots *x509.CertPool
	// unasked says that JOIN_WOULD_EVICT's question was not asked.
	unasked bool
}

// TestCredentialsGoWhereTheListSays records what is sent in honest and in hostile
// surroundings, and compares it with the list in .github/SECURITY.md
// (UPDATE_GOLDEN=1 rewrites it).
func TestCredentialsGoWhereTheListSays(t *testing.T) {
	ok := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "success") }
	redirect := func(status int, to *url.URL, elsewhere string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if elsewhere != "" && !strings.HasPrefix(r.URL.Path, elsewhere) {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			next := *to
			next.Path, next.RawQuery = r.URL.Path, r.URL.RawQuery
			w.Header().Set("Set-Cookie", "session=stolen; Path=/")
			http.Redirect(w, r, next.String(), status)
		}
	}
	answer := func(fields map[string]any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Set-Cookie", "session=stolen; Path=/")
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(fields)
		}
	}
	ws := func(u *url.URL) string { return "ws://" + u.Host }
	evil := stranger(t, ok)
	aside := map[string]string{evil.Port(): "A HOST THAT NOBODY NAMED"}
	came := "an address that came with the token"
	attacks := map[string]func(t *testing.T, l *lab.Lab) hostility{}
	attacks["healthy"] = func(*testing.T, *lab.Lab) hostility {
		return hostility{must: []entry{{"ticket", "the ticket service", "the ticket"}}}
	}
	attacks["no ticket, and keys"] = func(*testing.T, *lab.Lab) hostility {
		return hostility{environ: map[string]string{"LKDOCTOR_TICKET": ""}}
	}
	attacks["the ticket service names another server"] = func(t *testing.T, l *lab.Lab) hostility {
		service := stranger(t, answer(map[string]any{"token": l.Token(), "url": ws(evil), "room": l.Room}))
		return hostility{environ: map[string]string{"USER_MGMT_BASE_URL": service.String()}, unasked: true,
			must: []entry{{"signature", came, "the token under test"}}}
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		attacks[fmt.Sprint("the ticket service redirects, ", status)] = func(t *testing.T, _ *lab.Lab) hostility {
			service := stranger(t, redirect(status, evil, ""))
			return hostility{environ: map[string]string{"USER_MGMT_BASE_URL": service.String()}, named: aside}
		}
		attacks[fmt.Sprint("the LiveKit server redirects, ", status)] = func(t *testing.T, l *lab.Lab) hostility {
			server := stranger(t, redirect(status, evil, ""))
			return hostility{environ: map[string]string{"LIVEKIT_URL": ws(server), "LIVEKIT_TOKEN": l.Token(), "LKDOCTOR_TICKET": ""}, named: aside}
		}
		attacks[fmt.Sprint("the server API redirects, ", status)] = func(t *testing.T, l *lab.Lab) hostility {
			real := lab.Forward(l.LiveKit.Addr)
			server := stranger(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/twirp/") {
					redirect(status, evil, "")(w, r)
					return
				}
				real.ServeHTTP(w, r)
			})
			return hostility{environ: map[string]string{"LIVEKIT_URL": ws(server), "LIVEKIT_TOKEN": l.Token(), "LKDOCTOR_TICKET": ""}, named: aside}
		}
		attacks[fmt.Sprint("the app redirects, ", status)] = func(t *testing.T, _ *lab.Lab) hostility {
			app := stranger(t, redirect(status, evil, ""))
			return hostility{args: []string{"--frontend", app.String(), "-H", "Cookie: session=mine-0123456789"}, named: aside}
		}
	}
	attacks["a redirect to plain text"] = func(t *testing.T, _ *lab.Lab) hostility {
		service := httptest.NewUnstartedServer(redirect(http.StatusPermanentRedirect, evil, ""))
		service.StartTLS()
		t.Cleanup(service.Close)
		roots := x509.NewCertPool()
		roots.AddCert(service.Certificate())
		return hostility{environ: map[string]string{"USER_MGMT_BASE_URL": service.URL}, named: aside, roots: roots,
			must: []entry{{"ticket", "the ticket service", "the ticket"}}}
	}
	attacks["pasted with another server"] = func(_ *testing.T, l *lab.Lab) hostility {
		return hostility{args: []string{"--token", "-"}, stdin: ws(evil) + "/rtc?access_token=" + l.Token() + "&auto_subscribe=1", unasked: true,
			must: []entry{{"signature", came, "the token under test"}}}
	}
	attacks["pasted answer of another server"] = func(_ *testing.T, l *lab.Lab) hostility {
		return hostility{args: []string{"--token", "-"}, stdin: `{"server_url":"` + ws(evil) + `","participant_token":"` + l.Token() + `"}`, unasked: true,
			must: []entry{{"signature", came, "the token under test"}}}
	}
	attacks["a URL here and a token of elsewhere"] = func(t *testing.T, _ *lab.Lab) hostility {
		other := lab.Sign(lab.Claims{"iss": "APIelsewhere00", "sub": "somebody", "exp": time.Now().Add(time.Hour).Unix(),
			"video": map[string]any{"room": "r", "roomJoin": true}}, "a secret of somebody else, long enough")
		return hostility{environ: map[string]string{"LIVEKIT_TOKEN": other, "LKDOCTOR_TICKET": ""},
			must: []entry{{"signature", "LIVEKIT_URL", "the token under test"}}}
	}
	attacks["the app names another server, and sets a cookie"] = func(t *testing.T, l *lab.Lab) hostility {
		app := stranger(t, answer(map[string]any{"serverUrl": ws(evil), "participantToken": l.Token(), "roomName": l.Room, "participantName": "x"}))
		return hostility{environ: map[string]string{"LKDOCTOR_TICKET": ""}, args: []string{"--frontend", app.String(), "-H", "Authorization: Bearer mine-0123456789"}, unasked: true,
			must: []entry{{"signature", came, "the token under test"}, {"ticket", "the app of `--frontend`", "the headers of `-H`"}}}
	}
	attacks["an endpoint with a password"] = func(t *testing.T, l *lab.Lab) hostility {
		endpoint := stranger(t, answer(map[string]any{"server_url": ws(evil), "participant_token": l.Token()}))
		return hostility{environ: map[string]string{"LKDOCTOR_TICKET": ""}, unasked: true,
			args: []string{"--token-endpoint", "http://me:0123456789@" + endpoint.Host + "/token", "-H", "X-Login: mine-0123456789"},
			must: []entry{{"ticket", "the token endpoint", "the headers of `-H`"}, {"ticket", "the token endpoint", "user name and password of the address"}}}
	}
	attacks["a ticket service with a password"] = func(t *testing.T, l *lab.Lab) hostility {
		service := stranger(t, answer(map[string]any{"token": l.Token(), "url": l.URL, "room": l.Room}))
		return hostility{environ: map[string]string{"USER_MGMT_BASE_URL": "http://me:0123456789@" + service.Host},
			must: []entry{{"ticket", "the ticket service", "user name and password of the address"}}}
	}
	attacks["a LiveKit server with a password"] = func(_ *testing.T, l *lab.Lab) hostility {
		return hostility{environ: map[string]string{"LIVEKIT_URL": strings.Replace(l.URL, "://", "://me:0123456789@", 1)}}
	}
	attacks["the app's ticket"] = func(*testing.T, *lab.Lab) hostility { return hostility{} }
	attacks["an agent"] = func(*testing.T, *lab.Lab) hostility { return hostility{} }
	attacks["a TURN server"] = func(_ *testing.T, l *lab.Lab) hostility { return hostility{args: []string{"--media"}} }
	faults := map[string]string{"the app's ticket": "frontend-ticket-secret", "a TURN server": "healthy-turn", "an agent": "agent-comes"}
	attacks["no keys"] = func(*testing.T, *lab.Lab) hostility {
		return hostility{environ: map[string]string{"LIVEKIT_API_SECRET": "", "LKDOCTOR_TICKET": ""}}
	}
	attacks["the keys of another server"] = func(*testing.T, *lab.Lab) hostility {
		return hostility{environ: map[string]string{"LIVEKIT_API_KEY": "APIelsewhere00", "LKDOCTOR_TICKET": ""}}
	}

	var mu sync.Mutex
	all := map[entry]bool{}
	t.Run("attacks", func(t *testing.T) {
		for _, name := range slices.Sorted(maps.Keys(attacks)) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				l := sentIn(t, faults[name], attacks[name])
				for e := range l.entries(t) {
					if strings.ToUpper(e.to) == e.to && e.to != "LIVEKIT_URL" || strings.ToUpper(e.what) == e.what || strings.Contains(e.what, " SECONDS") {
						t.Errorf("nobody may get this: %s", e)
					}
					if e.to != "LIVEKIT_URL" && strings.HasPrefix(e.what, "a token made here") {
						t.Errorf("a token made here leaves for a server that was not named here: %s", e)
					}
					mu.Lock()
					all[e] = true
					mu.Unlock()
				}
			})
		}
	})
	var lines []string
	for e := range all {
		lines = append(lines, e.String()+"\n")
	}
	order := func(line string) string {
		for i, stage := range []string{"ticket", "signature", "join", "fallback"} {
			if strings.HasPrefix(line, "| `"+stage) {
				return fmt.Sprint(i, line)
			}
		}
		return line
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(order(a), order(b)) })
	want := "| stage | to | credential |\n|---|---|---|\n" + strings.Join(lines, "")
	text, list := printed(t)
	switch {
	case list == want || t.Failed():
	case os.Getenv("UPDATE_GOLDEN") != "":
		if err := os.WriteFile(securityFile, []byte(strings.Replace(text, listBegin+list, listBegin+want, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s lists\n%s\nand this was sent:\n%s", securityFile, list, want)
	}
}

// sentIn runs the doctor in one surrounding, and returns what it sent.
func sentIn(t *testing.T, fault string, made func(*testing.T, *lab.Lab) hostility) *ledger {
	t.Helper()
	l, err := lab.Start(t.Context(), lab.Options{Fault: fault})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	a := made(t, l)
	environ := changed(l.Environ(), a.environ)
	e := examWith(t, l, environ, append(l.Args(), a.args...), a.stdin)
	c := e.newCase()
	if c.Net.Roots = l.Roots(); a.roots != nil {
		c.Net.Roots = a.roots
	}
	c.Net.Limits = probe.DefaultLimits().Scaled(0.3)
	sent := &ledger{exam: e, named: a.named}
	sent.watch(c.Net)
	run := e.once(t.Context(), c, func(check.Event) {})
	got := sent.entries(t)
	for _, e := range a.must {
		if !got[e] {
			t.Errorf("not sent: %s; got %v", e, slices.Collect(maps.Keys(got)))
		}
	}
	if a.unasked {
		document := e.asJSON(t, run)
		if !bytes.Contains(document, []byte("was not asked: this address came with the token")) {
			t.Errorf("the document does not say that nobody was asked who is in the room")
		}
	}
	return sent
}

// changed is an environment with other values.
func changed(environ []string, values map[string]string) []string {
	environ = slices.DeleteFunc(environ, func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		_, other := values[name]
		return other
	})
	for name, value := range values {
		environ = append(environ, name+"="+value)
	}
	return environ
}

// TestRegionsOfLiveKitCloudOnly: whoever lists regions gets the token sent to
// hosts of LiveKit Cloud, over TLS, and to no other.
func TestRegionsOfLiveKitCloudOnly(t *testing.T) {
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	config, err := authority.Issue(lab.Certificate{Names: []string{"demo.livekit.cloud", "demo.other.livekit.cloud"}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/":
			_, _ = io.WriteString(w, "OK")
			return
		case r.Header.Get("Authorization") == "":
			http.Error(w, "no permissions to access the room", http.StatusUnauthorized)
			return
		case r.URL.Path != "/settings/regions":
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, `{"regions":[{"url":"https://evil.example"},{"url":"http://demo.livekit.cloud"},`+
			`{"url":"https://demo.livekit.cloud.evil.example"},{"url":"https://demo.livekit.cloud@evil.example"},{"url":"wss://demo.other.livekit.cloud"}]}`)
	}))
	server.TLS = config
	server.StartTLS()
	defer server.Close()
	l := startLab(t, "")
	e := examWith(t, l, changed(l.Environ(), map[string]string{"LIVEKIT_URL": "wss://demo.livekit.cloud", "LIVEKIT_TOKEN": l.Token(), "LKDOCTOR_TICKET": ""}), nil, "")
	c := e.newCase()
	c.Net.Roots, c.Net.Resolver = authority.Pool(), everywhere{}
	c.Net.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	sent := &ledger{exam: e}
	sent.watch(c.Net)
	e.once(t.Context(), c, func(check.Event) {})
	hosts := map[string]bool{}
	for _, s := range sent.conns {
		reader := bufio.NewReader(bytes.NewReader(s.bytes.Bytes()))
		for r, err := http.ReadRequest(reader); err == nil; r, err = http.ReadRequest(reader) {
			_, _ = io.Copy(io.Discard, r.Body)
			hosts[r.Host] = true
		}
	}
	if want := map[string]bool{"demo.livekit.cloud": true, "demo.other.livekit.cloud": true}; !maps.Equal(hosts, want) {
		t.Errorf("asked %v, want %v", hosts, want)
	}
}

// everywhere gives every name an address.
type everywhere struct{}

// LookupNetIP is that of probe.Resolver.
func (everywhere) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
}

// TestClearTextIsSaidFirst: what leaves this machine without encryption is told on
// stderr before anything is asked, in each face that has one, and nothing else is.
func TestClearTextIsSaidFirst(t *testing.T) {
	for name, tt := range map[string]struct {
		environ, args []string
		want          []string
	}{
		"loopback": {[]string{"LIVEKIT_URL=ws://127.0.0.1:1", "LIVEKIT_API_KEY=k", "LIVEKIT_API_SECRET=s"}, nil, nil},
		"TLS":      {[]string{"LIVEKIT_URL=wss://lk.invalid", "USER_MGMT_BASE_URL=https://users.invalid", "LKDOCTOR_TICKET=tkt_0123"}, nil, nil},
		"tokens":   {[]string{"LIVEKIT_URL=ws://lk.invalid:7880", "LIVEKIT_API_KEY=k", "LIVEKIT_API_SECRET=s"}, nil, []string{"lk.invalid:7880 is not encrypted: the tokens"}},
		"a ticket": {[]string{"LIVEKIT_URL=wss://lk.invalid", "USER_MGMT_BASE_URL=http://10.0.0.7:8000", "LKDOCTOR_TICKET=tkt_0123"}, nil,
			[]string{"10.0.0.7:8000 is not encrypted: the ticket"}},
		"a header": {[]string{"LIVEKIT_URL=ws://lk.invalid"}, []string{"--frontend", "http://app.invalid", "-H", "X: 0123456789"},
			[]string{"app.invalid is not encrypted: what is sent there", "lk.invalid is not encrypted: the tokens"}},
	} {
		for _, face := range []string{"--json", "--plain", "-q"} {
			var out, errs bytes.Buffer
			a := newApp(append(tt.args, face, "--only", "env"), strings.NewReader(""), &out, &errs, append([]string{"HOME=" + t.TempDir()}, tt.environ...))
			a.dir = t.TempDir()
			run(a)
			lines := strings.Split(strings.TrimSuffix(errs.String(), "\n"), "\n")
			if errs.Len() == 0 {
				lines = nil
			}
			if len(lines) != len(tt.want) {
				t.Fatalf("%s %s: stderr is %q, want %q", name, face, lines, tt.want)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(lines[i], "lkdoctor: "+want) {
					t.Errorf("%s %s: stderr says %q, want %q", name, face, lines[i], want)
				}
			}
		}
	}
}
