package token

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/finding"
)

// Thresholds of token.time.
const (
	soon      = 2 * time.Minute
	longLived = 24 * time.Hour
	// Larger numbers of seconds are after the year 5000, so in these units.
	millis = 1e11
	micros = 1e14
	nanos  = 1e17
)

// Time judges exp, nbf and iat by the LiveKit server's clock, or by this machine's if
// the server's is unknown, and compares the clocks (the codes of token.time). If the
// token is nil or undecoded it only compares the clocks.
func Time(t *Token, clocks Clocks) []finding.Finding {
	skew := clocks.skew()
	if t == nil || !t.Effective().Decoded {
		return skew
	}
	t = t.Effective()
	now, known := clocks.ServerNow()
	by := finding.Textf("this machine's clock")
	if known {
		by = finding.Textf("the LiveKit server's clock")
	}
	j := judge{t: t, now: now, by: by, clocks: clocks}
	return slices.Concat(j.units(), j.expiry(), j.start(), skew)
}

type judge struct {
	t      *Token
	now    time.Time
	by     finding.Text
	clocks Clocks
}

// units reports times in another unit than seconds, or written as text.
func (j judge) units() []finding.Finding {
	var found []finding.Finding
	for _, name := range []string{"exp", "nbf", "iat"} {
		raw := rawOf(j.t.members, name)
		n, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
		if err != nil {
			continue // TOKEN_CLAIM_TYPE reports it
		}
		if raw[0] == '"' {
			found = append(found, finding.New(finding.TokenTimeUnit, finding.Warn,
				"%s is a number written as text (in quotes); servers from 1.13 on read it, older ones refuse the token", name).
				With("claim", name).With("unit", "text").With("accepted_by", "livekit-server from 1.13 on").As("text"))
		}
		if unit := unitOf(n); !unit.IsZero() {
			found = append(found, finding.New(finding.TokenTimeUnit, finding.Warn,
				"%s is in %s; a JWT counts in seconds; read as seconds it means %s", name, unit, meaning(n, j.now)).
				With("claim", name).With("unit", unit.String()).As("milliseconds"))
		}
	}
	return found
}

// unitOf returns the unit that a number as large as n is in, if it is not seconds.
func unitOf(n float64) finding.Text {
	switch n = math.Abs(n); {
	case n >= nanos:
		return finding.Textf("nanoseconds")
	case n >= micros:
		return finding.Textf("microseconds")
	case n >= millis:
		return finding.Textf("milliseconds")
	}
	return finding.Text{}
}

func meaning(n float64, now time.Time) finding.Text {
	years := yearsUntil(n, now)
	if years > 1e9 {
		return finding.Textf("never")
	}
	return finding.Textf("in %d years", int(years))
}

// yearsUntil returns the whole years from now to a time in seconds since 1970.
func yearsUntil(n float64, now time.Time) float64 {
	return math.Round((n - float64(now.Unix())) / (365.2425 * 86400))
}

// until formats the time from now to t. A time.Duration holds 292 years at most.
func until(now, t time.Time) finding.Text {
	if d := t.Sub(now); d < math.MaxInt64 {
		return Elapsed(d)
	}
	return finding.Textf("%d years", int(yearsUntil(float64(t.Unix()), now)))
}

// expiry judges exp.
func (j judge) expiry() []finding.Finding {
	exp := j.t.Claims.ExpiresAt
	if exp == nil {
		if answer.ShapeOf(rawOf(j.t.members, "exp")) != answer.ShapeNull {
			return nil // unreadable: TOKEN_CLAIM_TYPE reports it
		}
		return []finding.Finding{finding.New(finding.TokenNoExpiry, finding.Warn,
			"the token has no expiry (exp): whoever gets hold of it can use it for ever, and LiveKit servers from 1.13.6 on refuse it")}
	}
	left := exp.Sub(j.now)
	start := j.now
	if from := j.t.Claims.start(); from != nil && from.Before(*exp) && from.After(j.now.Add(-10*365*24*time.Hour)) {
		start = *from
	}
	variant := "used-late"
	if exp.Sub(start) <= soon {
		variant = "short-lived"
	}
	facts := func(f finding.Finding) []finding.Finding {
		return []finding.Finding{f.With("exp", stamp(*exp)).With("seconds_left", round(left))}
	}
	switch {
	case !j.now.Before(exp.Add(Leeway)):
		variant, why := j.whyExpired()
		return facts(finding.New(finding.TokenExpired, finding.Fail,
			"the token expired %s ago by %s (LiveKit tolerates 60 s)%s", Elapsed(left), j.by, why).As(variant))
	case left <= 0:
		return facts(finding.New(finding.TokenExpiresSoon, finding.Warn,
			"the token expired %s ago by %s; LiveKit still takes it for %s", Elapsed(left), j.by, Elapsed(left+Leeway)).As(variant))
	case left < soon:
		return facts(finding.New(finding.TokenExpiresSoon, finding.Warn,
			"the token expires in %s by %s: too soon for somebody who is about to join", Elapsed(left), j.by).As(variant))
	}
	if life := exp.Sub(start); life > longLived && unitOf(float64(exp.Unix())).IsZero() {
		return facts(finding.New(finding.TokenLivesLong, finding.Warn,
			"the token is valid for %s; a token needs to live only until somebody has joined; over 24 h is a risk "+
				"if it leaks", Elapsed(life)).
			With("lifetime_seconds", round(life)))
	}
	return nil
}

// start returns when the token became valid: nbf, else iat.
func (c Claims) start() *time.Time {
	if c.NotBefore != nil {
		return c.NotBefore
	}
	return c.IssuedAt
}

func (j judge) whyExpired() (variant string, why finding.Text) {
	exp, start := j.t.Claims.ExpiresAt, j.t.Claims.start()
	switch {
	case exp.Unix() == 0:
		return "no-lifetime", finding.Textf("; its exp is 0")
	case start != nil && !exp.After(*start):
		return "no-lifetime", finding.Textf("; it was never valid: exp is not after its start")
	}
	variant = "kept"
	var zone finding.Text
	if start != nil {
		zone = j.zone(*start)
		why = finding.Textf("; it was valid for %s%s", Elapsed(exp.Sub(*start)), zone)
	}
	if behind, off, known := j.clocks.ticketAgainstServer(); known && off && j.now.Before(exp.Add(Leeway-behind)) {
		return "clock", why // still valid by its issuer's clock
	}
	if !zone.IsZero() {
		variant = "time-zone"
	}
	return variant, why
}

func (j judge) start() []finding.Finding {
	var found []finding.Finding
	if nbf := j.t.Claims.NotBefore; nbf != nil && j.now.Before(nbf.Add(-Leeway)) {
		ahead := nbf.Sub(j.now)
		variant, why := j.whyAhead(*nbf)
		found = append(found, finding.New(finding.TokenNotYetValid, finding.Fail,
			"the token becomes valid (nbf) only in %s by %s (LiveKit tolerates 60 s)%s", until(j.now, *nbf), j.by, why).
			As(variant).By(aheadParty(variant)).With("nbf", stamp(*nbf)).With("seconds_ahead", round(ahead)))
	}
	if iat := j.t.Claims.IssuedAt; iat != nil && j.now.Before(iat.Add(-Leeway)) {
		ahead := iat.Sub(j.now)
		variant, why := j.whyAhead(*iat)
		found = append(found, finding.New(finding.TokenIssuedInFuture, finding.Warn,
			"the token says that it was made (iat) %s in the future by %s; LiveKit servers up to 1.12 refuse it, "+
				"later ones do not look%s", until(j.now, *iat), j.by, why).
			As(variant).By(aheadParty(variant)).With("iat", stamp(*iat)).With("seconds_ahead", round(ahead)).
			With("accepted_by", "livekit-server from 1.13 on"))
	}
	return found
}

// whyAhead returns the variant for a time in the future, which says whether a clock or
// the issuer's code is wrong, and a clause on it.
func (j judge) whyAhead(when time.Time) (variant string, why finding.Text) {
	if zone := j.zone(when); !zone.IsZero() {
		return "time-zone", zone
	}
	skew, off, known := j.clocks.ticketAgainstServer()
	switch {
	case !unitOf(float64(when.Unix())).IsZero():
		return "unit", finding.Text{}
	case known && off && skew > 0:
		return "clock", finding.Textf("; the clock of the ticket service is %s", aheadOf(skew))
	case known && !off:
		return "code", finding.Textf("; the clocks agree, so it is how the service sets this time, not a clock")
	}
	return "unexplained", finding.Text{}
}

// aheadParty returns the owner of a time in the future: the clock of the issuer,
// unless its code is the cause.
func aheadParty(variant string) finding.Owner {
	if variant == "clock" || variant == "unexplained" {
		return finding.OwnerClock
	}
	return finding.OwnerMaker
}

// zoneSlack is the tolerance in comparing a start with a time zone's offset.
const zoneSlack = 10 * time.Second

// zone explains the difference between a token's start and now by a time zone, unless
// clocks that differ or were not compared, or a cached token, may be the reason.
func (j judge) zone(when time.Time) finding.Text {
	if _, off, known := j.clocks.ticketAgainstServer(); !known || off || j.clocks.Kept {
		return finding.Text{}
	}
	d := when.Sub(j.now)
	offset := d.Round(15 * time.Minute)
	if !isZone(offset.Abs()) || (d-offset).Abs() > zoneSlack {
		return finding.Text{}
	}
	return finding.Textf("; its start is off by %s, to within seconds, as by a time zone: probably local time and UTC were confused "+
		"(datetime.utcnow().timestamp(), or datetime.now() given to a JWT library, do that)", Elapsed(offset))
}

// isZone reports whether some time zone differs from UTC by d. These are all that
// differ by a fraction of an hour (tzdata 2025b).
func isZone(d time.Duration) bool {
	switch d {
	case 210 * time.Minute, 270 * time.Minute, 330 * time.Minute, 345 * time.Minute, 390 * time.Minute,
		525 * time.Minute, 570 * time.Minute, 630 * time.Minute, 765 * time.Minute:
		return true
	}
	return d > 0 && d <= 14*time.Hour && d%time.Hour == 0
}

// stamp formats a time for facts; years after 9999 have no RFC 3339 form.
func stamp(t time.Time) string {
	if y := t.UTC().Year(); y < 0 || y > 9999 {
		return "year " + strconv.Itoa(y)
	}
	return t.UTC().Format(time.RFC3339)
}
