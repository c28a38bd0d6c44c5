package main

import (
	"context"
	"fmt"
	"time"

	"lkdoctor/checks/lab"
)

// warmUps are runs that are made and not counted: the embedded server's first
// request costs some 400 ms.
const warmUps = 3

// measureStart times what does no work: all of it is the program's start.
func measureStart(ctx context.Context, b *bench) error {
	token := lab.Sign(claims(lab.NewPair(), "start", "start", time.Now()), "a-secret-that-nobody-knows-of-it")
	for _, m := range []struct {
		name     string
		settings []string
		args     []string
	}{
		{"lkdoctor version", nil, []string{"version"}},
		{"lkdoctor token inspect", []string{"LIVEKIT_TOKEN=" + token}, []string{"token", "inspect"}},
	} {
		var times samples
		for i := range b.pairs + warmUps {
			out, err := b.patient(m.settings, m.args...).succeed(ctx)
			if err != nil {
				return err
			}
			if i >= warmUps {
				times = append(times, millis(out.took))
			}
		}
		b.table.add(m.name, inMillis, times, 25)
	}
	return nil
}

// claims are those of a participant who may do everything.
func claims(pair lab.Pair, room, identity string, now time.Time) lab.Claims {
	return lab.Claims{
		"iss": pair.Key, "sub": identity, "nbf": now.Add(-time.Second).Unix(), "exp": now.Add(15 * time.Minute).Unix(),
		"video": map[string]any{"roomJoin": true, "room": room, "canPublish": true, "canSubscribe": true, "canPublishData": true},
	}
}

// configured are the lab's settings without any token or ticket.
func configured(l *lab.Lab) []string {
	return []string{"LIVEKIT_URL=" + l.URL, "LIVEKIT_API_KEY=" + l.Pair.Key, "LIVEKIT_API_SECRET=" + l.Pair.Secret}
}

// withToken are the lab's settings and a good token of that identity.
func withToken(l *lab.Lab, identity string) []string {
	return append(configured(l), "LIVEKIT_TOKEN="+lab.Sign(claims(l.Pair, l.Room, identity, time.Now()), l.Pair.Secret))
}

// withTicket are the lab's settings and a fresh ticket.
func withTicket(l *lab.Lab) []string {
	return append(configured(l), "USER_MGMT_BASE_URL="+l.TicketURL, "LKDOCTOR_TICKET="+l.Renew())
}

// measureHealthy runs the whole of the checks on a healthy lab, in turn with a
// program that only joins.
func measureHealthy(ctx context.Context, b *bench) error {
	l, err := lab.Start(ctx, lab.Options{})
	if err != nil {
		return err
	}
	defer l.Close()
	var doctor, join, inside samples
	for i := range b.pairs + warmUps {
		out, doc, err := diagnose(ctx, b.patient(withTicket(l), "--json"))
		if err != nil {
			return err
		}
		if out.code != 0 || !doc.passed("join.media") || doc.Target.TokenSource != "ticket" {
			return fmt.Errorf("lkdoctor ended with %d and %q on a healthy lab", out.code, doc.cause())
		}
		bare, err := b.joiner(withToken(l, "bare")).succeed(ctx)
		if err != nil {
			return err
		}
		if i >= warmUps {
			doctor, join, inside = append(doctor, millis(out.took)), append(join, millis(bare.took)), append(inside, doc.Duration)
		}
	}
	b.table.add("lkdoctor --json: ticket, token, signature, join with media", inMillis, doctor, 0)
	b.table.add("  of that, the checks (duration_ms)", inMillis, inside, 0)
	b.table.add("join with LiveKit's Go SDK and leave, given a token", inMillis, join, 0)
	b.table.add("lkdoctor / SDK, pair by pair", asRatio, doctor.over(join), 1.5)
	return nil
}
