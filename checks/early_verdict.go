package checks

import (
	"context"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
)

// earlyVerdictWait is the time that the early question may take.
const earlyVerdictWait = 8 * time.Second

// earlyVerdict is the question for the server's verdict on the token, asked while
// join.reach still runs, which saves one round trip. Its answer is used only when
// its check runs, which join.reach can prevent.
type earlyVerdict struct {
	// at is the address that was asked.
	at    string
	token *token.Token
	// given is set where the token was given to the run, dev where it was made
	// here.
	given *examined
	dev   *DevToken

	cancel  context.CancelFunc
	done    chan struct{}
	verdict *probe.Verdict
	failure *probe.Failure
	present Presence
}

// askEarly starts the question about the run's token, where the token is known from
// the start and the check that uses the answer is selected.
func (c *Case) askEarly(ctx context.Context, at address) {
	a := &earlyVerdict{at: at.String(), done: make(chan struct{})}
	wanted := "signature.server"
	switch c.Source() {
	case check.SourceFlag:
		if there := c.there(); there.URL == nil || there.String() != a.at {
			return // the token came with another address
		}
		a.given = c.given()
		a.token = a.given.Token
	case check.SourceMinted:
		wanted = "fallback.mint"
		if dev, err := c.mint(c.Now()); err == nil {
			a.dev, a.token = dev, dev.Token
		}
	}
	if a.token == nil || !a.token.Decoded || !c.made.chosen[wanted] {
		return
	}
	ctx, a.cancel = context.WithTimeout(context.WithoutCancel(ctx), earlyVerdictWait)
	c.produce(a)
	go func() {
		defer close(a.done)
		present := func() Presence { return Presence{} }
		if a.given != nil {
			present = c.askPresence(ctx, at, a.given)
		}
		a.verdict, a.failure = c.verdictOn(ctx, at.URL, a.token)
		a.present = present()
	}()
}

// earlyAnswer waits for the early question about t at this address; ok is false where
// none was asked.
func (c *Case) earlyAnswer(ctx context.Context, t *token.Token, at address) (a *earlyVerdict, ok bool) {
	a = c.asked()
	if a == nil || at.URL == nil || a.at != at.String() || a.token.Reveal() != t.Reveal() {
		return nil, false
	}
	select {
	case <-a.done:
		return a, true
	case <-ctx.Done():
		return nil, false
	}
}

// close cancels the question and waits for its end.
func (a *earlyVerdict) close() {
	if a != nil {
		a.cancel()
		<-a.done
	}
}
