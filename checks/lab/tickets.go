package lab

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// TicketState is what has happened to a ticket.
type TicketState int

// The states of a ticket that was issued.
const (
	TicketFresh TicketState = iota
	TicketUsed
	TicketOutdated
)

// Answer is what a ticket is traded for. Its fields are sorted by name in JSON.
type Answer map[string]any

// TicketOptions configure a ticket service.
type TicketOptions struct {
	// Answer returns the answer to a good ticket; name is the display name of the
	// profile, or empty.
	Answer func(name string) Answer
	// Respond, if set, writes the answer to a good ticket in place of Answer.
	Respond http.Handler
	// Front, if set, is a proxy before the service.
	Front middleware
	// Skew is how far the service's clock, and so its Date header, is in the future.
	Skew time.Duration
	// TLS makes it an HTTPS service.
	TLS *tls.Config
}

// TicketService trades tickets for LiveKit tokens, each ticket once:
//
//	POST /api/v1/tickets/{ticket}/consume  {"profile": {"display_name": "…"}} or {}
//
// answers 200 {token, url, room, identity, conv_id, expires_at, metadata}; 404, 409 and
// 410 for a ticket that is unknown, used or expired; and 404, 405 and 422 with FastAPI's
// texts, since the original uses FastAPI. POST /api/v1/tickets issues a fresh ticket,
// which the original does not.
type TicketService struct {
	*Peer
	// URL is its base, for USER_MGMT_BASE_URL.
	URL string

	opts TicketOptions

	mu       sync.Mutex
	tickets  map[string]TicketState
	consumed atomic.Int64
	requests atomic.Int64
}

// startTicketService starts one on a free loopback port.
func startTicketService(opts TicketOptions) (_ *TicketService, err error) {
	s := &TicketService{opts: opts, tickets: map[string]TicketState{}}
	handler := s.routes()
	if opts.Front != nil {
		handler = opts.Front(handler)
	}
	if s.Peer, err = Serve(s.counted(handler), opts.TLS); err != nil {
		return nil, fmt.Errorf("start a ticket service: %w", err)
	}
	s.URL = s.Peer.URL("http")
	if opts.TLS != nil {
		s.URL = s.Peer.URL("https")
	}
	return s, nil
}

// Issue makes a new ticket in the given state.
func (s *TicketService) Issue(state TicketState) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ticket := newTicket()
	s.tickets[ticket] = state
	return ticket
}

// Consumed returns how many tickets were traded.
func (s *TicketService) Consumed() int { return int(s.consumed.Load()) }

// Requests returns how many requests of any kind came in.
func (s *TicketService) Requests() int { return int(s.requests.Load()) }

func (s *TicketService) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		w.Header().Set("Server", "uvicorn")
		w.Header().Set("Date", time.Now().Add(s.opts.Skew).UTC().Format(http.TimeFormat))
		next.ServeHTTP(w, r)
	})
}

func (s *TicketService) routes() http.Handler {
	mux := http.NewServeMux()
	for path, handler := range map[string]http.HandlerFunc{"/api/v1/tickets": s.issue, "/api/v1/tickets/{ticket}/consume": s.consume} {
		mux.HandleFunc("POST "+path, handler)
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", http.MethodPost)
			detail(w, http.StatusMethodNotAllowed, "Method Not Allowed")
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { detail(w, http.StatusNotFound, "Not Found") })
	return mux
}

func (s *TicketService) issue(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusCreated, map[string]any{"ticket": s.Issue(TicketFresh)})
}

// consume validates the body before the ticket, as FastAPI does: a request that is
// refused with 422 does not consume the ticket.
func (s *TicketService) consume(w http.ResponseWriter, r *http.Request) {
	name, complaint := profile(r)
	if complaint != nil {
		writeJSON(w, http.StatusUnprocessableEntity, map[string]any{"detail": []any{complaint}})
		return
	}
	ticket := r.PathValue("ticket")
	s.mu.Lock()
	state, known := s.tickets[ticket]
	if known && state == TicketFresh {
		s.tickets[ticket] = TicketUsed
		s.consumed.Add(1)
	}
	s.mu.Unlock()
	switch {
	case !known:
		detail(w, http.StatusNotFound, "Ticket not found")
	case state == TicketUsed:
		detail(w, http.StatusConflict, "Ticket has already been consumed")
	case state == TicketOutdated:
		detail(w, http.StatusGone, "Ticket has expired")
	case s.opts.Respond != nil:
		s.opts.Respond.ServeHTTP(w, r)
	default:
		writeJSON(w, http.StatusOK, s.opts.Answer(name))
	}
}

// profile reads the display name from the request's body, or returns FastAPI's
// complaint about the body.
func profile(r *http.Request) (string, map[string]any) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil || len(strings.TrimSpace(string(raw))) == 0 {
		return "", complain("missing", "Field required", "body")
	}
	const noObject = "Input should be a valid dictionary or object to extract fields from"
	var body map[string]json.RawMessage
	if err := json.Unmarshal(raw, &body); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return "", complain("json_invalid", "JSON decode error", "body", syntax.Offset)
		}
		return "", complain("model_attributes_type", noObject, "body")
	}
	if !given(body["profile"]) {
		return "", nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(body["profile"], &fields) != nil {
		return "", complain("model_attributes_type", noObject, "body", "profile")
	}
	if !given(fields["display_name"]) {
		return "", nil
	}
	var name string
	if json.Unmarshal(fields["display_name"], &name) != nil {
		return "", complain("string_type", "Input should be a valid string", "body", "profile", "display_name")
	}
	return name, nil
}

func given(value json.RawMessage) bool { return len(value) > 0 && string(value) != "null" }

func complain(kind, message string, where ...any) map[string]any {
	return map[string]any{"type": kind, "loc": where, "msg": message, "input": nil}
}

func detail(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, map[string]any{"detail": text})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
}
