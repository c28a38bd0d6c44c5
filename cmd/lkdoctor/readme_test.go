package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lkdoctor/checks/check"
)

// TestReadmeNamesWhatExists runs the README's commands with a ticket, an app and a token
// of the lab in place of its examples, and checks that the flags, files and make targets
// that it names exist.
func TestReadmeNamesWhatExists(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no processes by the dozen")
	}
	const root = "../.."
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	readme := string(text)
	t.Run("commands", func(t *testing.T) { readmesCommands(t, readme) })

	flags := map[string]bool{}
	var gather func(*cobra.Command)
	gather = func(c *cobra.Command) {
		c.InitDefaultHelpFlag()
		c.Flags().VisitAll(func(f *pflag.Flag) { flags[f.Name] = true })
		for _, sub := range c.Commands() {
			gather(sub)
		}
	}
	gather(newApp(nil, nil, nil, nil, nil).rootCommand())
	flags["fault"], flags["rtt"], flags["rm"] = true, true, true // of lklab and docker
	for _, m := range regexp.MustCompile("[ `(]--([a-z][a-z-]+)").FindAllStringSubmatch(readme, -1) {
		if !flags[m[1]] {
			t.Errorf("README.md names --%s, which is no flag", m[1])
		}
	}

	for _, m := range regexp.MustCompile("`((?:checks|cmd|tui|config)/[A-Za-z0-9_./-]+)`").FindAllStringSubmatch(readme, -1) {
		// CODE, stage and subject are placeholders.
		name := regexp.MustCompile(`CODE|stage_subject|stage`).ReplaceAllString(m[1], "*")
		if found, _ := filepath.Glob(filepath.Join(root, name)); len(found) == 0 {
			t.Errorf("README.md names %s, which is not there", m[1])
		}
	}

	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)(?:^|`)make ((?:[a-z-]+ ?)+)").FindAllStringSubmatch(readme, -1) {
		for _, target := range strings.Fields(m[1]) {
			if !regexp.MustCompile(`(?m)^` + target + `:`).Match(makefile) {
				t.Errorf("README.md names make %s, which is no target", target)
			}
		}
	}
}

// readmesCommands runs the lines with lkdoctor in the README's code blocks. Each must be
// valid and print something.
func readmesCommands(t *testing.T, readme string) {
	raw := regexp.MustCompile("(?ms)^```sh\n(.*?)^```").FindAllStringSubmatch(readme, -1)
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
