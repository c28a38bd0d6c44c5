package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"lkdoctor/checks"
	"lkdoctor/checks/check"
	"lkdoctor/config"
	"lkdoctor/config/clean"
	"lkdoctor/tui"
)

// reruns are the runs of one TUI. Each starts from the settings of the command line, and
// may continue from the results of the run before.
type reruns struct {
	exam  *exam
	last  *checks.Case
	run   check.Run
	skips chan string // IDs of checks, read by the current run
}

// skip ends a check of the current run.
func (r *reruns) skip(id string) {
	select {
	case r.skips <- id:
	default: // the channel is full; the user can press the key again
	}
}

func (r *reruns) start(ctx context.Context, change tui.Change, observe func(check.Event)) check.Run {
	r.choose(change.Server)
	next := *r.exam
	if err := next.apply(change); err != nil {
		run := checks.Broken(r.exam.app.now(), next.app.redact.Hide(err.Error()))
		observe(check.Event{Kind: check.RunEnded, Run: &run})
		return run
	}
	c := next.newCase()
	for len(r.skips) > 0 {
		<-r.skips // of the run before
	}
	c.Skips = r.skips
	if change.Watched && change.Address == "" {
		c.Watch(r.last, r.run.Results)
	} else if change.From != "" && r.last != nil {
		c.Continue(r.last, r.run.Results, change.From)
	}
	r.run = next.once(ctx, c, observe)
	r.last = c
	return r.run
}

// apply reads the settings again, so that edited env files take effect, with what the
// user entered in place of the command line's values.
func (e *exam) apply(change tui.Change) error {
	in := e.inputs
	in.Flags = maps.Clone(in.Flags)
	if change.Token != "" {
		pasted, paste := fromPaste(change.Token)
		in.Flags["token"] = pasted
		e.options.Pasted, e.options.GivenURL = paste.Said, paste.URL
		e.options.TokenFromStdin = true
	}
	if change.Ticket != "" {
		in.Flags["ticket"] = change.Ticket
		delete(in.Flags, "token")
	}
	if change.Address != "" {
		in.Flags = map[string]string{"token": change.Address} // as pasted text with an address and no token
	}
	settings, err := config.Load(in)
	if err != nil {
		return err
	}
	if change.Address != "" {
		e.options = checks.Options{Only: []string{"join.reach"}, GivenURL: change.Address}
		for _, s := range []*config.Setting{&settings.URL, &settings.APIKey, &settings.APISecret, &settings.TicketService,
			&settings.Ticket} {
			*s = config.Setting{Name: s.Name, Flag: s.Flag, Sensitive: s.Sensitive}
		}
	}
	again := change.From == "" || change.From == check.StageEnv || change.From == check.StageTicket
	if change.NoTicket && again && !change.Watched {
		settings.Ticket = config.Setting{Name: settings.Ticket.Name, Flag: settings.Ticket.Flag, Sensitive: true}
	}
	e.settings = settings
	e.learn()
	return nil
}

// looked returns where the last run looked for settings.
func (r *reruns) looked() tui.Looked {
	s := r.exam.settings
	if r.last != nil {
		s = r.last.Settings
	}
	out := tui.Looked{Dir: clean.Line(s.Dir, 200)}
	for _, f := range s.Files {
		out.Files = append(out.Files, tui.LookedFile{Name: f.Name, There: f.Exists})
	}
	for _, p := range s.Projects {
		out.Projects = append(out.Projects, tui.LKProject{Name: clean.Line(p.Name, 60), URL: clean.URL(p.URL)})
	}
	return out
}

// choose makes all further runs check the server that the user chose when no settings
// were found.
func (r *reruns) choose(server tui.Server) {
	if server == (tui.Server{}) {
		return
	}
	next := *r.exam
	next.inputs.Project, next.inputs.Dev, next.options.Frontend = server.Project, server.Dev, server.Frontend
	for flag, value := range map[string]string{"--project": server.Project, "--frontend": server.Frontend} {
		if value != "" {
			next.options.Again = strings.TrimSpace(next.options.Again + " " + flag + " " + shellQuoted(clean.Line(value, 300)))
		}
	}
	if server.Dev {
		next.options.Again = strings.TrimSpace(next.options.Again + " --dev")
	}
	if settings, err := config.Load(next.inputs); err == nil {
		next.settings = settings
	}
	r.exam = &next
}

// language guesses the language of the program that made the token: from the answer with
// the token, else from the working directory.
func (r *reruns) language() string {
	if r.last != nil {
		if name := r.last.MadeWith(); name != "" {
			return name
		}
	}
	for _, sign := range [][2]string{
		{"pyproject.toml", "python"}, {"requirements.txt", "python"}, {"go.mod", "go"}, {"package.json", "node"},
	} {
		if _, err := os.Stat(filepath.Join(r.exam.app.dir, sign[0])); err == nil {
			return sign[1]
		}
	}
	return ""
}

// portWait is the time-out of a connection to a port of this machine.
const portWait = 300 * time.Millisecond

// listening returns those of the ports of this machine that accept a TCP connection. It
// sends nothing.
func listening(ports []int) []int {
	open := make([]bool, len(ports))
	var all sync.WaitGroup
	for i, port := range ports {
		all.Go(func() {
			conn, err := net.DialTimeout("tcp", net.JoinHostPort("localhost", strconv.Itoa(port)), portWait)
			if err == nil {
				open[i] = true
				_ = conn.Close()
			}
		})
	}
	all.Wait()
	var out []int
	for i, port := range ports {
		if open[i] {
			out = append(out, port)
		}
	}
	return out
}

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
