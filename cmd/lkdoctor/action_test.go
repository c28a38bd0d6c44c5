package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"lkdoctor/checks/report"
)

// actionStep runs the step of the GitHub Action on this program as a runner does, and
// returns its log, outputs, summary and exit code.
func actionStep(t *testing.T, environ []string, args ...string) (log string, outputs map[string]string, summary string, exit int) {
	t.Helper()
	for _, tool := range []string{"bash", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	script, err := filepath.Abs("../../.github/action/run.sh")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	outFile, summaryFile := filepath.Join(dir, "output"), filepath.Join(dir, "summary")
	cmd := program(t, append(environ, "RUNNER_TEMP="+dir, "GITHUB_OUTPUT="+outFile, "GITHUB_STEP_SUMMARY="+summaryFile,
		"LKDOCTOR_ACTION_ARGS="+strings.Join(args, "\n")))
	bash, _ := exec.LookPath("bash")
	cmd.Env = append(cmd.Env, "LKDOCTOR_ACTION_PATH="+cmd.Path)
	cmd.Path, cmd.Args = bash, []string{"bash", script}
	out, _ := cmd.CombinedOutput()
	outputs = map[string]string{}
	set, _ := os.ReadFile(outFile)
	for line := range strings.Lines(string(set)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		outputs[name] = value
	}
	told, _ := os.ReadFile(summaryFile)
	return string(out), outputs, string(told), cmd.ProcessState.ExitCode()
}

func TestAction(t *testing.T) {
	l := startLab(t, "opaque-token")
	log, outputs, summary, exit := actionStep(t, l.Environ())
	if exit != 1 || outputs["exit-code"] != "1" || outputs["owner"] != "ticket_service" || outputs["code"] != "TOKEN_OPAQUE" || outputs["status"] != "fail" {
		t.Errorf("exit code %d, outputs %v", exit, outputs)
	}
	if !strings.Contains(log, "::error title=TOKEN_OPAQUE (ticket_service)::the token is ") {
		t.Errorf("no annotation: %s", log)
	}
	if !report.IsMarkdown([]byte(summary)) || !strings.Contains(summary, "TOKEN_OPAQUE") {
		t.Errorf("the summary: %s", summary)
	}
	if document, err := os.ReadFile(outputs["json"]); err != nil || !json.Valid(document) {
		t.Errorf("the document: %v", err)
	}

	l.Renew()
	if _, outputs, _, exit := actionStep(t, append(l.Environ(), "LKDOCTOR_ACTION_FAIL=false"), "--lang", "en"); exit != 0 || outputs["exit-code"] != "1" {
		t.Errorf("fail: false ends with %d, outputs %v", exit, outputs)
	}
	if log, outputs, _, exit := actionStep(t, nil, "--bogus"); exit != 2 || outputs["exit-code"] != "2" || outputs["status"] != "error" {
		t.Errorf("a bad flag ends with %d, outputs %v: %s", exit, outputs, log)
	}
}

// TestActionIsNotCommanded checks that a server's text cannot end or begin an annotation
// or set an output.
func TestActionIsNotCommanded(t *testing.T) {
	l := startLab(t, "hostile-error")
	log, outputs, _, _ := actionStep(t, l.Environ())
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "::error title=") && !strings.HasPrefix(line, "::warning title=") && !strings.HasPrefix(line, "::notice title=") {
			t.Errorf("a line of the log is %q", line)
		}
	}
	if len(outputs) != 5 {
		t.Errorf("outputs %v", outputs)
	}
}

// TestActionFile checks that action.yml names outputs that the script sets, and inputs
// that it reads.
func TestActionFile(t *testing.T) {
	text := read(t, "../../.github/action/action.yml")
	var action struct {
		Inputs, Outputs map[string]struct{ Description, Value string }
		Runs            struct {
			Using string
			Steps []struct {
				ID, Shell, Run string
				Env            map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(text), &action); err != nil {
		t.Fatal(err)
	}
	if action.Runs.Using != "composite" || len(action.Runs.Steps) != 1 || action.Runs.Steps[0].Shell != "bash" {
		t.Fatalf("%+v", action.Runs)
	}
	script := read(t, "../../.github/action/run.sh")
	for name, output := range action.Outputs {
		if output.Value != "${{ steps."+action.Runs.Steps[0].ID+".outputs."+name+" }}" || !strings.Contains(script, `"`+name+"=") {
			t.Errorf("output %s: %+v", name, output)
		}
	}
	for name := range action.Runs.Steps[0].Env {
		if !strings.Contains(script, "${"+name) {
			t.Errorf("the script does not read %s", name)
		}
	}
}
