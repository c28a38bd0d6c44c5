package session

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestPacer checks that a burst passes at once, and that the rest is paced.
func TestPacer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(100, 10)
		begin := time.Now()
		for range 100 {
			p.wait(1)
		}
		if took := time.Since(begin); took > 0 || p.over.Load() {
			t.Errorf("the burst took %v", took)
		}
		for range 50 {
			p.wait(1)
		}
		if took := time.Since(begin); took < 4900*time.Millisecond || took > 5100*time.Millisecond || !p.over.Load() {
			t.Errorf("50 more took %v", took)
		}
		time.Sleep(time.Minute)
		begin = time.Now()
		p.wait(100)
		if took := time.Since(begin); took > 0 {
			t.Errorf("a burst after a rest took %v", took)
		}
	})
}
