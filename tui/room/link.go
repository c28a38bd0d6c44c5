package room

import (
	"net/url"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
	"github.com/skip2/go-qrcode"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/wrap"
	"lkdoctor/tui/term"
)

// linkLines returns the link. In a terminal that supports OSC 8 a click opens it. The
// token is hidden until the user asks for it.
func (m model) linkLines(width int) []string {
	prose := min(width, maxProse)
	lines := []string{m.Styles.Title.Render(m.Fit(m.Sayf("A link that joins this room in a browser, with LiveKit Meet"), width)), ""}
	if m.whole {
		lines = append(lines, strings.Split(ansi.Hardwrap(m.Plain(m.link), max(width, 1), true), "\n")...)
	} else {
		lines = append(lines, ansi.SetHyperlink(m.Plain(m.link))+m.Fit(m.Plain(m.shortened()), width)+ansi.ResetHyperlink())
	}
	lines = append(lines, "")
	lines = append(lines, term.Styled(m.Styles.Warn, wrap.Lines(m.linkWarning(), prose))...)
	if !m.deps.LinkNote.IsZero() {
		lines = append(lines, "")
		lines = append(lines, wrap.Lines(m.Say(m.deps.LinkNote), prose)...)
	}
	return lines
}

func (m model) linkWarning() string {
	warning := m.Sayf("This link holds a token: whoever sees it can join the room. Close it before you share your screen.")
	if m.linkOf == "" {
		return m.Sayf("%s %s", warning, finding.Textf("It has our own identity: opening it ends this stay."))
	}
	return m.Sayf("%s %s", warning, finding.Textf("It joins as %s.", m.linkOf))
}

// shortened returns the link without its token.
func (m model) shortened() string {
	u, err := url.Parse(m.link)
	if err != nil {
		return m.Sayf("the link")
	}
	query := u.Query()
	if query.Has("token") {
		query.Set("token", "HIDDEN")
	}
	u.RawQuery = query.Encode()
	return strings.Replace(u.String(), "HIDDEN", "…", 1)
}

// quiet is the margin of a QR code, in modules.
const quiet = 2

// qrLines fills the screen with the QR code. A cell holds two modules, so that they are
// square.
func (m model) qrLines(width int) []string {
	notes := term.Styled(m.Styles.Warn,
		wrap.Lines(m.Sayf("This QR code holds a token: whoever photographs it can join the room."), width))
	if !m.deps.PhoneNote.IsZero() {
		notes = append(notes, wrap.Lines(m.Say(m.deps.PhoneNote), width)...)
	}
	if m.notice != "" {
		notes = append(notes, m.notices(width)...)
	}
	notes = append(notes, m.hints(width)...)
	code := m.code
	columns, rows := 0, len(code)
	if rows > 0 {
		columns = wrap.Width(code[0])
	}
	switch height := m.height - len(notes); {
	case rows == 0:
		code = wrap.Lines(m.Sayf("The link is too long for a QR code."), width)
	case columns > width || rows > height:
		code = wrap.Lines(m.Sayf("The QR code takes a window of %d columns and %d rows; this one has %d and %d. "+
			"Make the window larger, or its font smaller.",
			columns+2, rows+len(notes), m.width, m.height), min(width, maxProse))
	}
	lines := term.Filled(code, m.height-len(notes))
	return term.Indent(term.Filled(append(lines, notes...), m.height), 1)
}

// qr returns the QR code of the link, dark on light whatever the terminal's colours are.
func (m model) qr() []string {
	code, err := qrcode.New(m.link, qrcode.Low)
	if err != nil {
		return nil
	}
	code.DisableBorder = true
	bits := code.Bitmap()
	dark := func(x, y int) bool {
		x, y = x-quiet, y-quiet
		return y >= 0 && y < len(bits) && x >= 0 && x < len(bits) && bits[y][x]
	}
	// Without colours, a drawn cell has the colour of text: light on a dark background.
	drawn := func(x, y int) bool { return dark(x, y) != m.deps.Dark }
	style := lipgloss.NewStyle()
	if r := m.deps.Renderer; r != nil && r.ColorProfile() != termenv.Ascii {
		drawn = dark
		style = r.NewStyle().Foreground(lipgloss.Color("16")).Background(lipgloss.Color("231"))
	}
	cells := map[[2]bool]string{{}: " ", {true, false}: "▀", {false, true}: "▄", {true, true}: "█"} // by upper and lower half
	var lines []string
	for y := 0; y < len(bits)+2*quiet; y += 2 {
		var b strings.Builder
		for x := range len(bits) + 2*quiet {
			b.WriteString(cells[[2]bool{drawn(x, y), drawn(x, y+1)}])
		}
		lines = append(lines, style.Render(b.String()))
	}
	return lines
}
