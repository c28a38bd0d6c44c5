package browser

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// CORSRequest is a request of a page's script to another origin.
type CORSRequest struct {
	// Page is the page that runs the script.
	Page   *url.URL
	Method string
	// Headers are the names of headers that the script sets.
	Headers []string
	// JSON is set for a body of Content-Type application/json.
	JSON bool
	// Credentials is set for credentials: "include", which sends cookies.
	Credentials bool
}

// CORSAnswer is the response to a preflight, or to the request itself.
type CORSAnswer struct {
	Status int
	Header http.Header
}

// CORSProblem is the reason why a browser hides a response from the page.
type CORSProblem string

// The problems, in the order in which they are checked.
const (
	// CORSRedirected is a redirect in response to the preflight.
	CORSRedirected CORSProblem = "preflight_redirected"
	// CORSNoOrigin is a missing Access-Control-Allow-Origin.
	CORSNoOrigin CORSProblem = "no_origin"
	// CORSTwoOrigins is one with two values, as when the app and a proxy both set it.
	CORSTwoOrigins CORSProblem = "two_origins"
	// CORSOtherOrigin is one that allows another origin.
	CORSOtherOrigin CORSProblem = "other_origin"
	// CORSWildcard is *, which does not allow a request with cookies.
	CORSWildcard CORSProblem = "wildcard_with_credentials"
	// CORSNoCredentials is an Access-Control-Allow-Credentials that is not true.
	CORSNoCredentials CORSProblem = "no_credentials"
	// CORSStatus is a preflight status outside 200 to 299.
	CORSStatus CORSProblem = "preflight_status"
	// CORSMethod is a method that Access-Control-Allow-Methods lacks.
	CORSMethod CORSProblem = "method"
	// CORSHeader is a header that Access-Control-Allow-Headers lacks.
	CORSHeader CORSProblem = "header"
)

// CORSRefusal is a problem and where it was found.
type CORSRefusal struct {
	Problem CORSProblem
	// Preflight is set if the preflight was refused, not the response.
	Preflight bool
	// Value is the wrong header value or the missing name. It is not cleaned.
	Value string
}

// Origin returns the page's Origin header: scheme, host and port.
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

// unsafeHeaders returns the names that must be allowed, in lower case and sorted.
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

// Preflight reports whether browsers send a preflight, and returns its headers.
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

// CORS judges the responses to a cross-origin request as browsers do (Fetch §4.9,
// §4.10). It returns nil if the page gets the response. A nil preflight is not judged.
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

// check runs the CORS check of the Fetch standard.
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

// wildcard reports whether list is * and the request has no cookies.
func (r CORSRequest) wildcard(list []string) bool {
	return !r.Credentials && slices.Contains(list, "*")
}

// maxListed is the most values of a header that are read.
const maxListed = 1000

// list returns the comma-separated values of a header.
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
