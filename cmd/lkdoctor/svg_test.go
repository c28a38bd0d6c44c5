package main

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"lkdoctor/checks/wrap"
)

// The grid of a picture in pixels. A cell is 0.6 em wide, as in most monospace fonts.
const (
	fontSize, cellWidth, cellHeight = 14, 8.4, 18
	wideSize                        = 16 // the size of wide characters: two cells are one em
	margin, bar                     = 14, 26
)

// fonts are the font families of the operating systems, then those for Chinese.
const fonts = `ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',` +
	`'PingFang SC','Microsoft YaHei','Noto Sans Mono CJK SC','WenQuanYi Zen Hei Mono',monospace`

// theme is the colours of text without escape sequences.
type theme struct{ background, foreground, border string }

// The themes of GitHub's pages.
var (
	light = theme{"#ffffff", "#1f2328", "#d1d9e0"}
	dark  = theme{"#0d1117", "#e6edf3", "#3d444d"}
)

// svgStyle is the style that SGR sequences have set, as attributes of SVG by name.
type svgStyle map[string]string

// attributes are the attributes in the order in which they are written.
func attributes() []string {
	return []string{"fill", "font-weight", "opacity", "font-style", "text-decoration"}
}

var sgr = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// drawSVG draws a screen of the given columns in a window. alt describes the picture for
// screen readers. An unknown escape sequence is an error.
func drawSVG(screen string, columns int, colours theme, alt string) (string, error) {
	lines := strings.Split(screen, "\n")
	width, height := float64(columns)*cellWidth+2*margin, len(lines)*cellHeight+2*margin+bar
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" viewBox="0 0 %.0f %d" role="img" aria-label="%s">`+
		"\n",
		width, height, width, height, escaped(alt))
	fmt.Fprintf(&b, `<rect x="0.5" y="0.5" width="%.0f" height="%d" rx="8" fill="%s" stroke="%s"/>`+"\n", width-1, height-1,
		colours.background, colours.border)
	for i := range 3 {
		fmt.Fprintf(&b, `<circle cx="%d" cy="18" r="5" fill="%s"/>`+"\n", 20+18*i, colours.border)
	}
	fmt.Fprintf(&b, `<g font-family="%s" font-size="%d" fill="%s" xml:space="preserve">`+"\n", fonts, fontSize, colours.foreground)
	now := svgStyle{}
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
			for _, part := range svgParts(text) {
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

// svgParts splits text where a font may deviate from the grid: words of ASCII, runs of wide
// characters, and each other character are positioned separately.
func svgParts(text string) []string {
	return regexp.MustCompile(`[!-~]+(?: [!-~]+)*| +|[\p{Han}\x{3000}-\x{303f}\x{ff00}-\x{ffef}]+|.`).FindAllString(text, -1)
}

// set applies the parameters of one SGR sequence.
func (s svgStyle) set(parameters string) error {
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
func (s svgStyle) String() string {
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

func TestSVG(t *testing.T) {
	got, err := drawSVG("a \x1b[1;38;5;203m✗ <no>\x1b[0m\n 令牌 ok", 20, dark, `"x"`)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal([]byte(got), new(struct{})); err != nil {
		t.Error(err)
	}
	for _, want := range []string{
		`width="196" height="90"`, `fill="#0d1117"`, `aria-label="&#34;x&#34;"`,
		`<text x="14.0" y="53" textLength="8.4">a</text>`,
		`<text x="30.8" y="53" textLength="8.4" fill="#ff5f5f" font-weight="bold">✗</text>`,
		`<text x="47.6" y="53" textLength="33.6" fill="#ff5f5f" font-weight="bold">&lt;no&gt;</text>`,
		`<text x="22.4" y="71" textLength="33.6" font-size="16">令牌</text>`, `<text x="64.4" y="71" textLength="16.8">ok</text>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s in\n%s", want, got)
		}
	}
}

func TestSVGRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, screen := range []string{"\x1b[5mblink", "\x1b[38;2;1;2;3mtrue colour", "\x1b[38;5;9m", "\x1b[2J", "\x1b]8;;http://x\x1b\\x"} {
		if _, err := drawSVG(screen, 20, light, ""); err == nil {
			t.Errorf("%q is drawn", screen)
		}
	}
}

func TestCube(t *testing.T) {
	for n, want := range map[int]string{16: "#000000", 231: "#ffffff", 75: "#5fafff", 160: "#d70000", 242: "#6c6c6c", 255: "#eeeeee"} {
		if got := cube(n); got != want {
			t.Errorf("colour %d is %s, want %s", n, got, want)
		}
	}
}
