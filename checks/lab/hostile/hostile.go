// Package hostile has LiveKit servers, ticket services and front ends that attack their
// clients: endless answers, floods, silence, garbage. They listen on loopback only, and
// the caller closes them. The tests run each command of lkdoctor against each of them,
// and require a finding within limits of time, memory and CPU.
package hostile

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"lkdoctor/checks/lab"
)

// Server is one way to attack a client.
type Server struct {
	// Name is what tests call it by, About says what it does.
	Name, About string
	// Connects reports whether the server's media connects; Harmless, whether the server
	// breaks nothing that a call needs.
	Connects, Harmless bool
	// Agent reports whether the server's token calls an agent.
	Agent bool

	// talk uses the WebSocket of a join; nil sends Join, and then nothing.
	talk func(*peer)
	// paths are answered in place of LiveKit's.
	paths map[string]http.Handler
	// tickets and page are the ticket service and the app; nil if there is none.
	tickets, page http.Handler
}

// Servers lists all of them.
func Servers() []Server {
	return slices.Concat(joinServers(), sessionServers(), mediaServers(), webServers())
}

// Running is a server that runs.
type Running struct {
	// Environ is the environment of the program under test, KEY=VALUE; Args are the
	// flags that it needs.
	Environ, Args []string

	closers []io.Closer
}

// Start runs s until Close.
func (s Server) Start() (*Running, error) {
	r := &Running{}
	if err := r.start(s); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", s.Name, err), r.Close())
	}
	return r, nil
}

func (r *Running) start(s Server) error {
	livekit, err := r.serve(s.handler())
	if err != nil {
		return err
	}
	pair := lab.NewPair()
	r.Environ = []string{"LIVEKIT_URL=ws://" + livekit, "LIVEKIT_API_KEY=" + pair.Key, "LIVEKIT_API_SECRET=" + pair.Secret}
	switch {
	case s.tickets != nil:
		service, err := r.serve(s.tickets)
		r.Environ = append(r.Environ, "USER_MGMT_BASE_URL=http://"+service, "LKDOCTOR_TICKET=tkt_0123456789abcdef0123456789abcdef")
		return err
	case s.page != nil:
		app, err := r.serve(s.page)
		r.Args = []string{"--frontend", "http://" + app}
		return err
	}
	claims := lab.Participant(pair, "support", "caller", time.Now())
	if s.Agent {
		claims.Call("flooder")
	}
	r.Environ = append(r.Environ, "LIVEKIT_TOKEN="+lab.Sign(claims, pair.Secret))
	return nil
}

func (r *Running) serve(handler http.Handler) (addr string, err error) {
	p, err := lab.Serve(handler, nil)
	if err != nil {
		return "", err
	}
	r.closers = append(r.closers, p)
	return p.Addr, nil
}

// Close closes every connection. It may be called twice.
func (r *Running) Close() error {
	var errs []error
	for _, c := range r.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// handler answers as LiveKit does, except for what s does itself.
func (s Server) handler() http.Handler {
	mux := http.NewServeMux()
	for path, answer := range map[string]http.Handler{
		"/":                lab.Text(http.StatusOK, "OK"),
		"/rtc/validate":    validate(),
		"/rtc/v1/validate": lab.Text(http.StatusBadRequest, "join_request is required"),
		"/twirp/":          lab.Reply(http.StatusOK, map[string]string{"Content-Type": "application/protobuf"}, ""),
		"/twirp/livekit.RoomService/GetParticipant": lab.JSON(http.StatusNotFound,
			`{"code":"not_found","msg":"participant does not exist"}`),
		"/rtc": lab.UpgradeThen(func(ws *websocket.Conn) { converse(ws, s.talk) }),
	} {
		if s.paths[path] == nil && (s.paths["/twirp/"] == nil || !strings.HasPrefix(path, "/twirp/")) {
			mux.Handle(path, answer)
		}
	}
	for path, answer := range s.paths {
		mux.Handle(path, answer)
	}
	return mux
}

// validate accepts every token, and refuses a request without one as LiveKit does.
func validate() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" && !r.URL.Query().Has("access_token") {
			http.Error(w, "invalid authorization token", http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, "success")
	})
}
