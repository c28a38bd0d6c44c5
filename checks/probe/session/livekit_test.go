package session_test

import (
	"context"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"

	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
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

// startLiveKit runs a server on loopback until the test ends. rtc is added to the rtc
// section of its configuration, extra to the top level.
func startLiveKit(tb testing.TB, rtc, extra string) *livekitServer {
	tb.Helper()
	server, err := lab.StartLiveKit(within(tb, 20*time.Second), lab.LiveKitOptions{
		Keys: map[string]string{testKey: testSecret}, RTC: rtc, ExtraYAML: extra,
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

// closedPort returns a TCP port that refuses connections until the test ends.
func closedPort(tb testing.TB) int {
	tb.Helper()
	addr, release, err := lab.RefusedAddr()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = release() })
	return int(netip.MustParseAddrPort(addr).Port())
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

// joinOptions are the options of joinAll.
type joinOptions struct {
	Token  string
	Signal session.Options
	Media  session.MediaOptions
}

// A joined is the result of joinAll.
type joined struct {
	Failure *session.SignalFailure
	Facts   session.JoinFacts
	Media   *session.Media
}

// joinAll joins, connects media and leaves.
func joinAll(ctx context.Context, n *probe.Net, base *url.URL, o joinOptions) *joined {
	p, f := session.Join(ctx, n, base, o.Token, o.Signal)
	if f != nil {
		return &joined{Failure: f}
	}
	defer p.Leave()
	return &joined{Facts: p.Facts, Media: p.Media(ctx, o.Media)}
}

// slowNet returns a Net without a proxy and with default limits.
func slowNet(t *testing.T) *probe.Net {
	t.Helper()
	n := &probe.Net{Proxy: func(*url.URL) (*url.URL, error) { return nil, nil }}
	t.Cleanup(n.Close)
	return n
}
