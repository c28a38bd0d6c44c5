package probe

import (
	"context"
	"net/url"
	"time"
)

// joinGrace is how long a join that is under way may go on after an interrupt.
const joinGrace = 250 * time.Millisecond

// withGrace is a context that ends a moment after ctx. Cut off between the
// request and Join, livekit-server may keep the participant for a while, for
// whom nobody has said good-bye; a join is over much sooner.
func withGrace(ctx context.Context) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	timer := time.AfterFunc(time.Hour, cancel)
	stop := context.AfterFunc(ctx, func() { timer.Reset(joinGrace) })
	return late, func() {
		stop()
		timer.Stop()
		cancel()
	}
}

// upgradeStay opens the WebSocket; resume is the participant to take up again.
func (n *Net) upgradeStay(ctx context.Context, base *url.URL, o stayOptions, resume string) (upgraded, *SignalFailure) {
	network := func(f *Failure) *SignalFailure { return &SignalFailure{Kind: SignalNetwork, Network: f} }
	if f := checkURL(base); f != nil {
		return upgraded{}, network(f)
	}
	uctx, cancel := context.WithTimeout(ctx, signalWait)
	defer cancel()
	up, dial, f := n.signalDialer(ctx, uctx, base, nil)
	if f != nil {
		return up, network(f)
	}
	u, header := signalURL(base, o.token, firstVia(o.via))
	q := u.Query()
	if o.watch {
		q.Set("auto_subscribe", "1")
	}
	if resume != "" {
		q.Set("reconnect", "1")
		q.Set("sid", resume)
	}
	u.RawQuery = q.Encode()
	header.Set("User-Agent", firstOf(n.UserAgent, "lkdoctor"))
	ws, resp, err := dial.ws.DialContext(uctx, u.String(), header)
	switch {
	case err == nil:
		up.ws = ws
		return up, nil
	case resp != nil:
		return up, n.refusedUpgrade(resp, o.token)
	}
	return up, network(n.upgradeFailure(ctx, uctx, base, dial, err, o.token))
}

func firstVia(v TokenVia) TokenVia {
	if v == "" {
		return ViaHeader
	}
	return v
}
