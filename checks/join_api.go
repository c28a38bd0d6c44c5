package checks

import (
	"context"
	"sync"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
)

// joinAPI asks whether the server API (/twirp) answers at LIVEKIT_URL. It only
// reads, with tokens made of the key and secret here.
func (c *Case) joinAPI(ctx context.Context, ended Ended) Report {
	s, at := c.Settings, c.here()
	switch {
	case s.APIKey.Secret.Empty() || s.APISecret.Secret.Empty():
		return check.NotHere("not checked: it needs LIVEKIT_API_KEY and LIVEKIT_API_SECRET")
	case at.URL == nil && ended.Stopped("env.livekit"):
		return check.BlockedBy("env.livekit")
	case at.URL == nil:
		return check.NotHere("not checked: LIVEKIT_URL is not set, and the key and secret here are sent to no other address")
	case ended.Stopped("join.reach"):
		return check.BlockedBy("join.reach")
	}
	api := c.Net.API(at.URL, s.APIKey.Value, s.APISecret.Secret.Reveal())
	var redis probe.APIReply
	var both sync.WaitGroup
	both.Go(func() { redis, _ = api.Redis(ctx) })
	reply, failure := api.Answers(ctx)
	both.Wait()
	if ctx.Err() != nil {
		return check.Unfinished(ctx)
	}
	return Report{Findings: c.apiFindings(reply, redis, failure, at), Outcome: c.apiOutcome(reply, failure)}
}

// apiFindings judges the answers at /twirp of a server that answers at other paths.
func (c *Case) apiFindings(reply, redis probe.APIReply, failure *probe.Failure, at address) []Finding {
	switch {
	case failure != nil && failure.Kind == probe.KindCancelled, failure == nil && reply.Kind == probe.APINotAsked:
		return nil
	case failure != nil || reply.Kind == probe.APIBlocked:
		f := finding.New(finding.ServerAPIBlocked, finding.Warn, "LiveKit answers at %s, and its server API (/twirp) does not: %s",
			clean.Line(at.Host, 80), apiWords(reply, failure)).As(byAnswer(finding.ServerAPIBlocked, reply.Status, reply.What))
		if reply.TokenLost() {
			f.Message = finding.Textf("LiveKit answers at %s, and its server API (/twirp) sees no token (%d, %s): "+
				"something on the way drops or changes the Authorization header", clean.Line(at.Host, 80), reply.Status, reply.Text)
			f = f.As("authorization")
		}
		if c.presenceUnasked() {
			f.Message = finding.Textf("%s; so it could not be asked whether the token's participant is in its room now", f.Message)
			f = f.With("not_asked", "participant")
		}
		if failure != nil {
			return []Finding{failureFacts(f, failure)}
		}
		if reply.Redirect != nil {
			f = f.With("to", reply.Redirect.To)
		}
		return []Finding{f.With("status", reply.Status).With("path", reply.Path).
			With("server_text", reply.Text).With("what", string(reply.What))}
	case redis.Kind == probe.APINoRedis:
		return []Finding{finding.New(finding.ServerNoRedis, finding.Info,
			"the server has no redis: calls work, and egress, ingress and SIP do not").With("server_text", redis.Text)}
	}
	return nil
}

// presenceUnasked reports whether the question for the participants got no answer.
func (c *Case) presenceUnasked() bool {
	p := c.present()
	return p != nil && p.Asked && !p.Known
}

func (c *Case) apiOutcome(reply probe.APIReply, failure *probe.Failure) Outcome {
	if failure != nil || reply.Kind == probe.APIBlocked || reply.Kind == probe.APINotAsked {
		return Outcome{}
	}
	out := Outcome{Text: finding.Textf("the server API answers"),
		Facts: Facts{"status": reply.Status, "api_ms": finding.Milliseconds(reply.Took)}}
	switch {
	case reply.Kind != probe.APIAnswered:
		out.Text = finding.Textf("the server API is there, and refuses the key here (%d)", reply.Status)
		out.Refused = true
		out.Facts["server_text"] = reply.Text
	case c.presenceUnasked():
		out.Text = finding.Textf("the server API answers; whether the token's participant is in its room now was not to be learnt")
	}
	return out
}

func apiWords(reply probe.APIReply, failure *probe.Failure) Text {
	switch {
	case failure != nil && (failure.Kind == probe.KindSilent || failure.Kind == probe.KindHeaderSlow || failure.Kind == probe.KindBodySlow):
		return finding.Textf("no answer within %s", finding.Duration(failure.Took))
	case failure != nil:
		return finding.Textf("%s", failure.Detail)
	case reply.Redirect != nil:
		return finding.Textf("a redirect (%d) to %s, which server SDKs do not follow", reply.Status, reply.Redirect.To)
	case reply.Text == "":
		return finding.Textf("%d without a text", reply.Status)
	}
	return finding.Textf("%d, %s", reply.Status, reply.Text)
}
