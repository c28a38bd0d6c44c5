package lab

import (
	"io"
	"net/http"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"lkdoctor/checks/finding"
)

// clientFaults are a join that works for lkdoctor, and not for the user's own
// client: browsers, agents, backends.
func clientFaults() []Fault {
	f := func(name, about string, code finding.Code, owner finding.Owner, set func(*plan)) Fault {
		return Fault{Name: name, About: about, Want: []finding.Code{code}, Owner: owner, set: set}
	}
	warning := func(f Fault) Fault { f.Warn = true; return f }
	flags := func(f Fault) Fault { f.Flags = true; return f }
	server, agent, app := finding.OwnerLiveKitServer, finding.OwnerAgent, finding.OwnerFrontend
	at := func(path string, here http.Handler) func(*plan) {
		return withWeb(func(_ *Lab, addr string) http.Handler { return At(path, here, Forward(addr)) })
	}
	ice := func(urls ...*livekit.ICEServer) func(*plan) {
		return withWeb(func(_ *Lab, addr string) http.Handler {
			return SignalProxy(addr, Rewrite{ToClient: func(m *livekit.SignalResponse) []*livekit.SignalResponse {
				if join := m.GetJoin(); join != nil {
					join.IceServers = append(join.IceServers, urls...)
				}
				return []*livekit.SignalResponse{m}
			}})
		})
	}
	// page has the app mint, and gives its page these headers and this head.
	page := func(header map[string]string, head string) func(*plan) { //nolint:unparam // csp-meta gives a head
		return func(p *plan) {
			p.frontend = func(_ *Lab, o *FrontendOptions) { o.Front = onPage(header, head) }
			p.environ = func(_ *Lab, e Env) error { e.unticket(); return nil }
		}
	}
	policy := func(value string) func(*plan) { return page(map[string]string{"Content-Security-Policy": value}, "") }
	called := func(o AgentOptions) func(*plan) {
		o.Name = "helper"
		return o.apply
	}
	return []Fault{
		f("v1-page", "a web app answers at /rtc/v1 (200, HTML)", finding.WebsocketV1Blocked, server, at("/rtc/v1", SPA())),
		f("v1-redirect", "a login answers at /rtc/v1 (302)", finding.WebsocketV1Blocked, server,
			at("/rtc/v1", Redirect(http.StatusFound, "https://login.lklab.invalid/"))),
		f("v1-forbidden", "a firewall forbids /rtc/v1 (403)", finding.WebsocketV1Blocked, server,
			at("/rtc/v1", Nginx(http.StatusForbidden, ""))),
		f("v1-bad-gateway", "a proxy has nothing behind /rtc/v1 (502)", finding.WebsocketV1Blocked, server,
			at("/rtc/v1", Nginx(http.StatusBadGateway, ""))),
		f("v1-missing", "a proxy does not pass /rtc/v1 on (404, not readable by pages)", finding.WebsocketV1Blocked, server,
			at("/rtc/v1", Nginx(http.StatusNotFound, ""))),
		warning(f("v1-missing-readable", "a proxy does not pass /rtc/v1 on (404, readable by pages)", finding.WebsocketV1Blocked, server,
			at("/rtc/v1", Reply(http.StatusNotFound,
				map[string]string{"Server": "nginx", "Content-Type": "text/html", "Access-Control-Allow-Origin": "*"}, "<h1>404</h1>")))),
		f("v1-no-upgrade", "a proxy passes /rtc/v1 on, and no WebSocket there", finding.WebsocketV1Blocked, server,
			withWeb(func(_ *Lab, addr string) http.Handler {
				return At("/rtc/v1", proxies()[0].passes(StripUpgrade(Forward(addr))), Forward(addr))
			})),
		f("query-too-long", "nginx takes request lines that are too short for a browser's (414)", finding.WebsocketQueryRefused, server,
			withWeb(func(_ *Lab, addr string) http.Handler { return shortLines(2<<10, Forward(addr)) })),
		f("ice-slashes", "the server hands out turn:// with slashes", finding.ICEServerInvalid, server,
			ice(&livekit.ICEServer{Urls: []string{"turn://turn.lklab.invalid:3478"}, Username: "u", Credential: "c"})),
		f("ice-port", "the server hands out a TURN server whose port is no port", finding.ICEServerInvalid, server,
			ice(&livekit.ICEServer{Urls: []string{"turn:turn.lklab.invalid:99999"}, Username: "u", Credential: "c"})),
		f("ice-no-credential", "the server hands out a TURN server without credential", finding.ICEServerInvalid, server,
			ice(&livekit.ICEServer{Urls: []string{"turn:turn.lklab.invalid:3478"}})),

		flags(f("csp-self", "the page's policy allows its own origin only", finding.BrowserCSP, app, policy("default-src 'self'"))),
		flags(f("csp-meta", "a policy in the page's <meta> allows another server", finding.BrowserCSP, app,
			page(nil, `<meta http-equiv="Content-Security-Policy" content="connect-src wss://other.lklab.invalid">`))),
		flags(warning(f("csp-socket-only", "the page's policy allows the WebSocket, and not the questions over HTTP", finding.BrowserCSP,
			app,
			func(p *plan) {
				page(nil, "")(p)
				p.frontend = func(l *Lab, o *FrontendOptions) {
					o.Front = onPage(map[string]string{"Content-Security-Policy": "connect-src 'self' ws:"}, "")
				}
			}))),
		flags(warning(f("cors-twice", "LiveKit and the proxy in front both allow origins", finding.BrowserCORS, server, func(p *plan) {
			page(nil, "")(p)
			withWeb(func(_ *Lab, addr string) http.Handler { return twoOrigins(Forward(addr)) })(p)
		}))),
		flags(warning(f("page-insecure", "the page has no TLS and is not on this machine by its name", finding.BrowserInsecurePage, app,
			func(p *plan) {
				page(nil, "")(p)
				p.frontendAs = "0.0.0.0" // reaches this machine, and no browser takes it for a secure origin
			}))),

		warning(f("agent-misnamed", "the token names its agent under room.agents", finding.TokenGrantMisnamed, finding.OwnerTicketService,
			withClaims(func(_ *Lab, c Claims) {
				c["room"] = map[string]any{"agents": []map[string]any{{"agentName": "helper"}}}
			}))),
		silent(f("agent-no-worker", "the token calls an agent, and no worker runs", finding.AgentNoWorker, agent, called(AgentOptions{}))),
		silent(f("agent-other-name", "the token calls an agent, and the worker has another name", finding.AgentNoWorker, agent,
			called(AgentOptions{Worker: &WorkerOptions{Name: "other"}}))),
		silent(f("agent-refuses", "the worker refuses the job", finding.AgentNoWorker, agent,
			called(AgentOptions{Worker: &WorkerOptions{Act: ActRefuse}}))),
		// livekit-server itself takes 5 s until it lists the job: no shorter limit finds this one.
		as("running", f("agent-absent", "the worker takes the job, and nobody comes", finding.AgentAbsent, agent,
			called(AgentOptions{Worker: &WorkerOptions{Act: ActAbsent}}))),
		as("unasked", silent(f("agent-unasked", "the token calls an agent that does not come, and there is no key here to ask why",
			finding.AgentAbsent, agent,
			func(p *plan) { called(AgentOptions{})(p); withoutKeys(p) }))),
		as("left", f("agent-quits", "the agent comes and leaves at once", finding.AgentAbsent, agent,
			called(AgentOptions{Worker: &WorkerOptions{Act: ActQuit}}))),
		f("agent-fails", "the worker says that the job has failed", finding.AgentJobFailed, agent, func(p *plan) {
			called(AgentOptions{})(p)
			at("/twirp/livekit.AgentDispatchService/", failedJob())(p)
		}),
		f("agent-room-first", "the room was there before the token's participant", finding.AgentDispatchIgnored, agent,
			called(AgentOptions{Worker: &WorkerOptions{}, RoomFirst: true})),
		warning(f("agent-slow", "the agent comes after 3.5 s", finding.AgentSlow, agent,
			called(AgentOptions{Worker: &WorkerOptions{Delay: 3500 * time.Millisecond}}))),
		{Name: "agent-comes", About: "the token calls an agent, and it comes", Owner: finding.OwnerNone,
			set: called(AgentOptions{Worker: &WorkerOptions{}})},

		warning(f("api-missing", "a proxy does not pass /twirp on (404)", finding.ServerAPIBlocked, server,
			at("/twirp", Nginx(http.StatusNotFound, "")))),
		warning(f("api-page", "a web app answers at /twirp (200, HTML)", finding.ServerAPIBlocked, server, at("/twirp", SPA()))),
		warning(f("api-redirect", "a proxy redirects /twirp", finding.ServerAPIBlocked, server,
			at("/twirp", Redirect(http.StatusMovedPermanently, "https://livekit.lklab.invalid/twirp")))),
		silent(warning(f("api-silent", "/twirp never answers", finding.ServerAPIBlocked, server,
			at("/twirp", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // the end of a connection is noticed after its body
				<-r.Context().Done()
			}))))),
	}
}

// onPage gives the app's page headers and something in its head.
func onPage(header map[string]string, head string) func(http.Handler) http.Handler {
	return func(app http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				app.ServeHTTP(w, r)
				return
			}
			all := map[string]string{"Content-Type": "text/html; charset=utf-8"}
			for name, value := range header {
				all[name] = value
			}
			Reply(http.StatusOK, all, "<!DOCTYPE html><html><head>"+head+
				"<title>Voice assistant</title></head><body></body></html>").ServeHTTP(w, r)
		})
	}
}

// shortLines answers as nginx does to a request line that is too long for its
// large_client_header_buffers.
func shortLines(bytes int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.RequestURI) > bytes {
			Nginx(http.StatusRequestURITooLong, "").ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// twoOrigins adds to each answer a second Access-Control-Allow-Origin.
func twoOrigins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Access-Control-Allow-Origin", "https://app.lklab.invalid")
		next.ServeHTTP(w, r)
	})
}

// failedJob answers for the dispatches of every room: one of helper, whose job has
// failed. livekit-server 1.13.5 keeps jobs at running, whatever the worker says.
func failedJob() http.Handler {
	list := &livekit.ListAgentDispatchResponse{AgentDispatches: []*livekit.AgentDispatch{{Id: "AD_lab", AgentName: "helper",
		State: &livekit.AgentDispatchState{Jobs: []*livekit.Job{{Id: "AJ_lab", State: &livekit.JobState{
			Status: livekit.JobStatus_JS_FAILED, Error: FailText}}}}}}}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		data, err := proto.Marshal(list)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/protobuf")
		_, _ = w.Write(data)
	})
}
