package token

import (
	"math"
	"strconv"
	"strings"
	"time"

	"lkdoctor/checks/finding"
)

// Thresholds of token.time.
const (
	soon      = 2 * time.Minute
	longLived = 24 * time.Hour
	// From here on a number of seconds lies after the year 5000, so it was
	// meant as milliseconds, microseconds or nanoseconds.
	millis = 1e11
	micros = 1e14
	nanos  = 1e17
)

// Time judges exp, nbf and iat by the LiveKit server's clock where it is known,
// else by this machine's, and compares the clocks (the codes of token.time).
// Token may be nil or undecoded: then only the clocks are compared.
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
	var found []finding.Finding
	found = append(found, j.units()...)
	found = append(found, j.expiry()...)
	found = append(found, j.start()...)
	return append(found, skew...)
}

// judge is one token at one moment.
type judge struct {
	t      *Token
	now    time.Time
	by     finding.Text
	clocks Clocks
}

// units finds times in another unit than seconds, or written as text.
func (j judge) units() []finding.Finding {
	var found []finding.Finding
	for _, name := range []string{"exp", "nbf", "iat"} {
		raw := rawOf(j.t.members, name)
		if len(raw) == 0 || isNull(raw) {
			continue
		}
		n, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
		if err != nil {
			continue // TOKEN_CLAIM_TYPE says so
		}
		if raw[0] == '"' {
			found = append(found, finding.New(finding.TokenTimeUnit, finding.Warn,
				"%s is a number written as text (in quotes). Servers from 1.13 on read it, older ones refuse the token.", name).
				With("claim", name).With("unit", "text").With("accepted_by", "livekit-server from 1.13 on"))
		}
		if unit := unitOf(n); unit != "" {
			found = append(found, finding.New(finding.TokenTimeUnit, finding.Warn,
				"%s is in %s; a JWT counts in seconds. Read as seconds it means %s.", name, unit, meaning(n, j.now)).
				With("claim", name).With("unit", unit))
		}
	}
	return found
}

func unitOf(n float64) string {
	switch n = math.Abs(n); {
	case n >= nanos:
		return "nanoseconds"
	case n >= micros:
		return "microseconds"
	case n >= millis:
		return "milliseconds"
	}
	return ""
}

// meaning says when a time in the wrong unit would be.
func meaning(n float64, now time.Time) finding.Text {
	years := math.Round((n - float64(now.Unix())) / (365.2425 * 86400))
	if years > 1e9 {
		return finding.Textf("never")
	}
	return finding.Textf("in %d years", int(years))
}

// expiry judges exp.
func (j judge) expiry() []finding.Finding {
	exp := j.t.Claims.ExpiresAt
	if exp == nil {
		if raw := rawOf(j.t.members, "exp"); len(raw) > 0 && !isNull(raw) {
			return nil // unreadable: TOKEN_CLAIM_TYPE says so
		}
		return []finding.Finding{finding.New(finding.TokenNoExpiry, finding.Warn,
			"The token has no expiry (exp): whoever gets hold of it can use it for ever, and newer servers refuse it.")}
	}
	left := exp.Sub(j.now)
	facts := func(f finding.Finding) []finding.Finding {
		return []finding.Finding{f.With("exp", stamp(*exp)).With("seconds_left", round(left))}
	}
	switch {
	case !j.now.Before(exp.Add(Leeway)):
		return facts(finding.New(finding.TokenExpired, finding.Fail,
			"The token expired %s ago by %s (LiveKit tolerates 60 s).%s", Words(left), j.by, j.whyExpired()))
	case left <= 0:
		return facts(finding.New(finding.TokenExpiresSoon, finding.Warn,
			"The token expired %s ago by %s; LiveKit still takes it for %s.", Words(left), j.by, Words(left+Leeway)))
	case left < soon:
		return facts(finding.New(finding.TokenExpiresSoon, finding.Warn,
			"The token expires in %s by %s: too soon for somebody who is about to join.", Words(left), j.by))
	}
	start := j.now
	if from := j.t.Claims.start(); from != nil && from.Before(*exp) && from.After(j.now.Add(-10*365*24*time.Hour)) {
		start = *from
	}
	if life := exp.Sub(start); life > longLived && unitOf(float64(exp.Unix())) == "" {
		return facts(finding.New(finding.TokenLivesLong, finding.Warn,
			"The token is valid for %s. A token needs to live only until somebody has joined; over 24 h is a risk if it leaks.", Words(life)).
			With("lifetime_seconds", round(life)))
	}
	return nil
}

// start is when a token became valid by its own account.
func (c Claims) start() *time.Time {
	if c.NotBefore != nil {
		return c.NotBefore
	}
	return c.IssuedAt
}

// whyExpired adds what the other times tell.
func (j judge) whyExpired() finding.Text {
	exp, start := j.t.Claims.ExpiresAt, j.t.Claims.start()
	switch {
	case exp.Unix() == 0:
		return finding.Textf(" Its exp is 0.")
	case start != nil && !exp.After(*start):
		return finding.Textf(" It was never valid: exp is not after its start.")
	case start != nil:
		return finding.Textf(" It was valid for %s.%s", Words(exp.Sub(*start)), j.zone(*start))
	}
	return finding.Text{}
}

// start judges nbf and iat.
func (j judge) start() []finding.Finding {
	var found []finding.Finding
	if nbf := j.t.Claims.NotBefore; nbf != nil && j.now.Before(nbf.Add(-Leeway)) {
		ahead := nbf.Sub(j.now)
		found = append(found, finding.New(finding.TokenNotYetValid, finding.Fail,
			"The token becomes valid (nbf) only in %s by %s (LiveKit tolerates 60 s).%s", Words(ahead), j.by, j.whyAhead(*nbf, ahead)).
			With("nbf", stamp(*nbf)).With("seconds_ahead", round(ahead)))
	}
	if iat := j.t.Claims.IssuedAt; iat != nil && j.now.Before(iat.Add(-Leeway)) {
		ahead := iat.Sub(j.now)
		found = append(found, finding.New(finding.TokenIssuedInFuture, finding.Warn,
			"The token says that it was made (iat) %s in the future by %s. LiveKit servers up to 1.12 refuse it, later ones do not look.%s", Words(ahead), j.by, j.whyAhead(*iat, ahead)).
			With("iat", stamp(*iat)).With("seconds_ahead", round(ahead)).With("accepted_by", "livekit-server from 1.13 on"))
	}
	return found
}

// whyAhead says whether a clock or the maker's code put a time into the future.
func (j judge) whyAhead(when time.Time, ahead time.Duration) finding.Text {
	if zone := j.zone(when); !zone.IsZero() {
		return zone
	}
	skew, off, known := j.clocks.ticketAgainstServer()
	switch {
	case unitOf(float64(when.Unix())) != "":
		return finding.Text{}
	case known && off && skew > 0:
		return finding.Textf(" The clock of the ticket service is %s.", aheadOf(skew))
	case known && !off:
		return finding.Textf(" The clocks agree, so it is how the service sets this time, not a clock.")
	}
	return finding.Text{}
}

// zone finds an offset of whole half hours, which a clock seldom has and a
// local time taken for UTC always.
func (j judge) zone(when time.Time) finding.Text {
	if _, off, known := j.clocks.ticketAgainstServer(); !known || off {
		return finding.Text{}
	}
	d := when.Sub(j.now)
	half := d.Round(30 * time.Minute)
	if half == 0 || half.Abs() > 14*time.Hour || (d-half).Abs() > time.Minute {
		return finding.Text{}
	}
	return finding.Textf(" Its start is off by %s, almost to the minute: probably a local time was taken for UTC (datetime.utcnow().timestamp() does that).", Words(half))
}

// stamp is a time for facts; years beyond 9999 have no RFC 3339 form.
func stamp(t time.Time) string {
	if y := t.UTC().Year(); y < 0 || y > 9999 {
		return "year " + strconv.Itoa(y)
	}
	return t.UTC().Format(time.RFC3339)
}
