//go:build unix

package tui

import (
	"bytes"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// Background asks the terminal whether its background is dark, and waits at most timeout
// for the answer (150 ms is enough). Without an answer it returns dark, not known, since
// most terminals are dark. What the user types meanwhile is lost, so call it before
// anything is shown. Ctrl+C still raises SIGINT.
func Background(tty *os.File, timeout time.Duration) (dark, known bool) {
	fd := int(tty.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return true, false
	}
	defer func() { _ = term.Restore(fd, before) }()
	if _, err := unix.Write(fd, []byte(backgroundQuery)); err != nil {
		return true, false
	}
	data := answers(fd, time.Now().Add(timeout))
	if bytes.IndexByte(data, ctrlC) >= 0 {
		_ = unix.Kill(unix.Getpid(), unix.SIGINT)
	}
	return backgroundOf(data)
}

// ctrlC is the byte that Ctrl+C sends in raw mode. No answer of a terminal holds it.
const ctrlC = 3

// answers reads until the last answer or the deadline. After the deadline it reads what
// has arrived, so that no rest of an answer is taken for key presses.
func answers(fd int, deadline time.Time) []byte {
	var data []byte
	buf := make([]byte, 256)
	for !answersEnd(data) && bytes.IndexByte(data, ctrlC) < 0 && len(data) < 4096 {
		left := max(0, time.Until(deadline))
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int((left+time.Millisecond-1)/time.Millisecond))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			break
		}
		n, err = unix.Read(fd, buf)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) {
			continue
		}
		if err != nil || n <= 0 {
			break
		}
		data = append(data, buf[:n]...)
	}
	return data
}
