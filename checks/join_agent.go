package checks

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/probe/session"
	"lkdoctor/checks/token"
	"lkdoctor/config/clean"
)

const agentSlow = 3 * time.Second

// joinAgent waits for the agents that the token calls, in the stay of join.websocket;
// or calls the agent of --agent into a room of its own, and deletes the dispatch.
func (c *Case) joinAgent(ctx context.Context, ended Ended) Report {
	t := c.token()
	switch misnamed := misnamedAgent(t, ended); {
	case c.Options.Agent != "":
		key, _, _ := c.devKeys()
		why, is := c.noGuests(ended)
		switch in := c.Options.AgentRoom; {
		case in == nil && is:
			return why
		case in != nil && key == "":
			return check.NotHere("not called: it needs LIVEKIT_API_KEY and LIVEKIT_API_SECRET")
		case in != nil && (c.there().withToken || c.livekitURL() == nil):
			return check.NotHere("not called: the key and secret here are not sent to an address that came with the token")
		}
		return c.callAgent(ctx)
	case misnamed != "":
		return check.NotHere("not checked: the token calls no agent by name, for LiveKit does not read %s", misnamed)
	case t == nil || len(t.Claims.Agents) == 0:
		return c.nobodyCalled()
	case !c.joined().in():
		return check.BlockedBy("join.websocket")
	}
	return c.calledByToken(ctx, t)
}

// nobodyCalled returns the report of a run that calls no agent. A name in the
// environment alone calls none: an agent may cost money.
func (c *Case) nobodyCalled() Report {
	for _, name := range []string{"LIVEKIT_AGENT_NAME", "AGENT_NAME"} {
		if value, _ := c.Settings.Env.Value(name); value != "" {
			return check.Unasked("not run: %s names an agent; add --agent NAME to call it", name)
		}
	}
	return check.NotHere("not checked: neither the token nor --agent calls an agent")
}

// misnamedAgent returns the place in the token that names an agent where LiveKit
// does not read it; "" where LiveKit reads the name of an agent.
func misnamedAgent(t *examined, ended Ended) string {
	if t != nil && slices.ContainsFunc(t.Claims.Agents, func(name string) bool { return name != "" }) {
		return ""
	}
	for _, f := range ended["token.claims"].Findings {
		if f.Variant == "case" { // LiveKit reads the claim all the same
			continue
		}
		if meant, _ := f.Facts["meant"].(string); strings.HasPrefix(meant, "roomConfig") {
			path, _ := f.Facts["path"].(string)
			return path
		}
	}
	return ""
}

// staysForAgent reports whether the stay of the token under test goes on after
// join.media. A check that calls it declares token.format.
func (c *Case) staysForAgent() bool {
	t := c.token()
	return c.made.chosen["join.agent"] && c.Options.Agent == "" && t != nil && len(t.Claims.Agents) > 0
}

// calledByToken waits for the agents that the token called, and leaves the room.
func (c *Case) calledByToken(ctx context.Context, t *examined) Report {
	stay := c.joined()
	if m := c.media(); m != nil {
		stay = m
	}
	defer stay.close()
	call := &agentCall{room: stay.Signal.Facts.Room, called: stay.At, watch: stay.Agents, over: stay.Signal.Done(), limits: c.Net.Waits()}
	for _, name := range t.Claims.Agents[:min(len(t.Claims.Agents), caps.Called)] {
		if name = clean.Line(name, 80); !slices.Contains(call.names, name) {
			call.names = append(call.names, name)
		}
	}
	at := c.there()
	switch local := c.local(); {
	case at.withToken:
		call.unasked = finding.Textf("the key and secret here are not sent to an address that came with the token")
	case c.Settings.APIKey.Secret.Empty() || c.Settings.APISecret.Secret.Empty():
		call.unasked = finding.Textf("there is no key and secret here to ask the server with")
	case local == nil || *local != token.Verified:
		call.unasked = finding.Textf("the key and secret here did not sign the token")
	default:
		call.api = c.Net.API(at.URL, c.Settings.APIKey.Value, c.Settings.APISecret.Secret.Reveal())
	}
	return call.report(ctx)
}

// AgentRoom is an open stay into which the agent of Options.Agent is called.
type AgentRoom struct {
	Room string
	// Watch follows the signalling of that stay.
	Watch *probe.Agents

	takeBack func(ctx context.Context, n *probe.Net) // nil without a call
}

// TakeBack deletes the dispatch and removes its agents from the room. Call it before
// the stay ends: the server lists no dispatches of an empty room.
func (r *AgentRoom) TakeBack(ctx context.Context, n *probe.Net) {
	if r.takeBack == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.Waits().Extra)
	defer cancel()
	r.takeBack(ctx, n)
}

// callAgent calls the agent of --agent into the stay of Options.AgentRoom, whose owner
// takes the call back. Without one it joins a new room at LIVEKIT_URL, and takes the
// call back and leaves when it returns.
func (c *Case) callAgent(ctx context.Context) Report {
	in := c.Options.AgentRoom
	var over <-chan struct{}
	if in == nil {
		raw, err := c.guestToken("agent", "caller")
		if err != nil {
			return check.NotHere("not checked: no token could be made with the key and secret here")
		}
		in = &AgentRoom{Room: c.guestRoom("agent"), Watch: c.Net.Agents()}
		signal, failure := session.Join(ctx, c.Net, c.livekitURL(), raw,
			session.Options{InQuery: inQuery(c.verdict()), Hear: in.Watch.Hear})
		if failure != nil {
			return Report{Findings: signalFindings(c, failure, c.here(), nil)}
		}
		defer signal.Leave()
		defer in.TakeBack(ctx, c.Net)
		over = signal.Done()
	}
	key, secret, _ := c.devKeys()
	name, u := c.Options.Agent, c.livekitURL()
	api := c.Net.API(u, key, secret)
	made, reply, lost := api.CallAgent(ctx, in.Room, name)
	if lost != nil || reply.Kind != probe.APIAnswered {
		return Report{Skip: &check.Skip{Reason: check.Blocked, By: "join.api",
			Text: finding.Textf("not run: the server API did not take the call: %s", apiWords(reply, lost))}}
	}
	in.takeBack = func(ctx context.Context, n *probe.Net) {
		_, _ = n.API(u, key, secret).TakeBack(ctx, in.Room, made.ID)
		for _, agent := range in.Watch.Seen() { // the server ends a job some seconds later
			if !agent.Before && (agent.Name == name || c.Options.AgentRoom == nil) {
				n.Remove(ctx, u, key, secret, in.Room, agent.Identity)
			}
		}
	}
	call := &agentCall{names: []string{clean.Line(name, 80)}, room: clean.Line(in.Room, 256), called: time.Now(),
		watch: in.Watch, over: over, api: api, limits: c.Net.Waits()}
	return call.report(ctx)
}

type agentCall struct {
	names  []string // "" stands for any worker without a name
	room   string
	called time.Time
	watch  *probe.Agents
	over   <-chan struct{} // the stay in the room has ended
	limits probe.Limits
	// api is nil where the server cannot be asked; unasked is the reason.
	api     *probe.API
	unasked Text

	agents []probe.Agent
	waited time.Duration
	// listed is the time from the call to the list of dispatches, 0 without one.
	dispatches []probe.Dispatch
	listed     time.Duration
}

func (a *agentCall) report(ctx context.Context) Report {
	check.Waiting(ctx, "waiting for the agent %s", agentName(a.names[0]))
	a.wait(ctx)
	if ctx.Err() != nil {
		return check.Unfinished(ctx)
	}
	report := Report{Outcome: a.outcome()}
	for _, name := range a.names {
		report.Findings = append(report.Findings, a.judge(name)...)
	}
	return report
}

// wait follows the call until it is decided, at most for Limits.Agent.
func (a *agentCall) wait(ctx context.Context) {
	type list struct {
		dispatches []probe.Dispatch
		ok         bool
		asked      time.Duration
	}
	lists, asking, next := make(chan list, 1), false, time.Duration(0)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		a.agents, a.waited = a.watch.Seen(), time.Since(a.called)
		if a.decided() {
			return
		}
		if now := a.waited; a.api != nil && !asking && now >= next {
			if asking, next = true, now+a.limits.AgentPoll; now < a.limits.JobTaken {
				next = min(next, a.limits.JobTaken)
			}
			go func() {
				dispatches, reply, failure := a.api.Dispatches(ctx, a.room)
				lists <- list{dispatches, failure == nil && reply.Kind == probe.APIAnswered, now}
			}()
		}
		select {
		case l := <-lists:
			asking = false
			if l.ok {
				a.dispatches, a.listed = l.dispatches, max(l.asked, 1)
			}
		case <-a.over:
			a.agents = a.watch.Seen()
			return
		case <-a.watch.Changed:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// decided reports whether waiting longer cannot change the outcome.
func (a *agentCall) decided() bool {
	return a.waited >= a.limits.Agent || !slices.ContainsFunc(a.names, func(name string) bool {
		if agent, came := a.arrived(name); came {
			return !agent.Audio && !agent.Left && !agent.Before && time.Since(agent.Came) < a.limits.AgentAudio
		}
		code, _ := a.cause(name)
		return code == "" || code == finding.AgentAbsent
	})
}

func (a *agentCall) arrived(name string) (agent probe.Agent, came bool) {
	i := slices.IndexFunc(a.agents, func(a probe.Agent) bool { return a.Name == name || a.Name == "" || name == "" })
	if i < 0 {
		return probe.Agent{}, false
	}
	return a.agents[i], true
}

// cause returns why an agent has not come, from the server's list of dispatches; ""
// where the list does not show it. failure is the error of a failed job.
func (a *agentCall) cause(name string) (code Code, failure string) {
	i := slices.IndexFunc(a.dispatches, func(d probe.Dispatch) bool { return d.Agent == name })
	switch {
	case a.listed == 0:
		return "", ""
	case i < 0 && a.listed >= a.limits.Dispatched:
		return finding.AgentDispatchIgnored, ""
	case i < 0:
		return "", ""
	}
	jobs := a.dispatches[i].Jobs
	switch {
	case len(jobs) == 0 && a.listed >= a.limits.JobTaken:
		return finding.AgentNoWorker, ""
	case len(jobs) == 0:
		return "", ""
	case slices.ContainsFunc(jobs, func(j probe.DispatchJob) bool { return j.Status != "failed" }):
		return finding.AgentAbsent, ""
	}
	return finding.AgentJobFailed, jobs[0].Error
}

func (a *agentCall) judge(name string) []Finding {
	shown, waited := agentName(name), finding.Duration(a.waited)
	facts := Facts{"agent": cmp.Or(name, "(no name)"), "room": a.room, "waited_ms": finding.Milliseconds(a.waited)}
	found := func(code Code, variant, format string, args ...any) []Finding {
		return []Finding{finding.New(code, finding.Fail, format, args...).As(variant).WithAll(facts)}
	}
	if agent, came := a.arrived(name); came {
		after := max(0, agent.Came.Sub(a.called))
		switch {
		case agent.Left:
			return found(finding.AgentAbsent, "left", "the agent %s came after %s and left the room at once",
				shown, finding.Duration(after))
		case after > agentSlow && !agent.Before:
			return []Finding{finding.New(finding.AgentSlow, finding.Warn, "the agent %s came only %s after it was called",
				shown, finding.Duration(after)).
				With("after_ms", finding.Milliseconds(after)).WithAll(facts)}
		}
		return nil
	}
	switch code, failure := a.cause(name); {
	case code == finding.AgentDispatchIgnored:
		return found(code, "", "the server did not call the agent %s that the token asks for: room %s was there before", shown, a.room)
	case code == finding.AgentNoWorker:
		variant := "named"
		if name == "" {
			variant = "unnamed"
		}
		return found(code, variant,
			"no worker took the job of the agent %s: none under that name is registered at this server, or none is free", shown)
	case code == finding.AgentJobFailed:
		facts["job_error"] = failure
		return found(code, "", "the job of the agent %s has failed: %s", shown, orNothing(failure))
	case code == finding.AgentAbsent:
		return found(code, "running", "a worker took the job of the agent %s, and nobody came into the room within %s", shown, waited)
	case a.api == nil:
		return found(finding.AgentAbsent, "unasked", "the agent %s did not come within %s; why was not asked: %s", shown, waited, a.unasked)
	}
	return found(finding.AgentAbsent, "unasked", "the agent %s did not come within %s, and the server did not say why", shown, waited)
}

func (a *agentCall) outcome() Outcome {
	var out Outcome
	var came []string
	for _, name := range a.names {
		agent, is := a.arrived(name)
		if !is || agent.Left {
			continue
		}
		name = cmp.Or(agent.Name, name)
		shown, after := agentName(name), max(0, agent.Came.Sub(a.called))
		if came = append(came, shown.String()); len(came) > 1 {
			continue
		}
		out.Facts = Facts{"agent": name, "agent_identity": agent.Identity, "after_ms": finding.Milliseconds(after),
			"audio": agent.Audio, "room": a.room}
		switch {
		case agent.Before:
			out.Text = finding.Textf("the agent %s was in the room already", shown)
		case agent.Audio:
			out.Text = finding.Textf("the agent %s came %s after it was called, and published audio", shown, finding.Duration(after))
		default:
			out.Text = finding.Textf("the agent %s came %s after it was called, and published no audio yet", shown, finding.Duration(after))
		}
	}
	if len(a.names) > 1 && len(came) == len(a.names) {
		out.Text = finding.Textf("all %d agents came: %s", len(came), strings.Join(came, ", "))
	}
	return out
}

func agentName(name string) Text {
	if name == "" {
		return finding.Textf("(no name)")
	}
	return finding.Textf("%s", name)
}
