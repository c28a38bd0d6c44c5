package tui

import (
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"lkdoctor/config/clean"
)

// openedMsg tells how opening an address went.
type openedMsg struct {
	address, by string
	err         error
}

// docs is the address of LiveKit's documentation of what is shown, "" where there
// is none.
func (m model) docs() string {
	if m.browser.open {
		page, _ := m.browser.selected()
		return page.Docs()
	}
	l, found := m.current()
	if !found {
		return ""
	}
	page, _ := m.deps.Page(l.Finding.Code)
	return page.Docs()
}

// opening is the command that opens the documentation in the browser.
func (m model) opening() tea.Cmd {
	show, address := m.deps.Open, m.docs()
	return func() tea.Msg {
		by, err := show(address)
		return openedMsg{address: address, by: by, err: err}
	}
}

// opened tells what is known of an address that was to be opened, and the address.
func (m model) opened(msg openedMsg) string {
	if msg.err != nil {
		return m.Sayf("Not opened (%s): %s", clean.Line(msg.err.Error(), 200), msg.address)
	}
	return m.Sayf("Opened with %s: %s", clean.Line(msg.by, 40), msg.address)
}

// link is text that leads to an address where the terminal takes links.
func (m model) link(address, text string) string {
	if !m.deps.Links {
		return text
	}
	return ansi.SetHyperlink(address) + text + ansi.ResetHyperlink()
}

// documentation adds the address of LiveKit's documentation to a page.
func (p *page) documentation(address string) {
	if address == "" {
		return
	}
	p.heading(p.Sayf("LiveKit's documentation"))
	p.add("  " + p.styles.Key.Render(p.link(address, p.Fit(p.Plain(address), p.width-2))))
}
