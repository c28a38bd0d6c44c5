package probe

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Clarify follows up a failure, or an answer, that may come from a wrong scheme: it
// asks the same port with the other scheme and, if that is answered, returns
// KindTLSPlainPort or KindPlainToTLS. It also identifies LiveKit's media port, a
// required client certificate, and for a refused connection the loopback address at
// which its port answers. Otherwise it returns f unchanged; nil stays nil.
func (n *Net) Clarify(ctx context.Context, u *url.URL, f *Failure, reply *Reply) *Failure {
	switch {
	case f == nil && reply == nil, cancelled(ctx):
		return f
	case f != nil && f.Kind == KindRefused:
		return n.clarifyRefused(ctx, u, f)
	case Secure(u):
		if f == nil && wantsCertificate(reply) {
			return &Failure{Kind: KindTLSClient, Phase: PhaseTLS, Host: n.Line(HostPort(u)), Address: reply.Address.String(),
				Detail: "no client certificate was sent, and the server wants one"}
		}
		if f == nil || f.Phase != PhaseTLS {
			return f
		}
		return n.clarifySecure(ctx, u, f)
	case f == nil && !refusesPlain(reply):
		return nil
	case f != nil && f.Phase != PhaseHTTP:
		return f
	}
	return n.clarifyPlain(ctx, u, f, reply)
}

// clarifySecure sends plain HTTP to a port whose TLS handshake failed.
func (n *Net) clarifySecure(ctx context.Context, u *url.URL, f *Failure) *Failure {
	switch f.Kind {
	case KindTLSPlainPort:
		if f.What != ServerOtherHTTP { // SSH or Redis would not understand HTTP either
			return f
		}
	case KindReset, KindClosed, KindSilent, KindTLSOther:
	default:
		return f
	}
	if what, ok := n.speaksHTTP(ctx, u); ok {
		f.Kind, f.What = KindTLSPlainPort, what
		f.Detail = "the port speaks plain HTTP, not TLS"
		return f
	}
	return mediaPort(u, f)
}

// wantsCertificate reports whether r is nginx's page for a client without a
// certificate (src/http/ngx_http_special_response.c).
func wantsCertificate(r *Reply) bool {
	return r.Status == http.StatusBadRequest && strings.Contains(string(r.Body), "No required SSL certificate was sent")
}

// clarifyRefused sets the loopback address at which a refused port answers, for an
// address of this machine.
func (n *Net) clarifyRefused(ctx context.Context, u *url.URL, f *Failure) *Failure {
	ctx, cancel := context.WithTimeout(ctx, n.Waits().Refused)
	defer cancel()
	addrs, unknown := n.Lookup(ctx, u.Hostname())
	if f.Own = unknown == nil && slices.ContainsFunc(addrs, isOwn); f.Own {
		f.Loopback = n.loopbackAt(ctx, u)
	}
	return f
}

// clarifyPlain tries a TLS handshake with a port that did not accept plain HTTP.
func (n *Net) clarifyPlain(ctx context.Context, u *url.URL, f *Failure, reply *Reply) *Failure {
	if f != nil {
		switch {
		case f.Kind == KindReset, f.Kind == KindClosed:
		case f.Kind == KindNotHTTP && (f.What == ServerTLS || f.What == ServerUnknown):
		default:
			return f
		}
	}
	cert, ok := n.speaksTLS(ctx, u)
	if !ok {
		if f == nil {
			return nil
		}
		return mediaPort(u, f)
	}
	if f == nil {
		f = &Failure{Host: n.Line(HostPort(u)), Address: reply.Address.String(), Status: reply.Status}
	}
	f.Kind, f.Phase, f.What, f.Cert = KindPlainToTLS, PhaseHTTP, ServerTLS, cert
	f.Detail = "the port speaks TLS, not plain HTTP"
	return f
}

// refusesPlain reports whether r is a page with which a TLS server answers plain
// HTTP: Go's (net/http), nginx's or Apache's.
func refusesPlain(r *Reply) bool {
	if r == nil || r.Status != http.StatusBadRequest {
		return false
	}
	says := func(text string) bool { return strings.Contains(string(r.Body), text) }
	return says("Client sent an HTTP request to an HTTPS server") || says("The plain HTTP request was sent to HTTPS port") ||
		says("speaking plain HTTP to an SSL-enabled server port")
}

// mediaPort identifies a port that closes the connection without an answer as
// LiveKit's media port, by its number.
func mediaPort(u *url.URL, f *Failure) *Failure {
	if (f.Kind == KindReset || f.Kind == KindClosed) && f.What == "" && (u.Port() == "7881" || u.Port() == "7882") {
		f.What = ServerMediaPort
	}
	return f
}

// speaksHTTP reports whether u's port answers plain HTTP, whatever u's scheme, and
// returns the server's kind. It asks GET / and waits at most Limits.Sibling.
func (n *Net) speaksHTTP(ctx context.Context, u *url.URL) (ServerKind, bool) {
	wait := n.Waits().Sibling
	plain := &url.URL{Scheme: "http", Host: HostPort(u), Path: "/"}
	reply, _ := n.Exchange(ctx, Request{URL: plain, MaxBody: 4096, FirstByte: wait, Total: wait})
	if reply == nil || refusesPlain(reply) {
		return "", false
	}
	return identify(reply, nil), true
}

// speaksTLS reports whether u's port answers a TLS handshake, whatever u's scheme,
// and returns its certificate. The certificate is not verified: nothing is sent
// over the connection.
func (n *Net) speaksTLS(ctx context.Context, u *url.URL) (*Cert, bool) {
	ctx, cancel := context.WithTimeout(ctx, n.Waits().Sibling)
	defer cancel()
	conn, f := n.ConnectTCP(ctx, HostPort(u))
	if f != nil {
		return nil, false
	}
	defer func() { _ = conn.Close() }()
	config := n.TLSConfig(u.Hostname())
	config.InsecureSkipVerify = true // #nosec G402 -- only looked at, then closed
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, false
	}
	return n.cert(secure.ConnectionState().PeerCertificates), true
}
