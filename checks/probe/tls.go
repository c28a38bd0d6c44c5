package probe

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// maxCertNames is the number of names that are kept of a certificate.
const maxCertNames = 20

// tlsInfo describes a finished handshake.
func (n *Net) tlsInfo(s tls.ConnectionState) *TLSInfo {
	return &TLSInfo{
		Version: tls.VersionName(s.Version),
		Cipher:  tls.CipherSuiteName(s.CipherSuite),
		Cert:    n.cert(s.PeerCertificates),
	}
}

// refusedCert returns the certificate that a handshake failed on, nil without one.
func (n *Net) refusedCert(err error) *Cert {
	var verify *tls.CertificateVerificationError
	if errors.As(err, &verify) {
		return n.cert(verify.UnverifiedCertificates)
	}
	return nil
}

// cert describes the leaf of a chain.
func (n *Net) cert(chain []*x509.Certificate) *Cert {
	if len(chain) == 0 {
		return nil
	}
	leaf := chain[0]
	c := &Cert{
		Subject: n.Line(leaf.Subject.String()), Issuer: n.Line(leaf.Issuer.String()),
		NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter, ChainLength: len(chain),
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
