package tui

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// clickOn returns a click on the first occurrence of text on the screen.
func clickOn(t *testing.T, m model, text string) tea.MouseMsg {
	t.Helper()
	for y, line := range strings.Split(ansi.Strip(m.View()), "\n") {
		if before, _, found := strings.Cut(line, text); found {
			return tea.MouseMsg{X: ansi.StringWidth(before), Y: y, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress}
		}
	}
	t.Fatalf("%q is not on the screen:\n%s", text, m.View())
	return tea.MouseMsg{}
}

func clicked(t *testing.T, m model, text string) model {
	t.Helper()
	return step(m, clickOn(t, m, text))
}

func wheel(button tea.MouseButton, x, y int) tea.MouseMsg {
	return tea.MouseMsg{X: x, Y: y, Button: button, Action: tea.MouseActionPress}
}

// TestClicks checks that a click has the effect of the key.
func TestClicks(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		m := ends(drawn(t, catalogueDeps(), size[0], size[1]), opaqueRun())
		row := clicked(t, m, "Signature")
		if got, _ := row.row(); got.Stage != check.StageSignature || row.open {
			t.Errorf("a click on a row selects %s, open %v", got.Stage, row.open)
		}
		if row = clicked(t, row, "Signature"); !row.open {
			t.Error("a click on the selected row does not open it")
		}
		page := step(m, press("enter"))
		for text, want := range map[string]tab{"e Evidence": tabEvidence, "i Why": tabWhy, "v Confirm": tabConfirm} {
			if got := clicked(t, page, text); got.shownTab() != want {
				t.Errorf("a click on %s shows tab %d", text, got.shownTab())
			}
		}
		if got := clicked(t, page, "3 Go"); got.language != 2 {
			t.Errorf("a click on a language chooses %d", got.language)
		}
		if got := clicked(t, page, "esc back"); got.open {
			t.Error("a click on a key of the footer does nothing")
		}
		if got := clicked(t, m, "? all keys"); !got.menu.open {
			t.Error("a click on ? opens no help")
		} else if got = clicked(t, got, "paste a token"); got.prompt.asks != aTokenToCheck || got.menu.open {
			t.Error("a click on a line of the help does not run it")
		}
		list := step(m, press("C"))
		list = clicked(t, list, "TOKEN_EXPIRED")
		if got, _ := list.browser.selected(); got.Code != finding.TokenExpired || list.browser.reading {
			t.Errorf("a click in the catalogue selects %s, reading %v", got.Code, list.browser.reading)
		}
		if list = clicked(t, list, "▸ TOKEN_EXPIRED"); !list.browser.reading {
			t.Error("a click on the selected code does not open it")
		}
		// Clicks during a prompt have no effect.
		asking := step(m, press("p"))
		for x := -1; x <= size[0]; x += 9 {
			for y := -1; y <= size[1]; y++ {
				if got := step(asking, wheel(tea.MouseButtonLeft, x, y)); !got.prompt.isOpen() || got.selected != asking.selected {
					t.Fatalf("a click at %d,%d goes through the prompt", x, y)
				}
			}
		}
	}
}

// TestClickOnAChoice checks a click on the screen of a run without settings.
func TestClickOnAChoice(t *testing.T) {
	deps, asked := beginDeps()
	m := clicked(t, ends(drawn(t, deps, 80, 24), nothingRun()), "lk project demo")
	if got := <-asked; got.Server.Project != "demo" || !m.running {
		t.Errorf("%+v", got)
	}
	m.session.interrupt()
}

// TestTheMouseComesBack checks that the mouse is enabled again after another program had
// the terminal.
func TestTheMouseComesBack(t *testing.T) {
	for _, mouse := range []bool{true, false} {
		deps := catalogueDeps()
		deps.Mouse = mouse
		for _, msg := range []tea.Msg{joinedMsg(""), tea.ResumeMsg{}} {
			if _, cmd := ends(drawn(t, deps, 80, 24), opaqueRun()).Update(msg); (cmd != nil) != mouse {
				t.Errorf("mouse %v, after %T: a command: %v", mouse, msg, cmd != nil)
			}
		}
	}
}

func TestWheel(t *testing.T) {
	m := ends(drawn(t, catalogueDeps(), 80, 24), opaqueRun())
	down, up := wheel(tea.MouseButtonWheelDown, 5, 10), wheel(tea.MouseButtonWheelUp, 5, 10)
	if got := step(m, down); got.selected != m.selected+1 || step(got, up).selected != m.selected {
		t.Errorf("the wheel on the rows: from %d to %d", m.selected, got.selected)
	}
	page := laid(resized(step(m, press("enter")), 60, 15))
	if got := step(page, down); got.pane.YOffset != min(wheelLines, page.pane.TotalLineCount()-page.pane.Height) || step(got, up).pane.YOffset != 0 {
		t.Errorf("the wheel on a page scrolls to line %d", got.pane.YOffset)
	}
	if got := step(m, press("?"), down); got.menu.at != 1 {
		t.Errorf("the wheel in the help selects %d", got.menu.at)
	}
	if got := step(m, press("C"), press("home"), down); got.browser.at != 1 {
		t.Errorf("the wheel in the catalogue selects %d", got.browser.at)
	}
	reading := resized(step(m, press("C"), press("enter")), 60, 15)
	if got := step(reading, down); got.browser.pane.YOffset != wheelLines {
		t.Errorf("the wheel on a page of the catalogue scrolls to line %d", got.browser.pane.YOffset)
	}
	wide := laid(resized(m, 120, 20))
	right := wheel(tea.MouseButtonWheelDown, 100, 15)
	if got := step(wide, right); got.selected != wide.selected || got.pane.YOffset == 0 && wide.pane.TotalLineCount() > wide.pane.Height {
		t.Errorf("the wheel on the right pane: row %d, line %d", got.selected, got.pane.YOffset)
	}
}

// TestZonesStayInside checks that the marks for clickable text are not drawn.
func TestZonesStayInside(t *testing.T) {
	for _, size := range [][2]int{{60, 15}, {80, 24}, {120, 40}} {
		for name, m := range screensByName(t, size[0], size[1]) {
			for _, m := range []model{m, step(m, press("?"))} {
				if view := m.View(); strings.Contains(view, "7001") || strings.Contains(view, "\a") {
					t.Errorf("%s at %dx%d: a mark is drawn:\n%q", name, size[0], size[1], view)
				}
			}
		}
	}
}

// A player runs a model as Bubble Tea does, with each command in a goroutine, but continues
// after the model quits.
type player struct {
	m       model
	ctx     context.Context
	msgs    chan tea.Msg
	running sync.WaitGroup
}

func (p *player) does(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	p.running.Go(func() {
		switch msg := cmd().(type) {
		case nil, tea.QuitMsg:
		case tea.BatchMsg:
			for _, cmd := range msg {
				p.does(cmd)
			}
		default:
			select {
			case p.msgs <- msg:
			case <-p.ctx.Done():
			}
		}
	})
}

func (p *player) gets(msg tea.Msg) {
	next, cmd := p.m.Update(msg)
	p.m = next.(model)
	p.m.gone, p.m.left = false, false
	p.does(cmd)
}

// TestStorm sends random keys, clicks, wheel events and window sizes for two seconds while
// runs begin and end. Nothing may panic, each frame must fill the window, and TestMain checks
// that no goroutine remains.
func TestStorm(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var starts sync.WaitGroup
	deps := catalogueDeps()
	deps.Copy = func(string) (Copied, error) { return Copied{}, errors.New("no clipboard") }
	deps.Confirm = func(c catalogue.Confirm) func() (string, error) { return func() (string, error) { return "0", nil } }
	runs := []check.Run{opaqueRun(), goodRun(), hostileRun()}
	deps.Start = func(ctx context.Context, change Change, observe func(check.Event)) check.Run {
		starts.Add(1)
		defer starts.Done()
		run := runs[len(change.Token+change.Ticket)%len(runs)]
		for _, r := range run.Results {
			if ctx.Err() != nil {
				break
			}
			observe(check.Event{Kind: check.CheckStarted, ID: r.Check.ID})
			observe(check.Event{Kind: check.CheckEnded, ID: r.Check.ID, Result: r})
		}
		return run
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := newSession(ctx, deps.Start)
	p := &player{m: newModel(deps.withDefaults(), s), ctx: ctx, msgs: make(chan tea.Msg)}
	p.m.feed, p.m.running = s.launch(Change{}, true), true
	p.does(p.m.Init())
	names := make([]string, 0, 140)
	keys := everyKey()
	for name := range keys {
		names = append(names, name)
	}
	slices.Sort(names)
	buttons := []tea.MouseButton{tea.MouseButtonLeft, tea.MouseButtonLeft, tea.MouseButtonWheelUp, tea.MouseButtonWheelDown, tea.MouseButtonRight}
	end, pressed := time.Now().Add(2*time.Second), 0
	for ; time.Now().Before(end); pressed++ {
		select {
		case msg := <-p.msgs:
			p.gets(msg)
		default:
		}
		switch n := random.IntN(20); {
		case n == 0:
			p.gets(tea.WindowSizeMsg{Width: random.IntN(200), Height: random.IntN(60)})
		case n == 1:
			p.gets(paste("wss://x.example\x1b[2J?access_token=宽\n"))
		case n < 6:
			p.gets(tea.MouseMsg{X: random.IntN(210) - 5, Y: random.IntN(70) - 5, Button: buttons[random.IntN(len(buttons))], Action: tea.MouseAction(random.IntN(3))})
		default:
			name := names[random.IntN(len(names))]
			if name == "ctrl+z" || name == "J" {
				continue // would release the terminal
			}
			p.gets(keys[name])
		}
		if lines := strings.Split(p.m.View(), "\n"); len(lines) != p.m.height {
			t.Fatalf("%d lines in a window of %d:\n%s", len(lines), p.m.height, p.m.View())
		}
	}
	_, _ = s.close()
	cancel()
	p.running.Wait()
	starts.Wait()
	if pressed < 100 {
		t.Errorf("only %d messages in two seconds", pressed)
	}
	t.Logf("%d messages", pressed)
}
