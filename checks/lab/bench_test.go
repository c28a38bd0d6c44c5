package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

// patience is the time after which a run counts as hung.
const patience = 90 * time.Second

// A bench holds the programs to measure and the empty folder that they run in.
type bench struct {
	tb                         testing.TB
	doctor, base, sdkjoin, dir string
}

// A ran is the result of one process: the time from start to exit, the peak memory and
// the decoded JSON document.
type ran struct {
	took time.Duration
	peak float64 // MiB; 0 without /proc
	code int
	document
}

type document struct {
	Diagnosis struct {
		RootCause struct{ Code string } `json:"root_cause"`
	}
	Target struct{ Identity string }
	Checks []struct{ ID, Status string }
}

func (d document) passed(id string) bool {
	return slices.ContainsFunc(d.Checks, func(c struct{ ID, Status string }) bool {
		return c.ID == id && (c.Status == "pass" || c.Status == "warn")
	})
}

// run runs a program in an environment with settings and without the caller's
// variables that could influence it.
func (b *bench) run(program string, settings []string, args ...string) (ran, error) {
	ctx, cancel := context.WithTimeout(b.tb.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = b.dir
	command.Env = slices.Concat(Scrub(os.Environ()), []string{"HOME=" + b.dir, "TERM=dumb", "PWD=" + b.dir}, settings)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	begun := time.Now()
	if err := command.Start(); err != nil {
		return ran{}, err
	}
	var out ran
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { out.peak = peakOf(command.Process.Pid, ended) })
	err := command.Wait()
	out.took = time.Since(begun)
	close(ended)
	watch.Wait()
	out.code = command.ProcessState.ExitCode()
	if slices.Contains(args, "--json") && json.Unmarshal(stdout.Bytes(), &out.document) != nil || ctx.Err() != nil || out.code < 0 {
		return out, fmt.Errorf("%s %v: %w: %.600s", program, args, err, &stderr)
	}
	return out, nil
}

// peakOf returns the peak memory of a process in MiB. It polls /proc until ended is
// closed, because the peak that wait4 returns can be that of the test process, from
// before exec (fs/exec.c, exec_mmap).
func peakOf(pid int, ended <-chan struct{}) (peak float64) {
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	highest := regexp.MustCompile(`VmHWM:\s+(\d+) kB`)
	for {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if m := highest.FindSubmatch(status); m != nil {
			kib, _ := strconv.ParseFloat(string(m[1]), 64)
			peak = max(peak, kib/1024)
		}
		select {
		case <-ended:
			return peak
		case <-tick.C:
		}
	}
}

// configured, tokenSettings and ticketSettings return settings without a token, with a
// good token, and with a new ticket.
func configured(l *Lab) []string {
	return []string{"LIVEKIT_URL=" + l.URL, "LIVEKIT_API_KEY=" + l.Pair.Key, "LIVEKIT_API_SECRET=" + l.Pair.Secret}
}

func tokenSettings(l *Lab) []string {
	return append(configured(l), "LIVEKIT_TOKEN="+l.Pair.Token(l.Room, "bare"))
}

func ticketSettings(l *Lab) []string {
	return append(configured(l), "USER_MGMT_BASE_URL="+l.TicketURL, "LKDOCTOR_TICKET="+l.Renew())
}

// A row is one line of the table: what is measured, the unit of it, the target for its
// median (0 for none) and the maximum number of runs.
type row struct {
	name, unit string
	most       float64
	times      int
	run        func(doctor string) (ran, error)
	// sdk does the same with the Go SDK; nil if there is no equivalent.
	// mostSDK is the target for the median ratio, 0 for none.
	sdk     func() (ran, error)
	mostSDK float64
}

// value returns the time or memory of a run.
func (r row) value(out ran) float64 {
	switch r.unit {
	case "ms":
		return float64(out.took.Microseconds()) / 1000
	case "s":
		return out.took.Seconds()
	}
	return out.peak
}

// must returns an error unless the check want passed or want is the root cause. An
// empty want means exit code 0.
func must(want string) func(out ran, err error) (ran, error) {
	return func(out ran, err error) (ran, error) {
		if got := out.Diagnosis.RootCause.Code; err == nil && got != want && !out.passed(want) && (want != "" || out.code != 0) {
			err = fmt.Errorf("it ended with %d and %q, not with %q", out.code, got, want)
		}
		return out, err
	}
}

// rows starts the labs and returns the rows of the table.
func (b *bench) rows() []row {
	// doctor runs the checks, which must lead to want, and sdk the Go SDK.
	doctor := func(want string, settings func(*Lab) []string, l *Lab, args ...string) func(string) (ran, error) {
		return func(d string) (ran, error) { return must(want)(b.run(d, settings(l), append(args, "--json")...)) }
	}
	sdk := func(settings func(*Lab) []string, l *Lab) func() (ran, error) {
		return func() (ran, error) { return must("")(b.run(b.sdkjoin, settings(l))) }
	}
	version := func(d string) (ran, error) { return must("")(b.run(d, nil, "version")) }
	inspect := func(d string) (ran, error) {
		return must("")(b.run(d, []string{"LIVEKIT_TOKEN=" + NewPair().Token("start", "start")}, "token", "inspect"))
	}
	// added measures what join.browser and join.api add to a run.
	added := func(l *Lab) func(string) (ran, error) {
		return func(d string) (ran, error) {
			with, err := doctor("fallback.join", configured, l)(d)
			if err != nil {
				return ran{}, err
			}
			without, err := doctor("fallback.join", configured, l, "--skip", "join.browser,join.api")(d)
			return ran{took: with.took - without.took}, err
		}
	}
	well := start(b.tb, "")
	dropped, silent, unticketed := start(b.tb, "server-syn-drop"), start(b.tb, "server-silent"), start(b.tb, "ticket-syn-drop")
	there, nobodys := start(b.tb, "agent-comes"), start(b.tb, "agent-no-worker")
	list := []row{
		{"lkdoctor version", "ms", 25, 99, version, nil, 0},
		{"lkdoctor token inspect", "ms", 25, 99, inspect, nil, 0},
		{"healthy: ticket, token, signature, join with media", "ms", 0, 99, doctor("join.media", ticketSettings, well), sdk(tokenSettings, well), 1.5},
		{"server that drops SYNs", "s", 5, 3, doctor("SERVER_TIMEOUT", tokenSettings, dropped), nil, 0},
		{"server that accepts and is silent", "s", 6, 3, doctor("SERVER_SILENT", tokenSettings, silent), nil, 0},
		{"ticket service that drops SYNs", "s", 0, 3, doctor("TICKET_TIMEOUT", ticketSettings, unticketed), nil, 0},
		{"peak memory, healthy with a ticket", "MiB", 60, 7, doctor("join.media", ticketSettings, well), sdk(tokenSettings, well), 0},
		{"peak memory, --media", "MiB", 100, 3, doctor("join.publish", ticketSettings, well, "--media"), nil, 0},
		{"peak memory, version", "MiB", 0, 7, version, nil, 0},
		{fmt.Sprintf("%d at once, each with its own right answer", crowd), "s", 0, 3, func(d string) (ran, error) { return b.consult(d, well) }, nil, 0},
		{"join.browser and join.api add", "ms", 15, 21, added(well), nil, 0},
		{"an agent that comes", "s", 2, 7, doctor("join.agent", ticketSettings, there, "--force-join"), nil, 0},
		{"no worker for the agent", "s", 6, 3, doctor("AGENT_NO_WORKER", ticketSettings, nobodys, "--force-join"), nil, 0},
	}
	for _, rtt := range []int{25, 50, 100, 200} {
		// The SDK does not wait until its leave arrives, so its participant may still be present.
		away := startWith(b.tb, Options{RTT: time.Duration(rtt) * time.Millisecond})
		name := fmt.Sprintf("round trip of %d ms: ", rtt)
		list = append(list,
			row{name + "dev token", "ms", 0, 7, doctor("fallback.join", configured, away), sdk(tokenSettings, away), 0},
			row{name + "ticket", "ms", 0, 7, doctor("join.media", ticketSettings, away, "--force-join"), sdk(ticketSettings, away), 0},
			row{name + "join.browser and join.api add", "ms", 15, 21, added(away), nil, 0})
	}
	return list
}

// crowd is the number of concurrent runs.
const crowd = 16

// consult starts a crowd of runs with different identities, three of four with a bad
// token, and returns the time until all have ended with the right diagnosis.
func (b *bench) consult(doctor string, l *Lab) (ran, error) {
	var all sync.WaitGroup
	failures := make(chan error, crowd)
	begun := time.Now()
	for i := range crowd {
		identity := fmt.Sprintf("patient-%d", i)
		c, secret, cause := Participant(l.Pair, l.Room, identity, begun), l.Pair.Secret, ""
		switch i % 4 {
		case 1:
			secret, cause = NewPair().Secret, "SIGNATURE_MISMATCH"
		case 2:
			c["exp"], cause = begun.Add(-time.Hour).Unix(), "TOKEN_EXPIRED"
		case 3:
			delete(c.video(), "roomJoin")
			cause = "TOKEN_NO_ROOM_JOIN"
		}
		settings := append(configured(l), "LIVEKIT_TOKEN="+Sign(c, secret))
		all.Go(func() {
			out, err := must(cause)(b.run(doctor, settings, "--json"))
			if err == nil && out.Target.Identity != identity {
				err = fmt.Errorf("%s was told about %s", identity, out.Target.Identity)
			}
			if err != nil {
				failures <- err
			}
		})
	}
	all.Wait()
	close(failures)
	return ran{took: time.Since(begun)}, <-failures
}

// BenchmarkDoctor measures whole runs of the lkdoctor binary that LKDOCTOR names and
// prints a table with its targets. It alternates with LiveKit's Go SDK and the binary
// that BASE names, so that ratios are of pairs. A value over its target does not fail
// the benchmark; a failed measurement does.
func BenchmarkDoctor(b *testing.B) {
	doctor := os.Getenv("LKDOCTOR")
	if doctor == "" {
		b.Skip("LKDOCTOR names no lkdoctor: make bench")
	}
	dir := b.TempDir()
	s := &bench{tb: b, doctor: doctor, base: os.Getenv("BASE"), sdkjoin: filepath.Join(dir, "sdkjoin"), dir: dir}
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", s.sdkjoin, "./testdata/sdkjoin").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	var table bytes.Buffer
	out := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "%s/%s, %d cores\tmin\tmedian\tmax\ttarget\t\tSDK\t/ SDK\tBASE\t/ BASE\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	for _, r := range s.rows() {
		var line string
		if b.Run(r.name, func(b *testing.B) { line = s.measure(b, r) }) && line != "" {
			fmt.Fprintln(out, line)
		}
	}
	_ = out.Flush()
	fmt.Printf("\n%s\n", &table)
}

// measure measures one row and returns its line of the table.
func (s *bench) measure(b *testing.B, r row) string {
	var ours, base, sdk, overBase, overSDK []float64
	for range min(b.N, r.times) {
		measured := func(run func() (ran, error)) float64 {
			out, err := run()
			if err != nil {
				b.Fatal(err)
			}
			return r.value(out)
		}
		v := measured(func() (ran, error) { return r.run(s.doctor) })
		ours = append(ours, v)
		if s.base != "" {
			other := measured(func() (ran, error) { return r.run(s.base) })
			base, overBase = append(base, other), append(overBase, v/other)
		}
		if r.sdk != nil {
			other := measured(r.sdk)
			sdk, overSDK = append(sdk, other), append(overSDK, v/other)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ours), r.unit)
	figure := func(v float64) string { return fmt.Sprintf("%.4g %s", v, r.unit) }
	line := []string{r.name, figure(slices.Min(ours)), figure(median(ours)), figure(slices.Max(ours)), "", "", "", "", "", ""}
	if r.most > 0 {
		line[4], line[5] = "≤ "+figure(r.most), map[bool]string{true: "ok", false: "OVER"}[median(ours) <= r.most]
	}
	if r.mostSDK > 0 {
		line[4], line[5] = fmt.Sprintf("≤ %.4g × SDK", r.mostSDK), map[bool]string{true: "ok", false: "OVER"}[median(overSDK) <= r.mostSDK]
	}
	for i, other := range [][2][]float64{{sdk, overSDK}, {base, overBase}} {
		if other[0] != nil {
			line[6+2*i], line[7+2*i] = figure(median(other[0])), fmt.Sprintf("%.3f", median(other[1]))
		}
	}
	return strings.Join(line, "\t")
}

// median returns the median of list.
func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
