package probe

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"lkdoctor/checks/caps"
)

// APIKind is the kind of result of a request to LiveKit's server API.
type APIKind string

// The kinds.
const (
	// APIAnswered: LiveKit did what was asked.
	APIAnswered APIKind = "answered"
	// APIRefused: LiveKit answered with an error of its own, see Code and Text.
	APIRefused APIKind = "refused"
	// APINoRedis: LiveKit answered that egress, ingress or SIP need redis.
	APINoRedis APIKind = "no_redis"
	// APIBlocked: something else answered, or LiveKit was handed another request
	// than was sent (bad_route, or unauthenticated: no token arrived): a page, a
	// redirect, a gateway's error.
	APIBlocked APIKind = "blocked"
	// APINotAsked: there is no key or no secret to ask with.
	APINotAsked APIKind = "not_asked"
)

// APIReply is the result of one request to LiveKit's server API.
type APIReply struct {
	Kind APIKind
	// Status is the HTTP status, Path the path of the request, below the base.
	Status int
	Path   string
	// Code is twirp's error code (not_found, unavailable, …), Text the error in the
	// server's own words, cleaned, at most 300 characters. Both are "" for an
	// answer.
	Code, Text string
	// What is the server that answered; Redirect is set where it was a redirect.
	What     ServerKind
	Redirect *Redirect
	// Took is the time of the exchange.
	Took time.Duration
}

// TokenLost reports whether LiveKit answered and saw no token. It refuses a token that
// it does see with another answer.
func (r APIReply) TokenLost() bool { return r.Code == string(twirp.Unauthenticated) }

// API asks the server API (/twirp) of one LiveKit server. Each request has a token
// of its own with the least grants, valid for two minutes. Key and token go to
// base's origin only. Each request is bounded in time and size, and goes through
// the Net, proxies included.
//
// It uses the generated clients of github.com/livekit/protocol, which
// server-sdk-go wraps: the wrappers take no HTTP client.
type API struct {
	net         *Net
	base        *url.URL
	key, secret string
}

// API returns an API at base with a key and its secret.
func (n *Net) API(base *url.URL, key, secret string) *API {
	return &API{net: n, base: base, key: key, secret: secret}
}

// question asks one thing of the API at base, through the exchanger.
type question func(ctx context.Context, base string, e *exchanger) error

// ask sends one request. The Failure is nil when anything answered.
func (a *API) ask(ctx context.Context, grant *auth.VideoGrant, e exchanger, ask question) (APIReply, *Failure) {
	if f := CheckURL(a.base); f != nil {
		return APIReply{}, f
	}
	tok, err := auth.NewAccessToken(a.key, a.secret).SetVideoGrant(grant).SetValidFor(2 * time.Minute).ToJWT()
	if err != nil {
		return APIReply{Kind: APINotAsked}, nil
	}
	if ctx, err = twirp.WithHTTPRequestHeaders(ctx, bearer(tok)); err != nil {
		return APIReply{Kind: APINotAsked}, nil
	}
	e.net, e.token = a.net, tok
	err = ask(ctx, Endpoint(a.base, "").String(), &e)
	if e.reply == nil {
		if e.failure == nil { // the client gave up before it asked
			e.failure = &Failure{Kind: KindOther, Phase: PhaseHTTP, Host: a.net.Line(HostPort(a.base)),
				Detail: "the question could not be sent"}
		}
		return APIReply{}, e.failure
	}
	return a.net.apiReply(&e, err), nil
}

// apiReply reads the answer. A body that is no twirp error is a proxy's, unless it
// is a text of LiveKit's authentication, which runs before twirp.
func (n *Net) apiReply(e *exchanger, err error) APIReply {
	r := APIReply{Kind: APIAnswered, Status: e.reply.Status, Path: e.path, What: ServerLiveKit,
		Redirect: e.reply.Redirect, Took: e.reply.Took}
	if err == nil && strings.HasPrefix(e.reply.Header.Get("Content-Type"), "application/protobuf") {
		return r
	}
	body := strings.TrimSpace(Without(string(e.reply.Body), e.token))
	te, isTwirp := errors.AsType[twirp.Error](err)
	isTwirp = isTwirp && te.Meta("http_error_from_intermediary") == "" && e.reply.Status >= 400
	switch {
	case isTwirp:
		r.Kind, r.Code, r.Text = APIRefused, string(te.Code()), n.Line(Without(te.Msg(), e.token))
		switch {
		case te.Code() == twirp.BadRoute, r.TokenLost():
			r.Kind = APIBlocked
		case strings.Contains(te.Msg(), "redis required"): // service.ErrEgressNotConnected and its kin
			r.Kind = APINoRedis
		}
	case ClassifyVerdict(e.reply.Status, body).Reason == ReasonHeaderMalformed:
		r.Kind, r.Code, r.Text = APIBlocked, string(twirp.Unauthenticated), n.Line(body)
	case ClassifyVerdict(e.reply.Status, body).FromLiveKit:
		r.Kind, r.Text = APIRefused, n.Line(body)
	default:
		r.Kind, r.Text, r.What = APIBlocked, n.Line(body), identify(nil, e.reply)
	}
	return r
}

// Answers asks whether the server API answers: ListRooms for a room that does not
// exist, with roomList alone. It only reads.
func (a *API) Answers(ctx context.Context) (APIReply, *Failure) {
	return a.ask(ctx, &auth.VideoGrant{RoomList: true}, exchanger{}, func(ctx context.Context, base string, e *exchanger) error {
		_, err := livekit.NewRoomServiceProtobufClient(base, e).ListRooms(ctx, &livekit.ListRoomsRequest{Names: []string{nobodysRoom}})
		return err
	})
}

// nobodysRoom is a room name for which lists are empty.
const nobodysRoom = "lkdoctor-asks-for-nothing"

// Redis asks whether the server has redis, which egress, ingress and SIP need:
// ListEgress for a room that does not exist, with roomRecord alone. The kind is
// APINoRedis where it has none. It only reads.
func (a *API) Redis(ctx context.Context) (APIReply, *Failure) {
	return a.ask(ctx, &auth.VideoGrant{RoomRecord: true}, exchanger{}, func(ctx context.Context, base string, e *exchanger) error {
		_, err := livekit.NewEgressProtobufClient(base, e).ListEgress(ctx, &livekit.ListEgressRequest{RoomName: nobodysRoom, Active: true})
		return err
	})
}

// InRoom asks LiveKit's RoomService whether identity is in room now. It only reads.
// known is false when the server does not answer: the keys are not its own, or a
// proxy does not pass /twirp on.
func (n *Net) InRoom(ctx context.Context, base *url.URL, key, secret, room, identity string) (present, known bool, f *Failure) {
	who := &livekit.RoomParticipantIdentity{Room: room, Identity: identity}
	reply, f := n.API(base, key, secret).ask(ctx, roomAdmin(room), exchanger{}, func(ctx context.Context, base string, e *exchanger) error {
		_, err := livekit.NewRoomServiceProtobufClient(base, e).GetParticipant(ctx, who)
		return err
	})
	present = reply.Kind == APIAnswered
	return present, present || reply.Code == string(twirp.NotFound), f
}

// Remove removes a participant of the doctor's own from its room by the
// RoomService. A participant that is not in the room is no error.
func (n *Net) Remove(ctx context.Context, base *url.URL, key, secret, room, identity string) {
	who := &livekit.RoomParticipantIdentity{Room: room, Identity: identity}
	_, _ = n.API(base, key, secret).ask(ctx, roomAdmin(room), exchanger{}, func(ctx context.Context, base string, e *exchanger) error {
		_, err := livekit.NewRoomServiceProtobufClient(base, e).RemoveParticipant(ctx, who)
		return err
	})
}

func roomAdmin(room string) *auth.VideoGrant { return &auth.VideoGrant{RoomAdmin: true, Room: room} }

// Dispatch is one call of an agent into a room, as the server lists it. Strings are
// cleaned.
type Dispatch struct {
	ID string
	// Agent is the agent's name; "" calls every worker without a name, which
	// LiveKit does in each room that calls no agent by name.
	Agent string
	// Jobs are those that workers took, at most 32. A server that was not asked for
	// agents within the last minute lists a job only 5 s after a worker took it
	// (livekit-server 1.13.5): until then an empty list proves nothing.
	Jobs []DispatchJob
}

// DispatchJob is one job of a dispatch.
type DispatchJob struct {
	// Status is pending, running, success or failed. livekit-server 1.13.5 leaves
	// it at running, whatever the worker reports.
	Status string
	// Error is the worker's own text, cleaned, at most 300 characters.
	Error string
}

// Dispatches lists the agents that were called into room, at most 32, with
// roomAdmin for that room alone. It only reads. For an empty room the server
// refuses: APIRefused, with the code unavailable or not_found.
func (a *API) Dispatches(ctx context.Context, room string) ([]Dispatch, APIReply, *Failure) {
	return a.askDispatch(ctx, room, false, func(ctx context.Context, s livekit.AgentDispatchService) ([]*livekit.AgentDispatch, error) {
		list, err := s.ListDispatch(ctx, &livekit.ListAgentDispatchRequest{Room: room})
		return list.GetAgentDispatches(), err
	})
}

// CallAgent calls the agent of that name into room, which the server creates if it
// does not exist. The caller deletes the dispatch with TakeBack.
func (a *API) CallAgent(ctx context.Context, room, agent string) (Dispatch, APIReply, *Failure) {
	call := func(ctx context.Context, s livekit.AgentDispatchService) ([]*livekit.AgentDispatch, error) {
		made, err := s.CreateDispatch(ctx, &livekit.CreateAgentDispatchRequest{Room: room, AgentName: agent})
		return []*livekit.AgentDispatch{made}, err
	}
	list, reply, f := a.askDispatch(ctx, room, true, call)
	if len(list) == 0 {
		return Dispatch{}, reply, f
	}
	return list[0], reply, f
}

// TakeBack deletes a dispatch. The server ends its jobs after it has answered, once
// all of them are assigned.
func (a *API) TakeBack(ctx context.Context, room, id string) (APIReply, *Failure) {
	e := exchanger{total: a.net.Waits().Dispatch, changes: true}
	return a.ask(ctx, roomAdmin(room), e, func(ctx context.Context, base string, e *exchanger) error {
		gone := &livekit.DeleteAgentDispatchRequest{Room: room, DispatchId: id}
		_, err := livekit.NewAgentDispatchServiceProtobufClient(base, e).DeleteDispatch(ctx, gone)
		return err
	})
}

func (a *API) askDispatch(ctx context.Context, room string, changes bool,
	ask func(context.Context, livekit.AgentDispatchService) ([]*livekit.AgentDispatch, error)) ([]Dispatch, APIReply, *Failure) {
	var list []*livekit.AgentDispatch
	e := exchanger{total: a.net.Waits().Dispatch, changes: changes}
	reply, f := a.ask(ctx, roomAdmin(room), e, func(ctx context.Context, base string, e *exchanger) (err error) {
		list, err = ask(ctx, livekit.NewAgentDispatchServiceProtobufClient(base, e))
		return err
	})
	if f != nil || reply.Kind != APIAnswered {
		return nil, reply, f
	}
	var out []Dispatch
	for _, d := range list[:min(len(list), caps.Dispatches)] {
		out = append(out, a.net.dispatch(d))
	}
	return out, reply, nil
}

func (n *Net) dispatch(d *livekit.AgentDispatch) Dispatch {
	out := Dispatch{ID: n.Line(d.GetId()), Agent: n.Line(d.GetAgentName())}
	jobs := d.GetState().GetJobs()
	for _, j := range jobs[:min(len(jobs), caps.Jobs)] {
		status := strings.ToLower(strings.TrimPrefix(j.GetState().GetStatus().String(), "JS_"))
		out.Jobs = append(out.Jobs, DispatchJob{Status: status, Error: n.Line(j.GetState().GetError())})
	}
	return out
}

// exchanger lets generated clients send one call through Exchange.
type exchanger struct {
	net   *Net
	token string
	// total bounds the call; 0 is Limits.Extra. changes reports whether the call
	// does not only read.
	total   time.Duration
	changes bool
	// path is the request's path, below the base; reply is the answer, nil where
	// failure is set.
	path    string
	reply   *Reply
	failure *Failure
}

// Do sends the request with this Net's limits and caps.
func (e *exchanger) Do(hreq *http.Request) (*http.Response, error) {
	// The redirect of a POST is not followed; the caller sees it in the reply.
	total := cmp.Or(e.total, e.net.Waits().Extra)
	req := Request{Method: hreq.Method, URL: hreq.URL, Header: hreq.Header, Total: total, FirstByte: total,
		ReadOnly: !e.changes, Token: e.token}
	if hreq.Body != nil {
		body, err := io.ReadAll(hreq.Body)
		if err != nil {
			return nil, err
		}
		req.Body = body
	}
	reply, f := e.net.Exchange(hreq.Context(), req)
	if e.failure = f; f != nil {
		return nil, f
	}
	e.reply, e.path = reply, hreq.URL.Path
	return &http.Response{
		StatusCode: reply.Status, Status: http.StatusText(reply.Status), Header: reply.Header, Proto: reply.Proto,
		Body: io.NopCloser(bytes.NewReader(reply.Body)), ContentLength: int64(len(reply.Body)), Request: hreq,
	}, nil
}
