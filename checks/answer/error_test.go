package answer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestErrorText(t *testing.T) {
	for _, test := range []struct {
		name, body, contentType string
		text, field, code       string
		generic                 bool
		framework               string
	}{
		{"FastAPI route", `{"detail":"Not Found"}`, "", "Not Found", "detail", "", true, "FastAPI/Starlette"},
		{"FastAPI method", `{"detail":"Method Not Allowed"}`, "", "Method Not Allowed", "detail", "", true, "FastAPI/Starlette"},
		{"FastAPI ticket", `{"detail":"Ticket not found"}`, "", "Ticket not found", "detail", "", false, ""},
		{"FastAPI object", `{"detail":{"code":"TICKET_CONSUMED","message":"used before"}}`, "", "used before", "detail.message", "TICKET_CONSUMED", false, ""},
		{"own object", `{"detail":{"ticket":"unknown"}}`, "", `{"ticket":"unknown"}`, "detail", "", false, ""},
		{"FastAPI v2", `{"detail":[{"type":"missing","loc":["body","profile"],"msg":"Field required","input":{"ticket":"tkt_canary"}}]}`, "", "body.profile: Field required", "detail", "", false, "FastAPI"},
		{"FastAPI v1", `{"detail":[{"loc":["body",0,"x"],"msg":"field required","type":"value_error.missing"}]}`, "", "body.0.x: field required", "detail", "", false, "FastAPI"},
		{"front end", `{"code":"TICKET_NOT_FOUND","message":"Ticket not found"}`, "", "Ticket not found", "message", "TICKET_NOT_FOUND", false, ""},
		{"error text", `{"error":"expired"}`, "", "expired", "error", "", false, ""},
		{"error object", `{"error":{"code":404,"message":"no such ticket"}}`, "", "no such ticket", "error.message", "404", false, ""},
		{"error flag", `{"error":true,"msg":"bad ticket"}`, "", "bad ticket", "msg", "", false, ""},
		{"word and sentence", `{"error":"invalid_ticket","message":"no such ticket"}`, "", "no such ticket", "message", "invalid_ticket", false, ""},
		{"OAuth", `{"error":"invalid_grant","error_description":"used"}`, "", "invalid_grant", "error", "", false, ""},
		{"errors", `{"errors":[{"message":"a"},{"field":"x","message":"b"},"c"]}`, "", "a; x: b; c", "errors", "", false, ""},
		{"wrapped", `{"success":false,"data":{"message":"gone"}}`, "", "gone", "data.message", "", false, ""},
		{"problem+json", `{"type":"https://e.example/x","title":"Gone","status":410,"detail":"ticket expired"}`, "application/problem+json", "ticket expired", "detail", "", false, ""},
		{"problem title", `{"type":"about:blank","title":"Gone","status":410}`, "application/problem+json", "Gone", "title", "", false, ""},
		{"NestJS route", `{"message":"Cannot POST /api/v1/x","error":"Not Found","statusCode":404}`, "", "Cannot POST /api/v1/x", "message", "", true, "NestJS"},
		{"NestJS list", `{"message":["a must be text","b is empty"],"error":"Bad Request","statusCode":400}`, "", "a must be text; b is empty", "message", "", false, ""},
		{"Fastify route", `{"message":"Route POST:/x not found","error":"Not Found","statusCode":404}`, "", "Route POST:/x not found", "message", "", true, "Fastify"},
		{"Spring route", `{"timestamp":"2026-01-01","status":404,"error":"Not Found","message":"","path":"/x"}`, "", "Not Found", "error", "", true, "Spring Boot"},
		{"gateway route", `{"message":"Missing Authentication Token"}`, "", "Missing Authentication Token", "message", "", true, "AWS API Gateway"},
		{"bare words", `{"message":"Not Found"}`, "", "Not Found", "message", "", true, ""},
		{"no words", `{"foo":1}`, "", "", "", "", false, ""},
		{"JSON text", `"gone"`, "", "gone", "", "", false, ""},
		{"list", `[1]`, "", "", "", "", false, ""},
		{"Next.js page", `<!DOCTYPE html><html><head><title>404: This page could not be found.</title></head><body><div id="__next"><h1>404</h1></div></body></html>`, "text/html", "404: This page could not be found.", "<title>", "", true, "Next.js"},
		{"Next.js crash", `<!DOCTYPE html><html><head><title>500: Internal Server Error</title><script src="/_next/static/x.js"></script></head></html>`, "text/html", "500: Internal Server Error", "<title>", "", false, "Next.js"},
		{"nginx", "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n<hr><center>nginx/1.25.3</center>\r\n</body>\r\n</html>\r\n", "text/html", "404 Not Found", "<title>", "", true, "nginx"},
		{"nginx gateway", "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>", "text/html", "502 Bad Gateway", "<title>", "", false, "nginx"},
		{"Express", "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n</head>\n<body>\n<pre>Cannot POST /api/v1/x</pre>\n</body>\n</html>\n", "text/html", "Error – Cannot POST /api/v1/x", "<title>", "", true, "Express"},
		{"Flask", "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was not found on the server.</p>\n", "text/html", "404 Not Found", "<title>", "", true, "Flask"},
		{"Go mux", "404 page not found\n", "text/plain; charset=utf-8", "404 page not found", "", "", true, "Go"},
		{"Starlette text", "Not Found", "text/plain", "Not Found", "", "", true, "Starlette, Koa or another"},
		{"crash", "Internal Server Error", "text/plain", "Internal Server Error", "", "", false, ""},
		{"LIVEKIT_API_KEY", "LIVEKIT_API_KEY is not defined", "text/plain", "LIVEKIT_API_KEY is not defined", "", "", false, ""},
		{"nothing", "", "", "", "", "", false, ""},
		{"entities", "<title>A &amp; B</title>", "", "A & B", "<title>", "", false, ""},
		{"script only", "<html><script>var x='<b>'</script><p>Please  log in</p></html>", "", "Please log in", "", "", false, ""},
		{"too deep", strings.Repeat("[", 200_000), "", "", "", "", false, ""},
		{"token in it", fill(`{"detail":"cannot decode VIDEO"}`), "", "cannot decode [hidden]", "detail", "", false, ""},
		{"unknown opaque in it", `{"detail":"bad token ` + strings.Repeat("aB3-", 11) + `, sorry"}`, "", "bad token [hidden], sorry", "detail", "", false, ""},
		{"UUID in it", `{"detail":"no 3f2504e0-4f89-11d3-9a0c-0305e82c3301"}`, "", "no 3f2504e0-4f89-11d3-9a0c-0305e82c3301", "detail", "", false, ""},
		{"opaque in it", fill(`bad token OPAQUE`), "", "bad token [hidden]", "", "", false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := ErrorText([]byte(test.body), test.contentType)
			type seen struct {
				Text, Field, Code string
				Generic           bool
				Framework         string
			}
			if diff := cmp.Diff(seen{test.text, test.field, test.code, test.generic, test.framework},
				seen{e.Text, e.Field, e.Code, e.Generic, e.Framework}); diff != "" {
				t.Error(diff)
			}
			checkShown(t, e)
		})
	}
}

func TestErrorItems(t *testing.T) {
	body := `{"detail":[{"type":"missing","loc":["body","profile"],"msg":"Field required","input":"tkt_canary"}` +
		strings.Repeat(`,{"loc":["query","x"],"msg":"bad","type":"t"}`, 20) + `]}`
	e := ErrorText([]byte(body), "")
	if len(e.Items) != maxItems || !strings.HasSuffix(e.Text, "…") {
		t.Errorf("%d complaints, text %q", len(e.Items), e.Text)
	}
	if diff := cmp.Diff(ErrorItem{"body.profile", "Field required", "missing"}, e.Items[0]); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(e.Text, "canary") {
		t.Error("the input is echoed")
	}
}
