package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"lkdoctor/checks/lab"
)

// bench is what every section needs: the programs, a folder of its own, how
// often to measure, and the table that it fills.
type bench struct {
	doctor, sdkjoin, peak string
	dir                   string
	pairs                 int
	quick                 bool
	table                 table
}

// newBench builds the programs that lkdoctor is compared with. It needs the go
// command, and has to run inside the module.
func newBench(ctx context.Context, doctor string, pairs int, quick bool) (*bench, error) {
	path, err := exec.LookPath(doctor)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return nil, fmt.Errorf("find lkdoctor: %w", err)
	}
	dir, err := os.MkdirTemp("", "lkbench-")
	if err != nil {
		return nil, err
	}
	b := &bench{doctor: path, dir: dir, pairs: pairs, quick: quick,
		sdkjoin: filepath.Join(dir, "sdkjoin"), peak: filepath.Join(dir, "peak")}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", dir+"/",
		own("cmd/lkbench/sdkjoin"), own("cmd/lkbench/peak"))
	if out, err := build.CombinedOutput(); err != nil {
		b.close()
		return nil, fmt.Errorf("build the programs to compare with: %w\n%s", err, out)
	}
	return b, nil
}

func (b *bench) close() { _ = os.RemoveAll(b.dir) }

// few is how often something slow is measured.
func (b *bench) few() int {
	if b.quick {
		return 1
	}
	return 3
}

// some is how often something of middling length is measured.
func (b *bench) some() int { return max(3, b.pairs/3) }

// preamble says what the figures are worth.
func (b *bench) preamble() string {
	load := ""
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = ", load " + strings.Join(strings.Fields(string(text))[:1], "")
	}
	return fmt.Sprintf("lkdoctor on %s/%s, %d cores%s, %s. Whole processes, wall time from exec to exit; the lab's\n"+
		"server is up all the time, and warm. A target is met by the median; on a busy machine the minimum says more.\n",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), load, time.Now().Format("2 January 2006"))
}

// bare is the environment of a program under test: the lab's settings as given,
// and of the caller's own nothing that could change what it does.
func (b *bench) bare(settings ...string) []string {
	return append(lab.Scrub(os.Environ()), append([]string{"HOME=" + b.dir, "TERM=dumb"}, settings...)...)
}

// patient is lkdoctor with those settings and arguments, in an empty folder.
func (b *bench) patient(settings []string, args ...string) program {
	return program{path: b.doctor, args: args, env: b.bare(settings...), dir: b.dir}
}

// joiner is the bare join with those settings.
func (b *bench) joiner(settings []string) program {
	return program{path: b.sdkjoin, env: b.bare(settings...), dir: b.dir}
}
