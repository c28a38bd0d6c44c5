package lab

import (
	"net/http"
	"strings"
	"testing"
)

func TestFrontend(t *testing.T) {
	for _, test := range []struct {
		fault, method string
		status        int
		text          string
	}{
		{"healthy-frontend", "GET", 200, `"participantToken":"eyJ`},
		{"healthy-frontend", "POST", 200, `"participantToken":"eyJ`},
		{"frontend-not-configured", "POST", 501, `"code":"NOT_CONFIGURED"`},
		{"frontend-method", "POST", 405, ""},
		{"frontend-key-undefined", "GET", 500, "LIVEKIT_API_KEY is not defined"},
		{"frontend-fields", "GET", 200, `"serverUrl":"ws://`},
		{"frontend-promise", "GET", 200, `"participantToken":{}`},
		{"frontend-opaque-token", "POST", 200, `"participantToken":"lk_demo_`},
		{"frontend-wraps-error", "POST", 422, "UPSTREAM_ERROR"},
	} {
		t.Run(test.fault+" "+test.method, func(t *testing.T) {
			t.Parallel()
			l := start(t, test.fault)
			body := `{"ticket":"` + l.Renew() + `","profile":{"display_name":"Ada"}}`
			status, _, got := fetch(t, test.method, l.FrontendURL+"/api/connection-details", body)
			if status != test.status || !strings.Contains(got, test.text) {
				t.Errorf("got %d %q, want %d with %q", status, got, test.status, test.text)
			}
		})
	}
}

func TestFrontendTradesATicketOnce(t *testing.T) {
	l := start(t, "healthy-frontend")
	body := `{"ticket":"` + variable(l, "LKDOCTOR_TICKET") + `"}`
	for _, want := range []int{http.StatusOK, http.StatusConflict} {
		if status, _, got := post(t, l.FrontendURL+"/api/connection-details", body); status != want {
			t.Errorf("got %d %s, want %d", status, got, want)
		}
	}
}
