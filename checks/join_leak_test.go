package checks

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"
	"go.uber.org/goleak"

	"lkdoctor/checks/check"
	"lkdoctor/checks/codetest"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
)

// mediaRuns is the number of runs in TestMediaLeavesNothing. The README gives figures
// for 100.
var mediaRuns = flag.Int("media-runs", 5, "runs of --media in a row in TestMediaLeavesNothing")

// serverProcess is the environment variable that makes TestServerProcess run a server.
const serverProcess = "LKDOCTOR_TEST_SERVER"

// TestServerProcess is not a test. apartFrom runs it in a child process as a LiveKit
// server, so that all goroutines and sockets of the parent belong to lkdoctor.
func TestServerProcess(t *testing.T) {
	if os.Getenv(serverProcess) == "" {
		return
	}
	pair := lab.NewPair()
	relay, err := lab.StartTURN(lab.TURNOptions{})
	if err != nil {
		t.Fatal(err)
	}
	server, err := lab.StartLiveKit(context.Background(), lab.LiveKitOptions{Keys: map[string]string{pair.Key: pair.Secret},
		RTC: "turn_servers: [" + relay.Config() + "]"})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("serving %s %s %s\n", server.Addr, pair.Key, pair.Secret)
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent closes stdin
	_ = server.Close()
	_ = relay.Close()
}

// apartFrom starts a server in another process, which ends with the test.
func apartFrom(t *testing.T) *mediaLab {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestServerProcess$")
	cmd.Env = append(os.Environ(), serverProcess+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	var addr, key, secret string
	if _, err := fmt.Fscanf(out, "serving %s %s %s\n", &addr, &key, &secret); err != nil {
		t.Fatalf("the server did not start: %v", err)
	}
	return &mediaLab{server: &lab.LiveKit{Addr: addr, URL: "ws://" + addr}, pair: lab.Pair{Key: key, Secret: secret}}
}

// participants lists the participants of all rooms on the server.
func (l *mediaLab) participants(t *testing.T) (who []string) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	client := livekit.NewRoomServiceProtobufClient("http://"+l.server.Addr, &http.Client{Transport: transport})
	authorised := func(grant *auth.VideoGrant) context.Context {
		tok, err := auth.NewAccessToken(l.pair.Key, l.pair.Secret).SetVideoGrant(grant).ToJWT()
		if err != nil {
			t.Fatal(err)
		}
		ctx, err := twirp.WithHTTPRequestHeaders(t.Context(), http.Header{"Authorization": {"Bearer " + tok}})
		if err != nil {
			t.Fatal(err)
		}
		return ctx
	}
	rooms, err := client.ListRooms(authorised(&auth.VideoGrant{RoomList: true}), &livekit.ListRoomsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range rooms.GetRooms() {
		list, err := client.ListParticipants(authorised(&auth.VideoGrant{RoomAdmin: true, Room: room.GetName()}),
			&livekit.ListParticipantsRequest{Room: room.GetName()})
		if err != nil {
			continue // the room has just ended
		}
		for _, p := range list.GetParticipants() {
			who = append(who, fmt.Sprintf("%s/%s (%s)", room.GetName(), p.GetIdentity(), p.GetState()))
		}
	}
	return who
}

// nobodyLeft waits until the server lists no participant.
func (l *mediaLab) nobodyLeft(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		who := l.participants(t)
		if len(who) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("still in their rooms: %s", strings.Join(who, ", "))
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// sockets returns the number of sockets of this process, or -1 without /proc.
func sockets() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	n := 0
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(target, "socket:") {
			n++
		}
	}
	return n
}

// worked reports whether a check passed. Lost packets alone count as passed, because
// a busy machine loses some.
func worked(r check.Result) bool {
	return r.Status == check.StatusPass || slices.Equal(codesOf(r), []Code{finding.PublishLossy})
}

func TestMediaLeavesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, nothing in bulk")
	}
	l := apartFrom(t)
	before, held := goleak.IgnoreCurrent(), sockets()
	var slowest, total time.Duration
	for i := range *mediaRuns {
		ended, run := diagnose(t, l.media(t, l.server.URL))
		for _, id := range []string{"join.turn", "join.publish", "join.reconnect"} {
			if r := ended[id]; !worked(r) {
				t.Errorf("run %d: %s %s %+v %+v", i, id, r.Status, r.Findings, r.Skip)
			}
		}
		slowest, total = max(slowest, run.Took), total+run.Took
	}
	goleak.VerifyNone(t, before, goleak.IgnoreTopFunction("github.com/gammazero/workerpool.worker"))
	if now := sockets(); now > held {
		t.Errorf("%d sockets before, %d after", held, now)
	}
	l.nobodyLeft(t)
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	t.Logf("%d runs, %v each, the slowest %v; %d KiB from the system", *mediaRuns, total/time.Duration(*mediaRuns), slowest, memory.Sys>>10)
}

// TestMediaInterrupted cancels a run at various times, and checks that every
// participant leaves and no goroutine remains.
func TestMediaInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, nothing in bulk")
	}
	codetest.Alone(t)
	l := apartFrom(t)
	before := goleak.IgnoreCurrent()
	for after := 10 * time.Millisecond; after < 900*time.Millisecond; after += after / 2 {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(after, cancel)
		begin := time.Now()
		run := Do(ctx, l.media(t, l.server.URL), false, func(check.Event) {})
		timer.Stop()
		cancel()
		if took := time.Since(begin); took > after+900*time.Millisecond {
			t.Errorf("interrupted after %v, and ended after %v", after, took)
		}
		for _, r := range run.Results {
			if !slices.Contains([]string{"join.turn", "join.publish", "join.reconnect"}, r.Check.ID) {
				continue
			}
			for _, f := range r.Findings {
				if f.Severity == finding.Fail && !f.Code.IsDoctor() {
					t.Errorf("interrupted after %v: %s", after, f.Message)
				}
			}
		}
	}
	goleak.VerifyNone(t, before, goleak.IgnoreTopFunction("github.com/gammazero/workerpool.worker"))
	l.nobodyLeft(t)
}

// TestMediaManyAtOnce checks that concurrent runs on one server do not disturb each other.
func TestMediaManyAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, nothing in bulk")
	}
	l := apartFrom(t)
	var all sync.WaitGroup
	for i := range doctorsAtOnce {
		c := l.media(t, l.server.URL, func(c *Case) { c.Nonce = fmt.Sprintf("many%04d", i) })
		all.Go(func() {
			ended, run := diagnose(t, c)
			for _, id := range []string{"join.turn", "join.publish", "join.reconnect"} {
				if r := ended[id]; !worked(r) {
					t.Errorf("doctor %d, %v: %s %s %+v %+v", i, run.Took, id, r.Status, r.Findings, r.Skip)
				}
			}
		})
	}
	all.Wait()
	l.nobodyLeft(t)
}
