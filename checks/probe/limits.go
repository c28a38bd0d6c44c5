package probe

import "time"

// Limits are the longest times that each step may take. A zero field means the
// default of DefaultLimits. Bytes and counts are in package caps;
// .github/BUDGETS.md lists all of them, with the peer and the stages of the tags.
type Limits struct {
	DNS time.Duration `peer:"every peer" stage:"all"`
	// TCP is how long an unanswered SYN is waited for, all addresses together.
	TCP time.Duration `peer:"every peer" stage:"all"`
	TLS time.Duration `peer:"every peer" stage:"all"`
	// FirstByte is the wait from the request's end to the first byte of its answer.
	FirstByte time.Duration `peer:"every peer" stage:"all"`
	// Exchange is for one exchange as a whole, from dialling to the last byte, and
	// Body for what follows the first byte.
	Exchange, Body time.Duration `peer:"every peer" stage:"all"`
	// Compile is in place of FirstByte where a dev server may have to compile its
	// route first.
	Compile time.Duration `peer:"front end, token endpoint" stage:"ticket"`
	// Extra is for each question beside the main one: scheme siblings, path
	// prefixes, the RoomService.
	Extra time.Duration `peer:"every peer" stage:"all"`

	// Upgrade is for a WebSocket, from dialling to the HTTP answer, and FirstFrame
	// from there to the server's Join.
	Upgrade, FirstFrame time.Duration `peer:"LiveKit server" stage:"join, fallback"`
	// Media is for one media connection as a whole; LiveKit gives up after its
	// default, too.
	Media time.Duration `peer:"LiveKit server" stage:"join, fallback"`
	// Offer is how long the server may take to offer, Candidate how long to name
	// its first address after that, and DTLS what the handshake may take once ICE
	// is up.
	Offer, Candidate, DTLS time.Duration `peer:"LiveKit server" stage:"join, fallback"`
	// Silence is after how long pairs that all stayed unanswered are believed to
	// stay so; Grace is what pairs that were found late, and TCP dials, may take
	// beyond it.
	Silence, Grace time.Duration `peer:"LiveKit server" stage:"join, fallback"`
	// CandidateTCP is how long one advertised address may take to accept a TCP
	// connection, and Ask to answer a connectivity check: three round trips of a
	// slow line.
	CandidateTCP, Ask time.Duration `peer:"LiveKit server" stage:"join, fallback"`
	// Connect is what joining may take, media included, where somebody waits for
	// it: of a participant of the doctor's own, or of `lkdoctor join`.
	Connect time.Duration `peer:"LiveKit server" stage:"join, fallback"`
	// Pause is between two attempts to join anew, times the square of those before.
	Pause time.Duration `peer:"LiveKit server" stage:"lkdoctor join"`
	// Accept is how long the server may take to say that it takes a track, and
	// Measure how long packets are counted once the first has come.
	Accept, Measure time.Duration `peer:"LiveKit server" stage:"join with --media"`
	// Settle bounds the wait for the server's data channel before a WebSocket is
	// cut.
	Settle time.Duration `peer:"LiveKit server" stage:"join with --media"`
	// Relay is how long an answer through a TURN server is waited for, Path what
	// one way of media may take on its own.
	Relay time.Duration `peer:"ICE server" stage:"join with --media"`
	Path  time.Duration `peer:"LiveKit server" stage:"join with --media"`
	// Again is what a join may wait for each message of a server that was silent to
	// an earlier one for the full time.
	Again time.Duration `peer:"LiveKit server" stage:"join, fallback"`
	// TURN is for one URL of a TURN server, all steps together, and Echo for the
	// round trip through its relay.
	TURN, Echo time.Duration `peer:"ICE server" stage:"join with --media"`
}

// DefaultLimits name a server that drops SYNs within 5 s of the start, and one
// that accepts and stays silent within 6 s.
func DefaultLimits() Limits {
	const s, ms = time.Second, time.Millisecond
	return Limits{
		DNS: 4 * s, TCP: 4 * s, TLS: 4 * s, FirstByte: 5 * s, Exchange: 10 * s, Body: 5 * s, Compile: 30 * s, Extra: 2 * s,
		Upgrade: 5 * s, FirstFrame: 5 * s, Media: 15 * s, Offer: 5 * s, Candidate: 3 * s, DTLS: 5 * s,
		Silence: 3 * s, Grace: 800 * ms, CandidateTCP: 3 * s, Ask: 900 * ms, Connect: 10 * s, Pause: 300 * ms, Accept: s, Measure: 2 * s,
		Settle: 500 * ms, Relay: 3 * s, Path: 8 * s, TURN: 4 * s, Echo: 1500 * ms, Again: 2 * s,
	}
}

// Scaled multiplies every limit, so that tests need not wait as long as people.
func (l Limits) Scaled(by float64) Limits {
	for _, d := range l.all() {
		*d = time.Duration(float64(*d) * by)
	}
	return l
}

// Shorter are the limits of a join at a server that was silent to an earlier one:
// the same silence is not waited for a second time.
func (l Limits) Shorter() Limits {
	for _, d := range []*time.Duration{&l.Upgrade, &l.FirstFrame, &l.Offer, &l.Candidate, &l.DTLS, &l.Silence} {
		*d = min(*d, l.Again)
	}
	return l
}

// all are the fields.
func (l *Limits) all() []*time.Duration {
	return []*time.Duration{&l.DNS, &l.TCP, &l.TLS, &l.FirstByte, &l.Exchange, &l.Body, &l.Compile, &l.Extra, &l.Upgrade, &l.FirstFrame, &l.Media,
		&l.Offer, &l.Candidate, &l.DTLS, &l.Silence, &l.Grace, &l.CandidateTCP, &l.Ask, &l.Connect, &l.Pause, &l.Accept, &l.Measure, &l.Settle,
		&l.Relay, &l.Path, &l.TURN, &l.Echo, &l.Again}
}

// Waits are the Limits, with the defaults in place of zeros.
func (n *Net) Waits() Limits {
	d, l := DefaultLimits(), n.Limits
	for i, have := range l.all() {
		if *have <= 0 {
			*have = *d.all()[i]
		}
	}
	return l
}
