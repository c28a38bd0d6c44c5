package lab

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Env is an environment.
type Env map[string]string

// unset removes variables.
func (e Env) unset(names ...string) {
	for _, name := range names {
		delete(e, name)
	}
}

// list returns the variables as NAME=value, sorted.
func (e Env) list() (list []string) {
	for _, name := range slices.Sorted(maps.Keys(e)) {
		list = append(list, name+"="+e[name])
	}
	return list
}

// lines returns the environment as an env file.
func (e Env) lines() string { return strings.Join(append(e.list(), ""), "\n") }

func (l *Lab) makeEnviron(context.Context) error {
	l.environ = Env{
		"LIVEKIT_URL":        l.URL,
		"LIVEKIT_API_KEY":    l.Pair.Key,
		"LIVEKIT_API_SECRET": l.Pair.Secret,
		"USER_MGMT_BASE_URL": l.TicketURL,
		"LKDOCTOR_TICKET":    l.ticket,
	}
	if l.plan.trusted {
		l.environ["SSL_CERT_FILE"] = filepath.Join(l.dir, authorityFile)
		l.files[authorityFile] = string(l.authority.PEM())
	}
	for _, change := range l.plan.environ {
		change(l, l.environ)
	}
	for name, text := range l.files {
		file := filepath.Join(l.dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			return err
		}
	}
	return nil
}

// authorityFile is the file in Dir with the certificate of the lab's authority.
const authorityFile = "lab-ca.pem"

// Environ returns the environment of the program under test, as KEY=VALUE, sorted. It
// holds the lab's settings only; Scrub removes the caller's LIVEKIT_* and similar
// variables.
func (l *Lab) Environ() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.environ.list()
}

// Renew issues a new ticket in the state of the old one, replaces that in Environ, and
// returns it: a ticket is good for one run only.
func (l *Lab) Renew() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.ticket
	if l.Tickets != nil {
		l.ticket = l.Tickets.Issue(l.plan.ticketState)
	} else {
		l.ticket = newTicket()
	}
	if l.environ["LKDOCTOR_TICKET"] == old {
		l.environ["LKDOCTOR_TICKET"] = l.ticket
	}
	return l.ticket
}

var ours = regexp.MustCompile(`^(LIVEKIT|LKDOCTOR|LK|USER_MGMT|NEXT_PUBLIC|VITE|REACT_APP)_`)

// Scrub removes from a process environment every variable that would change what the
// program under test sees of the lab.
func Scrub(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return name == "NODE_ENV" || ours.MatchString(name)
	})
}
