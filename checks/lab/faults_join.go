package lab

import (
	"context"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/finding"
)

// joinFaults are a server that accepts the token, and a WebSocket or a room that
// does not work.
func joinFaults() []Fault {
	f := func(name, about string, code finding.Code, set func(*plan)) Fault {
		return Fault{Name: name, About: about, Want: []finding.Code{code}, Owner: finding.OwnerLiveKitServer, set: set}
	}
	warning := func(f Fault) Fault { f.Warn = true; return f }
	socket := func(talk func(*websocket.Conn)) func(*plan) {
		return withWeb(func(_ *Lab, addr string) http.Handler { return OnUpgrade(UpgradeThen(talk), Forward(addr)) })
	}
	signal := func(rewrite func() Rewrite) func(*plan) {
		return withWeb(func(_ *Lab, addr string) http.Handler { return SignalProxy(addr, rewrite()) })
	}
	return []Fault{
		f("upgrade-stripped", "a proxy removes the Upgrade header", finding.WebsocketUpgradeStripped,
			withWeb(func(_ *Lab, addr string) http.Handler { return StripUpgrade(Forward(addr)) })),
		f("upgrade-426", "a proxy answers the upgrade with 426", finding.WebsocketUpgradeStripped,
			withWeb(func(_ *Lab, addr string) http.Handler {
				return OnUpgrade(Text(http.StatusUpgradeRequired, "Upgrade Required"), Forward(addr))
			})),
		f("ws-forbidden", "a firewall forbids the WebSocket (403)", finding.WebsocketRefused,
			withWeb(func(_ *Lab, addr string) http.Handler {
				return OnUpgrade(Text(http.StatusForbidden, "origin not allowed"), Forward(addr))
			})),
		f("ws-redirect", "a proxy redirects the WebSocket", finding.WebsocketRefused,
			withWeb(func(_ *Lab, addr string) http.Handler {
				return OnUpgrade(Redirect(http.StatusMovedPermanently, "https://livekit.lklab.invalid/rtc"), Forward(addr))
			})),
		f("ws-no-accept", "the upgrade is answered with 101 and is no WebSocket", finding.WebsocketNotSignal,
			withWeb(func(_ *Lab, addr string) http.Handler {
				return OnUpgrade(Reply(http.StatusSwitchingProtocols, map[string]string{"Upgrade": "websocket", "Connection": "Upgrade"},
					""), Forward(addr))
			})),
		f("auth-stripped", "a proxy removes the Authorization header", finding.WebsocketAuthStripped,
			withWeb(func(_ *Lab, addr string) http.Handler { return StripAuthorization(Forward(addr)) })),
		f("query-stripped", "a proxy drops the query, in which browsers send the token", finding.WebsocketQueryRefused,
			withWeb(func(_ *Lab, addr string) http.Handler { return StripQuery(Forward(addr)) })),
		f("query-forbidden", "a firewall forbids a token in the query (403)", finding.WebsocketQueryRefused,
			withWeb(func(_ *Lab, addr string) http.Handler { return ForbidTokenInQuery(Forward(addr)) })),
		warning(f("server-old", "the server is LiveKit 1.8.4, which has no /rtc/v1", finding.ServerVersionOld,
			withWeb(func(_ *Lab, addr string) http.Handler { return oldServer(addr) }))),
		f("ws-closed", "the WebSocket opens and is closed at once (1000)", finding.WebsocketClosed,
			socket(CloseWith(websocket.CloseNormalClosure, ""))),
		f("ws-closed-policy", "the WebSocket opens and is closed at once (1008, with a reason)", finding.WebsocketClosed,
			socket(CloseWith(websocket.ClosePolicyViolation, "origin not allowed"))),
		f("ws-dropped", "the WebSocket opens and the connection is cut", finding.WebsocketClosed, socket(func(*websocket.Conn) {})),
		silent(f("ws-silent", "the WebSocket opens and nothing comes", finding.WebsocketSilent, socket(ListenOnly))),
		f("ws-text", "the WebSocket opens and sends text", finding.WebsocketNotSignal,
			socket(Say(websocket.TextMessage, []byte("hello, this is an echo server")))),
		f("ws-json", "the WebSocket opens and speaks somebody else's JSON protocol", finding.WebsocketNotSignal,
			socket(Say(websocket.TextMessage, []byte(`{"type":"connection_ack","id":"1"}`)))),
		f("ws-binary", "the WebSocket opens and sends bytes that are no LiveKit message", finding.WebsocketNotSignal,
			socket(Say(websocket.BinaryMessage, []byte{0xff, 0xfe, 0xfd, 0x00, 0x01, 0x80}))),

		f("room-not-found", "the server does not create rooms by itself (auto_create off)", finding.RoomNotFound,
			func(p *plan) { p.server.ExtraYAML = "room: {auto_create: false}" }),
		f("room-full", "the room takes one participant, and somebody is in it", finding.RoomJoinRefused,
			func(p *plan) {
				p.server.ExtraYAML = "room: {auto_create: true, max_participants: 1}"
				p.ready = func(ctx context.Context, l *Lab) error { return l.guest(ctx, "guest-"+randomHex(3)) }
			}),
		f("metadata-too-large", "the token's metadata is more than the server takes", finding.RoomJoinRefused,
			func(p *plan) {
				p.server.ExtraYAML = "limit: {max_metadata_size: 16}"
				p.claims = func(_ *Lab, c Claims) { c["metadata"] = `{"org_id":"org_lab","conv_id":"conv_lab"}` }
			}),
		{Name: "would-evict", About: "the token's identity is in the room already", Warn: true,
			Want: []finding.Code{finding.JoinWouldEvict}, Owner: finding.OwnerNone,
			set: func(p *plan) {
				p.ready = func(ctx context.Context, l *Lab) error { return l.guest(ctx, l.Identity) }
			}},
		f("leave-on-join", "the server sends Leave after its Join: it shuts down", finding.JoinLeft,
			signal(func() Rewrite { return leaving(true, livekit.DisconnectReason_SERVER_SHUTDOWN) })),
		f("leave-duplicate", "somebody joins with the same identity while media connects", finding.JoinLeft,
			signal(func() Rewrite { return leaving(true, livekit.DisconnectReason_DUPLICATE_IDENTITY) })),
		f("leave-removed", "an API call removes the participant while media connects", finding.JoinLeft,
			signal(func() Rewrite { return leaving(true, livekit.DisconnectReason_PARTICIPANT_REMOVED) })),
		f("leave-for-join", "the server sends Leave in place of its Join", finding.JoinLeft,
			signal(func() Rewrite { return leaving(false, livekit.DisconnectReason_JOIN_FAILURE) })),
	}
}

// guest joins the token's room on the server itself with another identity, and stays
// until Close.
func (l *Lab) guest(ctx context.Context, identity string) error {
	return l.guestIn(ctx, l.Room, identity)
}

// guestIn is guest in another room.
func (l *Lab) guestIn(ctx context.Context, room, identity string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	pair := l.plan.serverPairs[0]
	g, err := Join(ctx, l.LiveKit.URL, Sign(participant(pair, room, identity, time.Now()), pair.Secret))
	if err != nil {
		return err
	}
	l.keep(g)
	return nil
}

// leaving sends a Leave after the server's Join, or in its place, and nothing
// that the server says after it.
func leaving(join bool, reason livekit.DisconnectReason) Rewrite {
	leave := &livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{
		Leave: &livekit.LeaveRequest{Reason: reason, Action: livekit.LeaveRequest_DISCONNECT}}}
	return Rewrite{ToClient: func(m *livekit.SignalResponse) []*livekit.SignalResponse {
		switch {
		case m.GetJoin() == nil:
			return nil
		case join:
			return []*livekit.SignalResponse{m, leave}
		}
		return []*livekit.SignalResponse{leave}
	}}
}

// oldServer is the server at addr as LiveKit 1.8.4 would be: it says so, and has
// no /rtc/v1.
func oldServer(addr string) http.Handler {
	proxy := SignalProxy(addr, Rewrite{ToClient: func(m *livekit.SignalResponse) []*livekit.SignalResponse {
		if join := m.GetJoin(); join != nil {
			join.ServerInfo.Version, join.ServerVersion = "1.8.4", "1.8.4"
		}
		return []*livekit.SignalResponse{m}
	}})
	// LiveKit lets every origin read its answers.
	return At("/rtc/v1", Reply(http.StatusNotFound, map[string]string{"Content-Type": "text/plain; charset=utf-8",
		"X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "*"}, "404 page not found\n"), proxy)
}
