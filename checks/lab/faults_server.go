package lab

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"lkdoctor/checks/finding"
)

// serverFaults are a LiveKit server that cannot be reached, something else in its place,
// and a server that refuses a good token.
func serverFaults() []Fault {
	config, service := by(finding.OwnerConfig), by(finding.OwnerTicketService)
	server, network := by(finding.OwnerLiveKitServer), by(finding.OwnerNetwork)
	// withTLS puts a TLS server before LiveKit, whose authority is trusted.
	withTLS := func(c Certificate) change { return all(livekitTLS(c), trusted) }
	noNodes := Text(http.StatusInternalServerError, "could not find any available nodes")
	return []Fault{
		// Its keys.
		config("server-other-secret", "the server has another secret for the key than the ticket service and this machine",
			finding.ServerSignatureRejected, func(p *plan) { p.serverPairs = []Pair{{Key: p.tokenPair.Key, Secret: base62(43)}} }),
		config("server-key-unknown", "the server does not know the key that the ticket service and this machine use",
			finding.ServerKeyUnknown, func(p *plan) { p.serverPairs = []Pair{NewPair()} }),
		service("server-token-rejected", "the server takes room names of 4 characters at most (400)", finding.ServerTokenRejected,
			serverYAML("limit: {max_room_name_length: 4}")),
		server("validate-odd", "something answers for /rtc/validate, 200 OK, and the rest is LiveKit", finding.ServerNotLiveKit,
			at("/rtc/validate", Text(http.StatusOK, "OK"))).as("validate-only"),
		by(finding.OwnerUnknown)("long-room-accepted", "the token's room has 300 characters, and this server takes 512",
			finding.ServerVerdictUnexpected, serverYAML("limit: {max_room_name_length: 512}"),
			grant("room", strings.Repeat("r", 300)), field("room", nil),
		).warning(),

		// It cannot be reached.
		server("server-refused", "nothing listens at LIVEKIT_URL", finding.ServerRefused, livekitAt(refused)).as("local"),
		config("server-dns", "the name in LIVEKIT_URL does not exist", finding.ServerDNS,
			livekitAt(named("livekit.lklab.invalid:7880"))).as("unknown-name"),
		network("server-syn-drop", "a firewall drops what is sent to LIVEKIT_URL", finding.ServerTimeout,
			livekitAt(blackhole)).as("no-answer").silent(),
		server("server-silent", "what listens at LIVEKIT_URL accepts connections and never answers", finding.ServerSilent,
			livekitAt(raw(silent))).as("request").silent(),
		server("server-reset", "what listens at LIVEKIT_URL resets every connection", finding.ServerReset,
			livekitAt(raw(reset))).as("direct"),

		// TLS.
		server("tls-self-signed", "the certificate is from an unknown authority", finding.ServerTLS,
			livekitTLS(Certificate{})).as("own-authority"),
		server("tls-expired", "the certificate has expired", finding.ServerTLS, withTLS(expired)).as("expired"),
		server("tls-wrong-name", "the certificate is for another name", finding.ServerTLS,
			withTLS(Certificate{Names: []string{"livekit.example.com"}})).as("wrong-name"),
		server("tls-not-yet", "the certificate is not valid before tomorrow", finding.ServerTLS,
			withTLS(Certificate{From: 24 * time.Hour})).as("not-yet-valid"),
		server("tls-client-certificate", "the server wants a certificate of the client", finding.ServerTLS,
			withTLS(Certificate{config: func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }})).as("client-certificate"),
		server("tls-client-certificate-nginx", "nginx wants a certificate of the client, and says so (400)", finding.ServerTLS,
			withTLS(Certificate{}), instead(header(html(http.StatusBadRequest,
				"<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n</html>\r\n"),
				"Server", "nginx/1.26.2"))).as("client-certificate"),
		server("tls-old-version", "the server speaks TLS 1.1 at most", finding.ServerTLS,
			withTLS(Certificate{config: func(c *tls.Config) {
				c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
			}})).as("old-version"),
		server("tls-cut", "the connection ends in the TLS handshake", finding.ServerTLS,
			livekitAt(raw(cut)), withScheme("wss")).as("cut"),
		config("tls-to-plain", "wss:// to a port that speaks plain HTTP", finding.ServerTLS, withScheme("wss")).as("local-plain-port"),
		config("plain-to-tls", "ws:// to a port that speaks TLS", finding.ServerTLS, withTLS(Certificate{}), withScheme("ws")),
		config("plain-to-tls-nginx", "ws:// to nginx's HTTPS port, which says so (400)", finding.ServerTLS,
			livekitAt(plainToNginx), trusted).as("tls-port"),
		server("tls-expires-soon", "the certificate expires in 5 days", finding.ServerCertExpiresSoon,
			withTLS(Certificate{From: -85 * 24 * time.Hour, Until: 5 * 24 * time.Hour})).warning(),
		working("healthy-tls-brief", "nothing is wrong; the certificate lives for hours, as those of Caddy's own authority do",
			withTLS(Certificate{From: -time.Hour, Until: 11 * time.Hour})),

		// It is something else.
		server("not-livekit-nginx", "nginx is there, with no LiveKit behind it (404)", finding.ServerNotLiveKit,
			instead(Nginx(http.StatusNotFound, ""))).as("proxy-nginx"),
		config("not-livekit-nextjs", "a Next.js app is there (404)", finding.ServerNotLiveKit, instead(NextJS())).as("your-app"),
		config("not-livekit-spa", "a web app is there that answers every path with 200", finding.ServerNotLiveKit,
			instead(SPA())).as("your-app"),
		config("not-livekit-redis", "a Redis server is there", finding.ServerNotLiveKit, livekitAt(raw(redis))).as("other-protocol"),
		config("not-livekit-ssh", "an SSH server is there", finding.ServerNotLiveKit, livekitAt(raw(ssh))).as("other-protocol"),
		config("not-livekit-media-port", "LIVEKIT_URL has the port of the server's ICE/TCP, 7881", finding.ServerNotLiveKit,
			livekitAt(mediaPort)).as("media-port"),
		server("not-livekit-redirect", "what is there redirects to a login page", finding.ServerNotLiveKit,
			instead(Redirect(http.StatusFound, "https://login.lklab.invalid/"))).as("redirect"),
		server("not-livekit-login", "something in front of LiveKit wants a login of its own (401)", finding.ServerNotLiveKit,
			instead(header(password(Reply(http.StatusUnauthorized, nil, ""), "staging"), "Server", "nginx/1.26.2"))).as("login"),
		server("not-livekit-path", "nginx hands LiveKit a path that it does not have", finding.ServerNotLiveKit,
			proxied(func(livekit http.Handler) http.Handler {
				return header(http.StripPrefix("/rtc", livekit), "Server", "nginx/1.26.2")
			})).as("unstripped-nginx"),
		config("plain-redirect", "ws:// to a server that redirects plain HTTP to https", finding.ServerTLS,
			instead(toHTTPS(http.StatusMovedPermanently))).as("redirect"),
		config("path-prefix", "LiveKit is there under /livekit only", finding.ServerPathPrefix, proxied(below)).as("here"),

		// It takes nobody now.
		server("not-ready-406", "the server's own node is out of date (406)", finding.ServerNotReady,
			proxied(func(livekit http.Handler) http.Handler {
				health := Text(http.StatusNotAcceptable, "Not Ready\nNode Updated At "+time.Now().Add(-time.Minute).UTC().String())
				return At("/rtc", OnUpgrade(noNodes, livekit), health)
			})).as("stale-node"),
		server("not-ready-502", "nginx stands before a server that is down (502)", finding.ServerNotReady,
			instead(Nginx(http.StatusBadGateway, ""))).as("gateway-nginx"),
		server("not-ready-503", "nginx stands before a server that is not up yet (503)", finding.ServerNotReady,
			instead(Nginx(http.StatusServiceUnavailable, ""))).as("gateway-nginx"),
		server("no-nodes", "the server finds no node for the room (500)", finding.ServerNotReady, onUpgrade(noNodes)).as("no-nodes"),
		server("not-ready-later", "nginx answers, and loses the server when it is asked about the token (502)", finding.ServerNotReady,
			proxied(func(livekit http.Handler) http.Handler {
				asked := func(r *http.Request) bool { return r.Header.Get("Authorization") != "" }
				return when(asked, Nginx(http.StatusBadGateway, ""), livekit)
			})).as("gateway-nginx"),
		server("overloaded", "the server is at its limit (503)", finding.ServerOverloaded,
			at("/rtc", Text(http.StatusServiceUnavailable, "node has exceeded its configured limit"))),
		server("quota", "the server limits the rate, or a quota is used up (429)", finding.ServerQuota,
			at("/rtc", header(typed("text/plain", http.StatusTooManyRequests, "too many requests"), "Retry-After", "60"))).as("other"),
	}
}

// plainToNginx starts a port that speaks TLS and answers plain HTTP with nginx's page for
// that.
func plainToNginx(l *Lab) (string, error) {
	config, err := l.issue(&Certificate{})
	if err != nil {
		return "", err
	}
	secure, err := l.serve(Forward(l.LiveKit.Addr), config)
	if err != nil {
		return "", err
	}
	page, err := l.serve(Nginx(http.StatusBadRequest, "The plain HTTP request was sent to HTTPS port"), nil)
	if err != nil {
		return "", err
	}
	return raw(tlsOr(secure, page))(l)
}

// mediaPort moves the server's ICE/TCP port to 7881, LiveKit's default, on another
// loopback address: checks recognise the number.
func mediaPort(l *Lab) (addr string, err error) {
	for range startAttempts {
		host := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(255), 1+rand.IntN(254))
		if addr, err = l.started(serveRaw(host+":7881", relayed(l.LiveKit.TCPAddr))); err == nil {
			return addr, nil
		}
	}
	return "", err
}
