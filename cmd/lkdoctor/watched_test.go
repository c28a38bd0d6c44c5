package main

import (
	"bytes"
	"strings"
	"sync"
)

// watched is a screen that tells when a text has been drawn.
type watched struct {
	until string
	seen  chan struct{}

	mu   sync.Mutex
	buf  bytes.Buffer
	done bool
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.buf.Write(p)
	if !w.done && strings.Contains(w.buf.String(), w.until) {
		w.done = true
		close(w.seen)
	}
	return n, err
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}
