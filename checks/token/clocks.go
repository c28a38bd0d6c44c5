package token

import (
	"strings"
	"time"

	"lkdoctor/checks/finding"
)

// Leeway is the tolerance of a LiveKit server on exp and nbf (all versions).
const Leeway = time.Minute

// minSkew is the smallest skew that is reported: a Date header counts seconds.
const minSkew = 2 * time.Second

// Sample is one reading of a remote clock, from the Date header of a response.
type Sample struct {
	Date time.Time     // the Date header, resolution 1 s
	At   time.Time     // this machine's clock when the answer began to arrive
	RTT  time.Duration // from sending the request to At
}

// Offset returns remote minus local time. It assumes that the Date was cut to the
// second and written half a round trip before the response arrived.
func (s *Sample) Offset() time.Duration {
	return s.Date.Add(time.Second / 2).Sub(s.At.Add(-s.RTT / 2))
}

// Uncertainty is the largest error of Offset.
func (s *Sample) Uncertainty() time.Duration { return time.Second/2 + s.RTT/2 }

// Clocks are the clocks of a run. A nil sample is unknown.
type Clocks struct {
	Local         time.Time
	Server        *Sample
	TicketService *Sample
	Kept          bool // set when the token came from a cache and may be older than the run
}

// ServerNow returns the time by the LiveKit server's clock. If that is unknown it
// returns this machine's time, and known is false.
func (c Clocks) ServerNow() (now time.Time, known bool) {
	if c.Server == nil {
		return c.Local, false
	}
	if offset := c.Server.Offset(); offset.Abs() >= minSkew+c.Server.RTT/2 {
		return c.Local.Add(offset), true
	}
	return c.Local, true
}

// clock is one clock of up to three, with its offset from this machine's.
type clock struct {
	name        finding.Text
	key         string
	offset      time.Duration
	uncertainty time.Duration
}

func (c clock) advice() string {
	return strings.ReplaceAll(strings.Replace(c.key, "local", "this-machine", 1), "_", "-")
}

// clock returns the clock that was read; that of this machine for a nil sample.
func (s *Sample) clock(name finding.Text, key string) clock {
	if s == nil {
		return clock{name: name, key: key}
	}
	return clock{name, key, s.Offset(), s.Uncertainty()}
}

func (c Clocks) list() []clock {
	list := []clock{(*Sample)(nil).clock(finding.Textf("this machine"), "local")}
	if c.Server != nil {
		list = append(list, c.Server.clock(finding.Textf("the LiveKit server"), "livekit_server"))
	}
	if c.TicketService != nil {
		list = append(list, c.TicketService.clock(finding.Textf("the ticket service"), "ticket_service"))
	}
	return list
}

// apart returns a minus b, and whether that exceeds the error of measurement.
func apart(a, b clock) (time.Duration, bool) {
	d := a.offset - b.offset
	return d, d.Abs() >= max(minSkew, a.uncertainty+b.uncertainty+time.Second)
}

// skew compares the clocks. Of three it names the one that differs from the other two.
func (c Clocks) skew() []finding.Finding {
	list := c.list()
	var worst [2]clock
	var widest time.Duration
	pairs := 0
	for i := range list {
		for j := i + 1; j < len(list); j++ {
			if d, off := apart(list[i], list[j]); off {
				pairs++
				if d.Abs() > widest {
					widest, worst = d.Abs(), [2]clock{list[i], list[j]}
				}
			}
		}
	}
	if pairs == 0 {
		return nil
	}
	severity := finding.Warn
	if widest > Leeway {
		severity = finding.Fail
	}
	odd, ahead, found := oddOne(list)
	var f finding.Finding
	if found {
		f = finding.New(finding.ClockSkew, severity,
			"the clock of %s is %s; the other two agree; LiveKit tolerates 60 s", odd.name, aheadOf(ahead)).
			As(odd.advice()).With("machine", odd.key).With("seconds", round(ahead))
	} else {
		d, fast := worst[0].offset-worst[1].offset, worst[0]
		if d < 0 {
			fast = worst[1]
		}
		f = finding.New(finding.ClockSkew, severity,
			"the clocks of %s and %s are %s apart: that of %s is ahead; which one is wrong cannot be told from "+
				"here; LiveKit tolerates 60 s",
			worst[0].name, worst[1].name, Elapsed(d), fast.name).
			As("unknown").With("machine", "unknown").With("seconds", round(d.Abs()))
	}
	for _, k := range list[1:] {
		f = f.With("offset_"+k.key, round(k.offset))
	}
	return []finding.Finding{f.By(finding.OwnerClock)}
}

// oddOne returns the clock that differs from two others that agree.
func oddOne(list []clock) (odd clock, ahead time.Duration, found bool) {
	if len(list) != 3 {
		return clock{}, 0, false
	}
	for i := range list {
		a, b := list[(i+1)%3], list[(i+2)%3]
		if _, differ := apart(a, b); differ {
			continue
		}
		da, offA := apart(list[i], a)
		db, offB := apart(list[i], b)
		if offA && offB {
			return list[i], (da + db) / 2, true
		}
	}
	return clock{}, 0, false
}

// ticketAgainstServer returns the ticket service's clock minus the server's, or this
// machine's if that is unknown. off reports whether it exceeds the error.
func (c Clocks) ticketAgainstServer() (ahead time.Duration, off, known bool) {
	if c.TicketService == nil {
		return 0, false, false
	}
	ahead, off = apart(c.TicketService.clock(finding.Text{}, ""), c.Server.clock(finding.Text{}, ""))
	return ahead, off, true
}

// aheadOf formats an offset: "4 min 58 s ahead".
func aheadOf(d time.Duration) finding.Text {
	if d < 0 {
		return finding.Textf("%s behind", Elapsed(-d))
	}
	return finding.Textf("%s ahead", Elapsed(d))
}

func round(d time.Duration) int { return int(d.Round(time.Second) / time.Second) }

// Elapsed formats the size of d in its two largest units: "4 min 58 s", "2 h".
func Elapsed(d time.Duration) finding.Text {
	d = d.Abs().Round(time.Second)
	seconds := int(d / time.Second)
	switch {
	case d < time.Minute:
		return finding.Textf("%d s", seconds)
	case d < time.Hour && seconds%60 == 0:
		return finding.Textf("%d min", seconds/60)
	case d < time.Hour:
		return finding.Textf("%d min %d s", seconds/60, seconds%60)
	case d < 24*time.Hour && seconds/60%60 == 0:
		return finding.Textf("%d h", seconds/3600)
	case d < 24*time.Hour:
		return finding.Textf("%d h %d min", seconds/3600, seconds/60%60)
	case d < 48*time.Hour:
		return finding.Textf("1 day %d h", seconds/3600-24)
	case d < 2*365*24*time.Hour:
		return finding.Textf("%d days", seconds/86400)
	}
	return finding.Textf("%d years", seconds/86400/365)
}
