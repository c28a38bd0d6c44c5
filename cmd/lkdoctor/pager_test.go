package main

import (
	"strings"
	"testing"
)

// TestPager checks that text that does not fit on the terminal goes through $PAGER, and is
// printed once even if the pager fails or does not exist.
func TestPager(t *testing.T) {
	t.Parallel()
	const title = "What was handed out is not a LiveKit token"
	for name, tt := range map[string]struct {
		environ []string
		rows    uint16
		paged   bool
	}{
		"a pager":             {[]string{"PAGER=sed s/^/paged:/"}, 24, true},
		"a pager of no name":  {[]string{"PAGER=/no/such/pager"}, 24, false},
		"cat":                 {[]string{"PAGER=cat"}, 24, false},
		"a dumb terminal":     {[]string{"PAGER=sed s/^/paged:/", "TERM=dumb"}, 24, false},
		"it fits":             {[]string{"PAGER=sed s/^/paged:/"}, 1000, false},
		"a pager that fails":  {[]string{"PAGER=sed s/^/paged:/; exit 1"}, 24, true},
		"coloured for people": {[]string{"PAGER=cat; printf paged:"}, 24, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := startScreen(t, append(tt.environ, "LANG=en_GB.UTF-8"), 80, tt.rows, "explain", "TOKEN_OPAQUE")
			if code, _ := s.ends(); code != 0 {
				t.Fatalf("exit code %d", code)
			}
			text := s.String()
			if strings.Contains(text, "paged:") != tt.paged || strings.Count(text, title) != 1 {
				t.Errorf("paged %v, want %v, or the page is not there once:\n%s", !tt.paged, tt.paged, text)
			}
			if colour := strings.Contains(text, "\x1b[1m"); colour == (name == "a dumb terminal") {
				t.Errorf("coloured: %v", colour)
			}
		})
	}
}
