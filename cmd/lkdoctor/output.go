package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// output is stdout. It keeps the first write error, so that every command fails if its
// text was not written.
type output struct {
	*os.File

	mu  sync.Mutex
	err error
}

// Write writes to stdout.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.File.Write(p)
	return n, o.keep(err)
}

// WriteString writes to stdout.
func (o *output) WriteString(s string) (int, error) { return o.Write([]byte(s)) }

func (o *output) keep(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	return err
}

// unwritten returns the first error of writing to stdout.
func (a *app) unwritten() error {
	out, is := a.out.(*output)
	if !is {
		return nil
	}
	out.mu.Lock()
	defer out.mu.Unlock()
	if path := (*os.PathError)(nil); errors.As(out.err, &path) {
		return fmt.Errorf("write to stdout: %w", path.Err)
	}
	return out.err
}

// filesNeeded is how many files and sockets a run may have open: several times what a
// run with --media was measured to have.
const filesNeeded = 64

// enoughFiles returns an error if the process may not open as many files as a run needs.
// Without it, the checks would blame the network.
func enoughFiles() error {
	var open []*os.File
	defer func() {
		for _, f := range open {
			_ = f.Close()
		}
	}()
	for range filesNeeded {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return fmt.Errorf("this process can open only %d more files, and a run needs up to %d: raise the limit (ulimit -n): %w",
				len(open), filesNeeded, err)
		}
		open = append(open, f)
	}
	return nil
}
