package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

// Cert describes a server's certificate. All strings are cleaned.
type Cert struct {
	Subject, Issuer     string
	Names               []string
	NotBefore, NotAfter time.Time
	// IssuerMissing reports whether the server sent this certificate alone,
	// although its authority names the place of its own certificate (RFC 5280
	// §4.2.2.1), as public authorities do: an intermediate certificate is missing.
	IssuerMissing bool
}

// maxCertNames is the number of names that are kept of a certificate.
const maxCertNames = 20

// cert describes the leaf of a chain, nil for an empty one.
func (n *Net) cert(chain []*x509.Certificate) *Cert {
	if len(chain) == 0 {
		return nil
	}
	leaf := chain[0]
	c := &Cert{
		Subject: n.Line(leaf.Subject.String()), Issuer: n.Line(leaf.Issuer.String()),
		NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter,
		IssuerMissing: len(chain) == 1 && len(leaf.IssuingCertificateURL) > 0 && !bytes.Equal(leaf.RawIssuer, leaf.RawSubject),
	}
	for _, name := range leaf.DNSNames {
		c.Names = append(c.Names, n.Line(name))
	}
	for _, ip := range leaf.IPAddresses {
		c.Names = append(c.Names, ip.String())
	}
	c.Names = c.Names[:min(len(c.Names), maxCertNames)]
	return c
}

// refusedCert returns the certificate that a handshake failed on, nil without one.
func (n *Net) refusedCert(err error) *Cert {
	if verify, is := errors.AsType[*tls.CertificateVerificationError](err); is {
		return n.cert(verify.UnverifiedCertificates)
	}
	return nil
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
		conn.Cert = n.cert(secure.ConnectionState().PeerCertificates)
		return nil
	}
	f := &Failure{Phase: PhaseTLS, Host: n.Line(conn.Host), Address: conn.Address.String(),
		Detail: n.Line(err.Error()), Cert: n.refusedCert(err)}
	switch f.Kind = tlsKind(err, raw.Head()); {
	case wanted && f.Kind == KindTLSOther:
		f.Kind = KindTLSClient
	case cancelled(ctx):
		f.Kind, f.Detail = KindCancelled, ""
	case f.Kind == KindTLSPlainPort:
		f.What, f.Banner = n.Banner(raw.Head())
	case hctx.Err() != nil && len(raw.Head()) == 0:
		f.Kind, f.Detail = KindSilent, "the TLS handshake was not answered"
	}
	return f
}
