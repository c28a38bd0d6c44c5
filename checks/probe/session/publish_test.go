package session_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"lkdoctor/checks/lab"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// publish calls session.Publish in a room named after the test.
func publish(t *testing.T, n *probe.Net, server *livekitServer) *session.Published {
	t.Helper()
	return session.Publish(within(t, 20*time.Second), n, server.base, tokenFor(t, "sender", t.Name()), tokenFor(t, "receiver", t.Name()), false, 0)
}

func TestPublishReceived(t *testing.T) {
	server := startLiveKit(t, "", "")
	got := publish(t, slowNet(t), server)
	t.Logf("%+v", got)
	if got.Outcome != session.PublishReceived {
		t.Fatalf("outcome %s (%s) %v %v %s", got.Outcome, got.Who, got.Failure, got.End, got.Detail)
	}
	if got.AudioGot.Packets < 20 || got.VideoGot.Frames < 20 || got.AudioSent.Packets < got.AudioGot.Packets {
		t.Errorf("audio sent %+v, got %+v; video sent %+v, got %+v", got.AudioSent, got.AudioGot, got.VideoSent, got.VideoGot)
	}
	if got.AudioGot.Lost != 0 || got.VideoGot.Lost != 0 || got.VideoGot.Broken != 0 {
		t.Errorf("losses on loopback: %+v %+v", got.AudioGot, got.VideoGot)
	}
	if got.FirstPacket <= 0 || got.FirstFrame < got.FirstPacket || got.UpPath != "udp" || got.DownPath != "udp" || got.Up <= 0 || got.Down <= 0 {
		t.Errorf("times and paths: %+v", got)
	}
	if got.Accepted != 2 {
		t.Errorf("the server took %d tracks", got.Accepted)
	}
}

func TestPublishRefused(t *testing.T) {
	server := startLiveKit(t, "", "")
	got := session.Publish(within(t, 5*time.Second), slowNet(t), server.base,
		anyToken, tokenFor(t, "receiver", t.Name()), false, 0)
	if got.Outcome != session.PublishNoJoin || got.Who != "sender" || got.Failure == nil || got.Failure.Status != 401 {
		t.Fatalf("%+v", got)
	}
}

func TestPublishCancelled(t *testing.T) {
	server := startLiveKit(t, "", "")
	ctx, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
	defer cancel()
	cctx, stop := context.WithCancel(context.Background())
	defer stop()
	context.AfterFunc(ctx, stop)
	begin := time.Now()
	got := session.Publish(cctx, slowNet(t), server.base, tokenFor(t, "sender", t.Name()), tokenFor(t, "receiver", t.Name()), false, 10000)
	if got.Outcome != session.PublishCancelled || time.Since(begin) > 800*time.Millisecond {
		t.Fatalf("%s after %v", got.Outcome, time.Since(begin))
	}
}

func TestPathsCompared(t *testing.T) {
	t.Parallel()
	server := startLiveKit(t, "", "")
	udp, tcp := session.ComparePaths(within(t, 10*time.Second), slowNet(t), server.base,
		tokenFor(t, "udp", t.Name()), tokenFor(t, "tcp", t.Name()), false)
	t.Logf("udp %+v, tcp %+v", udp, tcp)
	if !udp.Connected || !tcp.Connected || udp.RTT <= 0 || tcp.RTT <= 0 {
		t.Errorf("udp %+v, tcp %+v", udp, tcp)
	}
}

// TestPathsRelayed checks that a path through a TURN server counts neither as UDP nor as
// TCP.
func TestPathsRelayed(t *testing.T) {
	t.Parallel()
	l, err := lab.Start(t.Context(), lab.Options{Fault: "turn-only"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	base, err := url.Parse(l.URL)
	if err != nil {
		t.Fatal(err)
	}
	token := func(identity string) string {
		return lab.Sign(lab.Claims{"iss": l.Pair.Key, "sub": identity, "exp": time.Now().Add(time.Minute).Unix(),
			"video": map[string]any{"roomJoin": true, "room": "paths"}}, l.Pair.Secret)
	}
	udp, tcp := session.ComparePaths(within(t, 10*time.Second), slowNet(t), base, token("udp"), token("tcp"), false)
	if udp.Connected || !udp.Relayed || tcp.Connected || tcp.Relayed {
		t.Errorf("udp %+v, tcp %+v", udp, tcp)
	}
}

// TestPublishOverTCP checks that audio and video use TCP if the server has no UDP.
func TestPublishOverTCP(t *testing.T) {
	t.Parallel()
	server := startLiveKit(t, "force_tcp: true", "")
	got := publish(t, slowNet(t), server)
	if got.Outcome != session.PublishReceived || got.UpPath != "tcp" || got.DownPath != "tcp" {
		t.Errorf("%+v", got)
	}
}
