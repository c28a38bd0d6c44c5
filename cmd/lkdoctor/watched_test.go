package main

import (
	"bytes"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// A watched is a buffer that several goroutines use.
type watched struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	more chan struct{} // holds a value after a write
}

func newWatched() *watched { return &watched{more: make(chan struct{}, 1)} }

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
	return w.buf.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// holds waits until the text is in the buffer behind byte from, regardless of escape
// sequences, and reports whether it was there in time.
func (w *watched) holds(text string, from int, limit time.Duration) bool {
	late := time.After(limit)
	for !strings.Contains(ansi.Strip(w.String()[from:]), text) {
		select {
		case <-w.more:
		case <-late:
			return false
		}
	}
	return true
}
