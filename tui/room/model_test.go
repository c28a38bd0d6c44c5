package room

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/skip2/go-qrcode"
	"go.uber.org/goleak"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/room"
)

// starts implements Deps.Start and records what each stay publishes.
type starts struct {
	stays   []*fakeStay
	publish [][]room.Sending
}

func (s *starts) start(_ context.Context, publish []room.Sending) Stay {
	f := newFake()
	for _, p := range publish {
		f.on[p.Clip], f.muted = true, p.Muted
	}
	s.stays, s.publish = append(s.stays, f), append(s.publish, publish)
	return f
}

// TestJoiningAgain checks that joining again after the end publishes the same clips, with
// mute. After DUPLICATE_IDENTITY the screen asks first.
func TestJoiningAgain(t *testing.T) {
	removed := func() tea.Msg {
		return eventMsg{Type: room.Ended, At: begin, Reason: "PARTICIPANT_REMOVED", Text: finding.Textf("removed"), End: &room.End{Outcome: room.ThrownOut}}
	}
	for name, c := range map[string]struct {
		end  tea.Msg
		keys []string
		want int // number of stays
	}{
		"removed":                 {removed(), []string{"r"}, 2},
		"not asked for":           {removed(), []string{"t", "m", "R", "y"}, 1},
		"duplicate identity":      {thrownOut(), []string{"r"}, 1},
		"duplicate identity, yes": {thrownOut(), []string{"r", "y"}, 2},
		"duplicate identity, no":  {thrownOut(), []string{"r", "n"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var s starts
			deps := testDeps(nil)
			deps.Start = s.start
			m := step(drawn(t, deps, 80, 24), busyRoom()...)
			s.stays[0].on[room.Tone], s.stays[0].muted = true, true
			m = step(m, doneMsg{}, c.end, endMsg{of: s.stays[0]})
			for _, k := range c.keys {
				m = step(m, press(k))
			}
			if len(s.stays) != c.want {
				t.Fatalf("%d stays, want %d:\n%s", len(s.stays), c.want, m.View())
			}
			if m.gone {
				t.Error("the screen ended")
			}
			if c.want == 1 {
				return
			}
			if diff := cmp.Diff([]room.Sending{{Clip: room.Tone, Muted: true}}, s.publish[1]); diff != "" {
				t.Error(diff)
			}
			// A late event of the stay before must not end the new one.
			m = step(m, endMsg{of: s.stays[0]}, eventMsg{Type: room.Joined, At: begin, Who: &room.Participant{Identity: "ann"},
				Server: &room.Server{}, Allowed: &room.Allowed{}}, eventMsg{Type: room.Media, At: begin})
			if m.gone || m.state.phase != inside || len(m.state.people) != 1 {
				t.Errorf("phase %d, %d people", m.state.phase, len(m.state.people))
			}
			if view := m.View(); !strings.Contains(view, "microphone, muted") || !strings.Contains(view, "m unmute") || !strings.Contains(view, "bob says: hello") {
				t.Errorf("not as it was:\n%s", view)
			}
		})
	}
}

// TestTheScreenSaysWhatIsPublished checks that the screen shows what the stay publishes after
// each event. A reconnect or a moderator may have changed it since the last key.
func TestTheScreenSaysWhatIsPublished(t *testing.T) {
	f := newFake()
	m := step(drawn(t, testDeps(f), 80, 24), busyRoom()...)
	f.on[room.Tone] = true
	m = step(m, doneMsg{})
	for _, c := range []struct {
		on, muted bool
		want      []string
	}{
		{true, true, []string{"microphone, muted", "m unmute", "t tone off"}},
		{true, false, []string{"ann (you)       excellent  microphone\n", "m mute", "t tone off"}},
		{false, false, []string{"ann (you)       excellent  publishes nothing", "t tone ·"}},
	} {
		f.on[room.Tone], f.muted = c.on, c.muted
		m = step(m, eventMsg{Type: room.Reconnected, At: begin})
		for _, want := range c.want {
			if view := m.View(); !strings.Contains(view, want) {
				t.Errorf("%+v: no %q in\n%s", c, want, view)
			}
		}
	}
}

// TestAFailedJoinEndsTheScreen checks that a failed join ends the screen if the caller shows
// the diagnosis, and that no other end does.
func TestAFailedJoinEndsTheScreen(t *testing.T) {
	for name, c := range map[string]struct {
		end       tea.Msg
		diagnosis bool
		want      bool
	}{"failed": {notJoined(), true, true}, "nothing shows it": {notJoined(), false, false}, "thrown out": {thrownOut(), true, false}} {
		t.Run(name, func(t *testing.T) {
			deps := testDeps(newFake())
			deps.Explain, deps.Diagnosis = func(_ context.Context, e room.Event) room.Event { return e }, c.diagnosis
			m := step(drawn(t, deps, 80, 24), c.end)
			if !m.explaining {
				t.Fatal("not explained")
			}
			m = step(m, explainedMsg(c.end.(eventMsg)))
			if m.gone != c.want || m.explaining {
				t.Errorf("gone %v, explaining %v", m.gone, m.explaining)
			}
		})
	}
}

// TestLeavingAJoinThatFails checks that leaving during the join does not wait for Explain.
func TestLeavingAJoinThatFails(t *testing.T) {
	f := newFake()
	deps := testDeps(f)
	deps.Explain = func(context.Context, room.Event) room.Event { t.Error("explained"); return room.Event{} }
	m := step(drawn(t, deps, 80, 24), press("q"), notJoined(), endMsg{of: f})
	if !m.gone {
		t.Errorf("still there:\n%s", m.View())
	}
}

func TestMouse(t *testing.T) {
	f := newFake()
	m := step(drawn(t, testDeps(f), 80, 24), busyRoom()...)
	lines := strings.Split(m.View(), "\n")
	click := func(m model, hint string) (model, tea.Cmd) {
		for y, line := range strings.Split(m.View(), "\n") {
			if before, _, found := strings.Cut(line, hint); found && y > 18 {
				next, cmd := m.Update(tea.MouseMsg{X: ansi.StringWidth(before) + 1, Y: y, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress})
				return next.(model), cmd
			}
		}
		t.Fatalf("no %q in\n%s", hint, strings.Join(lines, "\n"))
		return m, nil
	}
	if _, cmd := click(m, "v video"); cmd == nil {
		t.Error("a click on a hint does nothing")
	} else if cmd(); !cmp.Equal(f.did(), []string{"publish pattern"}) {
		t.Errorf("asked %v", f.did())
	}
	if n, _ := click(m, "? help"); n.page != theHelp {
		t.Error("no help")
	}
	if n, _ := click(step(m, press("enter")), "esc back"); n.typing {
		t.Error("still typing")
	}
	wheel := func(b tea.MouseButton) tea.Msg { return tea.MouseMsg{Button: b, Action: tea.MouseActionPress} }
	n := step(m, wheel(tea.MouseButtonWheelUp))
	if n.scroll == 0 || step(n, wheel(tea.MouseButtonWheelDown)).scroll != 0 {
		t.Error("the wheel does not scroll")
	}
	if _, cmd := m.Update(tea.MouseMsg{X: 40, Y: 3, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress}); cmd != nil {
		t.Error("a click beyond the hints did something")
	}
}

// TestEveryKeyIsVisible checks that all keys of the footer fit into 80 columns.
func TestEveryKeyIsVisible(t *testing.T) {
	f := newFake()
	f.on[room.Tone] = true
	m := step(step(drawn(t, testDeps(f), 80, 24), busyRoom()...), doneMsg{}, press("pgup"))
	for name, c := range map[string]struct {
		m    model
		want []string
	}{
		"inside": {m, []string{"t tone off", "v video", "m mute", "enter message", "l link, QR code", "r reconnect", "R join anew", "c copy token", "PgUp scroll", "PgDn scroll", "? help", "q leave"}},
		"link":   {step(m, press("l")), []string{"c copy link", "o open in browser", "g QR code", "s show it whole", "esc back", "q leave"}},
		"over":   {step(m, thrownOut()), []string{"r join again", "PgUp scroll", "? help", "q quit"}},
		"typing": {step(m, press("d")), []string{"enter send to everybody", "esc back to the keys"}},
	} {
		for _, want := range c.want {
			if view := c.m.View(); !strings.Contains(view, want) {
				t.Errorf("%s: no %q in\n%s", name, want, view)
			}
		}
	}
}

// TestQRCode checks each module of the QR code, which is dark on light on any background.
func TestQRCode(t *testing.T) {
	for _, dark := range []bool{false, true} {
		deps := testDeps(newFake())
		deps.Dark = dark
		m := step(step(drawn(t, deps, 120, 60), busyRoom()...), press("l"), press("g"))
		code, err := qrcode.New(m.link, qrcode.Low)
		if err != nil {
			t.Fatal(err)
		}
		code.DisableBorder = true
		bits := code.Bitmap()
		var drawn [][]rune
		for _, line := range m.code {
			drawn = append(drawn, []rune(line))
		}
		for y := range bits {
			for x, want := range bits[y] {
				cell := drawn[(y+quiet)/2][x+quiet]
				got := cell == '█' || cell == '▀' && (y+quiet)%2 == 0 || cell == '▄' && (y+quiet)%2 == 1
				if got != (want != dark) {
					t.Fatalf("dark %v: module %d, %d", dark, x, y)
				}
			}
		}
		if !strings.Contains(m.View(), m.code[0]) || !strings.Contains(m.View(), "holds a token") {
			t.Error("the code is not shown with its warning")
		}
	}
}

// TestANoticeGoes checks that a notice disappears, except one about a pending action.
func TestANoticeGoes(t *testing.T) {
	deps := testDeps(newFake())
	now := begin
	deps.Now = func() time.Time { return now }
	m := step(step(drawn(t, deps, 80, 24), busyRoom()...), doneMsg{text: finding.Textf("Muted.")})
	now = now.Add(noticeTime / 2)
	if m = step(m, tickMsg{}); m.notice == "" {
		t.Error("gone at once")
	}
	now = now.Add(noticeTime)
	if m = step(m, tickMsg{}); m.notice != "" {
		t.Error("it stays")
	}
	m = step(m, press("t"))
	now = now.Add(2 * noticeTime)
	if m = step(m, tickMsg{}); m.notice == "" {
		t.Error("the server's answer is waited for, and that is not said")
	}
}

// crowd returns the events of a room with 2000 participants.
func crowd() []tea.Msg {
	msgs := busyRoom()
	for i := range 2000 {
		who := &room.Participant{Identity: fmt.Sprint("guest-", i), SID: fmt.Sprint("PA_", i)}
		msgs = append(msgs, eventMsg{Type: room.ParticipantJoined, At: begin, Who: who, Text: finding.Textf("%s joined", who.Identity)})
	}
	return append(msgs, carried())
}

// largeWindow returns a model of 200 columns and 60 rows with the crowd.
func largeWindow(tb testing.TB) model {
	tb.Helper()
	deps := testDeps(newFake())
	m := newModel(deps, newHost(tb.Context(), deps.Start))
	m.Init()
	return step(step(m, tea.WindowSizeMsg{Width: 200, Height: 60}), crowd()...)
}

// talkAndKey sends an event and a key to m, and draws a frame after each.
func talkAndKey(m model) model {
	talk := eventMsg{Type: room.Data, At: begin, Message: &room.Message{}, Text: finding.Textf("%s says: %s", "bob", strings.Repeat("你好，hello ", 30))}
	for _, msg := range []tea.Msg{talk, press("pgup")} {
		m = step(m, msg)
		_ = m.View()
	}
	return m
}

func BenchmarkKey(b *testing.B) {
	m := largeWindow(b)
	for b.Loop() {
		m = talkAndKey(m)
	}
}

// TestAKeyIsAnsweredWithinAFrame checks the median time in a large window and a full room:
// 16 ms, a frame at 60 Hz.
func TestAKeyIsAnsweredWithinAFrame(t *testing.T) {
	m := largeWindow(t)
	var took []time.Duration
	for range 50 {
		start := time.Now()
		m = talkAndKey(m)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	if median := took[len(took)/2]; median > 16*time.Millisecond {
		t.Errorf("a key takes %s", median)
	}
}

// TestRandomKeys sends random keys, window sizes and events. Each frame must fill the window,
// and no goroutine may remain.
func TestRandomKeys(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	random := rand.New(rand.NewPCG(1, 2))
	keys := []string{"t", "v", "m", "enter", "d", "l", "g", "s", "c", "o", "r", "R", "?", "esc", "pgup", "pgdown", "y", "n", "x", "宽", "\x1b[31m"}
	var s starts
	deps := testDeps(nil)
	deps.Start = s.start
	events := append(hostile(), thrownOut(), notJoined(), carried())
	m := drawn(t, deps, 80, 24)
	steps := 600
	if testing.Short() {
		steps = 100
	}
	for range steps {
		switch random.IntN(4) {
		case 0:
			m = step(m, events[random.IntN(len(events))])
		case 1:
			m = step(m, tea.WindowSizeMsg{Width: random.IntN(250), Height: random.IntN(80)})
		default:
			if m = step(m, press(keys[random.IntN(len(keys))])); m.gone {
				m = drawn(t, deps, 80, 24)
			}
			m.busy = random.IntN(2) == 0
		}
		if n := len(strings.Split(m.View(), "\n")); !m.gone && n != m.height {
			t.Fatalf("%d lines of %d", n, m.height)
		}
	}

	f := newFake()
	deps = testDeps(f)
	deps.Explain = func(ctx context.Context, e room.Event) room.Event { <-ctx.Done(); return e }
	in, typed := io.Pipe()
	go func() {
		for i, msg := range events[:len(events)-3] {
			f.events <- room.Event(msg.(eventMsg))
			_, _ = io.WriteString(typed, []string{"t", "m", "l", "\x1b", "dhello\r", "\x1b[5~", "r", "?"}[i%8])
		}
		f.events <- room.Event(notJoined().(eventMsg)) // Explain waits for the end of ctx
		_, _ = io.WriteString(typed, "\x03")
	}()
	if result, err := Run(t.Context(), deps, in, io.Discard); err != nil || !f.left || !result.Interrupted {
		t.Errorf("left %v, %+v, %v", f.left, result, err)
	}
	_ = typed.Close()
}
