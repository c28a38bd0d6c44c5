package probe

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"
)

// InRoom asks LiveKit's RoomService whether identity is in room now, with a token
// made of key and secret for this request. It only reads, and waits at most
// Limits.Extra. known is false when the server does not answer: the keys are not
// its own, or a proxy does not pass /twirp on.
//
// The RoomService client is the generated one of github.com/livekit/protocol,
// which server-sdk-go wraps: the wrapper takes no HTTP client, so that proxies,
// authorities and caps of this Net would not apply.
func (n *Net) InRoom(ctx context.Context, base *url.URL, key, secret, room, identity string) (present, known bool, f *Failure) {
	if f := CheckURL(base); f != nil {
		return false, false, f
	}
	tok, err := serverToken(key, secret, &auth.VideoGrant{RoomAdmin: true, Room: room})
	if err != nil {
		return false, false, nil // no key or no secret: nothing can be asked
	}
	ctx, err = twirp.WithHTTPRequestHeaders(ctx, http.Header{"Authorization": {"Bearer " + tok}})
	if err != nil {
		return false, false, nil
	}
	doer := &exchanger{net: n, secret: tok}
	client := livekit.NewRoomServiceProtobufClient(Endpoint(base, "").String(), doer)
	_, err = client.GetParticipant(ctx, &livekit.RoomParticipantIdentity{Room: room, Identity: identity})
	var te twirp.Error
	switch {
	case err == nil:
		return true, true, nil
	case doer.failure != nil:
		return false, false, doer.failure
	case errors.As(err, &te) && te.Code() == twirp.NotFound:
		return false, true, nil
	}
	return false, false, nil
}

// Remove removes a participant of the doctor's own from its room by the
// RoomService, with a token made of key and secret for this request. It waits at
// most Limits.Extra. A participant that is not in the room is no error.
func (n *Net) Remove(ctx context.Context, base *url.URL, key, secret, room, identity string) {
	tok, err := serverToken(key, secret, &auth.VideoGrant{RoomAdmin: true, Room: room})
	if err != nil || CheckURL(base) != nil {
		return
	}
	ctx, err = twirp.WithHTTPRequestHeaders(ctx, http.Header{"Authorization": {"Bearer " + tok}})
	if err != nil {
		return
	}
	client := livekit.NewRoomServiceProtobufClient(Endpoint(base, "").String(), &exchanger{net: n, secret: tok})
	_, _ = client.RemoveParticipant(ctx, &livekit.RoomParticipantIdentity{Room: room, Identity: identity})
}
