// Command licenses writes the licences of all that is linked into lkdoctor on the systems
// of its releases: each text once, below the modules that it applies to. It fails if a
// module has none.
//
//	go run ./.goreleaser/licenses > THIRD_PARTY_LICENSES.txt
package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "licenses:", err)
		os.Exit(1)
	}
}

// legal matches the names of the files that every copy must include.
var legal = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|copyright)([._-].*)?$`)

func run(out io.Writer) error {
	modules, err := linked("linux", "darwin", "windows")
	if err != nil {
		return err
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	goversion, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return err
	}
	modules["The Go standard library "+strings.TrimSpace(string(goversion))] = folders{strings.TrimSpace(string(goroot)): true}

	owners, titles := map[string][]string{}, map[string]string{}
	for module, dirs := range modules {
		found, err := dirs.texts()
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("%s has no licence in %v", module, dirs)
		}
		for text, name := range found {
			owners[text] = append(owners[text], module)
			if titles[text] == "" || name < titles[text] {
				titles[text] = name
			}
		}
	}
	return write(out, owners, titles)
}

// folders are the folders of a module's linked packages and their parents, up to the
// module's root: a part that was copied from another project may have another licence.
type folders map[string]bool

// linked maps each module that lkdoctor links, with its version, to its folders.
func linked(systems ...string) (map[string]folders, error) {
	modules := map[string]folders{}
	for _, system := range systems {
		list := exec.Command("go", "list", "-deps", "-f",
			"{{$dir := .Dir}}{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}\t{{$dir}}{{end}}{{end}}", "./cmd/lkdoctor")
		list.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
		list.Stderr = os.Stderr
		found, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w", system, err)
		}
		for line := range strings.Lines(string(found)) {
			module, rest, ok := strings.Cut(strings.TrimSpace(line), "\t")
			if !ok {
				continue
			}
			if modules[module] == nil {
				modules[module] = folders{}
			}
			top, dir, _ := strings.Cut(rest, "\t")
			for modules[module][top] = true; dir != top && len(dir) > len(top); dir = filepath.Dir(dir) {
				modules[module][dir] = true
			}
		}
	}
	if len(modules) == 0 {
		return nil, fmt.Errorf("go list names no module")
	}
	return modules, nil
}

// texts maps the licences and notices in the folders to the names of their files. If
// there are none, it looks in a README.md.
func (f folders) texts() (map[string]string, error) {
	found := map[string]string{}
	for dir := range f {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.IsDir() || !legal.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, err
			}
			found[strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), " \n")+"\n"] = e.Name()
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(f)) {
		if text := inReadme(dir); len(found) == 0 && text != "" {
			found[text] = "README.md"
		}
	}
	return found, nil
}

// inReadme returns the section License of a README, for modules without a licence file.
func inReadme(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		return ""
	}
	_, section, is := strings.Cut(string(text), "\n## License")
	if !is {
		return ""
	}
	return "License (from README.md)" + strings.TrimRight(section, " \n") + "\n"
}

// write prints the texts, keys of owners and titles, in the order of the first module
// that each belongs to.
func write(out io.Writer, owners map[string][]string, titles map[string]string) error {
	var order []string
	for text, modules := range owners {
		slices.Sort(modules)
		order = append(order, text)
	}
	slices.SortFunc(order, func(a, b string) int {
		return cmp.Or(strings.Compare(owners[a][0], owners[b][0]), strings.Compare(titles[a], titles[b]), strings.Compare(a, b))
	})
	w := bufio.NewWriter(out)
	fmt.Fprint(w, "lkdoctor holds code of the modules below. Code that was ported is named in NOTICE.md.\n")
	rule := strings.Repeat("=", 80)
	for _, text := range order {
		fmt.Fprintf(w, "\n%s\n%s\n%s\n\n%s", rule, strings.Join(owners[text], "\n"), rule, text)
	}
	return w.Flush()
}
