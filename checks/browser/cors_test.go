package browser_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lkdoctor/checks/browser"
)

// A corsCase is the response to a request of a page at http://app.test:PORT. ORIGIN in
// its headers means that origin.
type corsCase struct {
	request   browser.CORSRequest
	preflight browser.CORSAnswer
	answer    browser.CORSAnswer
	want      browser.CORSProblem
}

func corsCases() []corsCase {
	h := func(pairs ...string) http.Header {
		out := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			out.Add(pairs[i], pairs[i+1])
		}
		return out
	}
	const origin, headers, methods, credentials = "Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods", "Access-Control-Allow-Credentials"
	get := browser.CORSRequest{Method: "GET"}
	post := browser.CORSRequest{Method: "POST", JSON: true}
	cookies := browser.CORSRequest{Method: "GET", Credentials: true}
	login := browser.CORSRequest{Method: "GET", Headers: []string{"Authorization"}}
	put := browser.CORSRequest{Method: "PUT"}
	ok := func(header http.Header) browser.CORSAnswer { return browser.CORSAnswer{Status: 200, Header: header} }
	simple := func(r browser.CORSRequest, want browser.CORSProblem, pairs ...string) corsCase {
		return corsCase{request: r, answer: ok(h(pairs...)), want: want}
	}
	asked := func(r browser.CORSRequest, want browser.CORSProblem, status int, pairs ...string) corsCase {
		return corsCase{r, browser.CORSAnswer{Status: status, Header: h(pairs...)}, ok(h(origin, "ORIGIN", credentials, "true")), want}
	}
	return []corsCase{
		simple(get, browser.CORSNoOrigin), simple(get, "", origin, "*"), simple(get, "", origin, "ORIGIN"),
		simple(get, browser.CORSOtherOrigin, origin, "http://other.test"), simple(get, browser.CORSOtherOrigin, origin, "ORIGIN/"),
		simple(get, browser.CORSOtherOrigin, origin, "null"), simple(get, browser.CORSOtherOrigin, origin, "app.test"),
		simple(get, browser.CORSTwoOrigins, origin, "*", origin, "*"), simple(get, browser.CORSTwoOrigins, origin, "ORIGIN, *"),
		simple(get, browser.CORSTwoOrigins, origin, "ORIGIN", origin, "ORIGIN"),
		simple(cookies, browser.CORSWildcard, origin, "*", credentials, "true"), simple(cookies, browser.CORSNoCredentials, origin, "ORIGIN"),
		simple(cookies, browser.CORSNoCredentials, origin, "ORIGIN", credentials, "True"), simple(cookies, "", origin, "ORIGIN", credentials, "true"),

		asked(post, browser.CORSNoOrigin, 204), asked(post, browser.CORSNoOrigin, 405), asked(post, browser.CORSHeader, 204, origin, "*"),
		asked(post, "", 204, origin, "*", headers, "Content-Type"), asked(post, "", 200, origin, "ORIGIN", headers, "x, content-type"),
		asked(post, "", 204, origin, "*", headers, "*"), asked(post, browser.CORSStatus, 404, origin, "*", headers, "*"),
		asked(post, browser.CORSRedirected, 307, origin, "*", headers, "*", "Location", "/elsewhere"),
		asked(post, browser.CORSTwoOrigins, 204, origin, "*", origin, "*", headers, "*"),
		asked(login, browser.CORSHeader, 204, origin, "*", headers, "X-Other"), asked(login, "", 204, origin, "*", headers, "Authorization"),
		asked(put, browser.CORSMethod, 204, origin, "*", methods, "GET, POST"), asked(put, "", 204, origin, "*", methods, "PUT"), asked(put, "", 204, origin, "*", methods, "*"),
		asked(browser.CORSRequest{Method: "POST", JSON: true, Credentials: true}, browser.CORSHeader, 204, origin, "ORIGIN", credentials, "true", headers, "*"),
	}
}

// withOrigin returns header with origin in place of ORIGIN.
func withOrigin(header http.Header, origin string) http.Header {
	out := http.Header{}
	for name, values := range header {
		for _, v := range values {
			if rest, has := strings.CutPrefix(v, "ORIGIN"); has {
				v = origin + rest
			}
			out.Add(name, v)
		}
	}
	return out
}

func TestCORS(t *testing.T) {
	for _, c := range corsCases() {
		c.request.Page = &url.URL{Scheme: "http", Host: "App.test:8000", Path: "/room"}
		c.preflight.Header, c.answer.Header = withOrigin(c.preflight.Header, "http://app.test:8000"), withOrigin(c.answer.Header, "http://app.test:8000")
		var got browser.CORSProblem
		if r := browser.CORS(c.request, &c.preflight, &c.answer); r != nil {
			got = r.Problem
		}
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestOrigin(t *testing.T) {
	for raw, want := range map[string]string{"https://App.Test:443/x": "https://app.test", "http://[::1]:3000": "http://[::1]:3000", "http://a:80": "http://a"} {
		u, _ := url.Parse(raw)
		if got := browser.Origin(u); got != want {
			t.Errorf("%s: %s, want %s", raw, got, want)
		}
	}
}
