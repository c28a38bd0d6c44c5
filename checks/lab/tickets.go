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
	"time"
)

// TicketState is what has happened to a ticket.
type TicketState int

// The states. Whatever was never issued is unknown.
const (
	TicketFresh TicketState = iota
	TicketUsed
	TicketOutdated
)

// Answer is what a ticket is traded for. Its order of fields in JSON is the
// alphabet's.
type Answer map[string]any

// TicketOptions configure a ticket service.
type TicketOptions struct {
	// Answer makes the answer to a good ticket; name is the display name of the
	// profile, or empty. Needed unless Respond is set.
	Answer func(name string) Answer
	// Respond, if set, writes the answer to a good ticket instead. stop is closed
	// when the service ends.
	Respond func(w http.ResponseWriter, r *http.Request, stop <-chan struct{})
	// Front, if set, is put in front of the whole service.
	Front func(service http.Handler, stop <-chan struct{}) http.Handler
	// Skew is how far the service's clock, and so its Date header, is in the future.
	Skew time.Duration
	// TLS makes it an HTTPS service.
	TLS *tls.Config
}

// TicketService trades tickets for LiveKit tokens, each ticket once:
//
//	POST /api/v1/tickets/{ticket}/consume  {"profile": {"display_name": "…"}} or {}
//
// answers 200 {token, url, room, identity, conv_id, expires_at, metadata}; 404,
// 409 and 410 for a ticket that is unknown, used or expired; and 404, 405 and 422
// in the words of FastAPI, which the original is written with.
// POST /api/v1/tickets issues a fresh ticket, which the original leaves to
// somebody else.
type TicketService struct {
	*Peer
	// URL is its base, as USER_MGMT_BASE_URL takes it.
	URL string

	opts TicketOptions

	mu       sync.Mutex
	tickets  map[string]TicketState
	consumed int
	requests int
}

// StartTicketService starts one on a free loopback port.
func StartTicketService(opts TicketOptions) (*TicketService, error) {
	if opts.Answer == nil && opts.Respond == nil {
		return nil, errors.New("start a ticket service: it has no answer")
	}
	s := &TicketService{opts: opts, tickets: map[string]TicketState{}}
	peer, err := newPeer()
	if err != nil {
		return nil, fmt.Errorf("start a ticket service: %w", err)
	}
	handler := s.routes(peer.stop)
	if opts.Front != nil {
		handler = opts.Front(handler, peer.stop)
	}
	peer.serve(s.counted(handler), opts.TLS)
	scheme := "http"
	if opts.TLS != nil {
		scheme = "https"
	}
	s.Peer, s.URL = peer, peer.URL(scheme)
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

// Consumed is how many tickets were traded, and Requests how many requests of
// any kind came in.
func (s *TicketService) Consumed() int { return s.count(&s.consumed) }

// Requests is how many requests of any kind came in.
func (s *TicketService) Requests() int { return s.count(&s.requests) }

func (s *TicketService) count(n *int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *n
}

func (s *TicketService) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests++
		s.mu.Unlock()
		w.Header().Set("Server", "uvicorn")
		w.Header().Set("Date", time.Now().Add(s.opts.Skew).UTC().Format(http.TimeFormat))
		next.ServeHTTP(w, r)
	})
}

func (s *TicketService) routes(stop <-chan struct{}) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/tickets", s.only(http.MethodPost, func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusCreated, map[string]any{"ticket": s.Issue(TicketFresh)})
	}))
	mux.HandleFunc("/api/v1/tickets/{ticket}/consume", s.only(http.MethodPost, func(w http.ResponseWriter, r *http.Request) {
		s.consume(w, r, stop)
	}))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { detail(w, http.StatusNotFound, "Not Found") })
	return mux
}

func (s *TicketService) only(method string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			w.Header().Set("Allow", method)
			detail(w, http.StatusMethodNotAllowed, "Method Not Allowed")
			return
		}
		next(w, r)
	}
}

// consume validates before it looks at the ticket, as FastAPI does, so that a
// request that is refused with 422 spends nothing.
func (s *TicketService) consume(w http.ResponseWriter, r *http.Request, stop <-chan struct{}) {
	name, complaint := profile(r)
	if complaint != nil {
		writeJSON(w, http.StatusUnprocessableEntity, map[string]any{"detail": []any{complaint}})
		return
	}
	if !s.spend(w, r.PathValue("ticket")) {
		return
	}
	if s.opts.Respond != nil {
		s.opts.Respond(w, r, stop)
		return
	}
	writeJSON(w, http.StatusOK, s.opts.Answer(name))
}

// spend consumes the ticket, or answers why it cannot.
func (s *TicketService) spend(w http.ResponseWriter, ticket string) bool {
	s.mu.Lock()
	state, known := s.tickets[ticket]
	if known && state == TicketFresh {
		s.tickets[ticket] = TicketUsed
		s.consumed++
	}
	s.mu.Unlock()
	switch {
	case !known:
		detail(w, http.StatusNotFound, "Ticket not found")
	case state == TicketUsed:
		detail(w, http.StatusConflict, "Ticket has already been consumed")
	case state == TicketOutdated:
		detail(w, http.StatusGone, "Ticket has expired")
	default:
		return true
	}
	return false
}

// profile reads the display name from the request's body, or returns FastAPI's
// complaint about the body.
func profile(r *http.Request) (string, map[string]any) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil || len(strings.TrimSpace(string(raw))) == 0 {
		return "", complain("missing", "Field required", "body")
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(raw, &body); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return "", complain("json_invalid", "JSON decode error", "body", syntax.Offset)
		}
		return "", complain("model_attributes_type", "Input should be a valid dictionary or object to extract fields from", "body")
	}
	if !given(body["profile"]) {
		return "", nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(body["profile"], &fields) != nil {
		return "", complain("model_attributes_type", "Input should be a valid dictionary or object to extract fields from", "body",
			"profile")
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
