package i18n

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module is the path of this module.
var module = func() string {
	mod, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		panic(err)
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(string(mod), "module "), "\n")
	return name
}()

// A source is the parsed and type-checked code of lkdoctor. Packages of other modules
// are empty, so that types from them are unknown.
type source struct {
	fset  *token.FileSet
	root  string
	info  *types.Info
	files []*ast.File
	known map[string]*types.Package
}

// loadSource reads the packages below the folders, and the packages of lkdoctor that
// they import. root is the module's folder.
func loadSource(t *testing.T, root string, folders ...string) *source {
	t.Helper()
	s := &source{
		fset: token.NewFileSet(), root: root, known: map[string]*types.Package{},
		info: &types.Info{
			Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
			Selections: map[*ast.SelectorExpr]*types.Selection{}, Implicits: map[ast.Node]types.Object{},
		},
	}
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(s.root, filepath.FromSlash(folder)), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			// No user reads the messages of the lab.
			if entry.Name() == "testdata" || entry.Name() == "lab" {
				return fs.SkipDir
			}
			dir, err := filepath.Rel(s.root, name)
			if err != nil {
				return err
			}
			_, err = s.Import(path.Join(module, filepath.ToSlash(dir)))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// Import implements types.Importer.
func (s *source) Import(name string) (*types.Package, error) {
	if pkg := s.known[name]; pkg != nil {
		return pkg, nil
	}
	dir, ours := strings.CutPrefix(name, module+"/")
	if !ours {
		pkg := types.NewPackage(name, path.Base(name))
		pkg.MarkComplete()
		s.known[name] = pkg
		return pkg, nil
	}
	files, err := s.parse(filepath.Join(s.root, filepath.FromSlash(dir)))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	config := types.Config{Importer: s, Error: func(error) {}}
	pkg, _ := config.Check(name, s.fset, files, s.info)
	s.known[name] = pkg
	s.files = append(s.files, files...)
	return pkg, nil
}

// parse parses the folder's Go files for all systems, without tests.
func (s *source) parse(dir string) ([]*ast.File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(s.fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// field returns the named field of the struct type pkg.typeName.
func (s *source) field(t *testing.T, pkg, typeName, name string) types.Object {
	t.Helper()
	if p := s.known[path.Join(module, pkg)]; p != nil {
		if named := p.Scope().Lookup(typeName); named != nil {
			if st, ok := named.Type().Underlying().(*types.Struct); ok {
				for f := range st.Fields() {
					if f.Name() == name {
						return f
					}
				}
			}
		}
	}
	t.Fatalf("there is no %s.%s.%s", pkg, typeName, name)
	return nil
}

// place returns pos as path:line, relative to the module's root.
func (s *source) place(pos token.Pos) string {
	at := s.fset.Position(pos)
	name, err := filepath.Rel(s.root, at.Filename)
	if err != nil {
		name = at.Filename
	}
	return fmt.Sprintf("%s:%d", filepath.ToSlash(name), at.Line)
}

// sorted returns the files sorted by path.
func (s *source) sorted() []*ast.File {
	return slices.SortedFunc(slices.Values(s.files), func(a, b *ast.File) int { return s.compare(a.Package, b.Package) })
}

// compare orders positions by file and offset.
func (s *source) compare(a, b token.Pos) int {
	pa, pb := s.fset.Position(a), s.fset.Position(b)
	return cmp.Or(strings.Compare(pa.Filename, pb.Filename), pa.Offset-pb.Offset)
}
