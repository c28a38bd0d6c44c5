package lab

import (
	"net/http"
	"time"

	"lkdoctor/checks/finding"
)

// frontendFaults are a front end that is in the way. lkdoctor asks it only with
// --frontend, which Lab.Args has.
func frontendFaults() []Fault {
	f := func(name, about string, owner finding.Owner, set func(*plan), want ...finding.Code) Fault {
		return Fault{Name: name, About: about, Want: want, Owner: owner, Flags: true, set: set}
	}
	app := func(change func(*Lab, *FrontendOptions)) func(*plan) {
		return func(p *plan) { p.frontend = change }
	}
	// minting asks the app to mint, there being no ticket to trade.
	minting := func(change func(*FrontendOptions)) func(*plan) {
		return func(p *plan) {
			p.frontend = func(_ *Lab, o *FrontendOptions) { change(o) }
			p.environ = func(_ *Lab, e Env) error {
				e.unticket()
				return nil
			}
		}
	}
	// instead puts something else in the app's place, and there is no ticket.
	instead := func(handler http.Handler) func(*plan) {
		return func(p *plan) {
			p.frontendURL = webURL(handler)
			p.environ = func(_ *Lab, e Env) error {
				e.unticket()
				return nil
			}
		}
	}
	told := func(variant string, f Fault) Fault { f.Variant = variant; return f }
	warning := func(f Fault) Fault { f.Warn = true; return f }
	return []Fault{
		f("frontend-refused", "nothing listens at the front end's address", finding.OwnerFrontend,
			func(p *plan) { p.frontendURL = refusedURL("http") }, finding.FrontendUnreachable),
		f("frontend-not-configured", "the app does not know its ticket service (501)", finding.OwnerConfig,
			app(func(_ *Lab, o *FrontendOptions) { o.Tickets = "" }), finding.FrontendNotConfigured),
		f("frontend-method", "the app is of an older generation and takes GET only (405)", finding.OwnerFrontend,
			app(func(_ *Lab, o *FrontendOptions) {
				o.Front = func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.Method == http.MethodPost {
							w.WriteHeader(http.StatusMethodNotAllowed)
							return
						}
						next.ServeHTTP(w, r)
					})
				}
			}), finding.FrontendMethod),
		f("frontend-key-undefined", "the app has no LIVEKIT_API_KEY (500)", finding.OwnerFrontend,
			minting(func(o *FrontendOptions) { o.Pair.Key = "" }), finding.FrontendError),
		f("frontend-fields", "the app answers without a token", finding.OwnerFrontend,
			minting(func(o *FrontendOptions) {
				o.Answer = func(a Answer) { delete(a, "participantToken") }
			}), finding.FrontendFields),
		f("frontend-promise", "the app answers with {} for a token: a Promise that nobody awaited", finding.OwnerFrontend,
			minting(func(o *FrontendOptions) {
				o.Answer = func(a Answer) { a["participantToken"] = map[string]any{} }
			}), finding.FrontendFields),
		f("frontend-opaque-token", "the app passes on what the ticket service calls a token", finding.OwnerTicketService,
			func(p *plan) {
				p.frontend = func(*Lab, *FrontendOptions) {}
				p.token = func(*Lab, Claims) any { return opaque() }
			}, finding.TokenOpaque),
		f("frontend-relays-used", "the app passes the ticket service's 409 on in plain words", finding.OwnerConfig,
			app(func(_ *Lab, o *FrontendOptions) {
				o.Front = func(next http.Handler) http.Handler {
					return At("/api/", JSON(409, `{"detail":"Ticket already used"}`), next)
				}
			}), finding.TicketConsumed),
		told("wants-ticket", f("frontend-wants-ticket", "the app's route wants a ticket, and none is given (400)", finding.OwnerConfig,
			minting(func(o *FrontendOptions) {
				o.Front = func(next http.Handler) http.Handler {
					return At("/api/", JSON(400, `{"error":"ticket is required"}`), next)
				}
			}), finding.FrontendError)),
		f("frontend-wraps-error", "the app hides why the ticket service refused (422)", finding.OwnerTicketService,
			func(p *plan) {
				withRefusal(JSON(422,
					`{"detail":[{"type":"missing","loc":["body","profile","email"],"msg":"Field required","input":{}}]}`))(p)
				p.frontend = func(*Lab, *FrontendOptions) {}
			}, finding.TicketRejected, finding.FrontendWrapsError),
		f("frontend-login", "the app redirects its route to a login page", finding.OwnerFrontend,
			minting(func(o *FrontendOptions) {
				o.Front = func(next http.Handler) http.Handler {
					return At("/api/", Redirect(http.StatusTemporaryRedirect, "/"), next)
				}
			}), finding.FrontendError),
		warning(f("frontend-ticket-url", "the app passes on that the ticket service names no LiveKit server", finding.OwnerTicketService,
			func(p *plan) {
				withAnswer(func(_ *Lab, a Answer) { delete(a, "url") })(p)
				p.frontend = func(*Lab, *FrontendOptions) {}
			}, finding.TicketURLMissing)),
		f("frontend-ticket-secret", "the app passes on a token that the ticket service signs with another secret",
			finding.OwnerTicketService,
			func(p *plan) {
				p.tokenPair.Secret = NewPair().Secret
				p.frontend = func(*Lab, *FrontendOptions) {}
			}, finding.SignatureMismatch, finding.ServerSignatureRejected),
		warning(f("frontend-ignores-ticket", "the app mints a token for any POST, and looks at no ticket", finding.OwnerConfig,
			app(func(_ *Lab, o *FrontendOptions) {
				mint := http.HandlerFunc(o.mint)
				o.Front = func(next http.Handler) http.Handler { return At("/api/connection-details", mint, next) }
			}), finding.FrontendRouteMissing)),
		f("frontend-no-ticket-route", "the app is LiveKit's newest starter, with /api/token alone, and gets a ticket", finding.OwnerConfig,
			func(p *plan) { p.frontendURL = starterNow }, finding.FrontendRouteMissing),
		f("frontend-base-path", "the app has its routes under another path", finding.OwnerConfig,
			instead(NextJS()), finding.FrontendRouteMissing),
		f("frontend-start-page", "the app's host answers every path with the start page", finding.OwnerFrontend,
			instead(SPA()), finding.FrontendRouteMissing),
		f("frontend-static", "the app was deployed as files on nginx", finding.OwnerFrontend,
			instead(Nginx(http.StatusNotFound, "")), finding.FrontendRouteMissing),
		f("frontend-other-program", "another program has the app's port, which knows no POST (501)", finding.OwnerConfig,
			instead(otherProgram()), finding.FrontendError),
		f("frontend-password", "a proxy in front of the app asks for a password (401)", finding.OwnerConfig,
			instead(header(Nginx(http.StatusUnauthorized, ""), "WWW-Authenticate", `Basic realm="staff"`)), finding.FrontendError),
		f("frontend-gateway", "nginx does not reach the app (502)", finding.OwnerFrontend,
			instead(Nginx(http.StatusBadGateway, "")), finding.FrontendError),
		f("frontend-compile", "the app's route does not compile (500)", finding.OwnerFrontend,
			instead(Reply(http.StatusInternalServerError, map[string]string{"Content-Type": "text/html"},
				`<!DOCTYPE html><html><body><script id="__NEXT_DATA__" type="application/json">{"props":{},"page":"/_error",`+
					`"err":{"name":"ModuleBuildError","message":"Module not found: Can't resolve 'livekit-server-sdk'"}}</script></body></html>`)), finding.FrontendError),
		warning(f("frontend-cached", "Next.js gives out the token that it made at build time", finding.OwnerFrontend,
			minting(func(o *FrontendOptions) {
				o.Front = func(next http.Handler) http.Handler { return header(next, "X-Nextjs-Cache", "HIT") }
			}), finding.TicketTokenCached)),
		warning(f("frontend-same-token", "the app keeps its token and gives it to everybody", finding.OwnerFrontend,
			minting(func(o *FrontendOptions) {
				kept := keptToken(o, -10*time.Minute)
				o.Answer = func(a Answer) { a["participantToken"] = kept }
			}), finding.TicketTokenCached)),
		f("frontend-cached-expired", "Next.js gives out the token that it made at build time, an hour ago", finding.OwnerFrontend,
			minting(func(o *FrontendOptions) {
				kept := keptToken(o, -time.Hour)
				o.Answer = func(a Answer) { a["participantToken"] = kept }
				o.Front = func(next http.Handler) http.Handler { return header(next, "X-Nextjs-Cache", "HIT") }
			}), finding.TicketTokenCached, finding.TokenExpired),
		f("frontend-meet", "livekit meet, whose route wants a room and a name in the query", finding.OwnerNone,
			minting(func(o *FrontendOptions) {
				o.Front = func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						for _, name := range []string{"roomName", "participantName"} {
							if r.URL.Query().Get(name) == "" {
								http.Error(w, "Missing required query parameter: "+name, http.StatusBadRequest)
								return
							}
						}
						next.ServeHTTP(w, r)
					})
				}
			})),
		f("frontend-ticket-consumed", "the app says that the ticket was used before (409)", finding.OwnerConfig,
			ticketThrough(TicketUsed), finding.TicketConsumed),
		f("frontend-ticket-expired", "the app says that the ticket has expired (410)", finding.OwnerConfig,
			ticketThrough(TicketOutdated), finding.TicketExpired),
		f("frontend-ticket-unknown", "the app says that the ticket is not known (404)", finding.OwnerConfig,
			func(p *plan) {
				withEnv(func(_ *Lab, e Env) { e["LKDOCTOR_TICKET"] = newTicket() })(p)
				p.frontend = func(*Lab, *FrontendOptions) {}
			}, finding.TicketUnknown),
		f("frontend-secret", "the app mints with a secret that is not the server's", finding.OwnerFrontend,
			minting(func(o *FrontendOptions) { o.Pair.Secret = NewPair().Secret }), finding.SignatureMismatch,
			finding.ServerSignatureRejected),
	}
}

// keptToken is a token that the app made at another time.
func keptToken(o *FrontendOptions, ago time.Duration) string {
	return Sign(participant(o.Pair, o.Room, "voice_assistant_user_0", time.Now().Add(ago)), o.Pair.Secret)
}

// starterNow starts LiveKit's newest starter, which knows POST /api/token alone.
func starterNow(l *Lab) (string, error) {
	o := FrontendOptions{URL: l.URL, Pair: l.Pair, Room: l.Room}
	return webURL(At("/api/token", http.HandlerFunc(o.mint), NextJS()))(l)
}

// otherProgram is Python's http.server.
func otherProgram() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, text := http.StatusNotFound, "File not found"
		if r.Method == http.MethodPost {
			status, text = http.StatusNotImplemented, "Unsupported method ('POST')"
		}
		Reply(status, map[string]string{"Server": "SimpleHTTP/0.6 Python/3.11.2", "Content-Type": "text/html;charset=utf-8"},
			"<!DOCTYPE HTML><html><head><title>Error response</title></head><body><h1>Error response</h1><p>Message: "+text+
				".</p></body></html>").ServeHTTP(w, r)
	})
}

// ticketThrough has the app trade a ticket in that state.
func ticketThrough(state TicketState) func(*plan) {
	return func(p *plan) {
		p.ticketState = state
		p.frontend = func(*Lab, *FrontendOptions) {}
	}
}
