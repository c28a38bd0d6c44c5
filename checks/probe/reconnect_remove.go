package probe

import (
	"context"
	"net/http"
	"net/url"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"
)

// Remove takes a participant of the doctor's own out of its room by the
// RoomService, with a token made of key and secret for this one request. It
// waits no longer than Limits.Extra. A participant that is not there is fine.
func (n *Net) Remove(ctx context.Context, base *url.URL, key, secret, room, identity string) {
	grant := &auth.VideoGrant{RoomAdmin: true, Room: room}
	tok, err := auth.NewAccessToken(key, secret).SetVideoGrant(grant).ToJWT()
	if err != nil || checkURL(base) != nil {
		return
	}
	ctx, err = twirp.WithHTTPRequestHeaders(ctx, http.Header{"Authorization": {"Bearer " + tok}})
	if err != nil {
		return
	}
	client := livekit.NewRoomServiceProtobufClient(join(base, "").String(), &exchanger{net: n, secret: tok})
	_, _ = client.RemoveParticipant(ctx, &livekit.RoomParticipantIdentity{Room: room, Identity: identity})
}
