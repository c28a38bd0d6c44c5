package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
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
	code = exitCodeOf(t, cmd.Run())
	if stderr.Len() > 0 {
		t.Logf("%s: %s", line, &stderr)
	}
	return stdout.String(), code
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
			if d.RootCause == nil || !advised(*events[len(events)-1].Run) {
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
func advised(run check.Run) bool {
	root, _ := run.Root()
	page, _ := catalogue.Lookup(root.Code)
	_, has := page.Variant(root.Variant)
	return has
}
