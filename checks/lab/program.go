package lab

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"syscall"
)

// program is a livekit-server in another process.
type program struct {
	command *exec.Cmd
	log     tail
}

// newProgram starts the livekit-server at path, of any version.
func newProgram(path, yaml string, keys map[string]string) (runner, error) {
	found, err := exec.LookPath(path)
	if err != nil {
		return nil, err
	}
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		pairs = append(pairs, key+": "+keys[key])
	}
	p := &program{command: exec.Command(found)}
	// The caller's LIVEKIT_ variables would change the server. The configuration is in
	// the environment, which other users cannot read.
	p.command.Env = []string{"LIVEKIT_CONFIG=" + yaml, "LIVEKIT_KEYS=" + strings.Join(pairs, "\n")}
	p.command.Stdout, p.command.Stderr = &p.log, &p.log
	return p, p.command.Start()
}

// Start waits until the process has ended. It returns nil if a signal ended it, and an
// error that is [syscall.EADDRINUSE] if another program took one of its ports.
func (p *program) Start() error {
	err := p.command.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && !exit.Exited() {
		return nil
	}
	log := strings.TrimSpace(string(p.log))
	if strings.Contains(log, syscall.EADDRINUSE.Error()) {
		err = fmt.Errorf("%w: %w", err, syscall.EADDRINUSE)
	}
	return fmt.Errorf("%s ended (%w): %s", p.command.Path, err, log)
}

// IsRunning reports true: the caller asks the port whether it answers.
func (p *program) IsRunning() bool { return true }

// Stop kills the process.
func (p *program) Stop(bool) { _ = p.command.Process.Kill() }

// tail keeps the end of the output of a process, of which os/exec writes stdout and stderr
// in one goroutine if they are the same writer.
type tail []byte

// tailCap is how many bytes tail keeps.
const tailCap = 2 << 10

func (t *tail) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	*t = bytes.Clone((*t)[max(0, len(*t)-tailCap):])
	return len(p), nil
}
