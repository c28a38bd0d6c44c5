package probe_test

import (
	"context"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"

	"lkdoctor/checks/lab"
)

const (
	testKey    = "testkey"
	testSecret = "a-secret-of-more-than-thirty-two-characters"
)

// A livekitServer is a running livekit-server.
type livekitServer struct {
	base *url.URL
	// tcp is the ICE/TCP port.
	tcp int
}

// startLiveKit runs a server on loopback until the test ends. extra is added to its
// configuration.
func startLiveKit(tb testing.TB, extra string) *livekitServer {
	tb.Helper()
	server, err := lab.StartLiveKit(within(tb, 20*time.Second), lab.LiveKitOptions{
		Keys: map[string]string{testKey: testSecret}, ExtraYAML: extra,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = server.Close() })
	base, err := url.Parse(server.URL)
	if err != nil {
		tb.Fatal(err)
	}
	return &livekitServer{base: base, tcp: int(netip.MustParseAddrPort(server.TCPAddr).Port())}
}

// tokenFor returns a participant's token, modified by change.
func tokenFor(tb testing.TB, identity, room string, change ...func(*auth.AccessToken, *auth.VideoGrant)) string {
	tb.Helper()
	grant := &auth.VideoGrant{RoomJoin: true, Room: room}
	at := auth.NewAccessToken(testKey, testSecret).SetIdentity(identity).SetValidFor(time.Minute)
	for _, f := range change {
		f(at, grant)
	}
	jwt, err := at.SetVideoGrant(grant).ToJWT()
	if err != nil {
		tb.Fatal(err)
	}
	return jwt
}

// within returns a context with a timeout of d, which ends with the test.
func within(tb testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	tb.Cleanup(cancel)
	return ctx
}
