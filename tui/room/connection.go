package room

import (
	"fmt"
	"slices"
	"time"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/room"
	"lkdoctor/checks/wrap"
)

// chartRows is the height of the chart of round trips in its own pane.
const chartRows = 3

// connection returns the path of the media and its quality, in lines of at most width
// columns.
func (m model) connection(width int) []string {
	path := m.state.path
	if path == nil {
		return nil
	}
	local, remote := m.Sayf("%s (%s)", path.Local, path.LocalType), m.Sayf("%s (%s)", path.Remote, path.RemoteType)
	var lines []string
	if !m.wide() {
		lines = append(m.flow([]string{m.Say(way(path.Kind)), m.Sayf("%s to %s", local, remote)}, width), m.roundTrips(width, 1)...)
	} else {
		lines = append(lines, m.Styles.Title.Render(m.Sayf("Connection"))+"  "+m.Say(way(path.Kind)))
		rows := [][2]string{{m.Sayf("from"), local}, {m.Sayf("to"), remote}}
		label := max(wrap.Width(rows[0][0]), wrap.Width(rows[1][0]))
		for _, row := range rows {
			lines = append(lines, m.Fit(m.Styles.Subtle.Render(wrap.Pad(row[0], label))+"  "+row[1], width))
		}
		lines = append(lines, m.roundTrips(width, chartRows)...)
	}
	return append(lines, m.flow(m.carried(), width)...)
}

func way(kind string) finding.Text {
	switch kind {
	case "udp":
		return finding.Textf("UDP, direct")
	case "tcp":
		return finding.Textf("TCP, direct")
	case "relay":
		return finding.Textf("through a TURN server")
	}
	return finding.Textf("%s", kind)
}

// roundTrips returns a chart of the last round-trip times. Its scale is from 0 to the
// highest of them, at least 1 ms.
func (m model) roundTrips(width, rows int) []string {
	all := m.state.rtts
	if len(all) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(all))
	high := sorted[len(sorted)-1]
	now := m.Sayf("round trip %s", millis(all[len(all)-1]))
	if rows == 1 {
		scale := m.Sayf("scale 0 to %s", millis(max(high, 1)))
		bars := m.chart(all, min(keepRTTs, width-wrap.Width(now)-wrap.Width(scale)-4), 1)[0]
		return []string{m.Fit(now+"  "+m.Styles.Key.Render(bars)+"  "+m.Styles.Subtle.Render(scale), width)}
	}
	lines := m.flow([]string{now, m.Styles.Subtle.Render(m.Sayf("lowest %s, median %s, highest %s", millis(sorted[0]),
		millis(sorted[len(sorted)/2]), millis(high)))}, width)
	top := millis(max(high, 1))
	label := wrap.Width(top)
	for i, bars := range m.chart(all, min(keepRTTs, width-label-3), rows) {
		at := map[int]string{0: top, rows - 1: "0"}[i]
		lines = append(lines, m.Styles.Subtle.Render(fmt.Sprintf("%*s %s", label, at, m.Marks.Bar))+m.Styles.Key.Render(bars))
	}
	return lines
}

// carried returns the sum of the tracks' bit rates, and the worst of their losses. It is
// empty without tracks.
func (m model) carried() []string {
	if len(m.state.traffic) == 0 || m.state.phase != inside {
		return nil
	}
	var e room.Event
	lost, jitter, rated := 0.0, 0.0, false
	for _, t := range m.state.traffic {
		e.Traffic = append(e.Traffic, t)
		if t.Lost != nil {
			lost, rated = max(lost, *t.Lost), true
		}
		if t.Jitter != nil {
			jitter = max(jitter, *t.Jitter)
		}
	}
	out, in := e.Rates()
	parts := []string{m.Sayf("sends %s, receives %s", bitRate(out), bitRate(in))}
	if rated {
		parts = append(parts, m.Sayf("lost %s %%, jitter %s", fmt.Sprintf("%.1f", lost), millis(jitter)))
	}
	return parts
}

func (m model) bars() []rune {
	if m.ASCII {
		return []rune("_.-=+*#@")
	}
	return []rune("▁▂▃▄▅▆▇█")
}

func (m model) bar(share float64) string {
	bars := m.bars()
	return string(bars[min(max(int(share*float64(len(bars))), 0), len(bars)-1)])
}

// chart draws values as bars on rows lines, the newest at the right.
func (m model) chart(values []float64, width, rows int) []string {
	lines := make([]string, rows)
	if width < 1 {
		return lines
	}
	values = values[max(0, len(values)-width):]
	bars := m.bars()
	// A difference of less than 1 ms needs no high bar.
	high := max(slices.Max(m.state.rtts), 1)
	for _, v := range values {
		units := min(max(1+int(v/high*float64(rows*len(bars)-1)), 1), rows*len(bars))
		for i := range lines {
			if above := units - (rows-1-i)*len(bars); above > 0 {
				lines[i] += string(bars[min(above, len(bars))-1])
			} else {
				lines[i] += " "
			}
		}
	}
	return lines
}

// bitRate formats bits per second: "32 kbit/s", "1.4 Mbit/s".
func bitRate(bits float64) string {
	if bits >= 1e6 {
		return fmt.Sprintf("%.1f Mbit/s", bits/1e6)
	}
	return fmt.Sprintf("%.0f kbit/s", bits/1e3)
}

// clock formats a duration: 0:07, 12:30, 1:02:03.
func clock(d time.Duration) string {
	sec := int(max(d, 0).Seconds())
	if sec >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", sec/3600, sec/60%60, sec%60)
	}
	return fmt.Sprintf("%d:%02d", sec/60, sec%60)
}

// millis formats milliseconds: "0.4 ms", "31 ms".
func millis(ms float64) string {
	if ms < 10 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}
