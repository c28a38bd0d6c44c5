package session

import (
	"context"
	"errors"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"lkdoctor/checks/caps"
)

// ErrNotSent means that the data channel did not open in time.
var ErrNotSent = errors.New("the connection for data is not up")

// takeData passes a data packet to Options.Data.
func (p *Participant) takeData(data []byte) {
	p.data.wait(1)
	packet, parts := &livekit.DataPacket{}, caps.Parts
	if p.o.Data == nil || !fits(data, packet.ProtoReflect().Descriptor(), &parts) || proto.Unmarshal(data, packet) != nil {
		return
	}
	p.o.Data(packet)
}

// Send sends a reliable data packet to all participants. It waits for the data
// channel until ctx ends.
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
