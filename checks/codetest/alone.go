package codetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Alone waits until no other test that measures time runs, in any process, and
// keeps them waiting until t ends. It is for tests whose result depends on how long
// something took, and is the first thing that they do. It keeps no other load away:
// such a test takes the fastest of several tries.
func Alone(t testing.TB) {
	t.Helper()
	unlock, err := lockedfile.MutexAt(filepath.Join(os.TempDir(), "lkdoctor-test-alone.lock")).Lock()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(unlock)
}
