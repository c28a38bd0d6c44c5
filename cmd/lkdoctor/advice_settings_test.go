package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
)

// TestAdviceOnSettingsLeadsOut applies the first fix for each fault of the settings and
// runs again, until the run passes or nothing can be applied. No state may occur twice.
func TestAdviceOnSettingsLeadsOut(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, TestEveryFaultInEveryFace alone examines a fault a check")
	}
	// The fix needs a value or a decision from the user.
	byHand := []string{"url-missing", "key-missing", "secret-missing", "secret-missing-ticket", "unconfigured", "url-placeholder", "url-undefined",
		"url-reference", "placeholder", "secret-exposed", "name-exposed", "ticket-url-missing", "ticket-url-undefined"}
	// The corrected port is not the lab's.
	another := map[string]finding.Code{"url-port": finding.ServerRefused}
	for _, fault := range lab.Faults() {
		if len(fault.Want) == 0 || !slices.ContainsFunc(fault.Want, func(c finding.Code) bool { return strings.HasPrefix(string(c), "ENV_") }) ||
			fault.Owner != finding.OwnerConfig {
			continue
		}
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			run, applied := newUser(t, startLab(t, fault.Name)).follows()
			cause, by := run.Diagnosis.RootCause, slices.Contains(byHand, fault.Name)
			if run.ExitCode != check.ExitOK && !by && cause.Code != another[fault.Name] {
				root, _ := run.Root()
				t.Errorf("nothing can be done about %s: %s", root.Message, root.Fixes[0].Text)
			}
			if by == (applied > 0) {
				t.Errorf("%d steps were taken; by hand: %v", applied, by)
			}
		})
	}
}

// TestNoAdviceGoesInACircle does the same for the other faults of the user's, where most
// advice is for a person.
func TestNoAdviceGoesInACircle(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, TestEveryFaultInEveryFace alone examines a fault a check")
	}
	others := func(f lab.Fault) bool {
		// The lab's ticket service has no TLS.
		return f.Owner == finding.OwnerConfig && f.Name != "ticket-to-https" && !strings.HasPrefix(string(f.Want[0]), "ENV_")
	}
	for _, fault := range onePerCause(others) {
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			newUser(t, startLab(t, fault.Name)).follows()
		})
	}
}

func asText(fact any) string { text, _ := fact.(string); return text }

// A user does what a fix says, and nothing else.
type user struct {
	t    *testing.T
	lab  *lab.Lab
	env  map[string]string // of the shell
	args []string
}

func newUser(t *testing.T, l *lab.Lab) *user {
	u := &user{t: t, lab: l, env: map[string]string{}, args: l.Args()}
	for _, entry := range l.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		u.env[name] = value
	}
	return u
}

// follows applies the first fix and runs again, until nothing is wrong or nothing can be
// applied. It returns the last run and the number of fixes. No state may occur twice.
func (u *user) follows() (run check.Run, applied int) {
	u.t.Helper()
	seen := map[string]bool{}
	for {
		run = u.examine()
		root, found := run.Root()
		if !found {
			return run, applied
		}
		state := string(root.Code) + " " + root.Variant + " " + asText(root.Facts["setting"]) + " " + asText(root.Facts["file"])
		if seen[state] {
			u.t.Fatalf("the advice leads in a circle, to %s: %s", state, root.Message)
		}
		seen[state] = true
		// The lab's app reads its settings only when it starts.
		if root.Owner != finding.OwnerConfig || run.Diagnosis.RootCause.Check == "ticket.frontend" || !u.does(root) {
			return run, applied
		}
		applied++
	}
}

func (u *user) examine() check.Run {
	u.t.Helper()
	if old, has := u.env["LKDOCTOR_TICKET"]; has && old != "" {
		u.env["LKDOCTOR_TICKET"] = u.lab.Renew()
	}
	var environ []string
	for _, name := range slices.Sorted(maps.Keys(u.env)) {
		environ = append(environ, name+"="+u.env[name])
	}
	_, events := examinedBy(u.t, u.lab, examWith(u.t, u.lab, environ, u.args, ""))
	return *events[len(events)-1].Run
}

// does applies the first fix of f, and reports whether it could.
func (u *user) does(f check.Finding) bool {
	setting, variable, fix := asText(f.Facts["setting"]), asText(f.Facts["variable"]), f.Fixes[0]
	switch f.Code {
	case finding.EnvNameNearMiss, finding.EnvURLMissing, finding.EnvKeyMissing, finding.EnvSecretMissing, finding.EnvTicketURLMissing:
		switch f.Variant {
		case "near-miss", "rename":
			return u.set(setting, u.take(variable))
		case "server-keys":
			key, secret, _ := strings.Cut(u.take("LIVEKIT_KEYS"), ": ")
			return u.set("LIVEKIT_API_KEY", key) && u.set("LIVEKIT_API_SECRET", secret)
		}
	case finding.EnvValueQuoted, finding.EnvValueWhitespace:
		return u.set(setting, strings.Map(func(r rune) rune {
			if r == '"' || r == '\'' || r == '\n' || r == '\r' || r == ' ' || r == '\u200b' {
				return -1
			}
			return r
		}, u.env[setting]))
	case finding.EnvValueExpanded:
		source := asText(f.Facts["source"])
		_, rest, _ := strings.Cut(read(u.t, filepath.Join(u.lab.Dir(), source)), setting+"=")
		value, _, _ := strings.Cut(rest, "\n")
		switch f.Variant {
		case "hash-refused":
			return u.edit(source, value, `"`+value+`"`)
		case "dollar-refused":
			return u.edit(source, value, strings.ReplaceAll(value, "$", `\$`))
		}
	case finding.EnvKeySecretSwapped:
		key := u.env["LIVEKIT_API_KEY"]
		return u.set("LIVEKIT_API_KEY", u.env["LIVEKIT_API_SECRET"]) && u.set("LIVEKIT_API_SECRET", key)
	case finding.EnvValueEmptied:
		if f.Variant == "file" {
			return u.edit(asText(f.Facts["source"]), setting+"=\n", "")
		}
	}
	if u.command(fix.Command) {
		return true
	}
	done := false
	for _, block := range fix.Code {
		for _, m := range assignment.FindAllStringSubmatch(block.Text, -1) {
			if isSettings(block.Lang) && !example.MatchString(m[2]) {
				done = u.set(m[1], m[2])
			}
		}
	}
	return done
}

// isSettings reports whether a block of that language holds lines of an env file or a shell.
func isSettings(lang string) bool {
	return lang == "env" || lang == "shell" || strings.Contains(lang, ".env")
}

var (
	assignment = regexp.MustCompile(`(?m)^(?:export )?([A-Z][A-Z0-9_]*)=(.*)$`)
	// example matches values that must be replaced by the user.
	example = regexp.MustCompile(`^the-|abc123|example\.com|…|\.\.\.|^http://127\.0\.0\.1:8000$|^$`)
)

// command runs a command that changes settings or arguments, and reports whether it did.
func (u *user) command(command string) bool {
	words := strings.Fields(command)
	switch {
	case len(words) == 2 && words[0] == "unset":
		u.take(words[1])
		return true
	case len(words) == 3 && words[0] == "lkdoctor" && (words[1] == "--dir" || words[1] == "--mode"):
		u.args = append(slices.Clone(u.args), words[1:]...)
		return true
	case len(words) > 1 && (words[0] == "perl" || words[0] == "("):
		sh := exec.CommandContext(u.t.Context(), "sh", "-c", command)
		sh.Dir = u.lab.Dir()
		if out, err := sh.CombinedOutput(); err != nil {
			u.t.Fatalf("%s: %v: %s", command, err, out)
		}
		return true
	}
	return false
}

func (u *user) take(name string) string {
	value := u.env[name]
	delete(u.env, name)
	return value
}

// set changes a setting in the env file that sets it, or otherwise in the shell.
func (u *user) set(name, value string) bool {
	if _, has := u.env[name]; !has {
		for _, file := range []string{".env.local", ".env"} {
			content, _ := os.ReadFile(filepath.Join(u.lab.Dir(), file))
			for _, line := range strings.Split(string(content), "\n") {
				if strings.HasPrefix(line, name+"=") {
					return u.edit(file, line, name+"="+value)
				}
			}
		}
	}
	u.env[name] = value
	return value != ""
}

func (u *user) edit(file, old, text string) bool {
	path := filepath.Join(u.lab.Dir(), filepath.Base(file))
	content := read(u.t, path)
	if !strings.Contains(content, old) {
		u.t.Fatalf("%s does not hold %q", file, old)
	}
	write(u.t, path, strings.Replace(content, old, text, 1))
	return true
}
