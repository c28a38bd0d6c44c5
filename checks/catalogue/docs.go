package catalogue

import "strings"

// Docs is the address of LiveKit's own documentation of what the page is about,
// "" where it has none.
func (p Page) Docs() string {
	const docs = "https://docs.livekit.io"
	stage, _, _ := strings.Cut(p.Check, ".")
	switch {
	case p.Check == "join.media", p.Check == "join.turn", p.Check == "join.publish", p.Check == "join.reconnect":
		return docs + "/transport/self-hosting/ports-firewall"
	case p.Check == "join.agent":
		return docs + "/agents/server/agent-dispatch"
	case stage == "join":
		return docs + "/transport/self-hosting/deployment"
	case stage == "token", stage == "signature", stage == "ticket", stage == "fallback", p.Check == "env.livekit":
		return docs + "/frontends/authentication/tokens"
	}
	return ""
}
