package checks_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lkdoctor/checks"
	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
)

// A source is one parsed Go file of the project, with its path from the root.
type source struct {
	path string
	file *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	for _, top := range []string{"cmd", "tui", "checks", "config"} {
		err := filepath.WalkDir(filepath.Join("..", top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			out = append(out, source{strings.TrimPrefix(filepath.ToSlash(path), "../"), file})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(out) < 100 {
		t.Fatalf("only %d files were found", len(out))
	}
	return out
}

// imports returns the import paths of the file. Those of the module itself begin
// with lkdoctor, whatever module path go.mod declares.
func (s source) imports(t *testing.T) []string {
	t.Helper()
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	module, _, _ := strings.Cut(strings.TrimPrefix(string(mod), "module "), "\n")
	var out []string
	for _, spec := range s.file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		if rest, ours := strings.CutPrefix(path, module+"/"); ours {
			path = "lkdoctor/" + rest
		}
		out = append(out, path)
	}
	return out
}

// TestImportDirections checks that imports follow cmd → tui → checks → config, and
// that no layer imports a package it must not depend on.
func TestImportDirections(t *testing.T) {
	for _, s := range sources(t) {
		if strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		for _, path := range s.imports(t) {
			for _, rule := range []struct {
				in     string
				except string
				not    []string
			}{
				{"tui/", "", []string{"lkdoctor/cmd"}},
				{"checks/", "", []string{"lkdoctor/cmd", "lkdoctor/tui", "github.com/charmbracelet/bubbletea",
					"github.com/charmbracelet/bubbles", "github.com/charmbracelet/lipgloss", "github.com/spf13/cobra"}},
				{"config/", "", []string{"lkdoctor/cmd", "lkdoctor/tui", "lkdoctor/checks", "github.com/charmbracelet", "github.com/spf13/cobra"}},
				// Inside config: config → dotenv → secret → clean.
				{"config/clean/", "", []string{"lkdoctor"}},
				{"config/secret/", "", []string{"lkdoctor/config/dotenv"}},
				{"config/dotenv/", "", []string{"github.com/livekit"}},
				// Only the lab may link the LiveKit server.
				{"", "checks/lab/", []string{"github.com/livekit/livekit-server"}},
				{"cmd/lkdoctor/", "", []string{"lkdoctor/checks/lab"}},
				// Inside checks: checks → report, progress → diagnosis → check → finding.
				{"checks/finding/", "", []string{"lkdoctor/checks", "lkdoctor/config"}},
				{"checks/check/", "", []string{"lkdoctor/checks/diagnosis", "lkdoctor/checks/report", "lkdoctor/checks/progress",
					"lkdoctor/checks/probe", "lkdoctor/checks/token", "lkdoctor/checks/catalogue"}},
				{"checks/diagnosis/", "", []string{"lkdoctor/checks/report", "lkdoctor/checks/progress", "lkdoctor/checks/probe", "lkdoctor/checks/token"}},
				{"checks/progress/", "", []string{"lkdoctor/checks/report", "lkdoctor/checks/probe", "lkdoctor/checks/token"}},
				{"checks/report/", "", []string{"lkdoctor/checks/probe", "lkdoctor/checks/token", "lkdoctor/checks/room"}},
				{"tui/", "", []string{"lkdoctor/checks/lab", "lkdoctor/checks/probe", "lkdoctor/checks/room/stay"}},
			} {
				if !strings.HasPrefix(s.path, rule.in) || rule.except != "" && strings.HasPrefix(s.path, rule.except) {
					continue
				}
				for _, forbidden := range rule.not {
					if path == forbidden || strings.HasPrefix(path, forbidden+"/") {
						t.Errorf("%s imports %s", s.path, path)
					}
				}
			}
		}
	}
}

// TestReadmeShowsEachPackage compares the tree in the README with the package folders.
func TestReadmeShowsEachPackage(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, tree, _ := strings.Cut(string(readme), "```\ncmd/lkdoctor")
	tree, _, _ = strings.Cut("cmd/lkdoctor"+tree, "```")
	var shown, path []string
	for _, line := range regexp.MustCompile(`(?m)^( *)(\S+)  +\S`).FindAllStringSubmatch(tree, -1) {
		path = append(path[:len(line[1])/2], line[2])
		shown = append(shown, strings.Join(path, "/"))
	}
	var there []string
	for _, s := range sources(t) {
		if !strings.Contains(s.path, "/testdata/") {
			there = append(there, filepath.Dir(s.path))
		}
	}
	slices.Sort(shown)
	slices.Sort(there)
	if there = slices.Compact(there); !slices.Equal(shown, there) {
		t.Errorf("the README shows\n%s, and there are\n%s", shown, there)
	}
}

// TestRaceDetectorWatches checks that .ci/raced lists every tested package that
// starts a goroutine, and leaves out checks/token, which only computes.
func TestRaceDetectorWatches(t *testing.T) {
	out, err := exec.Command("../.ci/raced").Output()
	if err != nil {
		t.Fatal(err)
	}
	watched := func(dir string) bool {
		return slices.ContainsFunc(strings.Fields(string(out)), func(path string) bool { return strings.HasSuffix(path, "/"+dir) })
	}
	tested, starts := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		dir := filepath.Dir(s.path)
		tested[dir] = tested[dir] || strings.HasSuffix(s.path, "_test.go")
		ast.Inspect(s.file, func(n ast.Node) bool {
			if _, is := n.(*ast.GoStmt); is {
				starts[dir] = true
			}
			return true
		})
	}
	for dir := range starts {
		if tested[dir] && !watched(dir) {
			t.Errorf("%s starts goroutines, and is not tested with -race", dir)
		}
	}
	if len(starts) < 5 || watched("checks/token") {
		t.Errorf("%d packages start goroutines; checks/token, which starts none, is tested with -race: %v", len(starts), watched("checks/token"))
	}
}

// TestFacesLinkNoMedia checks that the packages that show a run do not link WebRTC.
func TestFacesLinkNoMedia(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "lkdoctor/tui", "lkdoctor/checks/report").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(path, "github.com/pion/") {
			t.Errorf("a face links %s", path)
		}
	}
}

// TestNoBackDoors checks that, outside cmd and the lab, no code ends the process or
// reads its environment.
func TestNoBackDoors(t *testing.T) {
	for _, s := range sources(t) {
		if strings.HasSuffix(s.path, "_test.go") || strings.HasPrefix(s.path, "cmd/") || strings.HasPrefix(s.path, "checks/lab/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			switch call := pkg.Name + "." + sel.Sel.Name; call {
			case "os.Exit", "log.Fatal", "log.Fatalf", "os.Getenv", "os.LookupEnv", "os.Environ":
				t.Errorf("%s uses %s", s.path, call)
			}
			return true
		})
	}
}

// TestEveryCode checks that each code has a page with a fix and an existing check, is
// emitted somewhere, and is the result of a lab fault or asserted by a test through
// codetest.Wants.
func TestEveryCode(t *testing.T) {
	names := codeNames(t)
	emitted, tested := map[string]bool{}, map[string]bool{}
	for _, fault := range lab.Faults() {
		for _, code := range fault.Want {
			tested[string(code)] = true
		}
	}
	for _, s := range sources(t) {
		if s.path == "checks/finding/codes.go" || strings.HasPrefix(s.path, "checks/lab/") {
			continue
		}
		isTest := strings.HasSuffix(s.path, "_test.go")
		for _, decl := range s.file.Decls {
			codes := emitted
			if isTest {
				if codes = tested; !calls(decl, "codetest", "Wants") {
					continue
				}
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				if sel, is := n.(*ast.SelectorExpr); is && from(sel, "finding") && names[sel.Sel.Name] != "" {
					codes[names[sel.Sel.Name]] = true
				}
				return true
			})
		}
	}
	for _, code := range finding.Codes() {
		page, has := catalogue.Lookup(code)
		switch {
		case !has || len(page.Fixes()) == 0:
			t.Errorf("%s has no page with a fix", code)
		case page.Check != catalogue.AnyCheck && !slices.ContainsFunc(checks.Specs(), func(s checks.Spec) bool { return s.ID == page.Check }):
			t.Errorf("the page of %s names the check %q, which does not exist", code, page.Check)
		case !emitted[string(code)]:
			t.Errorf("%s is emitted nowhere", code)
		case !tested[string(code)]:
			t.Errorf("no fault of the lab leads to %s, and no test asserts it through codetest.Wants", code)
		}
	}
}

// calls reports whether pkg.name is called in decl.
func calls(decl ast.Decl, pkg, name string) bool {
	found := false
	ast.Inspect(decl, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is {
			sel, is := call.Fun.(*ast.SelectorExpr)
			found = found || is && from(sel, pkg) && sel.Sel.Name == name
		}
		return true
	})
	return found
}

// from reports whether sel selects from the package pkg.
func from(sel *ast.SelectorExpr, pkg string) bool {
	ident, is := sel.X.(*ast.Ident)
	return is && ident.Name == pkg
}

// codeNames maps the names of the constants in codes.go to their values.
func codeNames(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("finding", "codes.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
				names[spec.Names[0].Name], _ = strconv.Unquote(lit.Value)
			}
		}
		return true
	})
	var codes []string
	for _, c := range names {
		codes = append(codes, c)
	}
	for _, c := range finding.Codes() {
		if !slices.Contains(codes, string(c)) {
			t.Fatalf("%s is in Codes and is no constant", c)
		}
	}
	if len(names) != len(finding.Codes()) {
		t.Fatalf("%d constants, %d codes listed", len(names), len(finding.Codes()))
	}
	return names
}

// TestMessagesHaveOneStyle checks that a finding's message begins with a small letter or
// a name, has no full stop, and joins clauses with semicolons. A message is a string with
// a space that is an argument of a call, or an element of a row, with a code or a severity.
func TestMessagesHaveOneStyle(t *testing.T) {
	opening := regexp.MustCompile(`^(The|A|An|No|It|Its|This|That|There|Some|With|Where|Nothing|Something) `)
	seen := 0
	for _, s := range sources(t) {
		if strings.HasSuffix(s.path, "_test.go") || strings.HasPrefix(s.path, "checks/lab/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			var parts []ast.Expr
			switch n := n.(type) {
			case *ast.CallExpr:
				parts = n.Args
			case *ast.CompositeLit:
				parts = n.Elts
			}
			i := slices.IndexFunc(parts, func(e ast.Expr) bool {
				lit, ok := e.(*ast.BasicLit)
				return ok && lit.Kind == token.STRING && strings.Contains(lit.Value, " ")
			})
			if i < 0 || !slices.ContainsFunc(parts, hasCode) {
				return true
			}
			seen++
			text, err := strconv.Unquote(parts[i].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			if opening.MatchString(text) || strings.HasSuffix(text, ".") || strings.Contains(text, ". ") {
				t.Errorf("%s: %q", s.path, text)
			}
			return true
		})
	}
	if seen < 250 {
		t.Fatalf("only %d messages were found", seen)
	}
}

// hasCode reports whether e is a name of package finding, or a composite literal with
// one.
func hasCode(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		pkg, ok := e.X.(*ast.Ident)
		return ok && pkg.Name == "finding"
	case *ast.CompositeLit:
		return slices.ContainsFunc(e.Elts, hasCode)
	}
	return false
}
