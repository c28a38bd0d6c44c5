package checks

import (
	"cmp"
	"strings"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/token"
	"lkdoctor/config/clean"
)

// frontName returns the name of a proxy or web server in the catalogue's variants
// and its usual name; both are "" where no variant is about it.
func frontName(kind probe.ServerKind) (part, name string) {
	names := map[probe.ServerKind][2]string{
		probe.ServerNginx: {"nginx", "nginx"}, probe.ServerCaddy: {"caddy", "Caddy"}, probe.ServerTraefik: {"traefik", "Traefik"},
		probe.ServerApache: {"apache", "Apache"}, probe.ServerHAProxy: {"haproxy", "HAProxy"}, probe.ServerVite: {"vite", "Vite"},
		probe.ServerCloudflare: {"cloudflare", "Cloudflare"}, probe.ServerExpress: {"node", "Node.js (Express)"},
	}[kind]
	return names[0], names[1]
}

// byFront returns the variant of code for the proxy that was seen, stem and its
// name, or otherwise where the catalogue has none.
func byFront(code Code, stem string, front probe.ServerKind, otherwise string) string {
	part, _ := frontName(front)
	name := strings.Trim(stem+"-"+part, "-")
	if page, _ := catalogue.Lookup(code); part != "" {
		if _, has := page.Variant(name); has {
			return name
		}
	}
	return otherwise
}

// byAnswer returns the variant of code for a path that does not lead to LiveKit, by
// the answer that came there: a refusal, a redirect, a failure to reach what is behind
// the proxy, or, with any other answer, a path that is not passed on.
func byAnswer(code Code, status int, front probe.ServerKind) string {
	stem := ""
	switch {
	case status == 401 || status == 403:
		stem = "refused"
	case status >= 300 && status <= 399:
		stem = "redirect"
	case status == 426:
		stem = "no-upgrade"
	case status >= 500 && status != 501: // 501 is a file server's answer to POST
		stem = "gateway"
	}
	return byFront(code, stem, front, cmp.Or(stem, "other"))
}

// refusalOf returns the finding for a refusal that is about the server, the proxy
// before it or the room, and not about the token t; is reports whether it is one.
func refusalOf(v *probe.Verdict, at address, t *token.Token) (f Finding, is bool) {
	switch v.Reason {
	case probe.ReasonNodeLimit:
		return overloaded(v.Status, v.Text), true
	case probe.ReasonNoNodes:
		return notReady(v.Status, v.Text, v.Front), true
	case probe.ReasonQuota:
		return quota(v.Status, v.Text, v.Front, at), true
	case probe.ReasonRoomNotFound:
		room := clean.Line(t.Room(), 80)
		return finding.New(finding.RoomNotFound, finding.Fail,
			"room %s does not exist, and the server does not create rooms on joining", room).With("room", room), true
	}
	return Finding{}, false
}

// notReady returns a finding about a server that takes no participants now:
// LiveKit's own answer, or that of a proxy that did not reach LiveKit.
func notReady(status int, text string, front probe.ServerKind) Finding {
	f := finding.New(finding.ServerNotReady, finding.Fail, "the server answers %d: it is not ready to take anybody", status)
	_, name := frontName(front)
	who := finding.Textf("%s", name)
	if name == "" {
		who = finding.Textf("a proxy")
	}
	switch {
	case status == 406:
		f = f.As("stale-node")
	case strings.Contains(strings.ToLower(text), "could not find any available nodes"):
		f.Message = finding.Textf("the server answers %d: it finds no node that could take the room", status)
		f = f.As("no-nodes")
	case status < 502 || status > 504 && (status < 520 || status > 526): // a proxy's own statuses are left
		f = f.As("no-nodes")
	default:
		f = f.As(byFront(f.Code, "gateway", front, "gateway"))
		f.Message = finding.Textf("%s answers %d in LiveKit's place: it does not reach the LiveKit server behind it", who, status)
		if status == 503 {
			f.Message = finding.Textf(
				"%s answers 503 in LiveKit's place: it has no server behind it that works, or a limit of its own", who)
		}
	}
	return withAnswer(f, status, text)
}

// refusedLater returns a finding about a gateway's status from a server at which LiveKit
// has answered in this run. nginx answers 503 for its own limits, and 502 or 504 where it
// does not reach LiveKit.
func refusedLater(status int, text string, front probe.ServerKind) Finding {
	if status != 503 || front != probe.ServerNginx {
		return notReady(status, text, front)
	}
	f := finding.New(finding.ServerQuota, finding.Fail,
		"nginx answers 503 in LiveKit's place, and LiveKit has answered through it in this run: "+
			"probably nginx's limit on requests or connections is used up")
	return withAnswer(f.As("nginx"), status, text)
}

func overloaded(status int, text string) Finding {
	return withAnswer(finding.New(finding.ServerOverloaded, finding.Fail,
		"the server answers %d: it is at its limit", status), status, text)
}

func quota(status int, text string, front probe.ServerKind, at address) Finding {
	f := finding.New(finding.ServerQuota, finding.Fail, "the server answers %d: a quota or rate limit is used up", status)
	if isCloud(at.Hostname()) {
		return withAnswer(f.As("cloud"), status, text)
	}
	return withAnswer(f.As(byFront(f.Code, "", front, "other")), status, text)
}

func isCloud(host string) bool { return strings.HasSuffix(strings.ToLower(host), ".livekit.cloud") }

// withAnswer adds the server's answer to the facts, and a sentence to the message.
func withAnswer(f Finding, status int, text string) Finding {
	f = f.With("status", status)
	if text == "" {
		return f
	}
	if !strings.HasPrefix(strings.TrimSpace(text), "<") {
		f.Message = finding.Textf("%s; it says “%s”", f.Message, clean.Line(text, 160))
	}
	return f.With("server_text", text)
}

// upgradeFinding returns the finding about the answer that refused the upgrade.
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
		return refusedLater(f.Status, f.Body, front)
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
			"the server accepts the token over HTTP, and the WebSocket upgrade came back as %d: a "+
				"proxy on the way drops the Upgrade header", f.Status).
			As(byFront(finding.WebsocketUpgradeStripped, "", front, "other"))
	}
	variant := map[int]string{401: "login", 403: "forbidden"}[f.Status]
	return finding.New(finding.WebsocketRefused, finding.Fail,
		"the server accepts the token over HTTP, and something on the way refuses the WebSocket with %d: %s", f.Status, orNothing(f.Body)).
		As(cmp.Or(variant, "other"))
}

// upgradeUnanswered returns a finding about a proxy that passes plain requests on
// and does not answer a WebSocket upgrade, as Node.js proxies without WebSocket
// support do. Other proxies answer as to a plain request.
func upgradeUnanswered(f *probe.Failure, front probe.ServerKind) Finding {
	g := finding.New(finding.WebsocketUpgradeStripped, finding.Fail,
		"the server accepts the token over HTTP, and the WebSocket upgrade got no answer within %s: "+
			"a proxy on the way does not pass WebSockets on",
		finding.Duration(f.Took))
	if f.Kind == probe.KindReset || f.Kind == probe.KindClosed {
		g.Message = finding.Textf(
			"the server accepts the token over HTTP, and cuts the connection at the WebSocket " +
				"upgrade: a proxy on the way does not pass WebSockets on")
	}
	return failureFacts(g, f).As(byFront(finding.WebsocketUpgradeStripped, "", front, "node"))
}

// joinRefused returns a finding about a join refused after the token was accepted. Only
// the server's log has the reason; the token's content narrows it down.
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
		f.Message = finding.Textf(
			"the server accepted the token and then refused the join (500, connection closed by " +
				"media), and the token has neither metadata nor attributes nor a room preset: the room is full")
		return f.As("full")
	}
	return f
}

// The default limits of livekit-server, in bytes (1.13.5, DefaultConfig.Limit).
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

// leftFinding returns a finding about a Leave of the server.
func leftFinding(reason, action string) Finding {
	variants := map[string]string{
		"DUPLICATE_IDENTITY": "duplicate-identity", "SERVER_SHUTDOWN": "shutdown", "PARTICIPANT_REMOVED": "removed",
		"ROOM_DELETED": "room-deleted", "ROOM_CLOSED": "room-deleted", "JOIN_FAILURE": "join-failed", "MEDIA_FAILURE": "join-failed",
		"CONNECTION_TIMEOUT": "timeout", "STATE_MISMATCH": "state", "MIGRATION": "state", "SIGNAL_CLOSE": "state",
	}
	f := finding.New(finding.JoinLeft, finding.Fail, "the server ended the stay: %s (%s)", finding.LeaveReason(reason), reason).
		As(cmp.Or(variants[reason], "other")).With("reason", reason).With("action", action)
	if f.Variant == "duplicate-identity" {
		f = f.By(finding.OwnerMaker) // who chooses the identity
	}
	return f
}
