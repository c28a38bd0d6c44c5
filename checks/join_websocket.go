package checks

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/token"
	"lkdoctor/config/clean"
)

// joinWebSocket joins the room with the token under test and reads the first frame
// itself: the SDKs wait forever for a server that opens the WebSocket and sends
// nothing. The stay goes on for join.media, which leaves the room.
func (c *Case) joinWebSocket(ctx context.Context, _ Ended) Report {
	verdict, t := c.verdict(), c.token()
	if acceptance(verdict) != diagnosis.Yes {
		return check.BlockedBy("signature.server")
	}
	if p := c.present(); p != nil && p.Known && p.Present && !c.Options.ForceJoin {
		return check.Found(evicting(t.Token, finding.Warn, "present",
			"%s is in room %s now; joining would throw that participant out, so nothing was joined"))
	}
	at := c.there()
	if region := c.region(); region != nil {
		at.URL = region
	}
	check.Waiting(ctx, "joining %s at %s", clean.Line(t.Room(), 60), clean.Line(at.Host, 80))
	joined := c.open(ctx, at, t.Token, verdict, false)
	c.produce(joined)
	findings := joinedFindings(c, joined, at, t.Token, verdict)
	if p := c.present(); p != nil && p.Unasked {
		// Asking would send a token made here to a server that is not configured here.
		findings = append(findings, evicting(t.Token, finding.Info, "not-asked",
			"whether %s is in room %s now was not asked: this address came with the token, and "+
				"tokens made here go to LIVEKIT_URL alone"))
	}
	return Report{Findings: findings, Outcome: joinedOutcome(joined)}
}

func joinedOutcome(j *JoinRecord) Outcome {
	if !j.in() {
		return Outcome{}
	}
	s := j.Signal
	out := Outcome{
		Text: finding.Textf("joined %s as %s on LiveKit %s", s.Facts.Room, s.Facts.Identity, s.Facts.ServerVersion),
		Facts: Facts{"room": s.Facts.Room, "identity": s.Facts.Identity, "server_version": s.Facts.ServerVersion,
			"server_region": s.Facts.ServerRegion, "others_in_room": s.Facts.OthersCount,
			"upgrade_ms": finding.Milliseconds(s.Phases.Upgrade), "join_ms": finding.Milliseconds(s.Phases.Join)},
	}
	withExcess(&out, s)
	return out
}

func withExcess(out *Outcome, s *session.Participant) {
	excess := s.Excess()
	if len(excess) == 0 {
		return
	}
	names := make([]string, len(excess))
	for i, one := range excess {
		names[i] = strings.ReplaceAll(string(one), "_", " ")
	}
	out.Facts["capped"] = excess
	out.Text = finding.Textf("%s; the server sends more than lkdoctor reads (%s)", out.Text, strings.Join(names, ", "))
}

// evicting returns a finding about the participant that the join would remove.
func evicting(t *token.Token, severity finding.Severity, variant, format string) Finding {
	return finding.New(finding.JoinWouldEvict, severity, format, clean.Line(t.Identity(), 80), clean.Line(t.Room(), 80)).
		As(variant).With("identity", clean.Line(t.Identity(), 256)).With("room", clean.Line(t.Room(), 256))
}

func joinedFindings(c *Case, j *JoinRecord, at address, t *token.Token, v *probe.Verdict) []Finding {
	if j.Failure != nil {
		return signalFindings(c, j.Failure, at, t)
	}
	var findings []Finding
	if v != nil && v.InQuery {
		findings = append(findings, finding.New(finding.WebsocketAuthStripped, finding.Fail,
			"the token works in the query and not in the Authorization header: something on the way drops the header").
			As(byFront(finding.WebsocketAuthStripped, "", v.Front, "other")))
	}
	return append(findings, versionFindings(j.Signal.Facts.ServerVersion)...)
}

// oldestVersion is the first server version with the /rtc/v1 path, which current
// client SDKs ask first (livekit-server v1.9.10).
const oldestVersion = "1.9.10"

func versionFindings(version string) []Finding {
	// An unknown version is not older.
	if !semver.IsValid("v"+version) || semver.Compare("v"+version, "v"+oldestVersion) >= 0 {
		return nil
	}
	return []Finding{finding.New(finding.ServerVersionOld, finding.Warn,
		"the server is LiveKit %s; from %s on it has the signalling path that the client SDKs of today ask for first",
		version, oldestVersion).With("server_version", version)}
}

// signalFindings returns the findings for a failed join. The server accepted the
// token before, so the connection or the room is the cause.
func signalFindings(c *Case, f *session.SignalFailure, at address, t *token.Token) []Finding {
	switch f.Kind {
	case session.SignalCancelled:
		return nil
	case session.SignalNetwork:
		lost := []probe.Kind{probe.KindSilent, probe.KindHeaderSlow, probe.KindReset, probe.KindClosed}
		if f.Network.Phase == probe.PhaseHTTP && slices.Contains(lost, f.Network.Kind) {
			return []Finding{upgradeUnanswered(f.Network, c.frontOf(at))}
		}
		return c.unanswered(toServer, f.Network, at)
	case session.SignalUpgradeRefused:
		return []Finding{upgradeFinding(f, t, c.frontOf(at), at)}
	case session.SignalClosed:
		closed := finding.New(finding.WebsocketClosed, finding.Fail,
			"the WebSocket opened and was closed (%d) before the server said Join", f.CloseCode).As("closed")
		if f.CloseCode == 1006 { // it ended without a code
			closed = closed.As("cut")
		}
		if f.CloseText != "" {
			closed.Message = finding.Textf("the WebSocket opened and was closed (%d, %s) before the server said Join",
				f.CloseCode, f.CloseText)
		}
		if f.CloseCode == 1008 || f.CloseText != "" {
			closed = closed.As("policy")
		}
		return []Finding{closed.With("close_code", f.CloseCode).With("close_text", f.CloseText)}
	case session.SignalSilent:
		return []Finding{finding.New(finding.WebsocketSilent, finding.Fail,
			"the WebSocket opened, and no first frame came within %s; LiveKit's SDKs would wait for ever", finding.Duration(f.Took)).
			With("waited_ms", finding.Milliseconds(f.Took))}
	case session.SignalNotSignal:
		return []Finding{finding.New(finding.WebsocketNotSignal, finding.Fail,
			"the WebSocket opened, and its first frame (%s, %d bytes) is not LiveKit's protocol", f.FrameType, f.FrameLength).
			As("other-program").With("frame_type", f.FrameType).With("excerpt", f.Excerpt)}
	}
	return []Finding{leftFinding(f.Reason, f.Action)}
}
