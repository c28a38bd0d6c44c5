package lab

import (
	"net/http"

	"lkdoctor/checks/finding"
)

// A proxy is a reverse proxy as clients can know it: by what it puts into each
// answer that it passes on, and by its own pages.
type proxy struct {
	name   string            // as fault names and the catalogue have it
	header map[string]string // in every answer
	lost   http.Handler      // what it answers where it has no route
	down   http.Handler      // what it answers when nothing is behind it
}

// proxies are those that the catalogue has lines for.
func proxies() []proxy {
	html := func(server string) map[string]string {
		return map[string]string{"Server": server, "Content-Type": "text/html"}
	}
	haproxy := func(status int, title, text string) http.Handler {
		return Reply(status, map[string]string{"Content-Type": "text/html", "Cache-Control": "no-cache"},
			"<html><body><h1>"+title+"</h1>\n"+text+"\n</body></html>\n")
	}
	return []proxy{
		{"nginx", map[string]string{"Server": "nginx/1.26.2"}, Nginx(http.StatusNotFound, ""), Nginx(http.StatusBadGateway, "")},
		{"caddy", map[string]string{"Server": "Caddy"}, Reply(http.StatusOK, map[string]string{"Server": "Caddy"}, ""),
			Reply(http.StatusBadGateway, map[string]string{"Server": "Caddy"}, "")},
		{"apache", map[string]string{"Server": "Apache/2.4.62 (Debian)"},
			Reply(http.StatusNotFound, html("Apache/2.4.62 (Debian)"),
				"<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<title>404 Not Found</title>\n"),
			Reply(http.StatusServiceUnavailable, html("Apache/2.4.62 (Debian)"),
				"<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<title>503 Service Unavailable</title>\n")},
		{"traefik", nil, Text(http.StatusNotFound, "404 page not found\n"), Text(http.StatusBadGateway, "Bad Gateway")},
		{"haproxy", nil, haproxy(http.StatusServiceUnavailable, "503 Service Unavailable",
			"No server is available to handle this request."),
			haproxy(http.StatusServiceUnavailable, "503 Service Unavailable", "No server is available to handle this request.")},
		{"node", map[string]string{"X-Powered-By": "Express"},
			Reply(http.StatusNotFound, map[string]string{"X-Powered-By": "Express", "Content-Type": "text/html"},
				"<pre>Cannot GET /</pre>"), nil},
		{"vite", nil, Reply(http.StatusOK, map[string]string{"Content-Type": "text/html"},
			`<!doctype html><script type="module" src="/@vite/client"></script><div id="root"></div>`), nil},
	}
}

// passes is next as this proxy passes it on.
func (p proxy) passes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range p.header {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}

// proxyFaults are wrongly configured reverse proxies before LiveKit: the same mistakes
// for each proxy, which the catalogue explains with that proxy's own lines.
func proxyFaults() []Fault {
	server := finding.OwnerLiveKitServer
	all := []Fault{
		{Name: "healthy-path", About: "nothing is wrong; a proxy serves LiveKit under a path, and LIVEKIT_URL has it",
			Owner: finding.OwnerNone,
			set: underPath("/livekit", func(addr string) http.Handler {
				return Prefix("/livekit", Forward(addr), Nginx(http.StatusNotFound, ""))
			})},
		{Name: "upgrade-unanswered", Silent: true, About: "a proxy answers plain requests and leaves WebSockets without an answer",
			Want:  []finding.Code{finding.WebsocketUpgradeStripped},
			Owner: server, Variant: "node", set: withWeb(func(_ *Lab,
				addr string) http.Handler {
				return OnUpgrade(noAnswer(), Forward(addr))
			})},
		{Name: "upgrade-vite", Silent: true, About: "Vite passes /rtc on, and no WebSocket",
			Want:  []finding.Code{finding.WebsocketUpgradeStripped},
			Owner: server, Variant: "vite", set: withWeb(func(_ *Lab, addr string) http.Handler {
				page := proxies()[len(proxies())-1].lost
				return At("/rtc", OnUpgrade(noAnswer(), Forward(addr)), page)
			})},
		{Name: "quota-nginx", About: "nginx limits the requests (429)", Want: []finding.Code{finding.ServerQuota}, Owner: server,
			Variant: "nginx",
			set:     always(Nginx(http.StatusTooManyRequests, ""))},
		{Name: "forbidden-caddy", About: "Caddy forbids the access (403)", Want: []finding.Code{finding.ServerNotLiveKit}, Owner: server,
			Variant: "forbidden",
			set:     always(Reply(http.StatusForbidden, map[string]string{"Server": "Caddy"}, ""))},
		{Name: "login-other", About: "something without a name wants a login of its own (401)",
			Want: []finding.Code{finding.ServerNotLiveKit}, Owner: server, Variant: "login",
			set: always(Reply(http.StatusUnauthorized, map[string]string{"WWW-Authenticate": `Basic realm="staging"`}, ""))},
	}
	for _, p := range proxies() {
		all = append(all, Fault{Name: "prefix-unstripped-" + p.name, About: p.name + " passes the prefix of the path on to LiveKit",
			Want: []finding.Code{finding.ServerNotLiveKit}, Owner: server, Variant: "unstripped-" + p.name,
			set: underPath("/livekit", func(addr string) http.Handler { return At("/livekit", p.passes(Forward(addr)), p.lost) })})
		if p.down != nil && p.name != "nginx" {
			all = append(all, Fault{Name: "not-ready-" + p.name, About: p.name + " does not reach the LiveKit server behind it",
				Want: []finding.Code{finding.ServerNotReady}, Owner: server, Variant: "gateway-" + p.name, set: always(p.down)})
		}
		if p.header != nil && p.name != "node" {
			all = append(all, Fault{Name: "upgrade-stripped-" + p.name, About: p.name + " does not pass WebSockets on",
				Want: []finding.Code{finding.WebsocketUpgradeStripped}, Owner: server, Variant: p.name,
				set: withWeb(func(_ *Lab, addr string) http.Handler { return p.passes(StripUpgrade(Forward(addr))) })})
		}
	}
	return all
}

// underPath puts a handler at LIVEKIT_URL, which has that path.
func underPath(path string, make func(addr string) http.Handler) func(*plan) {
	return withFront(func(l *Lab) (string, error) {
		peer, err := Serve(make(l.LiveKit.Addr), nil)
		url, err := l.peer(peer, err, "ws")
		return url + path, err
	})
}

// noAnswer does not answer until the client has closed the connection.
func noAnswer() http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}
