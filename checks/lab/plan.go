package lab

import (
	"context"
	"net"
	"net/http"
)

// plan is what a lab is going to be. The changes of a fault are made before anything is
// started. The functions in it run later, in the order of the fields, and find in the
// lab what was started before them.
type plan struct {
	// The LiveKit server: its keys and configuration.
	serverPairs []Pair
	server      LiveKitOptions

	// LIVEKIT_URL is scheme, an address and path. The address is that of front; else, if
	// one of the fields below it is set, that of a proxy; else the server's.
	scheme, path string
	front        place
	proxies      []middleware // of the proxy, the innermost first
	rewrite      func(*Lab) (Rewrite, error)
	certificate  *Certificate

	// agent is the agent that the tokens call, and its worker.
	agent AgentOptions

	// The token: whose pair signs it, its claims, and what is handed out in its place.
	tokenPair Pair
	claims    []func(Claims)
	token     func(*Lab, Claims) any

	// The ticket service: its configuration, the ticket's state and the answer.
	tickets     TicketOptions
	ticketTLS   *Certificate
	ticketState TicketState
	answer      []func(*Lab, Answer)
	// respond returns what answers a good ticket, in place of the service.
	respond func(*Lab) http.Handler
	// ticketsAt is what is there in place of the ticket service.
	ticketsAt place

	// The app runs if app is not nil; appAt is what is there in its place.
	app   []func(*app)
	appAt place
	// appHost is the host in --frontend, "" for 127.0.0.1.
	appHost string
	// endpoint returns a token endpoint at /token, in place of the ticket service.
	endpoint func(*Lab) http.Handler

	// media asks for the checks of --media.
	media bool
	// trusted makes the program under test trust the lab's certificates.
	trusted bool
	// environ changes the environment of the program under test.
	environ []func(*Lab, Env)
	// ready runs last, when everything else runs.
	ready []func(context.Context, *Lab) error
}

// change is one change to a plan.
type change = func(*plan)

func newPlan(pair Pair, changes []change) *plan {
	p := &plan{serverPairs: []Pair{pair}, tokenPair: pair, scheme: "ws"}
	all(changes...)(p)
	return p
}

// flags reports whether lkdoctor needs flags to find what is broken.
func (p *plan) flags() bool { return p.app != nil || p.appAt != nil || p.endpoint != nil || p.media }

// all makes several changes.
func all(changes ...change) change {
	return func(p *plan) {
		for _, c := range changes {
			c(p)
		}
	}
}

// place starts something, and returns its host and port.
type place = func(*Lab) (addr string, err error)

// web is a web server.
func web(handler http.Handler) place {
	return func(l *Lab) (string, error) { return l.serve(handler, nil) }
}

// raw is a server that does not speak HTTP. See serveRaw for talk.
func raw(talk func(*net.TCPConn)) place {
	return func(l *Lab) (string, error) { return l.started(serveRaw(freePort, talk)) }
}

// named is an address at which nothing is started.
func named(addr string) place {
	return func(*Lab) (string, error) { return addr, nil }
}

// refused is an address that refuses connections.
func refused(l *Lab) (string, error) {
	addr, release, err := RefusedAddr()
	if err == nil {
		l.keep(release)
	}
	return addr, err
}

// The following make the changes of the rows in the fault tables.

func livekitAt(start place) change { return func(p *plan) { p.front = start } }
func ticketsAt(start place) change { return func(p *plan) { p.ticketsAt = start } }
func appAt(start place) change     { return func(p *plan) { p.appAt = start } }

// proxied puts proxies before the LiveKit server, the innermost first.
func proxied(proxies ...middleware) change {
	return func(p *plan) { p.proxies = append(p.proxies, proxies...) }
}

// instead puts a web server in place of the LiveKit server.
func instead(handler http.Handler) change {
	return proxied(func(http.Handler) http.Handler { return handler })
}

// at puts a proxy before the LiveKit server that answers at paths with that prefix.
func at(prefix string, handler http.Handler) change {
	return proxied(func(next http.Handler) http.Handler { return At(prefix, handler, next) })
}

// onUpgrade puts a proxy before the LiveKit server that answers to the WebSocket.
func onUpgrade(handler http.Handler) change {
	return proxied(func(next http.Handler) http.Handler { return OnUpgrade(handler, next) })
}

// rewritten puts a proxy before the LiveKit server that changes the signal messages.
func rewritten(rewrite Rewrite) change {
	return func(p *plan) { p.rewrite = func(*Lab) (Rewrite, error) { return rewrite, nil } }
}

// livekitTLS puts a TLS server with that certificate before the LiveKit server.
func livekitTLS(c Certificate) change {
	return func(p *plan) { p.certificate, p.scheme = &c, "wss" }
}

// ticketsTLS makes the ticket service speak TLS with that certificate.
func ticketsTLS(c Certificate) change { return func(p *plan) { p.ticketTLS = &c } }

func trusted(p *plan) { p.trusted = true }

func withScheme(s string) change { return func(p *plan) { p.scheme = s } }

// withPath adds the path of below to LIVEKIT_URL.
func withPath(p *plan) { p.path = livekitPath }

// serverYAML adds to the configuration of the LiveKit server.
func serverYAML(text string) change { return func(p *plan) { p.server.ExtraYAML = text } }

func claims(change func(Claims)) change {
	return func(p *plan) { p.claims = append(p.claims, change) }
}

// claim sets a claim of the token; grant sets a grant. A nil value removes it.
func claim(name string, value any) change {
	return claims(func(c Claims) { c.set(name, value) })
}

func grant(name string, value any) change {
	return claims(func(c Claims) { Claims(c.video()).set(name, value) })
}

// tokenFrom hands out what make returns, which may depend on the good token.
func tokenFrom(make func(good string) any) change {
	return func(p *plan) {
		p.token = func(l *Lab, c Claims) any { return make(Sign(c, l.plan.tokenPair.Secret)) }
	}
}

// made hands out what make returns in place of the token.
func made(make func() string) change { return tokenFrom(func(string) any { return make() }) }

// ticket sets the state of the ticket.
func ticket(state TicketState) change { return func(p *plan) { p.ticketState = state } }

// answering changes the answer to a good ticket.
func answering(change func(*Lab, Answer)) change {
	return func(p *plan) { p.answer = append(p.answer, change) }
}

// field sets a field of the answer to a good ticket. A nil value removes it.
func field(name string, value any) change {
	return answering(func(_ *Lab, a Answer) { Claims(a).set(name, value) })
}

// reply gives every good ticket a fixed answer.
func reply(handler http.Handler) change {
	return func(p *plan) { p.respond = func(*Lab) http.Handler { return handler } }
}

// refusal answers at the consume path in place of the ticket service.
func refusal(handler http.Handler) change {
	return ticketsProxied(func(service http.Handler) http.Handler { return At("/api/v1/tickets/", handler, service) })
}

// ticketsProxied puts a proxy before the ticket service.
func ticketsProxied(proxy middleware) change { return func(p *plan) { p.tickets.Front = proxy } }

// withApp runs the app, changed.
func withApp(changes ...func(*app)) change {
	return func(p *plan) { p.app = append(append([]func(*app){}, p.app...), changes...) }
}

func env(change func(*Lab, Env)) change {
	return func(p *plan) { p.environ = append(p.environ, change) }
}

// set sets a variable, unset removes some.
func set(name, value string) change { return env(func(_ *Lab, e Env) { e[name] = value }) }

func unset(names ...string) change { return env(func(_ *Lab, e Env) { e.unset(names...) }) }

// noTicket removes what concerns tickets from the environment, noKeys the key and secret.
func noTicket(p *plan) { unset("USER_MGMT_BASE_URL", "LKDOCTOR_TICKET")(p) }

func noKeys(p *plan) { unset("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")(p) }

// envFile writes .env.local.
func envFile(text string) change { return env(func(l *Lab, _ Env) { l.files[".env.local"] = text }) }

// ready adds a last step to the start.
func ready(step func(context.Context, *Lab) error) change {
	return func(p *plan) { p.ready = append(p.ready, step) }
}
