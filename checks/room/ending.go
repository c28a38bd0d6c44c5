package room

import (
	"context"
	"errors"
	"net"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/finding"
)

// left is the end of a stay that we ended ourselves.
func (s *Stay) left(how Outcome) *Event {
	e := &Event{Text: finding.Textf("left the room"), End: &End{Outcome: how}}
	if how == Interrupted {
		e.Text = finding.Textf("interrupted; left the room")
	}
	return e
}

// overTime is the end of a stay whose time is over. Out of touch with the server
// it is no stay that went as planned, nor could we say good-bye.
func (s *Stay) overTime() *Event {
	s.mu.Lock()
	since := s.reconnecting
	s.mu.Unlock()
	if since.IsZero() {
		return s.left(Left)
	}
	return &Event{Reason: "SIGNAL_CLOSE", End: &End{Outcome: Lost},
		Text: finding.Textf("the time was over while reconnecting, which had not succeeded within %s", finding.Duration(s.o.Now().Sub(since)))}
}

// sentAway is the end of a stay that the server, or the network, ended.
func (s *Stay) sentAway() *Event {
	s.mu.Lock()
	leave := s.leave
	s.mu.Unlock()
	if leave == nil || leave.GetAction() != livekit.LeaveRequest_DISCONNECT {
		return &Event{Reason: "SIGNAL_CLOSE", End: &End{Outcome: Lost},
			Text: finding.Textf("the connection to the server was lost, and ten attempts did not bring it back")}
	}
	reason := leave.GetReason().String()
	return &Event{Reason: reason, End: &End{Outcome: ThrownOut}, Text: finding.Textf("the server ended the stay: %s (%s)", finding.LeaveReason(reason), reason)}
}

// notJoined says how far a join came that failed. What exactly is wrong is for
// the doctor's own checks to find out.
func (s *Stay) notJoined(ctx context.Context) *Event {
	if ctx.Err() != nil {
		return s.left(Interrupted)
	}
	refused, dialled, silent, err := s.bridge.evidence()
	hungUp := s.bridge.hungUp.Load()
	s.mu.Lock()
	joined, leave := s.people.joined, s.leave
	s.mu.Unlock()
	e := &Event{End: &End{Outcome: NotJoined, Stage: "signal", Refused: refused}}
	if joined {
		e.End.Stage = "media"
	}
	var timeout net.Error
	switch {
	case leave != nil:
		e.Reason = leave.GetReason().String()
		e.Text = finding.Textf("the server ended the stay: %s (%s)", finding.LeaveReason(e.Reason), e.Reason)
	case joined && hungUp:
		e.Text = finding.Textf("the server said Join, and the WebSocket was closed before media had connected")
	case joined:
		e.Text = finding.Textf("the server said Join, and no media path over UDP connected within %s; a Go program like this one needs UDP or a TURN server, a browser can also use TCP", finding.Duration(s.o.Connect))
	case silent:
		e.Text = finding.Textf("the WebSocket opened, and the server said nothing")
	case dialled:
		e.Text = finding.Textf("the WebSocket opened, and was closed before the server said Join")
	case refused != nil && refused.Body != "":
		e.Text = finding.Textf("the server refused the WebSocket with %d: %s", refused.Status, refused.Body)
	case refused != nil:
		e.Text = finding.Textf("the server refused the WebSocket with %d", refused.Status)
	case errors.As(err, &timeout) && timeout.Timeout():
		e.Text = finding.Textf("the server did not answer in time")
	case err != nil:
		e.Text = finding.Textf("the server was not reached: %s", s.o.Redact.Clean(err.Error(), 200))
	default:
		e.Text = finding.Textf("the room could not be joined")
	}
	return e
}
