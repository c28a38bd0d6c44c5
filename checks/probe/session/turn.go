package session

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v3"
	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
)

// TURNOptions are the choices of one diagnosis of the ICE servers.
type TURNOptions struct {
	// Peers are addresses at which LiveKit takes media: the relay must be permitted
	// to send there. At most four are used.
	Peers []netip.Addr
}

// TURNStep names a step of asking one URL, in the order in which they are taken.
type TURNStep string

// The steps. A STUN server takes TURNBinding instead of the last three.
const (
	TURNResolve    TURNStep = "dns"
	TURNConnect    TURNStep = "connect" // TCP; over UDP the first answer decides
	TURNHandshake  TURNStep = "tls"
	TURNBinding    TURNStep = "binding"
	TURNAllocate   TURNStep = "allocate"
	TURNPermission TURNStep = "permission"
	TURNRelay      TURNStep = "relay"
)

// TURNReport is the result of asking one URL of the JoinResponse's ICE servers. It
// holds no credential; all strings are cleaned.
type TURNReport struct {
	// URL is as the server sent it. STUN reports whether it is a STUN server.
	URL  string
	STUN bool
	// Transport is udp, tcp, tls or dtls; Host is host and port.
	Transport, Host string
	// NotAsked is why nothing was asked: "loopback" for a STUN server on the
	// internet while LiveKit is on this machine, "dtls" for TURN over DTLS, "url"
	// for a URL that cannot be parsed. "" otherwise.
	NotAsked string
	// Failed is the first step that failed, "" if none did.
	Failed TURNStep
	// Failure is why it could not be reached; nil from the allocation on.
	Failure *probe.Failure
	// Code and Text are the error that the server answered with (RFC 8656 section
	// 19): 401 for wrong credentials, 403 forbidden, 486 quota. Code is 0 where it
	// answered something else or nothing.
	Code int
	Text string
	// Cancelled reports whether the caller's context ended before the answer.
	Cancelled bool

	// Address is the server's address.
	Address netip.AddrPort
	// Mapped is this machine's address as the server sees it, Relay the relay
	// address.
	Mapped, Relay netip.AddrPort
	// OwnDenied reports whether the relay may not send to this machine. PeersDenied
	// are those of TURNOptions.Peers to which it may not; PeersAsked counts those
	// asked.
	OwnDenied   bool
	PeersAsked  int
	PeersDenied []netip.Addr
	// RoundTrip is the time from this machine to the relay address, through the
	// server back to this machine, and the same way back; 0 if nothing arrived.
	RoundTrip time.Duration

	// Answer and Allocate are the times until the first answer and the relay
	// address, Took is the whole time.
	Answer, Allocate, Took time.Duration
}

// Works reports whether all steps for the URL succeeded.
func (r TURNReport) Works() bool { return r.NotAsked == "" && r.Failed == "" && !r.Cancelled }

// TURN asks every STUN and TURN URL that the server handed out, concurrently: name,
// connection, certificate, an allocation with the credentials, permissions and a
// round trip through the relay. It uses only the JoinResponse and also works after
// Leave. Everything is closed when it returns.
func (p *Participant) TURN(ctx context.Context, o TURNOptions) []TURNReport {
	o.Peers = o.Peers[:min(len(o.Peers), caps.TURNPeers)]
	servers := p.iceList()
	reports := make([]TURNReport, len(servers))
	var all sync.WaitGroup
	for i, server := range servers {
		all.Go(func() { reports[i] = askICEServer(ctx, p.net, server, p.Loopback, o) })
	}
	all.Wait()
	return reports
}

// OffersTURN reports whether the server handed out a usable TURN server.
func (p *Participant) OffersTURN() bool {
	for _, server := range p.iceList() {
		if isTURN(server) {
			return true
		}
	}
	return false
}

// askICEServer asks one URL.
func askICEServer(ctx context.Context, n *probe.Net, server webrtc.ICEServer, loopback bool, o TURNOptions) TURNReport {
	start := time.Now()
	r := TURNReport{URL: n.Line(server.URLs[0])}
	uri, err := stun.ParseURI(server.URLs[0])
	if err != nil {
		r.NotAsked = "url"
		return r
	}
	r.STUN = uri.Scheme == stun.SchemeTypeSTUN || uri.Scheme == stun.SchemeTypeSTUNS
	r.Transport = turnTransport(uri)
	hostPort := uriHostPort(uri)
	r.Host = n.Line(hostPort)
	switch {
	case r.Transport == "dtls":
		r.NotAsked = "dtls"
	case r.STUN && loopback && !probe.IsLoopbackHost(uri.Host):
		r.NotAsked = "loopback"
	}
	if r.NotAsked != "" {
		return r
	}
	uctx, cancel := context.WithTimeout(ctx, n.Waits().TURN)
	defer cancel()
	askTURN(uctx, n, &r, uri, server, o)
	r.Cancelled = r.Failed != "" && ctx.Err() != nil
	r.Took = time.Since(start)
	return r
}

// turnTransport returns the transport of a URL (RFC 7065).
func turnTransport(u *stun.URI) string {
	secure := u.Scheme == stun.SchemeTypeTURNS || u.Scheme == stun.SchemeTypeSTUNS
	switch {
	case secure && u.Proto == stun.ProtoTypeUDP:
		return "dtls"
	case secure:
		return "tls"
	case u.Proto == stun.ProtoTypeTCP:
		return "tcp"
	}
	return "udp"
}
