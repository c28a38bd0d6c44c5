package probe

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"lkdoctor/checks/caps"
)

// v1Path is below /rtc/v1, where livekit-client from 2.17.0 on joins. When that
// fails it fetches this path, and only a 404 makes it try /rtc (client-sdk-js#1785;
// SignalClient.handleConnectionError of 2.23.0). It must be able to read the 404:
// LiveKit's own allows every origin, and that of a proxy mostly none, so that the
// client gives up with "Failed to fetch" (run: make browser-test).
const v1Path = "/rtc/v1/validate"

// V1Kind is the effect of the answer at /rtc/v1 on livekit-client.
type V1Kind string

// The kinds.
const (
	// V1Served is an answer of LiveKit: 200, 400, 401 or its own refusal.
	V1Served V1Kind = "served"
	// V1Missing is a 404 that the page may read, in the words of a Go program that
	// has no such path: a livekit-server before 1.9.10. Clients then try /rtc.
	V1Missing V1Kind = "missing"
	// V1NotPassedOn is another 404 that the page may read: something on the way does
	// not pass the path on. Clients lose a round trip and then try /rtc.
	V1NotPassedOn V1Kind = "not_passed_on"
	// V1Blocked is any other answer, and a 404 that the page may not read: clients
	// give up.
	V1Blocked V1Kind = "blocked"
	// V1Busy is 429 or 503 of something that is not LiveKit: it says nothing about
	// the path.
	V1Busy V1Kind = "busy"
)

// V1Verdict is the answer at /rtc/v1/validate.
type V1Verdict struct {
	Kind V1Kind
	// Verdict holds the status, LiveKit's reason and the server that answered. Its
	// token was in the query, as browsers send it.
	Verdict
	// HTML reports whether the answer is a web page.
	HTML bool
	// Readable reports whether a page of the origin asked for may read the answer:
	// Access-Control-Allow-Origin is * or that origin, once.
	Readable bool
	// AllowOrigin is Access-Control-Allow-Origin, cleaned; several values are joined
	// by commas.
	AllowOrigin string
}

// V1Validate sends livekit-client's request: /rtc/v1/validate, with the token and a
// join request in the query, from a page of origin ("https://app.example"; "" is
// the server's own, for a caller without a page). Nothing changes on the server.
// Redirects are followed on the same origin; any redirect is V1Blocked,
// and Status and Redirect are those of the first.
func (n *Net) V1Validate(ctx context.Context, base *url.URL, tok, origin string) (*V1Verdict, *Failure) {
	if f := CheckURL(base); f != nil {
		return nil, f
	}
	req := Request{URL: Endpoint(base, v1Path), MaxBody: caps.Probe}
	if origin == "" {
		origin = req.URL.Scheme + "://" + req.URL.Host
	}
	req.Header = http.Header{"Origin": {origin}}
	req.URL.RawQuery = url.Values{"access_token": {tok}, "join_request": {joinRequest()}}.Encode()
	reply, f := n.Exchange(ctx, req)
	if reply == nil {
		f.Detail, f.Banner = Without(f.Detail, tok), Without(f.Banner, tok)
		return nil, f
	}
	v := &V1Verdict{Verdict: ClassifyVerdict(reply.Status, string(reply.Body)), HTML: isHTML(reply)}
	v.Text = n.Line(strings.TrimSpace(Without(string(reply.Body), tok)))
	v.Date, v.Path, v.InQuery, v.Redirect = reply.Date, v1Path, true, reply.Redirect
	v.Front = Front(reply.Status, reply.Header, string(reply.Body))
	if v.What = ServerLiveKit; !v.FromLiveKit {
		v.What = identify(nil, reply)
	}
	allowed := reply.Header.Values("Access-Control-Allow-Origin")
	v.AllowOrigin = n.Line(strings.Join(allowed, ", "))
	v.Readable = len(allowed) == 1 && (allowed[0] == "*" || allowed[0] == origin)
	v.Kind = v1Kind(v, reply)
	if hops := reply.Redirects; len(hops) > 0 { // what is behind them did not answer at /rtc/v1
		v.Status, v.Redirect = hops[0].Status, &hops[0]
	}
	return v, nil
}

// V1Upgrade requests a WebSocket at /rtc/v1 without a token, so that nobody joins.
// lost reports whether something on the way removes the upgrade: LiveKit refuses
// the missing token where it sees an upgrade, and answers 404 without a text, as
// for an unknown path, where it does not (rtcservice.go of 1.13.5). lost is false
// for any other answer.
func (n *Net) V1Upgrade(ctx context.Context, base *url.URL) (lost bool, v *Verdict, f *Failure) {
	if f := CheckURL(base); f != nil {
		return false, nil, f
	}
	reply, f := n.Exchange(ctx, Request{URL: Endpoint(base, "/rtc/v1"), MaxBody: 64 << 10, Total: n.Waits().Extra,
		Header: http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-WebSocket-Version": {"13"}, "Sec-WebSocket-Key": {"bGtkb2N0b3IgYXNrcyEhIQ=="}}})
	if reply == nil {
		return false, nil, f
	}
	verdict := ClassifyVerdict(reply.Status, string(reply.Body))
	verdict.Text = n.Line(strings.TrimSpace(string(reply.Body)))
	verdict.Path, verdict.Front, verdict.Redirect = "/rtc/v1", Front(reply.Status, reply.Header, string(reply.Body)), reply.Redirect
	lost = !verdict.FromLiveKit && (reply.Status == http.StatusNotFound && verdict.Text == "" || reply.Status == http.StatusUpgradeRequired)
	return lost, &verdict, nil
}

// v1Kind judges an answer. A followed redirect is a join that fails: a WebSocket
// follows none.
func v1Kind(v *V1Verdict, reply *Reply) V1Kind {
	switch {
	case len(reply.Redirects) > 0:
		return V1Blocked
	case v.FromLiveKit:
		return V1Served
	case v.Status == 404 && v.Readable && v.What == ServerGoMux:
		return V1Missing
	case v.Status == 404 && v.Readable:
		return V1NotPassedOn
	case v.Status == 429, v.Status == 503:
		return V1Busy
	}
	return V1Blocked
}

// ClientVersion is the version of client SDK that lkdoctor joins as.
const ClientVersion = "2.18.1"

// JoinRequestLength is the approximate length of livekit-client's join_request,
// which holds an SDP offer: 2444 characters of 2.23.0 in Chromium 156.
const JoinRequestLength = 2444

// joinRequest returns a join_request parameter as livekit-client makes it, of the
// same length, without anything that would change a join.
func joinRequest() string {
	inner, err := proto.Marshal(&livekit.JoinRequest{ClientInfo: &livekit.ClientInfo{
		Sdk: livekit.ClientInfo_GO, Version: ClientVersion, Protocol: 16, DeviceModel: strings.Repeat("-", JoinRequestLength*3/4-24)}})
	if err != nil {
		return ""
	}
	wrapped, err := proto.Marshal(&livekit.WrappedJoinRequest{JoinRequest: inner})
	if err != nil {
		return ""
	}
	return base64.URLEncoding.EncodeToString(wrapped)
}
