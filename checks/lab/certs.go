package lab

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// Authority is a certificate authority that is made at run time.
type Authority struct{ pair tls.Certificate }

// NewAuthority makes one that is valid from yesterday for ten years.
func NewAuthority() (*Authority, error) {
	now := time.Now()
	pair, err := signed(&x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "lklab test authority"},
		NotBefore:             now.AddDate(0, 0, -1),
		NotAfter:              now.AddDate(10, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}, nil)
	return &Authority{pair}, err
}

// signed makes a certificate with a new key. If by is nil, it is self-signed.
func signed(template *x509.Certificate, by *tls.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	parent, signer := template, crypto.PrivateKey(key)
	if by != nil {
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

// Pool returns a pool with this authority only.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.pair.Leaf)
	return pool
}

// PEM returns the authority's certificate, in the format of SSL_CERT_FILE.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.pair.Leaf.Raw})
}

// Certificate says what certificate to issue. The zero value is a good one for
// 127.0.0.1 and localhost.
type Certificate struct {
	// Names replace 127.0.0.1 and localhost.
	Names []string
	// From and Until are counted from now; the defaults are a day ago and a year from now.
	From, Until time.Duration

	// config changes the TLS configuration of Issue; nil does not.
	config func(*tls.Config)
}

// Issue makes a certificate, and returns the TLS configuration of a server that has it.
func (a *Authority) Issue(c Certificate) (*tls.Config, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "lklab"},
		NotBefore:    time.Now().Add(cmp.Or(c.From, -24*time.Hour)),
		NotAfter:     time.Now().Add(cmp.Or(c.Until, 365*24*time.Hour)),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     c.Names,
	}
	if c.Names == nil {
		template.DNSNames, template.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	pair, err := signed(template, &a.pair)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	if c.config != nil {
		c.config(config)
	}
	return config, nil
}
