package tui

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/i18n"
)

// fakeCatalogue is a catalogue of a few pages, so that the prose of the real one does not
// change the goldens.
func fakeCatalogue(code check.Code) (catalogue.Page, bool) {
	titles := map[check.Code]string{
		finding.EnvURLMissing: "LIVEKIT_URL is not set", finding.TicketExpired: "The ticket has expired",
		finding.TokenExpired: "The token has expired", finding.TokenTimeUnit: "A time in the token is in the wrong unit",
		finding.ServerDNS: "The LiveKit server's host name does not exist",
	}
	page, known := fakePage(code)
	if !known {
		page = catalogue.Page{Code: code, Title: titles[code], Means: "It means what it says.", Why: "1. It happens."}
	}
	page.Check, page.Owner = "token.time", finding.OwnerMaker
	page.Variants = []catalogue.Variant{
		{Name: "one", Title: "The first way", Fixes: opaqueToken().Fixes},
		{Name: catalogue.EveryVariant, Fixes: []finding.Fix{{Text: finding.Textf("Restart it."), Command: "systemctl restart {{unit|tickets}}"}}},
	}
	return page, known || titles[code] != ""
}

func catalogueDeps() Deps {
	deps, _ := testDeps()
	deps.Page = fakeCatalogue
	deps.Open = func(string) (string, error) { return "xdg-open", nil }
	deps.Mouse = true
	return deps
}

// TestHelpAndCatalogue compares help and catalogue with goldens in both languages, sizes
// and backgrounds, and checks that colours do not change the text.
func TestHelpAndCatalogue(t *testing.T) {
	screens := map[string][]tea.Msg{
		"keys":           {press("?")},
		"catalogue":      {press("C")},
		"catalogue_find": {press("/"), press("e"), press("x"), press("p")},
		"catalogue_page": {press("C"), press("enter")},
	}
	for name, keys := range screens {
		for _, size := range [][2]int{{80, 24}, {120, 40}} {
			for _, lang := range []string{"en", "zh"} {
				plain := catalogueDeps()
				plain.Translate = i18n.Translator(lang)
				want := step(ends(drawn(t, plain, size[0], size[1]), opaqueRun()), keys...).View()
				for _, dark := range []bool{true, false} {
					deps := catalogueDeps()
					deps.Translate = plain.Translate
					deps.Renderer = lipgloss.NewRenderer(io.Discard)
					deps.Renderer.SetColorProfile(termenv.ANSI256)
					deps.Dark = dark
					view := step(ends(drawn(t, deps, size[0], size[1]), opaqueRun()), keys...).View()
					golden(t, fmt.Sprintf("%s_%s_%s_%dx%d", name, lang, map[bool]string{true: "dark", false: "light"}[dark], size[0], size[1]),
						strings.ReplaceAll(view, "\x1b", "ESC"))
					if ansi.Strip(view) != want {
						t.Errorf("%s %s: the colours change the text", name, lang)
					}
				}
			}
		}
	}
}

// TestBackFromTheCatalogue checks that leaving the catalogue restores the screen before.
func TestBackFromTheCatalogue(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		for _, before := range [][]tea.Msg{nil, {press("up")}, {press("enter"), press("i"), press("down")}} {
			m := step(ends(drawn(t, catalogueDeps(), size[0], size[1]), opaqueRun()), before...)
			was := m.View()
			in := step(m, press("/"), press("e"), press("x"), press("p"), press("down"), press("enter"), press("end"))
			if !in.browser.reading {
				t.Fatalf("no page is open:\n%s", in.View())
			}
			list := step(in, press("esc"))
			if list.browser.reading || list.browser.filter != "exp" || list.browser.at != 1 {
				t.Errorf("back from the page: %+v", list.browser.filter)
			}
			if got := step(list, press("esc"), press("esc")).View(); got != was {
				t.Errorf("after %v another screen than before:\n%s", before, got)
			}
		}
	}
}

func TestTheCatalogueOpensAtTheFinding(t *testing.T) {
	m := step(ends(drawn(t, catalogueDeps(), 80, 24), opaqueRun()), press("C"))
	if page, _ := m.browser.selected(); page.Code != finding.TokenOpaque {
		t.Errorf("it opens at %s", page.Code)
	}
	m = step(m, press("/"), press("o"), press("p"), press("a"), press("esc"))
	if page, _ := m.browser.selected(); page.Code != finding.TokenOpaque || m.browser.filter != "" {
		t.Errorf("all again, at %s", page.Code)
	}
	m = step(m, press("/"), press("z"), press("z"))
	if !strings.Contains(m.View(), "No code, title or error text") {
		t.Errorf("nothing is found, and it is not said:\n%s", m.View())
	}
	step(m, press("enter"), press("up"), press("down"), press("end"), press("esc")) // there is nothing to act on
}

func TestTheFixOfAPageIsCopied(t *testing.T) {
	deps := catalogueDeps()
	var copied string
	deps.Copy = func(text string) (Copied, error) { copied = text; return Copied{By: "wl-copy", Sure: true}, nil }
	m := step(ends(drawn(t, deps, 80, 24), opaqueRun()), press("C"), press("3"))
	next, cmd := m.Update(press("y"))
	if m = step(next.(model), cmd()); copied != "jwt, err := at.ToJWT()\n" || !strings.Contains(m.View(), "On the clipboard") {
		t.Errorf("copied %q:\n%s", copied, m.View())
	}
}

// TestDocumentation checks that only a key opens the documentation, and that the screen
// shows the result.
func TestDocumentation(t *testing.T) {
	deps := catalogueDeps()
	var asked []string
	var fails error
	deps.Open = func(address string) (string, error) { asked = append(asked, address); return "xdg-open", fails }
	m := ends(drawn(t, deps, 80, 24), opaqueRun())
	for _, keys := range [][]tea.Msg{nil, {press("enter")}, {press("C")}, {press("C"), press("enter")}} {
		at := step(m, keys...)
		if asked != nil {
			t.Fatalf("opened %q without being asked to", asked)
		}
		next, cmd := at.Update(press("o"))
		at = step(next.(model), cmd())
		if len(asked) != 1 || !strings.Contains(at.View(), "Opened with xdg-open: "+asked[0]) {
			t.Errorf("after %v: %q:\n%s", keys, asked, at.View())
		}
		asked, fails = nil, fmt.Errorf("start xdg-open: not found\x1b[2J")
		next, cmd = at.Update(press("o"))
		if at = step(next.(model), cmd()); !strings.Contains(at.View(), "Not opened (start xdg-open: not found") {
			t.Errorf("after %v:\n%s", keys, at.View())
		}
		asked, fails = nil, nil
	}
	deps.Open = nil
	if m = ends(drawn(t, deps, 80, 24), opaqueRun()); slices.ContainsFunc(m.full(), func(a action) bool { return slices.Contains(a.Keys, "o") }) {
		t.Error("o is offered without what it needs")
	}
}

// TestLinks checks that only terminals with support for links get them, with the same text.
func TestLinks(t *testing.T) {
	for _, keys := range [][]tea.Msg{{press("enter"), press("i"), press("end")}, {press("C"), press("enter"), press("end")}} {
		deps := catalogueDeps()
		bare := step(ends(drawn(t, deps, 80, 24), opaqueRun()), keys...).View()
		deps.Links = true
		linked := step(ends(drawn(t, deps, 80, 24), opaqueRun()), keys...).View()
		address := "https://docs.livekit.io/frontends/authentication/tokens"
		if strings.Contains(bare, "\x1b]8;") || !strings.Contains(bare, address) {
			t.Errorf("without links:\n%q", bare)
		}
		if !strings.Contains(linked, "\x1b]8;;"+address) || ansi.Strip(linked) != bare {
			t.Errorf("with links:\n%q", linked)
		}
	}
}

// TestThePreviewNamesTheCases checks that the preview shows the case for each fix.
func TestThePreviewNamesTheCases(t *testing.T) {
	deps, _ := testDeps()
	deps.Page = catalogue.Lookup
	m := step(ends(drawn(t, deps, 120, 60), opaqueRun()), press("C"))
	page, _ := catalogue.Lookup(finding.TokenOpaque)
	view := strings.Join(strings.Fields(strings.ReplaceAll(m.View(), "│", " ")), " ")
	if len(page.Variants) < 2 || !strings.Contains(view, strings.Fields(page.Variants[0].Title)[0]+" "+strings.Fields(page.Variants[0].Title)[1]) {
		t.Errorf("%q is missing:\n%s", page.Variants[0].Title, m.View())
	}
}

// TestAFilterWithoutHitsNamesTheWayOut checks that the footer shows the keys that leave.
func TestAFilterWithoutHitsNamesTheWayOut(t *testing.T) {
	deps, _ := testDeps()
	deps.Page = catalogue.Lookup
	m := step(ends(drawn(t, deps, 80, 24), opaqueRun()), press("/"), paste("nosuchword"))
	for _, key := range []string{"esc show all again", "ctrl+c interrupt"} {
		if !strings.Contains(m.View(), key) {
			t.Errorf("%q is missing:\n%s", key, m.View())
		}
	}
}
