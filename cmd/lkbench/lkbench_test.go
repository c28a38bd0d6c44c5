package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSamples(t *testing.T) {
	for _, test := range []struct {
		samples             samples
		least, mid, highest float64
	}{
		{samples{3}, 3, 3, 3},
		{samples{5, 1}, 1, 3, 5},
		{samples{9, 1, 4}, 1, 4, 9},
		{samples{8, 2, 6, 4}, 2, 5, 8},
	} {
		before := append(samples{}, test.samples...)
		got := []float64{test.samples.min(), test.samples.median(), test.samples.max()}
		if diff := cmp.Diff([]float64{test.least, test.mid, test.highest}, got); diff != "" {
			t.Errorf("%v: %s", test.samples, diff)
		}
		if diff := cmp.Diff(before, test.samples); diff != "" {
			t.Errorf("the order has changed: %s", diff)
		}
	}
	if diff := cmp.Diff(samples{2, 3}, samples{4, 9}.over(samples{2, 3})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(samples{2, 6}, samples{4, 9}.beyond(samples{2, 3})); diff != "" {
		t.Error(diff)
	}
}

func TestTable(t *testing.T) {
	var b table
	b.add("within", inMillis, samples{1, 2, 30}, 2.5)
	b.add("beyond", asRatio, samples{1.5, 1.75, 2}, 1.5)
	b.add("no target", inMiB, samples{123.4}, 0)
	b.say("all right", "16 of 16", true)
	b.say("some wrong", "15 of 16", false)
	var out bytes.Buffer
	if err := b.print(&out); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"min median max target",
		"within 1 ms 2 ms 30 ms ≤ 2.50 ms ok",
		"beyond 1.50× 1.75× 2× ≤ 1.50× OVER",
		"no target 123 MiB 123 MiB 123 MiB",
		"all right 16 of 16 ok",
		"some wrong 15 of 16 OVER",
	} {
		line := strings.Split(out.String(), "\n")[i]
		if got := strings.Join(strings.Fields(line), " "); got != want {
			t.Errorf("line %d is %q, want %q", i, got, want)
		}
	}
}

func TestBenchmarks(t *testing.T) {
	got := benchmarks([]byte("goos: linux\nBenchmarkChecks/good \t 1000\t  73000 ns/op\t 12 B/op\t 3 allocs/op\n" +
		"BenchmarkChecks/good \t 1000\t  75000 ns/op\nBenchmarkLoad \t 30\t 3810000 ns/op\nPASS\nBenchmarkBroken ns/op\n"))
	if diff := cmp.Diff(map[string]samples{"BenchmarkChecks/good": {0.073, 0.075}, "BenchmarkLoad": {3.81}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestChosenSections(t *testing.T) {
	if got := len(chosen("")); got != len(sections()) {
		t.Errorf("%d sections", got)
	}
	if got := chosen("delay,start"); len(got) != 2 || got[0].name != "start" || got[1].name != "delay" {
		t.Errorf("got %v", got)
	}
}

func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "usage: lkbench"},
		{[]string{"--help"}, 0, "usage: lkbench"},
		{[]string{"-n", "0", "lkdoctor"}, 2, "usage: lkbench"},
		{[]string{filepath.Join(t.TempDir(), "none")}, 1, "find lkdoctor"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), test.args, &stdout, &stderr); code != test.code || !strings.Contains(stderr.String(), test.want) {
			t.Errorf("%v: exit code %d, %q", test.args, code, &stderr)
		}
	}
}

// What cannot be measured fails the run and says so; a figure over its target
// does not.
func TestExitCodeOfWhatCannotBeMeasured(t *testing.T) {
	doctor := filepath.Join(t.TempDir(), "lkdoctor")
	for script, want := range map[string]int{"exit 0": 0, "sleep 0.05": 0, "exit 3": 1} {
		if err := os.WriteFile(doctor, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		b := &bench{doctor: doctor, dir: t.TempDir(), pairs: 1}
		var stdout, stderr bytes.Buffer
		if code := b.all(t.Context(), chosen("start"), &stdout, &stderr); code != want {
			t.Errorf("%s: exit code %d, %s%s", script, code, &stdout, &stderr)
		}
	}
}
