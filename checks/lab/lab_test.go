package lab

import (
	"context"
	"testing"
)

func TestTwoLabsAtOnce(t *testing.T) {
	a, b := start(t, Healthy), start(t, "opaque-token")
	if a.Pair == b.Pair || a.URL == b.URL || a.Room == b.Room {
		t.Errorf("two labs share %v, %s or %s", a.Pair, a.URL, a.Room)
	}
	consume(t, a)
	consume(t, b)
}

func TestStartAndStopThrice(t *testing.T) {
	for range 3 {
		l, err := Start(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		consume(t, l)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("closed twice: %v", err)
		}
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if l, err := Start(ctx, Options{}); err == nil {
		_ = l.Close()
		t.Fatal("started although its context was over")
	}
	if stack := running(); stack != "" {
		t.Errorf("still running:\n%s", stack)
	}
}
