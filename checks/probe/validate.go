package probe

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"lkdoctor/checks/caps"
)

// validatePath is a path without side effects: no room, no participant.
const validatePath = "/rtc/validate"

// Validate asks the LiveKit server at base for its verdict on a token, in the
// Authorization header as the SDKs send it. A token that no header can carry (a
// line feed in it) goes into the query. Nothing changes on the server.
func (n *Net) Validate(ctx context.Context, base *url.URL, tok string) (*Verdict, *Failure) {
	return n.validate(ctx, base, tok, !fitsHeader(tok))
}

// fitsHeader reports whether net/http accepts tok as a header's value (RFC 9110
// §5.5).
func fitsHeader(tok string) bool {
	return !strings.ContainsFunc(tok, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// ValidateQuery is Validate with the token in the query, as browsers send it: it
// shows whether something on the way removes the Authorization header.
func (n *Net) ValidateQuery(ctx context.Context, base *url.URL, tok string) (*Verdict, *Failure) {
	return n.validate(ctx, base, tok, true)
}

func (n *Net) validate(ctx context.Context, base *url.URL, tok string, inQuery bool) (*Verdict, *Failure) {
	if f := CheckURL(base); f != nil {
		return nil, f
	}
	req := Request{URL: Endpoint(base, validatePath), MaxBody: caps.Probe}
	if inQuery {
		req.URL.RawQuery = url.Values{"access_token": {tok}}.Encode()
	} else {
		req.Header = http.Header{"Authorization": {"Bearer " + tok}}
	}
	reply, f := n.Exchange(ctx, req)
	if reply == nil {
		f.Detail = Without(f.Detail, tok)
		f.Banner = Without(f.Banner, tok)
		return nil, f
	}
	v := ClassifyVerdict(reply.Status, string(reply.Body))
	v.Text = n.Line(strings.TrimSpace(Without(string(reply.Body), tok)))
	v.Date, v.Path, v.InQuery, v.Redirect = reply.Date, validatePath, inQuery, reply.Redirect
	v.Front = Front(reply.Status, reply.Header, string(reply.Body))
	if v.What = ServerLiveKit; !v.FromLiveKit {
		v.What = identify(nil, reply)
	}
	return &v, nil
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
