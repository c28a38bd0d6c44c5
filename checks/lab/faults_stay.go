package lab

import (
	"context"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

// callLength is the time after which a stay is ended: longer than all of the checks need,
// with --media.
const callLength = 3 * time.Second

// ending ends the stay that began with a Join.
type ending func(context.Context, *Lab, *livekit.JoinResponse) error

// stayFaults end a stay. The checks leave before and find nothing wrong; lkdoctor join is
// disconnected.
func stayFaults() []Fault {
	f := func(name, about string, reason livekit.DisconnectReason, end ending) Fault {
		fault := working(name, "lkdoctor join: "+about+" 3 s into the call", withStay(end))
		fault.Ends = reason.String()
		return fault
	}
	return []Fault{
		f("call-shutdown", "the server shuts down", livekit.DisconnectReason_SERVER_SHUTDOWN,
			func(_ context.Context, l *Lab, _ *livekit.JoinResponse) error { return l.LiveKit.Close() }),
		f("call-duplicate", "somebody else joins with the same identity", livekit.DisconnectReason_DUPLICATE_IDENTITY,
			func(ctx context.Context, l *Lab, join *livekit.JoinResponse) error {
				return l.guest(ctx, join.GetRoom().GetName(), join.GetParticipant().GetIdentity())
			}),
		f("call-removed", "the backend removes the participant", livekit.DisconnectReason_PARTICIPANT_REMOVED,
			func(ctx context.Context, l *Lab, join *livekit.JoinResponse) error {
				_, err := l.rooms().RemoveParticipant(ctx, inRoom(join))
				return err
			}),
		f("call-room-deleted", "the backend deletes the room", livekit.DisconnectReason_ROOM_DELETED,
			func(ctx context.Context, l *Lab, join *livekit.JoinResponse) error {
				_, err := l.rooms().DeleteRoom(ctx, &livekit.DeleteRoomRequest{Room: join.GetRoom().GetName()})
				return err
			}),
	}
}

// withStay ends each stay after callLength, unless it has ended by then.
func withStay(end ending) change {
	return func(p *plan) {
		p.rewrite = func(l *Lab) (Rewrite, error) {
			var stays sync.WaitGroup
			ctx, cancel := context.WithCancel(context.Background())
			l.keep(func() error {
				cancel()
				stays.Wait()
				return nil
			})
			return onJoin(func(join *livekit.JoinResponse) { stays.Go(func() { end.after(ctx, l, join) }) }), nil
		}
	}
}

// after ends a stay after callLength, unless ctx ends before.
func (end ending) after(ctx context.Context, l *Lab, join *livekit.JoinResponse) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(callLength):
	}
	now, err := l.rooms().GetParticipant(ctx, inRoom(join))
	if err != nil || now.GetSid() != join.GetParticipant().GetSid() {
		return // the stay has ended
	}
	// If this fails because the server or the lab ends, the stay ends as well.
	_ = end(ctx, l, join)
}

func inRoom(join *livekit.JoinResponse) *livekit.RoomParticipantIdentity {
	return &livekit.RoomParticipantIdentity{Room: join.GetRoom().GetName(), Identity: join.GetParticipant().GetIdentity()}
}

// rooms returns a client of the server's API.
func (l *Lab) rooms() *lksdk.RoomServiceClient {
	pair := l.plan.serverPairs[0]
	return lksdk.NewRoomServiceClient("http://"+l.LiveKit.Addr, pair.Key, pair.Secret)
}
