package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// Act is what a worker does with the jobs that it is offered.
type Act string

// The acts.
const (
	// ActServe joins the room and publishes a tone.
	ActServe Act = "serve"
	// ActMute joins the room and publishes nothing.
	ActMute Act = "mute"
	// ActRefuse says that it is not available.
	ActRefuse Act = "refuse"
	// ActFull is over its load limit: no job is offered to it.
	ActFull Act = "full"
	// ActAbsent accepts and never joins.
	ActAbsent Act = "absent"
	// ActFail accepts, and reports that the job has failed.
	ActFail Act = "fail"
	// ActCrash accepts, and loses its connection to the server before it joins.
	ActCrash Act = "crash"
	// ActQuit joins the room, and its process ends immediately.
	ActQuit Act = "quit"
)

// Acts lists every act.
func Acts() []Act {
	return []Act{ActServe, ActMute, ActRefuse, ActFull, ActAbsent, ActFail, ActCrash, ActQuit}
}

// FailText is the error that ActFail reports.
const FailText = "RuntimeError: the model provider answered 401"

// WorkerOptions say what kind of agent worker to run.
type WorkerOptions struct {
	// Name is the agent's name; a worker without one is dispatched to every room.
	Name string
	// Act is ActServe if empty.
	Act Act
	// Delay is how long it takes from the job to joining the room.
	Delay time.Duration
}

// Worker is an agent worker, as LiveKit's agent SDKs run it: it registers at
// /agent, is offered jobs, and sends a participant into the room of each.
type Worker struct {
	url    string
	opts   WorkerOptions
	socket *websocket.Conn
	ctx    context.Context
	cancel context.CancelFunc
	writes sync.Mutex // a connection takes one writer at a time
	work   sync.WaitGroup
}

// StartWorker registers a worker at the LiveKit server at url (ws://…), and returns when
// the server offers it jobs. ctx bounds the start only; the worker runs until Close. With
// ActCrash or ActQuit, it ends after one job.
func StartWorker(ctx context.Context, url string, pair Pair, opts WorkerOptions) (*Worker, error) {
	claims := Claims{"iss": pair.Key, "exp": time.Now().Add(time.Hour).Unix(), "video": map[string]any{"agent": true}}
	header := http.Header{"Authorization": {"Bearer " + Sign(claims, pair.Secret)}}
	socket, response, err := websocket.DefaultDialer.DialContext(ctx, url+"/agent?protocol=1", header)
	if err != nil {
		if response != nil {
			err = fmt.Errorf("%w (%s)", err, response.Status)
		}
		return nil, fmt.Errorf("register a worker: %w", err)
	}
	w := &Worker{url: url, opts: opts, socket: socket}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	ready := make(chan struct{})
	ended := make(chan struct{})
	w.work.Go(func() { defer close(ended); w.listen(ready) })
	w.send(&livekit.WorkerMessage{Message: &livekit.WorkerMessage_Register{Register: &livekit.RegisterWorkerRequest{
		Type: livekit.JobType_JT_ROOM, AgentName: opts.Name, Version: "lab"}}})
	if opts.Act == ActFull {
		full := livekit.WorkerStatus_WS_FULL
		w.send(&livekit.WorkerMessage{Message: &livekit.WorkerMessage_UpdateWorker{
			UpdateWorker: &livekit.UpdateWorkerStatus{Status: &full, Load: 1}}})
	}
	// The server answers the registration before it offers jobs, and a ping only after
	// that.
	select {
	case <-ready:
	case <-ended:
		return nil, errors.Join(errors.New("register a worker: the server hung up"), w.Close())
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), w.Close())
	}
	return w, nil
}

// listen answers the server until the socket ends.
func (w *Worker) listen(ready chan struct{}) {
	var once sync.Once
	for {
		_, data, err := w.socket.ReadMessage()
		if err != nil {
			return
		}
		message := &livekit.ServerMessage{}
		if proto.Unmarshal(data, message) != nil {
			continue
		}
		switch {
		case message.GetRegister() != nil:
			w.send(&livekit.WorkerMessage{Message: &livekit.WorkerMessage_Ping{
				Ping: &livekit.WorkerPing{Timestamp: time.Now().UnixMilli()}}})
		case message.GetPong() != nil:
			once.Do(func() { close(ready) })
		case message.GetAvailability() != nil:
			id := message.GetAvailability().GetJob().GetId()
			w.send(&livekit.WorkerMessage{Message: &livekit.WorkerMessage_Availability{Availability: &livekit.AvailabilityResponse{
				JobId: id, Available: w.opts.Act != ActRefuse, ParticipantIdentity: "agent-" + id, ParticipantName: "Lab Agent"}}})
		case message.GetAssignment() != nil:
			assignment := message.GetAssignment()
			w.work.Go(func() { w.serve(assignment) })
		}
	}
}

// serve does one job.
func (w *Worker) serve(job *livekit.JobAssignment) {
	select {
	case <-w.ctx.Done():
		return
	case <-time.After(w.opts.Delay):
	}
	switch w.opts.Act {
	case ActAbsent:
		return
	case ActFail:
		w.update(job, livekit.JobStatus_JS_FAILED, FailText)
		return
	case ActCrash:
		_ = w.socket.NetConn().Close()
		return
	}
	guest, err := Join(w.ctx, w.url, job.GetToken())
	if err != nil {
		w.update(job, livekit.JobStatus_JS_FAILED, err.Error())
		return
	}
	defer guest.Close()
	w.update(job, livekit.JobStatus_JS_RUNNING, "")
	switch w.opts.Act {
	case ActQuit:
		_ = w.socket.NetConn().Close()
		return
	case ActMute:
	default:
		if err := guest.Publish(w.ctx); err != nil {
			w.update(job, livekit.JobStatus_JS_FAILED, err.Error())
			return
		}
	}
	select {
	case <-w.ctx.Done():
	case <-guest.participant.Done():
	}
}

func (w *Worker) update(job *livekit.JobAssignment, status livekit.JobStatus, text string) {
	w.send(&livekit.WorkerMessage{Message: &livekit.WorkerMessage_UpdateJob{UpdateJob: &livekit.UpdateJobStatus{
		JobId: job.GetJob().GetId(), Status: status, Error: text}}})
}

// send ignores errors: listen ends with the socket.
func (w *Worker) send(message *livekit.WorkerMessage) {
	data, err := proto.Marshal(message)
	if err != nil {
		return
	}
	w.writes.Lock()
	defer w.writes.Unlock()
	_ = w.socket.WriteMessage(websocket.BinaryMessage, data)
}

// Close ends the worker, and its participants leave. It may be called twice.
func (w *Worker) Close() error {
	w.cancel()
	_ = w.socket.Close()
	w.work.Wait()
	return nil
}

// AgentOptions say which agent the tokens call, and which worker runs.
type AgentOptions struct {
	// Name is the agent that the tokens of the ticket service and of the app call
	// (roomConfig.agents); empty calls none.
	Name string
	// Worker is the worker to run; nil runs none. If it has no name, it serves Name.
	Worker *WorkerOptions
	// RoomFirst creates the room before the first join: LiveKit then ignores the agents
	// that tokens call (livekit#4390).
	RoomFirst bool
}

// add sets what other sets.
func (o *AgentOptions) add(other AgentOptions) {
	o.Name, o.Worker = cmp.Or(other.Name, o.Name), cmp.Or(other.Worker, o.Worker)
	o.RoomFirst = o.RoomFirst || other.RoomFirst
}

// startAgent connects the worker to the server and, with RoomFirst, creates the room.
func (l *Lab) startAgent(ctx context.Context) error {
	agent := l.plan.agent
	if agent.Worker != nil {
		options := *agent.Worker
		options.Name = cmp.Or(options.Name, agent.Name)
		worker, err := StartWorker(ctx, l.LiveKit.URL, l.plan.serverPairs[0], options)
		if err != nil {
			return err
		}
		l.keep(worker.Close)
	}
	if agent.RoomFirst {
		_, err := l.rooms().CreateRoom(ctx, &livekit.CreateRoomRequest{Name: l.Room})
		return err
	}
	return nil
}
