package main

import (
	"context"
	"fmt"
	"time"

	"lkdoctor/checks/lab"
)

// judged is the round-trip time that has a target.
const judged = 100 * time.Millisecond

func roundTrips() []time.Duration {
	return []time.Duration{0, 25 * time.Millisecond, 50 * time.Millisecond, judged, 200 * time.Millisecond}
}

// runner is one of the programs whose time grows with the distance.
type runner struct {
	name string
	run  func(ctx context.Context, b *bench, l *lab.Lab) (outcome, error)
	// beside is the runner that it is compared with, by its index; itself if none.
	beside int
}

func runners() []runner {
	return []runner{
		{"SDK join, given a token", func(ctx context.Context, b *bench, l *lab.Lab) (outcome, error) {
			return b.joiner(withToken(l, "bare")).succeed(ctx)
		}, 0},
		{"lkdoctor, dev token", func(ctx context.Context, b *bench, l *lab.Lab) (outcome, error) {
			return healthy(ctx, b.patient(configured(l), "--json"), "fallback.join")
		}, 0},
		{"lkdoctor, LIVEKIT_TOKEN", func(ctx context.Context, b *bench, l *lab.Lab) (outcome, error) {
			return healthy(ctx, b.patient(withToken(l, "patient"), "--json"), "join.media")
		}, 0},
		{"ticket traded, SDK join", func(ctx context.Context, b *bench, l *lab.Lab) (outcome, error) {
			return b.joiner(withTicket(l)).succeed(ctx)
		}, 3},
		{"lkdoctor, ticket", func(ctx context.Context, b *bench, l *lab.Lab) (outcome, error) {
			// The SDK does not see to it that its leave arrives: once in a while the
			// participant of the run before is there still.
			return healthy(ctx, b.patient(withTicket(l), "--json", "--force-join"), "join.media")
		}, 3},
	}
}

// measureDelay puts the server and the ticket service further and further away,
// for HTTP and WebSocket.
func measureDelay(ctx context.Context, b *bench) error {
	list := runners()
	head := []string{"round trip"}
	for _, r := range list {
		head = append(head, r.name)
	}
	b.table.grid = append(b.table.grid, head)
	for _, rtt := range roundTrips() {
		times, err := b.away(ctx, rtt, list)
		if err != nil {
			return err
		}
		line := []string{fmt.Sprintf("%d ms", rtt.Milliseconds())}
		for i, r := range list {
			cell := fmt.Sprintf("%.0f ms", times[i].median())
			if r.beside != i && rtt > 0 {
				more := times[i].beyond(times[r.beside]).median()
				cell += fmt.Sprintf(" (%+.1f)", more/millis(rtt))
				if rtt == judged {
					b.table.add(fmt.Sprintf("at %d ms, %s: beyond %q", rtt.Milliseconds(), r.name, list[r.beside].name),
						inMillis, times[i].beyond(times[r.beside]), millis(rtt))
				}
			}
			line = append(line, cell)
		}
		b.table.grid = append(b.table.grid, line)
	}
	b.table.note("In brackets: round trips more than the join that it is compared with. TCP and what runs over it is delayed;")
	b.table.note("media over UDP is not. A connect itself returns at once: its round trip is added to what is sent first.")
	return nil
}

// away runs all in turn at one distance.
func (b *bench) away(ctx context.Context, rtt time.Duration, list []runner) ([]samples, error) {
	l, err := lab.Start(ctx, lab.Options{RTT: rtt})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	times := make([]samples, len(list))
	for round := range b.some() + 1 {
		for i, r := range list {
			out, err := r.run(ctx, b, l)
			if err != nil {
				return nil, fmt.Errorf("%s, %s away: %w", r.name, rtt, err)
			}
			if round > 0 { // the first one warms up
				times[i] = append(times[i], millis(out.took))
			}
		}
	}
	return times, nil
}
