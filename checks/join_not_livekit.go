package checks

import (
	"context"
	"net/url"
	"strings"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
	"lkdoctor/config/clean"
)

// notLiveKit returns a finding about the server that answers instead of LiveKit.
func notLiveKit(c *Case, r *probe.Reach, at address) Finding {
	host := clean.Line(at.Host, 80)
	// handedOut sets the variant of an address that has to be changed.
	handedOut := func(f Finding, here, came string) Finding {
		if at.withToken {
			here = came
		}
		return f.As(here).By(at.party())
	}
	if to, is := sentToTLS(r.Redirect, at.URL); is {
		return handedOut(finding.New(finding.ServerTLS, finding.Fail,
			"%s redirects plain HTTP to https (%d), and %s begins with ws://: a WebSocket follows "+
				"no redirect", host, r.Redirect.Status, at.name()).
			With("status", r.Redirect.Status).With("found", clean.URL(to)), "redirect", "handed-out-tls-port")
	}
	if r.FoundAt != "" {
		return handedOut(finding.New(finding.ServerPathPrefix, finding.Fail, "LiveKit is not at %s, and answers at %s",
			clean.URL(at.String()), clean.URL(r.FoundAt)).With("found", clean.URL(r.FoundAt)), "here", "handed-out")
	}
	if r.Status == 400 && plainToTLSText(r.Excerpt) {
		return handedOut(finding.New(finding.ServerTLS, finding.Fail, "%s speaks TLS, and %s begins with ws://", host, at.name()).
			With("status", r.Status).With("excerpt", r.Excerpt), "tls-port", "handed-out-tls-port")
	}
	variant, why := notLiveKitVariant(r, at)
	f := finding.New(finding.ServerNotLiveKit, finding.Fail, "what answers at %s is not LiveKit: %s", host, why).
		As(variant).With("what", string(r.What)).With("status", r.Status)
	f = withTexts(f, map[string]string{"server_header": r.ServerHeader, "excerpt": r.Excerpt,
		"livekit_path": strings.TrimRight(at.Path, "/")})
	if r.Redirect != nil {
		f = f.With("location", r.Redirect.To)
	}
	switch {
	case at.withToken && (c.wrongAddress(at) || !strings.HasPrefix(variant, "unstripped") && variant != "login" && variant != "forbidden"):
		return f.As("handed-out").By(at.party())
	case strings.HasPrefix(variant, "proxy-"), strings.HasPrefix(variant, "unstripped"), variant == "login", variant == "forbidden",
		variant == "redirect", variant == "validate-only":
		// The operator of the proxy before LiveKit has to act.
		return f.By(finding.OwnerLiveKitServer)
	}
	return f.By(at.party())
}

// notLiveKitVariant returns the variant for all of a server's answers, and a sentence.
func notLiveKitVariant(r *probe.Reach, at address) (string, Text) {
	answered := r.Fingerprint
	if answered == nil {
		answered = r.Root
	}
	challenge, _, _ := strings.Cut(answered.Header.Get("WWW-Authenticate"), " ")
	_, name := frontName(r.Front)
	prefix := strings.Trim(at.Path, "/") != ""
	bare := r.What == probe.ServerGoMux || r.What == probe.ServerTraefik && strings.HasPrefix(r.Excerpt, "404 page not found")
	switch {
	case r.Redirect != nil:
		return "redirect", finding.Textf("it redirects to %s", r.Redirect.To)
	case answered.Status == 401 && challenge != "":
		return "login", finding.Textf("something in front wants a login of its own (401, %s)", clean.Line(challenge, 20))
	case answered.Status == 403:
		return "forbidden", finding.Textf("access is forbidden (403)")
	case (r.Behind == probe.ServerGoMux || bare && prefix) && name != "":
		return byFront(finding.ServerNotLiveKit, "unstripped", r.Front, "unstripped"),
			finding.Textf("it is %s, and what is behind it has no such path; "+
				"LiveKit answers so when a proxy hands it a path that was changed, or not stripped", name)
	case bare && prefix:
		return "unstripped", finding.Textf(
			"what is there has no such path; LiveKit answers so when a proxy hands it a path that was changed, or not stripped")
	case r.Root != nil && r.Root.Status == 200 && strings.TrimSpace(string(r.Root.Body)) == "OK":
		return "validate-only", finding.Textf("GET / is answered as LiveKit does, and /rtc/validate is not")
	}
	switch r.What {
	case probe.ServerNextJS:
		return "your-app", finding.Textf("it is a Next.js app")
	case probe.ServerVite:
		return "your-app", finding.Textf("it is Vite's development server")
	case probe.ServerSPA:
		return "your-app", finding.Textf("it is a web app that answers every path with the same page")
	case probe.ServerGoMux:
		return "web-service", finding.Textf("it is a Go program without LiveKit's paths")
	case probe.ServerUvicorn, probe.ServerExpress:
		return "web-service", finding.Textf("it is a web service (%s)", string(r.What))
	}
	if variant := byFront(finding.ServerNotLiveKit, "proxy", r.Front, ""); variant != "" {
		return variant, finding.Textf("it is %s, with no LiveKit behind this address", name)
	}
	return "unknown", finding.Textf("it is some other web server")
}

// sentToTLS returns where a redirect from ws:// to https on the same host leads.
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

// plainToTLSText reports whether body is nginx's or Go net/http's answer to plain
// HTTP on a TLS port.
func plainToTLSText(body string) bool {
	body = strings.ToLower(body)
	return strings.Contains(body, "plain http request was sent to https port") ||
		strings.Contains(body, "http request to an https server")
}

// reachOf returns what join.reach saw at an address; looked is false for another one.
func (c *Case) reachOf(at address) (r *probe.Reach, looked bool) {
	reached := c.reached()
	if reached.URL == nil || !probe.SameOrigin(reached.URL, at.URL) || strings.Trim(reached.Path, "/") != strings.Trim(at.Path, "/") {
		return nil, false
	}
	return c.reach(), true
}

func (c *Case) frontOf(at address) probe.ServerKind {
	if r, _ := c.reachOf(at); r != nil {
		return r.Front
	}
	return probe.ServerUnknown
}

// notTheToken returns the findings for a refusal that is about the server, the way
// to it or the room, and not about the token t; is reports whether it is one.
func (c *Case) notTheToken(ctx context.Context, v *probe.Verdict, at address, t *token.Token) (findings []Finding, is bool) {
	if v.Reason == probe.ReasonNotLiveKit {
		there, reached := c.reachOf(at)
		if !reached { // the address came with the token
			var failure *probe.Failure
			if there, failure = c.Net.Reach(ctx, at.URL); failure != nil {
				return c.unanswered(toServer, failure, c.withMakerServer(ctx, failure, at)), true
			}
		}
		if there != nil && !there.IsLiveKit {
			return reachFindings(c, there, at), true
		}
		return []Finding{validateOnly(v, t)}, true
	}
	if v.Reason == probe.ReasonOther && v.Status >= 500 { // it failed, or a gateway before it did: no word on the token
		if there, reached := c.reachOf(at); reached && there != nil && there.IsLiveKit {
			return []Finding{refusedLater(v.Status, v.Text, v.Front)}, true
		}
		return []Finding{notReady(v.Status, v.Text, v.Front)}, true
	}
	f, is := refusalOf(v, at, t)
	return []Finding{f}, is
}

// longToken is the length in bytes above which a proxy may refuse a token for its
// length: nginx takes header lines of one memory page of its machine, 4 or 8 KiB.
const longToken = 4 << 10

// validateOnly returns a finding where LiveKit answers without a token, and
// something else answered about the token t: a rule for that path, or a proxy's
// limit that t exceeds. Status 414 and 431 (RFC 9110, RFC 6585) and nginx's 494
// mean the limit, and so does the 400 of nginx, Apache and HAProxy.
func validateOnly(v *probe.Verdict, t *token.Token) Finding {
	size := len(t.Reveal())
	f := finding.New(finding.ServerNotLiveKit, finding.Fail,
		"LiveKit answers there, and asked about the token, something else does (%d)", v.Status).
		As("validate-only")
	switch v.Status {
	case 400, 413, 414, 431, 494:
		if size > longToken {
			f = finding.New(finding.ServerNotLiveKit, finding.Fail,
				"a proxy before the LiveKit server (%s) refuses the token because it is too long: %d bytes, answered with %d", string(
					v.What), size, v.Status).
				As("token-too-long").With("token_bytes", size)
		}
	}
	return f.With("status", v.Status).With("server_text", v.Text).By(finding.OwnerLiveKitServer)
}
