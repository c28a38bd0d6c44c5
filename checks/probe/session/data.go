package session

import (
	"context"
	"errors"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"lkdoctor/checks/caps"
)

// ErrNotSent is that the connection that carries data did not come up in time.
var ErrNotSent = errors.New("the connection for data is not up")

// takeData hands on a data packet.
func (p *Participant) takeData(data []byte) {
	p.data.wait(1)
	packet, parts := &livekit.DataPacket{}, caps.Parts
	if p.o.Data == nil || !fits(data, packet.ProtoReflect().Descriptor(), &parts) || proto.Unmarshal(data, packet) != nil {
		return
	}
	p.o.Data(packet)
}

// Send sends a reliable data packet to everybody. It waits for the connection that
// carries it, until ctx ends.
func (p *Participant) Send(ctx context.Context, payload []byte) error {
	fresh := p.transport(livekit.SignalTarget_PUBLISHER) == nil
	t, err := p.publisher()
	if err != nil {
		return err
	}
	if fresh {
		p.negotiating.Lock()
		err = t.offer(false)
		p.negotiating.Unlock()
		if err != nil {
			return err
		}
	}
	if p.wait(ctx, t.up) != nil || p.wait(ctx, t.data) != nil {
		return ErrNotSent
	}
	data, err := proto.Marshal(&livekit.DataPacket{
		Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Payload: payload}}})
	if err != nil {
		return err
	}
	p.mu.Lock()
	dc := p.reliable
	p.mu.Unlock()
	return dc.Send(data)
}
