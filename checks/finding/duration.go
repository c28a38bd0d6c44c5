package finding

import (
	"fmt"
	"strings"
	"time"
)

// Duration formats a duration: "31 ms", "1.2 s", "24 s"; below 10 ms with tenths: "0.4
// ms".
func Duration(d time.Duration) string {
	if d >= 999500*time.Microsecond {
		return short(d, time.Second) + " s"
	}
	return short(d, time.Millisecond) + " ms"
}

// Millis formats a duration for a column: in whole milliseconds, from one second on as
// Duration does.
func Millis(d time.Duration) string {
	if d >= 999500*time.Microsecond {
		return Duration(d)
	}
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

// short formats d in units, with one decimal below ten.
func short(d, unit time.Duration) string {
	n := float64(d) / float64(unit)
	if n >= 9.95 {
		return fmt.Sprintf("%.0f", n)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", n), ".0")
}

// Milliseconds returns d in milliseconds to the tenth, as in the JSON document.
func Milliseconds(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
}
