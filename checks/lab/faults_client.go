package lab

import (
	"net/http"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"lkdoctor/checks/finding"
)

// clientFaults are a join that works for lkdoctor, and not for the user's client: a
// browser, an agent, a backend.
func clientFaults() []Fault {
	server, agent := by(finding.OwnerLiveKitServer), by(finding.OwnerAgent)
	frontend, service := by(finding.OwnerFrontend), by(finding.OwnerTicketService)
	v1 := func(answer http.Handler) change { return at("/rtc/v1", answer) }
	twirp := func(answer http.Handler) change { return at("/twirp", answer) }
	ice := func(user, credential string, url string) change {
		return rewritten(onJoin(func(j *livekit.JoinResponse) {
			j.IceServers = append(j.IceServers, &livekit.ICEServer{Urls: []string{url}, Username: user, Credential: credential})
		}))
	}
	// page has the app mint, with that start page.
	page := func(start http.Handler) change {
		return all(noTicket, withApp(func(a *app) {
			a.Front = func(next http.Handler) http.Handler {
				return when(func(r *http.Request) bool { return r.URL.Path == "/" }, start, next)
			}
		}))
	}
	policy := func(value string) change { return page(header(appPage(""), "Content-Security-Policy", value)) }
	called := func(o AgentOptions) change {
		o.Name = "helper"
		return func(p *plan) { p.agent = o }
	}
	does := func(o WorkerOptions) change { return called(AgentOptions{Worker: &o}) }
	return []Fault{
		server("v1-page", "a web app answers at /rtc/v1 (200, HTML)", finding.WebsocketV1Blocked, v1(SPA())),
		server("v1-redirect", "a login answers at /rtc/v1 (302)", finding.WebsocketV1Blocked,
			v1(Redirect(http.StatusFound, "https://login.lklab.invalid/"))),
		server("v1-forbidden", "a firewall forbids /rtc/v1 (403)", finding.WebsocketV1Blocked, v1(Nginx(http.StatusForbidden, ""))),
		server("v1-bad-gateway", "a proxy has nothing behind /rtc/v1 (502)", finding.WebsocketV1Blocked,
			v1(Nginx(http.StatusBadGateway, ""))),
		server("v1-missing", "a proxy does not pass /rtc/v1 on (404, not readable by pages)", finding.WebsocketV1Blocked,
			v1(Nginx(http.StatusNotFound, ""))),
		server("v1-missing-readable", "a proxy does not pass /rtc/v1 on (404, readable by pages)", finding.WebsocketV1Blocked,
			v1(Reply(http.StatusNotFound,
				map[string]string{"Server": "nginx", "Content-Type": "text/html", "Access-Control-Allow-Origin": "*"}, "<h1>404</h1>")),
		).warning(),
		server("v1-no-upgrade", "a proxy passes /rtc/v1 on, and no WebSocket there", finding.WebsocketV1Blocked,
			proxied(func(next http.Handler) http.Handler {
				return At("/rtc/v1", proxies()[0].passes(StripUpgrade(next)), next)
			})),
		server("query-too-long", "nginx takes request lines that are too short for a browser's (414)", finding.WebsocketQueryRefused,
			proxied(func(next http.Handler) http.Handler { return shortLines(2<<10, next) })),
		server("ice-slashes", "the server hands out turn:// with slashes", finding.ICEServerInvalid,
			ice("u", "c", "turn://turn.lklab.invalid:3478")),
		server("ice-port", "the server hands out a TURN server whose port is no port", finding.ICEServerInvalid,
			ice("u", "c", "turn:turn.lklab.invalid:99999")),
		server("ice-no-credential", "the server hands out a TURN server without credential", finding.ICEServerInvalid,
			ice("", "", "turn:turn.lklab.invalid:3478")),

		frontend("csp-self", "the page's policy allows its own origin only", finding.BrowserCSP, policy("default-src 'self'")),
		frontend("csp-meta", "a policy in the page's <meta> allows another server", finding.BrowserCSP,
			page(appPage(`<meta http-equiv="Content-Security-Policy" content="connect-src wss://other.lklab.invalid">`))),
		frontend("csp-socket-only", "the page's policy allows the WebSocket, and not the questions over HTTP", finding.BrowserCSP,
			policy("connect-src 'self' ws:")).warning(),
		server("cors-twice", "LiveKit and the proxy in front both allow origins", finding.BrowserCORS,
			page(appPage("")), proxied(func(next http.Handler) http.Handler {
				return header(next, "Access-Control-Allow-Origin", "https://app.lklab.invalid")
			})).warning(),
		frontend("page-insecure", "the page has no TLS and is not on this machine by its name", finding.BrowserInsecurePage,
			page(appPage("")),
			func(p *plan) { p.appHost = "0.0.0.0" }, // this machine, and not a secure origin for browsers
		).warning(),

		service("agent-misnamed", "the token names its agent under room.agents", finding.TokenGrantMisnamed,
			claim("room", map[string]any{"agents": []map[string]any{{"agentName": "helper"}}})).warning(),
		agent("agent-no-worker", "the token calls an agent, and no worker runs", finding.AgentNoWorker, called(AgentOptions{})).silent(),
		agent("agent-other-name", "the token calls an agent, and the worker has another name", finding.AgentNoWorker,
			does(WorkerOptions{Name: "other"})).silent(),
		agent("agent-refuses", "the worker refuses the job", finding.AgentNoWorker, does(WorkerOptions{Act: ActRefuse})).silent(),
		// livekit-server itself takes 5 s until it lists the job: no shorter limit finds this one.
		agent("agent-absent", "the worker takes the job, and nobody comes", finding.AgentAbsent,
			does(WorkerOptions{Act: ActAbsent})).as("running"),
		agent("agent-unasked", "the token calls an agent that does not come, and there is no key here to ask why",
			finding.AgentAbsent, called(AgentOptions{}), noKeys).as("unasked").silent(),
		agent("agent-quits", "the agent comes and leaves at once", finding.AgentAbsent, does(WorkerOptions{Act: ActQuit})).as("left"),
		agent("agent-fails", "the worker says that the job has failed", finding.AgentJobFailed,
			called(AgentOptions{}), at("/twirp/livekit.AgentDispatchService/", failedJob())),
		agent("agent-room-first", "the room was there before the token's participant", finding.AgentDispatchIgnored,
			called(AgentOptions{Worker: &WorkerOptions{}, RoomFirst: true})),
		agent("agent-slow", "the agent comes after 3.5 s", finding.AgentSlow,
			does(WorkerOptions{Delay: 3500 * time.Millisecond})).warning(),
		working("agent-comes", "the token calls an agent, and it comes", does(WorkerOptions{})),

		server("api-missing", "a proxy does not pass /twirp on (404)", finding.ServerAPIBlocked,
			twirp(Nginx(http.StatusNotFound, ""))).warning(),
		server("api-page", "a web app answers at /twirp (200, HTML)", finding.ServerAPIBlocked, twirp(SPA())).warning(),
		server("api-redirect", "a proxy redirects /twirp", finding.ServerAPIBlocked,
			twirp(Redirect(http.StatusMovedPermanently, "https://livekit.lklab.invalid/twirp"))).warning(),
		server("api-no-token", "a proxy removes the Authorization header at /twirp", finding.ServerAPIBlocked,
			proxied(func(next http.Handler) http.Handler { return At("/twirp", stripAuthorization(next), next) }),
		).warning(),
		server("api-silent", "/twirp never answers", finding.ServerAPIBlocked, twirp(Hang())).warning().silent(),
	}
}

// failedJob answers for the dispatches of every room with one of helper, whose job has
// failed. livekit-server 1.13.5 itself reports such jobs as running.
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
