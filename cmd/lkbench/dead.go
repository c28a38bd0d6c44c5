package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"lkdoctor/checks/lab"
)

// stagger keeps the starts of programs that run side by side apart: what counts
// here is how long they wait.
const stagger = 150 * time.Millisecond

// deadCase is one program before peers that do not answer.
type deadCase struct {
	name    string
	program func() program
	cause   string // what lkdoctor must say; "" for the SDK
	most    float64
	times   samples
}

// measureDead waits for peers that do not answer. The programs wait side by
// side: waiting costs no processor.
func measureDead(ctx context.Context, b *bench) (err error) {
	var labs []*lab.Lab
	defer func() {
		for _, l := range labs {
			err = errors.Join(err, l.Close())
		}
	}()
	start := func(fault string) *lab.Lab {
		l, failure := lab.Start(ctx, lab.Options{Fault: fault})
		if failure != nil {
			err = errors.Join(err, failure)
			return nil
		}
		labs = append(labs, l)
		return l
	}
	dropped, silent, unticketed := start("server-syn-drop"), start("server-silent"), start("ticket-syn-drop")
	if err != nil {
		return err
	}
	hole, err := lab.NewBlackhole()
	if err != nil {
		return err
	}
	defer hole.Close()

	doctor := func(settings func() []string) func() program {
		return func() program { return b.patient(settings(), "--json") }
	}
	sdk := func(l *lab.Lab) func() program {
		return func() program { return b.joiner(withToken(l, "bare")) }
	}
	nothing := func() []string { return append(withTicket(dropped), "USER_MGMT_BASE_URL=http://"+hole.Addr) }
	cases := []*deadCase{
		{name: "server that drops SYNs: lkdoctor", program: doctor(func() []string { return withToken(dropped, "patient") }), cause: "SERVER_TIMEOUT", most: 5},
		{name: "  the SDK", program: sdk(dropped)},
		{name: "server that accepts and is silent: lkdoctor", program: doctor(func() []string { return withToken(silent, "patient") }), cause: "SERVER_SILENT", most: 6},
		{name: "  the SDK", program: sdk(silent)},
		{name: "ticket service that drops SYNs: lkdoctor", program: doctor(func() []string { return withTicket(unticketed) }), cause: "TICKET_TIMEOUT"},
		{name: "ticket service and server that both do: lkdoctor", program: doctor(nothing), cause: "either"},
	}
	for range b.few() {
		if err := sideBySide(ctx, cases); err != nil {
			return err
		}
	}
	for _, c := range cases {
		b.table.add(c.name, inSeconds, c.times, c.most)
	}
	longer := max(cases[0].times.median(), cases[4].times.median())
	b.table.add("  beside the longer of the two", asRatio, cases[5].times.over(samplesOf(longer, len(cases[5].times))), 1.1)
	return nil
}

func samplesOf(v float64, n int) samples {
	out := make(samples, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func sideBySide(ctx context.Context, cases []*deadCase) error {
	var all sync.WaitGroup
	failures := make([]error, len(cases))
	for i, c := range cases {
		p := c.program()
		all.Go(func() { failures[i] = c.once(ctx, p) })
		time.Sleep(stagger)
	}
	all.Wait()
	return errors.Join(failures...)
}

func (c *deadCase) once(ctx context.Context, p program) error {
	if c.cause == "" {
		out, err := p.run(ctx)
		if err == nil && out.code == 0 {
			err = fmt.Errorf("%s: it got an answer", c.name)
		}
		c.times = append(c.times, out.took.Seconds())
		return err
	}
	out, doc, err := diagnose(ctx, p)
	c.times = append(c.times, out.took.Seconds())
	if err == nil && doc.cause() != c.cause && (c.cause != "either" || doc.cause() != "SERVER_TIMEOUT" && doc.cause() != "TICKET_TIMEOUT") {
		err = fmt.Errorf("%s: it found %q", c.name, doc.cause())
	}
	return err
}
