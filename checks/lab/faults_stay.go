package lab

import (
	"context"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"lkdoctor/checks/finding"
)

// callLength is how long a stay goes on before it is ended: longer than all of
// the checks need, --media included.
const callLength = 3 * time.Second

// stayFaults end a stay while it goes on. The checks leave early and find nothing wrong;
// lkdoctor join is disconnected.
func stayFaults() []Fault {
	f := func(name, about string, reason livekit.DisconnectReason, end func(context.Context, *Lab, *livekit.JoinResponse) error) Fault {
		return Fault{Name: name, About: about, Owner: finding.OwnerNone, Ends: reason.String(), set: withStay(end)}
	}
	return []Fault{
		f("call-shutdown", "lkdoctor join: the server shuts down 3 s into the call", livekit.DisconnectReason_SERVER_SHUTDOWN,
			func(_ context.Context, l *Lab, _ *livekit.JoinResponse) error { return l.LiveKit.Close() }),
		f("call-duplicate", "lkdoctor join: somebody else joins with the same identity 3 s into the call",
			livekit.DisconnectReason_DUPLICATE_IDENTITY,
			func(ctx context.Context, l *Lab, join *livekit.JoinResponse) error {
				return l.guestIn(ctx, join.GetRoom().GetName(), join.GetParticipant().GetIdentity())
			}),
		f("call-removed", "lkdoctor join: the backend removes the participant 3 s into the call",
			livekit.DisconnectReason_PARTICIPANT_REMOVED,
			func(ctx context.Context, l *Lab, join *livekit.JoinResponse) error {
				_, err := l.rooms().RemoveParticipant(ctx, inRoom(join))
				return err
			}),
		f("call-room-deleted", "lkdoctor join: the backend deletes the room 3 s into the call", livekit.DisconnectReason_ROOM_DELETED,
			func(ctx context.Context, l *Lab, join *livekit.JoinResponse) error {
				_, err := l.rooms().DeleteRoom(ctx, &livekit.DeleteRoomRequest{Room: join.GetRoom().GetName()})
				return err
			}),
	}
}

// withStay ends each stay once it has gone on for callLength, unless it is over
// by then.
func withStay(end func(context.Context, *Lab, *livekit.JoinResponse) error) func(*plan) {
	return withFront(func(l *Lab) (string, error) {
		calls := &calls{}
		calls.ctx, calls.cancel = context.WithCancel(context.Background())
		peer, err := Serve(SignalProxy(l.LiveKit.Addr, Rewrite{
			ToClient: func(m *livekit.SignalResponse) []*livekit.SignalResponse {
				if join := m.GetJoin(); join != nil {
					calls.begin(l, join, end)
				}
				return []*livekit.SignalResponse{m}
			},
		}), nil)
		l.keep(calls)
		return l.peer(peer, err, "ws")
	})
}

// calls are the stays that go on.
type calls struct {
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
}

func (c *calls) begin(l *Lab, join *livekit.JoinResponse, end func(context.Context, *Lab, *livekit.JoinResponse) error) {
	c.work.Go(func() {
		select {
		case <-c.ctx.Done():
			return
		case <-time.After(callLength):
		}
		now, err := l.rooms().GetParticipant(c.ctx, inRoom(join))
		if err != nil || now.GetSid() != join.GetParticipant().GetSid() {
			return // the stay has ended
		}
		// A server or a lab that ends meanwhile has ended the stay as well.
		_ = end(c.ctx, l, join)
	})
}

// Close stops waiting for the stays; it may be called twice.
func (c *calls) Close() error {
	c.cancel()
	c.work.Wait()
	return nil
}

func inRoom(join *livekit.JoinResponse) *livekit.RoomParticipantIdentity {
	return &livekit.RoomParticipantIdentity{Room: join.GetRoom().GetName(), Identity: join.GetParticipant().GetIdentity()}
}

// rooms returns a client of the server itself.
func (l *Lab) rooms() *lksdk.RoomServiceClient {
	pair := l.plan.serverPairs[0]
	return lksdk.NewRoomServiceClient("http://"+l.LiveKit.Addr, pair.Key, pair.Secret)
}
