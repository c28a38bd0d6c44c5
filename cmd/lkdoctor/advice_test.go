package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/report"
)

// onePerCause returns the faults for which want returns true, one for each combination of
// root cause, owner and variant.
func onePerCause(want func(lab.Fault) bool) []lab.Fault {
	var out []lab.Fault
	seen := map[string]bool{}
	for _, f := range lab.Faults() {
		if len(f.Want) == 0 || !want(f) {
			continue
		}
		if cause := fmt.Sprint(f.Want[0], f.Owner, f.Variant); !seen[cause] {
			seen[cause] = true
			out = append(out, f)
		}
	}
	return out
}

// pasted runs line in a shell in the lab's folder.
func pasted(t *testing.T, l *lab.Lab, environ []string, line, stdin string) (out string, code int) {
	t.Helper()
	link := filepath.Dir(program(t, nil).Path)
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir, cmd.Stdin = l.Dir(), strings.NewReader(stdin)
	cmd.Env = append([]string{"HOME=" + t.TempDir(), "PATH=" + link + string(os.PathListSeparator) + os.Getenv("PATH"), "GORACE=" + raceOptions(), waitsEnviron(l)}, environ...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if stderr.Len() > 0 {
		t.Logf("%s: %s", line, &stderr)
	}
	return stdout.String(), cmd.ProcessState.ExitCode()
}

// TestPrintedCommandsWorkWhenPasted runs each lkdoctor command of the next steps against
// the same fault, with a new ticket. --report must find the same cause again and write
// the report, --dev-join must pass, and explain must print the page.
func TestPrintedCommandsWorkWhenPasted(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, TestEveryFaultInEveryFace alone examines a fault a check")
	}
	for _, fault := range onePerCause(func(lab.Fault) bool { return true }) {
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			l := startLab(t, fault.Name)
			_, events := examined(t, l)
			d := events[len(events)-1].Run.Diagnosis
			if d.RootCause == nil || !advised(t, *events[len(events)-1].Run) {
				return
			}
			for _, step := range d.NextSteps {
				command, ours := strings.CutPrefix(step.Command, "lkdoctor")
				if !ours {
					continue
				}
				l.Renew()
				again := func(line string) (report.Document, int) {
					out, code := pasted(t, l, l.Environ(), line+" --json", "")
					var doc report.Document
					if err := json.Unmarshal([]byte(out), &doc); err != nil {
						t.Fatalf("%s: %v\n%s", line, err, out)
					}
					return doc, code
				}
				switch {
				case strings.HasPrefix(command, " explain "):
					var out bytes.Buffer
					if code := run(newApp(strings.Fields(command), nil, &out, &out, nil)); code != check.ExitOK || !strings.Contains(out.String(), strings.Fields(command)[1]) {
						t.Errorf("%s: exit code %d\n%s", step.Command, code, &out)
					}
				case strings.Contains(command, "--report"):
					doc, _ := again(step.Command)
					if doc.Diagnosis.RootCause == nil || doc.Diagnosis.RootCause.Code != d.RootCause.Code || doc.Diagnosis.Owner != d.Owner {
						t.Errorf("%s finds %+v, owner %s; the run before it %v, owner %s", step.Command, doc.Diagnosis.RootCause, doc.Diagnosis.Owner, *d.RootCause, d.Owner)
					}
					written, err := os.ReadFile(filepath.Join(l.Dir(), "lkdoctor-report.md"))
					if err != nil || !bytes.Contains(written, []byte(d.RootCause.Code)) {
						t.Errorf("%s: the report does not hold %s: %v", step.Command, d.RootCause.Code, err)
					}
				case strings.Contains(command, "--dev-join"):
					if doc, code := again(step.Command); code != check.ExitOK {
						t.Errorf("%s: exit code %d, %+v", step.Command, code, doc.Diagnosis.RootCause)
					}
				default:
					if out, code := pasted(t, l, l.Environ(), step.Command, "no token"); code == check.ExitDoctor {
						t.Errorf("%s: exit code %d\n%s", step.Command, code, out)
					}
				}
			}
		})
	}
}

// advised reports whether the page of the root cause lists its variant. If not,
// TestEveryFaultInEveryFace fails.
func advised(t *testing.T, run check.Run) bool {
	t.Helper()
	root := rootOf(t, run)
	page, _ := catalogue.Lookup(root.Code)
	_, has := page.Variant(root.Variant)
	return has
}

// TestNoAdviceGoesInACircle applies the first step and runs again, up to five times. The
// run must pass or give other advice, never the same again. Steps on other machines are
// not applied.
func TestNoAdviceGoesInACircle(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, TestEveryFaultInEveryFace alone examines a fault a check")
	}
	settings := func(f lab.Fault) bool {
		// The lab's ticket service has no TLS.
		return f.Owner == finding.OwnerConfig && f.Name != "ticket-to-https"
	}
	for _, fault := range onePerCause(settings) {
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			l := startLab(t, fault.Name)
			environ := map[string]string{}
			seen := []string{}
			for range 5 {
				for _, entry := range l.Environ() {
					name, value, _ := strings.Cut(entry, "=")
					if _, changed := environ[name]; !changed || name == "LKDOCTOR_TICKET" {
						environ[name] = value
					}
				}
				line := strings.Join(append([]string{"lkdoctor", "--json"}, l.Args()...), " ")
				out, code := pasted(t, l, assigned(environ), line, "")
				var doc report.Document
				if err := json.Unmarshal([]byte(out), &doc); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				if code == check.ExitOK {
					return
				}
				state := fmt.Sprint(doc.Diagnosis.RootCause.Code, ": ", doc.Diagnosis.NextSteps[0].Text)
				if slices.Contains(seen, state) {
					t.Fatalf("what the advice says was done, and the run says again %q; before: %q", state, seen)
				}
				seen = append(seen, state)
				// The lab's app reads its settings only when it starts.
				if doc.Diagnosis.Owner != finding.OwnerConfig || doc.Diagnosis.RootCause.Check == "ticket.frontend" || !applied(environ, doc.Diagnosis.NextSteps[0]) {
					return
				}
				l.Renew()
			}
		})
	}
}

// applied applies a step to environ, and reports whether it changed anything. It sets
// variables to values that are not examples, and unsets variables.
func applied(environ map[string]string, step report.FixInfo) bool {
	done := false
	if step.Command != nil {
		if name, is := strings.CutPrefix(*step.Command, "unset "); is {
			environ[name] = unset
			done = true
		}
	}
	for _, block := range step.Code {
		for name, value := range assignments(block.Lang, block.Text) {
			environ[name] = value
			done = true
		}
	}
	return done
}

// assignments returns the variables that a block of a fix sets, if it is an env file or
// for a shell. Values that are examples are left out.
func assignments(lang, text string) map[string]string {
	set := map[string]string{}
	if lang != "env" && lang != "shell" && !strings.Contains(lang, ".env") {
		return set
	}
	for _, m := range setting.FindAllStringSubmatch(text, -1) {
		if !example.MatchString(m[2]) {
			set[m[1]] = m[2]
		}
	}
	return set
}

// unset marks a variable that was unset.
const unset = "\x00"

var (
	setting = regexp.MustCompile(`(?m)^(?:export )?([A-Z][A-Z0-9_]*)=(.*)$`)
	// example matches values that must be replaced by the user.
	example = regexp.MustCompile(`^the-|abc123|example\.com|^http://127\.0\.0\.1:8000$|…|\.\.\.|^$`)
)

func assigned(environ map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(environ)) {
		if environ[name] != unset {
			out = append(out, name+"="+environ[name])
		}
	}
	return out
}
