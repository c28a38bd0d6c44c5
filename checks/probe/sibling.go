package probe

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// siblingWait caps the question to the other scheme after a silent handshake,
// so that a silent server is still named within six seconds.
const siblingWait = 1500 * time.Millisecond

// Clarify looks again at a failure, or at an answer, that may come from the
// wrong scheme: it asks the same port with the sibling scheme and, if that is
// answered, says so for certain (KindTLSPlainPort, KindPlainToTLS). It also
// names LiveKit's media port, a client certificate that is wanted, and for a
// refused connection where on loopback its port answers. Otherwise it returns f
// as it is; nil stays nil.
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

// clarifySecure asks a port whose TLS handshake failed in plain HTTP.
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
	what, ok := n.SpeaksHTTP(ctx, u)
	if ok {
		f.Kind, f.What = KindTLSPlainPort, what
		f.Detail = "the port speaks plain HTTP, not TLS"
		return f
	}
	return mediaPort(u, f)
}

// wantsCertificate tells nginx's page for a client that has no certificate
// (src/http/ngx_http_special_response.c).
func wantsCertificate(r *Reply) bool {
	return r.Status == http.StatusBadRequest && strings.Contains(string(r.Body), "No required SSL certificate was sent")
}

// refusedWait caps the look at loopback after a refusal.
const refusedWait = 500 * time.Millisecond

// clarifyRefused looks where on loopback the port that refused answers, for an
// address of this machine.
func (n *Net) clarifyRefused(ctx context.Context, u *url.URL, f *Failure) *Failure {
	ctx, cancel := context.WithTimeout(ctx, min(n.Waits().Extra, refusedWait))
	defer cancel()
	if f.Own = n.own(ctx, u); f.Own {
		f.Loopback, _ = n.loopbackAt(ctx, u)
	}
	return f
}

// clarifyPlain tries a TLS handshake with a port that did not take plain HTTP.
func (n *Net) clarifyPlain(ctx context.Context, u *url.URL, f *Failure, reply *Reply) *Failure {
	if f != nil {
		switch {
		case f.Kind == KindReset, f.Kind == KindClosed:
		case f.Kind == KindNotHTTP && (f.What == ServerTLS || f.What == ServerUnknown):
		default:
			return f
		}
	}
	cert, ok := n.SpeaksTLS(ctx, u)
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

// refusesPlain tells the pages with which TLS servers answer plain HTTP: Go's
// (net/http), nginx's, Apache's.
func refusesPlain(r *Reply) bool {
	if r == nil || r.Status != http.StatusBadRequest {
		return false
	}
	body := string(r.Body)
	for _, text := range []string{
		"Client sent an HTTP request to an HTTPS server",
		"The plain HTTP request was sent to HTTPS port",
		"speaking plain HTTP to an SSL-enabled server port",
	} {
		if strings.Contains(body, text) {
			return true
		}
	}
	return false
}

// mediaPort says what a port that hangs up without an answer probably is.
func mediaPort(u *url.URL, f *Failure) *Failure {
	if (f.Kind == KindReset || f.Kind == KindClosed) && f.What == "" && (u.Port() == "7881" || u.Port() == "7882") {
		f.What = ServerMediaPort
	}
	return f
}

// SpeaksHTTP reports whether u's port answers plain HTTP, whatever u's scheme,
// and what answers. It asks GET / and waits no longer than Limits.Extra.
func (n *Net) SpeaksHTTP(ctx context.Context, u *url.URL) (ServerKind, bool) {
	wait := min(n.Waits().Extra, siblingWait)
	plain := &url.URL{Scheme: "http", Host: HostPort(u), Path: "/"}
	reply, _ := n.Exchange(ctx, Request{URL: plain, MaxBody: 4096, FirstByte: wait, Total: wait})
	if reply == nil || refusesPlain(reply) {
		return "", false
	}
	return identify(reply, nil), true
}

// SpeaksTLS reports whether u's port answers a TLS handshake, whatever u's
// scheme, and with which certificate. The certificate is looked at, not trusted:
// nothing is sent over the connection.
func (n *Net) SpeaksTLS(ctx context.Context, u *url.URL) (*Cert, bool) {
	ctx, cancel := context.WithTimeout(ctx, min(n.Waits().Extra, siblingWait))
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
