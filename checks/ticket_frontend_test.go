package checks

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lkdoctor/checks/finding"
	"lkdoctor/config"
)

// An app passes a refusal of its ticket service on: who must act is told by
// what was refused, and its own failures stay its own.
func TestFrontendRefusals(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   string // code:owner of each finding
	}{
		{"unknown", 404, `{"code":"TICKET_NOT_FOUND","message":"Ticket not found"}`, "TICKET_UNKNOWN: FRONTEND_WRAPS_ERROR:"},
		{"used", 409, `{"code":"TICKET_CONSUMED","message":"used at 10:04 by ada"}`, "TICKET_CONSUMED:config"},
		{"expired", 410, `{"code":"TICKET_EXPIRED","message":""}`, "TICKET_EXPIRED: FRONTEND_WRAPS_ERROR:"},
		{"rejected", 422, `{"code":"UPSTREAM_ERROR","message":"Upstream error"}`, "TICKET_REJECTED: FRONTEND_WRAPS_ERROR:"},
		{"credentials", 401, `{"code":"UPSTREAM_ERROR","message":"x-api-key is missing"}`, "TICKET_UNAUTHORIZED:"},
		{"rate", 429, `{"code":"UPSTREAM_ERROR","message":"slow down, ada"}`, "TICKET_RATE_LIMITED:"},
		{"service fails", 500, `{"code":"UPSTREAM_ERROR","message":"no database"}`, "TICKET_SERVER_ERROR:"},
		{"not configured", 501, `{"code":"NOT_CONFIGURED","message":"USER_MGMT_BASE_URL is not configured"}`, "FRONTEND_NOT_CONFIGURED:config"},
		{"its own failure", 500, `{"code":"INTERNAL_ERROR","message":"fetch failed"}`, "FRONTEND_ERROR:frontend"},
		{"thrown", 500, "", "FRONTEND_ERROR:frontend"},
		{"unawaited", 200, `{"serverUrl":"ws://127.0.0.1:1","participantToken":{}}`, "FRONTEND_FIELDS:frontend"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, err := io.ReadAll(r.Body); err != nil || string(body) != `{"ticket":"tkt_0123456789abcdef"}` {
					t.Errorf("asked %q (%v)", body, err)
				}
				w.Header().Set("Content-Type", "application/json")
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
			report := ticketFrontend(c).Run(t.Context(), nil)
			var got []string
			for _, f := range report.Findings {
				got = append(got, string(f.Code)+":"+string(f.Party))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			if !report.Outcome.Text.IsZero() {
				t.Errorf("outcome %s", report.Outcome.Text)
			}
		})
	}
}

// Without a ticket, LiveKit's /api/token is asked with the room_config that it
// fails without.
func TestFrontendIsAskedAsTheStartersAsk(t *testing.T) {
	var asked []string
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.Method+" "+r.URL.Path+" "+string(body))
		w.WriteHeader(404)
	}))
	t.Cleanup(app.Close)
	c := newTestCase(t, nil)
	c.Options.Frontend = app.URL + "/voice/"
	found := ticketFrontend(c).Run(t.Context(), nil).Findings
	if len(found) != 1 || found[0].Code != finding.FrontendMethod {
		t.Errorf("found %v", found)
	}
	want := `GET /voice/api/connection-details |POST /voice/api/connection-details {"room_config":{}}|POST /voice/api/token {"room_config":{}}`
	if got := strings.Join(asked, "|"); got != want {
		t.Errorf("asked %s", got)
	}
}
