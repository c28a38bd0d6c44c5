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

// serverFaults are a LiveKit server that cannot be reached, is no LiveKit
// server, or refuses a token that is all right.
func serverFaults() []Fault {
	f := func(name, about string, code finding.Code, owner finding.Owner, set func(*plan)) Fault {
		return Fault{Name: name, About: about, Want: []finding.Code{code}, Owner: owner, set: set}
	}
	warning := func(f Fault) Fault { f.Warn = true; return f }
	server, network, config := finding.OwnerLiveKitServer, finding.OwnerNetwork, finding.OwnerConfig
	return []Fault{
		// Its keys.
		f("server-other-secret", "the server has another secret for the key than the ticket service and this machine",
			finding.ServerSignatureRejected, config,
			func(p *plan) { p.serverPairs = []Pair{{Key: p.tokenPair.Key, Secret: NewPair().Secret}} }),
		f("server-key-unknown", "the server does not know the key that the ticket service and this machine use", finding.ServerKeyUnknown,
			config,
			func(p *plan) { p.serverPairs = []Pair{NewPair()} }),
		f("server-token-rejected", "the server takes room names of 4 characters at most (400)", finding.ServerTokenRejected,
			finding.OwnerTicketService,
			func(p *plan) { p.server.ExtraYAML = "limit: {max_room_name_length: 4}" }),
		as("validate-only", f("validate-odd", "something answers for /rtc/validate, 200 OK, and the rest is LiveKit",
			finding.ServerNotLiveKit, server,
			withWeb(func(_ *Lab, addr string) http.Handler {
				return At("/rtc/validate", Text(http.StatusOK, "OK"), Forward(addr))
			}))),
		{Name: "long-room-accepted", About: "the token's room has 300 characters, and this server takes 512",
			Owner: finding.OwnerTicketService,
			Want:  []finding.Code{finding.TokenLimits, finding.ServerVerdictUnexpected},
			set: func(p *plan) {
				p.server.ExtraYAML = "limit: {max_room_name_length: 512}"
				p.claims = func(_ *Lab, c Claims) { c.video()["room"] = strings.Repeat("r", 300) }
				p.answer = func(_ *Lab, a Answer) { delete(a, "room") }
			}},

		// It cannot be reached.
		as("local", f("server-refused", "nothing listens at LIVEKIT_URL", finding.ServerRefused, server, withFront(refusedURL("ws")))),
		as("unknown-name", f("server-dns", "the name in LIVEKIT_URL does not exist", finding.ServerDNS, config,
			withFront(func(*Lab) (string, error) { return "ws://livekit.lklab.invalid:7880", nil }))),
		as("no-answer", silent(f("server-syn-drop", "a firewall drops what is sent to LIVEKIT_URL", finding.ServerTimeout, network,
			withFront(blackholeURL("ws"))))),
		as("request", silent(f("server-silent", "what listens at LIVEKIT_URL accepts connections and never answers", finding.ServerSilent,
			server, withRaw(Silent)))),
		as("direct", f("server-reset", "what listens at LIVEKIT_URL resets every connection", finding.ServerReset, server, withRaw(Reset))),

		// TLS.
		as("own-authority", f("tls-self-signed", "the certificate is from an unknown authority", finding.ServerTLS, server,
			behindTLS(Certificate{}, false))),
		as("expired", f("tls-expired", "the certificate has expired", finding.ServerTLS, server,
			behindTLS(Certificate{From: -48 * time.Hour, Until: -24 * time.Hour}, true))),
		as("wrong-name", f("tls-wrong-name", "the certificate is for another name", finding.ServerTLS, server,
			behindTLS(Certificate{Names: []string{"livekit.example.com"}}, true))),
		as("not-yet-valid", f("tls-not-yet", "the certificate is not valid before tomorrow", finding.ServerTLS, server,
			behindTLS(Certificate{From: 24 * time.Hour}, true))),
		as("client-certificate", f("tls-client-certificate", "the server wants a certificate of the client", finding.ServerTLS, server,
			behindTLSAs(Certificate{}, true, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }, nil))),
		as("client-certificate", f("tls-client-certificate-nginx", "nginx wants a certificate of the client, and says so (400)",
			finding.ServerTLS, server,
			behindTLSAs(Certificate{}, true, nil, Reply(http.StatusBadRequest,
				map[string]string{"Server": "nginx/1.26.2", "Content-Type": "text/html"},
				"<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n</html>\r\n")))),
		as("old-version", f("tls-old-version", "the server speaks TLS 1.1 at most", finding.ServerTLS, server,
			behindTLSAs(Certificate{}, true, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
				nil))),
		as("cut", f("tls-cut", "the connection ends in the TLS handshake", finding.ServerTLS, server,
			withFront(func(l *Lab) (string, error) {
				peer, err := Cut()
				return l.peer(peer, err, "wss")
			}))),
		as("local-plain-port", f("tls-to-plain", "wss:// to a port that speaks plain HTTP", finding.ServerTLS, config,
			withFront(func(l *Lab) (string, error) { return "wss://" + l.LiveKit.Addr, nil }))),
		f("plain-to-tls", "ws:// to a port that speaks TLS", finding.ServerTLS, config, func(p *plan) {
			behindTLS(Certificate{}, true)(p)
			secure := p.front
			p.front = func(l *Lab) (string, error) {
				url, err := secure(l)
				if err != nil {
					return "", err
				}
				return "ws" + url[len("wss"):], nil
			}
		}),
		as("tls-port", f("plain-to-tls-nginx", "ws:// to nginx's HTTPS port, which says so (400)", finding.ServerTLS, config,
			plainToNginx)),
		warning(f("tls-expires-soon", "the certificate expires in 5 days", finding.ServerCertExpiresSoon, server,
			behindTLS(Certificate{From: -85 * 24 * time.Hour, Until: 5 * 24 * time.Hour}, true))),
		{Name: "healthy-tls-brief", About: "nothing is wrong; the certificate lives for hours, as those of Caddy's own authority do",
			Owner: finding.OwnerNone,
			set:   behindTLS(Certificate{From: -time.Hour, Until: 11 * time.Hour}, true)},

		// It is something else.
		as("proxy-nginx", f("not-livekit-nginx", "nginx is there, with no LiveKit behind it (404)", finding.ServerNotLiveKit, server,
			always(Nginx(http.StatusNotFound, "")))),
		as("your-app", f("not-livekit-nextjs", "a Next.js app is there (404)", finding.ServerNotLiveKit, config, always(NextJS()))),
		as("your-app", f("not-livekit-spa", "a web app is there that answers every path with 200", finding.ServerNotLiveKit, config,
			always(SPA()))),
		as("other-protocol", f("not-livekit-redis", "a Redis server is there", finding.ServerNotLiveKit, config, withRaw(Redis))),
		as("other-protocol", f("not-livekit-ssh", "an SSH server is there", finding.ServerNotLiveKit, config, withRaw(SSH))),
		as("media-port", f("not-livekit-media-port", "LIVEKIT_URL has the port of the server's ICE/TCP, 7881", finding.ServerNotLiveKit,
			config, mediaPort)),
		as("redirect", f("not-livekit-redirect", "what is there redirects to a login page", finding.ServerNotLiveKit, server,
			always(Redirect(http.StatusFound, "https://login.lklab.invalid/")))),
		as("login", f("not-livekit-login", "something in front of LiveKit wants a login of its own (401)", finding.ServerNotLiveKit, server,
			always(Reply(http.StatusUnauthorized, map[string]string{"Server": "nginx/1.26.2",
				"WWW-Authenticate": `Basic realm="staging"`}, "")))),
		as("unstripped-nginx", f("not-livekit-path", "nginx hands LiveKit a path that it does not have", finding.ServerNotLiveKit, server,
			withWeb(func(_ *Lab, addr string) http.Handler {
				return signed("nginx/1.26.2", http.StripPrefix("/rtc", Forward(addr)))
			}))),
		as("redirect", f("plain-redirect", "ws:// to a server that redirects plain HTTP to https", finding.ServerTLS, config,
			always(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				Redirect(http.StatusMovedPermanently, "https://"+r.Host+r.URL.Path).ServeHTTP(w, r)
			})))),
		as("here", f("path-prefix", "LiveKit is there under /livekit only", finding.ServerPathPrefix, config,
			withWeb(func(_ *Lab, addr string) http.Handler {
				return Prefix("/livekit", Forward(addr), Nginx(http.StatusNotFound, ""))
			}))),

		// It takes nobody now.
		as("stale-node", f("not-ready-406", "the server's own node is out of date (406)", finding.ServerNotReady, server,
			withWeb(notReady))),
		as("gateway-nginx", f("not-ready-502", "nginx stands before a server that is down (502)", finding.ServerNotReady, server,
			always(Nginx(http.StatusBadGateway, "")))),
		as("gateway-nginx", f("not-ready-503", "nginx stands before a server that is not up yet (503)", finding.ServerNotReady, server,
			always(Nginx(http.StatusServiceUnavailable, "")))),
		as("no-nodes", f("no-nodes", "the server finds no node for the room (500)", finding.ServerNotReady, server,
			withWeb(func(_ *Lab, addr string) http.Handler {
				return OnUpgrade(Text(http.StatusInternalServerError, "could not find any available nodes"), Forward(addr))
			}))),
		as("gateway-nginx", f("not-ready-later", "nginx answers, and loses the server when it is asked about the token (502)",
			finding.ServerNotReady, server,
			withWeb(func(_ *Lab, addr string) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Header.Get("Authorization") != "" {
						Nginx(http.StatusBadGateway, "").ServeHTTP(w, r)
						return
					}
					Forward(addr).ServeHTTP(w, r)
				})
			}))),
		f("overloaded", "the server is at its limit (503)", finding.ServerOverloaded, server,
			withWeb(func(_ *Lab, addr string) http.Handler {
				return At("/rtc", Text(http.StatusServiceUnavailable, "node has exceeded its configured limit"), Forward(addr))
			})),
		as("other", f("quota", "the server limits the rate, or a quota is used up (429)", finding.ServerQuota, server,
			withWeb(func(_ *Lab, addr string) http.Handler {
				return At("/rtc", Reply(http.StatusTooManyRequests, map[string]string{"Retry-After": "60", "Content-Type": "text/plain"},
					"too many requests"), Forward(addr))
			}))),
	}
}

// signed sets the Server header, as a proxy does.
func signed(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", name)
		next.ServeHTTP(w, r)
	})
}

// always puts a web server at LIVEKIT_URL that has nothing to do with LiveKit.
func always(handler http.Handler) func(*plan) {
	return withWeb(func(*Lab, string) http.Handler { return handler })
}

// behindTLS puts a TLS server with that certificate before LiveKit. Unless it is
// trusted, the program under test does not know its authority.
func behindTLS(c Certificate, trusted bool) func(*plan) { return behindTLSAs(c, trusted, nil, nil) }

// behindTLSAs is behindTLS with the server's TLS configuration changed, and
// another answer than LiveKit's where instead is set.
func behindTLSAs(c Certificate, trusted bool, change func(*tls.Config), instead http.Handler) func(*plan) {
	return func(p *plan) {
		p.front = func(l *Lab) (string, error) {
			authority, err := l.certificates()
			if err != nil {
				return "", err
			}
			config, err := authority.Issue(c)
			if err != nil {
				return "", err
			}
			if change != nil {
				change(config)
			}
			handler := Forward(l.LiveKit.Addr)
			if instead != nil {
				handler = instead
			}
			peer, err := Serve(handler, config)
			return l.peer(peer, err, "wss")
		}
		p.environ = func(l *Lab, e Env) error {
			if !trusted {
				return nil
			}
			return l.trust(e)
		}
	}
}

// plainToNginx is ws:// to a port that speaks TLS and answers plain HTTP with
// nginx's page for that.
func plainToNginx(p *plan) {
	behindTLS(Certificate{}, true)(p)
	secure := p.front
	p.front = func(l *Lab) (string, error) {
		url, err := secure(l)
		if err != nil {
			return "", err
		}
		page, err := Serve(Nginx(http.StatusBadRequest, "The plain HTTP request was sent to HTTPS port"), nil)
		if _, err = l.peer(page, err, "http"); err != nil {
			return "", err
		}
		peer, err := TLSOr(strings.TrimPrefix(url, "wss://"), page.Addr)
		return l.peer(peer, err, "ws")
	}
}

// mediaPort moves the server's ICE/TCP port to 7881, LiveKit's default, on another
// loopback address: checks recognise the number.
func mediaPort(p *plan) {
	p.front = func(l *Lab) (string, error) {
		var err error
		for range startAttempts {
			host := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(255), 1+rand.IntN(254))
			var peer *Peer
			if peer, err = Relay(host+":7881", l.LiveKit.TCPAddr); err == nil {
				return l.peer(peer, nil, "ws")
			}
		}
		return "", err
	}
}

// notReady answers as a server whose node statistics are out of date does.
func notReady(_ *Lab, addr string) http.Handler {
	health := Text(http.StatusNotAcceptable, "Not Ready\nNode Updated At "+time.Now().Add(-time.Minute).UTC().String())
	join := OnUpgrade(Text(http.StatusInternalServerError, "could not find any available nodes"), Forward(addr))
	return At("/rtc", join, health)
}
