// Command mutants changes lkdoctor's behaviour in one place at a time and runs the test
// that must fail then, in the package of that place. It fails if a test passes with the
// change, or if the place no longer exists. It changes no file: go test reads an
// overlay.
//
//	go run ./.ci/mutants [NAME…]
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A mutant is one changed behaviour.
type mutant struct {
	name     string
	file     string
	old, new string // old occurs once in file
	pkg, run string // the test that fails, as go test names it
}

func mutants() []mutant {
	return []mutant{
		{"redaction-of-one-kind", "config/clean/redact.go", `{re: ` + "`" + `\blk_[A-Za-z0-9]{2,12}_`,
			`{re: ` + "`" + `\blk_[A-Za-z0-9]{13,14}_`, "./config/clean", "Redact"},
		{"owner-of-one-code", "checks/catalogue/pages/en/TOKEN_OPAQUE.md", "owner: maker", "owner: network",
			"./checks/diagnosis", "ThreeWayVerdict|DiagnosePicksTheCause"},
		{"leeway-of-60s", "checks/token/clocks.go", "const Leeway = time.Minute", "const Leeway = 2 * time.Minute",
			"./checks/token", "TestTime"},
		{"hs512", "checks/token/signature.go", "s.hash = sha512.New\n", "s.hash = sha512.New384\n",
			"./checks/token", "TestVerify"},
		{"leaving-the-room", "checks/probe/session/wire.go", "\t\tclose(w.leaving)\n\t\tw.sendLeave()\n", "\t\tclose(w.leaving)\n",
			"./checks/probe/session", "TestSignalSession"},
		{"strict", "checks/do.go", "strict && run.Summary.Warn > 0", "strict && run.Summary.Warn > 1",
			"./checks", "TestExitCode"},
		{"exit-code-1", "checks/do.go", "case run.Summary.Fail > 0, strict", "case run.Summary.Fail > 1, strict",
			"./checks", "TestExitCode"},
		{"ticket-sent-once", "checks/do.go", "return slices.Index(order, s) < slices.Index(order, from)",
			"return slices.Index(order, s) < 0", "./checks", "TestTheTicketIsSentOnce"},
		{"same-origin-redirects", "checks/probe/exchange.go", "\tif !r.SameOrigin {", "\tif !r.SameOrigin && method == \"\" {",
			"./checks/probe", "TestExchangeRedirects"},
		{"body-cap", "checks/caps/caps.go", "\tBody = 1 << 20", "\tBody = 1 << 40",
			"./checks/probe", "TestExchangeHostile|TestExchangeBodies"},
		{"eviction-question", "checks/join_websocket.go", "p.Known && p.Present && !c.Options.ForceJoin",
			"p.Known && !p.Present && !c.Options.ForceJoin", "./checks", "TestAPresentParticipantIsNotThrownOut"},
		{"variant-of-a-fix", "checks/diagnosis/diagnosis.go", "v, _ := page.Variant(f.Variant)", `v, _ := page.Variant("")`,
			"./checks/diagnosis", "TestEveryVariantGivesItsOwnAdvice"},
		{"credential-list", "checks/case.go", "return address{URL: came, withToken: true}", "return address{URL: came, withToken: false}",
			"./cmd/lkdoctor", "TestCredentialsGoWhereTheListSays"},
		{"terminal-restore", "tui/background_unix.go", "defer func() { _ = term.Restore(fd, before) }()", "defer func() { _ = before }()",
			"./tui", "TestBackground"},
		{"json-on-ctrl-c", "cmd/lkdoctor/examine.go", "\tif f.jsonOut {", "\tif f.jsonOut && !errors.Is(err, errInterrupted) {",
			"./cmd/lkdoctor", "TestInterruptBeforeTheFirstCheck"},
	}
}

func main() {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	bad := 0
	for _, m := range mutants() {
		if len(os.Args) > 1 && !slices.Contains(os.Args[1:], m.name) {
			continue
		}
		verdict := m.tried(dir)
		if verdict != "" {
			bad++
			verdict = "NOT CAUGHT: " + verdict
		}
		fmt.Printf("%-24s %s %s  %s\n", m.name, m.pkg, m.run, verdict)
	}
	_ = os.RemoveAll(dir)
	if bad > 0 {
		os.Exit(1)
	}
}

// tried returns "" if a test of m fails with the change and passes without it.
func (m mutant) tried(dir string) string {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return err.Error()
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return fmt.Sprintf("%q occurs %d times in %s, want 1", m.old, n, m.file)
	}
	if out, err := exec.Command("go", "test", "-run", m.run, m.pkg).CombinedOutput(); err != nil ||
		bytes.Contains(out, []byte("no tests to run")) {
		return fmt.Sprintf("without it the test is to pass: %v\n%s", err, out)
	}
	overlay, err := m.overlay(dir, strings.Replace(string(text), m.old, m.new, 1))
	if err != nil {
		return err.Error()
	}
	out, err := exec.Command("go", "test", "-timeout", "3m", "-overlay", overlay, "-run", m.run, m.pkg).CombinedOutput()
	switch {
	case err == nil:
		return "the test passes"
	case !bytes.Contains(out, []byte("--- FAIL")):
		return fmt.Sprintf("it is no test that failed: %v\n%s", err, out)
	}
	return ""
}

// overlay writes an overlay file for go test that replaces m.file by text, and returns its name.
func (m mutant) overlay(dir, text string) (string, error) {
	original, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	broken, overlay := filepath.Join(dir, m.name+filepath.Ext(m.file)), filepath.Join(dir, m.name+".json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {original: broken}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(broken, []byte(text), 0o600); err != nil {
		return "", err
	}
	return overlay, os.WriteFile(overlay, list, 0o600)
}
