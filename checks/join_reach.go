package checks

import (
	"context"
	"net/url"
	"strings"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
)

// certSoon is from when on an expiring certificate is worth a warning.
const certSoon = 14 * 24 * time.Hour

// joinReach asks whether a LiveKit server is at LIVEKIT_URL. It needs nothing
// from the ticket stage, so it starts at once.
func joinReach(c *Case) Check {
	uses := []string{"env.livekit"}
	if c != nil && c.Settings.URL.Secret.Empty() && c.takesAddress() {
		uses = append(uses, "ticket.consume", "ticket.frontend")
	}
	return c.check(Spec{
		ID: "join.reach", Stage: check.StageJoin, Timeout: 14 * time.Second,
		Title: finding.Textf("The LiveKit server answers at LIVEKIT_URL"),
		Short: finding.Textf("Server reachable"),
		Uses:  uses,
	}, func(ctx context.Context, c *Case, ended Ended) Report {
		at := c.reached()
		switch {
		case at.URL == nil && c.Settings.URL.Secret.Empty() && c.takesAddress():
			for _, id := range []string{"ticket.frontend", "ticket.consume"} {
				if ended.Stopped(id) {
					return check.BlockedBy(id)
				}
			}
			return check.NotHere("not checked: no address is set here, and none came with the token")
		case at.URL == nil || !at.came && finding.Worst(urlFindings(c.Settings.URL.Value)) == finding.Fail:
			if ended.Stopped("env.livekit") {
				return check.BlockedBy("env.livekit")
			}
			return check.BlockedBy("env.files")
		}
		check.Waiting(ctx, "waiting for %s to answer", clean.Line(at.Host, 80))
		c.askAhead(ctx, at)
		reach, failure := c.Net.Reach(ctx, at.URL)
		if failure != nil {
			return Report{Findings: serverFailure(c, failure, at)}
		}
		c.made.reach.Set(reach)
		return Report{Findings: reachFindings(ctx, c, reach, at), Outcome: reachOutcome(reach, at)}
	})
}

func reachOutcome(r *probe.Reach, at address) Outcome {
	out := Outcome{Facts: Facts{"address": r.Address.String(), "what": string(r.What), "status": r.Status,
		"dns_ms": millis(r.Phases.DNS), "tcp_ms": millis(r.Phases.TCP), "tls_ms": millis(r.Phases.TLS)}}
	if r.TLS != nil && r.TLS.Cert != nil {
		out.Facts["cert_not_after"] = r.TLS.Cert.NotAfter.UTC().Format(time.RFC3339)
	}
	if r.IsLiveKit {
		out.Text = finding.Textf("LiveKit answers at %s", clean.Line(at.Host, 60))
	}
	return out
}

// reachFindings judges what answered.
func reachFindings(ctx context.Context, c *Case, r *probe.Reach, at address) []Finding {
	var findings []Finding
	switch {
	case r.What == probe.ServerProxy:
		findings = append(findings, proxyAnswered(finding.ServerTimeout, r.Via, r.Status, at.URL))
	case r.Health == probe.HealthQuota:
		findings = append(findings, quota(r.Status, r.Excerpt))
	case r.Health == probe.HealthOverloaded && r.IsLiveKit:
		findings = append(findings, overloaded(r.Status, r.Excerpt))
	case r.Health == probe.HealthNotReady, r.Health == probe.HealthBadGateway, r.Health == probe.HealthOverloaded:
		findings = append(findings, notReady(r.Status, r.Excerpt))
	case !r.IsLiveKit:
		findings = append(findings, notLiveKit(ctx, c, r, at))
	}
	if r.TLS != nil && r.TLS.Cert != nil {
		if left := r.TLS.Cert.NotAfter.Sub(c.Now()); left < certSoon {
			findings = append(findings, certFacts(finding.New(finding.ServerCertExpiresSoon, finding.Warn,
				"the certificate of %s expires in %d days, on %s", clean.Line(at.Host, 80), int(left.Hours()/24),
				r.TLS.Cert.NotAfter.UTC().Format("2 January 2006")), r.TLS.Cert))
		}
	}
	return findings
}

// notLiveKit looks for LiveKit under other paths before it says that something
// else is there.
func notLiveKit(ctx context.Context, c *Case, r *probe.Reach, at address) Finding {
	if to, is := sentToTLS(r.Redirect, at.URL); is {
		return finding.New(finding.ServerTLS, finding.Fail,
			"%s redirects plain HTTP to https (%d), and LIVEKIT_URL begins with ws://: a WebSocket follows no redirect",
			clean.Line(at.Host, 80), r.Redirect.Status).
			With("status", r.Redirect.Status).With("to", r.Redirect.To).With("found", clean.URL(to)).As("redirected").By(at.party())
	}
	if found, ok := c.Net.FindPrefix(ctx, at.URL); ok {
		return finding.New(finding.ServerPathPrefix, finding.Fail,
			"LiveKit is not at %s, and answers at %s", clean.URL(at.String()), clean.URL(found)).
			With("found", clean.URL(found)).By(at.party())
	}
	if r.Status == 400 && plainToTLSText(r.Excerpt) {
		return finding.New(finding.ServerTLS, finding.Fail,
			"%s speaks TLS, and LIVEKIT_URL begins with ws://", clean.Line(at.Host, 80)).
			With("status", r.Status).With("excerpt", r.Excerpt).By(at.party())
	}
	f := finding.New(finding.ServerNotLiveKit, finding.Fail,
		"what answers at %s is not LiveKit: %s", clean.Line(at.Host, 80), reachedWords(r)).By(at.placeParty(r.What)).
		With("what", string(r.What)).With("status", r.Status)
	if r.ServerHeader != "" {
		f = f.With("server_header", r.ServerHeader)
	}
	if r.Excerpt != "" {
		f = f.With("excerpt", r.Excerpt)
	}
	return f
}

// sentToTLS is the address that a redirect from ws:// to https on the same host
// asks for.
func sentToTLS(r *probe.Redirect, u *url.URL) (string, bool) {
	if r == nil || !r.ToTLS {
		return "", false
	}
	to, err := url.Parse(r.To)
	if err != nil {
		return "", false
	}
	return (&url.URL{Scheme: "wss", Host: to.Host, Path: u.Path}).String(), true
}

// plainToTLSText knows the answers of nginx and of Go's net/http to plain HTTP
// on a TLS port.
func plainToTLSText(body string) bool {
	body = strings.ToLower(body)
	return strings.Contains(body, "plain http request was sent to https port") ||
		strings.Contains(body, "http request to an https server")
}

func notReady(status int, text string) Finding {
	return withAnswer(finding.New(finding.ServerNotReady, finding.Fail,
		"the server answers %d: it is not ready to take anybody", status), status, text)
}

func overloaded(status int, text string) Finding {
	return withAnswer(finding.New(finding.ServerOverloaded, finding.Fail,
		"the server answers %d: it is at its limit", status), status, text)
}

func quota(status int, text string) Finding {
	return withAnswer(finding.New(finding.ServerQuota, finding.Fail,
		"the server answers %d: a quota or rate limit is used up", status), status, text)
}

func withAnswer(f Finding, status int, text string) Finding {
	f = f.With("status", status)
	if text != "" {
		f = f.With("server_text", text)
	}
	return f
}

// serverFailure puts a network failure on the way to the LiveKit server into
// words: each way of not answering is told apart.
func serverFailure(c *Case, f *probe.Failure, at address) []Finding {
	host, name := clean.Line(at.Host, 80), clean.Line(at.Hostname(), 80)
	server, network := finding.OwnerLiveKitServer, finding.OwnerNetwork
	tell := func(code Code, owner Owner, format string, args ...any) []Finding {
		g := failureFacts(finding.New(code, finding.Fail, format, args...), f)
		dead := f.Kind == probe.KindDNSAbsent || f.Kind == probe.KindRefused
		if at.came && (dead || c.wrongAddress(at)) && (owner == server || owner == network) {
			owner = at.party()
			g = g.As("came").With("url", clean.URL(at.String())).With("livekit_url", clean.URL(c.Settings.URL.Value))
		}
		return []Finding{g.By(owner)}
	}
	switch f.Kind {
	case probe.KindCancelled:
		return nil
	case probe.KindDNSAbsent:
		return tell(finding.ServerDNS, network, "the name %s does not exist", name)
	case probe.KindDNSFailed:
		return tell(finding.ServerDNS, network, "the name %s could not be looked up: %s", name, f.Detail)
	case probe.KindRefused:
		if g, is := otherLoopback(c, finding.ServerRefused, f, at.URL); is {
			return []Finding{g.By(at.party())}
		}
		if loopbackOnly(c, at.URL) {
			return tell(finding.ServerRefused, server,
				"%s is this machine and refuses the connection, and its port answers on 127.0.0.1: the server listens on loopback only", host)
		}
		return tell(finding.ServerRefused, server, "%s refuses the connection: nothing listens there", host)
	case probe.KindSYNTimeout:
		return tell(finding.ServerTimeout, network, "%s does not answer the attempt to connect within %s", host, finding.Duration(f.Took))
	case probe.KindProxy:
		return tell(finding.ServerTimeout, finding.OwnerConfig, "%s cannot be reached: %s", host, proxyWords(c, f, at.URL))
	case probe.KindUnreachable, probe.KindTCPOther:
		return tell(finding.ServerTimeout, network, "%s cannot be reached: %s", host, f.Detail)
	case probe.KindSilent, probe.KindHeaderSlow, probe.KindBodySlow:
		return tell(finding.ServerSilent, server, "%s accepts the connection and does not finish an answer within %s", host, finding.Duration(f.Took))
	case probe.KindTLSUnknownCA, probe.KindTLSExpired, probe.KindTLSNotYet, probe.KindTLSWrongName, probe.KindTLSOther:
		return tell(finding.ServerTLS, server, "the TLS handshake with %s fails: %s", host, tlsWords(f))
	case probe.KindTLSPlainPort:
		return tell(finding.ServerTLS, at.party(), "%s does not speak TLS, and %s begins with wss://", host, at.name())
	case probe.KindPlainToTLS:
		return tell(finding.ServerTLS, at.party(), "%s speaks TLS, and %s begins with ws://", host, at.name())
	case probe.KindReset, probe.KindClosed:
		if f.Phase == probe.PhaseTLS {
			return tell(finding.ServerTLS, server, "%s cuts the connection in the middle of the TLS handshake", host)
		}
		if f.What == probe.ServerMediaPort {
			return tell(finding.ServerNotLiveKit, at.party(),
				"%s closes the connection without an answer, as LiveKit's media port does; signalling is on 7880 unless it was changed", host)
		}
		return tell(finding.ServerReset, server, "%s accepts the connection and closes it without an answer", host)
	}
	return tell(finding.ServerNotLiveKit, at.party(), "what listens at %s does not speak HTTP: %s", host, listener(f))
}

// reachedWords says what is there instead of LiveKit, by all that it answered.
func reachedWords(r *probe.Reach) Text {
	answered := r.Fingerprint
	if answered == nil {
		answered = r.Root
	}
	challenge, _, _ := strings.Cut(answered.Header.Get("WWW-Authenticate"), " ")
	switch {
	case r.Redirect != nil:
		return finding.Textf("it redirects to %s", r.Redirect.To)
	case answered.Status == 401 && challenge != "":
		return finding.Textf("something in front wants a login of its own (401, %s)", clean.Line(challenge, 20))
	case answered.Status == 403:
		return finding.Textf("access is forbidden (403)")
	case r.Behind == probe.ServerGoMux:
		return finding.Textf("it is %s, and what is behind it has no such path; LiveKit answers so when a proxy hands it a path that was changed, or not stripped", string(r.What))
	}
	return serverWords(r.What)
}

// serverWords names what is there instead of LiveKit.
func serverWords(what probe.ServerKind) Text {
	switch what {
	case probe.ServerNginx, probe.ServerCaddy, probe.ServerTraefik, probe.ServerApache, probe.ServerCloudflare:
		return finding.Textf("it is %s, with no LiveKit behind this address", string(what))
	case probe.ServerNextJS:
		return finding.Textf("it is a Next.js app")
	case probe.ServerSPA:
		return finding.Textf("it is a web app that answers every path with the same page")
	case probe.ServerGoMux:
		return finding.Textf("it is a Go program without LiveKit's paths")
	case probe.ServerUvicorn, probe.ServerExpress:
		return finding.Textf("it is a web service (%s)", string(what))
	}
	return finding.Textf("it is some other web server")
}
