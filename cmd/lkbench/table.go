package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// samples are measurements of one thing, all in the same unit.
type samples []float64

func (s samples) sorted() samples { return slices.Sorted(slices.Values(s)) }

func (s samples) min() float64 { return slices.Min(s) }
func (s samples) max() float64 { return slices.Max(s) }

// median is the middle one, or the mean of the two in the middle.
func (s samples) median() float64 {
	sorted := s.sorted()
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// over divides pair by pair.
func (s samples) over(other samples) samples {
	out := make(samples, len(s))
	for i := range s {
		out[i] = s[i] / other[i]
	}
	return out
}

// beyond subtracts pair by pair.
func (s samples) beyond(other samples) samples {
	out := make(samples, len(s))
	for i := range s {
		out[i] = s[i] - other[i]
	}
	return out
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// The units of a table.
const (
	inMillis  = "ms"
	inSeconds = "s"
	inMiB     = "MiB"
	asRatio   = "×"
)

// row is one line: what was measured, and the target for its median.
type row struct {
	name    string
	unit    string
	samples samples
	// most is the target, 0 for none.
	most float64
	// free replaces the figures where there are none.
	free string
	met  bool
}

// table collects the rows of a section, and lines to print below them.
type table struct {
	rows  []row
	grid  [][]string
	notes []string
}

func (t *table) add(name, unit string, s samples, most float64) {
	t.rows = append(t.rows, row{name: name, unit: unit, samples: s, most: most})
}

// say adds a row without figures.
func (t *table) say(name, result string, met bool) {
	t.rows = append(t.rows, row{name: name, free: result, met: met})
}

func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

func (r row) cells() []string {
	if r.free != "" {
		return []string{r.name, "", r.free, "", "", verdict(r.met)}
	}
	figure := func(v float64) string { return number(v) + " " + r.unit }
	if r.unit == asRatio {
		figure = func(v float64) string { return number(v) + r.unit }
	}
	target, judged := "", ""
	if r.most > 0 {
		target, judged = "≤ "+figure(r.most), verdict(r.samples.median() <= r.most)
	}
	return []string{r.name, figure(r.samples.min()), figure(r.samples.median()), figure(r.samples.max()), target, judged}
}

func verdict(met bool) string {
	if met {
		return "ok"
	}
	return "OVER"
}

// number has three significant digits where it is small, and no decimals where
// it is large.
func number(v float64) string {
	switch {
	case v >= 100 || v <= -100 || v == float64(int64(v)):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10 || v <= -10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v >= 1 || v <= -1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

func (t *table) print(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(cells []string) {
		for _, cell := range cells {
			fmt.Fprintf(out, "  %s\t", cell)
		}
		fmt.Fprintln(out)
	}
	if len(t.rows) > 0 {
		line([]string{"", "min", "median", "max", "target", ""})
		for _, r := range t.rows {
			line(r.cells())
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	for _, cells := range t.grid {
		line(cells)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	for _, note := range t.notes {
		if _, err := fmt.Fprintf(w, "  %s\n", note); err != nil {
			return err
		}
	}
	return nil
}
