package lab

import (
	"context"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/finding"
)

// joinFaults are a server that accepts the token, and a WebSocket or a room that does not
// work.
func joinFaults() []Fault {
	server := by(finding.OwnerLiveKitServer)
	socket := func(talk func(*websocket.Conn)) change { return onUpgrade(UpgradeThen(talk)) }
	hasToken := func(r *http.Request) bool { return r.URL.Query().Has("access_token") }
	return []Fault{
		server("upgrade-stripped", "a proxy removes the Upgrade header", finding.WebsocketUpgradeStripped, proxied(StripUpgrade)),
		server("upgrade-stripped-secret-stale", "a proxy removes the Upgrade header, and the secret here is not the server's",
			finding.WebsocketUpgradeStripped, proxied(StripUpgrade), set("LIVEKIT_API_SECRET", base62(43)),
		).and(finding.ConfigSecretStale),
		server("upgrade-426", "a proxy answers the upgrade with 426", finding.WebsocketUpgradeStripped,
			onUpgrade(Text(http.StatusUpgradeRequired, "Upgrade Required"))),
		server("ws-forbidden", "a firewall forbids the WebSocket (403)", finding.WebsocketRefused,
			onUpgrade(Text(http.StatusForbidden, "origin not allowed"))),
		server("ws-redirect", "a proxy redirects the WebSocket", finding.WebsocketRefused,
			onUpgrade(Redirect(http.StatusMovedPermanently, "https://livekit.lklab.invalid/rtc"))),
		server("ws-no-accept", "the upgrade is answered with 101 and is no WebSocket", finding.WebsocketNotSignal,
			onUpgrade(Reply(http.StatusSwitchingProtocols, map[string]string{"Upgrade": "websocket", "Connection": "Upgrade"}, ""))),
		server("auth-stripped", "a proxy removes the Authorization header", finding.WebsocketAuthStripped, proxied(stripAuthorization)),
		server("query-stripped", "a proxy drops the query, in which browsers send the token", finding.WebsocketQueryRefused,
			proxied(StripQuery)),
		server("query-forbidden", "a firewall forbids a token in the query (403)", finding.WebsocketQueryRefused,
			proxied(func(next http.Handler) http.Handler {
				return when(hasToken, Text(http.StatusForbidden, "Request blocked\n"), next)
			})),
		server("server-old", "the server is LiveKit 1.8.4, which has no /rtc/v1", finding.ServerVersionOld,
			rewritten(onJoin(func(j *livekit.JoinResponse) { j.ServerInfo.Version, j.ServerVersion = "1.8.4", "1.8.4" })),
			at("/rtc/v1", Reply(http.StatusNotFound, map[string]string{"Content-Type": "text/plain; charset=utf-8",
				"X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "*"}, "404 page not found\n"))).warning(),
		server("ws-closed", "the WebSocket opens and is closed at once (1000)", finding.WebsocketClosed,
			socket(closeWith(websocket.CloseNormalClosure, ""))),
		server("ws-closed-policy", "the WebSocket opens and is closed at once (1008, with a reason)", finding.WebsocketClosed,
			socket(closeWith(websocket.ClosePolicyViolation, "origin not allowed"))),
		server("ws-dropped", "the WebSocket opens and the connection is cut", finding.WebsocketClosed, socket(func(*websocket.Conn) {})),
		server("ws-silent", "the WebSocket opens and nothing comes", finding.WebsocketSilent, socket(listenOnly)).silent(),
		server("ws-text", "the WebSocket opens and sends text", finding.WebsocketNotSignal,
			socket(say(websocket.TextMessage, []byte("hello, this is an echo server")))),
		server("ws-json", "the WebSocket opens and speaks somebody else's JSON protocol", finding.WebsocketNotSignal,
			socket(say(websocket.TextMessage, []byte(`{"type":"connection_ack","id":"1"}`)))),
		server("ws-binary", "the WebSocket opens and sends bytes that are no LiveKit message", finding.WebsocketNotSignal,
			socket(say(websocket.BinaryMessage, []byte{0xff, 0xfe, 0xfd, 0x00, 0x01, 0x80}))),

		server("room-not-found", "the server does not create rooms by itself (auto_create off)", finding.RoomNotFound,
			serverYAML("room: {auto_create: false}")),
		server("room-full", "the room takes one participant, and somebody is in it", finding.RoomJoinRefused,
			serverYAML("room: {auto_create: true, max_participants: 1}"),
			ready(func(ctx context.Context, l *Lab) error { return l.guest(ctx, l.Room, "guest-"+randomHex(3)) })),
		server("metadata-too-large", "the token's metadata is more than the server takes", finding.RoomJoinRefused,
			serverYAML("limit: {max_metadata_size: 16}"), claim("metadata", `{"org_id":"org_lab","conv_id":"conv_lab"}`)),
		by(finding.OwnerNone)("would-evict", "the token's identity is in the room already", finding.JoinWouldEvict,
			ready(func(ctx context.Context, l *Lab) error { return l.guest(ctx, l.Room, l.Identity) })).warning(),
		server("leave-on-join", "the server sends Leave after its Join: it shuts down", finding.JoinLeft,
			leaving(true, livekit.DisconnectReason_SERVER_SHUTDOWN)),
		by(finding.OwnerTicketService)("leave-duplicate", "somebody joins with the same identity while media connects", finding.JoinLeft,
			leaving(true, livekit.DisconnectReason_DUPLICATE_IDENTITY)),
		server("leave-removed", "an API call removes the participant while media connects", finding.JoinLeft,
			leaving(true, livekit.DisconnectReason_PARTICIPANT_REMOVED)),
		server("leave-for-join", "the server sends Leave in place of its Join", finding.JoinLeft,
			leaving(false, livekit.DisconnectReason_JOIN_FAILURE)),
	}
}

// guest joins a room on the server itself, and stays until Close.
func (l *Lab) guest(ctx context.Context, room, identity string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	g, err := Join(ctx, l.LiveKit.URL, l.plan.serverPairs[0].Token(room, identity))
	if err != nil {
		return err
	}
	l.keep(g.Close)
	return nil
}

// leaving sends a Leave after the server's Join, or in its place, and none of its later
// messages.
func leaving(join bool, reason livekit.DisconnectReason) change {
	leave := &livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{
		Leave: &livekit.LeaveRequest{Reason: reason, Action: livekit.LeaveRequest_DISCONNECT}}}
	return rewritten(Rewrite{ToClient: func(m *livekit.SignalResponse) []*livekit.SignalResponse {
		switch {
		case m.GetJoin() == nil:
			return nil
		case join:
			return []*livekit.SignalResponse{m, leave}
		}
		return []*livekit.SignalResponse{leave}
	}})
}
