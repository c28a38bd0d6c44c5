package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRename renames a copy of this module, builds it, and runs the tests that depend on
// the module's name.
func TestRename(t *testing.T) {
	const to = "example.org/you/lkdoctor"
	dir := t.TempDir()
	files, err := exec.Command("git", "-C", "../..", "ls-files", "--cached", "--others", "--exclude-standard", "-z").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(files), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join("../..", name))
		if os.IsNotExist(err) {
			continue // deleted in the working tree
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := rename(dir, to); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := run("gofmt", "-l", "cmd", "tui", "checks", "config"); out != "" {
		t.Errorf("not formatted: %s", out)
	}
	bin := filepath.Join(dir, "bin") + "/"
	run("go", "build", "-o", bin, to+"/cmd/lkdoctor")
	run("go", "vet", "./checks/i18n", "./checks", "./cmd/lklab", "./.goreleaser/module")
	run("go", "test", "-run", "TestImportDirections|TestEveryFormatHasChineseWords|TestFormatsAreFound", "./checks", "./checks/i18n")
	if out := run(bin+"lkdoctor", "version"); !strings.HasPrefix(out, "lkdoctor ") {
		t.Errorf("it says %q", out)
	}
}

func TestRefusedNames(t *testing.T) {
	for _, name := range []string{"", "lkdoctor", "you/lkdoctor", "example.org/you/doctor", "https://example.org/you/lkdoctor", "example.org/you/lkdoctor/"} {
		if err := rename(t.TempDir(), name); err == nil || !strings.Contains(err.Error(), "is not HOST/PATH/lkdoctor") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
