package checks

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
)

// TestProxyIsBlamed uses an HTTP proxy that answers 407 or is not running. Neither the
// server behind it nor the ticket service must be blamed.
func TestProxyIsBlamed(t *testing.T) {
	login := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Proxy-Authenticate", `Basic realm="office"`)
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer login.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, tt := range []struct {
		name, proxy, check, says string
		code                     Code
	}{
		{"the server, 407", login.URL, "join.reach", "answers 407 itself", finding.ServerTimeout},
		{"the server, gone", gone.URL, "join.reach", "cannot be used", finding.ServerTimeout},
		{"the service, 407", login.URL, "ticket.reach", "answers 407 itself", finding.TicketTimeout},
		{"the service, gone", gone.URL, "ticket.reach", "cannot be used", finding.TicketTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Environ: []string{
				"LIVEKIT_URL=ws://livekit.test:7880", "USER_MGMT_BASE_URL=http://tickets.test:8000", "LKDOCTOR_TICKET=tkt_proxy",
			}})
			if err != nil {
				t.Fatal(err)
			}
			c := newTestCase(t, settings)
			c.Net.Proxy = func(*url.URL) (*url.URL, error) { return url.Parse(tt.proxy) }
			c.Options.Only = []string{tt.check}
			found := Do(t.Context(), c, false, func(check.Event) {}).Findings(finding.Fail)
			if len(found) != 1 || found[0].Finding.Code != tt.code || found[0].Finding.Owner != finding.OwnerConfig {
				t.Fatalf("found %+v, want %s of the settings", found, tt.code)
			}
			if said := found[0].Finding.Message.String(); !strings.Contains(said, tt.says) || !strings.Contains(said, tt.proxy) {
				t.Errorf("it says %q, want the proxy %s, which %s", said, tt.proxy, tt.says)
			}
		})
	}
}
