package checks

import (
	"strings"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/checks/token"
	"lkdoctor/config/clean"
)

// frontName returns the name of a proxy or web server in the catalogue's variants
// and its usual name; both are "" where no variant is about it.
func frontName(kind probe.ServerKind) (part, name string) {
	names := map[probe.ServerKind][2]string{
		probe.ServerNginx: {"nginx", "nginx"}, probe.ServerCaddy: {"caddy", "Caddy"}, probe.ServerTraefik: {"traefik", "Traefik"},
		probe.ServerApache: {"apache", "Apache"}, probe.ServerHAProxy: {"haproxy", "HAProxy"}, probe.ServerVite: {"vite", "Vite"},
		probe.ServerCloudflare: {"cloudflare", "Cloudflare"}, probe.ServerExpress: {"node", "Node.js (Express)"},
	}[kind]
	return names[0], names[1]
}

// byFront returns the variant of code for the proxy that was seen, stem and its
// name, or otherwise where the catalogue has none.
func byFront(code Code, stem string, front probe.ServerKind, otherwise string) string {
	part, _ := frontName(front)
	name := strings.Trim(stem+"-"+part, "-")
	if page, _ := catalogue.Lookup(code); part != "" {
		if _, has := page.Variant(name); has {
			return name
		}
	}
	return otherwise
}

// byAnswer returns the variant of code for a path that does not lead to LiveKit, by
// the answer that came there: a refusal, a redirect, a failure to reach what is behind
// the proxy, or, with any other answer, a path that is not passed on.
func byAnswer(code Code, status int, front probe.ServerKind) string {
	stem := ""
	switch {
	case status == 401 || status == 403:
		stem = "refused"
	case status >= 300 && status <= 399:
		stem = "redirect"
	case status == 426:
		stem = "no-upgrade"
	case status >= 500 && status != 501: // 501 is a file server's answer to POST
		stem = "gateway"
	default:
		return byFront(code, "", front, "other")
	}
	return byFront(code, stem, front, stem)
}

// refusalOf returns the finding for a refusal that is about the server, the proxy
// before it or the room, and not about the token t; is reports whether it is one.
func refusalOf(v *probe.Verdict, at address, t *token.Token) (f Finding, is bool) {
	switch v.Reason {
	case probe.ReasonNodeLimit:
		return overloaded(v.Status, v.Text), true
	case probe.ReasonNoNodes:
		return notReady(v.Status, v.Text, v.Front), true
	case probe.ReasonQuota:
		return quota(v.Status, v.Text, v.Front, at), true
	case probe.ReasonRoomNotFound:
		return roomNotFound(t), true
	}
	return Finding{}, false
}

// notReady returns a finding about a server that takes no participants now:
// LiveKit's own answer, or that of a proxy that did not reach LiveKit.
func notReady(status int, text string, front probe.ServerKind) Finding {
	f := finding.New(finding.ServerNotReady, finding.Fail, "the server answers %d: it is not ready to take anybody", status)
	_, name := frontName(front)
	who := finding.Textf("%s", name)
	if name == "" {
		who = finding.Textf("a proxy")
	}
	switch {
	case status == 406:
		f = f.As("stale-node")
	case strings.Contains(strings.ToLower(text), "could not find any available nodes"):
		f.Message = finding.Textf("the server answers %d: it finds no node that could take the room", status)
		f = f.As("no-nodes")
	case status < 502 || status > 504 && (status < 520 || status > 526): // LiveKit answers none of these, but for 503 in words of its own
		f = f.As("no-nodes")
	default:
		f = f.As(byFront(f.Code, "gateway", front, "gateway"))
		f.Message = finding.Textf("%s answers %d in LiveKit's place: it does not reach the LiveKit server behind it", who, status)
		if status == 503 {
			f.Message = finding.Textf("%s answers 503 in LiveKit's place: it has no server behind it that works, or a limit of its own", who)
		}
	}
	return withAnswer(f, status, text)
}

func overloaded(status int, text string) Finding {
	return withAnswer(finding.New(finding.ServerOverloaded, finding.Fail,
		"the server answers %d: it is at its limit", status), status, text)
}

func quota(status int, text string, front probe.ServerKind, at address) Finding {
	f := finding.New(finding.ServerQuota, finding.Fail, "the server answers %d: a quota or rate limit is used up", status)
	if isCloud(at.Hostname()) {
		return withAnswer(f.As("cloud"), status, text)
	}
	return withAnswer(f.As(byFront(f.Code, "", front, "other")), status, text)
}

func isCloud(host string) bool { return strings.HasSuffix(strings.ToLower(host), ".livekit.cloud") }

// withAnswer adds the server's answer to the facts, and to the message where it is
// a sentence and no page.
func withAnswer(f Finding, status int, text string) Finding {
	f = f.With("status", status)
	if text == "" {
		return f
	}
	if said := clean.Line(text, 160); !strings.HasPrefix(strings.TrimSpace(text), "<") {
		f.Message = finding.Textf("%s; it says “%s”", f.Message, said)
	}
	return f.With("server_text", text)
}
