package probe

import (
	"context"
	"errors"
	"time"

	"github.com/livekit/protocol/livekit"
)

// These say why a stay's media is not there.
var (
	errStayEnded = errors.New("the server ended the stay")
	errStayLate  = errors.New("no connection in time")
)

// awaitMedia waits until one of the connections is up.
func (st *stay) awaitMedia(ctx context.Context, p *stayPeer) error {
	select {
	case <-p.up:
		return nil
	case <-st.readDone:
		return errStayEnded
	case <-ctx.Done():
		return errStayLate
	}
}

// settle waits, after awaitMedia, until the server is sure of the session, too:
// livekit-server forgets a participant whose WebSocket ends while its own side
// of the media connection is not up. A data channel of its own shows that it is,
// and the answer to a ping that it has gone on since.
func (st *stay) settle(ctx context.Context) error {
	timer := time.NewTimer(settleWait)
	defer timer.Stop()
	select {
	case <-st.sub.data:
	case <-timer.C: // another server may open none
	case <-st.readDone:
		return errStayEnded
	case <-ctx.Done():
		return errStayLate
	}
	return st.ping(ctx)
}

// settleWait bounds the wait for a data channel.
const settleWait = 500 * time.Millisecond

// ping asks the server for a sign of life over the WebSocket.
func (st *stay) ping(ctx context.Context) error {
	_ = st.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{
		PingReq: &livekit.Ping{Timestamp: time.Now().UnixMilli()}}})
	select {
	case <-st.pong:
		return nil
	case <-st.readDone:
		return errStayEnded
	case <-ctx.Done():
		return errStayLate
	}
}
