package main

import (
	"bytes"
	"strings"
	"sync"
)

// A watched is a buffer that closes seen once it holds the text until.
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
