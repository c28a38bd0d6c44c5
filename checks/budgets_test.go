package checks_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks"
	"lkdoctor/checks/probe"
)

// TestBudgets generates .github/BUDGETS.md from probe.Limits, package caps and the
// time-outs of the checks, and compares it with the file.
func TestBudgets(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# Budgets

How long lkdoctor waits for each peer, and how much it reads, keeps and asks. This page is made from ` + "`checks/probe/limits.go`, `checks/caps/caps.go`" + `
and the checks themselves by ` + "`UPDATE_GOLDEN=1 go test ./checks -run Budgets`" + `. Tests wait less: ` + "`Limits.Scaled`" + `.

Whatever a peer does, a run ends within 8 s where it says nothing, and within 12 s where it says one byte after the other; a front
end or a token endpoint on its first question may take 30 s more, and the run says what it waits for. It takes no more than
150 MiB and 2 s of CPU. ` + "`go test ./cmd/lkdoctor -run Hostile`" + ` holds that for each command and each server of ` + "`checks/lab/hostile`" + `.

## Times

| limit | peer | stage | at most | |
|---|---|---|---|---|
`)
	docs := fieldDocs(t)
	limits := reflect.ValueOf(probe.DefaultLimits())
	for i := range limits.NumField() {
		field := limits.Type().Field(i)
		peer, stage := field.Tag.Get("peer"), field.Tag.Get("stage")
		if peer == "" || stage == "" {
			t.Errorf("Limits.%s names no peer or no stage", field.Name)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", field.Name, peer, stage, limits.Field(i).Interface(), docs[field.Name])
	}
	b.WriteString("\n## Bytes, counts, messages\n")
	writeCaps(t, &b)
	b.WriteString("\n## Checks\n\nA check that is not done by then is stopped and reported as DOCTOR_TIMEOUT.\n\n| check | stage | at most |\n|---|---|---|\n")
	for _, s := range checks.Specs() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.ID, s.Stage, cmp.Or(s.Timeout, time.Second))
	}
	const file = "../.github/BUDGETS.md"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != b.String() {
		t.Errorf("%s is not what the code says (%v): UPDATE_GOLDEN=1 go test ./checks -run Budgets", file, err)
	}
}

// TestScaledReachesEveryLimit checks that Scaled changes every limit. Tests would wait
// a user's full time for one that it leaves out.
func TestScaledReachesEveryLimit(t *testing.T) {
	once, twice := reflect.ValueOf(probe.DefaultLimits()), reflect.ValueOf(probe.DefaultLimits().Scaled(2))
	for i := range once.NumField() {
		if d := once.Field(i).Int(); d == 0 || twice.Field(i).Int() != 2*d {
			t.Errorf("%s: %d and %d", once.Type().Field(i).Name, d, twice.Field(i).Int())
		}
	}
}

func parsed(t *testing.T, file string) (*token.FileSet, *ast.File) {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return set, f
}

// fieldDocs returns the doc comments of the fields of probe.Limits by field name. A
// comment above several fields belongs to the first.
func fieldDocs(t *testing.T) map[string]string {
	t.Helper()
	docs := map[string]string{}
	_, f := parsed(t, "probe/limits.go")
	ast.Inspect(f, func(n ast.Node) bool {
		spec, is := n.(*ast.TypeSpec)
		if !is || spec.Name.Name != "Limits" {
			return true
		}
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			docs[field.Names[0].Name] = oneLine(field.Doc)
		}
		return false
	})
	return docs
}

func oneLine(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

// writeCaps writes one table for each constant block of package caps.
func writeCaps(t *testing.T, b *strings.Builder) {
	t.Helper()
	set, f := parsed(t, "caps/caps.go")
	pkg, err := new(types.Config).Check("caps", set, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range f.Decls {
		block, is := decl.(*ast.GenDecl)
		if !is || block.Tok != token.CONST {
			continue
		}
		fmt.Fprintf(b, "\n%s\n\n| cap | at most | |\n|---|---|---|\n", oneLine(block.Doc))
		for _, s := range block.Specs {
			spec := s.(*ast.ValueSpec)
			name := spec.Names[0].Name
			fmt.Fprintf(b, "| %s | %s | %s |\n", name, pkg.Scope().Lookup(name).(*types.Const).Val(), oneLine(spec.Doc))
		}
	}
}
