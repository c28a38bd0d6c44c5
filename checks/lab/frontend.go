package lab

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// FrontendOptions configure the app's own route.
type FrontendOptions struct {
	// URL, Key and Secret are the app's LIVEKIT_ settings; an empty one counts as
	// not defined.
	URL     string
	Pair    Pair
	Room    string
	Tickets string
	// Agent is the agent that the app's tokens call; "" calls none.
	Agent string
	// Answer, if set, changes the fields of a good answer.
	Answer func(Answer)
	// Front, if set, is put in front of the whole app.
	Front func(app http.Handler) http.Handler
}

// StartFrontend starts the part of the Next.js app that hands out connection
// details, /api/connection-details:
//
//	GET   mints a token from the app's own key and secret
//	POST  {"ticket": "…", "profile": {…}} asks the ticket service for one
//
// Both answer {serverUrl, roomName, participantName, participantToken}. Every
// other path is a page or Next.js's 404.
func StartFrontend(opts FrontendOptions) (*Peer, error) {
	var app http.Handler = http.HandlerFunc(opts.serve)
	if opts.Front != nil {
		app = opts.Front(app)
	}
	return Serve(app, nil)
}

func (o FrontendOptions) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Powered-By", "Next.js")
	switch {
	case r.URL.Path == "/":
		Reply(http.StatusOK, map[string]string{"Content-Type": "text/html; charset=utf-8"},
			"<!DOCTYPE html><html><head><title>Voice assistant</title></head><body></body></html>").ServeHTTP(w, r)
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

func (o FrontendOptions) mint(w http.ResponseWriter, r *http.Request) {
	for _, setting := range []struct{ name, value string }{
		{"LIVEKIT_URL", o.URL}, {"LIVEKIT_API_KEY", o.Pair.Key}, {"LIVEKIT_API_SECRET", o.Pair.Secret},
	} {
		if setting.value == "" {
			http.Error(w, setting.name+" is not defined", http.StatusInternalServerError)
			return
		}
	}
	name := r.URL.Query().Get("display_name")
	if name == "" {
		name = "user"
	}
	claims := participant(o.Pair, o.Room, "voice_assistant_user_"+randomHex(4), time.Now())
	claims.call(o.Agent)
	o.answer(w, Answer{
		"serverUrl":        o.URL,
		"roomName":         o.Room,
		"participantName":  name,
		"participantToken": Sign(claims, o.Pair.Secret),
	})
}

func (o FrontendOptions) trade(w http.ResponseWriter, r *http.Request) {
	fail := func(status int, code, message string) {
		writeJSON(w, status, map[string]any{"code": code, "message": message})
	}
	if o.Tickets == "" {
		fail(http.StatusNotImplemented, "NOT_CONFIGURED", "USER_MGMT_BASE_URL is not configured")
		return
	}
	var body struct {
		Ticket  string          `json:"ticket"`
		Profile json.RawMessage `json:"profile,omitempty"`
	}
	if json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&body) != nil {
		fail(http.StatusInternalServerError, "INTERNAL_ERROR", "Unexpected end of JSON input")
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
		fail(http.StatusInternalServerError, "INTERNAL_ERROR", "Invalid URL")
		return
	}
	request.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		fail(http.StatusInternalServerError, "INTERNAL_ERROR", "fetch failed")
		return
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		fail(response.StatusCode, "TICKET_NOT_FOUND", "Ticket not found")
		return
	case http.StatusConflict:
		fail(response.StatusCode, "TICKET_CONSUMED", "Ticket already consumed")
		return
	case http.StatusGone:
		fail(response.StatusCode, "TICKET_EXPIRED", "Ticket expired")
		return
	default:
		fail(response.StatusCode, "UPSTREAM_ERROR", "Upstream error")
		return
	}
	var got Answer
	if json.NewDecoder(response.Body).Decode(&got) != nil {
		fail(http.StatusInternalServerError, "INTERNAL_ERROR", "Unexpected token in JSON")
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

func (o FrontendOptions) answer(w http.ResponseWriter, answer Answer) {
	if o.Answer != nil {
		o.Answer(answer)
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, answer)
}
