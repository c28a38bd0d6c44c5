package lab

import (
	"context"
	"net/http"
	"strings"
	"time"

	"lkdoctor/checks/finding"
)

// ticketFaults are a ticket service that is not there, refuses, or answers with
// something else than the fields of the contract. What is wrong with the token
// itself is in tokenFaults.
func ticketFaults() []Fault {
	f := func(name, about string, code finding.Code, owner finding.Owner, set func(*plan)) Fault {
		return Fault{Name: name, About: about, Want: []finding.Code{code}, Owner: owner, set: set}
	}
	// service is a fault of which the owner is the ticket service.
	service := func(name, about string, code finding.Code, set func(*plan)) Fault {
		return f(name, about, code, finding.OwnerTicketService, set)
	}
	told := func(variant string, f Fault) Fault { f.Variant = variant; return f }
	warning := func(f Fault) Fault { f.Warn = true; return f }
	return []Fault{
		// It is not there.
		service("ticket-refused", "nothing listens at the ticket service's port", finding.TicketRefused, ticketAt(refusedURL("http"))),
		f("ticket-dns", "the ticket service's name does not exist", finding.TicketDNS, finding.OwnerConfig,
			ticketAt(func(*Lab) (string, error) { return "http://tickets.lklab.invalid:8000", nil })),
		silent(service("ticket-silent", "the ticket service accepts connections and never answers", finding.TicketTimeout,
			ticketRaw(Silent))),
		silent(f("ticket-syn-drop", "a firewall drops what is sent to the ticket service", finding.TicketTimeout, finding.OwnerNetwork,
			ticketAt(blackholeURL("http")))),
		f("ticket-redis", "a Redis server listens at the ticket service's port", finding.TicketNotHTTP, finding.OwnerConfig,
			ticketRaw(Redis)),
		f("ticket-ssh", "an SSH server listens at the ticket service's port", finding.TicketNotHTTP, finding.OwnerConfig, ticketRaw(SSH)),
		service("ticket-bad-gateway", "nginx stands before a ticket service that is down", finding.TicketServerError,
			ticketAt(webURL(Nginx(http.StatusBadGateway, "")))),
		told("overloaded", service("ticket-maintenance", "the service answers everything with its own 503 while it is maintained",
			finding.TicketServerError,
			ticketAt(webURL(JSON(503, `{"detail":"maintenance until 18:00"}`))))),
		service("ticket-tls-self-signed", "the ticket service's certificate is from an unknown authority", finding.TicketTLS,
			ticketTLS(Certificate{}, false)),
		service("ticket-tls-expired", "the ticket service's certificate has expired", finding.TicketTLS,
			ticketTLS(Certificate{From: -48 * time.Hour, Until: -24 * time.Hour}, true)),
		f("ticket-tls-plain", "https:// to a ticket service that speaks plain HTTP", finding.TicketTLS, finding.OwnerConfig,
			withEnv(func(l *Lab, e Env) { e["USER_MGMT_BASE_URL"] = l.Tickets.Peer.URL("https") })),

		service("ticket-crash", "the service hangs up when a ticket is to be traded", finding.TicketServerError,
			withRefusal(http.HandlerFunc(hangUp))),

		// It refuses.
		f("ticket-consumed", "the ticket was used before (409)", finding.TicketConsumed, finding.OwnerConfig, ticketIn(TicketUsed)),
		f("ticket-expired", "the ticket has expired (410)", finding.TicketExpired, finding.OwnerConfig, ticketIn(TicketOutdated)),
		f("ticket-unknown", "the service does not know the ticket (404)", finding.TicketUnknown, finding.OwnerConfig,
			withEnv(func(_ *Lab, e Env) { e["LKDOCTOR_TICKET"] = newTicket() })),
		f("ticket-route", "the service has no such route (404, in FastAPI's words)", finding.TicketRouteWrong, finding.OwnerConfig,
			withEnv(func(_ *Lab, e Env) { e["USER_MGMT_BASE_URL"] += "/user-management" })),
		f("ticket-route-next", "a Next.js app is at the ticket service's address (404)", finding.TicketRouteWrong, finding.OwnerConfig,
			ticketAt(webURL(NextJS()))),
		f("ticket-route-gateway", "an API gateway has no such route (404, in Kong's words)", finding.TicketRouteWrong, finding.OwnerConfig,
			withRefusal(JSON(404, `{"message":"no Route matched with those values","request_id":"f00"}`))),
		f("ticket-unknown-code", "the service does not know the ticket, and says so in its code only (404)", finding.TicketUnknown,
			finding.OwnerConfig,
			withRefusal(JSON(404, `{"code":"TICKET_NOT_FOUND","message":"Not Found"}`))),
		f("ticket-method", "the service takes no POST there (405)", finding.TicketRouteWrong, finding.OwnerConfig,
			withRefusal(Reply(http.StatusMethodNotAllowed, map[string]string{"Allow": "GET", "Content-Type": "application/json"},
				`{"detail":"Method Not Allowed"}`))),
		service("ticket-401", "the service wants credentials of the app (401)", finding.TicketUnauthorized,
			withRefusal(JSON(401, `{"detail":"Not authenticated"}`))),
		service("ticket-403", "the service forbids it, and says why (403)", finding.TicketForbidden,
			withRefusal(JSON(403, `{"detail":"This feature is temporarily disabled"}`))),
		service("ticket-403-gateway", "nginx forbids it before the service is asked (403)", finding.TicketForbidden,
			withRefusal(Nginx(403, ""))),
		service("ticket-401-password", "nginx in front of the service asks for a password (401)", finding.TicketUnauthorized,
			withRefusal(header(Nginx(401, ""), "WWW-Authenticate", `Basic realm="staff"`))),
		service("ticket-504-gateway", "nginx does not reach the service when a ticket is traded (504)", finding.TicketServerError,
			withRefusal(Nginx(504, ""))),
		f("ticket-prefix", "the service's address holds a part of the path already", finding.TicketRouteWrong, finding.OwnerConfig,
			withEnv(func(_ *Lab, e Env) { e["USER_MGMT_BASE_URL"] += "/api/v1" })),
		f("ticket-livekit", "the ticket service's address is that of the LiveKit server", finding.TicketRouteWrong, finding.OwnerConfig,
			withEnv(func(l *Lab, e Env) { e["USER_MGMT_BASE_URL"] = strings.Replace(l.URL, "ws", "http", 1) })),
		warning(service("ticket-cached", "a CDN answers in the service's place (Age)", finding.TicketTokenCached, withCache("Age", "712"))),
		service("ticket-422", "the service wants a field that nobody sends (422)", finding.TicketRejected,
			withRefusal(JSON(422, `{"detail":[{"type":"missing","loc":["body","profile","email"],"msg":"Field required","input":{}}]}`))),
		f("ticket-400", "the service refuses the form of the ticket (400)", finding.TicketRejected, finding.OwnerConfig,
			withRefusal(JSON(400, `{"code":"INVALID_REQUEST","message":"malformed ticket"}`))),
		service("ticket-429", "the service limits the rate (429)", finding.TicketRateLimited,
			withRefusal(Reply(429, map[string]string{"Retry-After": "30", "Content-Type": "application/json"},
				`{"detail":"Rate limit exceeded: 5 per 1 minute"}`))),
		service("ticket-500", "the service fails, as FastAPI does (500)", finding.TicketServerError,
			withRefusal(Text(500, "Internal Server Error"))),
		service("ticket-501", "the service is not configured (501)", finding.TicketServerError,
			withRefusal(JSON(501, `{"code":"NOT_CONFIGURED","message":"LiveKit credentials are not configured"}`))),
		service("ticket-503", "the service is overloaded (503)", finding.TicketServerError,
			withRefusal(JSON(503, `{"detail":"Service Unavailable"}`))),
		service("ticket-redirect", "the service redirects to another host", finding.TicketRedirected,
			withRefusal(Redirect(http.StatusTemporaryRedirect, "http://other.lklab.invalid/api/v1/tickets"))),
		f("ticket-to-https", "the service redirects http:// to https:// (308)", finding.TicketRedirected, finding.OwnerConfig,
			withRefusal(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				Redirect(http.StatusPermanentRedirect, "https://"+r.Host+r.URL.Path).ServeHTTP(w, r)
			}))),
		service("ticket-login", "the service redirects to a login page", finding.TicketRedirected,
			withRefusal(Redirect(http.StatusFound, "https://login.lklab.invalid/?next=%2Fapi%2Fv1%2Ftickets"))),

		// It answers with no answer.
		f("ticket-html", "the service answers 200 with an HTML page", finding.TicketNotJSON, finding.OwnerConfig, withReply(SPA())),
		service("ticket-empty-body", "the service answers 200 with nothing", finding.TicketNotJSON, withReply(JSON(200, ""))),
		service("ticket-broken-json", "the service's JSON breaks off", finding.TicketNotJSON, withReply(JSON(200, `{"token": "eyJ`))),
		service("ticket-deep-json", "the service's JSON is nested 200,000 levels deep", finding.TicketNotJSON,
			withReply(JSON(200, `{"token":`+strings.Repeat("[", 200_000)+strings.Repeat("]", 200_000)+"}"))),
		service("ticket-too-large", "the service answers with 2 MiB", finding.TicketBodyTooLarge,
			withReply(JSON(200, `{"padding":"`+strings.Repeat("x", 2<<20)+`"}`))),
		service("ticket-bomb", "the service answers with 1 GiB, compressed to 1 MB", finding.TicketBodyTooLarge, withStream(bomb)),
		service("ticket-endless", "the service's answer never ends", finding.TicketBodyTooLarge, withStream(endless)),
		silent(service("ticket-drip", "the service sends one byte every 100 ms, for ever", finding.TicketTimeout, withStream(drip))),

		service("ticket-cut", "the service's answer breaks off with the connection", finding.TicketServerError, withStream(cutOff)),
		service("ticket-garbled", "the service's answer says that it is compressed, and is not", finding.TicketNotJSON,
			withReply(Reply(200, map[string]string{"Content-Type": "application/json", "Content-Encoding": "gzip"},
				`{"token":"","url":""}`))),

		// It answers with other fields.
		service("token-missing", "the answer has no token", finding.TicketTokenMissing,
			withAnswer(func(_ *Lab, a Answer) { delete(a, "token") })),
		service("token-promise", "the answer has {} for a token: a Promise that nobody awaited", finding.TicketTokenMissing,
			withAnswer(func(_ *Lab, a Answer) { a["token"] = map[string]any{} })),
		service("token-number", "the answer has a number for a token", finding.TicketTokenMissing,
			withAnswer(func(_ *Lab, a Answer) { a["token"] = 42 })),
		service("ticket-error-200", "the service answers 200 with an error", finding.TicketTokenMissing,
			withReply(JSON(200, `{"detail":"LiveKit is not configured"}`))),
		service("token-error", "the answer has null for a token, and says why", finding.TicketTokenMissing,
			withReply(JSON(200, `{"token":null,"error":"LiveKit is not configured"}`))),
		{Name: "token-beside", About: "the app's login token stands where the LiveKit token should, and that one beside it",
			Want: []finding.Code{finding.TokenForeign, finding.TicketFieldUnusual}, Owner: finding.OwnerTicketService,
			set: withAnswer(func(_ *Lab, a Answer) {
				a["livekit_token"] = a["token"]
				a["token"] = Sign(Claims{"iss": "https://auth.lklab.invalid/", "sub": "user-1", "aud": "app", "email": "a@lklab.invalid",
					"exp": time.Now().Add(time.Hour).Unix()}, NewPair().Secret)
			})},
		warning(service("field-unusual", "token and URL are called accessToken and livekitUrl", finding.TicketFieldUnusual,
			withAnswer(func(_ *Lab, a Answer) { a.rename("token", "accessToken"); a.rename("url", "livekitUrl") }))),
		warning(service("field-nested", "token and URL are one level down, under data", finding.TicketFieldUnusual,
			withAnswer(func(_ *Lab, a Answer) {
				a["data"] = map[string]any{"token": a["token"], "url": a["url"]}
				delete(a, "token")
				delete(a, "url")
			}))),
		warning(service("token-plain-text", "the answer is the bare token, as text/plain", finding.TicketFieldUnusual, bareToken)),
		warning(service("answer-url-missing", "the answer has no url", finding.TicketURLMissing,
			withAnswer(func(_ *Lab, a Answer) { delete(a, "url") }))),
		warning(service("answer-url-differs", "the answer's url is another way to the same server", finding.TicketURLDiffers, urlDiffers)),
		service("answer-url-invalid", "the answer's url has no scheme", finding.TicketURLInvalid,
			withAnswer(func(l *Lab, a Answer) { a["url"] = l.LiveKit.Addr })),
		service("answer-url-null", "the answer's url is wss://null", finding.TicketURLInvalid,
			withAnswer(func(_ *Lab, a Answer) { a["url"] = "wss://null" })),
		service("answer-url-other-project", "the answer's url is a server that does not know the token's key", finding.ServerKeyUnknown,
			urlOfOtherProject),
		as("handed-out", service("answer-url-dead", "the answer's url is an address at which nobody listens", finding.ServerRefused,
			withAnswer(func(l *Lab, a Answer) { a["url"], _ = refusedURL("ws")(l) }))),
		as("handed-out", service("answer-url-internal", "the answer's url is a name that only the service's own network knows",
			finding.ServerDNS,
			withAnswer(func(_ *Lab, a Answer) { a["url"] = "ws://livekit.lklab.invalid:7880" }))),
		as("handed-out", service("answer-url-path", "the answer's url ends with /rtc", finding.ServerPathPrefix,
			withAnswer(func(l *Lab, a Answer) { a["url"] = l.URL + "/rtc" }))),
		as("stale-url", f("url-stale", "LIVEKIT_URL names a server that is gone, and the answer's url one that works",
			finding.ServerRefused, finding.OwnerConfig,
			func(p *plan) {
				p.front = refusedURL("ws")
				p.answer = func(l *Lab, a Answer) { a["url"] = l.LiveKit.URL }
			})),
		warning(service("room-differs", "the answer's room is not the token's", finding.TicketRoomDiffers,
			withAnswer(func(_ *Lab, a Answer) { a["room"] = "lobby" }))),
		warning(service("ticket-slow", "the service takes 2.5 s to answer", finding.TicketSlow, slowly(2500*time.Millisecond))),

		// Strangers' text, made to do harm in a terminal.
		warning(service("hostile-strings", "every text of a good answer holds control, escape and bidi characters",
			finding.TicketRoomDiffers,
			func(p *plan) {
				p.claims = func(_ *Lab, c Claims) { c["name"] = hostile; c["metadata"] = hostile }
				p.answer = func(_ *Lab, a Answer) {
					a["room"], a["identity"], a["conv_id"], a["expires_at"] = hostile, hostile, hostile, hostile
					a["metadata"] = map[string]any{hostile: hostile}
				}
			})),
		service("hostile-error", "the service's refusal holds control, escape and bidi characters", finding.TicketRejected,
			withRefusal(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { detail(w, http.StatusBadRequest, hostile) }))),
		service("hostile-token", "the token holds control, escape and bidi characters", finding.TokenOpaque,
			rawToken(func(string) any { return "lk_" + hostile })),
	}
}

// hostile clears the screen, sets the window's title, starts a link, rings the bell,
// reverses the reading direction and hides text with a carriage return.
const hostile = "x\x1b[2J\x1b]0;owned\x07\x1b]8;;https://evil.invalid\x1b\\link\x1b]8;;\x1b\\\r\n\x00\x08\x7f\u009b31m\u202egnp.exe\u202c\u2066\u200b\ufeff"

func ticketAt(start func(*Lab) (string, error)) func(*plan) {
	return func(p *plan) { p.ticketURL = start }
}

func ticketIn(state TicketState) func(*plan) {
	return func(p *plan) { p.ticketState = state }
}

// ticketRaw puts something that does not speak HTTP in the service's place.
func ticketRaw(start func() (*Peer, error)) func(*plan) {
	return ticketAt(func(l *Lab) (string, error) {
		peer, err := start()
		return l.peer(peer, err, "http")
	})
}

func ticketTLS(c Certificate, trusted bool) func(*plan) {
	return func(p *plan) {
		p.ticketTLS = &c
		p.environ = func(l *Lab, e Env) error {
			if !trusted {
				return nil
			}
			return l.trust(e)
		}
	}
}

// refusedURL is an address at which nobody listens.
func refusedURL(scheme string) func(*Lab) (string, error) {
	return func(*Lab) (string, error) {
		addr, err := RefusedAddr()
		return scheme + "://" + addr, err
	}
}

// blackholeURL is an address that drops every SYN.
func blackholeURL(scheme string) func(*Lab) (string, error) {
	return func(l *Lab) (string, error) {
		b, err := NewBlackhole()
		if err != nil {
			return "", err
		}
		l.keep(b)
		return scheme + "://" + b.Addr, nil
	}
}

// webURL starts an HTTP server.
func webURL(handler http.Handler) func(*Lab) (string, error) {
	return func(l *Lab) (string, error) {
		peer, err := Serve(handler, nil)
		return l.peer(peer, err, "http")
	}
}

func (a Answer) rename(from, to string) {
	a[to] = a[from]
	delete(a, from)
}

func bareToken(p *plan) {
	p.respond = func(l *Lab, w http.ResponseWriter) {
		Text(http.StatusOK, l.trade("")["token"].(string)).ServeHTTP(w, nil)
	}
}

func urlDiffers(p *plan) {
	var url string
	p.ready = func(_ context.Context, l *Lab) (err error) {
		peer, err := Serve(Forward(l.LiveKit.Addr), nil)
		url, err = l.peer(peer, err, "ws")
		return err
	}
	p.answer = func(_ *Lab, a Answer) { a["url"] = url }
}

func urlOfOtherProject(p *plan) {
	var other *LiveKit
	p.ready = func(ctx context.Context, l *Lab) (err error) {
		pair := NewPair()
		if other, err = StartLiveKit(ctx, LiveKitOptions{Keys: map[string]string{pair.Key: pair.Secret}}); err == nil {
			l.keep(other)
		}
		return err
	}
	p.answer = func(_ *Lab, a Answer) { a["url"] = other.URL }
}

// slowly delays the answer by wait, unless the client or the lab ends before.
func slowly(wait time.Duration) func(*plan) {
	return func(p *plan) {
		p.tickets.Front = func(service http.Handler, stop <-chan struct{}) http.Handler {
			return At("/api/v1/tickets/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				select {
				case <-time.After(wait):
					service.ServeHTTP(w, r)
				case <-r.Context().Done():
				case <-stop:
				}
			}), service)
		}
	}
}
