// Package caps holds the limits on what lkdoctor reads, keeps and sends for each peer:
// bytes, counts and messages. What exceeds a limit is not read or not kept. Times are
// in probe.Limits. .github/BUDGETS.md lists both.
package caps

// Every peer, all stages: answers over HTTP, in bytes unless something else is
// named.
const (
	// Body is what is read of an answer's body, decompressed.
	Body = 1 << 20
	// Probe is what is read where the beginning suffices.
	Probe = 64 << 10
	// Headers are those of one answer.
	Headers = 64 << 10
	// Hops counts the redirects on the same origin that are followed.
	Hops = 5
	// Refusal is what is read of the body of a refused WebSocket.
	Refusal = 1 << 10
)

// The front end, stage join: the app's page.
const (
	// HTML is what is read of the page, in bytes.
	HTML = 1 << 20
	// Policies counts the content security policies that are read.
	Policies = 64
	// PolicyBytes are all of their texts together.
	PolicyBytes = 1 << 18
)

// The LiveKit server, stages join and fallback: signalling.
const (
	// SignalMessage is one message, in bytes. A JoinResponse of a room with a
	// thousand people stays far below it.
	SignalMessage = 4 << 20
	// Parts counts the protobuf messages inside one: two million empty ones would
	// fit into its bytes, and take a hundred times that in memory.
	Parts = 50_000
	// BeforeJoin counts the other messages that may come before Join.
	BeforeJoin = 8
	// SignalBytesBurst are read at once, and SignalBytesPerSecond from then on.
	SignalBytesBurst     = 8 << 20
	SignalBytesPerSecond = 1 << 20
	// MessagesBurst are read at once, and MessagesPerSecond from then on.
	MessagesBurst     = 4000
	MessagesPerSecond = 400
	// PingsBurst and PingsPerSecond are WebSocket pings; more end the connection.
	PingsBurst     = 100
	PingsPerSecond = 10
	// Token is the longest token that the server may hand out for reconnecting, in
	// bytes.
	Token = 64 << 10
)

// The ICE servers that a LiveKit server hands out, stage join.
const (
	// ICEServers and ICEURLs are kept and asked, of all of them together.
	ICEServers = 16
	ICEURLs    = 32
	// ICEURL is the longest URL, in bytes: more than a scheme, a host name of 255
	// bytes and a query need. Longer ones are neither parsed nor asked.
	ICEURL = 2048
	// ICEUsername is the longest user name, in bytes (RFC 5389 §15.3; Chromium 156
	// refuses one byte more).
	ICEUsername = 509
	// ICEProblems counts the URLs whose faults are reported.
	ICEProblems = 16
	// TURNAddresses counts the addresses of one name that are asked over UDP.
	TURNAddresses = 3
	// TURNPeers counts the addresses that a relay is asked about.
	TURNPeers = 4
)

// The LiveKit server, stages join and fallback: the negotiation of media. A real
// one offers anew seven times a second at most, and has a handful of addresses for
// each interface.
const (
	// EarlyMessages are kept until media is asked for.
	EarlyMessages = 256
	// SDP is one session description, in bytes, and Sections its media sections.
	SDP      = 1 << 20
	Sections = 512
	// OffersBurst are answered at once, and OffersPerSecond from then on. One that
	// restarts ICE counts as OfferRestart of them: all addresses are gathered anew.
	OffersBurst     = 60
	OffersPerSecond = 8
	OfferRestart    = 8
	// Candidates of the server are kept and tried; Trickled are looked at.
	Candidates = 64
	Trickled   = 1024
	// TCPDials counts the plain dials of ICE/TCP addresses, Asked the silent UDP
	// addresses that are asked once more, and ReachedAsks the ports that are asked at
	// the address reached.
	TCPDials    = 16
	Asked       = 8
	ReachedAsks = 4
)

// The LiveKit server, stages join and fallback: media.
const (
	// PacketsBurst are read at once of the UDP sockets of a connection, and
	// PacketsPerSecond from then on: some 50 Mbit/s.
	PacketsBurst     = 6000
	PacketsPerSecond = 6000
	// DataChannels are read of each connection; LiveKit opens three.
	DataChannels = 8
	// DataBurst messages are read at once, and DataPerSecond from then on.
	DataBurst     = 1000
	DataPerSecond = 400
)

// A room that is watched, lkdoctor join.
const (
	// People are kept, with Tracks of each and AllTracks of all together.
	People    = 2000
	Tracks    = 100
	AllTracks = 4000
	// Name is what is kept of a name, an identity or metadata, in bytes.
	Name = 512
	// Waiting events are kept for a slow reader, then no data messages more, and at
	// HardWaiting nothing.
	Waiting     = 1000
	HardWaiting = 5000
	// MessageShown is what is shown of a data message, in characters. StreamBytes are
	// kept of a text stream, Streams at a time.
	MessageShown = 500
	StreamBytes  = 16 << 10
	Streams      = 64
)

// Agents, and the server API that is asked about them, stage join.
const (
	// Agents are kept of a room, Called are waited for of a token.
	Agents = 16
	Called = 8
	// Dispatches are kept of a list, and Jobs of each.
	Dispatches = 32
	Jobs       = 32
)
