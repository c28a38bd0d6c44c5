package lab

import (
	"encoding/json"
	"net/http"

	"lkdoctor/checks/finding"
)

// endpointFaults are token endpoints, good and bad, which lkdoctor asks with
// --token-endpoint in place of a ticket service. A request for any other path gets no
// answer: lkdoctor must ask the endpoint alone.
func endpointFaults() []Fault {
	config, service := by(finding.OwnerConfig), by(finding.OwnerTicketService)
	endpoint := func(token func(*Lab) http.Handler) change {
		return all(noTicket, func(p *plan) {
			p.endpoint = func(l *Lab) http.Handler { return At("/token", token(l), Hang()) }
		})
	}
	standard := func(url, token string) change {
		return endpoint(func(l *Lab) http.Handler { return l.standard(url, token) })
	}
	always := func(h http.Handler) change { return endpoint(func(*Lab) http.Handler { return h }) }
	return []Fault{
		working("endpoint", "a standard token endpoint that works, beside a start page that does not",
			standard("server_url", "participant_token")),
		working("endpoint-get", "an app's own token route, which takes GET and answers with the bare token",
			endpoint(func(l *Lab) http.Handler {
				return byMethod(http.MethodGet, func(w http.ResponseWriter, r *http.Request) { Text(200, l.token()).ServeHTTP(w, r) })
			})),
		working("endpoint-names", "a token endpoint that wants a room and an identity (422)", endpoint(func(l *Lab) http.Handler {
			return wanting(l.standard("server_url", "participant_token"), "room_name", "participant_identity")
		})),
		working("endpoint-element", "lk-jwt-service's answer, url and jwt, which Element Call reads", standard("url", "jwt")),
		service("endpoint-fields", "a token endpoint whose answer has the names token and url", finding.TicketFieldUnusual,
			standard("url", "token")),
		service("endpoint-url", "a token endpoint whose answer names no server", finding.TicketURLMissing,
			standard("", "participant_token")),
		config("endpoint-matrix", "lk-jwt-service, which wants an OpenID token of Matrix (400)", finding.TicketRejected,
			always(JSON(http.StatusBadRequest, `{"errcode":"M_BAD_JSON","error":"The request body is missing `+"`room_id`"+`"}`))),
		config("endpoint-login", "a token endpoint for people who are logged in (401)", finding.TicketUnauthorized,
			always(JSON(http.StatusUnauthorized, `{"error":"Unauthorized"}`))),
		config("endpoint-path", "a Next.js app without this route is at the endpoint's address", finding.TicketRouteWrong,
			always(NextJS())),
		config("endpoint-refused", "a token endpoint that says why it makes no token (403)", finding.TicketForbidden,
			always(JSON(http.StatusForbidden, `{"error":"room is closed"}`))),
	}
}

// standard is LiveKit's standard token endpoint, with the given names of its fields; ""
// leaves the address out.
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

// byMethod answers one method, and 405 to others.
func byMethod(method string, next http.HandlerFunc) http.Handler {
	return onMethod(method, next, Reply(http.StatusMethodNotAllowed, map[string]string{"Allow": method}, ""))
}

// wanting answers as FastAPI does to JSON without the fields.
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
