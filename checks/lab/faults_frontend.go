package lab

import (
	"net/http"

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
		f("frontend-wraps-error", "the app hides why the ticket service refused (422)", finding.OwnerTicketService,
			func(p *plan) {
				withRefusal(JSON(422, `{"detail":[{"type":"missing","loc":["body","profile","email"],"msg":"Field required","input":{}}]}`))(p)
				p.frontend = func(*Lab, *FrontendOptions) {}
			}, finding.TicketRejected, finding.FrontendWrapsError),
		f("frontend-login", "the app redirects its route to a login page", finding.OwnerFrontend,
			minting(func(o *FrontendOptions) {
				o.Front = func(next http.Handler) http.Handler {
					return At("/api/", Redirect(http.StatusTemporaryRedirect, "/"), next)
				}
			}), finding.FrontendError),
		f("frontend-ticket-consumed", "the app says that the ticket was used before (409)", finding.OwnerConfig,
			ticketThrough(TicketUsed), finding.TicketConsumed),
		f("frontend-ticket-expired", "the app says that the ticket has expired (410)", finding.OwnerTicketService,
			ticketThrough(TicketOutdated), finding.TicketExpired),
		f("frontend-ticket-unknown", "the app says that the ticket is not known (404)", finding.OwnerTicketService,
			func(p *plan) {
				withEnv(func(_ *Lab, e Env) { e["LKDOCTOR_TICKET"] = newTicket() })(p)
				p.frontend = func(*Lab, *FrontendOptions) {}
			}, finding.TicketUnknown),
		f("frontend-secret", "the app mints with a secret that is not the server's", finding.OwnerFrontend,
			minting(func(o *FrontendOptions) { o.Pair.Secret = NewPair().Secret }), finding.SignatureMismatch, finding.ServerSignatureRejected),
	}
}

// ticketThrough has the app trade a ticket in that state.
func ticketThrough(state TicketState) func(*plan) {
	return func(p *plan) {
		p.ticketState = state
		p.frontend = func(*Lab, *FrontendOptions) {}
	}
}
