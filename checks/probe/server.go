package probe

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// ServerKind is the server at an address, as its answers show it.
type ServerKind string

// The kinds of server.
const (
	ServerUnknown    ServerKind = "unknown"
	ServerLiveKit    ServerKind = "livekit"
	ServerNginx      ServerKind = "nginx"
	ServerNextJS     ServerKind = "nextjs"
	ServerSPA        ServerKind = "spa" // answers every path with one HTML page (Vite, CRA, a static host)
	ServerCaddy      ServerKind = "caddy"
	ServerTraefik    ServerKind = "traefik"
	ServerCloudflare ServerKind = "cloudflare"
	ServerApache     ServerKind = "apache"
	ServerHAProxy    ServerKind = "haproxy"
	ServerVite       ServerKind = "vite" // its development server
	ServerExpress    ServerKind = "express"
	ServerUvicorn    ServerKind = "uvicorn" // FastAPI, Starlette: the ticket service, perhaps
	ServerGoMux      ServerKind = "go_mux"  // a Go program without that path: LiveKit under a prefix, or any other
	ServerOtherHTTP  ServerKind = "other_http"
	ServerProxy      ServerKind = "http_proxy" // the HTTP(S)_PROXY answered itself
	ServerMediaPort  ServerKind = "media_port" // LiveKit's ICE/TCP or UDP port, by its number and its silence
	ServerTLS        ServerKind = "tls"
	ServerHTTP2      ServerKind = "http2" // HTTP/2 without an upgrade, gRPC for one
	ServerSSH        ServerKind = "ssh"
	ServerRedis      ServerKind = "redis"
	ServerMySQL      ServerKind = "mysql"
	ServerPostgres   ServerKind = "postgres"
	ServerSMTP       ServerKind = "smtp"
	ServerFTP        ServerKind = "ftp"
	ServerMail       ServerKind = "imap_pop3"
	ServerNATS       ServerKind = "nats"
	ServerAMQP       ServerKind = "amqp"
	ServerMemcached  ServerKind = "memcached"
	ServerRTSP       ServerKind = "rtsp"
	ServerVNC        ServerKind = "vnc"
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
	body, powered := string(best.Body), strings.ToLower(best.Header.Get("X-Powered-By"))
	switch {
	case strings.Contains(body, viteClient):
		return ServerVite
	case strings.Contains(powered, "next.js"), best.Header.Get("X-Nextjs-Cache") != "", strings.Contains(body, "/_next/static/"):
		return ServerNextJS
	case fingerprint != nil && fingerprint.Status == 200 && isHTML(fingerprint):
		return ServerSPA
	}
	if kind := Front(best.Status, best.Header, body); kind != ServerUnknown {
		return kind
	}
	switch {
	case best.Cert != nil && strings.Contains(best.Cert.Subject, "TRAEFIK DEFAULT CERT"): // made without a configured one
		return ServerTraefik
	case isGoMux(best):
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
	case status >= 400 && strings.HasPrefix(body, "<html><body><h1>"+strconv.Itoa(status)+" "): // built in (src/http.c)
		return ServerHAProxy
	// pkg/server/service/loadbalancer and pkg/proxy of Traefik 3.
	case (status == 502 || status == 504) && body == http.StatusText(status),
		status == 503 && strings.TrimSpace(body) == "no available server":
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
		if fingerprint != nil && isGoMux(fingerprint) {
			return ServerGoMux
		}
	}
	return ServerUnknown
}

// isGoMux reports whether an answer is that of Go's net/http for a path that does
// not exist.
func isGoMux(r *Reply) bool {
	return r.Status == http.StatusNotFound && strings.TrimSpace(string(r.Body)) == "404 page not found"
}

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

// bannerShown is the number of cleaned characters of a banner that are kept.
const bannerShown = 80

// banners are the first bytes of servers that send first, or answer HTTP and TLS in
// their own protocol.
var banners = []struct {
	head string
	kind ServerKind
}{
	{"HTTP/0.", ServerOtherHTTP}, {"HTTP/1.", ServerOtherHTTP}, {"HTTP/2", ServerOtherHTTP}, {"HTTP/3", ServerOtherHTTP},
	{"SSH-", ServerSSH},
	{"-ERR ", ServerRedis}, {"-NOAUTH ", ServerRedis}, {"-DENIED ", ServerRedis}, {"+PONG", ServerRedis}, {"-LOADING ", ServerRedis},
	{"-WRONGPASS ", ServerRedis},
	{"RTSP/", ServerRTSP},
	{"PRI * HTTP/2", ServerHTTP2},
	{"220 ", ServerSMTP}, {"220-", ServerSMTP},
	{"* OK", ServerMail}, {"+OK", ServerMail},
	{"EFATAL", ServerPostgres},
	{"INFO {", ServerNATS},
	{"AMQP", ServerAMQP},
	{"ERROR\r\n", ServerMemcached},
	{"RFB ", ServerVNC},
}

// DetectBanner names the protocol of a server by its first bytes, or returns
// ServerUnknown.
func DetectBanner(head []byte) ServerKind {
	for _, b := range banners {
		if bytes.HasPrefix(head, []byte(b.head)) {
			if b.kind == ServerSMTP && (bytes.Contains(head, []byte("FTP")) || bytes.Contains(head, []byte("ftp"))) {
				return ServerFTP
			}
			return b.kind
		}
	}
	var h [9]byte
	switch n := copy(h[:], head); {
	case n == 9 && h[0] == 0 && h[1] == 0 && h[3] == 4 && [4]byte(h[5:]) == [4]byte{}:
		return ServerHTTP2 // a SETTINGS frame on stream 0 (RFC 9113 §6.5)
	case n >= 3 && (h[0] == 0x15 || h[0] == 0x16) && h[1] == 3 && h[2] <= 4:
		return ServerTLS // an alert or handshake record (RFC 8446 §5.1)
	case n >= 6 && h[1] < 16 && h[2] == 0 && h[3] == 0 && (h[4] == 0x0a || h[4] == 0xff):
		return ServerMySQL // a packet with sequence 0: greeting 10, or an error
	case n >= 5 && h[0] == 'E' && h[1] == 0 && h[2] == 0:
		return ServerPostgres
	}
	return ServerUnknown
}

// Banner names the protocol of head and returns its cleaned beginning.
func (n *Net) Banner(head []byte) (ServerKind, string) {
	text := strings.Map(func(r rune) rune {
		if r == 0xFFFD {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(head), ""))
	return DetectBanner(head), n.Short(text, bannerShown)
}
