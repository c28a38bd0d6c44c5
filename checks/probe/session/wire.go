package session

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
)

const (
	// writeWait bounds one write; leaveWait bounds the wait for the server to close
	// the connection after Leave.
	writeWait = 300 * time.Millisecond
	leaveWait = 50 * time.Millisecond
	// farUpgrade is the duration of an upgrade above which Leave does not wait for
	// the server: the wait would cost a round trip.
	farUpgrade = 20 * time.Millisecond
	// quietDefault is the longest silence of a connection whose server sends no
	// ping time-out.
	quietDefault = 15 * time.Second
	// drainWait bounds reading what came before a write failed.
	drainWait = 100 * time.Millisecond
)

// SignalEnd is how a signalling connection ended.
type SignalEnd struct {
	// Left reports whether the server sent Leave, with the Reason and Action in
	// LiveKit's own words ("DUPLICATE_IDENTITY", "DISCONNECT").
	Left           bool
	Reason, Action string
	// CloseCode and CloseText are those of the close frame; 1006 (never sent on the
	// wire, RFC 6455 section 7.4.1) means that the connection ended without one.
	CloseCode int
	CloseText string
	// Silent reports whether the server sent nothing for longer than its own ping
	// time-out.
	Silent bool
}

// wire is one WebSocket to the server.
type wire struct {
	net *probe.Net
	upgraded
	// pingEvery and pingQuiet are the server's ping interval and time-out.
	pingEvery, pingQuiet time.Duration

	readDone, leaving chan struct{}
	work              sync.WaitGroup // reading and pinging
	leaveOnce         sync.Once
	writeFailed       atomic.Bool
	// reading is set once messages are read continuously: pings then extend the
	// server's deadline.
	reading atomic.Bool
	pace    *pacer      // of the messages
	unread  atomic.Bool // a message was too large or none of LiveKit's
	writeMu sync.Mutex
	end     *SignalEnd // read it after readDone
}

func newWire(n *probe.Net, up upgraded) *wire {
	w := &wire{net: n, upgraded: up, readDone: make(chan struct{}), leaving: make(chan struct{}),
		pace: newPacer(caps.MessagesBurst, caps.MessagesPerSecond)}
	up.ws.SetReadLimit(caps.SignalMessage)
	pings := rate.NewLimiter(caps.PingsPerSecond, caps.PingsBurst)
	up.ws.SetPingHandler(func(data string) error {
		if !pings.Allow() {
			return errPings
		}
		if w.reading.Load() {
			_ = up.ws.SetReadDeadline(time.Now().Add(w.quiet()))
		}
		_ = up.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeWait))
		return nil
	})
	return w
}

// errPings ends a connection over which pings arrive without end.
var errPings = errors.New("websocket: pings without end")

// await reads until want accepts a message, or returns why none will come.
func (w *wire) await(ctx context.Context, wait time.Duration,
	want func(*livekit.SignalResponse) (bool, *SignalFailure)) (*livekit.SignalResponse, *SignalFailure) {
	_ = w.ws.SetReadDeadline(time.Now().Add(wait))
	stop := context.AfterFunc(ctx, func() { _ = w.ws.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for range caps.BeforeJoin {
		frame, data, err := w.ws.ReadMessage()
		if err != nil {
			return nil, w.noFrame(ctx, err)
		}
		msg := decodeSignal(frame, data)
		if msg == nil {
			return nil, w.notSignal(frame, data)
		}
		if leave := msg.GetLeave(); leave != nil {
			return nil, &SignalFailure{Kind: SignalLeave, SignalEnd: endBy(leave)}
		}
		if took, f := want(msg); f != nil {
			f.FrameLength = len(data)
			return nil, f
		} else if took {
			return msg, nil
		}
	}
	return nil, &SignalFailure{Kind: SignalNotSignal, FrameType: "binary"}
}

func (w *wire) noFrame(ctx context.Context, err error) *SignalFailure {
	f, end := &SignalFailure{}, w.endOf(err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.Kind = SignalCancelled
	case end.Silent:
		f.Kind = SignalSilent
	case end.CloseCode == 0:
		// Neither a close nor a broken connection: invalid frames.
		f.Kind, f.FrameType, f.Excerpt = SignalNotSignal, "invalid", w.net.Line(err.Error())
	default:
		f.Kind, f.SignalEnd = SignalClosed, *end
	}
	return f
}

func (w *wire) notSignal(frame int, data []byte) *SignalFailure {
	f := &SignalFailure{Kind: SignalNotSignal, FrameType: "binary", FrameLength: len(data)}
	if frame == websocket.TextMessage {
		f.FrameType = "text"
	}
	if utf8.Valid(data) {
		f.Excerpt = w.net.Line(string(data[:min(len(data), 1024)]))
	}
	return f
}

// decodeSignal decodes one message; it returns nil for one that LiveKit does not
// send.
func decodeSignal(frame int, data []byte) *livekit.SignalResponse {
	msg, parts := &livekit.SignalResponse{}, caps.Parts
	if frame != websocket.BinaryMessage || !fits(data, msg.ProtoReflect().Descriptor(), &parts) ||
		proto.Unmarshal(data, msg) != nil || msg.Message == nil {
		return nil
	}
	return msg
}

// fits reports whether a message consists of at most parts messages, before it is
// decoded into memory. It is true for invalid protobuf, which decoding will report.
func fits(data []byte, d protoreflect.MessageDescriptor, parts *int) bool {
	for len(data) > 0 {
		num, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return true
		}
		data = data[n:]
		if n = protowire.ConsumeFieldValue(num, kind, data); n < 0 {
			return true
		}
		if f := d.Fields().ByNumber(num); kind == protowire.BytesType && f != nil && f.Message() != nil {
			inner, _ := protowire.ConsumeBytes(data)
			if *parts--; *parts < 0 || !fits(inner, f.Message(), parts) {
				return false
			}
		}
		data = data[n:]
	}
	return true
}

// endBy returns the end by which the server asks this side to leave.
func endBy(leave *livekit.LeaveRequest) SignalEnd {
	return SignalEnd{Left: true, Reason: leave.GetReason().String(), Action: leave.GetAction().String()}
}

// endOf converts the error that ended reading. CloseCode 0 and not Silent means
// that the peer broke the WebSocket protocol.
func (w *wire) endOf(err error) *SignalEnd {
	end := &SignalEnd{}
	closed, isClosed := errors.AsType[*websocket.CloseError](err)
	netError, isNet := errors.AsType[net.Error](err)
	switch {
	case isClosed:
		end.CloseCode, end.CloseText = closed.Code, w.net.Line(closed.Text)
		if closed.Code == websocket.CloseAbnormalClosure {
			end.CloseText = "" // the library's own words, not the server's
		}
	case errors.Is(err, os.ErrDeadlineExceeded), isNet && netError.Timeout():
		end.Silent = true
	case errors.Is(err, websocket.ErrReadLimit), strings.HasPrefix(err.Error(), "websocket: "):
	default:
		end.CloseCode = websocket.CloseAbnormalClosure
	}
	return end
}

// quiet returns the longest silence after which the server counts as lost.
func (w *wire) quiet() time.Duration {
	if w.writeFailed.Load() {
		return drainWait
	}
	if w.pingQuiet > w.pingEvery {
		return w.pingQuiet
	}
	return quietDefault + w.pingEvery
}

func (w *wire) read(take func(*livekit.SignalResponse)) {
	defer close(w.readDone)
	defer func() { _ = w.ws.Close() }()
	for {
		_ = w.ws.SetReadDeadline(time.Now().Add(w.quiet()))
		frame, data, err := w.ws.ReadMessage()
		if err != nil {
			w.end = w.endOf(err)
			if w.end.Silent && w.writeFailed.Load() {
				w.end = &SignalEnd{CloseCode: websocket.CloseAbnormalClosure}
			}
			break
		}
		select {
		case <-w.leaving: // what is left in the buffers must not hold this up
		default:
			w.pace.wait(1)
		}
		msg := decodeSignal(frame, data)
		if msg == nil {
			w.unread.Store(true)
			continue
		}
		take(msg)
		if leave := msg.GetLeave(); leave != nil {
			end := endBy(leave)
			w.end = &end
			break
		}
	}
}

// ping sends pings, so that the server's time-out does not pass.
func (w *wire) ping() {
	every := w.pingEvery
	if every <= 0 {
		every = quietDefault / 3
	}
	tick := time.Tick(every)
	for {
		select {
		case <-w.readDone:
			return
		case <-w.leaving:
			return
		case <-tick:
			w.sendPing()
		}
	}
}

func (w *wire) sendPing() {
	_ = w.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{PingReq: &livekit.Ping{Timestamp: time.Now().UnixMilli()}}})
}

// send writes one message; one at a time, because the WebSocket library panics on
// concurrent writes. After a failed write only what has arrived is still read, such
// as the server's Leave.
func (w *wire) send(msg *livekit.SignalRequest) error {
	data, err := proto.Marshal(msg)
	if err != nil {
		return err
	}
	w.writeMu.Lock()
	defer w.writeMu.Unlock()
	_ = w.ws.SetWriteDeadline(time.Now().Add(writeWait))
	if err = w.ws.WriteMessage(websocket.BinaryMessage, data); err != nil {
		w.writeFailed.Store(true)
		_ = w.ws.SetReadDeadline(time.Now().Add(w.quiet()))
	}
	return err
}

// leave sends Leave, calls meanwhile, and closes the connection.
func (w *wire) leave(meanwhile func()) {
	w.leaveOnce.Do(func() {
		close(w.leaving)
		w.sendLeave()
	})
	wait := leaveWait
	if w.phases.Upgrade > farUpgrade {
		wait = 0
	}
	over := time.After(wait)
	meanwhile()
	select {
	case <-w.readDone:
	case <-over:
	}
	_ = w.ws.Close()
	w.work.Wait()
}

// cut breaks the connection without Leave or close frame, as a network change does.
func (w *wire) cut() {
	_ = w.ws.NetConn().Close()
	w.work.Wait()
}

func (w *wire) sendLeave() {
	_ = w.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{
		Reason: livekit.DisconnectReason_CLIENT_INITIATED,
		Action: livekit.LeaveRequest_DISCONNECT,
	}}})
	_ = w.ws.WriteControl(websocket.CloseMessage,
		websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(writeWait))
}
