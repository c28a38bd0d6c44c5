package browser

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// CORSRequest is what a page's script asks of another origin.
type CORSRequest struct {
	// Page is the page that asks.
	Page   *url.URL
	Method string
	// Headers are the names of headers that the script sets.
	Headers []string
	// JSON tells that it sends a body of Content-Type application/json.
	JSON bool
	// Credentials tells that it sends cookies (credentials: "include").
	Credentials bool
}

// CORSAnswer is an answer to a preflight, or to the request itself.
type CORSAnswer struct {
	Status int
	Header http.Header
}

// CORSProblem is why a browser keeps an answer from the page.
type CORSProblem string

// The problems, in the order in which they are looked for.
const (
	// CORSRedirected: the preflight is answered with a redirect.
	CORSRedirected CORSProblem = "preflight_redirected"
	// CORSNoOrigin: Access-Control-Allow-Origin is missing.
	CORSNoOrigin CORSProblem = "no_origin"
	// CORSTwoOrigins: it holds two values, as when the app and a proxy both set it.
	CORSTwoOrigins CORSProblem = "two_origins"
	// CORSOtherOrigin: it allows another origin.
	CORSOtherOrigin CORSProblem = "other_origin"
	// CORSWildcard: it is *, which does not do for a request with cookies.
	CORSWildcard CORSProblem = "wildcard_with_credentials"
	// CORSNoCredentials: Access-Control-Allow-Credentials is not true.
	CORSNoCredentials CORSProblem = "no_credentials"
	// CORSStatus: the preflight's status is not one of success.
	CORSStatus CORSProblem = "preflight_status"
	// CORSMethod: Access-Control-Allow-Methods has not the method.
	CORSMethod CORSProblem = "method"
	// CORSHeader: Access-Control-Allow-Headers has not one of the headers.
	CORSHeader CORSProblem = "header"
)

// CORSRefusal is a problem and where it was found.
type CORSRefusal struct {
	Problem CORSProblem
	// Preflight tells that the preflight was refused, not the answer.
	Preflight bool
	// Value is the header's value that is at fault, or the missing name; a
	// stranger's text.
	Value string
}

// SameOrigin reports whether a request from page to target needs no CORS.
func SameOrigin(page, target *url.URL) bool {
	return strings.EqualFold(page.Scheme, target.Scheme) && strings.EqualFold(page.Hostname(), target.Hostname()) && port(page) == port(target)
}

// Origin is what the browser sends of a page: scheme, host and port.
func Origin(page *url.URL) string {
	host := strings.ToLower(page.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if p := page.Port(); p != "" && p != defaultPort(page.Scheme) {
		host += ":" + p
	}
	return strings.ToLower(page.Scheme) + "://" + host
}

// unsafeHeaders are the names that have to be allowed, lower case and sorted.
func (r CORSRequest) unsafeHeaders() []string {
	var out []string
	if r.JSON {
		out = append(out, "content-type")
	}
	for _, name := range r.Headers {
		switch name = strings.ToLower(name); name {
		case "accept", "accept-language", "content-language":
		default:
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (r CORSRequest) simpleMethod() bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodPost
}

// Preflight reports whether browsers ask first, and with which headers.
func (r CORSRequest) Preflight() (http.Header, bool) {
	names := r.unsafeHeaders()
	if r.simpleMethod() && len(names) == 0 {
		return nil, false
	}
	header := http.Header{"Origin": {Origin(r.Page)}, "Access-Control-Request-Method": {r.Method}}
	if len(names) > 0 {
		header.Set("Access-Control-Request-Headers", strings.Join(names, ","))
	}
	return header, true
}

// CORS judges the answers to a request of another origin as browsers do (Fetch
// §4.9, §4.10): nil when the page gets the answer. preflight is nil where there
// was none to judge.
func CORS(r CORSRequest, preflight, answer *CORSAnswer) *CORSRefusal {
	if _, needs := r.Preflight(); needs && preflight != nil {
		if refusal := r.preflight(preflight); refusal != nil {
			refusal.Preflight = true
			return refusal
		}
	}
	if answer == nil {
		return nil
	}
	return r.check(answer.Header)
}

func (r CORSRequest) preflight(a *CORSAnswer) *CORSRefusal {
	if a.Status >= 300 && a.Status < 400 {
		return &CORSRefusal{Problem: CORSRedirected}
	}
	if refusal := r.check(a.Header); refusal != nil {
		return refusal
	}
	if a.Status < 200 || a.Status > 299 {
		return &CORSRefusal{Problem: CORSStatus}
	}
	methods := list(a.Header, "Access-Control-Allow-Methods")
	if !r.simpleMethod() && !slices.Contains(methods, r.Method) && !r.wildcard(methods) {
		return &CORSRefusal{Problem: CORSMethod, Value: r.Method}
	}
	allowed := list(a.Header, "Access-Control-Allow-Headers")
	for i := range allowed {
		allowed[i] = strings.ToLower(allowed[i])
	}
	for _, name := range r.unsafeHeaders() {
		// The wildcard does not cover Authorization (Fetch §4.10).
		if !slices.Contains(allowed, name) && (name == "authorization" || !r.wildcard(allowed)) {
			return &CORSRefusal{Problem: CORSHeader, Value: name}
		}
	}
	return nil
}

// check is the CORS check of the Fetch standard.
func (r CORSRequest) check(h http.Header) *CORSRefusal {
	values := h.Values("Access-Control-Allow-Origin")
	value := strings.Join(values, ", ")
	switch {
	case len(values) == 0:
		return &CORSRefusal{Problem: CORSNoOrigin}
	case len(values) > 1, strings.Contains(value, ","):
		return &CORSRefusal{Problem: CORSTwoOrigins, Value: value}
	case value == "*" && !r.Credentials:
		return nil
	case value == "*":
		return &CORSRefusal{Problem: CORSWildcard, Value: value}
	case value != Origin(r.Page):
		return &CORSRefusal{Problem: CORSOtherOrigin, Value: value}
	}
	if allow := h.Values("Access-Control-Allow-Credentials"); r.Credentials && (len(allow) != 1 || allow[0] != "true") {
		return &CORSRefusal{Problem: CORSNoCredentials, Value: strings.Join(allow, ", ")}
	}
	return nil
}

// wildcard reports whether a list is *, which counts for requests without cookies.
func (r CORSRequest) wildcard(list []string) bool {
	return !r.Credentials && slices.Contains(list, "*")
}

// maxListed is how many names of a header's list are read.
const maxListed = 1000

// list are the comma-separated values of a header.
func list(h http.Header, name string) []string {
	var out []string
	for _, line := range h.Values(name) {
		for value := range strings.SplitSeq(line, ",") {
			if value = strings.TrimSpace(value); value != "" && len(out) < maxListed {
				out = append(out, value)
			}
		}
	}
	return out
}
