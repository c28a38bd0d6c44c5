package tui

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/i18n"
	"lkdoctor/checks/wrap"
	"lkdoctor/tui/term"
)

// midway returns a screen during a run: two stages have ended, and a third has waited for
// four seconds.
func midway(t *testing.T, deps Deps, width, height int) model {
	c := newClock()
	deps.Now = c.read
	m := drawn(t, deps, width, height)
	for _, r := range opaqueRun().Results[:5] {
		m = step(m,
			eventMsg{Kind: check.CheckStarted, ID: r.Check.ID},
			eventMsg{Kind: check.CheckEnded, ID: r.Check.ID, Result: r})
	}
	m = step(m,
		eventMsg{Kind: check.CheckStarted, ID: "join.reach"},
		eventMsg{Kind: check.CheckWaiting, ID: "join.reach", Text: finding.Textf("waiting for 10.0.0.8:7880 to answer a TCP SYN")})
	c.now = c.now.Add(4 * time.Second)
	return step(m, eventMsg{Kind: check.CheckStarted, ID: "fallback.mint"})
}

func TestScreens(t *testing.T) {
	screens := map[string]func(t *testing.T, deps Deps, width, height int) model{
		"first":   func(t *testing.T, d Deps, w, h int) model { return drawn(t, d, w, h) },
		"running": midway,
		"failed":  func(t *testing.T, d Deps, w, h int) model { return ends(drawn(t, d, w, h), opaqueRun()) },
		"details": func(t *testing.T, d Deps, w, h int) model {
			return step(ends(drawn(t, d, w, h), opaqueRun()), press("enter"))
		},
		"details_scrolled": func(t *testing.T, d Deps, w, h int) model {
			return step(ends(drawn(t, d, w, h), opaqueRun()), press("enter"), press("2"), press("end"))
		},
		"good": func(t *testing.T, d Deps, w, h int) model { return ends(drawn(t, d, w, h), goodRun()) },
		"help": func(t *testing.T, d Deps, w, h int) model {
			return step(ends(drawn(t, d, w, h), opaqueRun()), press("?"))
		},
		"ticket_prompt": func(t *testing.T, d Deps, w, h int) model {
			return step(ends(drawn(t, d, w, h), opaqueRun()), press("r"), paste("tkt_e26d1c"))
		},
		"token_prompt": func(t *testing.T, d Deps, w, h int) model {
			return step(ends(drawn(t, d, w, h), opaqueRun()), press("p"), paste("eyJhbGciOiJIUzI1NiJ9.e30.c2ln"))
		},
		"stopping": func(t *testing.T, d Deps, w, h int) model { return step(midway(t, d, w, h), press("ctrl+c")) },
	}
	for name, build := range screens {
		for _, size := range [][2]int{{80, 24}, {120, 40}, {60, 20}} {
			full := fmt.Sprintf("%s_%dx%d", name, size[0], size[1])
			t.Run(full, func(t *testing.T) {
				deps, _ := testDeps()
				golden(t, full, build(t, deps, size[0], size[1]).View())
			})
		}
	}
}

func TestSmallWindows(t *testing.T) {
	for _, size := range [][2]int{{10, 3}, {40, 12}, {80, 8}} {
		name := fmt.Sprintf("tiny_%dx%d", size[0], size[1])
		t.Run(name, func(t *testing.T) {
			deps, _ := testDeps()
			golden(t, name, ends(drawn(t, deps, size[0], size[1]), opaqueRun()).View())
		})
	}
}

func TestColours(t *testing.T) {
	for _, dark := range []bool{true, false} {
		for _, size := range [][2]int{{80, 24}, {120, 40}} {
			name := fmt.Sprintf("colours_%s_%dx%d", map[bool]string{true: "dark", false: "light"}[dark], size[0], size[1])
			t.Run(name, func(t *testing.T) {
				deps, _ := testDeps()
				deps.Renderer = lipgloss.NewRenderer(io.Discard)
				deps.Renderer.SetColorProfile(termenv.ANSI256)
				deps.Dark = dark
				plain, _ := testDeps()
				coloured := ends(drawn(t, deps, size[0], size[1]), opaqueRun())
				bare := ends(drawn(t, plain, size[0], size[1]), opaqueRun())
				golden(t, name, strings.ReplaceAll(coloured.View(), "\x1b", "ESC"))
				for _, keys := range [][]tea.Msg{nil, {press("enter")}, {press("e")}, {press("?")}, {press("p")}} {
					if ansi.Strip(step(coloured, keys...).View()) != step(bare, keys...).View() {
						t.Errorf("the colours change the text after %v", keys)
					}
				}
			})
		}
	}
}

func TestASCIIOnly(t *testing.T) {
	deps, _ := testDeps()
	deps.ASCII = true
	m := ends(drawn(t, deps, 80, 24), opaqueRun())
	for name, m := range map[string]model{
		"ascii": m, "ascii_details": step(m, press("enter")), "ascii_token": step(m, press("p"), paste("secret")),
	} {
		view := m.View()
		golden(t, name, view)
		if i := strings.IndexFunc(view, func(r rune) bool { return r > 0x7e || r < 0x20 && r != '\n' }); i >= 0 {
			t.Errorf("%s: not ASCII: %q", name, view[i:min(len(view), i+20)])
		}
	}
}

func TestChinese(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		for name, keys := range map[string][]tea.Msg{
			"failed": nil, "details": {press("enter")}, "help": {press("?")}, "ticket_prompt": {press("r")},
		} {
			deps, _ := testDeps()
			deps.Translate = i18n.Translator("zh")
			m := step(ends(drawn(t, deps, size[0], size[1]), opaqueRun()), keys...)
			golden(t, fmt.Sprintf("chinese_%s_%dx%d", name, size[0], size[1]), m.View())
		}
	}
}

// hostileRun returns a run with control characters and long, wide texts.
func hostileRun() check.Run {
	run := opaqueRun()
	f := finding.New(finding.TokenOpaque, finding.Fail, "%s", "\x1b[2J\x1b]0;owned\a令牌令牌🚀\u202egnp\x9b31m"+strings.Repeat("x", 300))
	f = f.With("bad\x1bname", "\x1b[31mred\r\n").With(strings.Repeat("k", 90), strings.Repeat("宽", 200)).With("nothing", nil)
	run.Results[4].Findings = []check.Finding{f, opaqueToken()}
	run.Results[1].Outcome.Text = finding.Textf("%s", strings.Repeat("宽字", 60)+"\x1b[0m")
	run.Diagnosis.Summary = finding.Textf("%s", "\x1b[?25h"+strings.Repeat("word ", 80))
	run.Diagnosis.NextSteps = []check.Fix{{Text: finding.Textf("do\nthis"), Command: "rm\x1b[8m -rf " + strings.Repeat("y", 200)}}
	return run
}

func TestNoLineLeavesTheWindow(t *testing.T) {
	deps, _ := testDeps()
	deps.Title = Header{URL: "wss://\x1b[5m" + strings.Repeat("long.", 60), Source: "宽.env"}
	hostile := ends(drawn(t, deps, 80, 24), hostileRun())
	states := map[string]model{
		"first":    drawn(t, deps, 80, 24),
		"running":  midway(t, deps, 80, 24),
		"hostile":  hostile,
		"details":  step(hostile, press("enter")),
		"next":     step(hostile, press("enter"), press("n"), press("end")),
		"help":     step(hostile, press("?")),
		"ticket":   step(hostile, press("r"), paste(strings.Repeat("宽", 150))),
		"token":    step(hostile, press("p"), paste(strings.Repeat("t", 5000))),
		"stopping": step(midway(t, deps, 80, 24), press("q")),
		"good":     ends(drawn(t, deps, 80, 24), goodRun()),
		"broken":   step(drawn(t, deps, 80, 24), endMsg{err: term.Panicked("the run", strings.Repeat("no ", 100))}),
	}
	heights, sample := []int{1, 2, 3, 5, 7, 10, 14, 15, 16, 20, 24, 33, 60}, 1
	if testing.Short() {
		heights, sample = []int{1, 15, 24}, 5
	}
	for name, m := range states {
		for width := 1; width <= 200; width += sample {
			if width > 20 && width%7 != 0 && (width < 58 || width > 62) && (width < 108 || width > 112) {
				continue
			}
			for _, height := range heights {
				m = resized(m, width, height)
				lines := strings.Split(m.View(), "\n")
				if len(lines) != height {
					t.Fatalf("%s at %dx%d: %d lines", name, width, height, len(lines))
				}
				for _, line := range lines {
					if w := wrap.Width(line); w > width {
						t.Fatalf("%s at %dx%d: %d columns: %q", name, width, height, w, line)
					}
					if i := strings.IndexFunc(line, func(r rune) bool { return r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e }); i >= 0 {
						t.Fatalf("%s at %dx%d: control character in %q", name, width, height, line)
					}
				}
			}
		}
	}
}

// TestAnyKeysLeaveAWholeScreen presses every key once and then random ones. Each frame must
// fill the window.
func TestAnyKeysLeaveAWholeScreen(t *testing.T) {
	names := []string{
		"up", "down", "left", "right", "enter", "esc", "tab", "pgup", "pgdown", "home", "end", " ", "/", "?", "[", "]",
		"1", "2", "3", "b", "c", "e", "f", "g", "G", "h", "i", "j", "k", "l", "n", "p", "r", "R", "s", "S", "t", "v", "w", "y", "x",
	}
	deps, _ := testDeps()
	deps.Start = func(context.Context, Change, func(check.Event)) check.Run { return goodRun() }
	m := ends(drawn(t, deps, 80, 24), opaqueRun())
	random := rand.New(rand.NewPCG(1, 2))
	steps := 1500
	if testing.Short() {
		steps = 5 * len(names)
	}
	for i := range steps {
		name := names[random.IntN(len(names))]
		if i < len(names) {
			name = names[i]
		}
		m = step(m, press(name))
		if m.running && random.IntN(3) == 0 {
			m = ends(m, []check.Run{goodRun(), opaqueRun(), hostileRun()}[random.IntN(3)])
		}
		if random.IntN(20) == 0 {
			m = resized(m, 1+random.IntN(160), 1+random.IntN(50))
		}
		lines := strings.Split(m.View(), "\n")
		if len(lines) != m.height {
			t.Fatalf("after %s (%d): %d lines of %d", name, i, len(lines), m.height)
		}
		for _, line := range lines {
			if w := wrap.Width(line); w > m.width {
				t.Fatalf("after %s (%d) at %dx%d: %d columns: %q", name, i, m.width, m.height, w, line)
			}
		}
	}
}

func TestRowsDoNotMoveWhileARunGoesOn(t *testing.T) {
	deps, _ := testDeps()
	first, later := drawn(t, deps, 80, 24), midway(t, deps, 80, 24)
	for _, name := range []string{"Environment", "Ticket service", "Token", "Signature", "Live join", "Local dev token"} {
		if a, b := lineOf(first, name), lineOf(later, name); a < 0 || a != b {
			t.Errorf("%s moved from line %d to %d", name, a, b)
		}
	}
}

func lineOf(m model, name string) int {
	for i, line := range strings.Split(m.View(), "\n") {
		if strings.Contains(line, " "+name) {
			return i
		}
	}
	return -1
}
