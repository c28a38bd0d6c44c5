// Command peak runs a command and says on its standard error, in bytes, how much
// memory it needed at most.
//
// lkbench cannot read that itself. On Linux the peak of a child includes that of
// the process it was started from, at that moment (fs/exec.c, exec_mmap), and
// lkbench holds a LiveKit server. This one holds next to nothing.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func main() {
	command := exec.Command(os.Args[1], os.Args[2:]...)
	command.Stdin, command.Stdout = os.Stdin, os.Stdout
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(127)
	}
	usage, known := command.ProcessState.SysUsage().(*syscall.Rusage)
	if !known {
		fmt.Fprintln(os.Stderr, "this system does not tell")
		os.Exit(127)
	}
	unit := int64(1024)
	if runtime.GOOS == "darwin" {
		unit = 1
	}
	fmt.Fprintln(os.Stderr, int64(usage.Maxrss)*unit)
	os.Exit(command.ProcessState.ExitCode())
}
