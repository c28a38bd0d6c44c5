// Package picture draws a terminal's screen as SVG, for the README. It touches no files.
// Only tests import it; the program does not link it.
package picture

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"lkdoctor/checks/wrap"
)

// The grid in pixels. A cell is 0.6 em wide, as in most monospace fonts.
const (
	fontSize, cellWidth, cellHeight = 14, 8.4, 18
	wideSize                        = 16 // the size of wide characters: two cells are one em
	margin, bar                     = 14, 26
)

// fonts are the font families of the operating systems, then those for Chinese.
const fonts = `ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',` +
	`'PingFang SC','Microsoft YaHei','Noto Sans Mono CJK SC','WenQuanYi Zen Hei Mono',monospace`

// Theme is the colours of text without escape sequences.
type Theme struct{ Background, Foreground, Border string }

// Light is the light theme of GitHub's pages.
func Light() Theme { return Theme{"#ffffff", "#1f2328", "#d1d9e0"} }

// Dark is the dark theme of GitHub's pages.
func Dark() Theme { return Theme{"#0d1117", "#e6edf3", "#3d444d"} }

// style is the style that SGR sequences have set, as attributes of SVG by name.
type style map[string]string

// attributes are the attributes in the order in which they are written.
func attributes() []string {
	return []string{"fill", "font-weight", "opacity", "font-style", "text-decoration"}
}

var sgr = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// SVG draws a screen of the given columns in a window. alt describes the picture for
// screen readers. An unknown escape sequence is an error.
func SVG(screen string, columns int, theme Theme, alt string) (string, error) {
	lines := strings.Split(screen, "\n")
	width, height := float64(columns)*cellWidth+2*margin, len(lines)*cellHeight+2*margin+bar
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" viewBox="0 0 %.0f %d" role="img" aria-label="%s">`+
		"\n",
		width, height, width, height, escaped(alt))
	fmt.Fprintf(&b, `<rect x="0.5" y="0.5" width="%.0f" height="%d" rx="8" fill="%s" stroke="%s"/>`+"\n", width-1, height-1,
		theme.Background, theme.Border)
	for i := range 3 {
		fmt.Fprintf(&b, `<circle cx="%d" cy="18" r="5" fill="%s"/>`+"\n", 20+18*i, theme.Border)
	}
	fmt.Fprintf(&b, `<g font-family="%s" font-size="%d" fill="%s" xml:space="preserve">`+"\n", fonts, fontSize, theme.Foreground)
	now := style{}
	for row, line := range lines {
		for column := 0; line != ""; {
			text, rest := line, ""
			m := sgr.FindStringSubmatchIndex(line)
			if m != nil {
				text, rest = line[:m[0]], line[m[1]:]
			}
			if strings.ContainsRune(text, '\x1b') {
				return "", fmt.Errorf("row %d: an unknown escape sequence in %q", row+1, text)
			}
			for _, part := range parts(text) {
				cells := wrap.Width(part)
				if strings.TrimSpace(part) != "" {
					size := ""
					if cells > utf8.RuneCountInString(part) {
						size = fmt.Sprintf(` font-size="%d"`, wideSize)
					}
					fmt.Fprintf(&b, `<text x="%.1f" y="%d" textLength="%.1f"%s%s>%s</text>`+"\n", margin+float64(column)*cellWidth,
						bar+margin+row*cellHeight+fontSize-1, float64(cells)*cellWidth, size, now, escaped(part))
				}
				column += cells
			}
			if m != nil {
				if err := now.set(line[m[2]:m[3]]); err != nil {
					return "", fmt.Errorf("row %d: %w", row+1, err)
				}
			}
			line = rest
		}
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String(), nil
}

// parts splits text where a font may deviate from the grid: words of ASCII, runs of wide
// characters, and each other character are positioned separately.
func parts(text string) []string {
	return regexp.MustCompile(`[!-~]+(?: [!-~]+)*| +|[\p{Han}\x{3000}-\x{303f}\x{ff00}-\x{ffef}]+|.`).FindAllString(text, -1)
}

// set applies the parameters of one SGR sequence.
func (s style) set(parameters string) error {
	codes := strings.Split(parameters, ";")
	for i := 0; i < len(codes); i++ {
		switch codes[i] {
		case "", "0":
			clear(s)
		case "1":
			s["font-weight"] = "bold"
		case "2":
			s["opacity"] = "0.6"
		case "3":
			s["font-style"] = "italic"
		case "4":
			s["text-decoration"] = "underline"
		case "22":
			delete(s, "font-weight")
			delete(s, "opacity")
		case "39":
			delete(s, "fill")
		case "38":
			n := -1
			if len(codes) > i+2 && codes[i+1] == "5" {
				n, _ = strconv.Atoi(codes[i+2])
			}
			if n < 16 || n > 255 {
				return fmt.Errorf("the colour of %q is not of the 256-colour cube", parameters)
			}
			s["fill"], i = cube(n), i+2
		default:
			return fmt.Errorf("%q is an unknown SGR parameter", codes[i])
		}
	}
	return nil
}

// cube returns colour n, from 16 on, of xterm's 256 colours: a cube of six levels, then
// greys.
func cube(n int) string {
	if n >= 232 {
		grey := 8 + 10*(n-232)
		return fmt.Sprintf("#%02x%02x%02x", grey, grey, grey)
	}
	levels := [6]int{0, 95, 135, 175, 215, 255}
	n -= 16
	return fmt.Sprintf("#%02x%02x%02x", levels[n/36], levels[n/6%6], levels[n%6])
}

// String returns the attributes of an element.
func (s style) String() string {
	var b strings.Builder
	for _, name := range attributes() {
		if s[name] != "" {
			fmt.Fprintf(&b, ` %s="%s"`, name, s[name])
		}
	}
	return b.String()
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder returns no errors
	return b.String()
}
