package checks

import (
	"net/http"
	"strings"
)

// Held returns the values of the shell variables that the catalogue's confirming
// commands read, by name, as far as this run has them. They are secrets. A ticket
// is left out: it can be consumed only once. Call it after the run.
func (c *Case) Held() map[string]string {
	held := map[string]string{}
	put := func(name, value string) {
		if value != "" {
			held[name] = value
		}
	}
	switch t, a := c.token(), c.answer(); {
	case t != nil && t.Token != nil:
		put("TOKEN", t.Reveal())
	case a != nil && a.Token != nil && a.Token.Token != nil:
		put("TOKEN", a.Token.Reveal())
	}
	if u := c.there().URL; u != nil {
		put("LIVEKIT_URL", u.String())
	}
	put("LIVEKIT_API_KEY", c.Settings.APIKey.Value)
	put("LIVEKIT_API_SECRET", c.Settings.APISecret.Secret.Reveal())
	put("USER_MGMT_BASE_URL", c.Settings.TicketService.Value)
	put("FRONTEND", c.Options.Frontend)
	put("ROOM", c.target().Room)
	return held
}

// MadeWith guesses the language of the token's maker from the headers of its answer:
// "python", "node", "go", or "". Call it after the run.
func (c *Case) MadeWith() string {
	a := c.answer()
	if a == nil || a.Reply == nil {
		return ""
	}
	return madeWith(a.Reply.Header)
}

func madeWith(h http.Header) string {
	said := strings.ToLower(h.Get("Server") + " " + h.Get("X-Powered-By"))
	for _, sign := range [][2]string{
		{"uvicorn", "python"}, {"gunicorn", "python"}, {"hypercorn", "python"}, {"werkzeug", "python"}, {"python", "python"},
		{"express", "node"}, {"next.js", "node"}, {"node", "node"}, {"nuxt", "node"},
	} {
		if strings.Contains(said, sign[0]) {
			return sign[1]
		}
	}
	return ""
}
