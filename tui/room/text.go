package room

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// spark draws values as a row of bars, the newest at the right.
func (m model) spark(values []float64, width int) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	if m.ASCII {
		bars = []rune("_.-=+*#@")
	}
	if len(values) == 0 || width < 1 {
		return ""
	}
	values = values[max(0, len(values)-width):]
	// Under a millisecond nothing is worth a mountain.
	low, high := 0.0, max(slices.Max(values), 1)
	var b strings.Builder
	for _, v := range values {
		i := int((v - low) / (high - low) * float64(len(bars)-1))
		b.WriteRune(bars[min(max(i, 0), len(bars)-1)])
	}
	return b.String()
}

// clock is a duration as a stay shows it: 0:07, 12:30, 1:02:03.
func clock(d time.Duration) string {
	sec := int(max(d, 0).Seconds())
	if sec >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", sec/3600, sec/60%60, sec%60)
	}
	return fmt.Sprintf("%d:%02d", sec/60, sec%60)
}

// millis is a round trip: "0.4 ms", "31 ms".
func millis(ms float64) string {
	if ms < 10 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}
