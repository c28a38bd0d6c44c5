// Package lab runs a LiveKit installation for tests and practice: a real livekit-server
// in this process, a ticket service that keeps the contract of the app that lkdoctor was
// written for, and named faults that break one thing each.
//
// Everything listens on 127.0.0.1. Each lab has new keys, secrets, tickets and
// certificates, and a temporary directory. The caller closes the lab, which ends all of
// its servers and removes the directory. To add a fault, add a row to the table of its
// stage, faults_env.go to faults_media.go.
package lab

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options say what kind of lab to start.
type Options struct {
	// Fault is the name of what is broken; empty is Healthy.
	Fault string
	// RTT is the round-trip time to the LiveKit server and the ticket service, for HTTP
	// and WebSocket (see Delay); media is not delayed.
	RTT time.Duration
	// Server is a livekit-server to run instead of the one that is linked.
	Server string
	// Agent says which agent the tokens call, and which worker runs.
	Agent AgentOptions
}

// Lab is a running lab. Its fields are set by Start and not changed after it.
type Lab struct {
	// LiveKit is the real server, whatever stands in front of it.
	LiveKit *LiveKit
	// Tickets is the ticket service; nil where a fault puts something else there.
	Tickets *TicketService
	// URL is the address of the LiveKit server: its own, or that of what a fault puts
	// before it.
	URL string
	// TicketURL is the base of the ticket service, or of what is in its place.
	TicketURL string
	// FrontendURL is the base of the app; empty unless the fault is about it.
	FrontendURL string
	// Pair is the correct key and secret: the server's, unless the fault is about them.
	Pair Pair
	// Room and Identity are those of the ticket's token.
	Room, Identity string

	fault     Fault
	plan      plan
	rtt       time.Duration
	dir       string
	authority *Authority

	mu      sync.Mutex
	ticket  string
	environ Env
	args    []string
	closers []io.Closer
}

// Start starts the lab with the fault that opts names. It takes about 110 ms,
// most of which livekit-server sleeps. ctx bounds the start only; the lab runs
// until Close.
func Start(ctx context.Context, opts Options) (*Lab, error) {
	fault, err := Lookup(opts.Fault)
	if err != nil {
		return nil, err
	}
	l := &Lab{
		fault:    fault,
		Pair:     NewPair(),
		Room:     "support-" + randomHex(3),
		Identity: "caller-" + randomHex(3),
		rtt:      opts.RTT,
	}
	l.plan = plan{serverPairs: []Pair{l.Pair}, tokenPair: l.Pair}
	if fault.set != nil {
		fault.set(&l.plan)
	}
	opts.Agent.apply(&l.plan)
	l.plan.server.Program = opts.Server
	if err := l.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start the lab %s: %w", fault.Name, err), l.Close())
	}
	return l, nil
}

func (l *Lab) start(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		l.makeDir, l.startServer, l.startAgent, l.startTickets, l.addDelay, l.startFrontend, l.makeEnviron,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if l.plan.ready != nil {
		return l.plan.ready(ctx, l)
	}
	return nil
}

func (l *Lab) makeDir(context.Context) (err error) {
	l.dir, err = os.MkdirTemp("", "lklab-")
	return err
}

func (l *Lab) startServer(ctx context.Context) (err error) {
	options := l.plan.server
	options.Keys = map[string]string{}
	for _, pair := range l.plan.serverPairs {
		options.Keys[pair.Key] = pair.Secret
	}
	if l.LiveKit, err = StartLiveKit(ctx, options); err != nil {
		return err
	}
	l.keep(l.LiveKit)
	l.URL = l.LiveKit.URL
	if l.plan.front != nil {
		l.URL, err = l.plan.front(l)
	}
	return err
}

func (l *Lab) startTickets(context.Context) (err error) {
	if l.plan.ticketURL != nil {
		l.TicketURL, err = l.plan.ticketURL(l)
		l.ticket = newTicket()
		return err
	}
	options := l.plan.tickets
	options.Answer = l.trade
	if l.plan.respond != nil {
		options.Respond = func(w http.ResponseWriter, _ *http.Request, _ <-chan struct{}) { l.plan.respond(l, w) }
	}
	if l.plan.ticketTLS != nil {
		authority, err := l.certificates()
		if err != nil {
			return err
		}
		if options.TLS, err = authority.Issue(*l.plan.ticketTLS); err != nil {
			return err
		}
	}
	if l.Tickets, err = StartTicketService(options); err != nil {
		return err
	}
	l.keep(l.Tickets)
	l.TicketURL = l.Tickets.URL
	l.ticket = l.Tickets.Issue(l.plan.ticketState)
	return nil
}

// trade is the ticket service's answer to a good ticket.
func (l *Lab) trade(name string) Answer {
	now := time.Now().Add(l.plan.tickets.Skew)
	claims := participant(l.plan.tokenPair, l.Room, l.Identity, now)
	if name != "" {
		claims["name"] = name
	}
	claims.call(l.plan.agent)
	if l.plan.claims != nil {
		l.plan.claims(l, claims)
	}
	var token any
	if l.plan.token != nil {
		token = l.plan.token(l, claims)
	} else {
		token = Sign(claims, l.plan.tokenPair.Secret)
	}
	answer := Answer{
		"token":      token,
		"url":        l.URL,
		"room":       l.Room,
		"identity":   l.Identity,
		"conv_id":    "conv_" + randomHex(8),
		"expires_at": now.Add(tokenTTL).UTC().Format(time.RFC3339),
		"metadata":   map[string]any{"org_id": "org_lab"},
	}
	if l.plan.answer != nil {
		l.plan.answer(l, answer)
	}
	return answer
}

func (l *Lab) startFrontend(context.Context) (err error) {
	switch {
	case l.plan.endpoint != nil:
		peer, failure := Serve(l.plan.endpoint(l), nil)
		at, err := l.peer(peer, failure, "http")
		l.args = []string{"--token-endpoint", at + "/token"}
		return err
	case l.plan.frontendURL != nil:
		l.FrontendURL, err = l.plan.frontendURL(l)
	case l.plan.frontend != nil:
		options := FrontendOptions{URL: l.URL, Pair: l.Pair, Room: l.Room, Tickets: l.TicketURL, Agent: l.plan.agent}
		l.plan.frontend(l, &options)
		peer, failure := StartFrontend(options)
		l.FrontendURL, err = l.peer(peer, failure, "http")
		if l.plan.frontendAs != "" {
			l.FrontendURL = strings.Replace(l.FrontendURL, "127.0.0.1", l.plan.frontendAs, 1)
		}
	default:
		return nil
	}
	l.args = []string{"--frontend", l.FrontendURL}
	return err
}

// Close stops everything that Start started and removes Dir. It may be called
// twice.
func (l *Lab) Close() error {
	l.mu.Lock()
	closers := l.closers
	l.closers = nil
	l.mu.Unlock()
	var failures []error
	for _, c := range slices.Backward(closers) {
		failures = append(failures, c.Close())
	}
	return errors.Join(append(failures, os.RemoveAll(l.dir))...)
}

// Fault is the fault of this lab.
func (l *Lab) Fault() Fault { return l.fault }

// Args are the flags that lkdoctor needs for this fault; mostly none.
func (l *Lab) Args() []string { return slices.Clone(l.args) }

// Dir is a temporary folder to run the program under test in. The faults that
// break env files write them there; for others it holds no env file, so that
// none of the caller's is read.
func (l *Lab) Dir() string { return l.dir }

// Roots trusts the lab's own certificates. A program that is run with Environ
// needs no roots: it finds them by SSL_CERT_FILE, where they are to be trusted.
func (l *Lab) Roots() *x509.CertPool {
	if l.authority == nil || l.environ["SSL_CERT_FILE"] == "" {
		return x509.NewCertPool()
	}
	return l.authority.Pool()
}

// keep remembers what Close has to close.
func (l *Lab) keep(c io.Closer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closers = append(l.closers, c)
}

// peer keeps a peer that was just started, and returns its URL.
func (l *Lab) peer(peer *Peer, err error, scheme string) (string, error) {
	if err != nil {
		return "", err
	}
	l.keep(peer)
	return peer.URL(scheme), nil
}

// certificates returns the lab's authority, made when first wanted.
func (l *Lab) certificates() (_ *Authority, err error) {
	if l.authority == nil {
		l.authority, err = NewAuthority()
	}
	return l.authority, err
}

// Token returns a good token for the lab's room, made with its pair, for pasting.
func (l *Lab) Token() string {
	return Sign(participant(l.Pair, l.Room, l.Identity, time.Now()), l.Pair.Secret)
}
