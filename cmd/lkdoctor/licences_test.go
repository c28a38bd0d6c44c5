package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestEveryLinkedModuleHasALicence checks that the file of licences can be generated and
// names every linked module. The generator fails if a module has no licence.
func TestEveryLinkedModuleHasALicence(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("with -short, no program is built")
	}
	run := func(args ...string) string {
		cmd := exec.Command("go", args...)
		cmd.Dir = "../.."
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", args[0], err, &errs)
		}
		return string(out)
	}
	licences := run("run", "./.goreleaser/licenses")
	linked := regexp.MustCompile(`(?m)^\S+ v\S+$`).FindAllString(
		run("list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "./cmd/lkdoctor"), -1)
	if len(linked) < 50 {
		t.Fatalf("only %d packages are linked", len(linked))
	}
	for _, module := range linked {
		if !strings.Contains(licences, "\n"+module+"\n") {
			t.Errorf("no licence of %s", module)
		}
	}
}
