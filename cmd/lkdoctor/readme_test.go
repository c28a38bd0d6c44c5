package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"lkdoctor/checks/check"
)

// TestReadmesCommands runs the lines with lkdoctor in the README's code blocks, with a
// ticket, an app and a token of the lab in place of its examples. Each must be valid and
// print something.
func TestReadmesCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no processes by the dozen")
	}
	raw := regexp.MustCompile("(?ms)^```sh\n(.*?)^```").FindAllStringSubmatch(guides(t)["README.md"], -1)
	ran := 0
	for _, block := range raw {
		for _, line := range strings.Split(block[1], "\n") {
			command, _, _ := strings.Cut(line, "  #")
			command = strings.TrimSpace(command)
			if !regexp.MustCompile(`(^|\| )lkdoctor( |$)`).MatchString(command) {
				continue
			}
			ran++
			t.Run(command, func(t *testing.T) {
				if _, err := exec.LookPath("jq"); err != nil && strings.Contains(command, "| jq ") {
					t.Skip("there is no jq here")
				}
				t.Parallel()
				l := startLab(t, "healthy-frontend")
				ticket := l.Renew()
				command := strings.NewReplacer("tkt_…", ticket, "http://localhost:3000", l.FrontendURL, "pbpaste", "cat",
					"inspect TOKEN", `inspect "$README_TOKEN"`, "lkdoctor join", "lkdoctor join --for 1s").Replace(command)
				out, code := pasted(t, l, append(l.Environ(), "README_TOKEN="+l.Token()), command, l.Token())
				if code == check.ExitDoctor || strings.TrimSpace(out) == "" {
					t.Errorf("exit code %d\n%s", code, out)
				}
			})
		}
	}
	if ran < 5 {
		t.Errorf("only %d commands were found in README.md", ran)
	}
}
