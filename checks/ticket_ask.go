package checks

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/browser"
	"lkdoctor/checks/check"
	"lkdoctor/checks/probe"
	"lkdoctor/config/clean"
)

// attempt is one request to an app or a token endpoint for a token.
type attempt struct {
	method string
	url    *url.URL
	// own reports whether the user gave the path, so that the app's own clients ask
	// it and not those of LiveKit's starters.
	own   bool
	all   bool         // whether a room and an identity were made up
	reply *probe.Reply // the answer
}

// String returns method and path, for a report. The query may hold a secret.
func (a attempt) String() string { return a.method + " " + clean.Line(cmp.Or(a.url.Path, "/"), 120) }

// askRoutes asks the routes in order until one exists. asked holds those that were
// asked, with their answers; the last one counts.
func (c *Case) askRoutes(ctx context.Context, routes []attempt, body func(all bool) []byte) (asked []attempt, failure *probe.Failure) {
	for _, a := range routes {
		for _, a.all = range []bool{false, true} {
			a.reply, failure = c.askOnce(ctx, a, body)
			if failure != nil {
				return append(asked, a), failure
			}
			if !asksForNames(a.reply) {
				break
			}
		}
		asked = append(asked, a)
		if !absent(a) {
			break
		}
	}
	return asked, nil
}

// askOnce asks one route. With a.all it sends a room and an identity under every
// name that routes use, made up where the user gave none.
func (c *Case) askOnce(ctx context.Context, a attempt, body func(all bool) []byte) (*probe.Reply, *probe.Failure) {
	u := *a.url
	request := probe.Request{Method: a.method, URL: &u, Header: http.Header{"Accept": {"application/json"}}, Spare: true}
	if a.method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
		request.Body = body(a.all)
	} else if names := c.names(a.all); len(names) > 0 {
		query := u.Query()
		for name, value := range names {
			if !query.Has(name) {
				query.Set(name, value)
			}
		}
		u.RawQuery = query.Encode()
	}
	if a.reply == nil { // a Next.js app in dev mode compiles a route when it is first asked for
		waits := c.Net.Waits()
		request.FirstByte, request.Total = waits.Compile, waits.Compile+waits.Body
	}
	if page := usableURL(c.Options.Frontend); page != nil && c.Source() == check.SourceEndpoint {
		if page = probe.HTTPURL(page); !probe.SameOrigin(page, &u) {
			request.Header.Set("Origin", browser.Origin(page))
		}
	}
	c.Options.addHeaders(request.Header)
	return c.Net.Exchange(ctx, request)
}

// names returns the room, the identity and the name to ask with, each under the
// names that common routes read: LiveKit's standard endpoint, livekit meet, the
// quickstarts. What the user did not give is left out, or made up if all.
func (c *Case) names(all bool) map[string]string {
	room, identity, name := c.Options.Room, c.Options.Identity, c.Options.DisplayName
	if all {
		made := "lkdoctor-" + c.Nonce
		room, identity = cmp.Or(room, made), cmp.Or(identity, made)
	}
	names := map[string]string{}
	for _, n := range []struct{ value, fields string }{
		{room, "room_name roomName room"},
		{identity, "participant_identity participantIdentity identity username"},
		{name, "display_name"},
		{cmp.Or(name, identity), "participant_name participantName name"},
	} {
		for field := range strings.FieldsSeq(n.fields) {
			if n.value != "" {
				names[field] = n.value
			}
		}
	}
	return names
}

// asksForNames reports whether a route refuses because the room or the identity is
// missing. An SDK that gets none throws, which is a 500.
func asksForNames(reply *probe.Reply) bool {
	return reply.Status == 400 || reply.Status == 422 || reply.Status == 500 && refusedBy(reply).wants()
}

// absent reports whether an answer says that the route does not exist: an unknown
// path or method, a page for every path, or a host that serves files only.
func absent(a attempt) bool {
	r := refusedBy(a.reply)
	switch a.reply.Status {
	case 404:
		return r.content.Code == "" && noRoute(r)
	case 405:
		return true
	case 403:
		return staticHost(a.reply)
	case 501:
		return r.knowsNoPOST()
	}
	return startPage(a.reply)
}

// startPage reports whether the answer is a web page, as of single-page apps.
func startPage(r *probe.Reply) bool {
	return r.Status >= 200 && r.Status <= 299 && r.Redirect == nil && len(r.Redirects) == 0 &&
		answer.Find(r.Body, r.Header.Get("Content-Type"), answer.Frontend).Shape == answer.ShapeHTML
}

// staticHost reports whether a refusal is the page of a host of files.
func staticHost(r *probe.Reply) bool {
	return slices.Contains([]string{"nginx", "Apache", "Caddy", "Tomcat", "Amazon S3", "GitHub Pages", "Vercel"}, refusedBy(r).by)
}

// endpointBody returns the body for a standard token endpoint, whose fields are
// snake_case and left out where unset.
func (c *Case) endpointBody(all bool) []byte {
	if all {
		return asJSON(c.names(all))
	}
	fields := map[string]string{"participant_identity": c.Options.Identity, "participant_name": c.Options.DisplayName,
		"room_name": c.Options.Room}
	maps.DeleteFunc(fields, func(_, value string) bool { return value == "" })
	return asJSON(fields)
}

func asJSON(value any) []byte {
	body, _ := json.Marshal(value) // texts and maps of texts can always be encoded
	return body
}

// sameAgain asks once more, and again a second later, and reports whether the token is
// the same: two tokens made for one identity within one second are equal.
func (c *Case) sameAgain(ctx context.Context, a attempt, body func(all bool) []byte) bool {
	first := c.read(a.reply, answer.Frontend).Answer.Token.Reveal()
	same := func() bool {
		reply, failure := c.askOnce(ctx, a, body)
		return failure == nil && reply.Status >= 200 && reply.Status <= 299 &&
			c.read(reply, answer.Frontend).Answer.Token.Reveal() == first
	}
	if first == "" || !same() {
		return false
	}
	select {
	case <-time.After(1100 * time.Millisecond):
		return same()
	case <-ctx.Done():
		return false
	}
}

// cachedBy returns the cache that an answer comes from, and the header that shows
// it; both are empty for an answer made for its request.
func cachedBy(r *probe.Reply) (variant, header string) {
	h := r.Header
	control := strings.ToLower(h.Get("Cache-Control"))
	switch next := strings.ToUpper(h.Get("X-Nextjs-Cache")); {
	case next == "HIT", next == "STALE":
		return "nextjs", "X-Nextjs-Cache: " + next
	case h.Get("X-Nextjs-Prerender") != "":
		return "nextjs", "X-Nextjs-Prerender"
	case strings.Contains(control, "s-maxage=") && !strings.Contains(control, "s-maxage=0") &&
		strings.Contains(h.Get("X-Powered-By"), "Next.js"):
		return "nextjs", "Cache-Control: " + clean.Line(control, 60)
	}
	for _, name := range []string{"Cf-Cache-Status", "X-Vercel-Cache", "X-Cache"} {
		value := strings.ToUpper(h.Get(name))
		if strings.HasPrefix(value, "HIT") || strings.HasPrefix(value, "STALE") || strings.HasPrefix(value, "TCP_HIT") {
			return "cdn", name + ": " + clean.Line(value, 40)
		}
	}
	if age := h.Get("Age"); age != "" && strings.Trim(age, "0") != "" {
		return "cdn", "Age: " + clean.Line(age, 20)
	}
	return "", ""
}
