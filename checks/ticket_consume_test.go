package checks

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"golang.org/x/net/netutil"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
)

// TestOneConnectionAtATime asks a ticket service that serves one connection at a time
// and keeps it open, as small development servers do. The first question and the
// ticket must not wait for each other's connection.
func TestOneConnectionAtATime(t *testing.T) {
	asked := make(chan string, 8)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"token":"lk_demo_x","url":"ws://127.0.0.1:9","room":"r"}`))
	}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = server.Listener.Close()
	server.Listener = netutil.LimitListener(listener, 1)
	server.Start()
	defer server.Close()
	settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Environ: []string{
		"LIVEKIT_URL=ws://127.0.0.1:9", "USER_MGMT_BASE_URL=" + server.URL, "LKDOCTOR_TICKET=tkt_single",
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := newTestCase(t, settings)
	c.Options.Only = []string{"ticket"}
	run := Do(t.Context(), c, false, func(check.Event) {})
	if found := run.Findings(finding.Fail); len(found) > 0 || run.Took > slowAnswer {
		t.Errorf("after %v: %+v", run.Took, found)
	}
	if first, second := <-asked, <-asked; first != http.MethodGet || second != http.MethodPost || len(asked) > 0 {
		t.Errorf("asked %s, then %s, and %d more", first, second, len(asked))
	}
}

// TestAnEmptyTokenIsNotReplaced: a reader that gets an empty value gets no token, even
// where another field holds a good one.
func TestAnEmptyTokenIsNotReplaced(t *testing.T) {
	const good = `"accessToken":"eyJhbGciOiJIUzI1NiJ9.eyJ2aWRlbyI6eyJyb29tIjoiciJ9LCJuYmYiOjF9.xxxx","url":"ws://127.0.0.1:9"`
	for _, empty := range []string{`""`, `null`, `" "`} {
		c := newTestCase(t, nil)
		a := c.read(answered(200, "Content-Type: application/json", `{"token":`+empty+`,`+good+`}`), answer.TicketService)
		if a.Token == nil || a.Token.Decoded || len(a.Token.Format) != 1 || a.Token.Format[0].Code != finding.TokenEmpty {
			t.Errorf("%s: %+v, want TOKEN_EMPTY", empty, a.Token)
		}
		found := answerFindings(c, a, finding.Textf("the service"))
		if len(found) != 1 || found[0].Code != finding.TicketFieldUnusual || found[0].Variant != "other-token" {
			t.Errorf("%s: %+v, want TICKET_FIELD_UNUSUAL", empty, found)
		}
	}
}
