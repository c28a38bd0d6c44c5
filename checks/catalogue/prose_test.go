package catalogue

import (
	"regexp"
	"strings"
	"testing"

	"lkdoctor/checks/finding"
)

// TestNoSentenceHasAnExampleForAValue: what stands in a sentence is read as what
// this run saw. A key or a host that the run does not know is described there, or
// left out; examples belong into blocks.
func TestNoSentenceHasAnExampleForAValue(t *testing.T) {
	example := regexp.MustCompile(`\{\{[a-z_]+\|[^{}]*(API[a-z]+[0-9]+|example\.com|[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|://)[^{}]*\}\}`)
	for _, lang := range languages(t) {
		for _, code := range finding.Codes() {
			page, err := load(lang, code)
			if err != nil {
				continue // other tests tell
			}
			if strings.Contains(Render(page, 80, Ink{}), "您") {
				t.Errorf("%s/%s: 您 where other pages say 你", lang, code)
			}
			for _, fix := range page.Fixes() {
				for _, found := range example.FindAllString(fix.Text.Format, -1) {
					t.Errorf("%s/%s: %s in a sentence: %q", lang, code, found, fix.Text.Format)
				}
			}
		}
	}
}
