package lab

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// variable returns the value of a variable in the lab's environment, or "".
func variable(l *Lab, name string) string {
	for _, v := range l.Environ() {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// noFollow returns a client that follows no redirects and keeps no connections.
func noFollow() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// fetch sends a request with JSON. It follows no redirects.
func fetch(t *testing.T, method, url, body string, headers ...string) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := noFollow().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(answer)
}

func post(t *testing.T, url, body string) (int, http.Header, string) {
	t.Helper()
	return fetch(t, http.MethodPost, url, body)
}

// consumeURL returns the URL at which lkdoctor consumes its ticket.
func consumeURL(l *Lab) string {
	return variable(l, "USER_MGMT_BASE_URL") + "/api/v1/tickets/" + variable(l, "LKDOCTOR_TICKET") + "/consume"
}

func consume(t *testing.T, l *Lab) map[string]any {
	t.Helper()
	answer, _ := consumeWith(t, l, "{}")
	return answer
}

func consumeWith(t *testing.T, l *Lab, body string) (answer map[string]any, header http.Header) {
	t.Helper()
	status, header, text := post(t, consumeURL(l), body)
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != http.StatusOK {
		t.Fatalf("got %d %s: %v", status, text, err)
	}
	return answer, header
}

func TestTicketIsGoodForOnce(t *testing.T) {
	l := start(t, Healthy)
	answer := consume(t, l)
	if got := slices.Sorted(maps.Keys(answer)); !cmp.Equal(got, []string{"conv_id", "expires_at", "identity", "metadata", "room", "token", "url"}) {
		t.Errorf("the answer has the fields %v", got)
	}
	if answer["url"] != l.LiveKit.URL || answer["room"] != l.Room || answer["identity"] != l.Identity {
		t.Errorf("got %v", answer)
	}
	if status, _, body := post(t, consumeURL(l), "{}"); status != http.StatusConflict {
		t.Errorf("the second time: %d %s, want 409", status, body)
	}
	if l.Tickets.Consumed() != 1 || l.Tickets.Requests() != 2 {
		t.Errorf("counted %d tickets and %d requests", l.Tickets.Consumed(), l.Tickets.Requests())
	}
	if fresh := l.Renew(); variable(l, "LKDOCTOR_TICKET") != fresh || !regexp.MustCompile(`^tkt_[0-9a-f]{32}$`).MatchString(fresh) {
		t.Errorf("renewed to %q", fresh)
	}
	consume(t, l)
}

func TestTicketServiceRefuses(t *testing.T) {
	l := start(t, Healthy)
	base := l.Tickets.URL + "/api/v1/tickets/"
	tests := []struct {
		name, method, url, body string
		status                  int
		want                    string
	}{
		{"unknown ticket", "POST", base + "tkt_unknown/consume", "{}", 404, `{"detail":"Ticket not found"}`},
		{"outdated ticket", "POST", base + l.Tickets.Issue(TicketOutdated) + "/consume", "{}", 410, `{"detail":"Ticket has expired"}`},
		{"used ticket", "POST", base + l.Tickets.Issue(TicketUsed) + "/consume", "{}", 409, `{"detail":"Ticket has already been consumed"}`},
		{"unknown route", "POST", l.Tickets.URL + "/tickets/x", "{}", 404, `{"detail":"Not Found"}`},
		{"root", "GET", l.Tickets.URL + "/", "", 404, `{"detail":"Not Found"}`},
		{"wrong method", "GET", base + "tkt_x/consume", "", 405, `{"detail":"Method Not Allowed"}`},
		{"no body", "POST", base + "tkt_x/consume", "", 422, `{"detail":[{"input":null,"loc":["body"],"msg":"Field required","type":"missing"}]}`},
		{"bad JSON", "POST", base + "tkt_x/consume", `{"profile":`, 422, `{"detail":[{"input":null,"loc":["body",11],"msg":"JSON decode error","type":"json_invalid"}]}`},
		{"name of wrong type", "POST", base + "tkt_x/consume", `{"profile":{"display_name":5}}`, 422,
			`{"detail":[{"input":null,"loc":["body","profile","display_name"],"msg":"Input should be a valid string","type":"string_type"}]}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, header, body := fetch(t, test.method, test.url, test.body)
			if status != test.status || strings.TrimSpace(body) != test.want {
				t.Errorf("got %d %s, want %d %s", status, body, test.status, test.want)
			}
			if header.Get("Content-Type") != "application/json" {
				t.Errorf("Content-Type is %q", header.Get("Content-Type"))
			}
		})
	}
	if l.Tickets.Consumed() != 0 {
		t.Errorf("%d tickets were spent by refusals", l.Tickets.Consumed())
	}
}

func TestDisplayNameGoesIntoTheToken(t *testing.T) {
	l := start(t, Healthy)
	answer, _ := consumeWith(t, l, `{"profile":{"display_name":"Ada Lovelace"}}`)
	if claims := payload(t, answer["token"].(string)); claims["name"] != "Ada Lovelace" {
		t.Errorf("the token says %v", claims)
	}
}

func TestTicketFaults(t *testing.T) {
	tests := []struct {
		fault  string
		status int
		text   string
	}{
		{"ticket-consumed", 409, "consumed"},
		{"ticket-expired", 410, "expired"},
		{"ticket-unknown", 404, "Ticket not found"},
		{"ticket-route", 404, `{"detail":"Not Found"}`},
		{"ticket-route-next", 404, "This page could not be found"},
		{"ticket-method", 405, "Method Not Allowed"},
		{"ticket-400", 400, "malformed"},
		{"ticket-401", 401, ""},
		{"ticket-403", 403, ""},
		{"ticket-422", 422, `"loc":["body","profile","email"]`},
		{"ticket-429", 429, ""},
		{"ticket-500", 500, "Internal Server Error"},
		{"ticket-501", 501, "NOT_CONFIGURED"},
		{"ticket-503", 503, ""},
		{"ticket-bad-gateway", 502, "nginx"},
		{"ticket-redirect", 307, ""},
		{"ticket-login", 302, ""},
		{"ticket-html", 200, "<!doctype html>"},
		{"ticket-empty-body", 200, ""},
		{"ticket-error-200", 200, "detail"},
		{"token-plain-text", 200, "eyJ"},
		{"token-promise", 200, `"token":{}`},
		{"token-null", 200, `"token":null`},
		{"token-empty", 200, `"token":""`},
		{"object-promise", 200, `"token":"[object Promise]"`},
		{"field-unusual", 200, `"accessToken":"eyJ`},
		{"field-nested", 200, `"data":{"token":"eyJ`},
		{"hostile-strings", 200, `\u001b[2J`},
		{"hostile-error", 400, `\u001b[2J`},
		{"room-differs", 200, `"room":"lobby"`},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			t.Parallel()
			status, _, body := post(t, consumeURL(start(t, test.fault)), "{}")
			if status != test.status || !strings.Contains(body, test.text) {
				t.Errorf("got %d %.200q, want %d with %q", status, body, test.status, test.text)
			}
		})
	}
}

func TestTokenShapes(t *testing.T) {
	const part = `[A-Za-z0-9_-]+`
	for fault, want := range map[string]string{
		"opaque-token":    `^lk_demo_[A-Za-z0-9_-]{43}$`,
		"opaque-uuid":     `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$`,
		"opaque-hex":      `^[0-9a-f]{64}$`,
		"token-quoted":    `^"eyJ.*"$`,
		"token-bearer":    `^Bearer eyJ`,
		"token-bytes":     `^b'eyJ.*'$`,
		"token-url":       `access_token=eyJ`,
		"token-json":      `^\{"token":"eyJ.*"\}$`,
		"token-two-parts": `^` + part + `\.` + part + `$`,
		"token-cut":       `^` + part + `\.` + part + `\.[A-Za-z0-9_-]{23}$`,
		"token-jwe":       `^(` + part + `\.){4}` + part + `$`,
		"token-unsigned":  `^` + part + `\.` + part + `\.$`,
		"token-rs256":     `^eyJ` + part + `\.` + part + `\.` + part + `$`,
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			if token := consume(t, start(t, fault))["token"]; !regexp.MustCompile(want).MatchString(token.(string)) {
				t.Errorf("the token is %q, want %s", token, want)
			}
		})
	}
}

func TestStreamsDoNotEnd(t *testing.T) {
	for _, fault := range []string{"ticket-endless", "ticket-bomb", "ticket-drip"} {
		t.Run(fault, func(t *testing.T) {
			l := start(t, fault)
			response, err := noFollow().Post(consumeURL(l), "application/json", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, want := io.Reader(response.Body), int64(8<<20)
			switch fault {
			case "ticket-bomb":
				if body, err = gzip.NewReader(body); err != nil {
					t.Fatal(err)
				}
			case "ticket-drip":
				want = 3
			}
			if n, err := io.CopyN(io.Discard, body, want); n != want {
				t.Errorf("it ended after %d bytes: %v", n, err)
			}
			if err := l.Close(); err != nil { // during the response
				t.Error(err)
			}
			if stack := running(); stack != "" {
				t.Errorf("still running:\n%s", stack)
			}
		})
	}
}

func TestSkewMovesDateAndToken(t *testing.T) {
	l := start(t, "clock-ahead")
	answer, header := consumeWith(t, l, "{}")
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		t.Fatal(err)
	}
	if ahead := time.Until(date); ahead < 4*time.Minute || ahead > 6*time.Minute {
		t.Errorf("the Date header is %s ahead", ahead)
	}
	nbf := time.Unix(int64(payload(t, answer["token"].(string))["nbf"].(float64)), 0)
	if ahead := time.Until(nbf); ahead < 4*time.Minute || ahead > 6*time.Minute {
		t.Errorf("the token is valid in %s", ahead)
	}
}

func TestEnvironments(t *testing.T) {
	none := func(names ...string) func(*testing.T, *Lab) {
		return func(t *testing.T, l *Lab) {
			for _, v := range l.Environ() {
				if name, _, _ := strings.Cut(v, "="); slices.Contains(names, name) {
					t.Errorf("%s is set", name)
				}
			}
		}
	}
	holds := func(name, want string) func(*testing.T, *Lab) {
		return func(t *testing.T, l *Lab) {
			if got := variable(l, name); !regexp.MustCompile(want).MatchString(got) {
				t.Errorf("%s is %q, want %s", name, got, want)
			}
		}
	}
	file := func(name, want string) func(*testing.T, *Lab) {
		return func(t *testing.T, l *Lab) {
			text, err := os.ReadFile(l.Dir() + "/" + name)
			if err != nil || !strings.Contains(string(text), want) {
				t.Errorf("%s holds %q (%v), want %q", name, text, err, want)
			}
		}
	}
	for fault, check := range map[string]func(*testing.T, *Lab){
		"url-missing":        none("LIVEKIT_URL"),
		"key-missing":        none("LIVEKIT_API_KEY", "LKDOCTOR_TICKET"),
		"secret-missing":     none("LIVEKIT_API_SECRET", "LKDOCTOR_TICKET"),
		"no-ticket":          none("LKDOCTOR_TICKET", "USER_MGMT_BASE_URL"),
		"unconfigured":       none("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "USER_MGMT_BASE_URL", "LKDOCTOR_TICKET"),
		"ticket-url-missing": none("USER_MGMT_BASE_URL"),
		"url-newline":        holds("LIVEKIT_URL", `^ws://127.0.0.1:\d+\n$`),
		"url-port":           holds("LIVEKIT_URL", `^ws://127.0.0.1:\d+0x$`),
		"quoted":             holds("LIVEKIT_API_SECRET", `^"\w{43}"$`),
		"whitespace":         holds("LIVEKIT_API_SECRET", `^\w{43}\n$`),
		"healthy-token":      holds("LIVEKIT_TOKEN", `^eyJ`),
		"healthy-tls":        holds("LIVEKIT_URL", `^wss://`),
		"tls-to-plain":       holds("LIVEKIT_URL", `^wss://`),
		"plain-to-tls":       holds("LIVEKIT_URL", `^ws://`),
		"ticket-tls-plain":   holds("USER_MGMT_BASE_URL", `^https://`),
		"healthy-env-files":  file(".env.local", "LIVEKIT_API_SECRET="),
		"shadowed":           file(".env.local", "LIVEKIT_URL=wss://elsewhere.invalid"),
		"emptied-by-file":    file(".env.local", "LIVEKIT_URL=\n"),
		"env-file-utf16":     file(".env.local", "\xff\xfeL\x00I\x00"),
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			check(t, start(t, fault))
		})
	}
}

func TestScrub(t *testing.T) {
	got := Scrub([]string{"PATH=/bin", "LIVEKIT_URL=x", "LKDOCTOR_TICKET=x", "NEXT_PUBLIC_LIVEKIT_URL=x", "NODE_ENV=test", "HOME=/root", "LK=1"})
	if want := []string{"PATH=/bin", "HOME=/root", "LK=1"}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}
