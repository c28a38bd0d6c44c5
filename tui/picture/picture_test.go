package picture

import (
	"encoding/xml"
	"strings"
	"testing"
)

func TestSVG(t *testing.T) {
	got, err := SVG("a \x1b[1;38;5;203m✗ <no>\x1b[0m\n 令牌 ok", 20, Dark(), `"x"`)
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
		if _, err := SVG(screen, 20, Light(), ""); err == nil {
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
