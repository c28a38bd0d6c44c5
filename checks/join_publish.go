package checks

import (
	"context"
	"fmt"
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

// publishRecord is the result of publishing, and of comparing UDP with TCP.
type publishRecord struct {
	Published *session.Published
	UDP, TCP  session.Path
}

// joinPublish publishes audio and video from one participant of the doctor's own to
// another, and compares UDP with TCP meanwhile.
func joinPublish(c *Case) Check {
	return c.check(Spec{
		ID: "join.publish", Stage: check.StageJoin, Timeout: 20 * time.Second,
		Title: finding.Textf("Published audio and video reach another participant"),
		Short: finding.Textf("publishing"),
		Also:  finding.Textf("publishing"),
		Uses:  ownJoinUses(),
	}, func(ctx context.Context, c *Case, ended Ended) Report {
		if skip := c.ownJoins(ended); skip != nil {
			return *skip
		}
		return c.publish(ctx)
	})
}

func (c *Case) publish(ctx context.Context) Report {
	var seen publishRecord
	tokens := make([]string, 4)
	for i, who := range []string{"sender", "receiver", "udp", "tcp"} {
		room := "publish"
		if i > 1 {
			room = "paths"
		}
		var err error
		if tokens[i], err = c.guestToken(room, who); err != nil {
			return check.Found(finding.New(finding.PublishNoPackets, finding.Fail,
				"no token could be made with the key and secret here: %s", c.Redact.Clean(err.Error(), 160)).As("no-token").By(finding.OwnerConfig))
		}
	}
	check.Waiting(ctx, "publishing audio and video, and counting what arrives")
	var both sync.WaitGroup
	both.Go(func() {
		seen.Published = session.Publish(ctx, c.Net, c.devURL(), tokens[0], tokens[1], c.via(), 0)
	})
	both.Go(func() {
		seen.UDP, seen.TCP = session.ComparePaths(ctx, c.Net, c.devURL(), tokens[2], tokens[3], c.via())
	})
	both.Wait()
	if seen.Published.Outcome == session.PublishCancelled {
		return check.Unfinished(ctx)
	}
	findings := publishFindings(seen.Published)
	for i, f := range findings {
		if f.Code == finding.PublishLossy && probe.IsLoopbackHost(c.devURL().Hostname()) {
			findings[i] = noNetwork(f)
		}
		findings[i] = c.withPorts(findings[i])
	}
	if f, found := c.tcpOnlyFinding(&seen); found {
		findings = append(findings, f)
	}
	return Report{Findings: findings, Outcome: publishOutcome(&seen)}
}

// publishFindings compares what arrived with what was sent.
func publishFindings(p *session.Published) []Finding {
	with := func(f Finding) Finding {
		for name, value := range publishFacts(p) {
			f = f.With(name, value)
		}
		return f
	}
	switch p.Outcome {
	case session.PublishCancelled:
		return nil
	case session.PublishNoJoin:
		return []Finding{guestRefused(finding.PublishNoPackets, p.Failure).As("refused")}
	case session.PublishNotConnected:
		if p.Who == "receiver" {
			return []Finding{with(finding.New(finding.PublishNotReceived, finding.Fail,
				"audio and video were published, and the media connection of the participant to receive them did not come up").As("receiver")).
				By(finding.OwnerNetwork)}
		}
		return []Finding{with(finding.New(finding.PublishNoPackets, finding.Fail,
			"the media connection to publish over did not come up, so no packet was sent").As("not-connected")).By(finding.OwnerNetwork)}
	case session.PublishLeft:
		return []Finding{with(guestLeft(finding.PublishNoPackets, p.End).As("ended"))}
	case session.PublishInternal:
		return []Finding{finding.New(finding.DoctorInternal, finding.Fail, "lkdoctor itself failed here: %s", p.Detail)}
	case session.PublishSilent:
		return []Finding{with(finding.New(finding.PublishNotReceived, finding.Fail,
			"%d audio and %d video packets were sent, and none reached the other participant", p.AudioSent.Packets, p.VideoSent.Packets).As("nothing"))}
	case session.PublishPartly:
		kind := "video"
		if p.AudioGot.Packets == 0 {
			kind = "audio"
		}
		return []Finding{with(finding.New(finding.PublishNotReceived, finding.Fail,
			"audio and video were published, and no complete %s reached the other participant", kind).As("partly"))}
	}
	lost, expected := p.AudioGot.Lost+p.VideoGot.Lost, p.AudioGot.Expected+p.VideoGot.Expected
	if expected > 0 && lost >= lossyPackets && 100*float64(lost)/float64(expected) > lossyPercent {
		return []Finding{with(finding.New(finding.PublishLossy, finding.Warn,
			"%d of %d packets were lost between one participant and the other (%s)", lost, expected,
			fmt.Sprintf("%.1f %%", 100*float64(lost)/float64(expected))).As("network")).By(finding.OwnerNetwork)}
	}
	return nil
}
