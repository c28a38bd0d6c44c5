package checks

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/check"
	"lkdoctor/checks/codetest"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe/session"
)

// meddling starts a signal proxy in front of the server and returns its URL.
func (l *mediaLab) meddling(t *testing.T, rewrite lab.Rewrite) string {
	t.Helper()
	var handler http.Handler = lab.SignalProxy(l.server.Addr, rewrite)
	peer, err := lab.Serve(handler, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Close() })
	return peer.URL("ws")
}

// dropRequests drops the client's messages for which which returns true.
func dropRequests(which func(*livekit.SignalRequest) bool) lab.Rewrite {
	return lab.Rewrite{ToServer: func(m *livekit.SignalRequest) []*livekit.SignalRequest {
		if which(m) {
			return nil
		}
		return []*livekit.SignalRequest{m}
	}}
}

func onlyCheck(id string) func(*Case) {
	return func(c *Case) { c.Options.Only = []string{id, "fallback"} }
}

// TestMediaWholeRun runs --media on a healthy server: every check must pass within
// wholeRunLimit.
func TestMediaWholeRun(t *testing.T) {
	codetest.Alone(t)
	l := apartFrom(t)
	var ended Ended
	fastest := time.Hour
	for try := 0; try < 3 && fastest > wholeRunLimit; try++ { // a busy machine may slow one try down
		var run check.Run
		ended, run = diagnose(t, l.media(t, l.server.URL))
		for _, id := range []string{"fallback.join", "join.turn", "join.publish", "join.reconnect"} {
			r := ended[id]
			t.Logf("%s %s in %v: %s %v", id, r.Status, r.Took, r.Outcome.Text, r.Outcome.Facts)
			if r.Status != check.StatusPass {
				t.Errorf("%s: %s %+v %+v", id, r.Status, r.Findings, r.Skip)
			}
		}
		t.Logf("the whole run took %v", run.Took)
		fastest = min(fastest, run.Took)
	}
	if fastest > wholeRunLimit {
		t.Errorf("the fastest of three whole runs took %v", fastest)
	}
	facts := ended["join.publish"].Outcome.Facts
	if facts["udp_works"] != true || facts["tcp_works"] != true || facts["audio_lost"] != 0 || facts["video_lost"] != 0 {
		t.Errorf("facts %v", facts)
	}
}

func TestJoinPublish(t *testing.T) {
	t.Parallel()
	l := startMediaLab(t, lab.LiveKitOptions{})
	publishing := func(m *livekit.SignalRequest) bool {
		return strings.Contains(m.GetOffer().GetSdp(), "m=video")
	}
	for _, c := range []struct {
		name    string
		rewrite lab.Rewrite
		want    Code
		says    string
	}{
		{"PUBLISH_NO_PACKETS", dropRequests(publishing), finding.PublishNoPackets, "did not come up"},
		{"PUBLISH_NOT_RECEIVED", dropRequests(func(m *livekit.SignalRequest) bool { return m.GetAddTrack() != nil }),
			finding.PublishNotReceived, "none reached"},
		{"PUBLISH_NOT_RECEIVED video", dropRequests(func(m *livekit.SignalRequest) bool {
			return m.GetAddTrack().GetType() == livekit.TrackType_VIDEO
		}), finding.PublishNotReceived, "no complete video"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ended, _ := diagnose(t, l.media(t, l.meddling(t, c.rewrite), onlyCheck("join.publish"), quick))
			r := ended["join.publish"]
			if len(r.Findings) != 1 || r.Findings[0].Code != c.want || !strings.Contains(r.Findings[0].Message.String(), c.says) {
				t.Fatalf("%s %+v %+v, want %s", r.Status, r.Findings, r.Skip, c.want)
			}
			t.Log(r.Took, r.Findings[0].Message, r.Findings[0].Facts)
		})
	}
}

func TestPublishFindings(t *testing.T) {
	received := session.PublishReceived
	at := address{URL: &url.URL{Scheme: "ws", Host: "127.0.0.1:7880"}}
	upgrade := func(status int, server string) session.Published {
		return session.Published{Outcome: session.PublishNoJoin, Failure: &session.SignalFailure{Kind: session.SignalUpgradeRefused,
			Status: status, Header: http.Header{"Server": {server}}}}
	}
	for _, c := range []struct {
		name string
		got  session.Published
		want Code
	}{
		{"nothing lost", session.Published{Outcome: received, AudioGot: session.Counts{Packets: 50, Expected: 50}}, ""},
		{"one packet lost", session.Published{Outcome: received, AudioGot: session.Counts{Packets: 19, Expected: 20, Lost: 1}}, ""},
		{"PUBLISH_LOSSY", session.Published{Outcome: received, VideoGot: session.Counts{Packets: 40, Expected: 50, Lost: 10}}, finding.PublishLossy},
		{"refused", session.Published{Outcome: session.PublishNoJoin, Failure: &session.SignalFailure{Kind: session.SignalUpgradeRefused, Status: 401}}, finding.PublishNoPackets},
		{"limited", upgrade(429, ""), finding.ServerQuota},
		{"limited by nginx", upgrade(503, "nginx"), finding.ServerQuota},
		{"not passed on by nginx", upgrade(502, "nginx"), finding.ServerNotReady},
		{"no server behind the proxy", upgrade(503, ""), finding.ServerNotReady},
		{"left", session.Published{Outcome: session.PublishLeft, End: &session.SignalEnd{Left: true, Reason: "SERVER_SHUTDOWN"}}, finding.PublishNoPackets},
		{"cut", session.Published{Outcome: session.PublishLeft, End: &session.SignalEnd{CloseCode: 1006}}, finding.WebsocketClosed},
		{"receiver without media", session.Published{Outcome: session.PublishNotConnected, Who: "receiver"}, finding.PublishNotReceived},
		{"cancelled", session.Published{Outcome: session.PublishCancelled}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			findings := publishFindings(&c.got, at)
			if c.want != "" {
				codetest.Wants(t, findings, c.want)
			}
			switch {
			case c.want == "" && len(findings) > 0, c.want != "" && (len(findings) != 1 || findings[0].Code != c.want):
				t.Errorf("%+v, want %q", findings, c.want)
			case c.want == finding.PublishLossy && findings[0].Severity != finding.Warn:
				t.Errorf("severity %s", findings[0].Severity)
			}
		})
	}
}
