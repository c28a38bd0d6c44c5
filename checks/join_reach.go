package checks

import (
	"context"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
)

const certSoon = 14 * 24 * time.Hour

// joinReach asks whether a LiveKit server is at LIVEKIT_URL. It needs nothing from
// the ticket stage, so it starts immediately.
func (c *Case) joinReach(ctx context.Context, ended Ended) Report {
	at := c.reached()
	switch {
	case at.URL == nil && c.Settings.URL.Secret.Empty() && c.takesAddress():
		if why, is := blocked(ended, "ticket.frontend", "ticket.consume"); is {
			return why
		}
		return check.NotHere("not checked: no address is set here, and none came with the token")
	case at.URL == nil || !at.withToken && finding.Worst(urlFindings(c.Settings.URL.Value)) == finding.Fail:
		return noServerAddress(ended)
	}
	check.Waiting(ctx, "waiting for %s to answer", clean.Line(at.Host, 80))
	c.askEarly(ctx, at)
	reach, failure := c.Net.Reach(ctx, at.URL)
	if failure != nil {
		return Report{Findings: c.unanswered(toServer, failure, c.withMakerServer(ctx, failure, at))}
	}
	c.produce(reach)
	return Report{Findings: reachFindings(c, reach, at), Outcome: reachOutcome(reach, at)}
}

func reachOutcome(r *probe.Reach, at address) Outcome {
	out := Outcome{Facts: Facts{"address": r.Address.String(), "what": string(r.What), "status": r.Status,
		"dns_ms": finding.Milliseconds(r.Phases.DNS), "tcp_ms": finding.Milliseconds(r.Phases.TCP),
		"tls_ms": finding.Milliseconds(r.Phases.TLS)}}
	if r.Cert != nil {
		out.Facts["cert_not_after"] = r.Cert.NotAfter.UTC().Format(time.RFC3339)
	}
	if r.IsLiveKit {
		out.Text = finding.Textf("LiveKit answers at %s", clean.Line(at.Host, 60))
	}
	return out
}

func reachFindings(c *Case, r *probe.Reach, at address) []Finding {
	var findings []Finding
	switch {
	case r.What == probe.ServerProxy:
		findings = append(findings, viaProxy(c, r, at))
	case r.Health == probe.HealthQuota:
		findings = append(findings, quota(r.Status, r.Excerpt, r.Front, at))
	case r.Health == probe.HealthOverloaded && r.IsLiveKit:
		findings = append(findings, overloaded(r.Status, r.Excerpt))
	case r.Health == probe.HealthNotReady, r.Health == probe.HealthBadGateway, r.Health == probe.HealthOverloaded:
		findings = append(findings, notReady(r.Status, r.Excerpt, r.Front))
	case !r.IsLiveKit:
		findings = append(findings, notLiveKit(c, r, at))
	}
	if r.Cert != nil {
		findings = append(findings, expiry(r.Cert, at, c.Now())...)
	}
	return findings
}

// viaProxy returns a finding about the proxy that answered itself, and its setting.
func viaProxy(c *Case, r *probe.Reach, at address) Finding {
	f := proxyAnswered(finding.ServerTimeout, r.Via, r.Status, at.URL)
	if variable := proxyVariable(c.Settings, at.URL); variable != "" {
		f.Message = finding.Textf("%s; %s sets that proxy", f.Message, variable)
		f = f.With("variable", variable)
	}
	return f.As("proxy-refuses")
}

// expiry warns of a certificate that is about to expire. Short-lived ones, such as
// those of Caddy's own authority, are renewed all the time.
func expiry(cert *probe.Cert, at address, now time.Time) []Finding {
	left := cert.NotAfter.Sub(now)
	if left >= certSoon {
		return nil
	}
	f := certFacts(finding.New(finding.ServerCertExpiresSoon, finding.Warn, "the certificate of %s expires in %d days, on %s",
		clean.Line(at.Host, 80), int(left.Hours()/24), cert.NotAfter.UTC().Format("2006-01-02")), cert).As("renewal")
	if cert.NotAfter.Sub(cert.NotBefore) < certSoon {
		f.Severity = finding.Info
		f = f.As("short-lived")
	}
	return []Finding{f}
}
