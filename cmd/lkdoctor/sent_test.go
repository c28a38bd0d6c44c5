package main

import (
	"bufio"
	"bytes"
	"context"
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

	"lkdoctor/checks/check"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
)

// A ledger records what a run sends, and lists which credentials were sent to whom.
type ledger struct {
	exam *exam
	// named maps ports to roles of addresses that do not come from the settings, such as
	// that of a redirect, a list of regions or an ICE server.
	named map[string]string

	mu    sync.Mutex
	conns []*sentConn
}

// A sentConn holds what was sent on one connection, before TLS.
type sentConn struct {
	conn  *probe.Conn // nil for a connection that is not a probe.Conn
	at    string      // address that was dialled
	mu    sync.Mutex
	bytes bytes.Buffer
}

func (s *sentConn) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes.Write(p)
}

// A dialled records what is sent on a connection that is not a probe.Conn, for datagrams
// and to a proxy.
type dialled struct {
	net.Conn
	sent *sentConn
}

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

// An entry is one line of the list: a stage, a recipient and a credential.
type entry struct{ stage, to, what string }

// String returns the entry as a row of the table in .github/SECURITY.md.
func (e entry) String() string { return "| `" + e.stage + "` | " + e.to + " | " + e.what + " |" }

// entries returns the credentials that were sent.
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

// role returns who is at the address at.
func (l *ledger) role(stage, at string) string {
	_, port, _ := net.SplitHostPort(at)
	if role, is := l.named[port]; is {
		return role
	}
	s, o := l.exam.settings, l.exam.options
	roles := []struct{ raw, role string }{
		{o.TokenEndpoint, "the token endpoint"}, {o.Frontend, "the app of `--frontend`"}, {s.TicketService.Value, "the ticket service"}, {s.URL.Value, "LIVEKIT_URL"},
	}
	if stage != "ticket" { // the ticket service and LIVEKIT_URL may have one address
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

// credentials returns the credentials in a request.
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

// madeHere describes a token made by lkdoctor by its grants and lifetime, and any other
// as the token under test.
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
	case 600: // livekit-server sends a participant a new token
		return "the token that the server gave in place of one made here"
	default:
		return fmt.Sprintf("%s, FOR %d SECONDS", text, lives)
	}
}

// stageOf returns the stage of a request.
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

// stunUser returns the user name of the first TURN request in sent, or "". USERNAME is
// 0x0006 (RFC 8489); TURN requests are 0x0003 to 0x0009 (RFC 8656).
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

// securityFile has the list between the lines listBegin and listEnd.
const securityFile, listBegin, listEnd = "../../.github/SECURITY.md", "<!-- credentials: generated -->\n", "<!-- end -->"

// printed returns the text of .github/SECURITY.md and the list in it.
func printed(t *testing.T) (text, list string) {
	t.Helper()
	file := read(t, securityFile)
	_, rest, begins := strings.Cut(file, listBegin)
	list, _, ends := strings.Cut(rest, listEnd)
	if !begins || !ends {
		t.Fatalf("%s has no list", securityFile)
	}
	return file, list
}

// onTheList fails the test if a credential was sent that the list does not name.
func onTheList(t *testing.T, l *ledger) {
	t.Helper()
	_, list := printed(t)
	for e := range l.entries(t) {
		if !strings.Contains(list, e.String()+"\n") {
			t.Errorf("sent, and not on the list of %s: %s", securityFile, e)
		}
	}
}

// stranger starts an HTTP server with the handler answer and returns its URL.
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

// A hostility is a hostile environment for one run. In its texts, @TOKEN, @ROOM and @LIVEKIT
// are the lab's token, room and server (host and port), @EVIL is the address of a server that
// nobody named, and @HOST that of stranger.
type hostility struct {
	fault   string
	environ map[string]string
	args    []string
	stdin   string
	// stranger is a server; says is the JSON that it answers with otherwise.
	stranger func(l *lab.Lab) http.HandlerFunc
	says     string
	// tls makes stranger speak TLS.
	tls bool
	// aside means that the server that nobody named is not to get anything.
	aside bool
	// must holds entries without which the attack did not take place.
	must []entry
	// unasked means that the document says that JOIN_WOULD_EVICT was not checked.
	unasked bool
}

// TestCredentialsGoWhereTheListSays records what runs in normal and hostile environments
// send, and compares it with the list in .github/SECURITY.md. UPDATE_GOLDEN=1 rewrites it.
func TestCredentialsGoWhereTheListSays(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no processes by the dozen")
	}
	evil := stranger(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "success") })
	redirect := func(status int) func(*lab.Lab) http.HandlerFunc {
		return func(*lab.Lab) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				next := *evil
				next.Path, next.RawQuery = r.URL.Path, r.URL.RawQuery
				w.Header().Set("Set-Cookie", "session=stolen; Path=/")
				http.Redirect(w, r, next.String(), status)
			}
		}
	}
	apiRedirects := func(status int) func(*lab.Lab) http.HandlerFunc {
		return func(l *lab.Lab) http.HandlerFunc {
			return lab.At("/twirp/", redirect(status)(l), lab.Forward(l.LiveKit.Addr)).ServeHTTP
		}
	}
	elsewhere := lab.Pair{Key: "APIelsewhere00", Secret: "a secret of somebody else, long enough"}.Token("r", "somebody")
	came := []entry{{"signature", "an address that came with the token", "the token under test"}}
	ticket := []entry{{"ticket", "the ticket service", "the ticket"}}
	noTicket := map[string]string{"LKDOCTOR_TICKET": ""}
	service := map[string]string{"USER_MGMT_BASE_URL": "http://@HOST"}
	server := map[string]string{"LIVEKIT_URL": "ws://@HOST", "LIVEKIT_TOKEN": "@TOKEN", "LKDOCTOR_TICKET": ""}
	password := []entry{{"ticket", "the ticket service", "user name and password of the address"}}
	attacks := map[string]hostility{
		"healthy":                    {must: ticket},
		"no ticket, and keys":        {environ: noTicket},
		"no keys":                    {environ: map[string]string{"LIVEKIT_API_SECRET": "", "LKDOCTOR_TICKET": ""}},
		"the keys of another server": {environ: map[string]string{"LIVEKIT_API_KEY": "APIelsewhere00", "LKDOCTOR_TICKET": ""}},
		"the app's ticket":           {fault: "frontend-ticket-secret"},
		"an agent":                   {fault: "agent-comes"},
		"a TURN server":              {fault: "healthy-turn", args: []string{"--media"}},
		"the ticket service names another server": {environ: service, says: `{"token":"@TOKEN","url":"@EVIL","room":"@ROOM"}`, unasked: true, must: came},
		"a redirect to plain text": {environ: map[string]string{"USER_MGMT_BASE_URL": "https://@HOST"}, stranger: redirect(http.StatusPermanentRedirect),
			tls: true, aside: true, must: ticket},
		"pasted with another server": {args: []string{"--token", "-"}, stdin: "@EVIL/rtc?access_token=@TOKEN&auto_subscribe=1", unasked: true, must: came},
		"pasted answer of another server": {args: []string{"--token", "-"}, stdin: `{"server_url":"@EVIL","participant_token":"@TOKEN"}`,
			unasked: true, must: came},
		"a URL here and a token of elsewhere": {environ: map[string]string{"LIVEKIT_TOKEN": elsewhere, "LKDOCTOR_TICKET": ""},
			must: []entry{{"signature", "LIVEKIT_URL", "the token under test"}}},
		"the app names another server, and sets a cookie": {environ: noTicket, unasked: true,
			says: `{"serverUrl":"@EVIL","participantToken":"@TOKEN","roomName":"@ROOM","participantName":"x"}`,
			args: []string{"--frontend", "http://@HOST", "-H", "Authorization: Bearer mine-0123456789"},
			must: append(came, entry{"ticket", "the app of `--frontend`", "the headers of `-H`"})},
		"an endpoint with a password": {environ: noTicket, unasked: true, says: `{"server_url":"@EVIL","participant_token":"@TOKEN"}`,
			args: []string{"--token-endpoint", "http://me:0123456789@@HOST/token", "-H", "X-Login: mine-0123456789"},
			must: []entry{{"ticket", "the token endpoint", "the headers of `-H`"}, {"ticket", "the token endpoint", "user name and password of the address"}}},
		"a ticket service with a password": {environ: map[string]string{"USER_MGMT_BASE_URL": "http://me:0123456789@@HOST"},
			says: `{"token":"@TOKEN","url":"ws://@LIVEKIT","room":"@ROOM"}`, must: password},
		"a LiveKit server with a password": {environ: map[string]string{"LIVEKIT_URL": "ws://me:0123456789@@LIVEKIT"}},
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		attacks[fmt.Sprint("the ticket service redirects, ", status)] = hostility{environ: service, stranger: redirect(status), aside: true}
		attacks[fmt.Sprint("the LiveKit server redirects, ", status)] = hostility{environ: server, stranger: redirect(status), aside: true}
		attacks[fmt.Sprint("the server API redirects, ", status)] = hostility{environ: server, stranger: apiRedirects(status), aside: true}
		attacks[fmt.Sprint("the app redirects, ", status)] = hostility{stranger: redirect(status), aside: true,
			args: []string{"--frontend", "http://@HOST", "-H", "Cookie: session=mine-0123456789"}}
	}

	var mu sync.Mutex
	all := map[entry]bool{}
	t.Run("attacks", func(t *testing.T) {
		for _, name := range slices.Sorted(maps.Keys(attacks)) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				l := sentIn(t, evil, attacks[name])
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
		write(t, securityFile, strings.Replace(text, listBegin+list, listBegin+want, 1))
	default:
		t.Errorf("%s lists\n%s\nand this was sent:\n%s", securityFile, list, want)
	}
}

// sentIn runs the doctor in one environment and returns what it sent.
func sentIn(t *testing.T, evil *url.URL, a hostility) *ledger {
	t.Helper()
	l := startLab(t, a.fault)
	fill := strings.NewReplacer("@TOKEN", l.Token(), "@ROOM", l.Room, "@LIVEKIT", strings.TrimPrefix(l.URL, "ws://"), "@EVIL", "ws://"+evil.Host)
	answer := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "session=stolen; Path=/")
		w.Header().Set("Content-Type", "application/json")
		_, _ = fill.WriteString(w, a.says)
	}
	if a.stranger != nil {
		answer = a.stranger(l)
	}
	roots, other := l.Roots(), httptest.NewUnstartedServer(http.HandlerFunc(answer))
	t.Cleanup(other.Close)
	if a.tls {
		other.StartTLS()
		roots.AddCert(other.Certificate())
	} else {
		other.Start()
	}
	filled := func(text string) string {
		return fill.Replace(strings.ReplaceAll(text, "@HOST", other.Listener.Addr().String()))
	}
	values, args := map[string]string{}, l.Args()
	for name, value := range a.environ {
		values[name] = filled(value)
	}
	for _, arg := range a.args {
		args = append(args, filled(arg))
	}
	named := map[string]string{}
	if a.aside {
		named[evil.Port()] = "A HOST THAT NOBODY NAMED"
	}
	e := examWith(t, l, changed(l.Environ(), values), args, filled(a.stdin))
	c := e.newCase()
	c.Net.Roots = roots
	c.Net.Limits = probe.DefaultLimits().Scaled(0.3)
	sent := &ledger{exam: e, named: named}
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

// changed returns environ with the variables in values replaced.
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

// TestRegionsOfLiveKitCloudOnly checks that a list of regions makes lkdoctor send the
// token only to hosts of LiveKit Cloud, over TLS.
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

// everywhere resolves every name to one address.
type everywhere struct{}

func (everywhere) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
}

// TestClearTextIsSaidFirst checks that stderr names each credential that will be sent
// without encryption before anything is sent, and nothing else.
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
