// Package codetest helps tests. Wants asserts that a code is reported: TestEveryCode
// finds its calls by this package's name, and counts their codes along with those of
// the lab's faults. Alone separates tests that measure time.
package codetest

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"lkdoctor/checks/finding"
)

// Wants returns the first finding with the code. It fails the test immediately if
// there is none.
func Wants(t testing.TB, findings []finding.Finding, code finding.Code) finding.Finding {
	t.Helper()
	for _, f := range findings {
		if f.Code == code {
			return f
		}
	}
	t.Fatalf("%s was not found; found: %v", code, findings)
	return finding.Finding{}
}

// Goroutines waits up to 2 s until ours reports false for the stack of each goroutine, and
// returns the stacks for which it does not.
func Goroutines(ours func(stack string) bool) (left string) {
	for range 200 {
		buf := make([]byte, 8<<20)
		n := runtime.Stack(buf, true)
		for ; n == len(buf); n = runtime.Stack(buf, true) {
			buf = make([]byte, 2*len(buf))
		}
		left = ""
		for stack := range strings.SplitSeq(string(buf[:n]), "\n\n") {
			if ours(stack) {
				left += stack + "\n\n"
			}
		}
		if left == "" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return left
}

// Alone waits until no other test that measures time runs, in any process, and
// excludes them until t ends. Tests whose result depends on time call it first. It
// does not exclude other load: such a test takes the fastest of several tries.
func Alone(t testing.TB) {
	t.Helper()
	unlock, err := lockedfile.MutexAt(filepath.Join(os.TempDir(), "lkdoctor-test-alone.lock")).Lock()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(unlock)
}
