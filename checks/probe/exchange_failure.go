package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
)

// tripFailure returns why there is no answer to read.
func (n *Net) tripFailure(parent, ctx context.Context, t *trip, u, proxy *url.URL, err error) *Failure {
	f := &Failure{Phase: PhaseHTTP, Host: n.Line(HostPort(u)), Err: safeCause(err)}
	t.mu.Lock()
	if t.conn != nil {
		f.Address, f.Attempts = t.conn.Address.String(), t.conn.Attempts
	}
	t.mu.Unlock()
	head := t.head()
	var dial *Failure
	var refusal *proxyRefusal
	switch {
	case cancelled(parent):
		f.Kind = KindCancelled
	case errors.As(err, &dial):
		*f = *dial
		if proxy != nil {
			f.Kind, f.Phase = KindProxy, PhaseProxy
		}
	case errors.As(err, &refusal):
		f.Kind, f.Phase, f.Status, f.Detail = KindProxy, PhaseProxy, refusal.status, refusal.Error()
	case isProxyError(err):
		f.Kind, f.Phase, f.Detail = KindProxy, PhaseProxy, n.Line(bare(err))
	case ctx.Err() != nil:
		f.Kind, f.Detail = KindSilent, "the connection was accepted and not one byte came back"
		if len(head) > 0 {
			f.Kind, f.Detail = KindHeaderSlow, "the answer began, but its headers did not end"
		}
	case isTLSError(err): // behind a proxy, or an alert after the handshake: else the dial has failed
		f.Phase = PhaseTLS
		f.Kind, _ = tlsKind(err, head)
		f.Cert, f.Detail = n.refusedCert(err), n.Line(bare(err))
	default:
		f.Kind = httpKind(err, head)
		f.Detail = n.Line(bare(err))
	}
	if f.Kind == KindNotHTTP {
		f.What, f.Banner = n.Banner(head)
		f.Detail = "the answer is not HTTP"
	}
	if f.Kind == KindCancelled {
		f.Detail = ""
	}
	return f
}

// httpKind returns why no HTTP answer could be read from a connection.
func httpKind(err error, head []byte) Kind {
	text := err.Error()
	switch {
	case strings.Contains(text, "response headers exceeded"), strings.Contains(text, "too many 1xx"):
		return KindHeaderTooLarge
	case strings.Contains(text, "malformed HTTP"), strings.Contains(text, "malformed MIME header"):
		return KindNotHTTP
	case len(head) > 0 && !bytes.HasPrefix(head, []byte("HTTP/")):
		return KindNotHTTP
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return KindReset
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(text, "EOF"),
		strings.Contains(text, "server closed idle connection"):
		return KindClosed
	case len(head) > 0:
		return KindNotHTTP
	}
	return KindOther
}

// bodyFailure returns why a body is incomplete, nil if it is complete.
func (n *Net) bodyFailure(parent, ctx context.Context, b bodyRead) *Failure {
	f := &Failure{Phase: PhaseBody, Err: safeCause(b.err)}
	switch {
	case b.tooLarge && b.ratio >= bombRatio:
		f.Kind, f.Detail = KindBodyBomb, fmt.Sprintf("the compressed body grew more than %d times, past %d bytes", b.ratio, len(b.data))
	case b.tooLarge:
		f.Kind, f.Detail = KindBodyTooLarge, fmt.Sprintf("the body is longer than %d bytes", len(b.data))
	case b.err == nil:
		return nil
	case cancelled(parent):
		f.Kind = KindCancelled
	case ctx.Err() != nil:
		f.Kind, f.Detail = KindBodySlow, "the body did not end in time"
	case b.garbled:
		f.Kind, f.Detail = KindBodyGarbled, "the body cannot be decompressed"
	case errors.Is(b.err, syscall.ECONNRESET):
		f.Kind, f.Detail = KindReset, "the connection was reset in the middle of the body"
	case errors.Is(b.err, io.ErrUnexpectedEOF), errors.Is(b.err, io.EOF):
		f.Kind, f.Detail = KindClosed, "the connection was closed in the middle of the body"
	default:
		f.Kind, f.Detail = KindBodyGarbled, n.Line(bare(b.err))
	}
	return f
}

// cancelled reports whether the caller cancelled ctx, as opposed to a time-out.
func cancelled(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// isProxyError reports whether http.Transport failed at the proxy.
func isProxyError(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "proxyconnect"
}

// isTLSError reports whether a handshake failed.
func isTLSError(err error) bool {
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &verify) || errors.As(err, &record) || alertText(err) != "" ||
		strings.Contains(err.Error(), "TLS handshake timeout")
}

// bare returns an error's text without the URL that url.Error adds: a URL may hold
// a token.
func bare(err error) string {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err.Error()
	}
	return err.Error()
}

// safeCause returns the part of err that may be kept: errors whose text is made
// here, not by a server, nor from a URL.
func safeCause(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded,
		io.ErrUnexpectedEOF, io.EOF, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNREFUSED, errFirstByte, errTotal} {
		if errors.Is(err, known) {
			return known
		}
	}
	var verify *tls.CertificateVerificationError
	if errors.As(err, &verify) {
		return verify
	}
	var refusal *proxyRefusal
	if errors.As(err, &refusal) {
		return refusal
	}
	return nil
}
