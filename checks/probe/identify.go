package probe

import (
	"net/http"
	"strconv"
	"strings"
)

// isLiveKit reports whether the answer to /rtc/validate without a token is a text
// of LiveKit's.
func isLiveKit(fingerprint *Reply) bool {
	if fingerprint == nil {
		return false
	}
	v := ClassifyVerdict(fingerprint.Status, string(fingerprint.Body))
	return v.FromLiveKit && !v.Accepted
}

// identify names the server by its answers to GET / (root) and GET /rtc/validate
// (fingerprint); either may be nil.
func identify(root, fingerprint *Reply) ServerKind {
	if isLiveKit(fingerprint) {
		return ServerLiveKit
	}
	best := fingerprint
	if best == nil {
		best = root
	}
	if best == nil {
		return ServerUnknown
	}
	if best.FromProxy {
		return ServerProxy
	}
	powered := strings.ToLower(best.Header.Get("X-Powered-By"))
	switch {
	case strings.Contains(string(best.Body), viteClient):
		return ServerVite
	case strings.Contains(powered, "next.js"), best.Header.Get("X-Nextjs-Cache") != "", strings.Contains(string(best.Body), "/_next/static/"):
		return ServerNextJS
	case fingerprint != nil && fingerprint.Status == 200 && isHTML(fingerprint):
		return ServerSPA
	}
	if kind := Front(best.Status, best.Header, string(best.Body)); kind != ServerUnknown {
		return kind
	}
	switch {
	case traefikCert(best.TLS):
		return ServerTraefik
	case best.Status == 404 && strings.TrimSpace(string(best.Body)) == goMuxText:
		return ServerGoMux
	}
	return ServerOtherHTTP
}

// viteClient is in each page of Vite's development server.
const viteClient = "/@vite/client"

// Front names the server or proxy that wrote an answer, or passed it on, by its
// headers or its own error page. LiveKit itself sends no Server header. It returns
// ServerUnknown where nothing names one.
func Front(status int, header http.Header, body string) ServerKind {
	if kind := byServerHeader(header.Get("Server")); kind != ServerUnknown {
		return kind
	}
	if kind := byServerHeader(header.Get("Via")); kind != ServerUnknown {
		return kind
	}
	switch {
	case header.Get("Cf-Ray") != "":
		return ServerCloudflare
	case strings.EqualFold(header.Get("X-Powered-By"), "express"):
		return ServerExpress
	case header.Get("Server") != "":
		return ServerUnknown
	case haproxyPage(status, body):
		return ServerHAProxy
	// pkg/server/service/loadbalancer and pkg/proxy of Traefik 3.
	case (status == 502 || status == 504) && body == http.StatusText(status), status == 503 && strings.TrimSpace(body) == "no available server":
		return ServerTraefik
	case strings.HasPrefix(body, "Error occurred while trying to proxy"): // http-proxy-middleware
		return ServerExpress
	}
	return ServerUnknown
}

// frontOf is Front of an answer, which may be nil, or of Vite's page.
func frontOf(r *Reply) ServerKind {
	switch {
	case r == nil:
		return ServerUnknown
	case strings.Contains(string(r.Body), viteClient):
		return ServerVite
	}
	return Front(r.Status, r.Header, string(r.Body))
}

// haproxyPage reports whether body is an error page that HAProxy has built in
// (src/http.c): "<html><body><h1>503 Service Unavailable</h1>".
func haproxyPage(status int, body string) bool {
	return status >= 400 && strings.HasPrefix(body, "<html><body><h1>"+strconv.Itoa(status)+" ")
}

// byServerHeader names the server by its Server header, or by Via.
func byServerHeader(server string) ServerKind {
	server = strings.ToLower(server)
	for _, s := range []struct {
		part string
		kind ServerKind
	}{
		{"cloudflare", ServerCloudflare}, {"nginx", ServerNginx}, {"openresty", ServerNginx},
		{"caddy", ServerCaddy}, {"traefik", ServerTraefik}, {"apache", ServerApache}, {"haproxy", ServerHAProxy},
		{"uvicorn", ServerUvicorn}, {"hypercorn", ServerUvicorn},
	} {
		if strings.Contains(server, s.part) {
			return s.kind
		}
	}
	return ServerUnknown
}

// traefikCert reports whether the certificate is the one that Traefik makes without
// a configured one.
func traefikCert(t *TLSInfo) bool {
	return t != nil && t.Cert != nil && strings.Contains(t.Cert.Subject, "TRAEFIK DEFAULT CERT")
}

// isHTML reports whether an answer is a web page.
func isHTML(r *Reply) bool {
	return strings.Contains(strings.ToLower(r.Header.Get("Content-Type")), "text/html") ||
		strings.HasPrefix(strings.ToLower(strings.TrimSpace(string(r.Body[:min(len(r.Body), 512)]))), "<!doctype html")
}

// behind names the server behind a reverse proxy, where the proxy passed on an
// answer that is not its own: a Go program without that path, which is how LiveKit
// answers a path that a proxy changed.
func behind(what ServerKind, fingerprint *Reply) ServerKind {
	switch what {
	case ServerNginx, ServerCaddy, ServerApache, ServerCloudflare, ServerHAProxy, ServerExpress:
		if fingerprint != nil && fingerprint.Status == 404 && strings.TrimSpace(string(fingerprint.Body)) == goMuxText {
			return ServerGoMux
		}
	}
	return ServerUnknown
}

// goMuxText is the text of Go's net/http for a path that does not exist.
const goMuxText = "404 page not found"

// health returns whether the server can take a join, and the answer that shows it.
// Where LiveKit answered, only LiveKit's own words count: a proxy may send / to
// another server.
func health(livekit bool, root, fingerprint *Reply) (Health, *Reply) {
	for _, r := range []*Reply{root, fingerprint} {
		if r == nil {
			continue
		}
		body := strings.ToLower(string(r.Body[:min(len(r.Body), 512)]))
		switch {
		case r.Status == 406 && strings.HasPrefix(body, "not ready"),
			strings.Contains(body, "could not find any available nodes"):
			return HealthNotReady, r
		case livekit && r == root:
		case r.Status == 502, r.Status == 504, r.Status >= 520 && r.Status <= 526: // the last are Cloudflare's own
			return HealthBadGateway, r
		case r.Status == 503:
			return HealthOverloaded, r
		case r.Status == 429:
			return HealthQuota, r
		}
	}
	if livekit {
		return HealthOK, nil
	}
	return HealthUnknown, nil
}
