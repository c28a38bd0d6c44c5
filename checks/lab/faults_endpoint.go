package lab

import (
	"encoding/json"
	"net/http"

	"lkdoctor/checks/finding"
)

// endpointFaults are token endpoints, good and bad, which lkdoctor asks with
// --token-endpoint in the place of a ticket service. The start page of each
// never answers: nothing but the endpoint is to be asked.
func endpointFaults() []Fault {
	f := func(name, about string, owner finding.Owner, token func(*Lab) http.Handler, want ...finding.Code) Fault {
		return Fault{Name: name, About: about, Want: want, Owner: owner, Flags: true, set: func(p *plan) {
			p.endpoint = func(l *Lab) http.Handler {
				return At("/token", token(l), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
			}
			p.environ = func(_ *Lab, e Env) error {
				e.unticket()
				return nil
			}
		}}
	}
	// always gives every client the same refusal.
	always := func(h http.Handler) func(*Lab) http.Handler { return func(*Lab) http.Handler { return h } }
	return []Fault{
		f("endpoint", "a standard token endpoint that works, beside a start page that does not", finding.OwnerNone,
			func(l *Lab) http.Handler { return l.standard("server_url", "participant_token") }),
		f("endpoint-get", "an app's own token route, which takes GET and answers with the bare token", finding.OwnerNone,
			func(l *Lab) http.Handler {
				return byMethod(http.MethodGet, func(w http.ResponseWriter,
					r *http.Request) {
					Text(200, l.trade("")["token"].(string)).ServeHTTP(w, r)
				})
			}),
		f("endpoint-names", "a token endpoint that wants a room and an identity (422)", finding.OwnerNone,
			func(l *Lab) http.Handler {
				return wanting(l.standard("server_url", "participant_token"), "room_name", "participant_identity")
			}),
		f("endpoint-element", "lk-jwt-service's answer, url and jwt, which Element Call reads", finding.OwnerNone,
			func(l *Lab) http.Handler { return l.standard("url", "jwt") }),
		f("endpoint-fields", "a token endpoint whose answer has the names token and url", finding.OwnerTicketService,
			func(l *Lab) http.Handler { return l.standard("url", "token") }, finding.TicketFieldUnusual),
		f("endpoint-url", "a token endpoint whose answer names no server", finding.OwnerTicketService,
			func(l *Lab) http.Handler { return l.standard("", "participant_token") }, finding.TicketURLMissing),
		f("endpoint-matrix", "lk-jwt-service, which wants an OpenID token of Matrix (400)", finding.OwnerConfig,
			always(JSON(http.StatusBadRequest, `{"errcode":"M_BAD_JSON","error":"The request body is missing `+"`room_id`"+`"}`)),
			finding.TicketRejected),
		f("endpoint-login", "a token endpoint for people who are logged in (401)", finding.OwnerConfig,
			always(JSON(http.StatusUnauthorized, `{"error":"Unauthorized"}`)), finding.TicketUnauthorized),
		f("endpoint-path", "a Next.js app without this route is at the endpoint's address", finding.OwnerConfig,
			always(NextJS()), finding.TicketRouteWrong),
		f("endpoint-refused", "a token endpoint that says why it makes no token (403)", finding.OwnerConfig,
			always(JSON(http.StatusForbidden, `{"error":"room is closed"}`)), finding.TicketForbidden),
	}
}

// standard is LiveKit's standard token endpoint, with its fields under other
// names if need be; an empty name leaves the address out.
func (l *Lab) standard(url, token string) http.Handler {
	return byMethod(http.MethodPost, func(w http.ResponseWriter, _ *http.Request) {
		made := l.trade("")
		answer := Answer{token: made["token"]}
		if url != "" {
			answer[url] = made["url"]
		}
		writeJSON(w, http.StatusCreated, answer)
	})
}

// byMethod takes one method and answers 405 to others.
func byMethod(method string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			w.Header().Set("Allow", method)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		next(w, r)
	})
}

// wanting complains as FastAPI does about JSON without the fields.
func wanting(next http.Handler, fields ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		_ = json.NewDecoder(r.Body).Decode(&body)
		for _, name := range fields {
			if text, _ := body[name].(string); text == "" {
				writeJSON(w, http.StatusUnprocessableEntity,
					map[string]any{"detail": []any{complain("missing", "Field required", "body", name)}})
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
