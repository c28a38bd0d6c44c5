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
	// than was sent (bad_route): a page, a redirect, a gateway's error.
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

// serverTokenTTL is the lifetime of a token for the server API.
const serverTokenTTL = 2 * time.Minute

// serverToken makes a token for one request.
func serverToken(key, secret string, grant *auth.VideoGrant) (string, error) {
	return auth.NewAccessToken(key, secret).SetVideoGrant(grant).SetValidFor(serverTokenTTL).ToJWT()
}

// ask sends one request. The Failure is nil when anything answered.
func (a *API) ask(ctx context.Context, grant *auth.VideoGrant, e *exchanger, question func(context.Context, string, *exchanger) error) (APIReply, *Failure) {
	if f := CheckURL(a.base); f != nil {
		return APIReply{}, f
	}
	tok, err := serverToken(a.key, a.secret, grant)
	if err != nil {
		return APIReply{Kind: APINotAsked}, nil
	}
	ctx, err = twirp.WithHTTPRequestHeaders(ctx, http.Header{"Authorization": {"Bearer " + tok}})
	if err != nil {
		return APIReply{Kind: APINotAsked}, nil
	}
	e.net, e.secret = a.net, tok
	err = question(ctx, Endpoint(a.base, "").String(), e)
	if e.reply == nil {
		if e.failure == nil { // the client gave up before it asked
			e.failure = &Failure{Kind: KindOther, Phase: PhaseHTTP, Host: a.net.Line(HostPort(a.base)), Detail: "the question could not be sent"}
		}
		return APIReply{}, e.failure
	}
	return a.net.apiReply(e, err), nil
}

// apiReply reads the answer. A body that is no twirp error is a proxy's, unless it
// is a text of LiveKit's authentication, which runs before twirp.
func (n *Net) apiReply(e *exchanger, err error) APIReply {
	r := APIReply{Kind: APIAnswered, Status: e.reply.Status, Path: e.path, Redirect: e.reply.Redirect, Took: e.reply.Took, What: ServerLiveKit}
	if err == nil && strings.HasPrefix(e.reply.Header.Get("Content-Type"), "application/protobuf") {
		return r
	}
	body := strings.TrimSpace(Without(string(e.reply.Body), e.secret))
	var te twirp.Error
	isTwirp := errors.As(err, &te) && te.Meta("http_error_from_intermediary") == "" && e.reply.Status >= 400
	switch {
	case isTwirp:
		r.Kind, r.Code, r.Text = APIRefused, string(te.Code()), n.Line(Without(te.Msg(), e.secret))
		switch {
		case te.Code() == twirp.BadRoute:
			r.Kind = APIBlocked
		case strings.Contains(te.Msg(), "redis required"): // service.ErrEgressNotConnected and its kin
			r.Kind = APINoRedis
		}
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
	return a.ask(ctx, &auth.VideoGrant{RoomList: true}, &exchanger{}, func(ctx context.Context, base string, e *exchanger) error {
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
	return a.ask(ctx, &auth.VideoGrant{RoomRecord: true}, &exchanger{}, func(ctx context.Context, base string, e *exchanger) error {
		_, err := livekit.NewEgressProtobufClient(base, e).ListEgress(ctx, &livekit.ListEgressRequest{RoomName: nobodysRoom, Active: true})
		return err
	})
}

// exchanger lets generated clients send one call through Exchange.
type exchanger struct {
	net    *Net
	secret string
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
	req := Request{Method: hreq.Method, URL: hreq.URL, Header: hreq.Header, Total: cmp.Or(e.total, e.net.Waits().Extra), ReadOnly: !e.changes}
	req.FirstByte = req.Total
	if hreq.Body != nil {
		body, err := io.ReadAll(hreq.Body)
		if err != nil {
			return nil, err
		}
		req.Body = body
	}
	reply, f := e.net.Exchange(hreq.Context(), req)
	if f != nil {
		f.Detail, f.Banner = Without(f.Detail, e.secret), Without(f.Banner, e.secret)
		e.failure = f
		return nil, f
	}
	e.reply, e.path = reply, hreq.URL.Path
	return &http.Response{
		StatusCode: reply.Status, Status: http.StatusText(reply.Status), Header: reply.Header, Proto: reply.Proto,
		Body: io.NopCloser(bytes.NewReader(reply.Body)), ContentLength: int64(len(reply.Body)), Request: hreq,
	}, nil
}
