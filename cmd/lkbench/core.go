package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

// coreRows are the benchmarks of the tests that have a target, and what they
// are called here; the target is in milliseconds.
var coreRows = [...]struct {
	benchmark, name string
	most            float64
}{
	{"BenchmarkChecks/good", "all token checks of a good token", 1},
	{"BenchmarkChecks/quoted", "all token checks, secret in quotes (explained)", 1},
	{"BenchmarkChecks/wrong", "all token checks, every variant tried, none fits", 5},
	{"BenchmarkExplainNothing", "why a signature is wrong, 3 secrets, nothing found", 5},
	{"BenchmarkExplainNewline", "why a signature is wrong, a newline", 5},
	{"BenchmarkLoad", "4 env files of 1,000 lines each", 20},
}

// measureCore runs the benchmarks of the packages that do the thinking, one
// processor only.
func measureCore(ctx context.Context, b *bench) error {
	command := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark(Checks|ExplainNothing|ExplainNewline|Load)$",
		"-cpu", "1", "-benchtime", "100ms", "-count", strconv.Itoa(2+b.few()), own("checks/token"), own("config"))
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("go test -bench: %w\n%s", err, out)
	}
	found := benchmarks(out)
	for _, r := range coreRows {
		if len(found[r.benchmark]) == 0 {
			return fmt.Errorf("there is no %s", r.benchmark)
		}
		b.table.add(r.name, inMillis, found[r.benchmark], r.most)
	}
	return nil
}

// own is the import path of a package of this module, whatever its name.
func own(pkg string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "lkdoctor/" + pkg
	}
	return info.Main.Path + "/" + pkg
}

// benchmarks reads what go test -bench prints: name, iterations, and figures
// with their units. It keeps the times, in milliseconds.
func benchmarks(out []byte) map[string]samples {
	found := map[string]samples{}
	scanner := bufio.NewScanner(bytes.NewReader(out))
	for scanner.Scan() {
		fields := strings.Fields(scanner.Text())
		at := slices.Index(fields, "ns/op")
		if at < 2 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		if ns, err := strconv.ParseFloat(fields[at-1], 64); err == nil {
			found[fields[0]] = append(found[fields[0]], millis(time.Duration(ns)))
		}
	}
	return found
}
