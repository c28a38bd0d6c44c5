package checks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lkdoctor/checks/finding"
)

// TestEveryFactHasAName checks that each fact in the code of the checks has a readable name.
func TestEveryFactHasAName(t *testing.T) {
	given := factNames(t)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !finding.NamedFact(name) {
			t.Errorf("the fact %q (%s) has no name for people in checks/finding/facts.go", name, given[name])
		}
	}
}

// factNames returns the names of the facts in the source, with a position for each. A
// concatenated name counts once for each prefix.
func factNames(t *testing.T) map[string]string {
	t.Helper()
	names := map[string]string{}
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == "lab" {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, name := range factsOf(n) {
				names[name] = files.Position(n.Pos()).String()
			}
			return true
		})
		return nil
	})
	if err != nil || len(names) < 100 {
		t.Fatal(len(names), err)
	}
	return names
}

// factsOf returns the names of the facts that n sets.
func factsOf(n ast.Node) (names []string) {
	switch n := n.(type) {
	case *ast.CallExpr:
		if method, is := n.Fun.(*ast.SelectorExpr); is && method.Sel.Name == "With" && len(n.Args) == 2 {
			names = text(n.Args[0])
		}
	case *ast.IndexExpr:
		if list, is := n.X.(*ast.Ident); is && list.Name == "facts" {
			names = text(n.Index)
		}
		if list, is := n.X.(*ast.SelectorExpr); is && list.Sel.Name == "Facts" {
			names = text(n.Index)
		}
	case *ast.CompositeLit:
		if kind, is := n.Type.(*ast.Ident); is && kind.Name == "Facts" {
			names = keys(n)
		}
		if kind, is := n.Type.(*ast.SelectorExpr); is && kind.Sel.Name == "Facts" {
			names = keys(n)
		}
	}
	return names
}

func keys(literal *ast.CompositeLit) (names []string) {
	for _, element := range literal.Elts {
		if pair, is := element.(*ast.KeyValueExpr); is {
			names = append(names, text(pair.Key)...)
		}
	}
	return names
}

// text returns the possible values of a string expression.
func text(e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil {
			return []string{s}
		}
	case *ast.BinaryExpr:
		var names []string
		if _, begins := e.X.(*ast.Ident); !begins {
			return nil
		}
		for _, end := range text(e.Y) {
			for _, path := range []string{"audio", "video", "udp", "tcp"} {
				names = append(names, path+end)
			}
		}
		return names
	}
	return nil
}
