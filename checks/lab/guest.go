package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"
)

// Guest is a participant that joins a room and stays until Close. It is not an SDK
// client: those would ask the public STUN servers that the server names, and share a
// logger with the program under test.
type Guest struct {
	socket *websocket.Conn
	media  *webrtc.PeerConnection
	tone   atomic.Pointer[tone] // what Publish sends
	done   chan struct{}
	once   sync.Once
	writes sync.Mutex // gorilla takes one writer at a time
}

// Join lets a guest join with a token and returns once its media is connected.
// ctx bounds the joining only.
func Join(ctx context.Context, url, token string) (*Guest, error) {
	header := http.Header{"Authorization": {"Bearer " + token}}
	socket, response, err := websocket.DefaultDialer.DialContext(ctx, url+"/rtc?protocol=16&sdk=go&auto_subscribe=0", header)
	if err != nil {
		if response != nil {
			err = fmt.Errorf("%w (%s)", err, response.Status)
		}
		return nil, fmt.Errorf("let a guest join: %w", err)
	}
	g := &Guest{socket: socket, done: make(chan struct{})}
	connected := make(chan struct{})
	if err := g.open(connected); err != nil {
		_ = socket.Close()
		return nil, fmt.Errorf("let a guest join: %w", err)
	}
	go g.listen()
	select {
	case <-connected:
		return g, nil
	case <-g.done:
		return nil, errors.Join(errors.New("let a guest join: the server hung up"), g.Close())
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), g.Close())
	}
}

func (g *Guest) open(connected chan struct{}) error {
	media, err := g.connection(livekit.SignalTarget_SUBSCRIBER, connected)
	g.media = media
	return err
}

// connection makes one of the guest's two connections, and closes connected once
// it is up.
func (g *Guest) connection(target livekit.SignalTarget, connected chan struct{}) (*webrtc.PeerConnection, error) {
	engine := webrtc.SettingEngine{LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard,
		ScopeLevels: map[string]logging.LogLevel{}}}
	engine.SetIncludeLoopbackCandidate(true)
	engine.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeTCP4})
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c == nil {
			return
		}
		if init, err := json.Marshal(c.ToJSON()); err == nil {
			g.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{
				Trickle: &livekit.TrickleRequest{CandidateInit: string(init), Target: target}}})
		}
	})
	var once sync.Once
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	return pc, nil
}

// listen answers the server's offers until the socket ends.
func (g *Guest) listen() {
	defer close(g.done)
	var early []webrtc.ICECandidateInit
	for {
		_, data, err := g.socket.ReadMessage()
		if err != nil {
			return
		}
		message := &livekit.SignalResponse{}
		if proto.Unmarshal(data, message) != nil {
			continue
		}
		switch {
		case message.GetOffer() != nil:
			if g.answer(message.GetOffer()) != nil {
				return
			}
			for _, init := range early {
				_ = g.media.AddICECandidate(init)
			}
			early = nil
		case message.GetAnswer() != nil:
			g.tone.Load().answered(message.GetAnswer())
		case message.GetTrickle().GetTarget() == livekit.SignalTarget_PUBLISHER && message.GetTrickle() != nil:
			g.tone.Load().trickled(message.GetTrickle())
		case message.GetTrickle() != nil:
			var init webrtc.ICECandidateInit
			if json.Unmarshal([]byte(message.GetTrickle().CandidateInit), &init) != nil {
				continue
			}
			if g.media.RemoteDescription() == nil {
				early = append(early, init)
				continue
			}
			_ = g.media.AddICECandidate(init)
		case message.GetLeave() != nil:
			return
		}
	}
}

func (g *Guest) answer(offer *livekit.SessionDescription) error {
	if err := g.media.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer.Sdp}); err != nil {
		return err
	}
	answer, err := g.media.CreateAnswer(nil)
	if err != nil {
		return err
	}
	if err := g.media.SetLocalDescription(answer); err != nil {
		return err
	}
	g.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{
		Answer: &livekit.SessionDescription{Type: "answer", Sdp: answer.SDP, Id: offer.Id}}})
	return nil
}

// send drops what cannot be written: listen sees the end of the socket.
func (g *Guest) send(request *livekit.SignalRequest) {
	data, err := proto.Marshal(request)
	if err != nil {
		return
	}
	g.writes.Lock()
	defer g.writes.Unlock()
	_ = g.socket.WriteMessage(websocket.BinaryMessage, data)
}

// Protocol is what the guest's media goes over, udp or tcp.
func (g *Guest) Protocol() string {
	pair, err := g.media.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return ""
	}
	return pair.Remote.Protocol.String()
}

// Close leaves the room. It may be called twice.
func (g *Guest) Close() error {
	var err error
	g.once.Do(func() {
		g.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{}}})
		// A socket that is closed with something unread is reset, and the Leave lost.
		_ = g.socket.SetReadDeadline(time.Now().Add(time.Second))
		<-g.done
		_ = g.socket.Close()
		err = errors.Join(g.media.GracefulClose(), g.tone.Load().close())
	})
	return err
}
