package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// Kind says how a network request failed.
type Kind string

// The kinds, in the order in which an exchange meets them.
const (
	KindBadURL    Kind = "bad_url"       // no host, or a scheme that is not ws, wss, http or https
	KindCancelled Kind = "cancelled"     // the caller's context was cancelled; nothing is known
	KindProxy     Kind = "proxy"         // the HTTP(S)_PROXY refused, or could not be used
	KindDNSAbsent Kind = "dns_not_found" // the name does not exist
	KindDNSFailed Kind = "dns_failed"    // the name server failed or did not answer

	KindRefused     Kind = "refused"     // every address refused
	KindUnreachable Kind = "unreachable" // no route to any address
	KindSYNTimeout  Kind = "syn_timeout" // nobody answered the TCP SYN
	KindTCPOther    Kind = "tcp_other"   // the connection failed otherwise

	KindTLSUnknownCA Kind = "tls_unknown_ca" // self-signed, or an authority that is not trusted here
	KindTLSExpired   Kind = "tls_expired"    // the certificate's time is over
	KindTLSNotYet    Kind = "tls_not_yet"    // the certificate's time has not begun
	KindTLSWrongName Kind = "tls_wrong_name" // the certificate is for other names
	KindTLSPlainPort Kind = "tls_plain_port" // wss or https asked of a port that does not speak TLS
	KindPlainToTLS   Kind = "plain_to_tls"   // ws or http asked of a port that speaks TLS
	KindTLSName      Kind = "tls_name"       // the server has no certificate for the name
	KindTLSVersion   Kind = "tls_version"    // the server speaks old versions of TLS only
	KindTLSClient    Kind = "tls_client"     // the server wants a certificate of the client
	KindTLSOther     Kind = "tls_other"      // the handshake failed otherwise

	KindSilent     Kind = "silent"      // connected, and not one byte came back
	KindHeaderSlow Kind = "header_slow" // the answer began and its headers never ended
	KindReset      Kind = "reset"       // connection reset by the peer
	KindClosed     Kind = "closed"      // closed without an answer, or in the middle of one
	KindNotHTTP    Kind = "not_http"    // what came back is not HTTP

	KindHeaderTooLarge  Kind = "header_too_large" // over 64 KiB of headers
	KindBodyTooLarge    Kind = "body_too_large"   // over the request's MaxBody
	KindBodyBomb        Kind = "body_bomb"        // a small compressed body that grows past MaxBody
	KindBodySlow        Kind = "body_slow"        // the body did not end in time
	KindBodyGarbled     Kind = "body_garbled"     // broken chunks or broken compression
	KindRedirectRefused Kind = "redirect_refused" // a redirect loop on one origin
	KindOther           Kind = "other"            // none of these: Detail says what was seen
)

// Phase is how far an exchange had come.
type Phase string

// The phases of an exchange.
const (
	PhaseURL   Phase = "url"
	PhaseProxy Phase = "proxy"
	PhaseDNS   Phase = "dns"
	PhaseTCP   Phase = "tcp"
	PhaseTLS   Phase = "tls"
	PhaseHTTP  Phase = "http"
	PhaseBody  Phase = "body"
)

// Failure is why a network request has no answer. It is an error whose text is safe
// to show: it is made of Kind, Host and the cleaned Detail only.
type Failure struct {
	Kind  Kind
	Phase Phase
	// Host is the requested host and port.
	Host string
	// Address is the address that was dialled (the last of several), "" if none.
	Address string
	// Detail is the system's or library's own words, cleaned and redacted.
	Detail string
	// Cert is the certificate that was refused, nil without one.
	Cert *Cert
	// What is the server that listens there, by its first bytes: "" or unknown if
	// they do not show it.
	What ServerKind
	// Banner is the beginning of an answer that is not HTTP, cleaned.
	Banner string
	// Loopback is which of 127.0.0.1 and ::1 accepts connections at a port that
	// refused one. Own reports whether the address asked is this machine's.
	Loopback netip.Addr
	Own      bool
	// Status is the status that a proxy answered with, 0 otherwise.
	Status int
	// Took is the time from the start of the request to its failure.
	Took time.Duration
}

// Error returns what failed, in words that are safe to show.
func (f *Failure) Error() string {
	text := string(f.Phase) + ": " + string(f.Kind)
	if f.Host != "" {
		text = f.Host + ": " + text
	}
	if f.Detail != "" {
		text += ": " + f.Detail
	}
	return text
}

// Timeout reports whether the failure is a time-out, as net.Error does.
func (f *Failure) Timeout() bool {
	switch f.Kind {
	case KindSYNTimeout, KindSilent, KindHeaderSlow, KindBodySlow:
		return true
	}
	return false
}

// cancelled reports whether the caller cancelled ctx, as opposed to a time-out.
func cancelled(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// is reports whether err is an E, or wraps one.
func is[E error](err error) bool {
	_, found := errors.AsType[E](err)
	return found
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

func isTimeout(err error) bool {
	ne, is := errors.AsType[net.Error](err)
	return is && ne.Timeout()
}

func dialKind(err error) Kind {
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case is(context.Canceled):
		return KindCancelled
	case is(syscall.ECONNREFUSED):
		return KindRefused
	case is(syscall.ECONNRESET):
		return KindReset
	case is(syscall.EHOSTUNREACH), is(syscall.ENETUNREACH), is(syscall.EADDRNOTAVAIL), is(syscall.EAFNOSUPPORT),
		is(syscall.ENETDOWN), is(syscall.EHOSTDOWN), is(syscall.EPERM), is(syscall.EACCES):
		return KindUnreachable
	case isTimeout(err):
		return KindSYNTimeout
	}
	return KindTCPOther
}

// dialFailure sums up the dials: refused and reset say more than a time-out, a
// time-out more than a missing route.
func (n *Net) dialFailure(ctx context.Context, lost ...dialled) *Failure {
	rank := map[Kind]int{KindRefused: 5, KindReset: 4, KindSYNTimeout: 3, KindTCPOther: 2, KindUnreachable: 1}
	f := &Failure{Kind: KindUnreachable, Phase: PhaseTCP}
	best := 0
	for _, d := range lost {
		if kind := dialKind(d.err); rank[kind] > best {
			f.Kind, f.Address, best = kind, d.addr.String(), rank[kind]
		}
		f.Detail = n.Line(d.err.Error())
	}
	if cancelled(ctx) {
		f.Kind, f.Detail = KindCancelled, ""
	}
	return f
}

// DialFailure returns why one address, host and port, could not be dialled.
func (n *Net) DialFailure(ctx context.Context, hostPort string, took time.Duration, err error) *Failure {
	addr, _ := netip.ParseAddrPort(hostPort)
	f := n.dialFailure(ctx, dialled{addr: addr, err: err})
	f.Host, f.Took = n.Line(hostPort), took
	return f
}

func tlsKind(err error, head []byte) Kind {
	invalid, _ := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case is[x509.UnknownAuthorityError](err):
		return KindTLSUnknownCA
	case is[x509.HostnameError](err):
		return KindTLSWrongName
	case invalid.Reason == x509.Expired:
		if strings.Contains(invalid.Detail, " is before ") {
			return KindTLSNotYet
		}
		return KindTLSExpired
	case is[tls.RecordHeaderError](err):
		return KindTLSPlainPort
	case alertText(err) != "":
		return alertKind(alertText(err))
	case isReset(err):
		return KindReset
	case isEOF(err):
		return KindClosed
	case isTimeout(err) && len(head) == 0:
		return KindSilent
	}
	return KindTLSOther
}

// alertText returns the alert with which the other side ended a handshake, or the
// error of crypto/tls about a version that it does not speak; "" for other errors.
// Outside QUIC, crypto/tls has only the text of an alert, and no type for it.
func alertText(err error) string {
	if op, is := errors.AsType[*net.OpError](err); is && op.Op == "remote error" {
		return op.Err.Error()
	}
	if strings.Contains(err.Error(), "tls: server selected unsupported protocol version") {
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

func isTLSError(err error) bool {
	return is[*tls.CertificateVerificationError](err) || is[tls.RecordHeaderError](err) || alertText(err) != "" ||
		strings.Contains(err.Error(), "TLS handshake timeout")
}

// Unanswered sets Kind, What and Banner of f from err, with which an exchange over an
// open connection ended before there was an HTTP answer. head holds the first bytes
// that were received. If ctx has ended, the failure is a time-out.
func (n *Net) Unanswered(ctx context.Context, f *Failure, head []byte, err error) {
	text := err.Error()
	switch {
	case (ctx.Err() != nil || isTimeout(err)) && len(head) == 0:
		f.Kind = KindSilent
	case ctx.Err() != nil, isTimeout(err):
		f.Kind = KindHeaderSlow
	case strings.Contains(text, "response headers exceeded"), strings.Contains(text, "too many 1xx"):
		f.Kind = KindHeaderTooLarge
	case strings.Contains(text, "malformed HTTP"), strings.Contains(text, "malformed MIME header"),
		len(head) > 0 && !bytes.HasPrefix(head, []byte("HTTP/")):
		f.Kind = KindNotHTTP
	case isReset(err):
		f.Kind = KindReset
	case isEOF(err), strings.Contains(text, "EOF"), strings.Contains(text, "server closed idle connection"):
		f.Kind = KindClosed
	case len(head) > 0:
		f.Kind = KindNotHTTP
	default:
		f.Kind = KindOther
	}
	if f.Kind == KindNotHTTP {
		f.What, f.Banner = n.Banner(head)
	}
}
