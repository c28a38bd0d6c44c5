package main

import (
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lkdoctor/checks/lab"
)

// TestHeadersGoToTheirOriginAlone sends a login cookie to an app that returns it in a body
// or a redirect. No other server may receive it, and no face may show it.
func TestHeadersGoToTheirOriginAlone(t *testing.T) {
	const cookie, key = "5f4dcc3b5aa765d61d8327deb882cf99", "hunter2hunter2"
	var mu sync.Mutex
	got := map[string][]string{}
	serve := func(name string, answer func(http.ResponseWriter, *http.Request)) *lab.Peer {
		peer, err := lab.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			got[name] = append(got[name], r.Header.Get("Cookie")+r.Header.Get("X-Sandbox-Id"))
			mu.Unlock()
			answer(w, r)
		}), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = peer.Close() })
		return peer
	}
	other := serve("other", func(http.ResponseWriter, *http.Request) {})
	echo := func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no session "+strings.TrimPrefix(r.Header.Get("Cookie"), "session=")+" at "+r.Header.Get("X-Sandbox-Id"), http.StatusInternalServerError)
	}
	away := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+other.Addr+"/login?"+r.Header.Get("X-Sandbox-Id"), http.StatusFound)
	}
	file := filepath.Join(t.TempDir(), "headers")
	write(t, file, "Cookie: session="+cookie+"\n")
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){"echo": echo, "away": away} {
		for _, flag := range []string{"--frontend", "--token-endpoint"} {
			for _, face := range []string{"--json", "--plain", "-v"} {
				app := serve(name+flag, answer)
				var out, errs bytes.Buffer
				a := newApp([]string{face, flag, "http://" + app.Addr + "/api/token", "-H", "@" + file, "--header", "X-Sandbox-ID: " + key, "--only", "ticket"},
					strings.NewReader(""), &out, &errs, []string{"HOME=" + t.TempDir()})
				a.dir = t.TempDir()
				run(a)
				if text := out.String() + errs.String(); strings.Contains(text, cookie) || strings.Contains(text, cookie[:16]) || strings.Contains(text, key) {
					t.Errorf("%s %s %s shows a header:\n%s", name, flag, face, text)
				}
				mu.Lock()
				if all := strings.Join(got[name+flag], " "); !strings.Contains(all, "session="+cookie+key) {
					t.Errorf("%s %s: the app got %q", name, flag, all)
				}
				mu.Unlock()
			}
		}
	}
	if len(got["other"]) > 0 {
		t.Errorf("another origin was asked: %q", got["other"])
	}
}

func TestHeaderUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-H", "X: hunter2hunter2"}, "--header is for --frontend and --token-endpoint, and neither is given"},
		{[]string{"--frontend", "http://127.0.0.1:1", "-H", "hunter2hunter2"}, "a header is written 'Name: value'"},
		{[]string{"--frontend", "http://127.0.0.1:1", "-H", "@/no/such/file"}, "no such file"},
		{[]string{"--frontend", "http://127.0.0.1:1", "-H", "@/dev/zero"}, "/dev/zero is longer than"},
	} {
		var out, errs bytes.Buffer
		a := newApp(append(test.args, "--plain"), strings.NewReader(""), &out, &errs, nil)
		if code := run(a); code != 2 || !strings.Contains(errs.String(), test.want) || strings.Contains(errs.String(), "hunter2") {
			t.Errorf("%q: exit code %d, %s", test.args, code, errs.String())
		}
	}
}
