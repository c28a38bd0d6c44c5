package lab

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// program is a livekit-server in another process.
type program struct {
	command *exec.Cmd
	log     *tail
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
	p := &program{command: exec.Command(found), log: &tail{}}
	// The caller's LIVEKIT_ variables would change the server. The configuration is in
	// the environment, which other users cannot read.
	p.command.Env = []string{"LIVEKIT_CONFIG=" + yaml, "LIVEKIT_KEYS=" + strings.Join(pairs, "\n")}
	p.command.Stdout, p.command.Stderr = p.log, p.log
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	return p, nil
}

// Start waits until the process has ended. It returns nil if a signal ended it, and an
// error that is [syscall.EADDRINUSE] if another program took one of its ports.
func (p *program) Start() error {
	err := p.command.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && !exit.Exited() {
		return nil
	}
	log := p.log.String()
	if strings.Contains(log, syscall.EADDRINUSE.Error()) {
		err = fmt.Errorf("%w: %w", err, syscall.EADDRINUSE)
	}
	return fmt.Errorf("%s ended (%w): %s", p.command.Path, err, log)
}

// IsRunning reports true: the caller asks the port whether it answers.
func (p *program) IsRunning() bool { return true }

// Stop kills the process.
func (p *program) Stop(bool) { _ = p.command.Process.Kill() }

// tail keeps the end of the output of a process.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// tailCap is how many bytes tail keeps.
const tailCap = 2 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - tailCap; over > 0 {
		t.text = bytes.Clone(t.text[over:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
