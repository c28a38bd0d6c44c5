package catalogue

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/wrap"
)

func TestRenderKeepsOrderAndWidth(t *testing.T) {
	for _, page := range All() {
		for _, columns := range []int{10, 60, 80, 100, 300} {
			text := Render(page, columns, Ink{})
			at := -1
			for _, heading := range []string{"What it means", "Why it happens", "How to confirm", "How to fix"} {
				i := strings.Index(text, "\n"+heading+"\n")
				if i <= at {
					t.Fatalf("%s: %q is missing or out of order", page.Code, heading)
				}
				at = i
			}
			checkWidth(t, page, text, min(max(columns, 60), 100))
		}
	}
}

// checkWidth checks the width of prose. Commands and code may be wider.
func checkWidth(t *testing.T, page Page, text string, limit int) {
	t.Helper()
	code := page.Confirm.Command + "\n" + page.Confirm.Prints
	for _, fix := range page.Fixes() {
		code += "\n" + finding.Fill(fix.Command, nil)
		for _, block := range fix.Code {
			code += "\n" + finding.Fill(block.Text, nil)
		}
	}
	verbatim := map[string]bool{}
	for line := range strings.SplitSeq(code, "\n") {
		verbatim[strings.TrimSpace(line)] = true
	}
	for line := range strings.SplitSeq(text, "\n") {
		trimmed := strings.TrimSpace(line)
		if wrap.Width(line) > limit && !verbatim[trimmed] && strings.Contains(strings.TrimLeft(trimmed, "- "), " ") {
			t.Errorf("%s at %d columns: %d in %q", page.Code, limit, wrap.Width(line), line)
		}
	}
}

func TestRenderOpaqueToken(t *testing.T) {
	page, ok := Lookup(finding.TokenOpaque)
	if !ok {
		t.Fatal("no page")
	}
	text := Render(page, 72, Ink{})
	for _, want := range []string{
		"TOKEN_OPAQUE — What was handed out is not a LiveKit token\n",
		"check: token.format · owner: whoever made the token · severity: fail\n",
		"\n  1. The service makes its own session token, for example with Python's\n     `secrets.token_urlsafe(32)`",
		"\n    printf %s \"$TOKEN\" | tr -cd . | wc -c\n",
		"\n  Prints:\n\n    0\n",
		"\n    Python:\n\n      # pip install livekit-api\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q in:\n%s", want, text)
		}
	}
}

func TestProxySnippets(t *testing.T) {
	page, _ := Lookup(finding.WebsocketUpgradeStripped)
	lines := map[string]string{}
	for _, fix := range page.Fixes() {
		for _, block := range fix.Code {
			lines[block.Lang] = block.Text
		}
	}
	if got, want := slices.Sorted(maps.Keys(lines)), []string{"apache", "caddy", "haproxy", "nginx", "node", "traefik", "vite.config.js"}; !slices.Equal(got, want) {
		t.Errorf("blocks %v, want %v", got, want)
	}
	for _, line := range []string{
		"proxy_http_version 1.1;", "proxy_set_header Upgrade $http_upgrade;", `proxy_set_header Connection "upgrade";`,
	} {
		if !strings.Contains(lines["nginx"], line) {
			t.Errorf("the nginx lines lack %q", line)
		}
	}
}
