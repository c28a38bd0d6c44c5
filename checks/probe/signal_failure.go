package probe

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// SignalKind says how the signalling connection failed.
type SignalKind string

// The kinds, in the order in which a join meets them.
const (
	// SignalNetwork: no HTTP answer to the upgrade; Network says why.
	SignalNetwork SignalKind = "network"
	// SignalUpgradeRefused: an HTTP answer other than 101; Status, Header and
	// Body are its own.
	SignalUpgradeRefused SignalKind = "upgrade_refused"
	// SignalClosed: the WebSocket opened and ended before the server said Join.
	SignalClosed SignalKind = "closed"
	// SignalSilent: the WebSocket opened and no first frame came in time. The Go
	// SDK waits for ever here.
	SignalSilent SignalKind = "silent"
	// SignalNotSignal: the first frame is not LiveKit's protocol.
	SignalNotSignal SignalKind = "not_signal"
	// SignalLeave: the server answered Leave instead of Join.
	SignalLeave SignalKind = "leave"
	// SignalCancelled: the caller's context was cancelled after the upgrade.
	SignalCancelled SignalKind = "cancelled"
)

// SignalFailure is why there is no Join. It is an error whose text is safe to
// show; every string in it is cleaned and redacted.
type SignalFailure struct {
	Kind SignalKind
	// Network is set for SignalNetwork.
	Network *Failure
	// Status, Header and Body are the HTTP answer that refused the upgrade.
	// Header holds only what names the answerer: Server, Via, CF-Ray, Location,
	// Content-Type, X-Powered-By, Retry-After, Date. Body is capped at 1 KiB.
	Status int
	Header http.Header
	Body   string
	// LiveKit tells whether Body is a text that livekit-server is known to
	// answer with, and Refusal what that text means, as of /rtc/validate.
	LiveKit bool
	Refusal Reason
	// Upgraded tells whether the WebSocket opened.
	Upgraded bool
	// CloseCode and CloseText come from the server's close frame. CloseCode 1006
	// (never sent on the wire, RFC 6455 section 7.4.1) means that the connection ended
	// without one.
	CloseCode int
	CloseText string
	// FrameType is text or binary, FrameLength its bytes and Excerpt its readable
	// beginning: what came instead of Join.
	FrameType   string
	FrameLength int
	Excerpt     string
	// Reason and Action are those of Leave, in LiveKit's own words:
	// DUPLICATE_IDENTITY, DISCONNECT.
	Reason, Action string
	// Phases is how far the time went.
	Phases SignalPhases
	// Took is the time from the start of OpenSignal to the failure.
	Took time.Duration
	// Err is the cause, for errors.Is and errors.As. Show Error, never this.
	Err error
}

// Error says what failed, in words that are safe to show.
func (f *SignalFailure) Error() string {
	if f == nil {
		return "no failure"
	}
	switch f.Kind {
	case SignalNetwork:
		return "signal: " + f.Network.Error()
	case SignalUpgradeRefused:
		if f.Body == "" {
			return fmt.Sprintf("signal: upgrade refused: %d, empty body", f.Status)
		}
		return fmt.Sprintf("signal: upgrade refused: %d: %s", f.Status, f.Body)
	case SignalClosed:
		return strings.TrimSpace(fmt.Sprintf("signal: closed before join: %d %s", f.CloseCode, f.CloseText))
	case SignalNotSignal:
		return fmt.Sprintf("signal: first frame is not a signal response: %s, %d bytes", f.FrameType, f.FrameLength)
	case SignalLeave:
		return fmt.Sprintf("signal: leave instead of join: %s", f.Reason)
	}
	return "signal: " + string(f.Kind)
}

// Unwrap returns the cause.
func (f *SignalFailure) Unwrap() error {
	switch {
	case f == nil:
		return nil
	case f.Network != nil:
		return f.Network
	}
	return f.Err
}

// tellingHeaders are the headers of a refusal that are kept.
var tellingHeaders = [...]string{
	"Server", "Via", "Cf-Ray", "Location", "Content-Type", "X-Powered-By", "Retry-After", "Date",
}

// tellingHeader keeps what names the answerer, cleaned.
func (n *Net) tellingHeader(h http.Header, token string) http.Header {
	out := http.Header{}
	for _, name := range tellingHeaders {
		if v := h.Get(name); v != "" {
			out.Set(name, n.line(withoutToken(v, token)))
		}
	}
	return out
}
