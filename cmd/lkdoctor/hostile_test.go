package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"lkdoctor/checks/lab/hostile"
	"lkdoctor/checks/report"
)

// Limits of one command against any server: CPU time, and resident memory in addition to
// that at the start, which is 26 MiB, and more in this test binary with the lab.
const (
	hostileGrowth = 110 << 10 // KiB
	hostileCPU    = 2 * time.Second
)

// hostileWaits scales the limits in tests that do not measure a user's waiting time.
const hostileWaits = 0.15

// TestHostileServers runs each command against each hostile server. It must end with a
// finding, in time and in bounded memory and CPU, and print no control characters.
func TestHostileServers(t *testing.T) {
	if testing.Short() {
		t.Skip("some 270 processes")
	}
	base := atStart(t)
	for _, s := range hostile.Servers() {
		for name, args := range map[string][]string{
			"json": {"--json"}, "plain": {"--plain", "--media"},
			"join --json": {"join", "--json", "--for", "200ms"}, "join --plain": {"join", "--plain", "--for", "200ms"},
		} {
			t.Run(s.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				got := attacked(t, s, fmt.Sprint("TEST_WAITS=", hostileWaits), args)
				got.bounded(t, base)
				if limit := 20 * time.Second; got.took > limit { // TestHostileWaits measures a user's time
					t.Errorf("it took %v, more than %v", got.took, limit)
				}
				got.judged(t, s)
			})
		}
	}
}

// TestHostileWaits measures, with default limits, how long a user waits for a server that
// sends nothing, or one byte at a time.
func TestHostileWaits(t *testing.T) {
	if testing.Short() {
		t.Skip("some 270 processes")
	}
	limits := map[string]time.Duration{"silent": 8 * time.Second, "silent-after-join": 8 * time.Second, "join-never": 8 * time.Second,
		"upgrade-silent": 8 * time.Second, "api-silent": 8 * time.Second, "validate-silent": 8 * time.Second, "dtls-never": 8 * time.Second,
		"drips": 12 * time.Second, "drips-body": 12 * time.Second, "join-drip": 12 * time.Second,
		"join-never-pings": 8 * time.Second, "tokens": 8 * time.Second, "signal-flood": 8 * time.Second, "candidates": 8 * time.Second}
	base := atStart(t)
	for _, s := range hostile.Servers() {
		limit, listed := limits[s.Name]
		if !listed {
			continue
		}
		delete(limits, s.Name)
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			got := attacked(t, s, "TEST_WAITS=", []string{"--json"})
			for try := 1; try < 3 && got.took > limit; try++ { // other processes take time, too
				got = attacked(t, s, "TEST_WAITS=", []string{"--json"})
			}
			got.bounded(t, base)
			if got.took > limit {
				t.Errorf("it took %v, more than %v", got.took, limit)
			}
			got.judged(t, s)
		})
	}
	if len(limits) > 0 {
		t.Errorf("no such servers: %v", limits)
	}
}

// hostileServer returns the server with that name.
func hostileServer(t *testing.T, name string) hostile.Server {
	t.Helper()
	for _, s := range hostile.Servers() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("there is no %s", name)
	return hostile.Server{}
}

// An attack is the result of a command against a hostile server.
type attack struct {
	args      []string
	exit      int
	out, errs string
	took, cpu time.Duration
	peak      int // resident memory in KiB; 0 without /proc
}

func attacked(t *testing.T, s hostile.Server, waits string, args []string) attack {
	t.Helper()
	server, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	cmd := program(t, append(slices.Clone(server.Environ), waits), append(args, server.Args...)...)
	return measured(t, cmd, args)
}

// measured runs cmd. It polls the peak memory while cmd runs, because the value after its
// end includes the process that started it.
func measured(t *testing.T, cmd *exec.Cmd, args []string) attack {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killed := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer killed.Stop()
	ended, peak := make(chan error, 1), 0
	go func() { ended <- cmd.Wait() }()
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		select {
		case <-ended:
			tick.Stop()
			usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
			return attack{args: args, exit: cmd.ProcessState.ExitCode(), out: out.String(), errs: errs.String(), took: time.Since(begin),
				cpu: time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), peak: peak}
		case <-tick.C:
			peak = max(peak, memory(cmd.Process.Pid, "VmHWM"))
		}
	}
}

// memory returns a figure of a process in KiB, or 0 without /proc: VmHWM is its peak
// memory, VmRSS its resident memory.
func memory(pid int, figure string) (kib int) {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(data), figure+":")
	_, _ = fmt.Sscan(rest, &kib)
	return kib
}

// atStart returns the peak memory of a run that reaches no server.
func atStart(t *testing.T) int {
	t.Helper()
	got := measured(t, program(t, []string{"TEST_WAITS=0.1", "LIVEKIT_URL=ws://127.0.0.1:1"}, "--json"), nil)
	if got.peak == 0 && runtime.GOOS == "linux" {
		t.Fatal("no memory was measured")
	}
	return got.peak
}

func (a attack) bounded(t *testing.T, base int) {
	t.Helper()
	t.Logf("%v: exit %d, %v, %v CPU, %d MiB more than at the start", a.args, a.exit, a.took.Round(time.Millisecond), a.cpu, (a.peak-base)>>10)
	if a.peak-base > hostileGrowth {
		t.Errorf("it took %d MiB more than at the start", (a.peak-base)>>10)
	}
	if a.cpu > hostileCPU {
		t.Errorf("it took %v of CPU", a.cpu)
	}
}

// judged checks that the output has the form of the face and a cause, and that no
// finding is a fault of lkdoctor.
func (a attack) judged(t *testing.T, s hostile.Server) {
	t.Helper()
	nothingRaw(t, strings.Join(a.args, " "), a.out+a.errs)
	for _, bad := range []string{"DOCTOR_TIMEOUT", "DOCTOR_INTERNAL", "DOCTOR_CANCELLED", "goroutine ", "panic:"} {
		if strings.Contains(a.out+a.errs, bad) {
			t.Errorf("%q is in it:\n%.2000s%.500s", bad, a.out, a.errs)
		}
	}
	switch {
	case a.exit != 0 && a.exit != 1:
		t.Errorf("exit code %d\n%.500s", a.exit, a.errs)
	case a.exit == 0 && !s.Harmless:
		t.Errorf("exit code 0: %.2000s", a.out)
	}
	if a.args[len(a.args)-1] == "--json" {
		var d report.Document
		if err := json.Unmarshal([]byte(a.out), &d); err != nil || d.ExitCode != a.exit {
			t.Errorf("the document: %v, exit code %d", err, d.ExitCode)
		}
		if d.Diagnosis.RootCause == nil && !s.Harmless {
			t.Error("there is no cause")
		}
	}
	if a.args[0] != "join" {
		return
	}
	connected := strings.Contains(a.out, "media is connected")
	if connected && !s.Connects {
		t.Errorf("media is said to be connected:\n%.2000s", a.out)
	}
	lines := strings.Split(strings.TrimSpace(a.out), "\n")
	if a.args[1] == "--json" && !strings.Contains(lines[len(lines)-1], `"type":"ended"`) {
		t.Errorf("the last event is %.300s", lines[len(lines)-1])
	}
}
