package lab

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Silent accepts connections, reads what comes and never answers.
func Silent() (*Peer, error) {
	return serveRaw(func(conn *net.TCPConn) { _, _ = io.Copy(io.Discard, conn) })
}

// Reset accepts connections, waits for the first bytes and cuts the connection
// with an RST, as a firewall or a crashing server does.
func Reset() (*Peer, error) {
	return serveRaw(func(conn *net.TCPConn) {
		_, _ = conn.Read(make([]byte, 4096))
		_ = conn.SetLinger(0)
	})
}

// Cut accepts connections, reads the first bytes and hangs up without a word,
// which is how a TLS handshake looks that something on the way breaks off.
func Cut() (*Peer, error) {
	return serveRaw(func(conn *net.TCPConn) { _, _ = conn.Read(make([]byte, 4096)) })
}

// SSH greets like an OpenSSH server.
func SSH() (*Peer, error) {
	return serveRaw(func(conn *net.TCPConn) {
		_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13\r\n")
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, "Invalid SSH identification string.\r\n")
	})
}

// Redis answers every line as a Redis server answers a command that it does
// not know. (A real one hangs up on "POST" and "Host:" lines, its guard against
// cross-protocol attacks.)
func Redis() (*Peer, error) {
	return serveRaw(func(conn *net.TCPConn) {
		buffer := make([]byte, 4096)
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		line, _, _ := strings.Cut(string(buffer[:n]), "\r\n")
		command, _, _ := strings.Cut(line, " ")
		if command == "POST" {
			return
		}
		_, _ = fmt.Fprintf(conn, "-ERR unknown command '%s', with args beginning with: \r\n", command)
	})
}

// Relay listens at addr, an address of loopback, and copies bytes to and from
// target.
func Relay(addr, target string) (*Peer, error) {
	return serveRawAt(addr, func(conn *net.TCPConn) { copyBoth(conn, nil, target) })
}

// TLSOr hands connections that begin with a TLS handshake to secure, and the
// others to plain, as nginx and Go do on an HTTPS port.
func TLSOr(secure, plain string) (*Peer, error) {
	const handshake = 0x16 // RFC 8446 §5.1
	return serveRaw(func(conn *net.TCPConn) {
		first := make([]byte, 1)
		if _, err := conn.Read(first); err != nil {
			return
		}
		target := plain
		if first[0] == handshake {
			target = secure
		}
		copyBoth(conn, first, target)
	})
}

// copyBoth joins conn to target until either ends; first was read already. What
// ends with a reset there ends with a reset here.
func copyBoth(conn *net.TCPConn, first []byte, target string) {
	other, err := net.Dial("tcp4", target)
	if err != nil {
		return
	}
	defer other.Close()
	var there sync.WaitGroup
	there.Go(func() {
		defer other.Close()
		if _, err := other.Write(first); err == nil {
			_, _ = io.Copy(other, conn)
		}
	})
	if _, err := io.Copy(conn, other); errors.Is(err, syscall.ECONNRESET) {
		_ = conn.SetLinger(0)
	}
	_ = conn.Close()
	there.Wait()
}

// RefusedAddr returns a loopback address on which no program listens, so that
// connections are refused. A program may listen there later.
func RefusedAddr() (string, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// Blackhole is a loopback address that leaves every SYN unanswered, as a
// firewall that drops packets does.
type Blackhole struct {
	Addr string
	fd   int
	held []net.Conn
}

// blackholeFill bounds how many connections are made to fill the queue. Linux
// admits one to a backlog of 0.
const blackholeFill = 16

// NewBlackhole makes one without privileges or firewall rules: a socket that
// listens with a backlog of 0 and never accepts. Once its queue is full, Linux
// drops further SYNs (net.ipv4.tcp_abort_on_overflow being 0, its default).
func NewBlackhole() (*Blackhole, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	syscall.CloseOnExec(fd)
	b := &Blackhole{fd: fd}
	if err := b.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("make a blackhole: %w", err), b.Close())
	}
	return b, nil
}

func (b *Blackhole) open() error {
	if err := syscall.Bind(b.fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if err := syscall.Listen(b.fd, 0); err != nil {
		return os.NewSyscallError("listen", err)
	}
	name, err := syscall.Getsockname(b.fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	b.Addr = loopback(name.(*syscall.SockaddrInet4).Port)
	for range blackholeFill {
		conn, err := net.Dial("tcp4", b.Addr)
		if err != nil {
			return err
		}
		b.held = append(b.held, conn)
		// For a listening socket these are the length of its queue and the limit of it.
		queue, err := unix.GetsockoptTCPInfo(b.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return os.NewSyscallError("getsockopt", err)
		}
		if queue.Unacked > queue.Sacked {
			return nil
		}
	}
	return errors.New("the queue of the socket does not fill")
}

// Close frees the address. It may be called twice.
func (b *Blackhole) Close() error {
	for _, conn := range b.held {
		_ = conn.Close()
	}
	b.held = nil
	if b.fd < 0 {
		return nil
	}
	fd := b.fd
	b.fd = -1
	return os.NewSyscallError("close", syscall.Close(fd))
}
