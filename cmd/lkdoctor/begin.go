package main

import (
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"lkdoctor/config"
	"lkdoctor/config/clean"
	"lkdoctor/tui"
)

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
