// Package dist_test tests what make snapshot and make npm leave in dist/, as a user gets
// it: in an empty folder and without Go. It is not part of ./...; make snapshot-test and
// make npm-test run it.
package dist_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"lkdoctor/checks/lab"
)

const dist = "../../dist"

// only returns the path of the one file in dist that matches pattern.
func only(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dist, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("dist/%s: %v, want one (make snapshot builds it)", pattern, found)
	}
	path := absolute(t, found[0])
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// released returns the version of the snapshot.
func released(t *testing.T) string {
	t.Helper()
	text := read(t, filepath.Join(dist, "metadata.json"))
	var m struct{ Version string }
	if err := json.Unmarshal(text, &m); err != nil || m.Version == "" {
		t.Fatalf("metadata.json: %v", err)
	}
	return m.Version
}

// unpack writes the files of a tar.gz into a new folder and returns its path.
func unpack(t *testing.T, path string) string {
	t.Helper()
	dir := t.TempDir()
	for name, f := range members(t, path) {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, f.content, f.mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A member is a file in an archive.
type member struct {
	content []byte
	mode    os.FileMode
}

// members returns the files of a tar.gz or zip.
func members(t *testing.T, path string) map[string]member {
	t.Helper()
	out := map[string]member{}
	if strings.HasSuffix(path, ".zip") {
		archive, err := zip.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = archive.Close() }()
		for _, f := range archive.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			out[f.Name] = member{content, f.Mode()}
		}
		return out
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	plain, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(plain); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		out[h.Name] = member{content, h.FileInfo().Mode()}
	}
}

// A result is the output and exit code of a command.
type result struct {
	out, err string
	exit     int
}

// call runs a command in an empty folder. Its environment is environ, HOME, PATH and LC_ALL.
func call(t *testing.T, environ []string, name string, args ...string) result {
	t.Helper()
	return callIn(t, t.TempDir(), environ, name, args...)
}

func callIn(t *testing.T, dir string, environ []string, name string, args ...string) result {
	t.Helper()
	cmd := exec.Command(name, args...) // without t.Context, since cleanups use it
	cmd.Dir = dir
	cmd.Env = append([]string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}, environ...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", name, err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// tool skips the test if a tool is not installed.
func tool(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed", name)
		}
	}
}

func startLab(t *testing.T, fault string) *lab.Lab {
	t.Helper()
	l, err := lab.Start(t.Context(), lab.Options{Fault: fault})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// incident checks that the program finds the cause of the opaque-token fault.
func incident(t *testing.T, program ...string) {
	t.Helper()
	l := startLab(t, "opaque-token")
	r := call(t, l.Environ(), program[0], append(program[1:], "--json")...)
	if r.exit != 1 || !strings.Contains(r.out, `"code": "TOKEN_OPAQUE"`) {
		t.Errorf("exit code %d, want 1 and TOKEN_OPAQUE\n%s%s", r.exit, r.out, r.err)
	}
}

// hostArchive returns the part of a file name that identifies this system.
func hostArchive() string { return runtime.GOOS + "_" + runtime.GOARCH }
