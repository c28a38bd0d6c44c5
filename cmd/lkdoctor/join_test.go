package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/room"
)

// A joinEvent is a line of `lkdoctor join --json`.
type joinEvent struct {
	room.Event
	Text string `json:"text"`
}

// A joins is a running `lkdoctor join`.
type joins struct {
	t        *testing.T
	lab      *lab.Lab
	out, err *watched
	cancel   context.CancelFunc
	done     chan int
}

func startJoin(t *testing.T, l *lab.Lab, args ...string) *joins {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	j := &joins{t: t, lab: l, out: newWatched(), err: newWatched(), cancel: cancel, done: make(chan int, 1)}
	t.Cleanup(cancel)
	environ := append([]string{"HOME=" + t.TempDir(), "TERM=dumb"}, l.Environ()...)
	a := newApp(args, strings.NewReader(""), j.out, j.err, environ)
	a.dir, a.limits = l.Dir(), waitsFor(l)
	go func() {
		cmd := a.joinCommand()
		cmd.SetArgs(append(args, slices.DeleteFunc(l.Args(), func(arg string) bool { return arg == "--media" })...)) // join has no --media
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		if called, err := cmd.ExecuteContextC(ctx); err != nil {
			j.done <- a.failed(called, err)
			return
		}
		j.done <- a.code
	}()
	return j
}

// code waits for the exit code, and fails the test if a token or secret was printed.
func (j *joins) code() int {
	j.t.Helper()
	select {
	case code := <-j.done:
		for _, text := range []string{j.out.String(), j.err.String()} {
			if found := wholeToken(text); found != "" || strings.Contains(text, j.lab.Pair.Secret) {
				j.t.Errorf("a token or the secret was printed: %s", text)
			}
			nothingRaw(j.t, "join", text)
		}
		return code
	case <-time.After(40 * time.Second):
		j.t.Fatalf("it does not end: %s%s", j.out, j.err)
		return 0
	}
}

// events returns the lines printed so far, each of which must be a JSON document.
func (j *joins) events() []joinEvent {
	j.t.Helper()
	var list []joinEvent
	text := j.out.String()
	text = text[:strings.LastIndexByte(text, '\n')+1]
	for line := range strings.Lines(text) {
		var e joinEvent
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&e); err != nil {
			j.t.Fatalf("%v: %s", err, line)
		}
		if e.Type == "" || e.At.IsZero() || e.Event.Type != room.Media && e.Text == "" {
			j.t.Errorf("an event lacks type, at or text: %s", line)
		}
		list = append(list, e)
	}
	return list
}

func (j *joins) waitFor(kind room.Type) {
	j.t.Helper()
	waitFor(j.t, func() bool {
		return slices.ContainsFunc(j.events(), func(e joinEvent) bool { return e.Type == kind })
	})
}

func (j *joins) last() joinEvent {
	j.t.Helper()
	list := j.events()
	if len(list) == 0 {
		j.t.Fatalf("no event; stderr: %s", j.err)
	}
	return list[len(list)-1]
}

func TestJoinStreamsEvents(t *testing.T) {
	t.Parallel()
	l := startLab(t, "")
	j := startJoin(t, l, "--json", "--for", "500ms", "--publish", "tone")
	if code := j.code(); code != check.ExitOK {
		t.Fatalf("exit code %d: %s%s", code, j.out, j.err)
	}
	list := j.events()
	var kinds []room.Type
	for _, e := range list {
		kinds = append(kinds, e.Type)
	}
	for _, want := range []room.Type{room.Prepared, room.Joining, room.Joined, room.Media, room.PathChanged, room.TrackPublished, room.Ended} {
		if !slices.Contains(kinds, want) {
			t.Errorf("no %s in %v", want, kinds)
		}
	}
	first, last := list[0], j.last()
	if first.TokenSource != "ticket" || !*first.TicketSpent || first.Who.Identity != l.Identity || first.Room != l.Room {
		t.Errorf("first: %+v", first)
	}
	if last.Type != room.Ended || last.End.Outcome != room.Left || last.End.InRoom < 400 {
		t.Errorf("last: %+v", last.End)
	}
}

func TestJoinInterrupted(t *testing.T) {
	t.Parallel()
	l := startLab(t, "")
	j := startJoin(t, l, "--json", "--dev-join", "--for", "1m")
	j.waitFor(room.Media)
	if first := j.events()[0]; first.TokenSource != "minted" || *first.TicketSpent || !strings.HasPrefix(first.Room, "lkdoctor-") {
		t.Errorf("first: %+v", first)
	}
	j.cancel()
	if code := j.code(); code != check.ExitInterrupted {
		t.Errorf("exit code %d", code)
	}
	if last := j.last(); last.End == nil || last.End.Outcome != room.Interrupted {
		t.Errorf("last: %+v", last)
	}
}

func TestJoinDuplicateIdentity(t *testing.T) {
	t.Parallel()
	l := startLab(t, "")
	first := startJoin(t, l, "--json", "--dev-join", "-r", "demo", "-i", "ann")
	first.waitFor(room.Media)

	second := startJoin(t, l, "--json", "--dev-join", "-r", "demo", "-i", "ann")
	if code := second.code(); code != check.ExitFailed || second.last().Findings[0].Code != finding.JoinWouldEvict {
		t.Errorf("second: exit code %d, %+v", code, second.last())
	}
	third := startJoin(t, l, "--json", "--dev-join", "-r", "demo", "-i", "ann", "--force-join", "--for", "100ms")
	if code := first.code(); code != check.ExitFailed {
		t.Errorf("first: exit code %d", code)
	}
	if last := first.last(); last.Reason != "DUPLICATE_IDENTITY" || last.Advice == "" || !strings.Contains(last.Text, "same identity") {
		t.Errorf("first: %+v", last)
	}
	if code := third.code(); code != check.ExitOK {
		t.Errorf("third: exit code %d", code)
	}
}

func TestJoinSaysWhyItFailed(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]finding.Code{
		"opaque-token":  finding.TokenOpaque,
		"room-full":     finding.RoomJoinRefused,
		"ws-silent":     finding.WebsocketSilent,
		"media-blocked": finding.MediaFailed,
		"would-evict":   finding.JoinWouldEvict,
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			startJoin(t, startLab(t, fault), "--json", "--for", "1s").fails(want)
		})
	}
}

// fails checks that nothing was joined, and that the last event has the code.
func (j *joins) fails(want finding.Code) {
	j.t.Helper()
	code, last := j.code(), j.last()
	has := slices.ContainsFunc(last.Findings, func(f room.Finding) bool { return f.Code == want })
	if code != check.ExitFailed || last.Type != room.Ended || last.End.Outcome != room.NotJoined || !has {
		j.t.Errorf("exit code %d, want %s: %+v %+v", code, want, last.End, last.Findings)
	}
}

// TestJoinWithoutUDP checks that two participants receive each other's audio over TCP,
// and through a TURN server.
func TestJoinWithoutUDP(t *testing.T) {
	t.Parallel()
	for fault, path := range map[string]string{"udp-blocked": "tcp", "tcp-only": "tcp", "turn-only": "relay"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			l := startLab(t, fault)
			ann := startJoin(t, l, "--json", "--dev-join", "-r", "demo", "-i", "ann", "--for", "30s", "--publish", "tone,pattern")
			ann.waitFor(room.Media)
			bob := startJoin(t, l, "--json", "--dev-join", "-r", "demo", "-i", "bob", "--for", "4s", "--publish", "tone")
			if code := bob.code(); code != check.ExitOK || bob.last().End.Outcome != room.Left {
				t.Errorf("exit code %d: %+v", code, bob.last())
			}
			ann.cancel()
			ann.code()
			for j, other := range map[*joins]string{ann: "bob", bob: "ann"} {
				has := func(fits func(joinEvent) bool) bool { return slices.ContainsFunc(j.events(), fits) }
				if !has(func(e joinEvent) bool { return e.Type == room.PathChanged && e.Path.Kind == path }) {
					t.Errorf("no path over %s: %s", path, j.out)
				}
				if !has(func(e joinEvent) bool { return e.Type == room.TrackReceived && e.Who.Identity == other }) ||
					!has(func(e joinEvent) bool {
						return e.Type == room.Speaking && slices.ContainsFunc(e.Speakers, func(s room.Speaker) bool { return s.Identity == other })
					}) {
					t.Errorf("%s is not heard: %s", other, j.out)
				}
			}
		})
	}
}

// TestJoinSaysWhyItsOwnTokenIsRefused joins with a token made here that the server refuses.
func TestJoinSaysWhyItsOwnTokenIsRefused(t *testing.T) {
	for fault, want := range map[string]finding.Code{
		"server-key-unknown":  finding.ServerKeyUnknown,
		"server-other-secret": finding.ServerSignatureRejected,
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			startJoin(t, startLab(t, fault), "--json", "--for", "1s", "--dev-join").fails(want)
		})
	}
}

func TestJoinPlain(t *testing.T) {
	t.Parallel()
	l := startLab(t, "")
	j := startJoin(t, l, "--plain", "--for", "100ms")
	if code := j.code(); code != check.ExitOK {
		t.Fatalf("exit code %d: %s%s", code, j.out, j.err)
	}
	for _, want := range []string{"the ticket is spent now", "joined " + l.Room + " as " + l.Identity, "media goes over udp", "left the room"} {
		if !strings.Contains(j.out.String(), want) {
			t.Errorf("no %q in\n%s", want, j.out)
		}
	}
}

// TestJoinCallsAgent checks that the agent of --agent is called into the room, and has
// left it when the stay ends.
func TestJoinCallsAgent(t *testing.T) {
	t.Parallel()
	at := func(list []joinEvent, is func(joinEvent) bool) int { return slices.IndexFunc(list, is) }
	t.Run("comes", func(t *testing.T) {
		t.Parallel()
		l := startLabWith(t, lab.Options{Agent: lab.AgentOptions{Worker: &lab.WorkerOptions{Name: "helper"}}})
		j := startJoin(t, l, "--json", "--agent", "helper", "--for", "3s")
		if code := j.code(); code != check.ExitOK {
			t.Fatalf("exit code %d: %s%s", code, j.out, j.err)
		}
		list := j.events()
		is := func(kind room.Type) int { return at(list, func(e joinEvent) bool { return e.Type == kind }) }
		isAgent := func(e joinEvent) bool { return e.Who != nil && e.Who.Kind == "agent" }
		called, came := is(room.AgentCalled), is(room.AgentCame)
		joined := at(list, func(e joinEvent) bool { return e.Type == room.ParticipantJoined && isAgent(e) })
		if called < 0 || joined < called || came < called {
			t.Fatalf("called %d, joined %d, came %d: %s", called, joined, came, j.out)
		}
		waitFor(t, func() bool { return len(people(t, l)) == 0 })
		if e := list[came]; e.Agent != "helper" || e.Took == nil || *e.Took <= 0 || len(e.Findings) > 0 {
			t.Errorf("it came: %+v", e)
		}
	})
	t.Run("does not come", func(t *testing.T) {
		t.Parallel()
		j := startJoin(t, startLab(t, "agent-other-name"), "--json", "--agent", "helper", "--for", "3s")
		if code := j.code(); code != check.ExitOK {
			t.Fatalf("exit code %d: %s%s", code, j.out, j.err)
		}
		list := j.events()
		i := at(list, func(e joinEvent) bool { return e.Type == room.Problem })
		if i < 0 || list[i].Reason != string(finding.AgentNoWorker) || list[i].Advice == "" || list[i].Findings[0].Code != finding.AgentNoWorker {
			t.Errorf("no event says why: %s", j.out)
		}
	})
	t.Run("in lines", func(t *testing.T) {
		t.Parallel()
		j := startJoin(t, startLab(t, "agent-no-worker"), "--plain", "--agent", "helper", "--for", "3s")
		if code := j.code(); code != check.ExitOK || strings.Count(j.out.String(), "no worker took the job of the agent helper") != 1 ||
			!strings.Contains(j.out.String(), "(AGENT_NO_WORKER)") || !strings.Contains(j.out.String(), "Next: ") {
			t.Errorf("exit code %d: %s", code, j.out)
		}
	})
	t.Run("at an address that came with the token", func(t *testing.T) {
		t.Parallel()
		l := startLab(t, "answer-url-differs")
		j := startJoin(t, l, "--json", "--agent", "helper", "--for", "300ms")
		j.code()
		if !slices.ContainsFunc(j.events(), func(e joinEvent) bool {
			return e.Type == room.Problem && strings.Contains(e.Text, "not sent to an address that came with the token")
		}) {
			t.Errorf("nothing says that it was not called: %s%s", j.out, j.err)
		}
	})
}

func TestJoinUsage(t *testing.T) {
	l := startLab(t, "")
	for _, args := range [][]string{{"--publish", "film"}, {"--for", "-1s"}, {"--json", "--plain"}, {"somewhere"}} {
		if code := startJoin(t, l, args...).code(); code != check.ExitDoctor {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
}
