package checks_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNewCheckOfTheGuide runs the example of make new-check in CONTRIBUTING.md on a copy of
// this folder. It must write each part.
func TestNewCheckOfTheGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../.github/CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("`make new-check ID=(\\S+) CODE=(\\S+)`").FindStringSubmatch(string(guide))
	if example == nil {
		t.Fatal("CONTRIBUTING.md has no example of make new-check")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "newcheck")
	if out, err := exec.Command("go", "build", "-o", program, "../.ci/newcheck").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.CopyFS(filepath.Join(dir, "checks"), os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, example[1], example[2])
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "\n") != 7 {
		t.Errorf("%v; want no error and 7 files\n%s", err, out)
	}
}
