package lab

import (
	"context"
	"testing"
	"time"
)

func TestLiveKitStartsAndStopsAgain(t *testing.T) {
	for range 3 {
		began := time.Now()
		s, err := StartLiveKit(t.Context(), LiveKitOptions{Keys: map[string]string{"APIx": "0123456789abcdef0123456789abcdef"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("started in %s", time.Since(began).Round(time.Millisecond))
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("closed twice: %v", err)
		}
	}
}

func TestLiveKitGivesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := StartLiveKit(ctx, LiveKitOptions{Keys: map[string]string{"APIx": "0123456789abcdef0123456789abcdef"}}); err == nil {
		t.Fatal("started although its context was over")
	}
}
