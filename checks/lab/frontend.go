package lab

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// app is the part of the Next.js app that hands out connection details, at
// /api/connection-details:
//
//	GET   mints a token with the app's key and secret
//	POST  {"ticket": "…", "profile": {…}} asks the ticket service for one
//
// Both answer {serverUrl, roomName, participantName, participantToken}. Every other path
// is a page or Next.js's 404.
type app struct {
	// URL and Pair are the app's LIVEKIT_ settings; an empty one is not defined.
	URL  string
	Pair Pair
	Room string
	// Tickets is the base of the ticket service; "" is not configured.
	Tickets string
	// Agent is the agent that the app's tokens call; "" calls none.
	Agent string
	// Answer, if set, changes the fields of a good answer.
	Answer func(Answer)
	// Front, if set, is a proxy before the whole app.
	Front middleware
}

func (o app) handler() http.Handler {
	if o.Front != nil {
		return o.Front(http.HandlerFunc(o.serve))
	}
	return http.HandlerFunc(o.serve)
}

func (o app) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Powered-By", "Next.js")
	switch {
	case r.URL.Path == "/":
		appPage("").ServeHTTP(w, r)
	case r.URL.Path != "/api/connection-details":
		NextJS().ServeHTTP(w, r)
	case r.Method == http.MethodGet:
		o.mint(w, r)
	case r.Method == http.MethodPost:
		o.trade(w, r)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// appPage is the app's start page, with more in its head.
func appPage(head string) http.Handler {
	return typed("text/html; charset=utf-8", http.StatusOK,
		"<!DOCTYPE html><html><head>"+head+"<title>Voice assistant</title></head><body></body></html>")
}

func (o app) mint(w http.ResponseWriter, r *http.Request) {
	for _, setting := range []struct{ name, value string }{
		{"LIVEKIT_URL", o.URL}, {"LIVEKIT_API_KEY", o.Pair.Key}, {"LIVEKIT_API_SECRET", o.Pair.Secret},
	} {
		if setting.value == "" {
			http.Error(w, setting.name+" is not defined", http.StatusInternalServerError)
			return
		}
	}
	claims := Participant(o.Pair, o.Room, "voice_assistant_user_"+randomHex(4), time.Now())
	claims.Call(o.Agent)
	o.answer(w, Answer{
		"serverUrl":        o.URL,
		"roomName":         o.Room,
		"participantName":  cmp.Or(r.URL.Query().Get("display_name"), "user"),
		"participantToken": Sign(claims, o.Pair.Secret),
	})
}

func (o app) trade(w http.ResponseWriter, r *http.Request) {
	fail := func(status int, code, message string) {
		writeJSON(w, status, map[string]any{"code": code, "message": message})
	}
	broken := func(message string) { fail(http.StatusInternalServerError, "INTERNAL_ERROR", message) }
	if o.Tickets == "" {
		fail(http.StatusNotImplemented, "NOT_CONFIGURED", "USER_MGMT_BASE_URL is not configured")
		return
	}
	var body struct {
		Ticket  string          `json:"ticket"`
		Profile json.RawMessage `json:"profile,omitempty"`
	}
	if json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&body) != nil {
		broken("Unexpected end of JSON input")
		return
	}
	if body.Ticket == "" {
		fail(http.StatusBadRequest, "INVALID_REQUEST", "ticket is required")
		return
	}
	upstream := strings.TrimSuffix(o.Tickets, "/") + "/api/v1/tickets/" + url.PathEscape(body.Ticket) + "/consume"
	question := []byte("{}")
	if len(body.Profile) > 0 {
		question, _ = json.Marshal(map[string]any{"profile": body.Profile})
	}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, upstream, bytes.NewReader(question))
	if err != nil {
		broken("Invalid URL")
		return
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := unkept.Do(request)
	if err != nil {
		broken("fetch failed")
		return
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, known := map[int][2]string{
			http.StatusNotFound: {"TICKET_NOT_FOUND", "Ticket not found"},
			http.StatusConflict: {"TICKET_CONSUMED", "Ticket already consumed"},
			http.StatusGone:     {"TICKET_EXPIRED", "Ticket expired"},
		}[response.StatusCode]
		if !known {
			said = [2]string{"UPSTREAM_ERROR", "Upstream error"}
		}
		fail(response.StatusCode, said[0], said[1])
		return
	}
	var got Answer
	if json.NewDecoder(response.Body).Decode(&got) != nil {
		broken("Unexpected token in JSON")
		return
	}
	o.answer(w, Answer{
		"serverUrl":        got["url"],
		"roomName":         got["room"],
		"participantName":  got["identity"],
		"participantToken": got["token"],
		"conv_id":          got["conv_id"],
	})
}

func (o app) answer(w http.ResponseWriter, answer Answer) {
	if o.Answer != nil {
		o.Answer(answer)
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, answer)
}
