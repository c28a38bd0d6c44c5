package hostile

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"lkdoctor/checks/lab"
)

// webServers attack over HTTP: the server's paths, the ticket service, the app and its
// page.
func webServers() []Server {
	at := func(name, about, path string, answer http.Handler) Server {
		return Server{Name: name, About: about, paths: map[string]http.Handler{path: answer}}
	}
	page := func(name, about string, root http.Handler) Server {
		mux := http.NewServeMux()
		mux.Handle("/", root)
		mux.Handle("/api/connection-details", lab.JSON(http.StatusOK, `{"serverUrl":"ws://127.0.0.1:9","participantToken":"not.a.token"}`))
		return Server{Name: name, About: about, page: mux}
	}
	everywhere := func(name, about string, answer http.Handler) Server {
		return Server{Name: name, About: about, tickets: answer, paths: map[string]http.Handler{
			"/": answer, "/rtc": answer, "/rtc/validate": answer, "/rtc/v1/validate": answer, "/twirp/": answer}}
	}
	spam := func(kind string) http.Handler { return lab.Endless(kind, "<p>spam</p>\x1b[2J") }
	ok := lab.Text(http.StatusOK, "OK")
	return []Server{
		at("api-silent", "has a server API that never answers", "/twirp/", lab.Hang()),
		at("api-endless", "has a server API whose answers never end", "/twirp/", spam("application/protobuf")),
		at("validate-silent", "never answers whether a token is valid", "/rtc/validate", lab.Hang()),
		at("validate-endless", "answers without end whether a token is valid", "/rtc/validate", spam("text/plain")),
		at("upgrade-silent", "never answers the WebSocket's request", "/rtc", lab.Hang()),
		at("upgrade-endless", "refuses the WebSocket in a text without end", "/rtc", status(http.StatusForbidden, spam("text/plain"))),
		at("upgrade-headers", "refuses the WebSocket with 10 MiB of headers", "/rtc", headers(lab.Text(http.StatusForbidden, ""))),
		at("root-headers", "answers with 10 MiB of headers", "/", headers(ok)),
		at("root-informs", "answers with 1xx without end", "/", informs()),
		page("page-endless", "serves a page that never ends", spam("text/html")),
		page("page-headers", "serves a page with 10 MiB of headers", headers(ok)),
		page("page-policy", "serves a page with 60 KiB of policy in its header, and 10 MiB in its text", policy()),
		page("page-bomb", "serves a compressed page of 10 GiB", lab.Bomb("text/html", "", 10<<10)),
		{Name: "frontend-endless", About: "has an app whose route never ends", page: spam("application/json")},
		{Name: "frontend-silent", About: "has an app that never answers", page: lab.Hang()},
		{Name: "ticket-endless", About: "has a ticket service that never ends", tickets: spam("application/json")},
		{Name: "ticket-deep", About: "has a ticket service that answers with JSON of a million levels",
			tickets: lab.JSON(http.StatusOK, strings.Repeat(`{"token":[`, 100_000))},
		everywhere("silent", "answers nothing, wherever it is asked", lab.Hang()),
		everywhere("drips", "sends the head of an answer byte by byte, wherever it is asked", drip()),
		everywhere("drips-body", "sends the body of an answer byte by byte, wherever it is asked", lab.Drip(dripEvery)),
	}
}

// dripEvery is the time between two bytes.
const dripEvery = 250 * time.Millisecond

// status changes the status of what next answers.
func status(code int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(code)
		next.ServeHTTP(w, r)
	})
}

// headers adds 10 MiB of headers.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := range 10_000 {
			w.Header().Set(fmt.Sprint("X-Spam-", i), long(1000))
		}
		next.ServeHTTP(w, r)
	})
}

// informs sends 103 Early Hints without end.
func informs() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for r.Context().Err() == nil {
			w.Header().Set("Link", "</"+long(500)+">; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
		}
	})
}

// policy answers with a page with an enormous Content-Security-Policy.
func policy() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "connect-src "+strings.Repeat("wss://a.test ", 60<<10/13))
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<html><head><meta http-equiv="Content-Security-Policy" content="connect-src `+
			strings.Repeat("wss://a.test ", 10<<20/13)+`"></head></html>`)
	})
}

// drip sends the head of an answer byte by byte.
func drip() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		for _, b := range []byte("HTTP/1.1 200 OK\r\nX-Slow: " + long(1000)) {
			if _, err := conn.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(dripEvery)
		}
	})
}
