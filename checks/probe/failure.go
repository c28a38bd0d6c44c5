package probe

import (
	"net/netip"
	"time"
)

// Kind says how a network request failed.
type Kind string

// The kinds, in the order in which an exchange meets them.
const (
	KindBadURL    Kind = "bad_url"       // no host, or a scheme that is not ws, wss, http or https
	KindCancelled Kind = "cancelled"     // the caller's context was cancelled; nothing is known
	KindProxy     Kind = "proxy"         // the HTTP(S)_PROXY could not be used or refused
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
	// Attempts are all addresses that were tried, in the order of their end.
	Attempts []Attempt
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
	// Err is the cause, for errors.Is and errors.As. Show Detail, never this.
	Err error
}

// Attempt is one address that was dialled.
type Attempt struct {
	Address netip.AddrPort
	// Kind is how it failed; "" if it was cancelled because another connected.
	Kind Kind
	Took time.Duration
}

// Error returns what failed, in words that are safe to show.
func (f *Failure) Error() string {
	if f == nil {
		return "no failure"
	}
	text := string(f.Phase) + ": " + string(f.Kind)
	if f.Host != "" {
		text = f.Host + ": " + text
	}
	if f.Detail != "" {
		text += ": " + f.Detail
	}
	return text
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error {
	if f == nil {
		return nil
	}
	return f.Err
}

// Timeout reports whether the failure is a time-out, as net.Error does.
func (f *Failure) Timeout() bool {
	switch f.Kind {
	case KindSYNTimeout, KindSilent, KindHeaderSlow, KindBodySlow:
		return true
	}
	return false
}
