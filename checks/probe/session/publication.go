package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe/clips"
)

// maxPacket is the size of an RTP packet that every network carries.
const maxPacket = 1200

// toneLevel is the level sent for the tone, in dB below the loudest (RFC 6464):
// loud enough for the server to report this participant as a speaker.
const toneLevel = 12

// primer is the number of samples that a muted clip sends: the server announces no
// track before its first packets, and passes on none that are muted.
const primer = 10

// The codecs of the clips.
var (
	toneCodec    = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	patternCodec = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}
)

// publication is one clip, sent in real time in a loop.
type publication struct {
	clip    clips.Clip
	samples [][]byte
	at      int // of samples
	track   *webrtc.TrackLocalStaticRTP
	sender  *webrtc.RTPSender
	packer  rtp.Packetizer
	clock   uint32        // the RTP clock in Hz
	quit    chan struct{} // closed by stop
	// stop ends the sending. The goroutines end with that and the connection.
	stop  func()
	work  sync.WaitGroup
	taken chan struct{} // closed once the server has taken the track
	muted atomic.Bool

	mu       sync.Mutex
	sid      string // the server's ID of the track, "" before it has one
	count    Counts
	keyframe bool // the server wants one
}

// The reasons for which nothing is published.
var (
	ErrNotTaken     = errors.New("the server did not take the track in time")
	ErrNotPublished = errors.New("nothing is published")
)

// Publish sends clips from now on: it announces them, waits for the server to
// accept them, as the SDKs do, and offers them. taken is the number accepted within
// Limits.Accept; the others are offered too.
func (p *Participant) Publish(ctx context.Context, list ...clips.Sending) (taken int, err error) {
	t, err := p.publisher()
	if err != nil {
		return 0, err
	}
	var added []*publication
	for _, s := range list {
		one, err := newPublication(t.pc, s)
		if err != nil {
			return 0, err
		}
		p.mu.Lock()
		if p.left {
			p.mu.Unlock()
			return 0, errEnded
		}
		p.published = append(slices.Clone(p.published), one)
		one.work.Go(func() { one.play(t.up) })
		one.work.Go(one.listen)
		p.mu.Unlock()
		added = append(added, one)
		p.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: one.request()}})
	}
	wctx, cancel := context.WithTimeout(ctx, p.net.Waits().Accept)
	defer cancel()
	for _, one := range added {
		if p.wait(wctx, one.taken) == nil {
			taken++
		}
	}
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	return taken, t.offer(false)
}

// publisher returns the connection that publishes, and creates it if necessary.
func (p *Participant) publisher() (*transport, error) {
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	if t := p.transport(publisher); t != nil {
		return t, nil
	}
	t, err := p.newTransport(publisher)
	if err != nil {
		return nil, err
	}
	return t, t.openData()
}

// openData opens a data channel on the publisher's connection, which needs no
// permission to publish. The label is the SDKs' own.
func (t *transport) openData() error {
	dc, err := t.pc.CreateDataChannel("_reliable", nil)
	if err != nil {
		return err
	}
	dc.OnOpen(t.dataOpen)
	dc.OnMessage(func(m webrtc.DataChannelMessage) { t.p.takeData(m.Data) })
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	t.p.reliable = dc
	return nil
}

func newPublication(pc *webrtc.PeerConnection, s clips.Sending) (*publication, error) {
	one := &publication{clip: s.Clip, quit: make(chan struct{}), taken: make(chan struct{})}
	one.stop = sync.OnceFunc(func() { close(one.quit) })
	one.muted.Store(s.Muted)
	codec, payloader := toneCodec, rtp.Payloader(&codecs.OpusPayloader{})
	if s.Clip == clips.Pattern {
		codec, payloader = patternCodec, &codecs.VP8Payloader{EnablePictureID: true}
	}
	var err error
	if one.samples, err = s.Clip.Samples(); err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	one.clock = codec.ClockRate
	// The ID has to differ from that of an unpublished track.
	id := fmt.Sprintf("lkdoctor-%s-%d", s.Clip, len(pc.GetTransceivers()))
	if one.track, err = webrtc.NewTrackLocalStaticRTP(codec, id, "lkdoctor"); err != nil {
		return nil, err
	}
	transceiver, err := pc.AddTransceiverFromTrack(one.track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return nil, err
	}
	one.sender = transceiver.Sender()
	// Payload type and SSRC are the connection's own, which the track fills in.
	one.packer = rtp.NewPacketizer(maxPacket, 0, 0, payloader, rtp.NewRandomSequencer(), codec.ClockRate)
	return one, nil
}

// request returns the announcement of the track. A video's only layer is not
// listed, which is allowed: livekit-server 1.13.5 would write to the list while it
// sends it to others (a data race of its own, in updateRidsFromSDP).
func (one *publication) request() *livekit.AddTrackRequest {
	r := &livekit.AddTrackRequest{Cid: one.track.ID(), Name: string(one.clip), Type: livekit.TrackType_AUDIO,
		Source: livekit.TrackSource_MICROPHONE, Muted: one.muted.Load(),
		AudioFeatures: []livekit.AudioTrackFeature{livekit.AudioTrackFeature_TF_NO_DTX}}
	if one.clip == clips.Pattern {
		r.Type, r.Source, r.AudioFeatures = livekit.TrackType_VIDEO, livekit.TrackSource_CAMERA, nil
		r.Width, r.Height = clips.Width, clips.Height
	}
	return r
}

// play sends a packet of the tone, or a frame of the pattern, every 20 ms.
func (one *publication) play(up <-chan struct{}) {
	select {
	case <-up:
	case <-one.quit:
		return
	}
	var level uint8 // the negotiated ID of the extension, 0 if there is none
	for _, e := range one.sender.GetParameters().HeaderExtensions {
		if e.URI == sdp.AudioLevelURI {
			level = uint8(e.ID)
		}
	}
	tick := time.Tick(clips.Pace)
	for sent := 0; ; sent++ {
		switch muted := one.muted.Load(); {
		case !muted:
			one.send(one.next(), level)
		case sent < primer:
			one.send(one.next(), 0)
		}
		select {
		case <-one.quit:
			return
		case <-tick:
		}
	}
}

// next returns the next sample in a loop, or the next keyframe if the server wants
// one.
func (one *publication) next() []byte {
	one.mu.Lock()
	keyframe := one.keyframe && one.clip == clips.Pattern
	one.keyframe = false
	one.mu.Unlock()
	for keyframe && !isKeyframe(one.samples[one.at]) {
		one.at = (one.at + 1) % len(one.samples)
	}
	sample := one.samples[one.at]
	one.at = (one.at + 1) % len(one.samples)
	return sample
}

func (one *publication) send(sample []byte, level uint8) {
	now := time.Now()
	packets := one.packer.Packetize(sample, uint32(clips.Pace.Seconds()*float64(one.clock)))
	one.mu.Lock()
	defer one.mu.Unlock()
	for _, p := range packets {
		if level != 0 {
			if data, err := (rtp.AudioLevelExtension{Level: toneLevel, Voice: true}).Marshal(); err == nil {
				_ = p.SetExtension(level, data)
			}
		}
		if one.track.WriteRTP(p) != nil {
			return
		}
		one.count.Packets++
		one.count.Expected++
		one.count.Bytes += len(p.Payload)
	}
	if one.clip == clips.Pattern {
		one.count.Frames++
	}
	if one.count.First.IsZero() {
		one.count.First = now
	}
	one.count.Last = now
}

func (one *publication) listen() {
	for {
		reports, _, err := one.sender.ReadRTCP()
		if err != nil {
			return
		}
		one.mu.Lock()
		for _, r := range reports {
			one.report(r)
		}
		one.mu.Unlock()
	}
}

func (one *publication) report(r rtcp.Packet) {
	switch r := r.(type) {
	case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
		one.keyframe = true
	case *rtcp.TransportLayerNack:
		for _, pair := range r.Nacks {
			one.count.Repeats += len(pair.PacketList())
		}
	case *rtcp.ReceiverReport:
		for _, b := range r.Reports {
			one.count.Reported = true
			one.count.Lost = int(b.TotalLost)
			one.count.Jitter = time.Duration(float64(b.Jitter) / float64(one.clock) * float64(time.Second))
		}
	}
}

// isKeyframe reads the first bit of a VP8 frame (RFC 6386 §9.1): 0 is a key.
func isKeyframe(frame []byte) bool { return len(frame) > 0 && frame[0]&1 == 0 }

func (p *Participant) publications(fits func(*publication) bool) (list []*publication) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.published {
		if fits(one) {
			list = append(list, one)
		}
	}
	return list
}

func everything(*publication) bool { return true }

func of(c clips.Clip) func(*publication) bool {
	return func(one *publication) bool { return one.clip == c }
}

func named(sid string) func(*publication) bool {
	return func(one *publication) bool {
		have, _ := one.sent()
		return sid != "" && have == sid
	}
}

func (one *publication) sent() (sid string, n Counts) {
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.sid, one.count
}

// Published returns the published clips, the tone first.
func (p *Participant) Published() (list []clips.Sending) {
	for _, c := range []clips.Clip{clips.Tone, clips.Pattern} {
		for _, one := range p.publications(of(c)) {
			list = append(list, clips.Sending{Clip: c, Muted: one.muted.Load()})
		}
	}
	return list
}

// Sent returns the server's ID of a clip's track, "" before it has one, and the counts.
func (p *Participant) Sent(c clips.Clip) (sid string, n Counts) {
	for _, one := range p.publications(of(c)) {
		sid, n = one.sent()
	}
	return sid, n
}

// Unpublish ends the publication of a clip.
func (p *Participant) Unpublish(c clips.Clip) error {
	list := p.publications(of(c))
	if len(list) == 0 {
		return ErrNotPublished
	}
	t := p.transport(publisher)
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	for _, one := range list {
		p.drop(one)
		if err := t.pc.RemoveTrack(one.sender); err != nil {
			return err
		}
	}
	return t.offer(false)
}

func (p *Participant) drop(one *publication) {
	one.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published = slices.DeleteFunc(slices.Clone(p.published), func(o *publication) bool { return o == one })
}

// Mute mutes everything that is published, or unmutes it.
func (p *Participant) Mute(muted bool) error {
	list := p.publications(everything)
	for _, one := range list {
		one.muted.Store(muted)
		p.sendMuted(one)
	}
	if len(list) == 0 {
		return ErrNotPublished
	}
	return nil
}

func (p *Participant) sendMuted(one *publication) {
	if sid, _ := one.sent(); sid != "" {
		p.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Mute{
			Mute: &livekit.MuteTrackRequest{Sid: sid, Muted: one.muted.Load()}}})
	}
}

func (p *Participant) accepted(cid string, info *livekit.TrackInfo) {
	for _, one := range p.publications(func(one *publication) bool { return one.track.ID() == cid }) {
		one.mu.Lock()
		first := one.sid == ""
		one.sid = info.GetSid()
		one.mu.Unlock()
		if first && info.GetSid() != "" {
			close(one.taken)
			if info.GetMuted() != one.muted.Load() {
				p.sendMuted(one) // muted while it was being published
			}
		}
	}
}

// ErrNotSent means that the data channel did not open in time.
var ErrNotSent = errors.New("the connection for data is not up")

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
	fresh := p.transport(publisher) == nil
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
