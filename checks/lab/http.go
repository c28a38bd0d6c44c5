package lab

import (
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// unkept is a client that keeps no connections, so that none outlives the lab.
var unkept = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// Forward passes every request on to addr, WebSocket upgrades included, as a correctly
// configured reverse proxy does.
func Forward(addr string) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: addr})
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		Transport: unkept.Transport,
		ErrorLog:  log.New(io.Discard, "", 0),
	}
}

// middleware is what a proxy or an app does to the requests for another handler.
type middleware = func(next http.Handler) http.Handler

// StripUpgrade removes what asks for a WebSocket, as nginx does without
// proxy_set_header Upgrade and Connection.
func StripUpgrade(next http.Handler) http.Handler { return without(next, "Upgrade", "Connection") }

// stripAuthorization removes the Authorization header, as some gateways do with headers
// for themselves.
func stripAuthorization(next http.Handler) http.Handler { return without(next, "Authorization") }

func without(next http.Handler, headers ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range headers {
			r.Header.Del(name)
		}
		next.ServeHTTP(w, r)
	})
}

// StripQuery removes the query of a request, as a wrong rewrite rule of a proxy does.
func StripQuery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery = ""
		next.ServeHTTP(w, r)
	})
}

// when answers the requests for which cond reports true with here, and the others with
// next.
func when(cond func(*http.Request) bool, here, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cond(r) {
			here.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// At answers at paths that begin with prefix with here, and at others with next.
func At(prefix string, here, next http.Handler) http.Handler {
	return when(func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, prefix) }, here, next)
}

// OnUpgrade answers requests for a WebSocket with here, and others with next.
func OnUpgrade(here, next http.Handler) http.Handler {
	return when(func(r *http.Request) bool { return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") }, here, next)
}

// onMethod answers requests of one method with here, and others with next.
func onMethod(method string, here, next http.Handler) http.Handler {
	return when(func(r *http.Request) bool { return r.Method == method }, here, next)
}

// Prefix answers at paths below prefix ("/livekit") with next, which sees them without
// the prefix, and at all others with other.
func Prefix(prefix string, next, other http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(prefix+"/", http.StripPrefix(prefix, next))
	mux.Handle("/", other)
	return mux
}

// header sets a header of every answer of next. If next adds the same header, as a
// reverse proxy does, the answer has both.
func header(next http.Handler, name, value string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(name, value)
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

// Text always answers with plain text.
func Text(status int, text string) http.Handler {
	return typed("text/plain; charset=utf-8", status, text)
}

// JSON always answers with a JSON text.
func JSON(status int, text string) http.Handler { return typed("application/json", status, text) }

// html always answers with an HTML page.
func html(status int, text string) http.Handler { return typed("text/html", status, text) }

func typed(kind string, status int, text string) http.Handler {
	return Reply(status, map[string]string{"Content-Type": kind}, text)
}

// Redirect always redirects to a fixed address.
func Redirect(status int, to string) http.Handler {
	return Reply(status, map[string]string{"Location": to}, "")
}

// toHTTPS redirects every request to the same address with https.
func toHTTPS(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Redirect(status, "https://"+r.Host+r.URL.Path).ServeHTTP(w, r)
	})
}

// Nginx answers with nginx's error page for a status. reason is the second line of the
// page, which nginx has only for 400 ("The plain HTTP request was sent to HTTPS port").
func Nginx(status int, reason string) http.Handler {
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	if reason != "" {
		reason = "\r\n<center>" + reason + "</center>"
	}
	return header(html(status, fmt.Sprintf("<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>%s\r\n"+
		"<hr><center>nginx/1.26.2</center>\r\n</body>\r\n</html>\r\n", title, title, reason)), "Server", "nginx/1.26.2")
}

// NextJS answers every path with the 404 page of a Next.js app.
func NextJS() http.Handler {
	return header(typed("text/html; charset=utf-8", http.StatusNotFound,
		`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"/><title>404: This page could not be found.</title>`+
			`<script src="/_next/static/chunks/webpack.js" async=""></script></head><body><div>`+
			`<h1 class="next-error-h1">404</h1><h2>This page could not be found.</h2></div></body></html>`), "X-Powered-By", "Next.js")
}

// SPA answers every path with 200 and one page, as the server of a single-page app does.
func SPA() http.Handler {
	return html(http.StatusOK, `<!doctype html><html lang="en"><head><meta charset="UTF-8"/><title>Vite + React</title>`+
		`<script type="module" src="/src/main.tsx"></script></head><body><div id="root"></div></body></html>`)
}

// Hang does not answer until the client has closed the connection.
func Hang() http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http notices the end of a connection after the body
		<-r.Context().Done()
	})
}

// Endless answers with text without end, as fast as the client reads.
func Endless(kind, text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		for block := []byte(strings.Repeat(text, 32<<10/len(text))); r.Context().Err() == nil; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
}

// Bomb answers with a text and mebibytes of zeros, compressed a thousandfold, whether or
// not the client accepts gzip.
func Bomb(kind, text string, mebibytes int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Encoding", "gzip")
		compressed := gzip.NewWriter(w)
		defer compressed.Close()
		_, _ = io.WriteString(compressed, text)
		block := make([]byte, 1<<20)
		for range mebibytes {
			if _, err := compressed.Write(block); err != nil || compressed.Flush() != nil || r.Context().Err() != nil {
				return
			}
		}
	})
}

// Drip answers with a space at each interval, without end: no single read takes long.
func Drip(interval time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.Copy(io.Discard, r.Body)
		for {
			if _, err := io.WriteString(w, " "); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
			select {
			case <-time.After(interval):
			case <-r.Context().Done():
				return
			}
		}
	})
}

// hangUp closes the connection without an answer, as a worker process that crashes.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// cutOff closes the connection in the middle of the answer.
func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"token":"`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// hangUpAfter answers a GET and then closes the connection without Connection: close, as
// servers do that take a connection for idle.
func hangUpAfter(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn,
		"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n"+`{"detail":"Not Found"}`)
	_ = conn.Close()
}
