package tui

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/wrap"
	"lkdoctor/tui/term"
)

// Looked says where a run looked for settings.
type Looked struct {
	Dir string
	// Files are the env files, in order of precedence.
	Files []LookedFile
	// Projects are those of lk's configuration.
	Projects []LKProject
}

// LookedFile is an env file that may hold settings.
type LookedFile struct {
	Name string
	// There reports whether the file exists. If so, it holds no setting.
	There bool
}

// LKProject is a project in lk's configuration.
type LKProject struct{ Name, URL string }

// Ports are the ports that LiveKit servers, apps and ticket services use by default.
func Ports() []int { return []int{3000, 5173, 7880, 8000} }

// livekitPort is the default port of livekit-server.
const livekitPort = 7880

// begin is the state of the screen that is shown when no settings were found.
type begin struct {
	open    bool
	at      int // the index of the selected choice
	looked  Looked
	asking  bool
	asked   bool
	listens []int
}

// listensMsg holds the ports of this machine on which a program listens.
type listensMsg []int

// nothingSet reports whether a run found no settings, and no other fault of the
// settings: no unreadable file, and no settings in a place that is not read.
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

// choice is one thing to check.
type choice struct {
	label, note string
	do          func(m model) (model, tea.Cmd)
}

func (m model) choices() []choice {
	list := []choice{{m.Sayf("A token, a link, a browser's error"), m.Sayf("p, or paste it anywhere"), func(m model) (model, tea.Cmd) {
		m.prompt = newPrompt(aTokenToCheck, "")
		return m, nil
	}}}
	if m.deps.Listening != nil && len(m.begin.listens) == 0 {
		ports := finding.Listed(strings.Fields(strings.Trim(fmt.Sprint(Ports()), "[]")))
		note := m.Sayf("asks ports %s", ports)
		switch {
		case m.begin.asking:
			note = m.Sayf("looking …")
		case m.begin.asked:
			note = m.Sayf("none of %s answers", ports)
		}
		list = append(list, choice{m.Sayf("What runs on this machine"), note, model.listening})
	}
	for _, port := range m.begin.listens {
		if port == livekitPort {
			list = append(list, choice{m.Sayf("A LiveKit server: ws://localhost:%d", port), m.Sayf("with the keys of --dev"),
				looksAt(Server{Dev: true})})
			continue
		}
		url := fmt.Sprintf("http://localhost:%d", port)
		list = append(list, choice{m.Sayf("An app: %s", url), m.Sayf("asks its connection details"), looksAt(Server{Frontend: url})})
	}
	for _, p := range m.begin.looked.Projects {
		list = append(list, choice{m.Sayf("lk project %s", p.Name), m.Plain(p.URL), looksAt(Server{Project: p.Name})})
	}
	return append(list, choice{m.Sayf("The checks as they went"), "esc", func(m model) (model, tea.Cmd) {
		m.begin.open = false
		return m, nil
	}})
}

func looksAt(server Server) func(m model) (model, tea.Cmd) {
	return func(m model) (model, tea.Cmd) { return m.launched(Change{Server: server}) }
}

func (m model) listening() (model, tea.Cmd) {
	if m.begin.asking {
		return m, nil
	}
	m.begin.asking = true
	ask := m.deps.Listening
	return m, func() tea.Msg { return listensMsg(ask(Ports())) }
}

func (m model) beginLines(width, height int) []string {
	looked := m.begin.looked
	lines := term.Styled(m.Styles.Title, m.WrapTo(m.Sayf("No settings were found in %s.", looked.Dir), width, 2))
	lines = append(lines, "")
	there, absent := []string{m.Sayf("the shell")}, []string{}
	for _, f := range looked.Files {
		if f.There {
			there = append(there, m.Plain(f.Name))
			continue
		}
		absent = append(absent, m.Plain(f.Name))
	}
	if n := len(looked.Projects); n > 0 {
		there = append(there, m.Sayf("lk's projects (%d, none is the default)", n))
	} else {
		absent = append(absent, m.Sayf("lk's projects"))
	}
	names := []string{
		"LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "LIVEKIT_TOKEN", "USER_MGMT_BASE_URL", "LKDOCTOR_TICKET",
	}
	name := func(text string) string { return "  " + m.Styles.Subtle.Render(text) }
	lines = append(lines, m.Pairs([][2]string{
		{name(m.Sayf("Looked for")), m.Say(finding.Listed(names))},
		{name(m.Sayf("Looked in")), m.Say(finding.Listed(there))},
		{name(m.Sayf("Not there")), m.Say(finding.Listed(absent))},
	}, width, 3)...)
	lines = append(lines, "", m.Styles.Heading.Render(m.Sayf("What do you have?")), "")
	list := m.choices()
	columns := 0
	for _, c := range list {
		columns = max(columns, wrap.Width(c.label))
	}
	columns = min(columns, width*6/10)
	at := min(m.begin.at, len(list)-1)
	from, to := window(at, len(list), max(1, height-len(lines)))
	for i := from; i < to; i++ {
		label := wrap.Pad(m.Fit(list[i].label, columns), columns)
		if i == at {
			label = m.Styles.Title.Render(label)
		}
		note := m.Styles.Subtle.Render(m.Fit(list[i].note, width-columns-4))
		lines = append(lines, term.Zone("choice", i, m.Cursor(i == at)+label+"  "+note))
	}
	return lines
}
