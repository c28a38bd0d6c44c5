package token

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/finding"
)

// clockAt returns a sample of a clock with the given offset from the local one.
func clockAt(ahead, rtt time.Duration) *Sample {
	return &Sample{Date: now.Add(-rtt / 2).Add(ahead).Truncate(time.Second), At: now, RTT: rtt}
}

func TestTime(t *testing.T) {
	at := func(claim string, d time.Duration) string { return fmt.Sprintf(`"%s":%d`, claim, now.Add(d).Unix()) }
	exp := at("exp", 15*time.Minute)
	ok := Clocks{Local: now}
	const minute, hour = time.Minute, time.Hour
	for _, tt := range []struct {
		name, claims string
		clocks       Clocks
		want         string
		message      string
	}{
		{"good", exp + "," + at("nbf", 0) + "," + at("iat", 0), ok, "", ""},
		{"expired", at("exp", -10*minute), ok, "TOKEN_EXPIRED:fail", "expired 10 min ago by this machine's clock"},
		{"expired at the leeway", at("exp", -minute), ok, "TOKEN_EXPIRED:fail", ""},
		{"expired, within the leeway", at("exp", -55*time.Second), ok, "TOKEN_EXPIRES_SOON:warn", "still takes it for 5 s"},
		{"expired, not by the server", at("exp", -10*minute), Clocks{Local: now, Server: clockAt(-20*minute, 0)}, "CLOCK_SKEW:fail", "20 min apart"},
		{"expired by the server", exp, Clocks{Local: now, Server: clockAt(hour, 0)}, "TOKEN_EXPIRED:fail CLOCK_SKEW:fail", "by the LiveKit server's clock"},
		{"exp 0", `"exp":0`, ok, "TOKEN_EXPIRED:fail", "exp is 0"},
		{"exp before nbf", at("exp", -2*hour) + "," + at("nbf", -hour), ok, "TOKEN_EXPIRED:fail", "never valid"},
		{"expires soon", at("exp", 90*time.Second), ok, "TOKEN_EXPIRES_SOON:warn", "1 min 30 s"},
		{"lives long", at("exp", 30*24*hour) + "," + at("nbf", 0), ok, "TOKEN_LIVES_LONG:warn", "30 days"},
		{"lives 24 h", at("exp", 24*hour) + "," + at("nbf", 0), ok, "", ""},
		{"old, long", at("exp", hour) + "," + at("nbf", -30*24*hour), ok, "TOKEN_LIVES_LONG:warn", "30 days"},
		{"no exp", `"x":1`, ok, "TOKEN_NO_EXPIRY:warn", ""},
		{"exp null", `"exp":null`, ok, "TOKEN_NO_EXPIRY:warn", ""},
		{"exp ISO", `"exp":"2026-01-01"`, ok, "", ""},
		{"exp in ms", fmt.Sprintf(`"exp":%d`, now.UnixMilli()), ok, "TOKEN_TIME_UNIT:warn", "milliseconds; a JWT counts in seconds; read as seconds it means in 56"},
		{"nbf in ms", exp + fmt.Sprintf(`,"nbf":%d`, now.UnixMilli()), ok, "TOKEN_TIME_UNIT:warn TOKEN_NOT_YET_VALID:fail", ""},
		{"nbf in 3000", exp + `,"nbf":32503680000`, ok, "TOKEN_NOT_YET_VALID:fail", "only in 97"},
		{"iat in ns", exp + fmt.Sprintf(`,"iat":%d`, now.UnixNano()), ok, "TOKEN_TIME_UNIT:warn TOKEN_ISSUED_IN_FUTURE:warn", "nanoseconds"},
		{"exp as text", fmt.Sprintf(`"exp":"%d"`, now.Add(hour).Unix()), ok, "TOKEN_TIME_UNIT:warn", "as text"},
		{"nbf ahead", exp + "," + at("nbf", 5*minute), ok, "TOKEN_NOT_YET_VALID:fail", "only in 5 min by this machine's"},
		{"nbf at the leeway", exp + "," + at("nbf", minute), ok, "", ""},
		{"nbf ahead, service's clock", exp + "," + at("nbf", 5*minute), Clocks{now, clockAt(0, 0), clockAt(5*minute, 0), false}, "TOKEN_NOT_YET_VALID:fail CLOCK_SKEW:fail", "clock of the ticket service is 5 min"},
		{"nbf ahead, clocks agree", exp + "," + at("nbf", 5*minute), Clocks{now, clockAt(0, 0), clockAt(0, 0), false}, "TOKEN_NOT_YET_VALID:fail", "not a clock"},
		{"nbf in a zone", at("exp", 3*hour) + "," + at("nbf", 2*hour), Clocks{now, clockAt(0, 0), clockAt(0, 0), false}, "TOKEN_NOT_YET_VALID:fail", "off by 2 h, to within seconds"},
		{"iat ahead", exp + "," + at("iat", 5*minute), ok, "TOKEN_ISSUED_IN_FUTURE:warn", "up to 1.12 refuse it"},
		{"expired in a zone", at("exp", -hour+15*minute) + "," + at("nbf", -hour), Clocks{now, nil, clockAt(0, 0), false}, "TOKEN_EXPIRED:fail", "it was valid for 15 min; its start is off by 1 h"},
		{"far away", `"exp":1e300,"nbf":-1e300`, ok, "TOKEN_TIME_UNIT:warn TOKEN_TIME_UNIT:warn TOKEN_EXPIRED:fail", "means never"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tok, _ := Parse(claimed(`{"iss":"$iss",` + tt.claims + `}`))
			found := Time(tok, tt.clocks)
			noLeak(t, "", found)
			got := codes(found)
			for _, f := range found {
				t.Log(f.Message)
			}
			if got != tt.want {
				t.Fatalf("found %s, want %s", got, tt.want)
			}
			if tt.message != "" && !strings.Contains(found[0].Message.String(), tt.message) {
				t.Errorf("message %q lacks %q", found[0].Message, tt.message)
			}
		})
	}
}

func TestClockSkew(t *testing.T) {
	const second = time.Second
	for _, tt := range []struct {
		name            string
		server, service *Sample
		want            string
		message         string
		machine         any
	}{
		{"no other clock", nil, nil, "", "", nil},
		{"agree", clockAt(0, 0), clockAt(0, 0), "", "", nil},
		{"1.4 s is not measurable", clockAt(1400*time.Millisecond, 0), clockAt(0, 0), "", "", nil},
		{"5 s over a slow line", clockAt(5*second, 10*second), nil, "", "", nil},
		{"server, two clocks", clockAt(30*second, 0), nil, "CLOCK_SKEW:warn", "this machine and the LiveKit server are 31 s apart: that of the LiveKit server is ahead", "unknown"},
		{"server ahead", clockAt(298*second, 0), clockAt(0, 0), "CLOCK_SKEW:fail", "clock of the LiveKit server is 4 min 58 s ahead; the other two agree", "livekit_server"},
		{"service behind", clockAt(0, 0), clockAt(-40*second, 0), "CLOCK_SKEW:warn", "clock of the ticket service is 40 s behind", "ticket_service"},
		{"this machine", clockAt(-5*time.Minute, 0), clockAt(-5*time.Minute, 0), "CLOCK_SKEW:fail", "clock of this machine is 5 min ahead", "local"},
		{"all differ", clockAt(100*second, 0), clockAt(-100*second, 0), "CLOCK_SKEW:fail", "3 min 20 s apart", "unknown"},
		{"half the round trip", clockAt(10*second, 2*second), nil, "CLOCK_SKEW:warn", "apart", "unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := Time(nil, Clocks{Local: now, Server: tt.server, TicketService: tt.service})
			if got := codes(found); got != tt.want {
				t.Fatalf("found %s, want %s: %v", got, tt.want, found)
			}
			if tt.want == "" {
				return
			}
			f := found[0]
			if !strings.Contains(f.Message.String(), tt.message) || f.Facts["machine"] != tt.machine || f.Party != finding.OwnerClock {
				t.Errorf("%s %v %s", f.Message, f.Facts, f.Owner)
			}
		})
	}
}

// TestOffset checks that Offset is exact to half a second for any phase and delay.
func TestOffset(t *testing.T) {
	for phase := time.Duration(0); phase < time.Second; phase += 100 * time.Millisecond {
		for _, rtt := range []time.Duration{0, 80 * time.Millisecond, 3 * time.Second} {
			at := now.Add(phase)
			s := Sample{Date: at.Add(-rtt / 2).Add(time.Minute).Truncate(time.Second), At: at, RTT: rtt}
			if d := (s.Offset() - time.Minute).Abs(); d > time.Second/2 {
				t.Errorf("phase %s, rtt %s: off by %s", phase, rtt, d)
			}
		}
	}
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 59 * time.Second: "59 s", time.Minute: "1 min", 298 * time.Second: "4 min 58 s",
		-2 * time.Hour: "2 h", 90 * time.Minute: "1 h 30 min", 30 * time.Hour: "1 day 6 h",
		72 * time.Hour: "3 days", 20000 * 24 * time.Hour: "54 years",
	} {
		if got := Elapsed(d).String(); got != want {
			t.Errorf("Elapsed(%s) = %q, want %q", d, got, want)
		}
	}
}
