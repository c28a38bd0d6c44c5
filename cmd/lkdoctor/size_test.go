package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSizeOfTheProgram checks that the stripped program is at most 34 MB. It is 7 MB larger
// if anything calls methods by a name that is not constant, as text/template does, because
// the linker then keeps all methods of all types.
func TestSizeOfTheProgram(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("with -short, the program is not linked once more")
	}
	built := filepath.Join(t.TempDir(), "lkdoctor")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", built, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(built)
	if err != nil {
		t.Fatal(err)
	}
	const limit = 34e6
	if info.Size() > limit {
		t.Errorf("%d bytes, more than %.0f", info.Size(), limit)
	}
}
