// Command module renames the module, in go.mod and in the imports, so that go install
// can fetch it from another address.
//
//	go run ./.goreleaser/module example.org/you/lkdoctor
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: module HOST/PATH/lkdoctor")
		os.Exit(2)
	}
	if err := rename(".", os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "module:", err)
		os.Exit(1)
	}
}

var (
	declared = regexp.MustCompile(`(?m)^module (\S+)$`)
	// published is a name that go install can fetch: its first element has a dot. It ends
	// in lkdoctor, because tests search stack traces for that.
	published = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+(/[A-Za-z0-9._~-]+)*/lkdoctor(/v[2-9][0-9]*)?$`)
)

// rename renames the module at root.
func rename(root, to string) error {
	if !published.MatchString(to) {
		return fmt.Errorf("%q is not HOST/PATH/lkdoctor, such as example.org/you/lkdoctor", to)
	}
	name := filepath.Join(root, "go.mod")
	mod, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	found := declared.FindSubmatch(mod)
	if found == nil {
		return fmt.Errorf("%s names no module", name)
	}
	from := string(found[1])
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "dist" || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		return renameImports(path, from, to)
	})
	if err != nil {
		return err
	}
	return os.WriteFile(name, declared.ReplaceAll(mod, []byte("module "+to)), 0o644)
}

// renameImports changes the imports of one file, also in Go code that it holds as text, and
// no other text.
func renameImports(name, from, to string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	imports := regexp.MustCompile(`(?m)^(\t|import )(\w+ )?"` + regexp.QuoteMeta(from) + `/`)
	renamed, err := format.Source(imports.ReplaceAll(text, []byte(`${1}${2}"`+to+`/`)))
	if err != nil || bytes.Equal(renamed, text) {
		return err
	}
	return os.WriteFile(name, renamed, 0o644)
}
