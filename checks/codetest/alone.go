package codetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/lockedfile"
)

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
