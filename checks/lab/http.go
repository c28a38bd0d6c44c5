package lab

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// Forward passes every request on to addr, WebSocket upgrades included, as a
// plain reverse proxy does that is set up well.
func Forward(addr string) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: addr})
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		// No idle connection outlives the proxy.
		Transport: &http.Transport{DisableKeepAlives: true},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
}

// StripUpgrade removes what asks for a WebSocket, as nginx does without
// proxy_set_header Upgrade and Connection.
func StripUpgrade(next http.Handler) http.Handler { return without(next, "Upgrade", "Connection") }

// StripAuthorization removes the Authorization header, as some gateways do with
// headers meant for themselves.
func StripAuthorization(next http.Handler) http.Handler { return without(next, "Authorization") }

// StripQuery removes what stands behind the ? of a request, as a careless
// rewrite of a proxy does.
func StripQuery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery = ""
		next.ServeHTTP(w, r)
	})
}

// ForbidTokenInQuery answers 403 to a token in the query, as a firewall for web
// applications may.
func ForbidTokenInQuery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("access_token") {
			http.Error(w, "Request blocked", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func without(next http.Handler, headers ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range headers {
			r.Header.Del(name)
		}
		next.ServeHTTP(w, r)
	})
}

// Prefix serves next under prefix alone ("/livekit"), with the prefix removed,
// and elsewhere at every other path.
func Prefix(prefix string, next, elsewhere http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(prefix+"/", http.StripPrefix(prefix, next))
	mux.Handle("/", elsewhere)
	return mux
}

// At answers at paths that begin with prefix, and leaves the others to next.
func At(prefix string, here, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, prefix) {
			here.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// OnUpgrade leaves requests for a WebSocket to here, and the others to next.
func OnUpgrade(here, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			here.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Reply always gives the same answer.
func Reply(status int, header map[string]string, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// Text always answers with a line of plain text.
func Text(status int, text string) http.Handler {
	return Reply(status, map[string]string{"Content-Type": "text/plain; charset=utf-8"}, text)
}

// JSON always answers with a JSON text.
func JSON(status int, text string) http.Handler {
	return Reply(status, map[string]string{"Content-Type": "application/json"}, text)
}

// Redirect sends everybody to a fixed address.
func Redirect(status int, to string) http.Handler {
	return Reply(status, map[string]string{"Location": to}, "")
}

// header adds a header to what next answers.
func header(next http.Handler, name, value string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(name, value)
		next.ServeHTTP(w, r)
	})
}

// Nginx answers with nginx's own error page for a status. reason is its second
// line, which nginx has for 400 alone ("The plain HTTP request was sent to HTTPS
// port"); mostly empty.
func Nginx(status int, reason string) http.Handler {
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	if reason != "" {
		reason = "\r\n<center>" + reason + "</center>"
	}
	return Reply(status, map[string]string{"Server": "nginx/1.26.2", "Content-Type": "text/html"},
		fmt.Sprintf("<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>%s\r\n<hr><center>nginx/1.26.2</center>\r\n</body>\r\n</html>\r\n",
			title, title, reason))
}

// NextJS answers every path with the 404 page of a Next.js app.
func NextJS() http.Handler {
	return Reply(http.StatusNotFound, map[string]string{"X-Powered-By": "Next.js", "Content-Type": "text/html; charset=utf-8"},
		`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"/><title>404: This page could not be found.</title>`+
			`<script src="/_next/static/chunks/webpack.js" async=""></script></head><body><div>`+
			`<h1 class="next-error-h1">404</h1><h2>This page could not be found.</h2></div></body></html>`)
}

// SPA answers every path with 200 and one page, as the server of a single-page
// app does.
func SPA() http.Handler {
	return Reply(http.StatusOK, map[string]string{"Content-Type": "text/html"},
		`<!doctype html><html lang="en"><head><meta charset="UTF-8"/><title>Vite + React</title>`+
			`<script type="module" src="/src/main.tsx"></script></head><body><div id="root"></div></body></html>`)
}
