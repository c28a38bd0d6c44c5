package finding_test

import (
	"testing"
	"time"

	"lkdoctor/checks/finding"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration][2]string{
		0:                         {"0 ms", "0 ms"},
		400 * time.Microsecond:    {"0.4 ms", "0 ms"},
		9960 * time.Microsecond:   {"10 ms", "10 ms"},
		31 * time.Millisecond:     {"31 ms", "31 ms"},
		999 * time.Millisecond:    {"999 ms", "999 ms"},
		999600 * time.Microsecond: {"1 s", "1 s"},
		1250 * time.Millisecond:   {"1.2 s", "1.2 s"},
		5 * time.Second:           {"5 s", "5 s"},
		9960 * time.Millisecond:   {"10 s", "10 s"},
		24 * time.Second:          {"24 s", "24 s"},
	} {
		if got := [2]string{finding.Duration(d), finding.Millis(d)}; got != want {
			t.Errorf("%v: %v, want %v", d, got, want)
		}
	}
}
