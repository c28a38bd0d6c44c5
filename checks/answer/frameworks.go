package answer

import (
	"bytes"
	"regexp"
	"sync"
)

// mark is the form of the errors of a framework, a server or a platform.
type mark struct {
	framework string
	// field is where the text was read, said the text; both must match. An empty field is
	// a body that is not a JSON object.
	field string
	said  *regexp.Regexp
	// inBody must occur in the body, in any case; empty matches every body.
	inBody string
	// generic is set for the response to an unknown route or method.
	generic bool
}

// marks are tried in order; the first match counts. They are compiled on first use.
var marks = sync.OnceValue(func() []mark {
	list := []struct {
		framework, field, said, inBody string
		generic                        bool
	}{
		// JSON.
		{"FastAPI/Starlette", "detail", `^(Not Found|Method Not Allowed)$`, "", true},
		{"Django REST framework", "detail", `^Method "[A-Z]+" not allowed\.$`, "", true},
		{"NestJS", "message", `^Cannot [A-Z]+ /`, `"statuscode"`, true},
		{"Fastify", "message", `^Route [A-Z]+:.* not found$`, "", true},
		{"Laravel", "message", `^The route .* could not be found\.$|^The [A-Z]+ method is not supported for`, "", true},
		{"AWS API Gateway", "message", `^Missing Authentication Token$`, "", true},
		{"Kong", "message", `^no Route matched with those values$`, "", true},
		{"Phoenix", "errors.detail", `^Not Found$`, "", true},
		{"Spring Boot", "message", `^No static resource |^No message available$`, "", true},
		{"Spring Boot", "error", `^(Not Found|Method Not Allowed)$`, `"timestamp"`, true},
		{"Flask", "message", `^The requested URL was not found on the server|^The method is not allowed for the requested URL`, "", true},
		{"", "message", `^(Not Found|Method Not Allowed)$`, "", true},
		{"", "error", `^(Not Found|Method Not Allowed)$`, "", true},
		{"Vercel", "", `^(The page could not be found|The deployment could not be found)`, "", true},
		// Pages.
		{"Next.js", "", `^404: This page could not be found`, "", true},
		{"Next.js", "", `^404\b.*not be found`, "/_next/", true},
		{"nginx", "", `^(404 Not Found|405 Not Allowed)`, "<center>nginx", true},
		{"nginx", "", ``, "<center>nginx", false},
		{"openresty", "", `^(404 Not Found|405 Not Allowed)`, "<center>openresty", true},
		{"Express", "", `Cannot [A-Z]+ /`, "<pre>cannot ", true},
		{"Flask", "", `^(404 Not Found|405 Method Not Allowed)`, "the requested url", true},
		{"Django", "", `^Page not found at /`, "", true},
		{"Django", "", `^Not Found`, "the requested resource was not found on this server", true},
		{"Apache", "", `^(404 Not Found|405 Method Not Allowed)`, "<address>apache", true},
		{"Spring Boot", "", `Whitelabel Error Page`, "status=404", true},
		{"Spring Boot", "", `Whitelabel Error Page`, "", false},
		{"Rails", "", `^(Action Controller: Exception caught|The page you were looking for doesn.t exist)`, "", true},
		{"Laravel", "", `^Not Found`, "tailwind", true},
		{"Cloudflare", "", `\| Cloudflare$|^error code: 1\d{3}$`, "", false},
		{"ngrok", "", `ERR_NGROK_\d+`, "", false},
		{"Next.js", "", ``, "__next", false},
		{"Next.js", "", ``, "/_next/", false},
		// Text.
		{"Go", "", `^404 page not found$`, "", true},
		{"Starlette, Koa or another", "", `^(404 )?(Not Found|NOT FOUND)$|^Method Not Allowed$`, "", true},
		{"Express or Fiber", "", `^Cannot [A-Z]+ /\S*$`, "", true},
		{"uvicorn", "", `^Invalid HTTP request received\.$`, "", false},
		{"Envoy", "", `^(upstream connect error|no healthy upstream)`, "", false},
	}
	made := make([]mark, len(list))
	for i, m := range list {
		made[i] = mark{m.framework, m.field, regexp.MustCompile(m.said), m.inBody, m.generic}
	}
	return made
})

// recognise returns the software that wrote an error, and whether the text is its
// response to an unknown route or method.
func recognise(e ErrorInfo, body []byte) (framework string, generic bool) {
	if validation(e) {
		return "FastAPI", false
	}
	lower := bytes.ToLower(body[:min(len(body), maxPage)])
	for _, m := range marks() {
		if m.field != "" && m.field != e.Field || m.inBody != "" && !bytes.Contains(lower, []byte(m.inBody)) {
			continue
		}
		if fromJSON := e.Shape == ShapeObject; fromJSON == (m.field != "") && m.said.MatchString(e.Text) {
			return m.framework, m.generic
		}
	}
	return "", false
}

// validation reports whether e is FastAPI's 422, by its items.
func validation(e ErrorInfo) bool {
	return e.Field == "detail" && len(e.Items) > 0 && e.Items[0].Where != "" && e.Items[0].Type != ""
}
