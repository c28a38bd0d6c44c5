package lab

import (
	"context"
	"maps"
	"os"
	"path/filepath"
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

// unticket leaves out all that concerns tickets.
func (e Env) unticket() { e.unset("USER_MGMT_BASE_URL", "LKDOCTOR_TICKET") }

// lines is the environment as an env file.
func (e Env) lines() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(e)) {
		b.WriteString(name + "=" + e[name] + "\n")
	}
	return b.String()
}

func (l *Lab) makeEnviron(context.Context) error {
	l.environ = Env{
		"LIVEKIT_URL":        l.URL,
		"LIVEKIT_API_KEY":    l.Pair.Key,
		"LIVEKIT_API_SECRET": l.Pair.Secret,
		"USER_MGMT_BASE_URL": l.TicketURL,
		"LKDOCTOR_TICKET":    l.ticket,
	}
	if l.plan.environ != nil {
		return l.plan.environ(l, l.environ)
	}
	return nil
}

// Environ is the environment of the program under test, as KEY=VALUE, sorted. It holds
// the lab's settings only; remove the caller's own LIVEKIT_* and similar variables with
// Scrub.
func (l *Lab) Environ() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for _, name := range slices.Sorted(maps.Keys(l.environ)) {
		list = append(list, name+"="+l.environ[name])
	}
	return list
}

// Renew issues a new ticket, in the same state as the one before, puts it into
// Environ where there was one, and returns it: a ticket is good for one run
// only.
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

// Scrub removes from a process environment every variable that would change
// what the program under test sees of the lab.
func Scrub(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		for _, prefix := range []string{"LIVEKIT_", "LKDOCTOR_", "LK_", "USER_MGMT_", "NEXT_PUBLIC_", "VITE_", "REACT_APP_"} {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
		return name == "NODE_ENV"
	})
}

// trust writes the authority's certificate to a file and makes the program under test
// trust it.
func (l *Lab) trust(e Env) error {
	file := filepath.Join(l.dir, "lab-ca.pem")
	e["SSL_CERT_FILE"] = file
	return os.WriteFile(file, l.authority.PEM(), 0o600)
}

// write puts an env file into Dir, or into a folder below it.
func (l *Lab) write(name, text string) error {
	file := filepath.Join(l.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o600)
}
