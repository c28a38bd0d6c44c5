package finding

import (
	"fmt"
	"strings"
	"time"
)

// Duration is a duration as every face says it: "31 ms", "1.2 s", "24 s". Under
// 10 ms, tenths tell more than they hide: "0.4 ms".
func Duration(d time.Duration) string {
	if d >= 999500*time.Microsecond {
		return short(d, time.Second) + " s"
	}
	return short(d, time.Millisecond) + " ms"
}

// Millis is Duration for what is shown in a column with others: whole
// milliseconds, and seconds from one on.
func Millis(d time.Duration) string {
	if d >= 999500*time.Microsecond {
		return Duration(d)
	}
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

// short is d in units, with one digit after the point where it is below ten.
func short(d, unit time.Duration) string {
	n := float64(d) / float64(unit)
	if n >= 9.95 {
		return fmt.Sprintf("%.0f", n)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", n), ".0")
}

// Milliseconds is a duration as the JSON document has it: a number, to the tenth.
func Milliseconds(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
}
