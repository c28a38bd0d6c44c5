package probe

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"lkdoctor/checks/caps"
)

// validatePath is a path without side effects: no room, no participant.
const validatePath = "/rtc/validate"

// Validate asks the LiveKit server at base for its verdict on a token, in the
// Authorization header as the SDKs send it. A token that no header can carry (a
// line feed in it) goes into the query. Nothing changes on the server.
func (n *Net) Validate(ctx context.Context, base *url.URL, tok string) (*Verdict, *Failure) {
	if !fitsHeader(tok) {
		return n.ValidateQuery(ctx, base, tok)
	}
	v, _, f := n.verdict(ctx, base, validatePath, Request{Header: bearer(tok), Token: tok}, nil)
	return v, f
}

// ValidateQuery is Validate with the token in the query, as browsers send it: it
// shows whether something on the way removes the Authorization header.
func (n *Net) ValidateQuery(ctx context.Context, base *url.URL, tok string) (*Verdict, *Failure) {
	v, _, f := n.verdict(ctx, base, validatePath, Request{Token: tok}, url.Values{"access_token": {tok}})
	return v, f
}

// fitsHeader reports whether net/http accepts tok as a header's value (RFC 9110
// §5.5).
func fitsHeader(tok string) bool {
	return !strings.ContainsFunc(tok, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

func bearer(tok string) http.Header { return http.Header{"Authorization": {"Bearer " + tok}} }

// verdict sends a request to path, below base's, and reads the answer. query, if
// any, holds the token.
func (n *Net) verdict(ctx context.Context, base *url.URL, path string, req Request, query url.Values) (*Verdict, *Reply, *Failure) {
	if f := CheckURL(base); f != nil {
		return nil, nil, f
	}
	req.URL, req.MaxBody = Endpoint(base, path), caps.Probe
	req.URL.RawQuery = query.Encode()
	reply, f := n.Exchange(ctx, req)
	if reply == nil {
		return nil, nil, f
	}
	body := string(reply.Body)
	v := ClassifyVerdict(reply.Status, body)
	v.Text = n.Line(strings.TrimSpace(Without(body, req.Token)))
	v.Path, v.InQuery, v.Redirect = path, query != nil, reply.Redirect
	v.Front = Front(reply.Status, reply.Header, body)
	if v.What = ServerLiveKit; !v.FromLiveKit {
		v.What = identify(nil, reply)
	}
	return &v, reply, nil
}

// KeyKnown asks the LiveKit server whether it knows an API key: garbage is a token
// with that key as its issuer and a wrong signature. The server checks the key
// before the signature. sure is false when the answer does not show it.
func (n *Net) KeyKnown(ctx context.Context, base *url.URL, garbage string) (known, sure bool, f *Failure) {
	v, f := n.Validate(ctx, base, garbage)
	if f != nil {
		return false, false, f
	}
	switch v.Reason {
	case ReasonKeyUnknown, ReasonKeyEmpty:
		return false, true, nil
	case ReasonSignature:
		return true, true, nil
	}
	return false, false, nil
}

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
	if origin == "" {
		at := HTTPURL(base)
		origin = at.Scheme + "://" + at.Host
	}
	verdict, reply, f := n.verdict(ctx, base, v1Path, Request{Header: http.Header{"Origin": {origin}}, Token: tok},
		url.Values{"access_token": {tok}, "join_request": {joinRequest()}})
	if f != nil {
		return nil, f
	}
	allowed := reply.Header.Values("Access-Control-Allow-Origin")
	v := &V1Verdict{Verdict: *verdict, HTML: isHTML(reply), AllowOrigin: n.Line(strings.Join(allowed, ", ")),
		Readable: len(allowed) == 1 && (allowed[0] == "*" || allowed[0] == origin)}
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
	v, _, f = n.verdict(ctx, base, "/rtc/v1", Request{Total: n.Waits().Extra, Header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-WebSocket-Version": {"13"}, "Sec-WebSocket-Key": {"bGtkb2N0b3IgYXNrcyEhIQ=="},
	}}, nil)
	lost = f == nil && !v.FromLiveKit && (v.Status == http.StatusNotFound && v.Text == "" || v.Status == http.StatusUpgradeRequired)
	return lost, v, f
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

// regionsPath is the path at which LiveKit Cloud lists the regions of a project,
// even where it takes no participants (client-sdk-js 2.23, RegionUrlProvider).
const regionsPath = "/settings/regions"

// maxRegions is the number of regions that are kept.
const maxRegions = 16

// IsCloud reports whether u is an address of LiveKit Cloud.
func IsCloud(u *url.URL) bool {
	return Secure(u) && strings.HasSuffix(strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), ".livekit.cloud")
}

// Regions asks LiveKit Cloud at base for the addresses of the project's regions,
// nearest first. Only addresses of LiveKit Cloud count. The result is empty where
// base is not LiveKit Cloud, which is not asked then, and where the list cannot be
// read.
func (n *Net) Regions(ctx context.Context, base *url.URL, tok string) []*url.URL {
	if !IsCloud(base) || !fitsHeader(tok) {
		return nil
	}
	reply, f := n.Exchange(ctx, Request{URL: Endpoint(base, regionsPath), Header: bearer(tok), MaxBody: caps.Probe, Total: n.Waits().Extra})
	if f != nil || reply.Status != http.StatusOK {
		return nil
	}
	var list struct{ Regions []struct{ URL string } }
	if json.Unmarshal(reply.Body, &list) != nil {
		return nil
	}
	var out []*url.URL
	for _, r := range list.Regions {
		if u, err := url.Parse(r.URL); err == nil && IsCloud(u) && len(out) < maxRegions {
			out = append(out, u)
		}
	}
	return out
}
