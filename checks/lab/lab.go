// Package lab runs a LiveKit installation for tests and practice: a real livekit-server
// in this process, a ticket service with the contract of the app that lkdoctor was written
// for, and named faults that break one thing each.
//
// Everything listens on loopback. Each lab has new keys, secrets, tickets and
// certificates, and a temporary directory. The caller closes the lab, which ends all of
// its servers and removes the directory.
//
// To add a fault, add a row to the table of its stage in faults_*.go. A row is a name, what
// is broken, the code that lkdoctor must find, and the changes to the plan of a lab that
// break it (plan.go).
package lab

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
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
	// LiveKit is the real server.
	LiveKit *LiveKit
	// Tickets is the ticket service; nil if the fault puts something else in its place.
	Tickets *TicketService
	// URL is the address of the LiveKit server, or of what the fault puts before it.
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
	plan      *plan
	rtt       time.Duration
	dir       string
	authority *Authority

	mu      sync.Mutex
	ticket  string
	environ Env
	files   map[string]string // by name: those of Dir
	args    []string
	closers []func() error
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
		rtt:      opts.RTT,
		Pair:     NewPair(),
		Room:     "support-" + randomHex(3),
		Identity: "caller-" + randomHex(3),
		files:    map[string]string{},
	}
	l.plan = newPlan(l.Pair, fault.changes)
	l.plan.agent.add(opts.Agent)
	l.plan.server.Program = opts.Server
	if err := l.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start the lab %s: %w", fault.Name, err), l.Close())
	}
	return l, nil
}

func (l *Lab) start(ctx context.Context) error {
	steps := []func(context.Context) error{
		l.makeDir, l.startServer, l.startAgent, l.startTickets, l.addDelay, l.startFrontend, l.makeEnviron,
	}
	for _, last := range l.plan.ready {
		steps = append(steps, func(ctx context.Context) error { return last(ctx, l) })
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) makeDir(context.Context) (err error) {
	l.dir, err = os.MkdirTemp("", "lklab-")
	return err
}

func (l *Lab) startServer(ctx context.Context) (err error) {
	p := l.plan
	p.server.Keys = map[string]string{}
	for _, pair := range p.serverPairs {
		p.server.Keys[pair.Key] = pair.Secret
	}
	if l.LiveKit, err = StartLiveKit(ctx, p.server); err != nil {
		return err
	}
	l.keep(l.LiveKit.Close)
	addr := l.LiveKit.Addr
	switch {
	case p.front != nil:
		addr, err = p.front(l)
	case p.proxies != nil || p.rewrite != nil || p.certificate != nil:
		addr, err = l.startProxy()
	}
	l.URL = p.scheme + "://" + addr + p.path
	return err
}

// startProxy starts the planned proxy before the LiveKit server.
func (l *Lab) startProxy() (addr string, err error) {
	handler := Forward(l.LiveKit.Addr)
	if l.plan.rewrite != nil {
		rewrite, err := l.plan.rewrite(l)
		if err != nil {
			return "", err
		}
		handler = SignalProxy(l.LiveKit.Addr, rewrite)
	}
	for _, proxy := range l.plan.proxies {
		handler = proxy(handler)
	}
	config, err := l.issue(l.plan.certificate)
	if err != nil {
		return "", err
	}
	return l.serve(handler, config)
}

func (l *Lab) startTickets(context.Context) error {
	if l.plan.ticketsAt != nil {
		addr, err := l.plan.ticketsAt(l)
		l.TicketURL, l.ticket = "http://"+addr, newTicket()
		return err
	}
	options := l.plan.tickets
	options.Answer = l.trade
	if l.plan.respond != nil {
		options.Respond = l.plan.respond(l)
	}
	var err error
	if options.TLS, err = l.issue(l.plan.ticketTLS); err != nil {
		return err
	}
	if l.Tickets, err = startTicketService(options); err != nil {
		return err
	}
	l.keep(l.Tickets.Close)
	l.TicketURL = l.Tickets.URL
	l.ticket = l.Tickets.Issue(l.plan.ticketState)
	return nil
}

// trade returns the ticket service's answer to a good ticket.
func (l *Lab) trade(name string) Answer {
	now := time.Now().Add(l.plan.tickets.Skew)
	claims := Participant(l.plan.tokenPair, l.Room, l.Identity, now)
	if name != "" {
		claims["name"] = name
	}
	claims.Call(l.plan.agent.Name)
	for _, change := range l.plan.claims {
		change(claims)
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
	for _, change := range l.plan.answer {
		change(l, answer)
	}
	return answer
}

// token returns the token of a trade.
func (l *Lab) token() string { return l.trade("")["token"].(string) }

func (l *Lab) startFrontend(context.Context) error {
	p := l.plan
	if p.media {
		l.args = append(l.args, "--media")
	}
	var start place
	switch {
	case p.endpoint != nil:
		start = web(p.endpoint(l))
	case p.appAt != nil:
		start = p.appAt
	case p.app != nil:
		app := app{URL: l.URL, Pair: l.Pair, Room: l.Room, Tickets: l.TicketURL, Agent: p.agent.Name}
		for _, change := range p.app {
			change(&app)
		}
		start = web(app.handler())
	default:
		return nil
	}
	addr, err := start(l)
	if p.endpoint != nil {
		l.args = append(l.args, "--token-endpoint", "http://"+addr+"/token")
		return err
	}
	if p.appHost != "" {
		addr = strings.Replace(addr, "127.0.0.1", p.appHost, 1)
	}
	l.FrontendURL = "http://" + addr
	l.args = append(l.args, "--frontend", l.FrontendURL)
	return err
}

// Close stops everything that Start started and removes Dir. It may be called twice.
func (l *Lab) Close() error {
	l.mu.Lock()
	closers := l.closers
	l.closers = nil
	l.mu.Unlock()
	var failures []error
	for _, stop := range slices.Backward(closers) {
		failures = append(failures, stop())
	}
	return errors.Join(append(failures, os.RemoveAll(l.dir))...)
}

// Fault returns the fault of this lab.
func (l *Lab) Fault() Fault { return l.fault }

// Args returns the flags that lkdoctor needs for this fault; mostly none.
func (l *Lab) Args() []string { return slices.Clone(l.args) }

// Dir is a temporary folder to run the program under test in. It holds the env files of
// the faults that have some. For the others it holds none, so that the program reads
// none of the caller's.
func (l *Lab) Dir() string { return l.dir }

// Roots returns the authorities that the program under test trusts: the lab's, or none.
// A program that is run with Environ needs no roots: it finds them by SSL_CERT_FILE.
func (l *Lab) Roots() *x509.CertPool {
	if l.authority == nil || !l.plan.trusted {
		return x509.NewCertPool()
	}
	return l.authority.Pool()
}

// keep makes Close call stop.
func (l *Lab) keep(stop func() error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closers = append(l.closers, stop)
}

// started keeps a peer that was just started, and returns its address.
func (l *Lab) started(peer *Peer, err error) (addr string, _ error) {
	if err != nil {
		return "", err
	}
	l.keep(peer.Close)
	return peer.Addr, nil
}

// serve starts an HTTP server that ends with the lab.
func (l *Lab) serve(handler http.Handler, config *tls.Config) (addr string, err error) {
	return l.started(Serve(handler, config))
}

// issue returns a TLS configuration with a certificate of the lab's authority; nil for
// no certificate.
func (l *Lab) issue(c *Certificate) (_ *tls.Config, err error) {
	if c == nil {
		return nil, nil
	}
	if l.authority == nil {
		if l.authority, err = NewAuthority(); err != nil {
			return nil, err
		}
	}
	return l.authority.Issue(*c)
}

// Token returns a good token for the lab's room, made with its pair, for pasting.
func (l *Lab) Token() string { return l.Pair.Token(l.Room, l.Identity) }
