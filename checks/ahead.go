package checks

import (
	"context"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
)

// aheadWait is how long a question that was asked ahead may take.
const aheadWait = 8 * time.Second

// ahead is the question for the server's verdict, asked while join.reach still
// finds out what is there: a round trip less on the way to a healthy join. Its
// answer counts only when its check's turn comes, which join.reach can prevent.
type ahead struct {
	// at is the address that was asked.
	at    string
	token *token.Token
	// given is the token where it was handed to the run, dev where it was made
	// here.
	given *examined
	dev   *DevToken

	cancel  context.CancelFunc
	done    chan struct{}
	verdict *probe.Verdict
	failure *probe.Failure
	present Presence
}

// askAhead asks about the token that the run is going to be about, where that is
// known from the start and the check that wants the answer was asked for.
func (c *Case) askAhead(ctx context.Context, at address) {
	a := &ahead{at: at.String(), done: make(chan struct{})}
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
	ctx, a.cancel = context.WithTimeout(context.WithoutCancel(ctx), aheadWait)
	c.made.asked.Set(a)
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

// answered waits for what was asked at this address ahead of time about t; ok is
// false when nothing was.
func (c *Case) answered(ctx context.Context, t *token.Token, at address) (a *ahead, ok bool) {
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

// close calls the question off, and waits for its end.
func (a *ahead) close() {
	if a != nil {
		a.cancel()
		<-a.done
	}
}
