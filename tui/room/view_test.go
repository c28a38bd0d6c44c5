package room

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/i18n"
	"lkdoctor/checks/room"
	"lkdoctor/tui/term"
)

const canary = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ"

var begin = time.Date(2026, 11, 23, 7, 15, 0, 0, time.UTC)

func testDeps(f *fakeStay) Deps {
	return Deps{
		URL: "wss://demo.example.com", Room: "lobby", Identity: "ann",
		Start: func(context.Context, []room.Sending) Stay { return f },
		Token: func() (string, string, bool) { return canary, "ann-guest", true },
		Link: func() string {
			return "https://meet.livekit.io/custom?liveKitUrl=wss%3A%2F%2Fdemo.example.com&token=" + canary
		},
		Copy: func(string) (term.Copied, error) { return term.Copied{By: "wl-copy", Sure: true}, nil }, OpenLink: func(string) error { return nil },
		Now: func() time.Time { return begin.Add(42 * time.Second) }, ClockOff: true,
	}
}

func drawn(t *testing.T, deps Deps, width, height int) model {
	t.Helper()
	m := newModel(deps, newHost(t.Context(), deps.Start))
	m.Init()
	return step(m, tea.WindowSizeMsg{Width: width, Height: height})
}

// step passes messages to Update and ignores its commands.
func step(m model, msgs ...tea.Msg) model {
	for _, msg := range msgs {
		next, _ := m.Update(msg)
		m = next.(model)
	}
	return m
}

func press(name string) tea.KeyMsg {
	for _, k := range []tea.KeyType{tea.KeyEnter, tea.KeyEsc, tea.KeyPgUp, tea.KeyPgDown, tea.KeyCtrlC} {
		if k.String() == name {
			return tea.KeyMsg{Type: k}
		}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}

// TestAgentThatDoesNotCome checks that the screen shows why a called agent did not join, and
// what to do.
func TestAgentThatDoesNotCome(t *testing.T) {
	m := drawn(t, testDeps(newFake()), 80, 24)
	m = step(m, eventMsg{Type: room.AgentCalled, At: begin, Agent: "helper", Text: finding.Textf("calling the agent %s into the room", "helper")},
		eventMsg{Type: room.Problem, At: begin, Agent: "helper", Text: finding.Textf("no worker took the job"), Advice: "Start the worker."})
	for _, want := range []string{"calling the agent helper into the room", "no worker took the job", "Next: Start the worker."} {
		if !strings.Contains(m.View(), want) {
			t.Errorf("no %q in\n%s", want, m.View())
		}
	}
}

func busyRoom() []tea.Msg {
	who := func(identity, kind string) *room.Participant {
		return &room.Participant{Identity: identity, SID: "PA_" + identity, Kind: kind}
	}
	mic := &room.Track{SID: "TR_mic", Kind: "audio", Source: "microphone"}
	camera := &room.Track{SID: "TR_cam", Kind: "video", Source: "camera"}
	events := []room.Event{
		{Type: room.Joining, Text: finding.Textf("joining at %s", "wss://demo.example.com")},
		{Type: room.Joined, Who: who("ann", "standard"), Server: &room.Server{Version: "1.13.5"}, Allowed: &room.Allowed{Publish: true},
			Text: finding.Textf("joined %s as %s on LiveKit %s; others there: %d", "lobby", "ann", "1.13.5", 1)},
		{Type: room.ParticipantJoined, Who: who("bob", "standard"), Already: true, Text: finding.Textf("%s is here", "bob")},
		{Type: room.TrackPublished, Who: who("ann", "standard"), Me: true, Text: finding.Textf("%s publishes %s", "ann", finding.Textf("the microphone (audio)")),
			Track: &room.Track{SID: "TR_tone", Kind: "audio", Source: "microphone", Name: "tone"}},
		{Type: room.TrackPublished, Who: who("bob", "standard"), Track: mic, Text: finding.Textf("%s publishes %s", "bob", finding.Textf("the microphone (audio)"))},
		{Type: room.TrackPublished, Who: who("bob", "standard"), Track: camera, Text: finding.Textf("%s publishes %s", "bob", finding.Textf("the camera (video)"))},
		{Type: room.Media, Text: finding.Textf("media is connected (ICE, DTLS)")},
		{Type: room.PathChanged, Path: &room.Path{Kind: "udp", Local: "192.168.1.7:50123", LocalType: "host", Remote: "203.0.113.9:7882", RemoteType: "host"},
			Text: finding.Textf("media goes over %s: %s (%s) to %s (%s)", "udp", "192.168.1.7:50123", "host", "203.0.113.9:7882", "host")},
		{Type: room.ParticipantJoined, Who: who("helper", "agent"), Text: finding.Textf("%s joined", "helper")},
		{Type: room.Speaking, Speakers: []room.Speaker{{Identity: "bob", Level: 0.6}}},
		{Type: room.Quality, Who: who("ann", "standard"), Quality: "excellent"},
		{Type: room.Quality, Who: who("bob", "standard"), Quality: "poor"},
		{Type: room.Data, Message: &room.Message{From: "bob", Text: "hello"}, Text: finding.Textf("%s says: %s", "bob", "hello")},
		{Type: room.Reconnecting, Text: finding.Textf("the connection was lost; reconnecting")},
		{Type: room.Reconnected, Text: finding.Textf("back after %s: the session was resumed", "80 ms")},
	}
	var msgs []tea.Msg
	for i, e := range events {
		e.At = begin.Add(time.Duration(i) * time.Second)
		if e.Type == room.Media {
			e.At = begin
		}
		msgs = append(msgs, eventMsg(e))
	}
	for _, ms := range []float64{31, 30, 44, 90, 62, 33, 31} {
		msgs = append(msgs, eventMsg{Type: room.RTT, RTT: &ms})
	}
	return msgs
}

func thrownOut() tea.Msg {
	return eventMsg{Type: room.Ended, At: begin.Add(time.Minute), Reason: "DUPLICATE_IDENTITY",
		Text:   finding.Textf("the server ended the stay: %s (%s)", finding.LeaveReason("DUPLICATE_IDENTITY"), "DUPLICATE_IDENTITY"),
		Advice: finding.LeaveAdvice("DUPLICATE_IDENTITY").String(), End: &room.End{Outcome: room.ThrownOut, InRoom: 60000}}
}

func notJoined() tea.Msg {
	return eventMsg{Type: room.Ended, At: begin, Text: finding.Textf("the server said Join, and no media path connected within %s", "7 s"),
		Findings: []room.Finding{{Code: finding.MediaUDPBlocked, Message: "media connected over TCP only: 203.0.113.9:7882 did not answer over UDP"}},
		Advice:   "On the server, open the UDP port.", End: &room.End{Outcome: room.NotJoined, Stage: "media"}}
}

// screens returns functions that make the screen for each golden.
func screens() map[string]func(t *testing.T, deps Deps, f *fakeStay) model {
	in := func(t *testing.T, deps Deps, msgs ...tea.Msg) model {
		return step(step(drawn(t, deps, 80, 24), busyRoom()...), msgs...)
	}
	return map[string]func(t *testing.T, deps Deps, f *fakeStay) model{
		"joining": func(t *testing.T, deps Deps, _ *fakeStay) model { return drawn(t, deps, 80, 24) },
		"asking": func(t *testing.T, deps Deps, _ *fakeStay) model {
			deps.Evicts = true
			return drawn(t, deps, 80, 24)
		},
		"inside": func(t *testing.T, deps Deps, _ *fakeStay) model { return in(t, deps) },
		"publishing": func(t *testing.T, deps Deps, f *fakeStay) model {
			f.on[room.Tone], f.on[room.Pattern] = true, true
			return in(t, deps, carried())
		},
		"muted": func(t *testing.T, deps Deps, f *fakeStay) model {
			f.on[room.Tone], f.muted = true, true
			return in(t, deps, doneMsg{text: finding.Textf("Muted.")})
		},
		"typing": func(t *testing.T, deps Deps, _ *fakeStay) model {
			return in(t, deps, press("enter"), press("good morning"))
		},
		"link":       func(t *testing.T, deps Deps, _ *fakeStay) model { return in(t, deps, press("l")) },
		"link_whole": func(t *testing.T, deps Deps, _ *fakeStay) model { return in(t, deps, press("l"), press("s")) },
		"qr":         func(t *testing.T, deps Deps, _ *fakeStay) model { return in(t, deps, press("l"), press("g")) },
		"help":       func(t *testing.T, deps Deps, _ *fakeStay) model { return in(t, deps, press("?")) },
		"reconnecting": func(t *testing.T, deps Deps, f *fakeStay) model {
			f.on[room.Tone], f.muted = true, true
			return in(t, deps, doneMsg{}, eventMsg{Type: room.Reconnecting, At: begin.Add(39 * time.Second), Text: finding.Textf("the connection was lost; reconnecting")})
		},
		"thrown_out": func(t *testing.T, deps Deps, _ *fakeStay) model { return in(t, deps, thrownOut()) },
		"rejoining":  func(t *testing.T, deps Deps, _ *fakeStay) model { return in(t, deps, thrownOut(), press("r")) },
		"explaining": func(t *testing.T, deps Deps, _ *fakeStay) model {
			deps.Explain = func(_ context.Context, e room.Event) room.Event { return e }
			return step(drawn(t, deps, 80, 24), notJoined())
		},
		"not_joined": func(t *testing.T, deps Deps, _ *fakeStay) model { return step(drawn(t, deps, 80, 24), notJoined()) },
	}
}

func TestScreens(t *testing.T) {
	sizes := [][2]int{{80, 24}, {120, 40}}
	look := func(name string, deps func(*fakeStay) Deps, build func(t *testing.T, deps Deps, f *fakeStay) model) {
		f := newFake()
		m := build(t, deps(f), f)
		for _, size := range sizes {
			full := fmt.Sprintf("%s_%dx%d", name, size[0], size[1])
			t.Run(full, func(t *testing.T) {
				golden(t, full, step(m, tea.WindowSizeMsg{Width: size[0], Height: size[1]}).View())
			})
		}
	}
	for name, build := range screens() {
		look(name, testDeps, build)
		look("chinese_"+name, func(f *fakeStay) Deps {
			deps := testDeps(f)
			deps.Translate = i18n.Translator("zh")
			return deps
		}, build)
	}
	look("ascii", func(f *fakeStay) Deps {
		deps := testDeps(f)
		deps.ASCII = true
		return deps
	}, screens()["publishing"])
	for _, dark := range []bool{false, true} {
		for _, name := range []string{"publishing", "thrown_out", "qr"} {
			look(fmt.Sprintf("colours_%s_%s", map[bool]string{false: "light", true: "dark"}[dark], name), func(f *fakeStay) Deps {
				deps := testDeps(f)
				deps.Renderer, deps.Dark = lipgloss.NewRenderer(io.Discard), dark
				deps.Renderer.SetColorProfile(termenv.ANSI256)
				return deps
			}, screens()[name])
		}
	}
}

// carried returns statistics of tracks of busyRoom.
func carried() tea.Msg {
	lost, jitter := 0.5, 1.2
	return eventMsg{Type: room.Stats, Traffic: []room.Traffic{
		{SID: "TR_tone", Me: true, Rate: 32400, Lost: &lost, Jitter: &jitter}, {SID: "TR_cam", Rate: 1433000, Lost: new(float64), Jitter: &jitter}}}
}

// golden compares got with testdata/name.golden. UPDATE_GOLDEN=1 writes the file first.
func golden(t *testing.T, name, got string) {
	t.Helper()
	lines := strings.Split(got, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	got = strings.ReplaceAll(strings.Join(lines, "\n")+"\n", "\x1b", "ESC")
	path := filepath.Join("testdata", name+".golden")
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (UPDATE_GOLDEN=1 writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

// hostile returns events with control characters and long, wide names.
func hostile() []tea.Msg {
	bad := "\x1b[2J\x1b]0;owned\a令牌🚀\u202egnp\x9b31m" + strings.Repeat("宽", 300)
	msgs := busyRoom()
	for i := range 40 {
		who := &room.Participant{Identity: fmt.Sprint(i, bad), Name: bad, Kind: bad}
		msgs = append(msgs, eventMsg{Type: room.ParticipantJoined, Who: who, Text: finding.Textf("%s joined", bad)})
	}
	return append(msgs, eventMsg{Type: room.Data, Text: finding.Textf("%s says: %s", bad, bad)}, eventMsg{Type: room.Problem, Text: finding.Textf("%s", bad)})
}

func TestNoLineLeavesTheWindow(t *testing.T) {
	inside := step(drawn(t, testDeps(newFake()), 80, 24), hostile()...)
	link := testDeps(newFake()).Link()
	ours := strings.NewReplacer(ansi.SetHyperlink(link), "", ansi.ResetHyperlink(), "")
	asks := testDeps(newFake())
	asks.Evicts, asks.Identity = true, strings.Repeat("宽", 90)
	widths, heights := []int{1, 2, 5, 10, 20, 40, 59, 60, 80, 120, 200}, []int{1, 2, 5, 8, 13, 14, 15, 24, 40}
	if testing.Short() {
		widths, heights = []int{1, 20, 60, 120}, []int{1, 13, 24}
	}
	for name, m := range map[string]model{
		"inside": inside, "scrolled": step(inside, press("pgup"), press("pgup")), "link": step(inside, press("l")), "whole": step(inside, press("l"), press("s")),
		"qr":   step(inside, press("l"), press("g")),
		"help": step(inside, press("?")), "typing": step(inside, press("d"), press(strings.Repeat("宽", 200))),
		"over": step(inside, thrownOut()), "failed": step(inside, notJoined()), "asking": drawn(t, asks, 80, 24),
	} {
		for _, width := range widths {
			for _, height := range heights {
				m = step(m, tea.WindowSizeMsg{Width: width, Height: height})
				lines := strings.Split(m.View(), "\n")
				if len(lines) != height {
					t.Fatalf("%s at %dx%d: %d lines", name, width, height, len(lines))
				}
				for _, text := range lines {
					text = ours.Replace(text)
					if w := ansi.StringWidth(text); w > width {
						t.Fatalf("%s at %dx%d: %d columns: %q", name, width, height, w, text)
					}
					if i := strings.IndexFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e }); i >= 0 {
						t.Fatalf("%s at %dx%d: control character in %q", name, width, height, text)
					}
				}
			}
		}
	}
}

func TestTheTokenIsShownOnItsKeyOnly(t *testing.T) {
	m := step(drawn(t, testDeps(newFake()), 120, 40), busyRoom()...)
	for _, keys := range [][]string{{}, {"?"}, {"c"}, {"d"}, {"l", "l"}, {"l", "esc"}} {
		n := m
		for _, k := range keys {
			n = step(n, press(k))
		}
		if strings.Contains(n.View(), "c2lnbmF0dXJl") {
			t.Errorf("after %v the token is shown", keys)
		}
	}
	view := step(m, press("l")).View()
	if !strings.Contains(view, ansi.SetHyperlink(m.deps.Link())) || !strings.Contains(view, "holds a token") {
		t.Errorf("no link, or without its warning:\n%s", view)
	}
	if strings.Contains(ansi.Strip(view), "c2lnbmF0dXJl") {
		t.Errorf("the link shows its token:\n%s", view)
	}
	if view := step(m, press("l"), press("s")).View(); !strings.Contains(strings.Join(strings.Fields(view), ""), canary) || !strings.Contains(view, "holds a token") {
		t.Errorf("the whole link is not shown with its warning:\n%s", view)
	}
	for _, end := range [][]tea.Msg{{thrownOut()}, {press("esc"), press("esc")}} {
		for _, page := range []string{"s", "g"} {
			view := step(step(m, press("l"), press(page)), end...).View()
			if strings.Contains(view, "c2lnbmF0dXJl") || strings.Contains(view, "▀") {
				t.Errorf("the link stays after %s and %v", page, end)
			}
		}
	}
}

// acts presses a key, runs its command and passes on the message.
func acts(t *testing.T, m model, name string) model {
	t.Helper()
	next, cmd := m.Update(press(name))
	if cmd == nil {
		t.Fatalf("%s does nothing", name)
	}
	return step(next.(model), cmd())
}

func TestKeysReachTheStay(t *testing.T) {
	f := newFake()
	m := step(drawn(t, testDeps(f), 80, 24), busyRoom()...)
	for _, k := range []string{"t", "v", "m", "m", "t", "r", "R"} {
		m = acts(t, m, k)
	}
	m = acts(t, step(m, press("d"), press("q hello"), tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("\x1b[31m\nyou"), Paste: true}), "enter")
	want := []string{"publish tone", "publish pattern", "mute true", "mute false", "unpublish tone", "reconnect false", "reconnect true", "send q hello[31m you"}
	if diff := cmp.Diff(want, f.did()); diff != "" {
		t.Error(diff)
	}
	f.fail = room.ErrMayNot
	if !strings.Contains(m.View(), m.Marks.Block) {
		t.Error("the line for messages is gone after one")
	}
	m = step(m, press("esc"))
	if m = acts(t, m, "t"); !strings.Contains(m.View(), "does not allow") {
		t.Errorf("a refusal is not shown:\n%s", m.View())
	}
	f.fail = errors.New("access_token=" + canary)
	if m = acts(t, m, "t"); strings.Contains(m.View(), "c2lnbmF0dXJl") {
		t.Errorf("an error shows a token:\n%s", m.View())
	}
}

func TestNothingIsJoinedBeforeTheAnswer(t *testing.T) {
	f := newFake()
	deps, started := testDeps(f), 0
	deps.Evicts = true
	deps.Start = func(context.Context, []room.Sending) Stay { started++; return f }
	m := drawn(t, deps, 80, 24)
	if next, cmd := m.Update(press("n")); started != 0 || cmd == nil || !next.(model).gone {
		t.Errorf("n: started %d", started)
	}
	if m = step(m, press("y")); started != 1 || m.state.phase != joining {
		t.Errorf("y: started %d, phase %d", started, m.state.phase)
	}
}

func TestRunLeavesTheRoomOnEveryWayOut(t *testing.T) {
	for name, c := range map[string]struct {
		keys        string
		cancel      bool
		interrupted bool
	}{"q": {"q", false, false}, "ctrl+c": {"\x03", false, true}, "signal": {"", true, true}} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			for _, msg := range busyRoom() {
				f.events <- room.Event(msg.(eventMsg))
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			in, keys := io.Pipe()
			defer keys.Close()
			deps := testDeps(f)
			go func() {
				time.Sleep(50 * time.Millisecond) // a key before the first frame would count, too
				if c.cancel {
					cancel()
				}
				_, _ = keys.Write([]byte(c.keys))
			}()
			result, err := Run(ctx, deps, in, io.Discard)
			if err != nil || !f.left || result.Interrupted != c.interrupted {
				t.Errorf("left %v, interrupted %v, %v", f.left, result.Interrupted, err)
			}
			if result.Last.End == nil || result.Last.End.Outcome != room.Left || result.Path == nil || len(result.RTTs) == 0 {
				t.Errorf("result: %+v", result)
			}
		})
	}
}

func TestAPanicOfTheScreenLeavesTheRoom(t *testing.T) {
	f := newFake()
	deps := testDeps(f)
	f.events <- room.Event{Type: room.Joined} // fields are missing, which panics
	in, keys := io.Pipe()
	defer keys.Close()
	if _, err := Run(t.Context(), deps, in, io.Discard); err == nil || !f.left {
		t.Errorf("left %v, %v", f.left, err)
	}
}
