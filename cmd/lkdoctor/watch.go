package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"lkdoctor/config"
)

// watchEvery is how often the env files are looked at.
const watchEvery = 500 * time.Millisecond

// watch tells when one of the env files was written, made or removed.
func (r *reruns) watch(ctx context.Context) <-chan struct{} {
	return watchFiles(ctx, r.exam.settings.Files, watchEvery)
}

// watchFiles sends when files have changed and then stood still for once, so
// that one that is being written is not read; and closes the channel when ctx
// has ended.
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

// stamps are the sizes and times of files, as far as they are there.
func stamps(files []config.EnvFile) string {
	var b strings.Builder
	for _, f := range files {
		if info, err := os.Stat(f.Path); err == nil {
			fmt.Fprintf(&b, "%s %d %d\n", f.Path, info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String()
}
