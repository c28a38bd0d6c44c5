package lab

import (
	"net/http"

	"lkdoctor/checks/finding"
)

// proxy is a reverse proxy as clients see it: the header that it adds to each answer, and
// its pages.
type proxy struct {
	name          string       // in the names of faults and in the catalogue
	header, value string       // in every answer; empty if there is none
	lost          http.Handler // what it answers without a route
	down          http.Handler // what it answers without a server behind it; nil if nothing
}

// proxies are those for which the catalogue has a configuration.
func proxies() []proxy {
	const apache = "Apache/2.4.62 (Debian)"
	apachePage := func(status int, title string) http.Handler {
		return header(html(status, "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<title>"+title+"</title>\n"), "Server", apache)
	}
	caddy := func(status int) http.Handler { return header(Reply(status, nil, ""), "Server", "Caddy") }
	haproxy := header(html(http.StatusServiceUnavailable, "<html><body><h1>503 Service Unavailable</h1>\n"+
		"No server is available to handle this request.\n</body></html>\n"), "Cache-Control", "no-cache")
	return []proxy{
		{"nginx", "Server", "nginx/1.26.2", Nginx(http.StatusNotFound, ""), Nginx(http.StatusBadGateway, "")},
		{"caddy", "Server", "Caddy", caddy(http.StatusOK), caddy(http.StatusBadGateway)},
		{"apache", "Server", apache, apachePage(http.StatusNotFound, "404 Not Found"),
			apachePage(http.StatusServiceUnavailable, "503 Service Unavailable")},
		{"traefik", "", "", Text(http.StatusNotFound, "404 page not found\n"), Text(http.StatusBadGateway, "Bad Gateway")},
		{"haproxy", "", "", haproxy, haproxy},
		{"node", "X-Powered-By", "Express", header(html(http.StatusNotFound, "<pre>Cannot GET /</pre>"), "X-Powered-By", "Express"), nil},
		{"vite", "", "", vitePage(), nil},
	}
}

func vitePage() http.Handler {
	return html(http.StatusOK, `<!doctype html><script type="module" src="/@vite/client"></script><div id="root"></div>`)
}

// passes returns next as clients see it through the proxy.
func (p proxy) passes(next http.Handler) http.Handler {
	if p.header == "" {
		return next
	}
	return header(next, p.header, p.value)
}

// proxyFaults are wrong configurations of reverse proxies before LiveKit: some of one
// proxy, and those that each of proxies may have.
func proxyFaults() []Fault {
	server := by(finding.OwnerLiveKitServer)
	faults := []Fault{
		working("healthy-path", "nothing is wrong; a proxy serves LiveKit under a path, and LIVEKIT_URL has it",
			proxied(below), withPath),
		server("upgrade-unanswered", "a proxy answers plain requests and leaves WebSockets without an answer",
			finding.WebsocketUpgradeStripped, onUpgrade(Hang())).as("node").silent(),
		server("upgrade-vite", "Vite passes /rtc on, and no WebSocket", finding.WebsocketUpgradeStripped, onUpgrade(Hang()),
			proxied(func(next http.Handler) http.Handler { return At("/rtc", next, vitePage()) })).as("vite").silent(),
		server("quota-nginx", "nginx limits the requests (429)", finding.ServerQuota,
			instead(Nginx(http.StatusTooManyRequests, ""))).as("nginx"),
		server("limit-nginx", "nginx limits the WebSockets, and answers with its default status (503)", finding.ServerQuota,
			onUpgrade(Nginx(http.StatusServiceUnavailable, ""))).as("nginx"),
		server("limit-nginx-token", "nginx limits the requests (503), and LiveKit answers the first", finding.ServerQuota,
			proxied(func(next http.Handler) http.Handler {
				return when(func(r *http.Request) bool { return bearer(r) != "" }, Nginx(http.StatusServiceUnavailable, ""), next)
			})).as("nginx"),
		server("forbidden-caddy", "Caddy forbids the access (403)", finding.ServerNotLiveKit,
			instead(header(Reply(http.StatusForbidden, nil, ""), "Server", "Caddy"))).as("forbidden"),
		server("login-other", "something without a name wants a login of its own (401)", finding.ServerNotLiveKit,
			instead(password(Reply(http.StatusUnauthorized, nil, ""), "staging"))).as("login"),
	}
	for _, p := range proxies() {
		faults = append(faults, server("prefix-unstripped-"+p.name, p.name+" passes the prefix of the path on to LiveKit",
			finding.ServerNotLiveKit, withPath, proxied(func(livekit http.Handler) http.Handler {
				return At(livekitPath, p.passes(livekit), p.lost)
			})).as("unstripped-"+p.name))
		if p.down != nil && p.name != "nginx" {
			faults = append(faults, server("not-ready-"+p.name, p.name+" does not reach the LiveKit server behind it",
				finding.ServerNotReady, instead(p.down)).as("gateway-"+p.name))
		}
		if p.header != "" && p.name != "node" {
			faults = append(faults, server("upgrade-stripped-"+p.name, p.name+" does not pass WebSockets on",
				finding.WebsocketUpgradeStripped, proxied(StripUpgrade, p.passes)).as(p.name))
		}
	}
	return faults
}
