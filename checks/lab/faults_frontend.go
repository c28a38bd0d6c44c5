package lab

import (
	"net/http"
	"time"

	"lkdoctor/checks/finding"
)

// frontendFaults are faults of the app, which lkdoctor asks only with --frontend.
func frontendFaults() []Fault {
	config, service, frontend := by(finding.OwnerConfig), by(finding.OwnerTicketService), by(finding.OwnerFrontend)
	// minting runs the app, changed, without a ticket to trade.
	minting := func(change func(*app)) change { return all(withApp(change), noTicket) }
	// inPlace runs a web server in place of the app, without a ticket to trade.
	inPlace := func(handler http.Handler) change { return all(appAt(web(handler)), noTicket) }
	before := func(proxy middleware) func(*app) { return func(a *app) { a.Front = proxy } }
	route := func(handler http.Handler) func(*app) {
		return before(func(next http.Handler) http.Handler { return At("/api/", handler, next) })
	}
	token := func(value any) func(*app) {
		return func(a *app) { a.Answer = func(fields Answer) { Claims(fields).set("participantToken", value) } }
	}
	kept := func(ago time.Duration) func(*app) {
		return func(a *app) {
			claims := Participant(a.Pair, a.Room, "voice_assistant_user_0", time.Now().Add(-ago))
			token(Sign(claims, a.Pair.Secret))(a)
		}
	}
	cached := before(func(next http.Handler) http.Handler { return header(next, "X-Nextjs-Cache", "HIT") })
	return []Fault{
		frontend("frontend-refused", "nothing listens at the front end's address", finding.FrontendUnreachable, appAt(refused)),
		config("frontend-not-configured", "the app does not know its ticket service (501)", finding.FrontendNotConfigured,
			withApp(func(a *app) { a.Tickets = "" })),
		frontend("frontend-method", "the app is of an older generation and takes GET only (405)", finding.FrontendMethod,
			withApp(before(func(next http.Handler) http.Handler {
				return onMethod(http.MethodPost, Reply(http.StatusMethodNotAllowed, nil, ""), next)
			}))),
		frontend("frontend-key-undefined", "the app has no LIVEKIT_API_KEY (500)", finding.FrontendError,
			minting(func(a *app) { a.Pair.Key = "" })),
		frontend("frontend-fields", "the app answers without a token", finding.FrontendFields, minting(token(nil))),
		frontend("frontend-promise", "the app answers with {} for a token: a Promise that nobody awaited", finding.FrontendFields,
			minting(token(map[string]any{}))),
		service("frontend-opaque-token", "the app passes on what the ticket service calls a token", finding.TokenOpaque,
			withApp(), made(opaque)),
		config("frontend-relays-used", "the app passes the ticket service's 409 on in plain words", finding.TicketConsumed,
			withApp(route(JSON(409, `{"detail":"Ticket already used"}`)))),
		config("frontend-wants-ticket", "the app's route wants a ticket, and none is given (400)", finding.FrontendError,
			minting(route(JSON(400, `{"error":"ticket is required"}`)))).as("wants-ticket"),
		service("frontend-wraps-error", "the app hides why the ticket service refused (422)", finding.TicketRejected,
			withApp(), refusal(emailMissing)).and(finding.FrontendWrapsError),
		frontend("frontend-login", "the app redirects its route to a login page", finding.FrontendError,
			minting(route(Redirect(http.StatusTemporaryRedirect, "/")))),
		service("frontend-ticket-url", "the app passes on that the ticket service names no LiveKit server", finding.TicketURLMissing,
			withApp(), answering(func(_ *Lab, a Answer) { delete(a, "url") })).warning(),
		service("frontend-ticket-secret", "the app passes on a token that the ticket service signs with another secret",
			finding.SignatureMismatch, withApp(), func(p *plan) { p.tokenPair.Secret = NewPair().Secret },
		).and(finding.ServerSignatureRejected),
		config("frontend-ignores-ticket", "the app mints a token for any POST, and looks at no ticket", finding.FrontendRouteMissing,
			withApp(func(a *app) {
				mint := http.HandlerFunc(a.mint)
				a.Front = func(next http.Handler) http.Handler { return At("/api/connection-details", mint, next) }
			})).warning(),
		config("frontend-no-ticket-route", "the app is LiveKit's newest starter, with /api/token alone, and gets a ticket",
			finding.FrontendRouteMissing, appAt(starterNow)),
		config("frontend-base-path", "the app has its routes under another path", finding.FrontendRouteMissing, inPlace(NextJS())),
		frontend("frontend-start-page", "the app's host answers every path with the start page", finding.FrontendRouteMissing,
			inPlace(SPA())),
		frontend("frontend-static", "the app was deployed as files on nginx", finding.FrontendRouteMissing,
			inPlace(Nginx(http.StatusNotFound, ""))),
		config("frontend-other-program", "another program has the app's port, which knows no POST (501)", finding.FrontendError,
			inPlace(otherProgram())),
		config("frontend-password", "a proxy in front of the app asks for a password (401)", finding.FrontendError,
			inPlace(password(Nginx(http.StatusUnauthorized, ""), "staff"))),
		frontend("frontend-gateway", "nginx does not reach the app (502)", finding.FrontendError,
			inPlace(Nginx(http.StatusBadGateway, ""))),
		frontend("frontend-compile", "the app's route does not compile (500)", finding.FrontendError,
			inPlace(html(http.StatusInternalServerError,
				`<!DOCTYPE html><html><body><script id="__NEXT_DATA__" type="application/json">{"props":{},"page":"/_error",`+
					`"err":{"name":"ModuleBuildError","message":"Module not found: Can't resolve 'livekit-server-sdk'"}}`+
					`</script></body></html>`))),
		frontend("frontend-cached", "Next.js gives out the token that it made at build time", finding.TicketTokenCached,
			minting(cached)).warning(),
		frontend("frontend-same-token", "the app keeps its token and gives it to everybody", finding.TicketTokenCached,
			minting(kept(10*time.Minute))).warning(),
		frontend("frontend-cached-expired", "Next.js gives out the token that it made at build time, an hour ago",
			finding.TicketTokenCached, withApp(kept(time.Hour), cached), noTicket).and(finding.TokenExpired),
		working("frontend-meet", "livekit meet, whose route wants a room and a name in the query",
			minting(before(func(next http.Handler) http.Handler {
				for _, name := range []string{"participantName", "roomName"} {
					missing := func(r *http.Request) bool { return r.URL.Query().Get(name) == "" }
					next = when(missing, Text(http.StatusBadRequest, "Missing required query parameter: "+name+"\n"), next)
				}
				return next
			}))),
		config("frontend-ticket-consumed", "the app says that the ticket was used before (409)", finding.TicketConsumed,
			withApp(), ticket(TicketUsed)),
		config("frontend-ticket-expired", "the app says that the ticket has expired (410)", finding.TicketExpired,
			withApp(), ticket(TicketOutdated)),
		config("frontend-ticket-unknown", "the app says that the ticket is not known (404)", finding.TicketUnknown,
			withApp(), unknownTicket),
		frontend("frontend-secret", "the app mints with a secret that is not the server's", finding.SignatureMismatch,
			minting(func(a *app) { a.Pair.Secret = NewPair().Secret })).and(finding.ServerSignatureRejected),
	}
}

// starterNow starts LiveKit's newest starter, which has POST /api/token alone.
func starterNow(l *Lab) (string, error) {
	starter := app{URL: l.URL, Pair: l.Pair, Room: l.Room}
	return l.serve(At("/api/token", http.HandlerFunc(starter.mint), NextJS()), nil)
}

// otherProgram is Python's http.server.
func otherProgram() http.Handler {
	page := func(status int, text string) http.Handler {
		return header(typed("text/html;charset=utf-8", status, "<!DOCTYPE HTML><html><head><title>Error response</title></head><body>"+
			"<h1>Error response</h1><p>Message: "+text+".</p></body></html>"), "Server", "SimpleHTTP/0.6 Python/3.11.2")
	}
	return onMethod(http.MethodPost, page(http.StatusNotImplemented, "Unsupported method ('POST')"),
		page(http.StatusNotFound, "File not found"))
}
