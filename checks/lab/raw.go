package lab

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// firstBytes is how much the raw servers read before they act.
const firstBytes = 4096

// silent reads what comes and never answers.
func silent(conn *net.TCPConn) { _, _ = io.Copy(io.Discard, conn) }

// reset waits for the first bytes and resets the connection, as a firewall or a crashing
// server does.
func reset(conn *net.TCPConn) {
	cut(conn)
	_ = conn.SetLinger(0)
}

// cut reads the first bytes and closes the connection, as something on the way does that
// interrupts TLS handshakes.
func cut(conn *net.TCPConn) { _, _ = conn.Read(make([]byte, firstBytes)) }

// ssh greets like an OpenSSH server.
func ssh(conn *net.TCPConn) {
	_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13\r\n")
	_, _ = conn.Read(make([]byte, firstBytes))
	_, _ = io.WriteString(conn, "Invalid SSH identification string.\r\n")
}

// redis answers the first line as a Redis server answers an unknown command. Like a real
// one, it closes the connection on "POST".
func redis(conn *net.TCPConn) {
	buffer := make([]byte, firstBytes)
	n, err := conn.Read(buffer)
	if command, _, _ := strings.Cut(string(buffer[:n]), " "); err == nil && command != "POST" {
		command, _, _ = strings.Cut(command, "\r\n")
		_, _ = fmt.Fprintf(conn, "-ERR unknown command '%s', with args beginning with: \r\n", command)
	}
}

// relayed copies bytes to and from target.
func relayed(target string) func(*net.TCPConn) {
	return func(conn *net.TCPConn) { splice(conn, nil, target, 0) }
}

// tlsOr relays connections that begin with a TLS handshake to secure, and the others to
// plain.
func tlsOr(secure, plain string) func(*net.TCPConn) {
	const handshake = 0x16 // RFC 8446 §5.1
	return func(conn *net.TCPConn) {
		first := make([]byte, 1)
		if _, err := conn.Read(first); err != nil {
			return
		}
		target := plain
		if first[0] == handshake {
			target = secure
		}
		splice(conn, first, target, 0)
	}
}

// RefusedAddr returns a loopback address at which connections are refused: a socket is
// bound to it and does not listen. Until release closes it, no other program gets the port.
func RefusedAddr() (addr string, release func() error, err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", nil, err
	}
	release = sync.OnceValue(func() error { return syscall.Close(fd) })
	err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	if err == nil {
		var at syscall.Sockaddr
		if at, err = syscall.Getsockname(fd); err == nil {
			return fmt.Sprintf("127.0.0.1:%d", at.(*syscall.SockaddrInet4).Port), release, nil
		}
	}
	return "", nil, errors.Join(err, release())
}

// blackholeFill is the most connections that are made to fill the queue. Linux admits one
// to a backlog of 0.
const blackholeFill = 16

// blackhole is an address that answers no SYN, as behind a firewall that drops packets. It
// needs neither privileges nor firewall rules: its socket listens with a backlog of 0 and
// never accepts. When its queue is full, Linux drops further SYNs (unless
// net.ipv4.tcp_abort_on_overflow is set).
func blackhole(l *Lab) (addr string, err error) {
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return "", err
	}
	l.keep(listener.Close)
	socket, err := listener.SyscallConn()
	if err != nil {
		return "", err
	}
	control := func(do func(fd int) error) error {
		var failed error
		err := socket.Control(func(fd uintptr) { failed = do(int(fd)) })
		return errors.Join(err, failed)
	}
	if err := control(func(fd int) error { return syscall.Listen(fd, 0) }); err != nil {
		return "", fmt.Errorf("make a blackhole: %w", err)
	}
	addr = listener.Addr().String()
	for range blackholeFill {
		conn, err := net.Dial("tcp4", addr)
		if err != nil {
			return "", err
		}
		l.keep(conn.Close)
		full := false
		err = control(func(fd int) error {
			// For a listening socket these are the length of its queue and the limit of it.
			queue, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
			full = err == nil && queue.Unacked > queue.Sacked
			return err
		})
		if err != nil || full {
			return addr, err
		}
	}
	return "", errors.New("the queue of the socket does not fill")
}
