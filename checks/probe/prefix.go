package probe

import (
	"context"
	"net/url"
	"strings"
	"sync"

	"lkdoctor/checks/caps"
)

// findPrefix looks for LiveKit under other paths of base's origin: without base's
// path, without /rtc, and under the usual prefixes. It asks /rtc/validate without a
// token, concurrently, and waits at most Limits.Extra. found is the URL to use
// instead of base, in base's scheme, "" when LiveKit is under none of them; front
// is the server that answered, where an answer names it.
func (n *Net) findPrefix(ctx context.Context, base *url.URL) (found string, front ServerKind) {
	ctx, cancel := context.WithTimeout(ctx, n.Waits().Extra)
	defer cancel()
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
	wg.Go(func() {
		start, _ = n.Exchange(ctx, Request{URL: &url.URL{Scheme: HTTPURL(base).Scheme, Host: base.Host, Path: "/"}, MaxBody: caps.Probe})
	})
	wg.Wait()
	if front = frontOf(start); front == ServerUnknown && start != nil && start.Status == 404 && strings.TrimSpace(string(start.Body)) == goMuxText {
		front = ServerTraefik // which names itself nowhere, and answers so where it has no router
	}
	for i, p := range paths {
		switch reply := replies[i]; {
		case reply == nil:
		case isLiveKit(reply) && len(reply.Redirects) == 0:
			return (&url.URL{Scheme: base.Scheme, Host: base.Host, Path: p}).String(), front
		case front == ServerUnknown:
			front = frontOf(reply)
		}
	}
	return "", front
}

// prefixes returns the paths to try instead of path, likeliest first.
func prefixes(path string) []string {
	own := strings.TrimRight(path, "/")
	var out []string
	seen := map[string]bool{own: true}
	add := func(p string) {
		if p = strings.TrimRight(p, "/"); !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	for _, end := range []string{"/validate", "/v1", "/rtc"} {
		if strings.HasSuffix(own, end) {
			own = strings.TrimSuffix(own, end)
			add(own)
		}
	}
	add("")
	for _, p := range []string{"/livekit", "/lk", "/livekit-server", "/api/livekit", "/ws", "/sfu"} {
		add(p)
	}
	return out
}
