package lab

import (
	"context"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

// called starts a lab whose token dispatches an agent, and joins with that token.
func called(t *testing.T, opts AgentOptions) *Lab {
	t.Helper()
	l := startWith(t, Options{Agent: opts})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	guest, err := Join(ctx, l.URL, l.token())
	if err != nil {
		t.Fatal(err)
	}
	l.keep(guest.Close)
	return l
}

// seen polls until want returns true for the room. If nobody asked the server for agents
// within the last minute, it lists a job only 5 s after its assignment (livekit-server
// 1.13.5, agent.CheckEnabledTimeout).
func seen(t *testing.T, l *Lab, want func(dispatches []*livekit.AgentDispatch, agents []*livekit.ParticipantInfo) bool) {
	t.Helper()
	pair := l.plan.serverPairs[0]
	client := lksdk.NewAgentDispatchServiceClient("http://"+l.LiveKit.Addr, pair.Key, pair.Secret)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		list, err := client.ListDispatch(ctx, &livekit.ListAgentDispatchRequest{Room: l.Room})
		if err != nil {
			t.Fatal(err)
		}
		people, err := l.rooms().ListParticipants(ctx, &livekit.ListParticipantsRequest{Room: l.Room})
		if err != nil {
			t.Fatal(err)
		}
		var agents []*livekit.ParticipantInfo
		for _, p := range people.GetParticipants() {
			if p.GetKind() == livekit.ParticipantInfo_AGENT {
				agents = append(agents, p)
			}
		}
		if want(list.GetAgentDispatches(), agents) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the room holds the dispatches %v and the agents %v", list.GetAgentDispatches(), agents)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestWorkers(t *testing.T) {
	none := func(d []*livekit.AgentDispatch, agents []*livekit.ParticipantInfo) bool {
		return len(d) == 1 && d[0].GetAgentName() == "helper" && len(d[0].GetState().GetJobs()) == 0 && len(agents) == 0
	}
	running := func(d []*livekit.AgentDispatch) bool {
		jobs := d[0].GetState().GetJobs()
		return len(d) == 1 && len(jobs) == 1 && jobs[0].GetState().GetStatus() == livekit.JobStatus_JS_RUNNING
	}
	for _, test := range []struct {
		name string
		opts AgentOptions
		want func([]*livekit.AgentDispatch, []*livekit.ParticipantInfo) bool
	}{
		{"serves", AgentOptions{Name: "helper", Worker: &WorkerOptions{}},
			func(d []*livekit.AgentDispatch, agents []*livekit.ParticipantInfo) bool {
				return running(d) && len(agents) == 1 && len(agents[0].GetTracks()) == 1 && agents[0].GetTracks()[0].GetType() == livekit.TrackType_AUDIO
			}},
		{"is mute", AgentOptions{Name: "helper", Worker: &WorkerOptions{Act: ActMute}},
			func(d []*livekit.AgentDispatch, agents []*livekit.ParticipantInfo) bool {
				return running(d) && len(agents) == 1 && len(agents[0].GetTracks()) == 0
			}},
		{"no worker", AgentOptions{Name: "helper"}, none},
		{"another name", AgentOptions{Name: "helper", Worker: &WorkerOptions{Name: "other"}}, none},
		{"refuses", AgentOptions{Name: "helper", Worker: &WorkerOptions{Act: ActRefuse}}, none},
		{"is full", AgentOptions{Name: "helper", Worker: &WorkerOptions{Act: ActFull}}, none},
		{"never joins", AgentOptions{Name: "helper", Worker: &WorkerOptions{Act: ActAbsent}},
			func(d []*livekit.AgentDispatch, agents []*livekit.ParticipantInfo) bool {
				return running(d) && len(agents) == 0
			}},
		{"the room was there first", AgentOptions{Name: "helper", Worker: &WorkerOptions{}, RoomFirst: true},
			func(d []*livekit.AgentDispatch, agents []*livekit.ParticipantInfo) bool {
				return len(d) == 1 && d[0].GetAgentName() == "" && len(agents) == 0
			}},
		{"fails", AgentOptions{Name: "helper", Worker: &WorkerOptions{Act: ActFail}},
			func(d []*livekit.AgentDispatch, agents []*livekit.ParticipantInfo) bool {
				return len(d) == 1 && len(d[0].GetState().GetJobs()) == 1 && len(agents) == 0
			}},
		{"quits", AgentOptions{Name: "helper", Worker: &WorkerOptions{Act: ActQuit}},
			func(d []*livekit.AgentDispatch, agents []*livekit.ParticipantInfo) bool {
				return len(d) == 1 && len(d[0].GetState().GetJobs()) == 1 && len(agents) == 0
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			seen(t, called(t, test.opts), test.want)
		})
	}
}

func TestWorkerOfAnotherProjectIsRefused(t *testing.T) {
	l := start(t, Healthy)
	if w, err := StartWorker(t.Context(), l.LiveKit.URL, NewPair(), WorkerOptions{Name: "helper"}); err == nil {
		_ = w.Close()
		t.Fatal("a worker with another project's keys was taken")
	}
}
