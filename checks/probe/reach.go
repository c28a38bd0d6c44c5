package probe

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/token"
)

// Health is whether a LiveKit server can take a join, by its answers.
type Health string

// The states of health.
const (
	HealthOK         Health = "ok"
	HealthNotReady   Health = "not_ready"   // 406: its node statistics are stale (Redis down, just started)
	HealthBadGateway Health = "bad_gateway" // 502 or 504: a proxy has nobody behind it
	HealthOverloaded Health = "overloaded"  // 503
	HealthQuota      Health = "quota"       // 429
	HealthUnknown    Health = "unknown"
)

// Reach is the result of asking the LiveKit URL.
type Reach struct {
	// Address is the address connected to.
	Address netip.AddrPort
	Phases  Phases
	Cert    *Cert // nil without TLS
	// IsLiveKit reports whether /rtc/validate answered as only LiveKit does.
	IsLiveKit bool
	What      ServerKind
	// Behind is the server behind a reverse proxy that is not LiveKit, as its
	// answer shows; "unknown" where it does not.
	Behind ServerKind
	// Front is the proxy before LiveKit, or the server that answered instead, as
	// its answers name it; "unknown" where they do not.
	Front ServerKind
	// FoundAt is the URL at which LiveKit answers on the same origin, where it does
	// not at the URL asked; "" where none was found.
	FoundAt string
	Health  Health
	// Root and Fingerprint are the answers to GET / and GET /rtc/validate without a
	// token; one of them may be nil.
	Root, Fingerprint *Reply
	// Status is that of the answer that Health was read from; otherwise Root's, or
	// Fingerprint's where Root has none.
	Status int
	// ServerHeader and Excerpt are the Server header and the body's first 160
	// characters, cleaned.
	ServerHeader, Excerpt string
	Date                  *token.Sample
	// Redirect is a redirect to another origin, which was not followed; nil without
	// one.
	Redirect *Redirect
	// Via is the HTTP proxy that was used, without its credentials; "" for none.
	Via string
}

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
	f := n.reach(ctx, base, r)
	if f != nil {
		f.Took = time.Since(start)
		return nil, f
	}
	return r, nil
}

func (n *Net) reach(ctx context.Context, base *url.URL, r *Reach) *Failure {
	far := !IsLoopbackHost(base.Hostname())
	if far {
		n.Warm(base, spareConns+1) // one of them is for the second request
	}
	var first *Conn
	if proxy, err := n.ProxyFor(base); err == nil && proxy == nil {
		var f *Failure
		if first, f = n.Connect(ctx, base); f != nil {
			return n.Clarify(ctx, base, f, nil)
		}
		r.Address, r.Phases, r.Cert = first.Address, first.Phases, first.Cert
	}
	if !far {
		tunnel := time.AfterFunc(nearAnswer, func() { n.Warm(base, spareConns) })
		defer tunnel.Stop()
	}
	var noRoot, noFingerprint *Failure
	var wg sync.WaitGroup
	wg.Go(func() {
		r.Fingerprint, noFingerprint = n.Exchange(ctx, Request{URL: Endpoint(base, validatePath), MaxBody: caps.Probe})
	})
	r.Root, noRoot = n.Exchange(ctx, Request{URL: Endpoint(base, "/"), MaxBody: caps.Probe, conn: first})
	wg.Wait()
	if r.Root == nil && r.Fingerprint == nil {
		return n.Clarify(ctx, base, clearer(noRoot, noFingerprint), nil)
	}
	if f := n.Clarify(ctx, base, nil, r.first()); f != nil {
		return f
	}
	n.sumUp(r)
	if r.IsLiveKit {
		n.Warm(base, spareConns)
		return nil
	}
	n.dropWarm(base)
	if r.Health == HealthUnknown && r.What != ServerProxy && (r.Redirect == nil || !r.Redirect.ToTLS) {
		n.findPrefix(ctx, base, r)
	}
	return nil
}

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
	var shows *Reply
	if r.Health, shows = health(r.IsLiveKit, r.Root, r.Fingerprint); shows != nil {
		first = shows
	}
	r.Status, r.Via = first.Status, first.Via
	r.ServerHeader = n.Short(first.Header.Get("Server"), excerptShown)
	r.Excerpt = n.Short(string(first.Body[:min(len(first.Body), 4*excerptShown)]), excerptShown)
	r.Phases.FirstByte = first.Phases.FirstByte
	if r.Cert == nil {
		r.Cert = first.Cert
	}
	if !r.Address.IsValid() {
		r.Address = first.Address
	}
	r.Front = ServerUnknown
	for _, reply := range []*Reply{r.Fingerprint, r.Root} {
		if r.Front == ServerUnknown {
			r.Front = frontOf(reply)
		}
		if r.Date == nil && reply != nil && !reply.FromProxy {
			r.Date = reply.Date
		}
		if r.Redirect == nil && reply != nil {
			r.Redirect = reply.Redirect
		}
	}
}

func clearer(a, b *Failure) *Failure {
	rank := map[Kind]int{KindNotHTTP: 5, KindHeaderTooLarge: 4, KindHeaderSlow: 3, KindReset: 2, KindClosed: 1}
	if a == nil || (b != nil && rank[b.Kind] > rank[a.Kind]) {
		return b
	}
	return a
}

// findPrefix looks for LiveKit under other paths of base's origin: without base's
// path, without /rtc, and under the usual prefixes. It asks /rtc/validate without a
// token, concurrently, and waits at most Limits.Extra. It sets FoundAt, in base's
// scheme, and Front where it is unknown and an answer names the server.
func (n *Net) findPrefix(ctx context.Context, base *url.URL, r *Reach) {
	ctx, cancel := context.WithTimeout(ctx, n.Waits().Extra)
	defer cancel()
	at := func(path string) *url.URL { return &url.URL{Scheme: base.Scheme, Host: base.Host, Path: path} }
	paths := prefixes(base.Path)
	replies := make([]*Reply, len(paths))
	var wg sync.WaitGroup
	gate := make(chan struct{}, 4) // a few at a time, to spare the server
	for i, p := range paths {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			u := *base
			u.Path = p
			replies[i], _ = n.Exchange(ctx, Request{URL: Endpoint(&u, validatePath), MaxBody: 4096})
		})
	}
	var start *Reply // of the whole host, which may be an app or a proxy
	wg.Go(func() { start, _ = n.Exchange(ctx, Request{URL: at("/"), MaxBody: caps.Probe}) })
	wg.Wait()
	front := frontOf(start)
	if front == ServerUnknown && start != nil && isGoMux(start) {
		front = ServerTraefik // which names itself nowhere, and answers so where it has no router
	}
	for i, reply := range replies {
		if isLiveKit(reply) && len(reply.Redirects) == 0 {
			r.FoundAt = at(paths[i]).String()
			break
		}
		if front == ServerUnknown {
			front = frontOf(reply)
		}
	}
	if r.Front == ServerUnknown {
		r.Front = front
	}
}

// prefixes returns the paths to try instead of path, likeliest first.
func prefixes(path string) []string {
	own := strings.TrimRight(path, "/")
	list := []string{own}
	add := func(paths ...string) {
		for _, p := range paths {
			if !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	for _, end := range []string{"/validate", "/v1", "/rtc"} {
		if rest, is := strings.CutSuffix(list[len(list)-1], end); is {
			add(strings.TrimRight(rest, "/"))
		}
	}
	add("", "/livekit", "/lk", "/livekit-server", "/api/livekit", "/ws", "/sfu")
	return list[1:]
}
