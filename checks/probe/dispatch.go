package probe

import (
	"context"
	"strings"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/caps"
)

// Dispatch is one call of an agent into a room, as the server lists it. Strings are
// cleaned.
type Dispatch struct {
	ID, Room string
	// Agent is the agent's name; "" calls every worker without a name, which
	// LiveKit does in each room that calls no agent by name.
	Agent string
	// Jobs are those that workers took, at most 32. A server that was not asked for
	// agents within the last minute lists a job only 5 s after a worker took it
	// (livekit-server 1.13.5): until then an empty list proves nothing.
	Jobs []DispatchJob
	// Created is when the agent was called, by the server's clock.
	Created time.Time
}

// DispatchJob is one job of a dispatch.
type DispatchJob struct {
	ID string
	// Status is pending, running, success or failed. livekit-server 1.13.5 leaves
	// it at running, whatever the worker reports.
	Status string
	// Error is the worker's own text, cleaned, at most 300 characters.
	Error string
	// Identity is the participant that the worker was to send, "" if unknown.
	Identity string
	// Started and Ended are by the server's clock, zero if not sent.
	Started, Ended time.Time
}

// dispatchWait bounds a request for which the server asks another node.
const dispatchWait = 4 * time.Second

// Dispatches lists the agents that were called into room, at most 32, with
// roomAdmin for that room alone. It only reads. For an empty room the server
// refuses: APIRefused, with the code unavailable or not_found.
func (a *API) Dispatches(ctx context.Context, room string) ([]Dispatch, APIReply, *Failure) {
	var list *livekit.ListAgentDispatchResponse
	reply, f := a.ask(ctx, roomAdmin(room), &exchanger{total: dispatchWait}, func(ctx context.Context, base string, e *exchanger) (err error) {
		list, err = livekit.NewAgentDispatchServiceProtobufClient(base, e).ListDispatch(ctx, &livekit.ListAgentDispatchRequest{Room: room})
		return err
	})
	if f != nil || reply.Kind != APIAnswered {
		return nil, reply, f
	}
	var out []Dispatch
	for _, d := range list.GetAgentDispatches()[:min(len(list.GetAgentDispatches()), caps.Dispatches)] {
		out = append(out, a.net.dispatch(d))
	}
	return out, reply, nil
}

// CallAgent calls the agent of that name into room, which the server creates if it
// does not exist. The caller deletes the dispatch with TakeBack.
func (a *API) CallAgent(ctx context.Context, room, agent string) (Dispatch, APIReply, *Failure) {
	var made *livekit.AgentDispatch
	reply, f := a.ask(ctx, roomAdmin(room), &exchanger{total: dispatchWait, changes: true}, func(ctx context.Context, base string, e *exchanger) (err error) {
		made, err = livekit.NewAgentDispatchServiceProtobufClient(base, e).CreateDispatch(ctx, &livekit.CreateAgentDispatchRequest{Room: room, AgentName: agent})
		return err
	})
	if f != nil || reply.Kind != APIAnswered {
		return Dispatch{}, reply, f
	}
	return a.net.dispatch(made), reply, nil
}

// TakeBack deletes a dispatch. The server ends its jobs after it has answered, once
// all of them are assigned; the answer is the dispatch before that.
func (a *API) TakeBack(ctx context.Context, room, id string) (Dispatch, APIReply, *Failure) {
	var gone *livekit.AgentDispatch
	reply, f := a.ask(ctx, roomAdmin(room), &exchanger{total: dispatchWait, changes: true}, func(ctx context.Context, base string, e *exchanger) (err error) {
		gone, err = livekit.NewAgentDispatchServiceProtobufClient(base, e).DeleteDispatch(ctx, &livekit.DeleteAgentDispatchRequest{Room: room, DispatchId: id})
		return err
	})
	if f != nil || reply.Kind != APIAnswered {
		return Dispatch{}, reply, f
	}
	return a.net.dispatch(gone), reply, nil
}

func roomAdmin(room string) *auth.VideoGrant { return &auth.VideoGrant{RoomAdmin: true, Room: room} }

// dispatch returns what the server sent, cleaned.
func (n *Net) dispatch(d *livekit.AgentDispatch) Dispatch {
	out := Dispatch{ID: n.Line(d.GetId()), Room: n.Line(d.GetRoom()), Agent: n.Line(d.GetAgentName()), Created: nanos(d.GetState().GetCreatedAt())}
	jobs := d.GetState().GetJobs()
	for _, j := range jobs[:min(len(jobs), caps.Jobs)] {
		s := j.GetState()
		out.Jobs = append(out.Jobs, DispatchJob{ID: n.Line(j.GetId()),
			Status: strings.ToLower(strings.TrimPrefix(s.GetStatus().String(), "JS_")), Error: n.Line(s.GetError()),
			Identity: n.Line(s.GetParticipantIdentity()), Started: nanos(s.GetStartedAt()), Ended: nanos(s.GetEndedAt())})
	}
	return out
}

func nanos(n int64) time.Time {
	if n <= 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}
