package checks

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/probe"
	"lkdoctor/config"
)

// told returns a finding as code/variant:party, where the party defaults to the owner
// of the code's page. It fails the test if the page does not list the variant.
func told(t *testing.T, f Finding) string {
	t.Helper()
	page, known := catalogue.Lookup(f.Code)
	if _, has := page.Variant(f.Variant); known && !has {
		t.Errorf("%s has no variant %q", f.Code, f.Variant)
	}
	party := f.Party
	if party == "" {
		party = page.Owner
	}
	return string(f.Code) + "/" + f.Variant + ":" + string(party)
}

func serviceCase(t *testing.T, service string, change func(*Options)) *Case {
	t.Helper()
	settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Environ: []string{
		"LIVEKIT_URL=ws://127.0.0.1:7880", "USER_MGMT_BASE_URL=" + service, "LKDOCTOR_TICKET=tkt_0123456789abcdef",
		"HTTP_PROXY=http://proxy.example.com:3128",
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := newTestCase(t, settings)
	if change != nil {
		change(&c.Options)
	}
	c.products()
	return c
}

// TestRefusals checks that refusals by a ticket service, a gateway and a token endpoint
// get different codes, variants and parties.
func TestRefusals(t *testing.T) {
	const (
		nginx  = "<html><head><title>X</title></head><body><center><h1>X</h1></center><hr><center>nginx/1.26.2</center></body></html>"
		plain  = "http://127.0.0.1:8000"
		prefix = "http://127.0.0.1:8000/api/v1"
		itself = "http://127.0.0.1:7880"
	)
	endpoint := func(o *Options) { o.TokenEndpoint = "http://127.0.0.1:3000/api/token?x=1" }
	for _, tt := range []struct {
		name    string
		service string
		options func(*Options)
		status  int
		header  string
		body    string
		want    string
	}{
		{"401", plain, nil, 401, "", `{"detail":"Not authenticated"}`, "TICKET_UNAUTHORIZED/service:ticket_service"},
		{"401 of nginx", plain, nil, 401, "Server: nginx|Www-Authenticate: Basic realm=x", nginx, "TICKET_UNAUTHORIZED/gateway-nginx:ticket_service"},
		{"401 of Caddy", plain, nil, 401, "Server: Caddy|Www-Authenticate: Basic realm=x", "", "TICKET_UNAUTHORIZED/gateway-caddy:ticket_service"},
		{"401 for the ticket", plain, nil, 401, "", `{"detail":"Invalid ticket"}`, "TICKET_UNAUTHORIZED/bad-ticket:config"},
		{"401 of an endpoint", plain, endpoint, 401, "", `{"error":"Unauthorized"}`, "TICKET_UNAUTHORIZED/endpoint:config"},
		{"403 in own words", plain, nil, 403, "", `{"detail":"This feature is temporarily disabled"}`, "TICKET_FORBIDDEN/service:ticket_service"},
		{"403 in own words behind nginx", plain, nil, 403, "Server: nginx", `{"detail":"no region"}`, "TICKET_FORBIDDEN/service:ticket_service"},
		{"403 of nginx", plain, nil, 403, "Server: nginx", nginx, "TICKET_FORBIDDEN/gateway:ticket_service"},
		{"403 of S3", plain, nil, 403, "", `<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`, "TICKET_FORBIDDEN/gateway:ticket_service"},
		{"403 for the ticket", plain, nil, 403, "", `{"code":"TICKET_INVALID","message":"no"}`, "TICKET_FORBIDDEN/bad-ticket:config"},
		{"403 of an endpoint", plain, endpoint, 403, "", `{"error":"room is closed"}`, "TICKET_FORBIDDEN/endpoint:config"},
		{"404 for the ticket", plain, nil, 404, "", `{"detail":"no such ticket"}`, "TICKET_UNKNOWN/unknown:config"},
		{"404 of FastAPI", plain, nil, 404, "", `{"detail":"Not Found"}`, "TICKET_ROUTE_WRONG/path:config"},
		{"404 under a prefix", prefix, nil, 404, "", `{"detail":"Not Found"}`, "TICKET_ROUTE_WRONG/prefix-twice:config"},
		{"404 of LiveKit", itself, nil, 404, "", "404 page not found\n", "TICKET_ROUTE_WRONG/livekit:config"},
		{"404 of Kong", plain, nil, 404, "", `{"message":"no Route matched with those values"}`, "TICKET_ROUTE_WRONG/gateway:config"},
		{"404 of a web app", plain, nil, 404, "", `<html><head><title>Our app</title></head><body>Lost?</body></html>`, "TICKET_ROUTE_WRONG/web-app:config"},
		{"404 of an endpoint", plain, endpoint, 404, "", `Cannot POST /api/token`, "TICKET_ROUTE_WRONG/endpoint-path:config"},
		{"404 for the room", plain, endpoint, 404, "", `{"error":"room_name is unknown"}`, "TICKET_REJECTED/endpoint-fields:config"},
		{"405", plain, nil, 405, "", `{"detail":"Method Not Allowed"}`, "TICKET_ROUTE_WRONG/method:config"},
		{"405 of an endpoint", plain, endpoint, 405, "", ``, "TICKET_ROUTE_WRONG/endpoint-method:config"},
		{"409", plain, nil, 409, "", `{"detail":"used"}`, "TICKET_CONSUMED/:config"},
		{"410", plain, nil, 410, "", `{"detail":"over"}`, "TICKET_EXPIRED/:config"},
		{"400 for the ticket", plain, nil, 400, "", `{"message":"malformed ticket"}`, "TICKET_REJECTED/ticket-form:config"},
		{"400", plain, nil, 400, "", `{"message":"no"}`, "TICKET_REJECTED/message:ticket_service"},
		{"422 for a name", plain, nil, 422, "", `{"detail":[{"type":"missing","loc":["body","profile"],"msg":"Field required"}]}`, "TICKET_REJECTED/display-name:ticket_service"},
		{"422", plain, nil, 422, "", `{"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required"}]}`, "TICKET_REJECTED/field:ticket_service"},
		{"422 of an endpoint", plain, endpoint, 422, "", `{"detail":[{"type":"missing","loc":["body","room_name"],"msg":"Field required"}]}`, "TICKET_REJECTED/endpoint-fields:config"},
		{"400 of an endpoint with its own fields", plain, endpoint, 400, "", `{"error":"userId and agentId are required"}`, "TICKET_REJECTED/endpoint-other-fields:config"},
		{"422 of an endpoint with its own fields", plain, endpoint, 422, "", `{"detail":[{"type":"missing","loc":["body","agent_id"],"msg":"Field required"}]}`, "TICKET_REJECTED/endpoint-other-fields:config"},
		{"400 of an endpoint for a room", plain, endpoint, 400, "", `{"error":"Missing required query parameter: roomName"}`, "TICKET_REJECTED/endpoint-fields:config"},
		{"400 of an endpoint that was told all", plain, func(o *Options) { endpoint(o); o.Room, o.Identity = "r", "a" }, 400, "", `{"error":"room is required"}`, "TICKET_REJECTED/endpoint-form:config"},
		{"400 of lk-jwt-service", plain, endpoint, 400, "", `{"errcode":"M_BAD_JSON","error":"Missing room_id"}`, "TICKET_REJECTED/endpoint-form:config"},
		{"429", plain, nil, 429, "Retry-After: 30", `{"detail":"5 per minute"}`, "TICKET_RATE_LIMITED/:ticket_service"},
		{"500", plain, nil, 500, "", "Internal Server Error", "TICKET_SERVER_ERROR/exception:ticket_service"},
		{"500 for want of a key", plain, nil, 500, "", `{"detail":"LIVEKIT_API_SECRET is not set"}`, "TICKET_SERVER_ERROR/settings:ticket_service"},
		{"501", plain, nil, 501, "", `{"code":"NOT_CONFIGURED","message":"no keys"}`, "TICKET_SERVER_ERROR/settings:ticket_service"},
		{"501 in own words", plain, nil, 501, "", `{"detail":"not implemented for guests"}`, "TICKET_SERVER_ERROR/said:ticket_service"},
		{"501 of another program", plain, nil, 501, "", "<html><head><title>Error</title></head><body><p>Message: Unsupported method ('POST').</p></body></html>", "TICKET_ROUTE_WRONG/web-app:config"},
		{"502 of nginx", plain, nil, 502, "Server: nginx", nginx, "TICKET_SERVER_ERROR/gateway:ticket_service"},
		{"502 of Caddy", plain, nil, 502, "Server: Caddy", "", "TICKET_SERVER_ERROR/gateway:ticket_service"},
		{"502 of Traefik", plain, nil, 502, "", "Bad Gateway", "TICKET_SERVER_ERROR/gateway:ticket_service"},
		{"502 in own words", plain, nil, 502, "Server: nginx", `{"detail":"the billing system is down"}`, "TICKET_SERVER_ERROR/exception:ticket_service"},
		{"503 of HAProxy", plain, nil, 503, "", "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>", "TICKET_SERVER_ERROR/gateway:ticket_service"},
		{"503 in own words", plain, nil, 503, "", `{"detail":"too many calls"}`, "TICKET_SERVER_ERROR/overloaded:ticket_service"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := serviceCase(t, tt.service, tt.options)
			f := c.refusal(answered(tt.status, tt.header, tt.body), finding.Textf("the service"), "/p")
			if got := told(t, f); got != tt.want {
				t.Errorf("told as %s, want %s: %s", got, tt.want, f.Message)
			}
			if said, _ := f.Facts["said"].(string); said != "" && !strings.Contains(f.Message.String(), said) {
				t.Errorf("the message %q lacks what was said: %q", f.Message, said)
			}
		})
	}
}

// answered returns a reply. header holds "Name: value" lines, separated by |.
func answered(status int, header, body string) *probe.Reply {
	reply := &probe.Reply{Status: status, Header: http.Header{}, Body: []byte(body)}
	for line := range strings.SplitSeq(header, "|") {
		if name, value, found := strings.Cut(line, ": "); found {
			reply.Header.Set(name, value)
		}
	}
	return reply
}

func TestServiceFailures(t *testing.T) {
	for _, tt := range []struct {
		url     string
		failure probe.Failure
		want    string
		fact    string // name=value of one fact, or ""
	}{
		{"http://tickets:8000", probe.Failure{Kind: probe.KindDNSFailed}, "TICKET_DNS/container-name:config", "host=tickets"},
		{"http://host.docker.internal", probe.Failure{Kind: probe.KindDNSAbsent}, "TICKET_DNS/container-name:config", "host=host.docker.internal"},
		{"http://tikets.example.com", probe.Failure{Kind: probe.KindDNSAbsent}, "TICKET_DNS/no-such-name:config", "host=tikets.example.com"},
		{"http://tickets.example.com", probe.Failure{Kind: probe.KindDNSFailed}, "TICKET_DNS/lookup-failed:network", ""},
		{"http://192.0.2.1", probe.Failure{Kind: probe.KindUnreachable}, "TICKET_TIMEOUT/no-route:network", ""},
		{"http://192.0.2.1", probe.Failure{Kind: probe.KindSYNTimeout}, "TICKET_TIMEOUT/no-reply:network", ""},
		{"http://192.0.2.1", probe.Failure{Kind: probe.KindHeaderSlow}, "TICKET_TIMEOUT/silent:ticket_service", ""},
		{"http://tickets.example.com", probe.Failure{Kind: probe.KindProxy}, "TICKET_TIMEOUT/proxy:config", "variable=HTTP_PROXY"},
		{"https://192.0.2.1:8000/u", probe.Failure{Kind: probe.KindTLSPlainPort}, "TICKET_TLS/plain-port:config", "suggestion=http://192.0.2.1:8000/u"},
		{"http://192.0.2.1", probe.Failure{Kind: probe.KindPlainToTLS}, "TICKET_TLS/tls-port:config", "suggestion=https://192.0.2.1"},
		{"https://192.0.2.1", probe.Failure{Kind: probe.KindTLSExpired}, "TICKET_TLS/expired:ticket_service", ""},
		{"https://192.0.2.1", probe.Failure{Kind: probe.KindTLSNotYet}, "TICKET_TLS/not-yet-valid:ticket_service", ""},
		{"https://192.0.2.1", probe.Failure{Kind: probe.KindTLSWrongName}, "TICKET_TLS/wrong-name:ticket_service", ""},
		{"https://192.0.2.1", probe.Failure{Kind: probe.KindTLSUnknownCA}, "TICKET_TLS/unknown-authority:ticket_service", ""},
		{"https://192.0.2.1", probe.Failure{Kind: probe.KindTLSOther}, "TICKET_TLS/handshake:ticket_service", ""},
		{"https://192.0.2.1", probe.Failure{Kind: probe.KindReset, Phase: probe.PhaseTLS}, "TICKET_TLS/cut:ticket_service", ""},
		{"http://192.0.2.1", probe.Failure{Kind: probe.KindClosed, Phase: probe.PhaseHTTP}, "TICKET_NOT_HTTP/hangs-up:ticket_service", ""},
		{"http://192.0.2.1", probe.Failure{Kind: probe.KindNotHTTP, What: probe.ServerUnknown}, "TICKET_NOT_HTTP/not-http:ticket_service", ""},
		{"http://192.0.2.1", probe.Failure{Kind: probe.KindNotHTTP, Banner: "SSH-2.0"}, "TICKET_NOT_HTTP/other-program:config", ""},
		{"http://192.0.2.1", probe.Failure{Kind: probe.KindRedirectRefused}, "TICKET_REDIRECTED/loop:ticket_service", ""},
		{"http://192.0.2.1", probe.Failure{Kind: probe.KindHeaderTooLarge}, "TICKET_BODY_TOO_LARGE/headers:ticket_service", ""},
	} {
		t.Run(tt.want, func(t *testing.T) {
			c := serviceCase(t, tt.url, nil)
			u, err := url.Parse(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			found := c.unanswered(toService, &tt.failure, address{URL: u})
			if len(found) != 1 {
				t.Fatalf("found %v", found)
			}
			if got := told(t, found[0]); got != tt.want {
				t.Errorf("told as %s, want %s", got, tt.want)
			}
			if name, value, is := strings.Cut(tt.fact, "="); is && found[0].Facts[name] != value {
				t.Errorf("the fact %s is %v, want %s", name, found[0].Facts[name], value)
			}
		})
	}
}

// TestCachedBy covers the headers of responses from a cache.
func TestCachedBy(t *testing.T) {
	for header, want := range map[string]string{
		"X-Nextjs-Cache: HIT":       "nextjs",
		"X-Nextjs-Cache: MISS":      "",
		"X-Nextjs-Prerender: 1":     "nextjs",
		"Age: 0":                    "",
		"Age: 12":                   "cdn",
		"Cf-Cache-Status: HIT":      "cdn",
		"Cf-Cache-Status: DYNAMIC":  "",
		"X-Cache: Hit from cloudfr": "cdn",
		"X-Cache: Miss":             "",
		"Cache-Control: s-maxage=31536000|X-Powered-By: Next.js": "nextjs",
		"Cache-Control: no-store":                                "",
	} {
		if got, _ := cachedBy(answered(200, header, "{}")); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
}
