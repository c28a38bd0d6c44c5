package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/room"
	"lkdoctor/checks/room/stay"
	"lkdoctor/config/clean"
)

// options returns the options of the stay, and its network, which the caller closes.
func (v *joinCall) options() (stay.Options, *probe.Net) {
	c := v.exam.newCase()
	o := stay.Options{URL: v.url, Token: v.token.Reveal(), InQuery: v.inQuery, Net: c.Net, Redact: c.Redact,
		Now: v.app.now, For: v.flags.stay}
	if v.agent != "" {
		agentRoom := &checks.AgentRoom{Room: v.token.Room(), Watch: c.Net.Agents()}
		o.Hear = agentRoom.Watch.Hear
		o.InRoom = func(ctx context.Context, tell func(room.Event)) {
			v.callAgent(ctx, agentRoom, tell)
			<-ctx.Done()
			agentRoom.TakeBack(ctx, c.Net)
		}
	}
	return o, c.Net
}

// callAgent runs join.agent for the agent of --agent in the room of the stay, and passes
// its results to tell.
func (v *joinCall) callAgent(ctx context.Context, agentRoom *checks.AgentRoom, tell func(room.Event)) {
	name := clean.Line(v.agent, 80)
	tell(room.Event{Type: room.AgentCalled, Agent: name, Text: finding.Textf("calling the agent %s into the room", name)})
	again := *v.exam
	again.options.Agent, again.options.AgentRoom, again.options.Only, again.options.Skip = v.agent, agentRoom, []string{"join.agent"}, nil
	again.options.DevJoin = false // it would exclude the check
	for _, spec := range checks.Specs() {
		if spec.ID != "join.agent" && (spec.Stage == check.StageJoin || spec.Stage == check.StageFallback) {
			again.options.Skip = append(again.options.Skip, spec.ID)
		}
	}
	run := v.continued(ctx, &again, again.newCase(), check.StageJoin)
	if ctx.Err() != nil {
		return
	}
	r := run.Results[slices.IndexFunc(run.Results, func(r check.Result) bool { return r.Check.ID == "join.agent" })]
	e := room.Event{Type: room.AgentCame, Agent: name, Text: r.Outcome.Text, Findings: v.findings(run)}
	switch {
	case r.Skip != nil:
		e.Type, e.Text = room.Problem, finding.Textf("the agent %s: %s", name, r.Skip.Text)
	case r.Status == check.StatusFail || r.Status == check.StatusError:
		e.Type, e.Reason = room.Problem, string(r.Findings[0].Code)
		e.Text = finding.Textf("%s (%s)", r.Findings[0].Message, e.Reason)
		if len(r.Findings[0].Fixes) > 0 {
			e.Advice = v.advice(r.Findings[0].Fixes[0])
		}
	default:
		if after, is := r.Outcome.Facts["after_ms"].(float64); is {
			e.Took = &after
		}
	}
	tell(e)
}

// stream prints the stay as lines of text or JSON, and returns the exit code. It leaves
// the room when stdout is closed.
func (v *joinCall) stream(ctx context.Context) int {
	o, network := v.options()
	defer network.Close()
	o.Publish = v.flags.clips()
	s := stay.Open(ctx, o)
	defer s.Close()
	var unwritten error
	var end *room.End
	for e := range s.Events() { // the stay ends itself at the end of ctx
		if e.Type == room.Ended {
			e = v.explained(ctx, e)
			end = e.End
		}
		if err := v.print(e); err != nil && unwritten == nil {
			unwritten = err
			s.Leave()
		}
	}
	if unwritten != nil {
		return check.ExitDoctor
	}
	return exitOf(end)
}

// exitOf returns the exit code of a stay.
func exitOf(end *room.End) int {
	switch {
	case end == nil:
		return check.ExitDoctor
	case end.Outcome == room.Left:
		return check.ExitOK
	case end.Outcome == room.Interrupted:
		return check.ExitInterrupted
	}
	return check.ExitFailed
}

// explained adds to the end of a failed join what the checks find.
func (v *joinCall) explained(ctx context.Context, e room.Event) room.Event {
	if advice := finding.LeaveAdvice(e.Reason); !advice.IsZero() {
		e.Advice = v.say(advice)
	}
	if e.End.Outcome != room.NotJoined || ctx.Err() != nil {
		return e
	}
	again := *v.exam
	again.options.Skip, again.options.ForceJoin = []string{"ticket", "join.turn", "join.publish", "join.reconnect", "fallback"}, true
	from := check.StageJoin
	if v.minted {
		again.options.Skip, again.options.DevJoin, from = nil, true, check.StageFallback
	}
	c := again.newCase()
	c.Net.Limits = c.Net.Waits().Shorter() // the stay has already waited for the full time
	v.whyChecked, v.why = c, v.continued(ctx, &again, c, from)
	e.Findings = v.findings(v.why)
	if d := v.why.Diagnosis; d.RootCause != nil && e.Advice == "" && len(d.NextSteps) > 0 {
		e.Advice = v.advice(d.NextSteps[0])
	}
	return e
}

// advice returns a fix on one line, its command included.
func (v *joinCall) advice(fix check.Fix) string {
	command := strings.Join(strings.Fields(strings.ReplaceAll(strings.TrimSpace(fix.Command), "\n", "; ")), " ")
	return strings.TrimSpace(v.say(fix.Text) + " " + command)
}

// print shows one event.
func (v *joinCall) print(e room.Event) error {
	e = v.app.redact.HideIn(e).(room.Event)
	if v.face == faceJSON {
		line := struct {
			room.Event
			Text string `json:"text"`
		}{e, e.Text.String()}
		encoder := json.NewEncoder(v.app.out)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(line)
	}
	if e.Type == room.RTT || e.Type == room.Stats || e.Type == room.Speaking {
		return nil // too frequent for people; --json has them
	}
	if _, err := fmt.Fprintf(v.app.out, "%s  %s\n", e.At.Format("15:04:05.000"), v.say(e.Text)); err != nil {
		return err
	}
	for _, f := range e.Findings {
		if e.Reason == string(f.Code) {
			continue // the event's text is the finding's message
		}
		if _, err := fmt.Fprintf(v.app.out, "              %s  %s\n", f.Code, f.Message); err != nil {
			return err
		}
	}
	if e.Advice != "" {
		if _, err := fmt.Fprintf(v.app.out, "              %s\n", v.say(finding.Textf("Next: %s", e.Advice))); err != nil {
			return err
		}
	}
	return nil
}

// say returns a sentence in the reader's language, in English for JSON.
func (v *joinCall) say(t finding.Text) string {
	if v.face == faceJSON {
		return t.String()
	}
	return t.In(v.translate())
}

func (v *joinCall) translate() func(string) string {
	if v.exam == nil {
		return nil
	}
	return v.exam.style.Translate
}

// plainText returns a sentence that is in the reader's language already.
func plainText(text string) finding.Text { return finding.Textf("%s", text) }

// link returns the address of LiveKit Meet for the same room. It holds a token.
func (v *joinCall) link() string {
	raw, _, _ := v.guest()
	query := url.Values{"liveKitUrl": {probe.WSURL(v.url).String()}, "token": {raw}}
	return "https://meet.livekit.io/custom?" + query.Encode()
}
