package checks

import (
	"slices"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe/session"
)

// tcpOnlyFinding reports an ICE/TCP port over which a TCP-only participant could
// not connect. A connection over UDP ends the test of the port too early for
// join.media to see that it drops packets.
func (c *Case) tcpOnlyFinding(seen *publishRecord) (Finding, bool) {
	if seen.TCP.Outcome != session.OutcomeNothingAnswered || len(seen.TCP.Advertised) == 0 || !seen.UDP.Connected {
		return Finding{}, false
	}
	for _, j := range c.joins() {
		if j != nil && j.Media != nil && slices.ContainsFunc(j.Media.TCP, tcpSilent) {
			return Finding{}, false
		}
	}
	return finding.New(finding.MediaTCPUnreachable, finding.Warn,
		"a participant with ICE/TCP alone did not connect: %s did not answer; over UDP one did",
		joinNames(addresses(seen.TCP.Advertised))).As("no-answer").With("tcp_port", int(seen.TCP.Advertised[0].Port)), true
}

// withPorts adds the media ports of this run's join, for the fixes.
func (c *Case) withPorts(f Finding) Finding {
	for _, j := range c.joins() {
		if j == nil || j.Media == nil {
			continue
		}
		for name, port := range mediaPorts(j.Media) {
			f = f.With(name, port)
		}
		return f
	}
	return f
}

// guestRefused returns a finding about a participant of the doctor's own that was
// refused.
func guestRefused(code Code, f *session.SignalFailure) Finding {
	if f.Kind == session.SignalUpgradeRefused && (f.Status == 401 || f.Status == 403) {
		return finding.New(code, finding.Fail, "the server refuses a participant with a token made here (%d): %s", f.Status, orNothing(f.Body)).
			With("status", f.Status).By(finding.OwnerConfig)
	}
	return finding.New(code, finding.Fail, "a participant with a token made here could not join: %s", f.Error()).
		With("kind", string(f.Kind)).With("status", f.Status)
}

// guestLeft returns a finding about a stay of the doctor's own that the server
// ended.
func guestLeft(code Code, end *session.SignalEnd) Finding {
	if end != nil && end.Left {
		return finding.New(code, finding.Fail, "the server ended the stay: %s (%s)", finding.LeaveReason(end.Reason), end.Reason).
			With("reason", end.Reason).With("action", end.Action)
	}
	closed := 0
	if end != nil {
		closed = end.CloseCode
	}
	return finding.New(code, finding.Fail, "the WebSocket was closed (%d) in the middle of it", closed).With("close_code", closed)
}

func publishFacts(p *session.Published) Facts {
	facts := Facts{
		"outcome": string(p.Outcome), "room": p.Room, "tracks_accepted": p.Accepted,
		"join_ms": finding.Milliseconds(p.Join), "connect_ms": finding.Milliseconds(p.Connect),
		"first_packet_ms": finding.Milliseconds(p.FirstPacket), "first_frame_ms": finding.Milliseconds(p.FirstFrame),
		"up_protocol": p.UpPath, "up_rtt_ms": finding.Milliseconds(p.Up), "down_protocol": p.DownPath, "down_rtt_ms": finding.Milliseconds(p.Down),
	}
	for name, sent := range map[string]session.Sent{"audio": p.AudioSent, "video": p.VideoSent} {
		facts[name+"_sent_packets"], facts[name+"_sent_kbps"] = sent.Packets, kbps(sent.Bitrate())
		facts[name+"_up_asked_again"] = sent.Repeats
		if sent.Reported {
			facts[name+"_up_lost"], facts[name+"_up_jitter_ms"] = sent.ReportedLost, finding.Milliseconds(sent.ReportedJitter)
		}
	}
	for name, got := range map[string]session.Received{"audio": p.AudioGot, "video": p.VideoGot} {
		facts[name+"_received_packets"], facts[name+"_received_kbps"] = got.Packets, kbps(got.Bitrate())
		facts[name+"_expected_packets"], facts[name+"_lost"] = got.Expected, got.Lost
		facts[name+"_jitter_ms"] = finding.Milliseconds(got.Jitter)
	}
	facts["video_sent_frames"], facts["video_frames"], facts["video_broken_frames"] = p.VideoSent.Frames, p.VideoGot.Frames, p.VideoGot.Broken
	return facts
}

// kbps converts a bitrate to kbit/s with one decimal.
func kbps(bits float64) float64 { return float64(int(bits/100+0.5)) / 10 }

func publishOutcome(seen *publishRecord) Outcome {
	p := seen.Published
	if p == nil || p.Outcome != session.PublishReceived {
		return Outcome{}
	}
	facts := publishFacts(p)
	for name, path := range map[string]session.Path{"udp": seen.UDP, "tcp": seen.TCP} {
		facts[name+"_works"] = path.Connected
		if path.Connected {
			facts[name+"_connect_ms"], facts[name+"_rtt_ms"] = finding.Milliseconds(path.Total), finding.Milliseconds(path.RTT)
		}
	}
	return Outcome{Facts: facts, Text: finding.Textf("%d audio packets and %d video frames arrived, the first frame after %s; %s",
		p.AudioGot.Packets, p.VideoGot.Frames, finding.Duration(p.FirstFrame), pathWords(seen.UDP, seen.TCP))}
}

// pathWords describes which of the two paths works.
func pathWords(udp, tcp session.Path) Text {
	switch {
	case udp.Connected && tcp.Connected:
		return finding.Textf("UDP and TCP work")
	case udp.Connected:
		return finding.Textf("UDP works, TCP does not")
	case tcp.Connected:
		return finding.Textf("TCP works, UDP does not")
	}
	return finding.Textf("neither UDP nor TCP alone was enough")
}
