package probe

import (
	"context"
	"net/url"
	"sync"
	"time"

	"lkdoctor/checks/caps"
)

// nearAnswer is the time within which a server on this machine answers; a slower
// one counts as behind a tunnel.
const nearAnswer = 15 * time.Millisecond

// spareConns is the number of connections opened for the requests that follow
// LiveKit's answer concurrently: the WebSocket, and those of a browser and of the
// server API that find no idle connection.
const spareConns = 3

// excerptShown is the number of characters of a body that are kept.
const excerptShown = 160

// Reach asks whether a LiveKit server answers at base: DNS, TCP, TLS, then GET /
// and GET /rtc/validate without a token concurrently. It opens further connections
// for the WebSocket (TakeConn) and for the requests sent together with it. Nothing
// changes on the server. The failure is nil when there was any HTTP answer,
// LiveKit's or not.
//
// Away from loopback, where round trips cost, all connections are opened
// immediately. On loopback they are opened one by one: the single-threaded servers
// that developers run there would wait on an idle one. A loopback port that is slow
// to answer may be the near end of a tunnel (ssh -L, kubectl port-forward): then
// they are opened immediately, too.
func (n *Net) Reach(ctx context.Context, base *url.URL) (*Reach, *Failure) {
	start := time.Now()
	if f := CheckURL(base); f != nil {
		return nil, f
	}
	r := &Reach{}
	var first, second *Conn
	far := !IsLoopbackHost(base.Hostname())
	if proxy, err := n.ProxyFor(base); err == nil && proxy == nil {
		var f *Failure
		if first, second, f = n.connectTwice(ctx, base, far); f != nil {
			f = n.Clarify(ctx, base, f, nil)
			f.Took = time.Since(start)
			return nil, f
		}
		r.Addresses, r.Address, r.Attempts = first.Resolved, first.Address, first.Attempts
		r.Phases, r.TLS = first.Phases, first.TLS
	}
	if !far {
		tunnel := time.AfterFunc(nearAnswer, func() { n.Warm(base, spareConns) })
		defer tunnel.Stop()
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		r.Fingerprint, r.FingerprintFailure = n.Exchange(ctx, Request{URL: Endpoint(base, validatePath), MaxBody: caps.Probe, conn: second})
	})
	r.Root, r.RootFailure = n.Exchange(ctx, Request{URL: Endpoint(base, "/"), MaxBody: caps.Probe, conn: first})
	wg.Wait()

	if r.Root == nil && r.Fingerprint == nil {
		f := n.Clarify(ctx, base, telling(r.RootFailure, r.FingerprintFailure), nil)
		f.Took = time.Since(start)
		return nil, f
	}
	if f := n.Clarify(ctx, base, nil, r.first()); f != nil {
		f.Took = time.Since(start)
		return nil, f
	}
	n.sumUp(r)
	if r.IsLiveKit {
		n.Warm(base, spareConns)
	} else {
		n.dropWarm(base)
		n.lookAround(ctx, base, r)
	}
	return r, nil
}

// lookAround looks for LiveKit under other paths, where another server answered.
// The answers may also name the proxy.
func (n *Net) lookAround(ctx context.Context, base *url.URL, r *Reach) {
	if r.Health != HealthUnknown || r.What == ServerProxy || r.Redirect != nil && r.Redirect.ToTLS {
		return
	}
	found, front := n.findPrefix(ctx, base)
	r.FoundAt = found
	if r.Front == ServerUnknown {
		r.Front = front
	}
}

// connectTwice opens the connection that is diagnosed and, for a far host, a second
// one; second may be nil.
func (n *Net) connectTwice(ctx context.Context, base *url.URL, far bool) (first, second *Conn, f *Failure) {
	if !far {
		first, f = n.Connect(ctx, base)
		return first, nil, f
	}
	n.Warm(base, spareConns)
	aside, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { second, _ = n.Connect(aside, base) })
	if first, f = n.Connect(ctx, base); f != nil {
		cancel()
	}
	wg.Wait()
	if f != nil && second != nil {
		_ = second.Close()
		second = nil
	}
	return first, second, f
}

// first returns Root, or else Fingerprint.
func (r *Reach) first() *Reply {
	if r.Root != nil {
		return r.Root
	}
	return r.Fingerprint
}

// sumUp sets the fields that follow from the two answers.
func (n *Net) sumUp(r *Reach) {
	first := r.first()
	r.IsLiveKit = isLiveKit(r.Fingerprint)
	r.What = identify(r.Root, r.Fingerprint)
	r.Behind = behind(r.What, r.Fingerprint)
	r.Front = ServerUnknown
	for _, reply := range []*Reply{r.Fingerprint, r.Root} {
		if r.Front == ServerUnknown {
			r.Front = frontOf(reply)
		}
	}
	var telling *Reply
	if r.Health, telling = health(r.IsLiveKit, r.Root, r.Fingerprint); telling != nil {
		first = telling
	}
	r.Status, r.Via = first.Status, first.Via
	r.ServerHeader = n.Short(first.Header.Get("Server"), excerptShown)
	r.Excerpt = n.Short(string(first.Body[:min(len(first.Body), 4*excerptShown)]), excerptShown)
	r.Phases.FirstByte = first.Phases.FirstByte
	if r.TLS == nil {
		r.TLS = first.TLS
	}
	if !r.Address.IsValid() {
		r.Address = first.Address
	}
	for _, reply := range []*Reply{r.Fingerprint, r.Root} {
		if r.Date == nil && reply != nil && !reply.FromProxy {
			r.Date = reply.Date
		}
		if r.Redirect == nil && reply != nil {
			r.Redirect = reply.Redirect
		}
	}
}

// telling returns the failure that says more.
func telling(a, b *Failure) *Failure {
	rank := map[Kind]int{KindNotHTTP: 5, KindHeaderTooLarge: 4, KindHeaderSlow: 3, KindReset: 2, KindClosed: 1}
	if a == nil || (b != nil && rank[b.Kind] > rank[a.Kind]) {
		return b
	}
	return a
}
