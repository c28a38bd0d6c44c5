package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"
)

// dialKind returns why one address could not be dialled.
func dialKind(err error) Kind {
	var ne net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return KindCancelled
	case errors.Is(err, syscall.ECONNREFUSED):
		return KindRefused
	case errors.Is(err, syscall.ECONNRESET):
		return KindReset
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH),
		errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT),
		errors.Is(err, syscall.ENETDOWN), errors.Is(err, syscall.EHOSTDOWN), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return KindUnreachable
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return KindSYNTimeout
	case errors.As(err, &ne) && ne.Timeout():
		return KindSYNTimeout
	}
	return KindTCPOther
}

// dialFailure sums up the attempts: refused and reset say more than a time-out, a
// time-out more than a missing route.
func (n *Net) dialFailure(ctx context.Context, lost []Attempt, last dialled) *Failure {
	rank := map[Kind]int{KindRefused: 5, KindReset: 4, KindSYNTimeout: 3, KindTCPOther: 2, KindUnreachable: 1}
	f := &Failure{Kind: KindUnreachable, Phase: PhaseTCP, Attempts: lost, Err: last.err}
	best := 0
	for _, a := range lost {
		if rank[a.Kind] > best {
			f.Kind, f.Address, best = a.Kind, a.Address.String(), rank[a.Kind]
		}
	}
	if last.err != nil {
		f.Detail = n.Line(last.err.Error())
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		f.Kind, f.Detail = KindCancelled, ""
	}
	return f
}

// DialFailure returns why one address, host and port, could not be dialled.
func (n *Net) DialFailure(ctx context.Context, hostPort string, took time.Duration, err error) *Failure {
	lost := Attempt{Kind: dialKind(err), Took: took}
	if addr, err := netip.ParseAddrPort(hostPort); err == nil {
		lost.Address = addr
	}
	f := n.dialFailure(ctx, []Attempt{lost}, dialled{err: err})
	f.Host, f.Took = n.Line(hostPort), took
	return f
}

// tlsKind returns why a handshake failed. plain reports whether the other side is
// known to speak another protocol than TLS.
func tlsKind(err error, head []byte) (kind Kind, plain bool) {
	var (
		record   tls.RecordHeaderError
		unknown  x509.UnknownAuthorityError
		name     x509.HostnameError
		invalid  x509.CertificateInvalidError
		netError net.Error
	)
	switch {
	case errors.As(err, &unknown):
		return KindTLSUnknownCA, false
	case errors.As(err, &name):
		return KindTLSWrongName, false
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if invalid.Cert != nil && strings.Contains(invalid.Detail, " is before ") {
			return KindTLSNotYet, false
		}
		return KindTLSExpired, false
	case errors.As(err, &record):
		return KindTLSPlainPort, true
	case alertText(err) != "":
		return alertKind(alertText(err)), false
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return KindReset, false
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return KindClosed, false
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &netError) && netError.Timeout():
		if len(head) == 0 {
			return KindSilent, false
		}
	}
	return KindTLSOther, false
}

// alertText returns the alert with which the other side ended a handshake, in the
// words of crypto/tls; "" where it sent none. crypto/tls has no type for it outside
// QUIC, only the text.
func alertText(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return op.Err.Error()
	}
	if err != nil && strings.Contains(err.Error(), "tls: server selected unsupported protocol version") {
		return err.Error()
	}
	return ""
}

// alertKind reads an alert (RFC 8446 §6.2).
func alertKind(text string) Kind {
	switch {
	case strings.Contains(text, "unrecognized name"):
		return KindTLSName
	case strings.Contains(text, "protocol version"):
		return KindTLSVersion
	case strings.Contains(text, "certificate required"), strings.Contains(text, "bad certificate"):
		return KindTLSClient
	}
	return KindTLSOther
}

// Handshake turns conn into a TLS connection to host, or returns why it cannot. A
// nil config is TLSConfig's. It waits at most Limits.TLS. The caller closes conn.
func (n *Net) Handshake(ctx context.Context, conn *Conn, host string, config *tls.Config) *Failure {
	if config == nil {
		config = n.TLSConfig(host)
	}
	wanted := false
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		wanted = true // and there is none: some servers then say no more than "handshake failure"
		return &tls.Certificate{}, nil
	}
	hctx, cancel := context.WithTimeout(ctx, n.Waits().TLS)
	defer cancel()
	raw := &Conn{Conn: conn.Conn} // keeps the first bytes under the TLS layer
	secure := tls.Client(raw, config)
	start := time.Now()
	err := secure.HandshakeContext(hctx)
	if err == nil {
		conn.Conn, conn.Phases.TLS = secure, time.Since(start)
		conn.TLS = n.tlsInfo(secure.ConnectionState())
		return nil
	}
	f := &Failure{Phase: PhaseTLS, Host: n.Line(conn.Host), Address: conn.Address.String(),
		Attempts: conn.Attempts, Detail: n.Line(err.Error()), Err: err}
	f.Cert = n.refusedCert(err)
	switch kind, plain := tlsKind(err, raw.Head()); {
	case wanted && kind == KindTLSOther:
		f.Kind = KindTLSClient
	case errors.Is(ctx.Err(), context.Canceled):
		f.Kind, f.Detail = KindCancelled, ""
	case plain:
		f.Kind = kind
		f.What, f.Banner = n.Banner(raw.Head())
	case hctx.Err() != nil && len(raw.Head()) == 0:
		f.Kind, f.Detail = KindSilent, "the TLS handshake was not answered"
	default:
		f.Kind = kind
	}
	return f
}
