package checks

import (
	"cmp"
	"strings"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/token"
	"lkdoctor/config/clean"
)

// upgradeFinding reads the HTTP answer that refused the upgrade, which the SDKs
// discard.
func upgradeFinding(f *session.SignalFailure, t *token.Token, front probe.ServerKind, at address) Finding {
	if named := probe.Front(f.Status, f.Header, f.Body); named != probe.ServerUnknown {
		front = named
	}
	facts := map[string]string{"server_text": f.Body}
	for _, name := range []string{"Server", "Via", "Cf-Ray", "Location", "X-Powered-By"} {
		facts["header_"+strings.ToLower(strings.ReplaceAll(name, "-", "_"))] = f.Header.Get(name)
	}
	return withTexts(upgradeRefusal(f, t, front, at).With("status", f.Status), facts)
}

func upgradeRefusal(f *session.SignalFailure, t *token.Token, front probe.ServerKind, at address) Finding {
	refusal, is := refusalOf(&probe.Verdict{Status: f.Status, Reason: f.Refusal, Text: f.Body, Front: front}, at, t)
	switch {
	case is:
		return refusal
	case f.Status == 500 && strings.Contains(strings.ToLower(f.Body), "connection closed by media"):
		return joinRefused(t)
	case f.Status == 503 && f.LiveKit:
		return overloaded(f.Status, f.Body)
	case f.Status >= 502 && f.Status <= 504:
		return notReady(f.Status, f.Body, front)
	case f.LiveKit:
		return finding.New(finding.ServerTokenRejected, finding.Fail,
			"the server accepted the token over HTTP, and refuses the WebSocket with %d: %s", f.Status, orNothing(f.Body)).As("websocket")
	case f.Status == 101:
		return finding.New(finding.WebsocketNotSignal, finding.Fail,
			"the upgrade was answered with 101, and without what makes it a WebSocket (Sec-WebSocket-Accept)").As("no-handshake")
	case f.Status >= 300 && f.Status < 400:
		return finding.New(finding.WebsocketRefused, finding.Fail,
			"the server accepts the token over HTTP, and the WebSocket is redirected (%d) to %s: no client follows", f.Status,
			orNothing(clean.URL(f.Header.Get("Location")))).As("redirect")
	case f.Status == 404, f.Status == 426, f.Status == 400, f.Status >= 200 && f.Status < 300:
		return finding.New(finding.WebsocketUpgradeStripped, finding.Fail,
			"the server accepts the token over HTTP, and the WebSocket upgrade came back as %d: a proxy on the way drops the Upgrade header", f.Status).
			As(byFront(finding.WebsocketUpgradeStripped, "", front, "other"))
	}
	variant := map[int]string{401: "login", 403: "forbidden"}[f.Status]
	return finding.New(finding.WebsocketRefused, finding.Fail,
		"the server accepts the token over HTTP, and something on the way refuses the WebSocket with %d: %s", f.Status, orNothing(f.Body)).
		As(cmp.Or(variant, "other"))
}

// upgradeLost reports whether a connection was made and the upgrade request got no
// answer.
func upgradeLost(f *probe.Failure) bool {
	switch f.Kind {
	case probe.KindSilent, probe.KindHeaderSlow, probe.KindReset, probe.KindClosed:
		return f.Phase == probe.PhaseHTTP
	}
	return false
}

// upgradeUnanswered returns a finding about a proxy that passes plain requests on
// and does not answer a WebSocket upgrade, as Node.js proxies without WebSocket
// support do. Other proxies answer as to a plain request.
func upgradeUnanswered(f *probe.Failure, front probe.ServerKind) Finding {
	g := finding.New(finding.WebsocketUpgradeStripped, finding.Fail,
		"the server accepts the token over HTTP, and the WebSocket upgrade got no answer within %s: a proxy on the way does not pass WebSockets on",
		finding.Duration(f.Took))
	if f.Kind == probe.KindReset || f.Kind == probe.KindClosed {
		g.Message = finding.Textf("the server accepts the token over HTTP, and cuts the connection at the WebSocket upgrade: a proxy on the way does not pass WebSockets on")
	}
	return failureFacts(g, f).As(byFront(finding.WebsocketUpgradeStripped, "", front, "node"))
}

// joinRefused returns a finding about a join that the server refused after it
// accepted the token; only its log has the reason. The token's content narrows it
// down.
func joinRefused(t *token.Token) Finding {
	f := finding.New(finding.RoomJoinRefused, finding.Fail,
		"the server accepted the token and then refused the join (500, connection closed by media): the room is full, "+
			"or metadata or attributes are too large, or the room preset is unknown").As("undecided")
	if t == nil {
		return f
	}
	switch claims := t.Claims; {
	case claims.RoomPreset != "":
		return f.As("preset")
	case claims.MetadataBytes > defaultMetadata || claims.AttributesBytes > defaultAttributes:
		return f.As("metadata")
	case claims.MetadataBytes+claims.AttributesBytes == 0:
		f.Message = finding.Textf("the server accepted the token and then refused the join (500, connection closed by media), and the token has neither metadata nor attributes nor a room preset: the room is full")
		return f.As("full")
	}
	return f
}

// The default limits of livekit-server, in bytes (1.13.5, pkg/config,
// DefaultConfig.Limit).
const (
	defaultMetadata   = 512 << 10
	defaultAttributes = 64 << 10
)

func orNothing(s string) Text {
	if s == "" {
		return finding.Textf("(no text)")
	}
	return finding.Textf("%s", s)
}

func roomNotFound(t *token.Token) Finding {
	room := clean.Line(t.Room(), 80)
	return finding.New(finding.RoomNotFound, finding.Fail,
		"room %s does not exist, and the server does not create rooms on joining", room).With("room", room)
}

// leftFinding returns a finding about a Leave of the server, with its reason in a
// sentence.
func leftFinding(reason, action string) Finding {
	variants := map[string]string{
		"DUPLICATE_IDENTITY": "duplicate-identity", "SERVER_SHUTDOWN": "shutdown", "PARTICIPANT_REMOVED": "removed",
		"ROOM_DELETED": "room-deleted", "ROOM_CLOSED": "room-deleted", "JOIN_FAILURE": "join-failed", "MEDIA_FAILURE": "join-failed",
		"CONNECTION_TIMEOUT": "timeout", "STATE_MISMATCH": "state", "MIGRATION": "state", "SIGNAL_CLOSE": "state",
	}
	return finding.New(finding.JoinLeft, finding.Fail, "the server ended the stay: %s (%s)", finding.LeaveReason(reason), reason).
		As(cmp.Or(variants[reason], "other")).With("reason", reason).With("action", action)
}
