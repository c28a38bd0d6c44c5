package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"lkdoctor/checks/lab"
)

// measureMemory reads the peak of whole processes, as the system counts it.
func measureMemory(ctx context.Context, b *bench) error {
	l, err := lab.Start(ctx, lab.Options{})
	if err != nil {
		return err
	}
	defer l.Close()
	if err := b.peaks(ctx, "lkdoctor --json, healthy, with a ticket", 60, func() program {
		return b.patient(withTicket(l), "--json")
	}); err != nil {
		return err
	}
	help, err := b.patient(nil, "--help").succeed(ctx)
	if err != nil {
		return err
	}
	if bytes.Contains(help.stdout, []byte("--media")) {
		if err := b.peaks(ctx, "lkdoctor --json --media", 100, func() program {
			return b.patient(withTicket(l), "--json", "--media")
		}); err != nil {
			return err
		}
	} else {
		b.table.note("This lkdoctor has no --media.")
	}
	if err := b.peaks(ctx, "join with the SDK and leave", 0, func() program { return b.joiner(withToken(l, "bare")) }); err != nil {
		return err
	}
	return b.peaks(ctx, "lkdoctor version", 0, func() program { return b.patient(nil, "version") })
}

func (b *bench) peaks(ctx context.Context, name string, most float64, make func() program) error {
	var peaks samples
	for range b.some() {
		bytes, err := b.peakOf(ctx, make())
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		peaks = append(peaks, float64(bytes)/(1<<20))
	}
	b.table.add(name, inMiB, peaks, most)
	return nil
}

// peakOf runs a program, which must end with 0, under peak.
func (b *bench) peakOf(ctx context.Context, p program) (int64, error) {
	p.args, p.path = append([]string{p.path}, p.args...), b.peak
	out, err := p.succeed(ctx)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(bytes.TrimSpace(out.stderr)), 10, 64)
}
