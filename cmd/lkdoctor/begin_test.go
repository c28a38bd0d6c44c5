package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
	"lkdoctor/tui"
)

// TestAPastedAddressGetsNothingOfThisFolder checks that a server whose address was pasted
// gets neither the configured token nor one made with the configured key and secret.
func TestAPastedAddressGetsNothingOfThisFolder(t *testing.T) {
	l := startLab(t, "healthy")
	var mu sync.Mutex
	var seen []string
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Method+" "+r.URL.Path)
		if r.Header.Get("Authorization") != "" || r.URL.RawQuery != "" || r.Method != http.MethodGet {
			t.Errorf("asked %s %s with %v", r.Method, r.URL, r.Header)
		}
	}))
	defer stranger.Close()
	runs := &reruns{exam: examOf(t, l), skips: make(chan string, 1)}
	run := runs.start(t.Context(), tui.Change{Address: strings.Replace(stranger.URL, "http", "ws", 1)}, func(check.Event) {})
	if len(seen) == 0 || run.TicketSpent || run.Diagnosis.RootCause == nil || run.Diagnosis.RootCause.Code != finding.ServerNotLiveKit {
		t.Errorf("asked %v, cause %v", seen, run.Diagnosis.RootCause)
	}
	if run := runs.start(t.Context(), tui.Change{}, func(check.Event) {}); !run.TicketSpent || run.Summary.Fail > 0 {
		t.Errorf("the settings are not in force again: %v", run.Diagnosis.RootCause)
	}
}

// TestAChosenProject checks that a chosen project of lk applies to all later runs.
func TestAChosenProject(t *testing.T) {
	l := startLab(t, "healthy")
	e := examWith(t, l, nil, nil, "")
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, ".livekit"), 0o700); err != nil {
		t.Fatal(err)
	}
	text := "projects:\n  - name: demo\n    url: " + l.URL + "\n    api_key: " + l.Pair.Key + "\n    api_secret: " + l.Pair.Secret + "\n"
	write(t, filepath.Join(home, ".livekit", "cli-config.yaml"), text)
	e.inputs.Home, e.inputs.Dir = home, t.TempDir()
	runs := &reruns{exam: e, skips: make(chan string, 1)}
	first := runs.start(t.Context(), tui.Change{}, func(check.Event) {})
	if first.Diagnosis.RootCause == nil || first.Diagnosis.RootCause.Code != finding.EnvURLMissing {
		t.Fatalf("the first run found %v", first.Diagnosis.RootCause)
	}
	if got := runs.looked(); len(got.Projects) != 1 || got.Projects[0] != (tui.LKProject{Name: "demo", URL: l.URL}) || len(got.Files) != 4 {
		t.Errorf("looked in %+v", got)
	}
	for _, change := range []tui.Change{{Server: tui.Server{Project: "demo"}}, {}} {
		if run := runs.start(t.Context(), change, func(check.Event) {}); run.Summary.Fail > 0 || run.Target.LiveKitURL != l.URL {
			t.Errorf("%+v: %v at %s", change, run.Diagnosis.RootCause, run.Target.LiveKitURL)
		}
	}
	if !strings.Contains(runs.exam.options.Again, "--project demo") || runs.exam.settings.URL.Source.Kind != config.Project {
		t.Errorf("commands that are printed lack the project: %q", runs.exam.options.Again)
	}
}

func TestListening(t *testing.T) {
	open, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = open.Close() }()
	shut, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := func(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }
	_ = shut.Close()
	if got := listening([]int{port(shut), port(open)}); !slices.Equal(got, []int{port(open)}) {
		t.Errorf("%d and %d: %v", port(shut), port(open), got)
	}
}
