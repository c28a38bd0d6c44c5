package checks

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
)

// Losses are reported above this share of the packets, and above one packet.
const (
	lossyPercent = 2.0
	lossyPackets = 2
)

// joinPublish publishes audio and video from one participant of the doctor's own to
// another, and compares UDP with TCP meanwhile.
func (c *Case) joinPublish(ctx context.Context, ended Ended) Report {
	if why, is := c.noGuests(ended); is {
		return why
	}
	var tokens [4]string
	for i, guest := range [][2]string{{"publish", "sender"}, {"publish", "receiver"}, {"paths", "udp"}, {"paths", "tcp"}} {
		var err error
		if tokens[i], err = c.guestToken(guest[0], guest[1]); err != nil {
			return c.noGuest(finding.PublishNoPackets, err)
		}
	}
	check.Waiting(ctx, "publishing audio and video, and counting what arrives")
	var published *session.Published
	var udp, tcp session.Path
	var both sync.WaitGroup
	both.Go(func() {
		published = session.Publish(ctx, c.Net, c.livekitURL(), tokens[0], tokens[1], inQuery(c.verdict()), 0)
	})
	both.Go(func() {
		udp, tcp = session.ComparePaths(ctx, c.Net, c.livekitURL(), tokens[2], tokens[3], inQuery(c.verdict()))
	})
	both.Wait()
	if published.Outcome == session.PublishCancelled {
		return check.Unfinished(ctx)
	}
	findings := publishFindings(published, c.here())
	for i, f := range findings {
		if f.Code == finding.PublishLossy && probe.IsLoopbackHost(c.livekitURL().Hostname()) {
			f = noNetwork(f)
		}
		findings[i] = c.withPorts(f)
	}
	return Report{Findings: append(findings, c.tcpOnlyFindings(udp, tcp)...), Outcome: publishOutcome(published, udp, tcp)}
}

// publishFindings compares what arrived with what was sent at that address.
func publishFindings(p *session.Published, at address) []Finding {
	found := func(code Code, variant string, owner Owner, format string, args ...any) []Finding {
		return []Finding{finding.New(code, finding.Fail, format, args...).As(variant).By(owner).WithAll(publishFacts(p))}
	}
	switch p.Outcome {
	case session.PublishCancelled:
		return nil
	case session.PublishNoJoin:
		return []Finding{guestRefused(finding.PublishNoPackets, p.Failure, at)}
	case session.PublishNotConnected:
		if p.Who == "receiver" {
			return found(finding.PublishNotReceived, "receiver", finding.OwnerNetwork,
				"audio and video were published, and the media connection of the participant to receive them did not come up")
		}
		return found(finding.PublishNoPackets, "not-connected", finding.OwnerNetwork,
			"the media connection to publish over did not come up, so no packet was sent")
	case session.PublishLeft:
		if p.End == nil || !p.End.Left { // what lies between ended it, and not the server
			return []Finding{finding.New(finding.WebsocketClosed, finding.Fail,
				"the WebSocket of a participant was closed (%d) after %s, while audio and video were published",
				closeCode(p.End), finding.Duration(p.Ended)).As("during-call").WithAll(publishFacts(p)).
				With("close_code", closeCode(p.End))}
		}
		return []Finding{guestLeft(finding.PublishNoPackets, p.End).As("ended").By(finding.OwnerLiveKitServer).WithAll(publishFacts(p))}
	case session.PublishInternal:
		return []Finding{finding.New(finding.DoctorInternal, finding.Fail, "lkdoctor itself failed here: %s", p.Detail)}
	case session.PublishSilent:
		return found(finding.PublishNotReceived, "nothing", "",
			"%d audio and %d video packets were sent, and none reached the other participant", p.AudioSent.Packets, p.VideoSent.Packets)
	case session.PublishPartly:
		kind := "video"
		if p.AudioGot.Packets == 0 {
			kind = "audio"
		}
		return found(finding.PublishNotReceived, "partly", "",
			"audio and video were published, and no complete %s reached the other participant", kind)
	}
	lost, expected := p.AudioGot.Lost+p.VideoGot.Lost, p.AudioGot.Expected+p.VideoGot.Expected
	percent := 100 * float64(lost) / float64(max(expected, 1))
	if lost < lossyPackets || percent <= lossyPercent {
		return nil
	}
	findings := found(finding.PublishLossy, "network", finding.OwnerNetwork,
		"%d of %d packets were lost between one participant and the other (%s)", lost, expected, fmt.Sprintf("%.1f %%", percent))
	findings[0].Severity = finding.Warn
	return findings
}

// tcpOnlyFindings reports an ICE/TCP port over which a TCP-only participant could
// not connect. A connection over UDP ends the test of the port too early for
// join.media to see that it drops packets.
func (c *Case) tcpOnlyFindings(udp, tcp session.Path) []Finding {
	if tcp.Outcome != session.OutcomeNothingAnswered || len(tcp.Advertised) == 0 || !udp.Connected {
		return nil
	}
	for _, m := range c.connections() {
		if slices.ContainsFunc(m.TCP, tcpSilent) {
			return nil
		}
	}
	return []Finding{finding.New(finding.MediaTCPUnreachable, finding.Warn,
		"a participant with ICE/TCP alone did not connect: %s did not answer; over UDP one did",
		joinNames(addresses(tcp.Advertised))).As("no-answer").With("tcp_port", int(tcp.Advertised[0].Port))}
}

func publishFacts(p *session.Published) Facts {
	facts := Facts{
		"outcome": string(p.Outcome), "room": p.Room, "tracks_accepted": p.Accepted, "up_protocol": p.UpPath, "down_protocol": p.DownPath,
		"video_sent_frames": p.VideoSent.Frames, "video_frames": p.VideoGot.Frames, "video_broken_frames": p.VideoGot.Broken,
	}
	for name, took := range map[string]time.Duration{
		"join_ms": p.Join, "connect_ms": p.Connect, "first_packet_ms": p.FirstPacket, "first_frame_ms": p.FirstFrame,
		"up_rtt_ms": p.Up, "down_rtt_ms": p.Down,
	} {
		facts[name] = finding.Milliseconds(took)
	}
	for name, sent := range map[string]session.Counts{"audio": p.AudioSent, "video": p.VideoSent} {
		facts[name+"_sent_packets"], facts[name+"_sent_kbps"] = sent.Packets, kbps(sent.Bitrate())
		facts[name+"_up_asked_again"] = sent.Repeats
		if sent.Reported {
			facts[name+"_up_lost"], facts[name+"_up_jitter_ms"] = sent.Lost, finding.Milliseconds(sent.Jitter)
		}
	}
	for name, got := range map[string]session.Counts{"audio": p.AudioGot, "video": p.VideoGot} {
		facts[name+"_received_packets"], facts[name+"_received_kbps"] = got.Packets, kbps(got.Bitrate())
		facts[name+"_expected_packets"], facts[name+"_lost"] = got.Expected, got.Lost
		facts[name+"_jitter_ms"] = finding.Milliseconds(got.Jitter)
	}
	return facts
}

func kbps(bits float64) float64 { return float64(int(bits/100+0.5)) / 10 }

func publishOutcome(p *session.Published, udp, tcp session.Path) Outcome {
	if p.Outcome != session.PublishReceived {
		return Outcome{}
	}
	facts := publishFacts(p)
	for name, path := range map[string]session.Path{"udp": udp, "tcp": tcp} {
		facts[name+"_works"] = path.Connected
		if path.Connected {
			facts[name+"_connect_ms"], facts[name+"_rtt_ms"] = finding.Milliseconds(path.Total), finding.Milliseconds(path.RTT)
		}
	}
	paths := finding.Textf("neither UDP nor TCP alone was enough")
	switch {
	case udp.Connected && tcp.Connected:
		paths = finding.Textf("UDP and TCP work")
	case udp.Connected:
		paths = finding.Textf("UDP works, TCP does not")
	case tcp.Connected:
		paths = finding.Textf("TCP works, UDP does not")
	case udp.Relayed:
		paths = finding.Textf("neither UDP nor TCP works without the TURN server")
	}
	return Outcome{Facts: facts, Text: finding.Textf("%d audio packets and %d video frames arrived, the first frame after %s; %s",
		p.AudioGot.Packets, p.VideoGot.Frames, finding.Duration(p.FirstFrame), paths)}
}
