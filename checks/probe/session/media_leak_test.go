package session_test

import (
	"context"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// miniLiveKit starts a server that does only what one join needs. All its goroutines end
// with the connection, so that the others are the client's.
func miniLiveKit(t *testing.T) *url.URL {
	return wsServer(t, func(ws *websocket.Conn) {
		engine := webrtc.SettingEngine{}
		engine.SetIncludeLoopbackCandidate(true)
		engine.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
		pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine)).NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = pc.GracefulClose() }()
		join := joinMessage()
		join.GetJoin().SubscriberPrimary = true
		say(ws, join)
		if _, err := pc.CreateDataChannel("_reliable", nil); err != nil {
			t.Error(err)
			return
		}
		gathered := webrtc.GatheringCompletePromise(pc)
		offer, err := pc.CreateOffer(nil)
		if err == nil {
			err = pc.SetLocalDescription(offer)
		}
		if err != nil {
			t.Error(err)
			return
		}
		<-gathered // so that the description holds all candidates
		say(ws, &livekit.SignalResponse{Message: &livekit.SignalResponse_Offer{
			Offer: &livekit.SessionDescription{Type: "offer", Sdp: pc.LocalDescription().SDP, Id: 7}}})
		for {
			_, data, err := ws.ReadMessage()
			msg := &livekit.SignalRequest{}
			if err != nil || proto.Unmarshal(data, msg) != nil {
				return
			}
			switch {
			case msg.GetLeave() != nil:
				return
			case msg.GetAnswer() != nil:
				if msg.GetAnswer().GetId() != 7 {
					t.Errorf("the answer's id is %d", msg.GetAnswer().GetId())
				}
				_ = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: msg.GetAnswer().GetSdp()})
			case msg.GetTrickle() != nil:
				var c webrtc.ICECandidateInit
				if err := json.Unmarshal([]byte(msg.GetTrickle().GetCandidateInit()), &c); err != nil {
					t.Error(err)
				}
				_ = pc.AddICECandidate(c)
			}
		}
	})
}

func TestMediaLeavesNoGoroutine(t *testing.T) {
	noLeaks(t)
	base := miniLiveKit(t)
	for range 5 {
		got := joinAll(within(t, 20*time.Second), new(probe.Net), base, joinOptions{Token: anyToken})
		if got.Failure != nil {
			t.Fatal(got.Failure)
		}
		expect(t, got.Media, session.OutcomeConnected)
	}
}

func TestMediaCancelledLeavesNoGoroutine(t *testing.T) {
	noLeaks(t)
	base := miniLiveKit(t)
	for after := time.Millisecond; after < 200*time.Millisecond; after *= 2 {
		ctx, cancel := context.WithCancel(context.Background())
		got := joinAll(ctx, new(probe.Net), base, joinOptions{Token: anyToken, Signal: session.Options{Hear: func(m *livekit.SignalResponse) {
			if m.GetJoin() != nil {
				time.AfterFunc(after, cancel)
			}
		}}})
		cancel()
		if got.Failure != nil {
			t.Fatal(got.Failure)
		}
		if o := got.Media.Outcome; o != session.OutcomeCancelled && o != session.OutcomeConnected {
			t.Errorf("cancelled after %s: %s", after, o)
		}
	}
}
