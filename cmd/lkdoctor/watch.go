package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"lkdoctor/config"
)

// watchEvery is the interval at which the env files are examined.
const watchEvery = 500 * time.Millisecond

// watch sends a value when an env file was written, created or removed.
func (r *reruns) watch(ctx context.Context) <-chan struct{} {
	return watchFiles(ctx, r.exam.settings.Files, watchEvery)
}

// watchFiles sends a value when files have changed and then not changed for one
// interval, so that a file is not read while it is written. It closes the channel when
// ctx has ended.
func watchFiles(ctx context.Context, files []config.EnvFile, every time.Duration) <-chan struct{} {
	news := make(chan struct{})
	known := stamps(files)
	go func() {
		defer close(news)
		tick := time.NewTicker(every)
		defer tick.Stop()
		last := known
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			now := stamps(files)
			settled := now == last
			if last = now; !settled || now == known {
				continue
			}
			select {
			case news <- struct{}{}:
				known = now
			case <-ctx.Done():
				return
			}
		}
	}()
	return news
}

// stamps returns the sizes and times of the files that exist.
func stamps(files []config.EnvFile) string {
	var b strings.Builder
	for _, f := range files {
		if info, err := os.Stat(f.Path); err == nil {
			fmt.Fprintf(&b, "%s %d %d\n", f.Path, info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String()
}
