package checks

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
	"lkdoctor/config"
	"lkdoctor/config/secret"
)

// TestAskPresenceOnlyAtTheServerNamedHere checks that askPresence sends its token, which
// grants roomAdmin, to LIVEKIT_URL and never to an address that came with a token.
func TestAskPresenceOnlyAtTheServerNamedHere(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	const apiSecret = "a-secret-of-thirty-two-characters!"
	raw, err := token.Mint(token.MintOptions{Key: "APIkey", Secret: apiSecret, Room: "room", Identity: "me", TTL: time.Minute, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		here string
		want int32
	}{
		"the server of LIVEKIT_URL": {server.URL, 1},
		"another server":            {"ws://lk.example.com", 0},
		"no LIVEKIT_URL":            {"", 0},
	} {
		asked.Store(0)
		settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Environ: []string{
			"LIVEKIT_URL=" + strings.Replace(tt.here, "http:", "ws:", 1), "LIVEKIT_API_KEY=APIkey", "LIVEKIT_API_SECRET=" + apiSecret,
		}})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(strings.Replace(server.URL, "http:", "ws:", 1))
		if err != nil {
			t.Fatal(err)
		}
		// GivenURL makes the server the one that came with the token.
		c := &Case{Settings: settings, Now: time.Now, Net: &probe.Net{}, Options: Options{GivenURL: u.String()}}
		c.Settings.Token = config.Setting{Secret: secret.New(raw), Source: config.Source{Kind: config.Flag}}
		c.askPresence(t.Context(), c.there(), c.given())()
		if got := asked.Load(); got != tt.want {
			t.Errorf("%s: asked %d times, want %d", name, got, tt.want)
		}
		c.Net.Close()
	}
}
