package tui

import (
	"strings"

	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/wrap"
	"lkdoctor/config/clean"
	"lkdoctor/tui/term"
)

// asking is the kind of a prompt's question.
type asking int

const (
	nothing       asking = iota
	aTicket              // a ticket to run with
	aFreshTicket         // a ticket for a re-run; the last one is consumed
	aTokenToCheck        // a token, which is never shown
	aYes                 // whether the configured ticket may be consumed
)

// prompt asks for one line. The input is its editor; promptLines decides what of the
// text is shown.
type prompt struct {
	asks  asking
	from  check.Stage // the first stage of the run after the answer
	input textinput.Model
	// pasted is what the last paste put into the empty prompt.
	pasted string
}

func newPrompt(asks asking, from check.Stage) prompt {
	return prompt{asks: asks, from: from, input: term.NewInput()}
}

func (p prompt) isOpen() bool { return p.asks != nothing }

// typed returns the prompt after a key. A paste replaces the one before it.
func (p prompt) typed(msg tea.KeyMsg) prompt {
	if term.IsText(msg) {
		msg = term.Typed(msg)
	}
	if msg.Paste && p.input.Value() == p.pasted {
		p.input.SetValue("")
		p.input, _ = p.input.Update(msg)
		p.pasted = p.input.Value()
		return p
	}
	p.input, _ = p.input.Update(msg)
	return p
}

func (p prompt) value() string { return strings.TrimSpace(p.input.Value()) }

func (m model) promptLines(width int) []string {
	var why, name, shown, keys string
	switch m.prompt.asks {
	case aFreshTicket:
		why = m.Sayf("The last run spent its ticket, and a ticket works once. Paste a fresh one.")
		keys = m.Sayf("enter run with it · empty: run without a ticket · esc cancel")
	case aTicket:
		why = m.Sayf("This ticket will be consumed: it is traded for a token, once.")
		keys = m.Sayf("enter run with it · esc cancel")
	case aTokenToCheck:
		why = m.Sayf("Paste a token, or what holds one (Bearer …, a wss:// address, a JSON answer). It is not shown.")
		keys = m.Sayf("enter check it · esc cancel")
	case aYes:
		return append(m.WrapTo(m.Sayf("This run trades the ticket for a token, and a ticket works once."), width, 2),
			m.Styles.Subtle.Render(m.Fit(m.Sayf("enter spend it · esc cancel"), width)))
	}
	if m.prompt.asks == aTokenToCheck {
		name = m.Sayf("Token:")
		shown = m.masked(m.prompt.value(), max(0, width-wrap.Width(name)-24))
	} else {
		name = m.Sayf("Ticket:")
		space := max(1, width-wrap.Width(name)-3)
		shown = m.Tail(m.Plain(m.prompt.input.Value()), space) + m.Marks.Block
	}
	lines := m.WrapTo(why, width, 2)
	lines = append(lines, m.Styles.Key.Render(name)+" "+shown)
	return append(lines, term.Styled(m.Styles.Subtle, m.WrapTo(keys, width, 2))...)
}

// masked shows the length of a value and none of its characters.
func (m model) masked(value string, width int) string {
	n := len([]rune(value))
	if n == 0 {
		return m.Marks.Block
	}
	dots := strings.Repeat(m.Marks.Bullet, min(n, max(width, 1), 24))
	return dots + " " + m.Sayf("%d characters", n) + m.Marks.Block
}

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
	m.notice = m.Sayf("Nothing was entered.")
	return m, nil
}

// checksPaste starts a run with the token in a pasted text. For a known error text it
// opens the pages about it and names the server in it; for an address alone it starts a
// run with that server.
func (m model) checksPaste(value string) (model, tea.Cmd) {
	paste := answer.Pasted(value)
	if !paste.Token.Empty() || paste.JSON {
		m.token, m.address = value, ""
		return m.launched(Change{Token: value})
	}
	found := catalogue.FindText(value)
	switch {
	case paste.URL != "" && (len(found) == 0 || !strings.ContainsAny(value, " \t")):
		m.token, m.address = "", paste.URL
		return m.launched(Change{Address: paste.URL})
	case len(found) > 0:
		m = m.browses()
		m.browser = m.browser.filtered(found[0].Text)
		if paste.URL != "" {
			m.notice = m.Sayf("The text names %s. To check that server, paste the address alone.", clean.URL(paste.URL))
		}
	default:
		m.notice = m.Sayf("The pasted text holds no token, no address of a server and no known error text.")
	}
	return m, nil
}

// again starts a re-run from a stage with what the user entered last. It never uses a
// consumed ticket: if the run needs one, it asks for it. It asks before it consumes a
// ticket.
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
	case !pastTicket && (m.ticket != "" || m.run != nil && m.run.Target.TokenSource == check.SourceTicket):
		m.prompt = newPrompt(aYes, from)
		return m, nil
	}
	return m.launched(Change{Ticket: m.ticket, From: from})
}
