package lab

import (
	"context"

	"github.com/livekit/protocol/livekit"
)

// AgentOptions say which agent the tokens call, and which worker runs.
type AgentOptions struct {
	// Name is the agent that the tokens of the ticket service and of the app call
	// (roomConfig.agents); empty calls none.
	Name string
	// Worker is the worker to run; nil runs none. Without a name of its own it serves
	// Name.
	Worker *WorkerOptions
	// RoomFirst creates the room before the first join: LiveKit then ignores the agents
	// that tokens call (livekit#4390).
	RoomFirst bool
}

// apply makes the changes to a plan; the zero value makes none.
func (o AgentOptions) apply(p *plan) {
	if o.Name != "" {
		p.agent = o.Name
	}
	if o.Worker != nil {
		worker := *o.Worker
		if worker.Name == "" {
			worker.Name = o.Name
		}
		p.worker = &worker
	}
	p.roomFirst = p.roomFirst || o.RoomFirst
}

// startAgent connects the worker to the server itself and, with RoomFirst, creates the
// room.
func (l *Lab) startAgent(ctx context.Context) error {
	if l.plan.worker != nil {
		worker, err := StartWorker(ctx, l.LiveKit.URL, l.plan.serverPairs[0], *l.plan.worker)
		if err != nil {
			return err
		}
		l.keep(worker)
	}
	if l.plan.roomFirst {
		_, err := l.rooms().CreateRoom(ctx, &livekit.CreateRoomRequest{Name: l.Room})
		return err
	}
	return nil
}

// call makes a token with these claims call an agent.
func (c Claims) call(agent string) {
	if agent != "" {
		c["roomConfig"] = map[string]any{"agents": []map[string]any{{"agentName": agent}}}
	}
}
