package probe_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"lkdoctor/checks/probe"
)

func TestExchangeProxy(t *testing.T) {
	target := pages(t, likeLiveKit(200, "OK"))
	forward := pages(t, (&httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}}).ServeHTTP)
	asks := pages(t, page(407, http.Header{"Proxy-Authenticate": {"Basic"}}, "log in"))
	squid := pages(t, page(503, http.Header{"X-Squid-Error": {"ERR_CONNECT_FAIL"}}, "<html>"))
	through := func(n *probe.Net, addr string) {
		n.Proxy = func(*url.URL) (*url.URL, error) {
			return &url.URL{Scheme: "http", Host: addr, User: url.UserPassword("me", "pr0xypass")}, nil
		}
	}
	t.Run("passes on", func(t *testing.T) {
		n := newNetShared(t)
		through(n, forward)
		r, f := n.Reach(t.Context(), parse(t, "ws://"+target))
		if f != nil {
			t.Fatal(f)
		}
		if !r.IsLiveKit || r.Via != "http://"+forward || r.Root.FromProxy {
			t.Errorf("livekit %v, via %q, from proxy %v", r.IsLiveKit, r.Via, r.Root.FromProxy)
		}
	})
	for name, addr := range map[string]string{"407": asks, "squid": squid} {
		t.Run(name, func(t *testing.T) {
			n := newNet(t)
			through(n, addr)
			r, f := n.Reach(t.Context(), parse(t, "ws://"+target))
			if f != nil || r.What != probe.ServerProxy || !r.Root.FromProxy || r.IsLiveKit {
				t.Errorf("reach %+v, failure %v", r, f)
			}
		})
	}
	t.Run("CONNECT refused", func(t *testing.T) {
		n := newNet(t)
		through(n, asks)
		_, f := n.Reach(t.Context(), parse(t, "wss://"+target))
		wantKind(t, f, probe.PhaseProxy, probe.KindProxy)
		if f.Status != 407 || strings.Contains(fmt.Sprintf("%+v", *f), "pr0xypass") {
			t.Errorf("failure %+v", *f)
		}
	})
	t.Run("proxy is down", func(t *testing.T) {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		n := newNet(t)
		through(n, l.Addr().String())
		_, f := n.Reach(t.Context(), parse(t, "ws://"+target))
		wantKind(t, f, probe.PhaseProxy, probe.KindProxy)
	})
}
