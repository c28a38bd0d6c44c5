package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"lkdoctor/checks/lab"
)

// crowd is how many doctors run at once.
const crowd = 16

// patientOf is one of a crowd: its settings and what its doctor must say.
type patientOf struct {
	identity string
	settings []string
	code     int
	cause    string
}

// people are a crowd in which each has its own identity and its own trouble,
// four kinds in turn.
func people(l *lab.Lab) []patientOf {
	out := make([]patientOf, crowd)
	now := time.Now()
	for i := range out {
		p := patientOf{identity: fmt.Sprintf("patient-%d", i), code: 1}
		c := claims(l.Pair, l.Room, p.identity, now)
		secret := l.Pair.Secret
		switch i % 4 {
		case 0:
			p.code = 0
		case 1:
			secret, p.cause = lab.NewPair().Secret, "SIGNATURE_MISMATCH"
		case 2:
			c["nbf"], c["exp"] = now.Add(-2*time.Hour).Unix(), now.Add(-time.Hour).Unix()
			p.cause = "TOKEN_EXPIRED"
		case 3:
			delete(c["video"].(map[string]any), "roomJoin")
			p.cause = "TOKEN_NO_ROOM_JOIN"
		}
		p.settings = append(configured(l), "LIVEKIT_TOKEN="+lab.Sign(c, secret))
		out[i] = p
	}
	return out
}

// measureCrowd runs many doctors at once and counts those that are right about
// their own patient.
func measureCrowd(ctx context.Context, b *bench) error {
	l, err := lab.Start(ctx, lab.Options{})
	if err != nil {
		return err
	}
	defer l.Close()
	var times samples
	right, asked := 0, 0
	for range b.few() {
		begun := time.Now()
		wrong, err := consult(ctx, b, people(l))
		if err != nil {
			return err
		}
		times = append(times, millis(time.Since(begun)))
		asked, right = asked+crowd, right+crowd-len(wrong)
		for _, w := range wrong {
			b.table.note("wrong: %s", w)
		}
	}
	b.table.say(fmt.Sprintf("%d doctors at once, each with its own right answer", crowd), fmt.Sprintf("%d of %d", right, asked), right == asked)
	b.table.add("  until the last has ended", inMillis, times, 0)
	return nil
}

// consult runs all of them at once and says which answers were wrong.
func consult(ctx context.Context, b *bench, list []patientOf) ([]string, error) {
	var all sync.WaitGroup
	wrong, failures := make([]string, len(list)), make([]error, len(list))
	for i, p := range list {
		all.Go(func() {
			out, doc, err := diagnose(ctx, b.patient(p.settings, "--json"))
			failures[i] = err
			if err == nil && (out.code != p.code || doc.cause() != p.cause || doc.Target.Identity != p.identity) {
				wrong[i] = fmt.Sprintf("%s: exit code %d, %q, identity %s; want %d and %q", p.identity, out.code, doc.cause(), doc.Target.Identity, p.code, p.cause)
			}
		})
	}
	all.Wait()
	var said []string
	for _, w := range wrong {
		if w != "" {
			said = append(said, w)
		}
	}
	return said, errors.Join(failures...)
}
