package catalogue

import (
	"regexp"
	"strings"
	"testing"

	"lkdoctor/checks/finding"
)

// TestNoSentenceHasAnExampleForAValue checks that a sentence has no example key, host or
// address as a default, because readers would take it for a value of their run.
// Examples belong in blocks.
func TestNoSentenceHasAnExampleForAValue(t *testing.T) {
	example := regexp.MustCompile(`\{\{[a-z_]+\|[^{}]*(API[a-z]+[0-9]+|example\.com|[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|://)[^{}]*\}\}`)
	for _, lang := range languages(t) {
		for _, code := range finding.Codes() {
			page, err := load(lang, code)
			if err != nil {
				continue // TestPagesKeepTheContract reports it
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
