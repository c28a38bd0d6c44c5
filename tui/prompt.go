package tui

import (
	"strings"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/wrap"
	"lkdoctor/config/clean"
)

// asking is what the prompt wants to know.
type asking int

const (
	nothing       asking = iota
	aTicket              // a ticket to run with
	aFreshTicket         // a ticket for a re-run, because the last one is spent
	aTokenToCheck        // a token, which is never shown
	aYes                 // whether the ticket that is there may be spent
)

// prompt asks for one line. The input serves as the editor only: what is shown
// is decided here.
type prompt struct {
	asks  asking
	from  check.Stage // where the run is to start afterwards
	input textinput.Model
}

// newPrompt is an empty prompt.
func newPrompt(asks asking, from check.Stage) prompt {
	input := textinput.New()
	// The input's own paste runs a clipboard program; the terminal's paste
	// comes as a key message.
	input.KeyMap.Paste = key.NewBinding(key.WithDisabled())
	input.Focus()
	return prompt{asks: asks, from: from, input: input}
}

func (p prompt) isOpen() bool { return p.asks != nothing }

// typed is the prompt after a key. Characters that a terminal would act upon
// are dropped, line breaks of a paste become spaces.
func (p prompt) typed(msg tea.KeyMsg) prompt {
	if msg.Type == tea.KeyRunes || msg.Type == tea.KeySpace {
		runes := make([]rune, 0, len(msg.Runes))
		for _, r := range msg.Runes {
			switch one := string(r); {
			case r == '\n' || r == '\r' || r == '\t':
				runes = append(runes, ' ')
			case clean.Line(one, 1) == one:
				runes = append(runes, r)
			}
		}
		msg.Runes = runes
	}
	p.input, _ = p.input.Update(msg)
	return p
}

func (p prompt) value() string { return strings.TrimSpace(p.input.Value()) }

// promptLines are the question, the answer so far, and what the keys do.
func (m model) promptLines(width int) []string {
	var why, name, shown, keys string
	switch m.prompt.asks {
	case aFreshTicket:
		why = m.sayf("The last run spent its ticket, and a ticket works once. Paste a fresh one.")
		keys = m.sayf("enter run with it · empty: run without a ticket · esc cancel")
	case aTicket:
		why = m.sayf("This ticket will be consumed: it is traded for a token, once.")
		keys = m.sayf("enter run with it · esc cancel")
	case aTokenToCheck:
		why = m.sayf("Paste a token, or what holds one (Bearer …, a wss:// address, a JSON answer). It is not shown.")
		keys = m.sayf("enter check it · esc cancel")
	case aYes:
		return append(m.wrapTo(m.sayf("This run trades the ticket for a token, and a ticket works once."), width, 2),
			m.styles.subtle.Render(m.fit(m.sayf("enter spend it · esc cancel"), width)))
	}
	if m.prompt.asks == aTokenToCheck {
		name = m.sayf("Token:")
		shown = m.masked(m.prompt.value(), max(0, width-wrap.Width(name)-24))
	} else {
		name = m.sayf("Ticket:")
		room := max(1, width-wrap.Width(name)-3)
		shown = tailFit(m.plain(m.prompt.input.Value()), room, m.ellipsis()) + m.marks.block
	}
	lines := m.wrapTo(why, width, 2)
	lines = append(lines, m.styles.key.Render(name)+" "+shown)
	for _, line := range m.wrapTo(keys, width, 2) {
		lines = append(lines, m.styles.subtle.Render(line))
	}
	return lines
}

// masked shows how much was entered, and nothing of it.
func (m model) masked(value string, width int) string {
	n := len([]rune(value))
	if n == 0 {
		return m.marks.block
	}
	dots := strings.Repeat(m.marks.bullet, min(n, max(width, 1), 24))
	return dots + " " + m.sayf("%d characters", n) + m.marks.block
}

// tailFit cuts text from the left, where a long input has been read already.
func tailFit(text string, width int, mark string) string {
	if over := wrap.Width(text) - width; over > 0 {
		return ansi.TruncateLeft(text, over+wrap.Width(mark), mark)
	}
	return text
}

// answered is the model after enter: it runs with what was entered.
func (m model) answered() (model, tea.Cmd) {
	p, value := m.prompt, m.prompt.value()
	m.prompt = prompt{}
	switch {
	case p.asks == aYes:
		return m.launched(Change{Ticket: m.ticket, From: p.from})
	case p.asks == aTokenToCheck && value != "":
		return m.checksPaste(value)
	case p.asks == aFreshTicket && value == "":
		return m.launched(Change{NoTicket: true, From: p.from})
	case value != "":
		m.ticket, m.token, m.address, m.spent = value, "", "", false
		return m.launched(Change{Ticket: value, From: p.from})
	}
	m.notice = m.sayf("Nothing was entered.")
	return m, nil
}

// checksPaste runs with what was pasted: a token, else the server that it names.
// An error text that is known leads to the page about it.
func (m model) checksPaste(value string) (model, tea.Cmd) {
	paste := answer.Pasted(value)
	if !paste.Token.Empty() || paste.Answer != nil {
		m.token, m.address = value, ""
		return m.launched(Change{Token: value})
	}
	if paste.URL != "" {
		m.token, m.address = "", paste.URL
		return m.launched(Change{Address: paste.URL})
	}
	if found := catalogue.FindText(value); len(found) > 0 {
		m = m.browses()
		m.browser = m.browser.filtered(found[0].Text)
		return m, nil
	}
	m.token, m.address = value, ""
	return m.launched(Change{Token: value})
}

// again re-runs with what was entered last, from a stage on. A spent ticket is
// never used again: where one would be needed, it is asked for. One that is not
// spent is spent only after a yes.
func (m model) again(from check.Stage) (model, tea.Cmd) {
	if from == check.StageEnv {
		from = ""
	}
	pastTicket := from != "" && before(check.StageTicket, from)
	switch {
	case m.address != "":
		return m.launched(Change{Address: m.address})
	case m.token != "":
		return m.launched(Change{Token: m.token, From: from})
	case m.spent && pastTicket:
		return m.launched(Change{NoTicket: true, From: from})
	case m.spent:
		m.prompt = newPrompt(aFreshTicket, from)
		return m, nil
	case !pastTicket && m.hasTicket():
		m.prompt = newPrompt(aYes, from)
		return m, nil
	}
	return m.launched(Change{Ticket: m.ticket, From: from})
}

// hasTicket reports whether a re-run would spend a ticket.
func (m model) hasTicket() bool {
	return m.ticket != "" || m.run != nil && m.run.Target.TokenSource == check.SourceTicket
}
