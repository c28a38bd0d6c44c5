package hostile

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/stun/v3"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"
)

// mediaServers attack over the media connection, or hand out TURN servers that do.
func mediaServers() []Server {
	overICE := func(name, about string, do func(*ice.Conn), changes ...func(*livekit.JoinResponse)) Server {
		return Server{Name: name, About: about, talk: func(p *peer) { p.overICE(do, changes...) }}
	}
	connects := func(name, about string, f flood) Server {
		return Server{Name: name, About: about, Connects: true, Harmless: true, talk: func(p *peer) { p.overDTLS(f) }}
	}
	silent := func(c *ice.Conn) { _, _ = io.Copy(io.Discard, c) }
	return []Server{
		{Name: "stun-garbage", About: "answers connectivity checks with a flood of garbage", talk: (*peer).stunGarbage},
		overICE("dtls-never", "connects ICE, and says nothing over it", silent),
		overICE("dtls-garbage", "connects ICE, and floods it with garbage", func(c *ice.Conn) {
			for garbage := bytes.Repeat([]byte{22, 254, 253, 7}, 250); ; {
				if _, err := c.Write(garbage); err != nil {
					return
				}
			}
		}),
		overICE("dtls-fragments", "connects ICE, and begins a DTLS handshake that never ends", dtlsFragments),
		overICE("dtls-never-publisher", "has the client offer, connects ICE, and says nothing over it", silent,
			func(j *livekit.JoinResponse) { j.SubscriberPrimary = false }),
		{Name: "dtls-fingerprint", About: "finishes the DTLS handshake with another certificate than it named",
			talk: func(p *peer) { p.overDTLS(flood{forged: true}) }},
		connects("data-flood", "connects media, and floods it with data messages", flood{channels: 1}),
		connects("reconnect-forever", "connects media, and asks to join anew, each time", flood{leave: true}),
		connects("data-channels", "connects media, and opens data channels without end", flood{channels: 3000}),
		{Name: "agent-flood", Agent: true, Connects: true, Harmless: true,
			About: "has the agent come, which floods the room with data and with news of itself",
			talk: func(p *peer) {
				agent := &livekit.ParticipantInfo{Sid: "PA_agent", Identity: "agent", Kind: livekit.ParticipantInfo_AGENT,
					Attributes: map[string]string{"lk.agent_name": "flooder"}}
				p.overDTLS(flood{channels: 1, news: func(i int) *livekit.SignalResponse {
					agent.Metadata = fmt.Sprint(long(500), i)
					agent.Attributes[fmt.Sprint("a", i%1000)] = long(100)
					return update(agent)
				}})
			}},
		{Name: "turn-garbage", About: "hands out TURN servers that answer with garbage",
			talk: turnServer(func(conn net.PacketConn, from net.Addr, _ []byte) {
				for range 100 {
					_, _ = conn.WriteTo(bytes.Repeat([]byte{0, 1, 0, 0x21}, 100), from)
				}
			})},
		{Name: "turn-lies", About: "hands out TURN servers that grant whatever is asked, from addresses that are none",
			talk: turnServer(turnLies)},
	}
}

// stunGarbage sends the address of a server that answers every packet with a hundred.
func (p *peer) stunGarbage() {
	host, port, _ := net.SplitHostPort(p.answering(func(conn net.PacketConn, from net.Addr, request []byte) {
		for i := range 100 {
			reply := bytes.Clone(request)
			reply[i%len(reply)] ^= 0xff
			_, _ = conn.WriteTo(reply, from)
		}
	}))
	p.say(join())
	p.say(offer(description("user")))
	p.say(candidate(fmt.Sprintf(`{"candidate":"candidate:1 1 udp 2130706431 %s %s typ host","sdpMid":"0","sdpMLineIndex":0}`, host, port)))
}

// answering opens a UDP port that answers each packet with answer until the client goes,
// and returns its address, or "".
func (p *peer) answering(answer func(net.PacketConn, net.Addr, []byte)) string {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return ""
	}
	go func() {
		<-p.gone
		_ = conn.Close()
	}()
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if n > 0 {
				answer(conn, from, buf[:n])
			}
		}
	}()
	return conn.LocalAddr().String()
}

// turnServer says Join with TURN servers that answer each packet with answer.
func turnServer(answer func(net.PacketConn, net.Addr, []byte)) func(*peer) {
	return func(p *peer) {
		var urls []string
		for range 3 {
			urls = append(urls, "turn:"+p.answering(answer)+"?transport=udp")
		}
		p.say(join(func(j *livekit.JoinResponse) {
			j.IceServers = []*livekit.ICEServer{{Urls: urls, Username: "u", Credential: "c"}}
		}))
		p.say(offer(description("user")))
	}
}

// turnLies answers each request with a success that holds wrong addresses.
func turnLies(conn net.PacketConn, from net.Addr, request []byte) {
	m := &stun.Message{Raw: request}
	if m.Decode() != nil {
		return
	}
	for _, ip := range []string{"255.255.255.255", "224.0.0.1", "0.0.0.0"} {
		addr := net.ParseIP(ip)
		reply, err := stun.Build(m, stun.NewType(m.Type.Method, stun.ClassSuccessResponse),
			&stun.XORMappedAddress{IP: addr, Port: 9},
			xorRelayed{IP: addr, Port: 9},
			stun.RawAttribute{Type: stun.AttrLifetime, Value: []byte{0xff, 0xff, 0xff, 0xff}}, stun.Fingerprint)
		if err == nil {
			_, _ = conn.WriteTo(reply.Raw, from)
		}
	}
}

// xorRelayed is the address that a TURN server relays from.
type xorRelayed stun.XORMappedAddress

func (a xorRelayed) AddTo(m *stun.Message) error {
	return (*stun.XORMappedAddress)(&a).AddToAs(m, stun.AttrXORRelayedAddress)
}

// quietly returns a log that writes nothing.
func quietly() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, ScopeLevels: map[string]logging.LogLevel{}}
}

// overICE says Join, connects ICE to the client, and passes the connection to do. It
// offers, or answers the client's offer if changes make that the primary connection.
func (p *peer) overICE(do func(*ice.Conn), changes ...func(*livekit.JoinResponse)) {
	agent, err := ice.NewAgentWithOptions(ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4}), ice.WithIncludeLoopback(),
		ice.WithLoggerFactory(quietly()), ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled))
	if err != nil {
		return
	}
	defer func() { _ = agent.Close() }()
	ufrag, pwd, err := agent.GetLocalUserCredentials()
	if err != nil {
		return
	}
	first := join(changes...)
	p.say(first)
	ours := strings.NewReplacer("a=ice-ufrag:user", "a=ice-ufrag:"+ufrag, "0123456789012345678901", pwd).Replace(description("user"))
	target, offers := livekit.SignalTarget_PUBLISHER, first.GetJoin().GetSubscriberPrimary()
	if offers {
		target = livekit.SignalTarget_SUBSCRIBER
		p.say(offer(ours))
	}
	_ = agent.OnCandidate(func(c ice.Candidate) {
		if c != nil {
			m := candidate(fmt.Sprintf(`{"candidate":"candidate:%s","sdpMid":"0","sdpMLineIndex":0}`, c.Marshal()))
			m.GetTrickle().Target = target
			p.say(m)
		}
	})
	if agent.GatherCandidates() != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { <-p.gone; cancel(); _ = agent.Close() }()
	for m := range p.heard {
		if init, ok := trickled(m); ok {
			if c, err := ice.UnmarshalCandidate(strings.TrimPrefix(init.Candidate, "candidate:")); err == nil {
				_ = agent.AddRemoteCandidate(c)
			}
		}
		sd, connect := m.GetAnswer(), agent.Dial
		if !offers && m.GetOffer() != nil {
			sd, connect = m.GetOffer(), agent.Accept
			p.say(&livekit.SignalResponse{Message: &livekit.SignalResponse_Answer{Answer: &livekit.SessionDescription{
				Type: "answer", Id: sd.GetId(), Sdp: strings.ReplaceAll(ours, "setup:actpass", "setup:passive")}}})
		}
		if sd == nil {
			continue
		}
		go func() {
			if c, err := connect(ctx, attribute(sd.GetSdp(), "ice-ufrag"), attribute(sd.GetSdp(), "ice-pwd")); err == nil {
				do(c)
			}
		}()
	}
}

// trickled returns the candidate of a message that holds one.
func trickled(m *livekit.SignalRequest) (init webrtc.ICECandidateInit, ok bool) {
	ok = m.GetTrickle() != nil && json.Unmarshal([]byte(m.GetTrickle().GetCandidateInit()), &init) == nil && init.Candidate != ""
	return init, ok
}

// attribute returns the first value of an attribute of a description.
func attribute(sdp, name string) string {
	_, rest, _ := strings.Cut(sdp, "a="+name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// dtlsFragments sends the beginning of one ClientHello after another, each of a message of
// 16 MiB.
func dtlsFragments(c *ice.Conn) {
	record := make([]byte, 13+12+1000)
	record[0], record[1], record[2] = 22, 254, 253
	record[11], record[12] = 1012>>8, 1012&0xff
	handshake := record[13:]
	handshake[0], handshake[1], handshake[2], handshake[3] = 1, 0xff, 0xff, 0xff // ClientHello
	handshake[10], handshake[11] = 1000>>8, 1000&0xff
	for i := 0; ; i++ {
		record[8], record[9], record[10] = byte(i>>16), byte(i>>8), byte(i)
		handshake[4], handshake[5] = byte(i>>8), byte(i)
		if _, err := c.Write(record); err != nil {
			return
		}
	}
}

// flood is what comes over a media connection.
type flood struct {
	// channels is the number of data channels; data messages come over the first.
	channels int
	// news returns the messages that flood the signalling; nil does not.
	news func(int) *livekit.SignalResponse
	// leave asks to join anew.
	leave bool
	// forged puts the fingerprint of another certificate into the offer.
	forged bool
}

// overDTLS says Join, connects media to the client as a server does, and floods it.
func (p *peer) overDTLS(f flood) {
	engine := webrtc.SettingEngine{LoggerFactory: quietly()}
	engine.SetIncludeLoopbackCandidate(true)
	engine.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return
	}
	defer func() { _ = pc.GracefulClose() }()
	up := make(chan struct{})
	dc, err := pc.CreateDataChannel("_reliable", nil)
	if err != nil {
		return
	}
	dc.OnOpen(func() { close(up) })
	sd, err := pc.CreateOffer(nil)
	if err != nil {
		return
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if pc.SetLocalDescription(sd) != nil {
		return
	}
	<-gathered
	p.say(join())
	sdp := pc.LocalDescription().SDP
	if f.forged {
		sdp = fingerprint.ReplaceAllString(sdp, "${1}00:11:22:33")
	}
	p.say(offer(sdp))
	go func() {
		select {
		case <-up:
		case <-p.gone:
			return
		}
		if f.news != nil {
			go p.again(endless, f.news)
		}
		if f.leave {
			p.say(reconnect())
			return
		}
		for i := range f.channels {
			if _, err := pc.CreateDataChannel(fmt.Sprint("channel", i), nil); err != nil {
				break
			}
		}
		floodData(dc, p.gone)
	}()
	var early []webrtc.ICECandidateInit
	for m := range p.heard {
		if init, ok := trickled(m); ok {
			if early = append(early, init); pc.RemoteDescription() != nil {
				_ = pc.AddICECandidate(init)
			}
		}
		if m.GetAnswer() != nil && pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer,
			SDP: m.GetAnswer().GetSdp()}) == nil {
			for _, init := range early {
				_ = pc.AddICECandidate(init)
			}
		}
	}
}

// fingerprint begins the line of a description that names the certificate.
var fingerprint = regexp.MustCompile(`(a=fingerprint:sha-256 )..:..:..:..`)

// floodData sends as fast as the client takes it.
func floodData(dc *webrtc.DataChannel, gone <-chan struct{}) {
	data, err := proto.Marshal(&livekit.DataPacket{ParticipantIdentity: "agent",
		Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Payload: bytes.Repeat([]byte("\x1b[2Jspam "), 500)}}})
	if err != nil {
		return
	}
	for {
		select {
		case <-gone:
			return
		default:
		}
		if dc.BufferedAmount() > 1<<20 {
			time.Sleep(time.Millisecond) // the library has no other way to wait for both
			continue
		}
		if dc.Send(data) != nil {
			return
		}
	}
}
