package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// output is stdout. It keeps the first error of writing to it, so that a text
// that was not written is an error of every command.
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

// unwritten is the error of writing to stdout; nil where all was written.
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

// filesNeeded is how many files and sockets a run may open at once; it is
// several times what a run with --media was seen to.
const filesNeeded = 64

// enoughFiles returns an error where this process may not open the files and
// sockets that a run needs: the checks would blame the network for it.
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
