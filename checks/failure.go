package checks

import (
	"net/url"
	"time"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

// failureFacts adds the facts of a network failure to f.
func failureFacts(f Finding, failure *probe.Failure) Finding {
	f = f.With("kind", string(failure.Kind)).With("phase", string(failure.Phase)).With("took_ms", finding.Milliseconds(failure.Took))
	for name, value := range map[string]string{
		"host": failure.Host, "address": failure.Address, "detail": failure.Detail, "banner": failure.Banner,
	} {
		if value != "" {
			f = f.With(name, value)
		}
	}
	if cert := failure.Cert; cert != nil {
		f = certFacts(f, cert)
	}
	return f
}

// proxyVariable returns the environment variable that sends u through a proxy, or
// "" where none does.
func proxyVariable(s *config.Settings, u *url.URL) string {
	names := []string{"HTTP_PROXY", "http_proxy"}
	if probe.Secure(u) {
		names = []string{"HTTPS_PROXY", "https_proxy"}
	}
	for _, name := range names {
		if value, source, _ := s.Env.Lookup(name); value != "" && source.Kind == config.Environment {
			return name
		}
	}
	return ""
}

// proxyWords returns why the HTTP proxy on the way to u could not be used.
func proxyWords(c *Case, f *probe.Failure, u *url.URL) Text {
	proxy, err := c.Net.ProxyFor(u)
	if err != nil || proxy == nil {
		return finding.Textf("%s", f.Detail)
	}
	if variable := proxyVariable(c.Settings, u); variable != "" {
		return finding.Textf("the proxy %s that %s sets cannot be used: %s", clean.URL(proxy.String()), variable, f.Detail)
	}
	return finding.Textf("the proxy %s cannot be used: %s", clean.URL(proxy.String()), f.Detail)
}

// proxyAnswered returns a finding about an HTTP proxy that answered instead of the
// server.
func proxyAnswered(code Code, via string, status int, u *url.URL) Finding {
	return finding.New(code, finding.Fail, "%s cannot be reached: %s", clean.Line(u.Host, 80),
		finding.Textf("the proxy %s answers %d itself", clean.URL(via), status)).
		With("status", status).With("via", clean.URL(via)).By(finding.OwnerConfig)
}

func certFacts(f Finding, cert *probe.Cert) Finding {
	return f.With("cert_subject", cert.Subject).With("cert_issuer", cert.Issuer).With("cert_names", cert.Names).
		With("cert_not_before", cert.NotBefore.UTC().Format(time.RFC3339)).
		With("cert_not_after", cert.NotAfter.UTC().Format(time.RFC3339))
}

// tlsWords returns what is wrong with a certificate, with its names and dates.
func tlsWords(f *probe.Failure) Text {
	cert := f.Cert
	if cert == nil {
		cert = &probe.Cert{}
	}
	switch f.Kind {
	case probe.KindTLSUnknownCA:
		return finding.Textf("its certificate is signed by %s, which this machine does not trust", orUnknown(cert.Issuer))
	case probe.KindTLSExpired:
		return finding.Textf("its certificate expired on %s", cert.NotAfter.UTC().Format("2006-01-02 15:04 MST"))
	case probe.KindTLSNotYet:
		return finding.Textf("its certificate is not valid before %s", cert.NotBefore.UTC().Format("2006-01-02 15:04 MST"))
	case probe.KindTLSWrongName:
		if len(cert.Names) > 0 {
			return finding.Textf("its certificate is for %s", joinNames(cert.Names))
		}
		return finding.Textf("its certificate is for another name")
	case probe.KindTLSName:
		return finding.Textf("it has no certificate for this name")
	case probe.KindTLSVersion:
		return finding.Textf("it allows only versions of TLS that are too old")
	case probe.KindTLSClient:
		return finding.Textf("it wants a certificate from the client")
	}
	return finding.Textf("%s", f.Detail)
}

func orUnknown(s string) Text {
	if s == "" {
		return finding.Textf("somebody unknown")
	}
	return finding.Textf("%s", s)
}

// listener describes what answered instead of an HTTP server, by its first bytes.
func listener(f *probe.Failure) Text {
	switch {
	case f.Kind == probe.KindReset, f.Kind == probe.KindClosed:
		return finding.Textf("it closes the connection without an answer")
	case f.What == probe.ServerOtherHTTP:
		return finding.Textf("its answer begins like HTTP and is none (%q)", f.Banner)
	case f.What != "" && f.What != probe.ServerUnknown && f.Banner != "":
		return finding.Textf("it looks like %s, and says %q", string(f.What), f.Banner)
	case f.What != "" && f.What != probe.ServerUnknown:
		return finding.Textf("it looks like %s", string(f.What))
	case f.Banner != "":
		return finding.Textf("it says %q", f.Banner)
	}
	return finding.Textf("%s", f.Detail)
}
