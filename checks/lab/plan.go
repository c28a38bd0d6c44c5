package lab

import (
	"context"
	"net/http"
)

// plan is what a lab is going to be. A fault changes it before anything is
// started; its functions run later, in the order in which they stand here, and
// find in the lab what was started before them.
type plan struct {
	// The LiveKit server: its keys and configuration.
	serverPairs []Pair
	server      LiveKitOptions
	// front starts what stands at LIVEKIT_URL, and returns that URL; nil leaves
	// the server itself there.
	front func(*Lab) (string, error)

	// The agent that the tokens call, "" for none; its worker, nil
	// for none; and whether the room exists before the first join.
	agent     string
	worker    *WorkerOptions
	roomFirst bool

	// The token: whose pair signs it, what it says, and what is made of it.
	tokenPair Pair
	claims    func(*Lab, Claims)
	token     func(*Lab, Claims) any

	// The ticket service: its configuration, the ticket's state and the answer.
	tickets     TicketOptions
	ticketTLS   *Certificate
	ticketState TicketState
	answer      func(*Lab, Answer)
	// respond writes the answer to a good ticket itself.
	respond func(*Lab, http.ResponseWriter)
	// ticketURL starts something else in the ticket service's place, and returns
	// its URL.
	ticketURL func(*Lab) (string, error)

	// frontend changes the app's own route. The app runs only if it is set.
	frontend func(*Lab, *FrontendOptions)
	// frontendURL starts something else in the app's place.
	frontendURL func(*Lab) (string, error)
	// endpoint, if set, is a token endpoint at /token, asked in the place of the
	// ticket service.
	endpoint func(*Lab) http.Handler
	// frontendAs is the host that --frontend names, "" for the app's own.
	frontendAs string

	// environ changes the environment of the program under test.
	environ func(*Lab, Env) error
	// ready runs last, when all the rest is up.
	ready func(context.Context, *Lab) error
}

// Each of the following makes the change to a plan that a row of a fault table
// wants, so that a row stays one line.

func withClaims(change func(*Lab, Claims)) func(*plan) {
	return func(p *plan) { p.claims = change }
}

func withToken(make func(*Lab, Claims) any) func(*plan) {
	return func(p *plan) { p.token = make }
}

// rawToken hands out whatever make returns, which may depend on the good token.
func rawToken(make func(good string) any) func(*plan) {
	return func(p *plan) {
		p.token = func(l *Lab, c Claims) any { return make(Sign(c, l.plan.tokenPair.Secret)) }
	}
}

func withAnswer(change func(*Lab, Answer)) func(*plan) {
	return func(p *plan) { p.answer = change }
}

// withReply answers every good ticket with a fixed answer.
func withReply(reply http.Handler) func(*plan) {
	return func(p *plan) {
		p.tickets.Respond = func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) { reply.ServeHTTP(w, r) }
	}
}

// withRefusal answers at the consume path in place of the service.
func withRefusal(reply http.Handler) func(*plan) {
	return func(p *plan) {
		p.tickets.Front = func(service http.Handler, _ <-chan struct{}) http.Handler {
			return At("/api/v1/tickets/", reply, service)
		}
	}
}

// withCache answers a good ticket as the service does, and with a header of a
// cache.
func withCache(name, value string) func(*plan) {
	return func(p *plan) {
		p.respond = func(l *Lab, w http.ResponseWriter) {
			w.Header().Set(name, value)
			writeJSON(w, http.StatusOK, l.trade(""))
		}
	}
}

func withFront(start func(*Lab) (string, error)) func(*plan) {
	return func(p *plan) { p.front = start }
}

// withWeb puts an HTTP handler at LIVEKIT_URL; make is given the server's
// address.
func withWeb(make func(l *Lab, addr string) http.Handler) func(*plan) {
	return withFront(func(l *Lab) (string, error) {
		peer, err := Serve(make(l, l.LiveKit.Addr), nil)
		return l.peer(peer, err, "ws")
	})
}

// withRaw puts something that does not speak HTTP at LIVEKIT_URL.
func withRaw(start func() (*Peer, error)) func(*plan) {
	return withFront(func(l *Lab) (string, error) {
		peer, err := start()
		return l.peer(peer, err, "ws")
	})
}

func withEnv(change func(*Lab, Env)) func(*plan) {
	return func(p *plan) {
		p.environ = func(l *Lab, e Env) error {
			change(l, e)
			return nil
		}
	}
}
