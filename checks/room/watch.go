package room

import (
	"cmp"
	"net"
	"strconv"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/finding"
)

// hears is called with each message of the server, in order.
func (s *Stay) hears(m *livekit.SignalResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j := m.GetJoin(); j != nil {
		may := j.GetParticipant().GetPermission()
		s.allowed = Allowed{Publish: may.GetCanPublish(), Subscribe: may.GetCanSubscribe(), Data: may.GetCanPublishData()}
		if s.full = s.people.joined; s.full {
			s.reconnects()
		}
	}
	// That reason is the server's answer to a Leave of the SDK's own, which it
	// also sends when it gives a join up.
	if l := m.GetLeave(); l != nil && l.GetReason() != livekit.DisconnectReason_CLIENT_INITIATED {
		s.leave = l
		if l.GetAction() != livekit.LeaveRequest_DISCONNECT {
			s.reconnects()
		}
	}
	for _, e := range s.people.hears(m) {
		s.tell(e)
	}
}

// callbacks are what the SDK tells that the signalling does not.
func (s *Stay) callbacks() *lksdk.RoomCallback {
	cb := lksdk.NewRoomCallback()
	cb.OnDisconnectedWithReason = func(lksdk.DisconnectionReason) { s.goneOnce.Do(func() { close(s.gone) }) }
	cb.OnReconnecting = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reconnects()
	}
	cb.OnReconnected = s.reconnected
	cb.OnDataPacket = s.takeData
	cb.OnTrackSubscribed = func(_ *webrtc.TrackRemote, pub *lksdk.RemoteTrackPublication, from *lksdk.RemoteParticipant) {
		s.mu.Lock()
		defer s.mu.Unlock()
		info := s.people.known[from.SID()]
		if info == nil {
			return
		}
		who, track := s.people.participant(info), s.people.track(pub.TrackInfo())
		s.tell(Event{Type: TrackReceived, Who: who, Track: track, Text: finding.Textf("receiving %s of %s", Thing(*track), who.Identity)})
	}
	return cb
}

// reconnects tells, once, that the connection is being set up again. The SDK
// does not say so when a reconnect begins while another one settles, so the
// server's messages count too. s.mu is held.
func (s *Stay) reconnects() {
	if s.since.IsZero() || !s.reconnecting.IsZero() {
		return
	}
	s.reconnecting = s.o.Now()
	e := Event{Type: Reconnecting, Text: finding.Textf("the connection was lost; reconnecting")}
	if s.leave != nil {
		e.Reason = s.leave.GetReason().String()
		e.Full = s.leave.GetAction() == livekit.LeaveRequest_RECONNECT
		if s.leave.GetReason() == livekit.DisconnectReason_UNKNOWN_REASON {
			e.Reason = ""
		}
		e.Text = finding.Textf("the server asks to reconnect")
		s.leave = nil
	}
	s.tell(e)
}

func (s *Stay) reconnected() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reconnecting.IsZero() {
		return
	}
	took := s.o.Now().Sub(s.reconnecting)
	e := Event{Type: Reconnected, Full: s.full, Took: millis(took)}
	e.Text = finding.Textf("back after %s: the session was resumed", finding.Duration(took))
	if s.full {
		e.Text = finding.Textf("back after %s: joined anew", finding.Duration(took))
	}
	s.reconnecting, s.path, s.full = time.Time{}, nil, false
	s.tell(e)
}

// connected tells that media is up.
func (s *Stay) connected() {
	s.mu.Lock()
	s.since = s.o.Now()
	s.mu.Unlock()
	s.tell(Event{Type: Media, Text: finding.Textf("media is connected (ICE, DTLS)")})
}

// sample looks at the path of media and its round trip; false is that there is
// none yet.
func (s *Stay) sample() bool {
	path, rtt := s.selected()
	if path == nil {
		return false
	}
	s.mu.Lock()
	changed := s.path == nil || *s.path != *path
	s.path = path
	s.mu.Unlock()
	if changed {
		text := finding.Textf("media goes over %s: %s (%s) to %s (%s)", path.Kind, path.Local, path.LocalType, path.Remote, path.RemoteType)
		if path.RemoteType == "prflx" {
			text = finding.Textf("media goes over %s: %s (%s) to %s, which the server does not advertise: it advertises another address", path.Kind, path.Local, path.LocalType, path.Remote)
		}
		s.tell(Event{Type: PathChanged, Path: path, Text: text})
	}
	if rtt > 0 {
		s.tell(Event{Type: RTT, RTT: millis(rtt), Text: finding.Textf("round trip %s", finding.Duration(rtt))})
	}
	return true
}

// selected is the pair that carries what we receive, or, in a room that we may
// not listen to, what we send.
func (s *Stay) selected() (*Path, time.Duration) {
	for _, pc := range []*webrtc.PeerConnection{s.room.LocalParticipant.GetSubscriberPeerConnection(), s.room.LocalParticipant.GetPublisherPeerConnection()} {
		if pc == nil || pc.ConnectionState() != webrtc.PeerConnectionStateConnected || pc.SCTP() == nil {
			continue
		}
		pair, err := pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
		if err != nil || pair == nil || pair.Local == nil || pair.Remote == nil {
			continue
		}
		return s.pathOf(pair), roundTrip(pc)
	}
	return nil, 0
}

func (s *Stay) pathOf(pair *webrtc.ICECandidatePair) *Path {
	address := func(c *webrtc.ICECandidate) string {
		return net.JoinHostPort(s.o.Redact.Clean(c.Address, 64), strconv.Itoa(int(c.Port)))
	}
	p := &Path{Kind: pair.Remote.Protocol.String(), Local: address(pair.Local), LocalType: pair.Local.Typ.String(),
		Remote: address(pair.Remote), RemoteType: pair.Remote.Typ.String()}
	if pair.Local.Typ == webrtc.ICECandidateTypeRelay || pair.Remote.Typ == webrtc.ICECandidateTypeRelay {
		p.Kind = "relay"
	}
	return p
}

// roundTrip is the last one that ICE measured on the selected pair.
func roundTrip(pc *webrtc.PeerConnection) time.Duration {
	var best webrtc.ICECandidatePairStats
	for _, stat := range pc.GetStats() {
		if p, is := stat.(webrtc.ICECandidatePairStats); is && p.Nominated && p.State == webrtc.StatsICECandidatePairStateSucceeded &&
			cmp.Compare(p.ResponsesReceived, best.ResponsesReceived) > 0 {
			best = p
		}
	}
	return time.Duration(best.CurrentRoundTripTime * float64(time.Second))
}
