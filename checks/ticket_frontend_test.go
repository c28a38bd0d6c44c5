package checks

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lkdoctor/config"
)

// TestFrontendRefusals checks that the owner of an error that an app returns is the
// ticket service if the app passes a refusal on, and the app if it failed itself.
func TestFrontendRefusals(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   string // code/variant:party of each finding, with spaces between
	}{
		{"unknown", 404, `{"code":"TICKET_NOT_FOUND","message":"Ticket not found"}`, "TICKET_UNKNOWN/through-app:config FRONTEND_WRAPS_ERROR/:frontend"},
		{"used", 409, `{"code":"TICKET_CONSUMED","message":"used at 10:04 by ada"}`, "TICKET_CONSUMED/:config"},
		{"expired", 410, `{"code":"TICKET_EXPIRED","message":""}`, "TICKET_EXPIRED/:config FRONTEND_WRAPS_ERROR/:frontend"},
		{"used, in the service's words", 409, `{"detail":"Ticket already used"}`, "TICKET_CONSUMED/:config"},
		{"used, without the word ticket", 409, `{"error":"already consumed"}`, "TICKET_CONSUMED/:config"},
		{"used, as a bad request", 400, `{"error":"This ticket has been redeemed"}`, "TICKET_CONSUMED/:config"},
		{"unknown, in the service's words", 404, `{"detail":"ticket not found"}`, "TICKET_UNKNOWN/through-app:config"},
		{"expired, in the service's words", 410, `{"message":"Ticket expired"}`, "TICKET_EXPIRED/:config"},
		{"invalid, in the service's words", 401, `{"detail":"Invalid ticket"}`, "TICKET_UNAUTHORIZED/bad-ticket:config"},
		{"forbidden, as the service says it", 403, `{"detail":"guests are not admitted"}`, "TICKET_FORBIDDEN/service:ticket_service"},
		{"another conflict", 409, `{"error":"the room is full"}`, "FRONTEND_ERROR/refused:frontend"},
		{"another field", 400, `{"error":"ticket is required"}`, "FRONTEND_ERROR/refused:frontend"},
		{"rejected", 422, `{"code":"UPSTREAM_ERROR","message":"Upstream error"}`, "TICKET_REJECTED/hidden:ticket_service FRONTEND_WRAPS_ERROR/:frontend"},
		{"credentials", 401, `{"code":"UPSTREAM_ERROR","message":"x-api-key is missing"}`, "TICKET_UNAUTHORIZED/through-app:ticket_service"},
		{"forbidden", 403, `{"code":"UPSTREAM_ERROR","message":"not in your plan"}`, "TICKET_FORBIDDEN/service:ticket_service"},
		{"rate", 429, `{"code":"UPSTREAM_ERROR","message":"slow down, ada"}`, "TICKET_RATE_LIMITED/:ticket_service"},
		{"service fails", 500, `{"code":"UPSTREAM_ERROR","message":"no database"}`, "TICKET_SERVER_ERROR/exception:ticket_service"},
		{"not configured", 501, `{"code":"NOT_CONFIGURED","message":"USER_MGMT_BASE_URL is not configured"}`, "FRONTEND_NOT_CONFIGURED/:config"},
		{"not implemented", 501, `{"message":"not yet"}`, "FRONTEND_ERROR/exception:frontend"},
		{"service unreachable", 500, `{"code":"INTERNAL_ERROR","message":"fetch failed"}`, "FRONTEND_ERROR/service-unreachable:frontend"},
		{"a setting", 500, `LIVEKIT_API_KEY is not defined`, "FRONTEND_ERROR/setting:frontend"},
		{"empty keys", 500, `{"error":"api-key and api-secret must be set"}`, "FRONTEND_ERROR/empty-keys:frontend"},
		{"does not compile", 500, `Module not found: Can't resolve 'x'`, "FRONTEND_ERROR/compile-error:frontend"},
		{"login", 401, `{"error":"Unauthorized"}`, "FRONTEND_ERROR/login:frontend"},
		{"refused", 403, `{"error":"not you"}`, "FRONTEND_ERROR/refused:frontend"},
		{"thrown", 500, "", "FRONTEND_ERROR/exception:frontend"},
		{"not its own promise", 200, `{"serverUrl":"ws://127.0.0.1:1","participantToken":{}}`, "TICKET_TOKEN_MISSING/promise:ticket_service"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tickets := 0
			app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				w.Header().Set("Content-Type", "application/json")
				if string(body) != `{"ticket":"tkt_0123456789abcdef"}` {
					w.WriteHeader(400)
					return
				}
				tickets++
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			t.Cleanup(app.Close)
			settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Flags: map[string]string{"ticket": "tkt_0123456789abcdef"}})
			if err != nil {
				t.Fatal(err)
			}
			c := newTestCase(t, settings)
			c.Options.Frontend = app.URL
			report := checkOf(c, "ticket.frontend").Run(t.Context(), nil)
			var got []string
			for _, f := range report.Findings {
				got = append(got, told(t, f))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			if !report.Outcome.Text.IsZero() {
				t.Errorf("outcome %s", report.Outcome.Text)
			}
			if tickets != 1 {
				t.Errorf("the ticket was posted %d times", tickets)
			}
		})
	}
}

// TestFrontendIsAskedAsItsClientsAsk checks the requests without a ticket: the routes
// of LiveKit's starters first, then the address itself, with its query. Parameters are
// sent only once the route asks for them.
func TestFrontendIsAskedAsItsClientsAsk(t *testing.T) {
	for _, tt := range []struct {
		name, at string
		answers  map[string]string // method and path → status and body
		asked    string
		want     string
	}{
		{"nothing there", "/voice/", nil,
			`GET /voice/api/connection-details |POST /voice/api/connection-details {"room_config":{}}|POST /voice/api/token {"room_config":{}}` +
				`|GET /voice/api/token |GET /voice |POST /voice {"room_config":{}}`,
			"FRONTEND_ROUTE_MISSING/other-path:config"},
		{"405 to all", "", map[string]string{"GET /api/connection-details": "405 ", "POST /api/connection-details": "405 "},
			`GET /api/connection-details |POST /api/connection-details {"room_config":{}}|POST /api/token {"room_config":{}}|GET /api/token `,
			"FRONTEND_METHOD/neither:frontend"},
		{"GET /api/token alone", "", map[string]string{"POST /api/token": "405 ", "GET /api/token": "200 eyJhbGciOiJIUzI1NiJ9.eyJ2aWRlbyI6e30sIm5iZiI6MX0.x"},
			`GET /api/connection-details |POST /api/connection-details {"room_config":{}}|POST /api/token {"room_config":{}}|GET /api/token ` +
				`|GET /api/token `, // again, for a token to keep
			"FRONTEND_FIELDS/other-name:frontend TICKET_URL_MISSING/app:giver"},
		{"the quickstart's route", "/getToken", map[string]string{"GET /getToken": "200 eyJhbGciOiJIUzI1NiJ9.eyJ2aWRlbyI6e30sIm5iZiI6MX0.x"},
			`GET /getToken/api/connection-details |POST /getToken/api/connection-details {"room_config":{}}|POST /getToken/api/token {"room_config":{}}` +
				`|GET /getToken/api/token |GET /getToken |GET /getToken `, // again, for a token to keep
			""},
		{"a ticket is wanted", "/api/token", map[string]string{"GET /api/token": `400 {"error":"ticket is required"}`},
			`GET /api/token |GET /api/token?identity=lkdoctor-00000000&name=lkdoctor-00000000` +
				`&participantIdentity=lkdoctor-00000000&participantName=lkdoctor-00000000&participant_identity=lkdoctor-00000000` +
				`&participant_name=lkdoctor-00000000&room=lkdoctor-00000000&roomName=lkdoctor-00000000&room_name=lkdoctor-00000000&username=lkdoctor-00000000 `,
			"FRONTEND_ERROR/wants-ticket:config"},
		{"a query", "/token?room=r1", map[string]string{"GET /token?room=r1": `404 {"error":"room r1 is closed"}`},
			`GET /token?room=r1 `, "FRONTEND_ERROR/parameters:config"},
		{"meet", "", map[string]string{"GET /api/connection-details": "400 Missing required query parameter: roomName"},
			`GET /api/connection-details |GET /api/connection-details?identity=lkdoctor-00000000&name=lkdoctor-00000000` +
				`&participantIdentity=lkdoctor-00000000&participantName=lkdoctor-00000000&participant_identity=lkdoctor-00000000` +
				`&participant_name=lkdoctor-00000000&room=lkdoctor-00000000&roomName=lkdoctor-00000000&room_name=lkdoctor-00000000&username=lkdoctor-00000000 `,
			"FRONTEND_ERROR/parameters:config"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			tokens := 0
			app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				asked = append(asked, r.Method+" "+r.URL.String()+" "+string(body))
				answer, known := tt.answers[r.Method+" "+r.URL.String()]
				if !known {
					answer = tt.answers[r.Method+" "+r.URL.Path]
				}
				status := 404
				_, _ = fmt.Sscan(answer, &status)
				w.WriteHeader(status)
				if _, text, found := strings.Cut(answer, " "); found {
					if tokens++; status == 200 {
						text += strings.Repeat("y", tokens)
					}
					_, _ = io.WriteString(w, text)
				}
			}))
			t.Cleanup(app.Close)
			c := newTestCase(t, nil)
			c.Options.Frontend = app.URL + tt.at
			var got []string
			for _, f := range checkOf(c, "ticket.frontend").Run(t.Context(), nil).Findings {
				got = append(got, told(t, f))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			if got := strings.Join(asked, "|"); got != tt.asked {
				t.Errorf("asked %s", got)
			}
		})
	}
}
