package checks

import (
	"context"
	"fmt"
	"sync"
	"time"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
)

// When losses are worth a warning: this share of the packets, and more than one.
const (
	lossyPercent = 2.0
	lossyPackets = 2
)

// publishRecord is what came of publishing, and of comparing UDP with TCP.
type publishRecord struct {
	Published *probe.Published
	UDP, TCP  probe.Path
}

// joinPublish publishes audio and video from one participant of its own to
// another, and compares UDP with TCP meanwhile.
func joinPublish() Check {
	// What Run saw, for Outcome. A list of checks is of one run.
	var seen publishRecord
	return Check{
		ID: "join.publish", Stage: StageJoin, Timeout: 20 * time.Second,
		Title: finding.Textf("Published audio and video reach another participant"),
		Short: finding.Textf("Publish"),
		Extra: true,
		After: []string{"join.reach", "join.websocket", "join.media", "fallback.mint", "fallback.join"},
		Ready: func(c *Case, ended Ended) *Skip { return c.ownJoins(ended) },
		Run: func(ctx context.Context, c *Case) []Finding {
			seen = publishRecord{}
			return c.publish(ctx, &seen)
		},
		Outcome: func(*Case) Outcome { return publishOutcome(&seen) },
	}
}

func (c *Case) publish(ctx context.Context, seen *publishRecord) []Finding {
	tokens := make([]string, 4)
	for i, who := range []string{"sender", "receiver", "udp", "tcp"} {
		room := "publish"
		if i > 1 {
			room = "paths"
		}
		var err error
		if tokens[i], err = c.guestToken(room, who); err != nil {
			return []Finding{finding.New(finding.PublishNoPackets, finding.Fail,
				"no token could be made with the key and secret here: %s", c.Redact.Clean(err.Error(), 160)).By(finding.OwnerConfig)}
		}
	}
	Waiting(ctx, "publishing audio and video, and counting what arrives")
	var both sync.WaitGroup
	both.Go(func() {
		seen.Published = c.Net.Publish(ctx, c.devURL(), probe.PublishOptions{Sender: tokens[0], Receiver: tokens[1], Via: c.via()})
	})
	both.Go(func() {
		seen.UDP, seen.TCP = c.Net.ComparePaths(ctx, c.devURL(), probe.PathOptions{UDP: tokens[2], TCP: tokens[3], Via: c.via()})
	})
	both.Wait()
	if seen.Published.Outcome == probe.PublishCancelled {
		return unfinished(ctx)
	}
	return publishFindings(seen.Published)
}

// publishFindings judges what was sent against what arrived.
func publishFindings(p *probe.Published) []Finding {
	with := func(f Finding) Finding {
		for name, value := range publishFacts(p) {
			f = f.With(name, value)
		}
		return f
	}
	switch p.Outcome {
	case probe.PublishCancelled:
		return nil
	case probe.PublishNoJoin:
		return []Finding{guestRefused(finding.PublishNoPackets, p.Failure)}
	case probe.PublishNotConnected:
		if p.Who == "receiver" {
			return []Finding{with(finding.New(finding.PublishNotReceived, finding.Fail,
				"audio and video were published, and the media connection of the participant to receive them did not come up"))}
		}
		return []Finding{with(finding.New(finding.PublishNoPackets, finding.Fail,
			"the media connection to publish over did not come up, so no packet was sent"))}
	case probe.PublishLeft:
		return []Finding{with(guestLeft(finding.PublishNoPackets, p.End))}
	case probe.PublishInternal:
		return []Finding{finding.New(finding.DoctorInternal, finding.Fail, "lkdoctor itself failed here: %s", p.Detail)}
	case probe.PublishSilent:
		return []Finding{with(finding.New(finding.PublishNotReceived, finding.Fail,
			"%d audio and %d video packets were sent, and none reached the other participant", p.AudioSent.Packets, p.VideoSent.Packets))}
	case probe.PublishPartly:
		kind := "video"
		if p.AudioGot.Packets == 0 {
			kind = "audio"
		}
		return []Finding{with(finding.New(finding.PublishNotReceived, finding.Fail,
			"audio and video were published, and no complete %s reached the other participant", kind))}
	}
	lost, expected := p.AudioGot.Lost+p.VideoGot.Lost, p.AudioGot.Expected+p.VideoGot.Expected
	if expected > 0 && lost >= lossyPackets && 100*float64(lost)/float64(expected) > lossyPercent {
		return []Finding{with(finding.New(finding.PublishLossy, finding.Warn,
			"%d of %d packets were lost between one participant and the other (%s)", lost, expected,
			fmt.Sprintf("%.1f %%", 100*float64(lost)/float64(expected)))).By(finding.OwnerNetwork)}
	}
	return nil
}

// guestRefused is a participant of the doctor's own that did not get in.
func guestRefused(code Code, f *probe.SignalFailure) Finding {
	if f.Kind == probe.SignalUpgradeRefused && (f.Status == 401 || f.Status == 403) {
		return finding.New(code, finding.Fail, "the server refuses a participant with a token made here (%d): %s", f.Status, orNothing(f.Body)).
			With("status", f.Status).By(finding.OwnerConfig)
	}
	return finding.New(code, finding.Fail, "a participant with a token made here could not join: %s", f.Error()).
		With("kind", string(f.Kind)).With("status", f.Status)
}

// guestLeft is a stay of the doctor's own that the server ended.
func guestLeft(code Code, end *probe.SignalEnd) Finding {
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

func publishFacts(p *probe.Published) Facts {
	facts := Facts{
		"outcome": string(p.Outcome), "room": p.Room, "tracks_accepted": p.Accepted,
		"join_ms": millis(p.Join), "connect_ms": millis(p.Connect),
		"first_packet_ms": millis(p.FirstPacket), "first_frame_ms": millis(p.FirstFrame),
		"up_protocol": p.UpPath, "up_rtt_ms": millis(p.Up), "down_protocol": p.DownPath, "down_rtt_ms": millis(p.Down),
	}
	for name, sent := range map[string]probe.Sent{"audio": p.AudioSent, "video": p.VideoSent} {
		facts[name+"_sent_packets"], facts[name+"_sent_kbps"] = sent.Packets, kbps(sent.Bitrate())
		facts[name+"_up_asked_again"] = sent.Repeats
		if sent.Reported {
			facts[name+"_up_lost"], facts[name+"_up_jitter_ms"] = sent.ReportedLost, millis(sent.ReportedJitter)
		}
	}
	for name, got := range map[string]probe.Received{"audio": p.AudioGot, "video": p.VideoGot} {
		facts[name+"_received_packets"], facts[name+"_received_kbps"] = got.Packets, kbps(got.Bitrate())
		facts[name+"_expected_packets"], facts[name+"_lost"] = got.Expected, got.Lost
		facts[name+"_jitter_ms"] = millis(got.Jitter)
	}
	facts["video_sent_frames"], facts["video_frames"], facts["video_broken_frames"] = p.VideoSent.Frames, p.VideoGot.Frames, p.VideoGot.Broken
	return facts
}

// kbps is a bitrate in kbit/s, to one decimal.
func kbps(bits float64) float64 { return float64(int(bits/100+0.5)) / 10 }

func publishOutcome(seen *publishRecord) Outcome {
	p := seen.Published
	if p == nil || p.Outcome != probe.PublishReceived {
		return Outcome{}
	}
	facts := publishFacts(p)
	for name, path := range map[string]probe.Path{"udp": seen.UDP, "tcp": seen.TCP} {
		facts[name+"_works"] = path.Connected
		if path.Connected {
			facts[name+"_connect_ms"], facts[name+"_rtt_ms"] = millis(path.Total), millis(path.RTT)
		}
	}
	return Outcome{Facts: facts, Text: finding.Textf("%d audio packets and %d video frames arrived, the first frame after %s; %s",
		p.AudioGot.Packets, p.VideoGot.Frames, finding.Duration(p.FirstFrame), pathWords(seen.UDP, seen.TCP))}
}

// pathWords says which way works.
func pathWords(udp, tcp probe.Path) Text {
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
