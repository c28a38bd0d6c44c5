package probe

import "time"

// Limits are the longest times that each step may take. A zero field means the
// default of DefaultLimits. Bytes and counts are in package caps;
// .github/BUDGETS.md lists all of them, with the peer and the stages of the tags.
type Limits struct {
	DNS time.Duration `peer:"every peer" stage:"all"`
	// TCP bounds the wait for an answer to a SYN, all addresses together.
	TCP time.Duration `peer:"every peer" stage:"all"`
	TLS time.Duration `peer:"every peer" stage:"all"`
	// FirstByte is the wait from the request's end to the first byte of its answer.
	FirstByte time.Duration `peer:"every peer" stage:"all"`
	// Exchange bounds one exchange as a whole, from dialling to the last byte, and
	// Body what follows the first byte.
	Exchange, Body time.Duration `peer:"every peer" stage:"all"`
	// Compile replaces FirstByte where a dev server may have to compile its route
	// first.
	Compile time.Duration `peer:"front end, token endpoint" stage:"ticket"`
	// Extra bounds each additional request: path prefixes, the RoomService.
	Extra time.Duration `peer:"every peer" stage:"all"`
	// Sibling bounds the request with the other scheme after a silent handshake, and
	// Refused the dials to loopback after a refusal.
	Sibling, Refused time.Duration `peer:"every peer" stage:"all"`
	// Early bounds the question about the token that is asked while join.reach runs.
	Early time.Duration `peer:"LiveKit server" stage:"signature, fallback"`
	// Browser bounds all requests of join.browser together.
	Browser time.Duration `peer:"LiveKit server, front end" stage:"join"`

	// Upgrade bounds opening a WebSocket, from dialling to the HTTP answer, and
	// FirstFrame the wait from there to the server's Join.
	Upgrade, FirstFrame time.Duration `peer:"LiveKit server" stage:"join, fallback"`
	// Media bounds one media connection as a whole; LiveKit, too, gives up after
	// its default.
	Media time.Duration `peer:"LiveKit server" stage:"join, fallback"`
	// Offer bounds the wait for the server's offer, Candidate the wait after that
	// for its first address, and DTLS the handshake once ICE is up.
	Offer, Candidate, DTLS time.Duration `peer:"LiveKit server" stage:"join, fallback"`
	// Silence is the time after which pairs without an answer count as silent;
	// Grace is the additional time for pairs found late, and for TCP dials.
	Silence, Grace time.Duration `peer:"LiveKit server" stage:"join, fallback"`
	// CandidateTCP bounds the dial of one advertised TCP address, and Ask the wait
	// for an answer to a connectivity check: three round trips of a slow line.
	CandidateTCP, Ask time.Duration `peer:"LiveKit server" stage:"join, fallback"`
	// Connect bounds a join, media included, of a participant of the doctor's own,
	// or of `lkdoctor join`.
	Connect time.Duration `peer:"LiveKit server" stage:"join, fallback"`
	// Pause is the time between two attempts to join anew, times the square of the
	// number of attempts before.
	Pause time.Duration `peer:"LiveKit server" stage:"lkdoctor join"`
	// Accept bounds the wait for the server to accept a track, and Measure is the
	// time for which packets are counted after the first.
	Accept, Measure time.Duration `peer:"LiveKit server" stage:"join with --media"`
	// FirstPacket is the longest wait for the first packet on a slow connection.
	FirstPacket time.Duration `peer:"LiveKit server" stage:"join with --media"`
	// Settle bounds the wait for the server's data channel before a WebSocket is
	// cut.
	Settle time.Duration `peer:"LiveKit server" stage:"join with --media"`
	// Remove bounds the request to remove a participant whose session was cut.
	Remove time.Duration `peer:"LiveKit server" stage:"join with --media"`
	// Relay bounds the wait for an answer through a TURN server, Path one path of
	// media on its own.
	Relay time.Duration `peer:"ICE server" stage:"join with --media"`
	Path  time.Duration `peer:"LiveKit server" stage:"join with --media"`
	// Again bounds the wait for each message of a server that did not answer an
	// earlier join within the limit.
	Again time.Duration `peer:"LiveKit server" stage:"join, fallback"`
	// TURN bounds all steps for one URL of a TURN server, and Echo the round trip
	// through its relay.
	TURN, Echo time.Duration `peer:"ICE server" stage:"join with --media"`

	// Agent bounds the wait for an agent from its call on, and AgentAudio the wait
	// for the audio of one that came.
	Agent, AgentAudio time.Duration `peer:"LiveKit server" stage:"join"`
	// Dispatch bounds a request about dispatches: the server asks another node.
	Dispatch time.Duration `peer:"LiveKit server" stage:"join"`
	// AgentPoll is the time between two requests for the list of dispatches.
	AgentPoll time.Duration `peer:"LiveKit server" stage:"join"`
	// Dispatched is the age of a call from which a list without its dispatch is
	// final: the server makes the dispatch together with the room. JobTaken is the
	// age from which an empty list of jobs is (see Dispatch.Jobs).
	Dispatched, JobTaken time.Duration `peer:"LiveKit server" stage:"join"`
}

// DefaultLimits report a server that drops SYNs within 5 s of the start, and one
// that accepts and stays silent within 6 s.
func DefaultLimits() Limits {
	const s, ms = time.Second, time.Millisecond
	return Limits{
		DNS: 4 * s, TCP: 4 * s, TLS: 4 * s, FirstByte: 5 * s, Exchange: 10 * s, Body: 5 * s, Compile: 30 * s, Extra: 2 * s,
		Sibling: 1500 * ms, Refused: 500 * ms, Early: 8 * s, Browser: 8 * s,
		Upgrade: 5 * s, FirstFrame: 5 * s, Media: 15 * s, Offer: 5 * s, Candidate: 3 * s, DTLS: 5 * s,
		Silence: 3 * s, Grace: 800 * ms, CandidateTCP: 3 * s, Ask: 900 * ms, Connect: 10 * s, Pause: 300 * ms, Accept: s, Measure: 2 * s,
		FirstPacket: 8 * s, Settle: 500 * ms, Remove: 400 * ms, Relay: 3 * s, Path: 8 * s, TURN: 4 * s, Echo: 1500 * ms, Again: 2 * s,
		Agent: 10 * s, AgentAudio: s, Dispatch: 4 * s, AgentPoll: s, Dispatched: 700 * ms, JobTaken: 5200 * ms,
	}
}

// Scaled returns l with every limit multiplied by by, for tests.
func (l Limits) Scaled(by float64) Limits {
	for _, d := range l.all() {
		*d = time.Duration(float64(*d) * by)
	}
	return l
}

// Shorter returns the limits of a join at a server that did not answer an earlier
// one within the limit.
func (l Limits) Shorter() Limits {
	for _, d := range []*time.Duration{&l.Upgrade, &l.FirstFrame, &l.Offer, &l.Candidate, &l.DTLS, &l.Silence} {
		*d = min(*d, l.Again)
	}
	return l
}

func (l *Limits) all() []*time.Duration {
	return []*time.Duration{&l.DNS, &l.TCP, &l.TLS, &l.FirstByte, &l.Exchange, &l.Body, &l.Compile, &l.Extra,
		&l.Sibling, &l.Refused, &l.Early, &l.Browser, &l.Upgrade,
		&l.FirstFrame, &l.Media, &l.Offer, &l.Candidate, &l.DTLS, &l.Silence, &l.Grace, &l.CandidateTCP, &l.Ask, &l.Connect,
		&l.Pause, &l.Accept, &l.Measure, &l.FirstPacket, &l.Settle, &l.Remove, &l.Relay, &l.Path, &l.TURN, &l.Echo, &l.Again,
		&l.Agent, &l.AgentAudio, &l.Dispatch, &l.AgentPoll, &l.Dispatched, &l.JobTaken}
}

// Waits returns the Limits, with the defaults in place of zeros.
func (n *Net) Waits() Limits {
	d, l := DefaultLimits(), n.Limits
	for i, have := range l.all() {
		if *have <= 0 {
			*have = *d.all()[i]
		}
	}
	return l
}
