// Command newcheck writes the stubs of a check: its code, both pages, the check and its
// place in the order, a test, and a fault of the lab. Tests fail for each part that is
// still to be written.
//
//	go run ./.ci/newcheck join.region SERVER_REGION_ODD
package main

import (
	"errors"
	"fmt"
	"go/format"
	"os"
	"regexp"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: make new-check ID=join.region CODE=SERVER_REGION_ODD")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "new-check:", err)
		os.Exit(1)
	}
}

// faults are the files of the lab with the faults for each stage.
var faults = map[string]string{
	"env": "faults_env.go", "ticket": "faults_ticket.go", "token": "faults_token.go",
	"signature": "faults_signature.go", "join": "faults_server.go", "fallback": "faults_server.go",
}

func write(id, code string) error {
	stage, subject, _ := strings.Cut(id, ".")
	if !regexp.MustCompile(`^[a-z][a-z0-9]*$`).MatchString(subject) || faults[stage] == "" {
		return fmt.Errorf("the ID %q is not STAGE.SUBJECT with a known stage", id)
	}
	if !regexp.MustCompile(`^[A-Z]+(_[A-Z0-9]+)+$`).MatchString(code) {
		return fmt.Errorf("the code %q is not SUBJECT_PROBLEM", code)
	}
	name, method := camel(code), stage+strings.ToUpper(subject[:1])+subject[1:]
	prefix, _, _ := strings.Cut(code, "_")
	file := "checks/" + stage + "_" + subject
	page := func(lang string, words ...any) error {
		return create("checks/catalogue/pages/"+lang+"/"+code+".md", fmt.Sprintf(pageText, append([]any{code, id}, words...)...))
	}
	return errors.Join(
		insert("checks/finding/codes.go", `(?m)^\t\w+ +Code = "`+prefix+`_.*\n`, fmt.Sprintf("\t%s Code = %q\n", name, code)),
		page("en", "What it means", "Why it happens", "How to confirm", "Prints:", "How to fix"),
		page("zh", "含义", "原因", "如何确认", "输出：", "如何修复"),
		create(file+".go", fmt.Sprintf(checkText, method, name)),
		create(file+"_test.go", fmt.Sprintf(testText, strings.ToUpper(method[:1])+method[1:], method, name)),
		insert("checks/doc.go", `(?ms)^\t\t\{\(\*Case\)\.`+stage+`[A-Z].*?\}\},[^\n]*\n`, fmt.Sprintf(rowText, method, id)),
		insert("checks/lab/"+faults[stage], `(?s)^.*?\treturn \[\]Fault\{\n`, fmt.Sprintf(faultText,
			strings.ToLower(strings.ReplaceAll(code, "_", "-")), name)),
	)
}

const pageText = `# %s —
check: %s · owner: unknown · severity: fail

## %s

## %s
1.

## %s
` + "```sh\n```" + `
%s
` + "```\n```" + `

## %s
-
`

const checkText = `package checks

import "context"

// %[1]s is …
func (c *Case) %[1]s(context.Context, Ended) Report {
	// It reports finding.%[2]s, or nothing.
	return Report{}
}
`

const rowText = `		{(*Case).%s, Spec{ID: %q, Timeout: time.Second, Short: finding.Textf(""),
			Title: finding.Textf("")}}, // what is true if it passes
`

const testText = `package checks

import (
	"testing"

	"lkdoctor/checks/codetest"
	"lkdoctor/checks/finding"
)

func Test%s(t *testing.T) {
	c := newTestCase(t, nil)
	// What the check reads: c.products().set("join.websocket", &JoinRecord{…})
	report := c.%s(t.Context(), Ended{})
	codetest.Wants(t, report.Findings, finding.%s)
	// And a case in which it reports nothing.
}
`

const faultText = "\t\tby(finding.OwnerUnknown)(%q, \"\", finding.%s, func(*plan) {}),\n"

// camel returns a code as a Go name.
func camel(code string) string {
	var out string
	for word := range strings.SplitSeq(code, "_") {
		out += word[:1] + strings.ToLower(word[1:])
	}
	return out
}

// create writes a new file.
func create(path, text string) error {
	if strings.HasSuffix(path, ".go") {
		formatted, err := format.Source([]byte(text))
		if err != nil {
			return err
		}
		text = string(formatted)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	fmt.Println(path)
	return errors.Join(err, f.Close())
}

// insert inserts text after the last match in a Go file.
func insert(path, after, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	all := regexp.MustCompile(after).FindAllIndex(old, -1)
	if len(all) == 0 {
		return fmt.Errorf("%s: no place to put %s", path, strings.TrimSpace(text))
	}
	at := all[len(all)-1][1]
	formatted, err := format.Source([]byte(string(old[:at]) + text + string(old[at:])))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Println(path)
	return os.WriteFile(path, formatted, 0o644)
}
