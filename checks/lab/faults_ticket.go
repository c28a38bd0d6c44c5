package lab

import (
	"context"
	"net/http"
	"strings"
	"time"

	"lkdoctor/checks/finding"
)

// ticketFaults are a ticket service that is not there, refuses, or answers with other
// fields than those of the contract. What is wrong with the token is in tokenFaults.
func ticketFaults() []Fault {
	config, service, network := by(finding.OwnerConfig), by(finding.OwnerTicketService), by(finding.OwnerNetwork)
	return []Fault{
		// It is not there.
		service("ticket-refused", "nothing listens at the ticket service's port", finding.TicketRefused, ticketsAt(refused)),
		config("ticket-dns", "the ticket service's name does not exist", finding.TicketDNS, ticketsAt(named("tickets.lklab.invalid:8000"))),
		service("ticket-silent", "the ticket service accepts connections and never answers", finding.TicketTimeout,
			ticketsAt(raw(silent))).silent(),
		network("ticket-syn-drop", "a firewall drops what is sent to the ticket service", finding.TicketTimeout,
			ticketsAt(blackhole)).silent(),
		config("ticket-redis", "a Redis server listens at the ticket service's port", finding.TicketNotHTTP, ticketsAt(raw(redis))),
		config("ticket-ssh", "an SSH server listens at the ticket service's port", finding.TicketNotHTTP, ticketsAt(raw(ssh))),
		service("ticket-bad-gateway", "nginx stands before a ticket service that is down", finding.TicketServerError,
			ticketsAt(web(Nginx(http.StatusBadGateway, "")))),
		service("ticket-maintenance", "the service answers everything with its own 503 while it is maintained",
			finding.TicketServerError, ticketsAt(web(JSON(503, `{"detail":"maintenance until 18:00"}`)))).as("overloaded"),
		service("ticket-tls-self-signed", "the ticket service's certificate is from an unknown authority", finding.TicketTLS,
			ticketsTLS(Certificate{})),
		service("ticket-tls-expired", "the ticket service's certificate has expired", finding.TicketTLS,
			ticketsTLS(expired), trusted),
		config("ticket-tls-plain", "https:// to a ticket service that speaks plain HTTP", finding.TicketTLS,
			env(func(l *Lab, e Env) { e["USER_MGMT_BASE_URL"] = l.Tickets.Peer.URL("https") })),

		service("ticket-crash", "the service hangs up when a ticket is to be traded", finding.TicketServerError,
			refusal(http.HandlerFunc(hangUp))),

		// It refuses.
		config("ticket-consumed", "the ticket was used before (409)", finding.TicketConsumed, ticket(TicketUsed)),
		config("ticket-expired", "the ticket has expired (410)", finding.TicketExpired, ticket(TicketOutdated)),
		config("ticket-unknown", "the service does not know the ticket (404)", finding.TicketUnknown, unknownTicket),
		config("ticket-route", "the service has no such route (404, in FastAPI's words)", finding.TicketRouteWrong,
			ticketsPath("/user-management")),
		config("ticket-route-next", "a Next.js app is at the ticket service's address (404)", finding.TicketRouteWrong,
			ticketsAt(web(NextJS()))),
		config("ticket-route-gateway", "an API gateway has no such route (404, in Kong's words)", finding.TicketRouteWrong,
			refusal(JSON(404, `{"message":"no Route matched with those values","request_id":"f00"}`))),
		config("ticket-unknown-code", "the service does not know the ticket, and says so in its code only (404)", finding.TicketUnknown,
			refusal(JSON(404, `{"code":"TICKET_NOT_FOUND","message":"Not Found"}`))),
		config("ticket-method", "the service takes no POST there (405)", finding.TicketRouteWrong,
			refusal(header(JSON(http.StatusMethodNotAllowed, `{"detail":"Method Not Allowed"}`), "Allow", "GET"))),
		service("ticket-401", "the service wants credentials of the app (401)", finding.TicketUnauthorized,
			refusal(JSON(401, `{"detail":"Not authenticated"}`))),
		service("ticket-403", "the service forbids it, and says why (403)", finding.TicketForbidden,
			refusal(JSON(403, `{"detail":"This feature is temporarily disabled"}`))),
		service("ticket-403-gateway", "nginx forbids it before the service is asked (403)", finding.TicketForbidden,
			refusal(Nginx(403, ""))),
		service("ticket-401-password", "nginx in front of the service asks for a password (401)", finding.TicketUnauthorized,
			refusal(password(Nginx(401, ""), "staff"))),
		service("ticket-504-gateway", "nginx does not reach the service when a ticket is traded (504)", finding.TicketServerError,
			refusal(Nginx(504, ""))),
		config("ticket-prefix", "the service's address holds a part of the path already", finding.TicketRouteWrong,
			ticketsPath("/api/v1")),
		config("ticket-livekit", "the ticket service's address is that of the LiveKit server", finding.TicketRouteWrong,
			env(func(l *Lab, e Env) { e["USER_MGMT_BASE_URL"] = strings.Replace(l.URL, "ws", "http", 1) })),
		service("ticket-cached", "a CDN answers in the service's place (Age)", finding.TicketTokenCached,
			ticketsProxied(func(next http.Handler) http.Handler {
				return At("/api/v1/tickets/", header(next, "Age", "712"), next)
			})).warning(),
		service("ticket-422", "the service wants a field that nobody sends (422)", finding.TicketRejected, refusal(emailMissing)),
		config("ticket-400", "the service refuses the form of the ticket (400)", finding.TicketRejected,
			refusal(JSON(400, `{"code":"INVALID_REQUEST","message":"malformed ticket"}`))),
		service("ticket-429", "the service limits the rate (429)", finding.TicketRateLimited,
			refusal(header(JSON(429, `{"detail":"Rate limit exceeded: 5 per 1 minute"}`), "Retry-After", "30"))),
		service("ticket-500", "the service fails, as FastAPI does (500)", finding.TicketServerError,
			refusal(Text(500, "Internal Server Error"))),
		service("ticket-501", "the service is not configured (501)", finding.TicketServerError,
			refusal(JSON(501, `{"code":"NOT_CONFIGURED","message":"LiveKit credentials are not configured"}`))),
		service("ticket-503", "the service is overloaded (503)", finding.TicketServerError,
			refusal(JSON(503, `{"detail":"Service Unavailable"}`))),
		service("ticket-redirect", "the service redirects to another host", finding.TicketRedirected,
			refusal(Redirect(http.StatusTemporaryRedirect, "http://other.lklab.invalid/api/v1/tickets"))),
		service("ticket-redirect-path", "the service redirects to another path of its own (307)", finding.TicketRedirected,
			refusal(Redirect(http.StatusTemporaryRedirect, "/api/v2/tickets"))).as("other-path"),
		config("ticket-to-https", "the service redirects http:// to https:// (308)", finding.TicketRedirected,
			refusal(toHTTPS(http.StatusPermanentRedirect))),
		service("ticket-login", "the service redirects to a login page", finding.TicketRedirected,
			refusal(Redirect(http.StatusFound, "https://login.lklab.invalid/?next=%2Fapi%2Fv1%2Ftickets"))),

		// Its answer cannot be read.
		config("ticket-html", "the service answers 200 with an HTML page", finding.TicketNotJSON, reply(SPA())),
		service("ticket-challenge", "a bot challenge of Cloudflare answers 200 in the service's place", finding.TicketNotJSON,
			reply(header(html(200, "<!doctype html><title>Just a moment...</title><h1>Checking your browser</h1>"),
				"Cf-Mitigated", "challenge"))).as("challenge"),
		service("ticket-empty-body", "the service answers 200 with nothing", finding.TicketNotJSON, reply(JSON(200, ""))),
		service("ticket-broken-json", "the service's JSON breaks off", finding.TicketNotJSON, reply(JSON(200, `{"token": "eyJ`))),
		service("ticket-deep-json", "the service's JSON is nested 200,000 levels deep", finding.TicketNotJSON,
			reply(JSON(200, `{"token":`+strings.Repeat("[", 200_000)+strings.Repeat("]", 200_000)+"}"))),
		service("ticket-too-large", "the service answers with 2 MiB", finding.TicketBodyTooLarge,
			reply(JSON(200, `{"padding":"`+strings.Repeat("x", 2<<20)+`"}`))),
		service("ticket-bomb", "the service answers with 1 GiB, compressed to 1 MB", finding.TicketBodyTooLarge,
			reply(Bomb("application/json", `{"token":"`, 1<<10))),
		service("ticket-endless", "the service's answer never ends", finding.TicketBodyTooLarge, reply(Endless("application/json", " "))),
		service("ticket-drip", "the service sends one byte every 100 ms, for ever", finding.TicketTimeout,
			reply(Drip(100*time.Millisecond))).silent(),
		service("ticket-cut", "the service's answer breaks off with the connection", finding.TicketServerError,
			reply(http.HandlerFunc(cutOff))),
		service("ticket-garbled", "the service's answer says that it is compressed, and is not", finding.TicketNotJSON,
			reply(header(JSON(200, `{"token":"","url":""}`), "Content-Encoding", "gzip"))),

		// It answers with other fields.
		service("token-missing", "the answer has no token", finding.TicketTokenMissing, field("token", nil)),
		service("token-promise", "the answer has {} for a token: a Promise that nobody awaited", finding.TicketTokenMissing,
			field("token", map[string]any{})),
		service("token-number", "the answer has a number for a token", finding.TicketTokenMissing, field("token", 42)),
		service("ticket-error-200", "the service answers 200 with an error", finding.TicketTokenMissing,
			reply(JSON(200, `{"detail":"LiveKit is not configured"}`))),
		service("token-error", "the answer has null for a token, and says why", finding.TicketTokenMissing,
			reply(JSON(200, `{"token":null,"error":"LiveKit is not configured"}`))),
		service("token-beside", "the app's login token stands where the LiveKit token should, and that one beside it",
			finding.TokenForeign, answering(func(_ *Lab, a Answer) {
				a["livekit_token"] = a["token"]
				a["token"] = Sign(Claims{"iss": "https://auth.lklab.invalid/", "sub": "user-1", "aud": "app", "email": "a@lklab.invalid",
					"exp": time.Now().Add(time.Hour).Unix()}, NewPair().Secret)
			})).and(finding.TicketFieldUnusual),
		service("session-token", "the app's own session token, which names no issuer, stands where the LiveKit token should",
			finding.TokenForeign, answering(func(_ *Lab, a Answer) {
				a["jwt"] = a["token"]
				a["token"] = Sign(Claims{"sub": "user-1", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()},
					NewPair().Secret)
			})).as("wrong-field").and(finding.TicketFieldUnusual),
		service("field-unusual", "token and URL are called accessToken and livekitUrl", finding.TicketFieldUnusual,
			answering(func(_ *Lab, a Answer) { a.rename("token", "accessToken"); a.rename("url", "livekitUrl") })).warning(),
		service("field-nested", "token and URL are one level down, under data", finding.TicketFieldUnusual,
			answering(func(_ *Lab, a Answer) { a["data"] = map[string]any{"token": a["token"], "url": a["url"]} }),
			field("token", nil), field("url", nil)).warning(),
		service("token-plain-text", "the answer is the bare token, as text/plain", finding.TicketFieldUnusual,
			func(p *plan) { p.respond = func(l *Lab) http.Handler { return Text(http.StatusOK, l.token()) } }).
			and(finding.TicketURLMissing).warning(),
		service("answer-url-missing", "the answer has no url", finding.TicketURLMissing, field("url", nil)).warning(),
		service("answer-url-differs", "the answer's url is another way to the same server", finding.TicketURLDiffers,
			urlOf(func(_ context.Context, l *Lab) (string, error) { return l.serve(Forward(l.LiveKit.Addr), nil) })).warning(),
		service("answer-url-invalid", "the answer's url has no scheme", finding.TicketURLInvalid,
			answering(func(l *Lab, a Answer) { a["url"] = l.LiveKit.Addr })),
		service("answer-url-null", "the answer's url is wss://null", finding.TicketURLInvalid, field("url", "wss://null")),
		service("answer-url-other-project", "the answer's url is a server that does not know the token's key", finding.ServerKeyUnknown,
			urlOf(otherProject)),
		service("answer-url-dead", "the answer's url is an address at which nobody listens", finding.ServerRefused,
			urlOf(func(_ context.Context, l *Lab) (string, error) { return refused(l) })).as("handed-out"),
		service("answer-url-internal", "the answer's url is a name that only the service's own network knows", finding.ServerDNS,
			field("url", "ws://livekit.lklab.invalid:7880")).as("handed-out"),
		service("answer-url-path", "the answer's url ends with /rtc", finding.ServerPathPrefix,
			answering(func(l *Lab, a Answer) { a["url"] = l.URL + "/rtc" })).as("handed-out"),
		config("url-stale", "LIVEKIT_URL names a server that is gone, and the answer's url one that works", finding.ServerRefused,
			livekitAt(refused), answering(func(l *Lab, a Answer) { a["url"] = l.LiveKit.URL })).as("stale-url"),
		service("room-differs", "the answer's room is not the token's", finding.TicketRoomDiffers, field("room", "lobby")).warning(),
		service("ticket-slow", "the service takes 2.5 s to answer", finding.TicketSlow,
			ticketsProxied(slowly(2500*time.Millisecond))).warning(),

		// Its texts attack a terminal.
		service("hostile-strings", "every text of a good answer holds control, escape and bidi characters", finding.TicketRoomDiffers,
			claim("name", hostile), claim("metadata", hostile), field("room", hostile), field("identity", hostile),
			field("conv_id", hostile), field("expires_at", hostile), field("metadata", map[string]any{hostile: hostile})).
			and(finding.TokenClaimType).warning(),
		service("hostile-error", "the service's refusal holds control, escape and bidi characters", finding.TicketRejected,
			refusal(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { detail(w, http.StatusBadRequest, hostile) }))),
		service("hostile-token", "the token holds control, escape and bidi characters", finding.TokenOpaque,
			tokenFrom(func(string) any { return "lk_" + hostile })),
	}
}

// hostile clears the screen, sets the window's title, starts a link, rings the bell,
// reverses the reading direction and hides text with a carriage return.
const hostile = "x\x1b[2J\x1b]0;owned\x07\x1b]8;;https://evil.invalid\x1b\\link\x1b]8;;\x1b\\\r\n\x00\x08\x7f\u009b31m" +
	"\u202egnp.exe\u202c\u2066\u200b\ufeff"

// expired is a certificate that expired yesterday.
var expired = Certificate{From: -48 * time.Hour, Until: -24 * time.Hour}

// emailMissing refuses in FastAPI's words a profile without an email address.
var emailMissing = JSON(422, `{"detail":[{"type":"missing","loc":["body","profile","email"],"msg":"Field required","input":{}}]}`)

// password makes next ask for a password.
func password(next http.Handler, realm string) http.Handler {
	return header(next, "WWW-Authenticate", `Basic realm="`+realm+`"`)
}

// ticketsPath adds a path to USER_MGMT_BASE_URL.
func ticketsPath(path string) change {
	return env(func(_ *Lab, e Env) { e["USER_MGMT_BASE_URL"] += path })
}

func unknownTicket(p *plan) { set("LKDOCTOR_TICKET", newTicket())(p) }

func (a Answer) rename(from, to string) { Claims(a).rename(from, to) }

// urlOf puts into the answer the address of a LiveKit server that start starts.
func urlOf(start func(context.Context, *Lab) (addr string, err error)) change {
	return func(p *plan) {
		var addr string
		ready(func(ctx context.Context, l *Lab) (err error) {
			addr, err = start(ctx, l)
			return err
		})(p)
		answering(func(_ *Lab, a Answer) { a["url"] = "ws://" + addr })(p)
	}
}

// otherProject starts a LiveKit server with other keys.
func otherProject(ctx context.Context, l *Lab) (addr string, err error) {
	pair := NewPair()
	other, err := StartLiveKit(ctx, LiveKitOptions{Keys: map[string]string{pair.Key: pair.Secret}})
	if err != nil {
		return "", err
	}
	l.keep(other.Close)
	return other.Addr, nil
}

// slowly delays the answer by wait, unless the client or the lab ends before.
func slowly(wait time.Duration) middleware {
	return func(service http.Handler) http.Handler {
		return At("/api/v1/tickets/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(wait):
				service.ServeHTTP(w, r)
			case <-r.Context().Done():
			}
		}), service)
	}
}
