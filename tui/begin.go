package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/wrap"
)

// Looked is where the settings of a run were looked for.
type Looked struct {
	Dir string
	// Files are the env files, the highest precedence first.
	Files []LookedFile
	// Projects are lk's.
	Projects []LKProject
}

// LookedFile is an env file that may hold settings.
type LookedFile struct {
	Name string
	// There reports whether the file exists; it then holds no setting.
	There bool
}

// LKProject is a project of lk's configuration.
type LKProject struct{ Name, URL string }

// Ports are those of this machine on which a LiveKit server, an app or a ticket
// service listens as they come.
func Ports() []int { return []int{3000, 5173, 7880, 8000} }

// livekitPort is that of livekit-server.
const livekitPort = 7880

// begin is what is shown where no settings were found: what was looked for,
// and what to look at instead.
type begin struct {
	open    bool
	at      int // the selected one of the choices
	looked  Looked
	asking  bool
	asked   bool
	listens []int
}

// listensMsg tells on which ports something listens.
type listensMsg []int

// begins is the model with the choices on the screen, where run had nothing to
// look at.
func (m model) begins(run check.Run) model {
	if m.deps.Looked != nil && nothingSet(run) {
		m.begin = begin{open: true, looked: m.deps.Looked()}
	}
	return m
}

// nothingSet reports whether a run had no settings, and found nothing else to
// tell: no file that cannot be read, and no place that they stand in instead.
func nothingSet(run check.Run) bool {
	if len(run.Settings) > 0 || run.Target.TokenSource != check.SourceNone {
		return false
	}
	missing := false
	for _, severity := range []finding.Severity{finding.Fail, finding.Warn} {
		for _, l := range run.Findings(severity) {
			switch l.Finding.Code {
			case finding.EnvURLMissing, finding.EnvKeyMissing, finding.EnvSecretMissing:
				missing = true
			default:
				return false
			}
			if l.Finding.Variant != "unset" {
				return false
			}
		}
	}
	return missing
}

// showsBegin reports whether the choices are on the screen.
func (m model) showsBegin() bool {
	return m.begin.open && !m.open && !m.browser.open && !m.running && m.newest()
}

// choice is one thing to look at.
type choice struct {
	label, note string
	do          func(m model) (model, tea.Cmd)
}

// choices are what there is to look at without settings.
func (m model) choices() []choice {
	list := []choice{{m.sayf("A token, a link, a browser's error"), m.sayf("p, or paste it anywhere"), func(m model) (model, tea.Cmd) {
		m.prompt = newPrompt(aTokenToCheck, "")
		return m, nil
	}}}
	if m.deps.Listening != nil && len(m.begin.listens) == 0 {
		ports := strings.Trim(strings.ReplaceAll(fmt.Sprint(Ports()), " ", ", "), "[]")
		note := m.sayf("asks ports %s", ports)
		switch {
		case m.begin.asking:
			note = m.sayf("looking …")
		case m.begin.asked:
			note = m.sayf("none of %s answers", ports)
		}
		list = append(list, choice{m.sayf("What runs on this machine"), note, model.listening})
	}
	for _, port := range m.begin.listens {
		if port == livekitPort {
			list = append(list, choice{m.sayf("A LiveKit server: ws://localhost:%d", port), m.sayf("with the keys of --dev"), looksAt(Server{Dev: true})})
			continue
		}
		url := fmt.Sprintf("http://localhost:%d", port)
		list = append(list, choice{m.sayf("An app: %s", url), m.sayf("asks its connection details"), looksAt(Server{Frontend: url})})
	}
	for _, p := range m.begin.looked.Projects {
		list = append(list, choice{m.sayf("lk project %s", p.Name), m.plain(p.URL), looksAt(Server{Project: p.Name})})
	}
	return append(list, choice{m.sayf("The checks as they went"), "esc", func(m model) (model, tea.Cmd) {
		m.begin.open = false
		return m, nil
	}})
}

// looksAt runs with a server that was chosen.
func looksAt(server Server) func(m model) (model, tea.Cmd) {
	return func(m model) (model, tea.Cmd) { return m.launched(Change{Server: server}) }
}

// listening is the model with the ports of this machine asked.
func (m model) listening() (model, tea.Cmd) {
	if m.begin.asking {
		return m, nil
	}
	m.begin.asking = true
	ask := m.deps.Listening
	return m, func() tea.Msg { return listensMsg(ask(Ports())) }
}

// listens is the model that knows on which ports something listens.
func (m model) listens(msg listensMsg) model {
	m.begin.asking, m.begin.asked, m.begin.listens = false, true, slices.Clone(msg)
	return m
}

// chooses is the model after enter on a choice.
func (m model) chooses() (model, tea.Cmd) {
	list := m.choices()
	return list[min(m.begin.at, len(list)-1)].do(m)
}

// beginLines are what was looked for and where, and the choices.
func (m model) beginLines(width, height int) []string {
	looked := m.begin.looked
	lines := m.wrapTo(m.sayf("No settings were found in %s.", looked.Dir), width, 2)
	for i := range lines {
		lines[i] = m.styles.title.Render(lines[i])
	}
	lines = append(lines, "")
	there, absent := []string{m.sayf("the shell")}, []string{}
	for _, f := range looked.Files {
		if f.There {
			there = append(there, m.plain(f.Name))
			continue
		}
		absent = append(absent, m.plain(f.Name))
	}
	if n := len(looked.Projects); n > 0 {
		there = append(there, m.sayf("lk's projects (%d, none is the default)", n))
	} else {
		absent = append(absent, m.sayf("lk's projects"))
	}
	parts := [][2]string{
		{m.sayf("Looked for"), m.list("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "LIVEKIT_TOKEN", "USER_MGMT_BASE_URL", "LKDOCTOR_TICKET")},
		{m.sayf("Looked in"), m.list(there...)},
		{m.sayf("Not there"), m.list(absent...)},
	}
	columns := 0
	for _, part := range parts {
		columns = max(columns, wrap.Width(part[0])+2)
	}
	for _, part := range parts {
		lines = append(lines, indent(m.labelled(m.styles.subtle.Render(part[0]), part[1], columns, width-2, 3), 2)...)
	}
	lines = append(lines, "", m.styles.heading.Render(m.sayf("What do you have?")), "")
	list := m.choices()
	columns = 0
	for _, c := range list {
		columns = max(columns, wrap.Width(c.label))
	}
	columns = min(columns, width*6/10)
	room := max(1, height-len(lines))
	at := min(m.begin.at, len(list)-1)
	from := max(0, min(at-room/2, len(list)-room))
	for i, c := range list[from:min(len(list), from+room)] {
		cursor, label := "  ", wrap.Pad(m.fit(c.label, columns), columns)
		if from+i == at {
			cursor, label = m.styles.key.Render(m.marks.cursor)+" ", m.styles.selected.Render(label)
		}
		lines = append(lines, zone("choice", from+i, cursor+label+"  "+m.styles.subtle.Render(m.fit(c.note, width-columns-4))))
	}
	return lines
}

// list is a list of words as a sentence has it.
func (m model) list(words ...string) string { return m.say(finding.Listed(words)) }
