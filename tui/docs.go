package tui

import (
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"lkdoctor/config/clean"
)

// openedMsg is the result of opening an address.
type openedMsg struct {
	address, by string
	err         error
}

// docs returns the address of LiveKit's documentation for what is shown, or "".
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

// opening returns the command that opens the documentation in the browser.
func (m model) opening() tea.Cmd {
	show, address := m.deps.Open, m.docs()
	return func() tea.Msg {
		by, err := show(address)
		return openedMsg{address: address, by: by, err: err}
	}
}

// opened returns the notice after an attempt to open an address, with the address.
func (m model) opened(msg openedMsg) string {
	if msg.err != nil {
		return m.Sayf("Not opened (%s): %s", clean.Line(msg.err.Error(), 200), msg.address)
	}
	return m.Sayf("Opened with %s: %s", clean.Line(msg.by, 40), msg.address)
}

// link returns text as a link to address, if the terminal supports links.
func (m model) link(address, text string) string {
	if !m.deps.Links {
		return text
	}
	return ansi.SetHyperlink(address) + text + ansi.ResetHyperlink()
}

// documentation adds the address of LiveKit's documentation.
func (p *page) documentation(address string) {
	if address == "" {
		return
	}
	p.heading(p.Sayf("LiveKit's documentation"))
	p.add("  " + p.styles.Key.Render(p.link(address, p.Fit(p.Plain(address), p.width-2))))
}
