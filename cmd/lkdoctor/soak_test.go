package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"lkdoctor/checks/check"
	"lkdoctor/checks/lab"
	"lkdoctor/checks/report"
	"lkdoctor/checks/room"
)

// TestSoak is run by make soak. LKDOCTOR_SOAK scales its counts. All runs, stays and signals
// use one server; no diagnosis may be wrong, no file or participant may remain, and the last
// runs must be as fast as the first.
func TestSoak(t *testing.T) {
	scale, err := strconv.ParseFloat(os.Getenv("LKDOCTOR_SOAK"), 64)
	if err != nil || scale <= 0 {
		t.Skip("make soak runs it; it takes most of an hour")
	}
	count := func(n int) int { return max(1, int(float64(n)*scale)) }
	l, temp := startLab(t, ""), t.TempDir()
	t.Setenv("TMPDIR", temp)
	files := entries(t, l.Dir())
	t.Run("runs", func(t *testing.T) { soakRuns(t, l, count(1000)) })
	t.Run("media", func(t *testing.T) { soakRuns(t, l, count(200), "--media") })
	t.Run("at once", func(t *testing.T) { soakAtOnce(t, l, count(10), max(2, min(32, count(32)))) })
	t.Run("join", func(t *testing.T) { soakJoin(t, l, max(5*time.Second, time.Duration(scale*float64(10*time.Minute)))) })
	t.Run("signals", func(t *testing.T) { soakSignals(t, l, count(200)) })
	if now := entries(t, l.Dir()); !slices.Equal(files, now) {
		t.Errorf("files: %v, were %v", now, files)
	}
	if left := slices.DeleteFunc(entries(t, temp), func(name string) bool { return strings.HasPrefix(name, "Test") }); len(left) > 0 {
		t.Errorf("left in TMPDIR: %v", left)
	}
}

// soakRuns runs the checks against l n times in this process.
func soakRuns(t *testing.T, l *lab.Lab, n int, flags ...string) {
	var took []time.Duration
	var goroutines, descriptors, heap []int
	for i := range n {
		l.Renew()
		e, events := examinedBy(t, l, examWith(t, l, l.Environ(), append(flags, l.Args()...), ""))
		run := events[len(events)-1].Run
		if run.ExitCode != check.ExitOK || run.Diagnosis.RootCause != nil {
			t.Errorf("run %d: exit code %d, %v: %s", i+1, run.ExitCode, run.Diagnosis.RootCause, e.asJSON(t, *run))
		}
		took = append(took, run.Took)
		if i == n/10 || i == n-1 {
			waitFor(t, func() bool { return len(people(t, l)) == 0 })
			nothingRuns(t)
			noRooms(t, l)
			runtime.GC()
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			goroutines, descriptors = append(goroutines, runtime.NumGoroutine()), append(descriptors, len(entries(t, "/proc/self/fd")))
			heap = append(heap, int(memory.HeapAlloc>>10))
		}
	}
	first, last := median(took[:max(1, n/5)]), median(took[n-max(1, n/5):])
	t.Logf("%d runs: median %s, of the first fifth %s, of the last %s; goroutines %v, descriptors %v, heap KiB %v (after a tenth, at the end)",
		n, median(took), first, last, goroutines, descriptors, heap)
	if n >= 50 && last > 2*first {
		t.Errorf("the last runs take %s, the first took %s", last, first)
	}
	// Allow for the server, which is in this process, too.
	for what, of := range map[string][]int{"goroutines": goroutines, "descriptors": descriptors} {
		if a, b := of[0], of[len(of)-1]; b > a+20 {
			t.Errorf("%s: %d after a tenth of the runs, %d at the end", what, a, b)
		}
	}
}

// soakAtOnce runs many programs concurrently, and repeats that.
func soakAtOnce(t *testing.T, l *lab.Lab, times, many int) {
	environ := slices.DeleteFunc(l.Environ(), func(entry string) bool {
		return strings.HasPrefix(entry, "USER_MGMT_BASE_URL=") || strings.HasPrefix(entry, "LKDOCTOR_TICKET=")
	})
	var mu sync.Mutex
	var took []time.Duration
	for range times {
		var all sync.WaitGroup
		for range many {
			cmd := program(t, environ, "--json")
			all.Go(func() {
				begin := time.Now()
				out, err := cmd.Output()
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(begin))
				var d report.Document
				if invalid := json.Unmarshal(out, &d); invalid != nil || err != nil || d.ExitCode != check.ExitOK {
					t.Errorf("%v, %v: exit code %d, %+v", err, invalid, d.ExitCode, d.Diagnosis)
				}
			})
		}
		all.Wait()
	}
	waitFor(t, func() bool { return len(people(t, l)) == 0 })
	t.Logf("%d programs at once, %d times: median %s, longest %s", many, times, median(took), slices.Max(took))
}

// soakJoin stays in a room and measures memory and descriptors.
func soakJoin(t *testing.T, l *lab.Lab, stay time.Duration) {
	l.Renew()
	cmd := program(t, l.Environ(), "join", "--json", "--for", stay.String(), "--publish", "tone")
	out := newWatched()
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var resident, descriptors [2]int
	waitFor(t, func() bool { return strings.Contains(out.String(), `"type":"media"`) })
	for i, when := range []time.Duration{stay / 5, stay * 7 / 10} {
		time.Sleep(when)
		resident[i], descriptors[i] = memory(cmd.Process.Pid, "VmRSS"), len(entries(t, fmt.Sprintf("/proc/%d/fd", cmd.Process.Pid)))
	}
	if code := exitCodeOf(t, cmd.Wait()); code != check.ExitOK {
		t.Errorf("exit code %d", code)
	}
	waitFor(t, func() bool { return len(people(t, l)) == 0 })
	kinds := map[room.Type]int{}
	for line := range strings.Lines(out.String()) {
		var e joinEvent
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		kinds[e.Type]++
	}
	t.Logf("%s in a room: %v; resident KiB %v, descriptors %v", stay, kinds, resident, descriptors)
	if kinds[room.Reconnecting]+kinds[room.Problem] > 0 || kinds[room.Ended] != 1 {
		t.Errorf("%s", out)
	}
	if resident[0] == 0 || resident[1] > resident[0]+16<<10 || descriptors[1] > descriptors[0]+2 {
		t.Errorf("resident KiB %v, descriptors %v", resident, descriptors)
	}
}

// soakSignals stops programs at random times.
func soakSignals(t *testing.T, l *lab.Lab, n int) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	pick := func(n int) int { return random.IntN(n) }
	early := 0
	for i := range n {
		delay := time.Duration(random.Int64N(int64(time.Second)))
		s := stopping{
			args: [][]string{nil, {"--media"}, {"join"}}[pick(3)],
			face: []face{faceJSON, facePlain, faceTUI}[pick(3)],
			when: func(*watched) { time.Sleep(delay) },
		}
		s.signal = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE}[pick(4)]
		if s.face == faceTUI && s.signal == syscall.SIGPIPE {
			s.signal = syscall.SIGHUP // the terminal closes
		}
		l.Renew()
		if !s.run(t, l) {
			early++
		}
		if t.Failed() {
			t.Fatalf("signal %d of seed %d: %s after %s", i+1, seed, s, delay)
		}
		waitFor(t, func() bool { return len(people(t, l)) == 0 })
	}
	t.Logf("%d signals, %d of them before the program had begun", n, early)
}

// noRooms waits until the server has no rooms. It keeps a room for 20 s after the last
// participant has left.
func noRooms(t *testing.T, l *lab.Lab) {
	t.Helper()
	rooms := lksdk.NewRoomServiceClient("http://"+l.LiveKit.Addr, l.Pair.Key, l.Pair.Secret)
	for range 60 {
		list, err := rooms.ListRooms(t.Context(), &livekit.ListRoomsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if len(list.GetRooms()) == 0 {
			return
		}
		time.Sleep(time.Second)
	}
	t.Error("there are rooms a minute after the last run")
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = e.Name()
	}
	return names
}

func median(of []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(of))[len(of)/2].Round(time.Millisecond)
}
