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

// firstBytes is how much the raw servers read before they act.
const firstBytes = 4096

// Silent accepts connections, reads what comes and never answers.
func Silent() (*Peer, error) {
	return serveRaw(freePort, func(conn *net.TCPConn) { _, _ = io.Copy(io.Discard, conn) })
}

// Reset accepts connections, waits for the first bytes and resets the connection, as a
// firewall or a crashing server does.
func Reset() (*Peer, error) {
	return serveRaw(freePort, func(conn *net.TCPConn) {
		_, _ = conn.Read(make([]byte, firstBytes))
		_ = conn.SetLinger(0)
	})
}

// Cut accepts connections, reads the first bytes and closes the connection, as something
// on the way does that interrupts TLS handshakes.
func Cut() (*Peer, error) {
	return serveRaw(freePort, func(conn *net.TCPConn) { _, _ = conn.Read(make([]byte, firstBytes)) })
}

// SSH greets like an OpenSSH server.
func SSH() (*Peer, error) {
	return serveRaw(freePort, func(conn *net.TCPConn) {
		_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13\r\n")
		_, _ = conn.Read(make([]byte, firstBytes))
		_, _ = io.WriteString(conn, "Invalid SSH identification string.\r\n")
	})
}

// Redis answers the first line as a Redis server answers an unknown command. Like a real
// one, it closes the connection on "POST".
func Redis() (*Peer, error) {
	return serveRaw(freePort, func(conn *net.TCPConn) {
		buffer := make([]byte, firstBytes)
		n, err := conn.Read(buffer)
		if command, _, _ := strings.Cut(string(buffer[:n]), " "); err == nil && command != "POST" {
			command, _, _ = strings.Cut(command, "\r\n")
			_, _ = fmt.Fprintf(conn, "-ERR unknown command '%s', with args beginning with: \r\n", command)
		}
	})
}

// Relay listens at addr, an address of loopback, and copies bytes to and from target.
func Relay(addr, target string) (*Peer, error) {
	return serveRaw(addr, func(conn *net.TCPConn) { copyBoth(conn, nil, target) })
}

// TLSOr relays connections that begin with a TLS handshake to secure, and the others to
// plain.
func TLSOr(secure, plain string) (*Peer, error) {
	const handshake = 0x16 // RFC 8446 §5.1
	return serveRaw(freePort, func(conn *net.TCPConn) {
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

// copyBoth copies between conn and target until either ends; first was read from conn
// already. A reset of target resets conn.
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

// Blackhole is a loopback address that answers no SYN, as behind a firewall that drops
// packets.
type Blackhole struct {
	Addr string
	fd   int
	held []net.Conn
}

// blackholeFill is the most connections that are made to fill the queue. Linux admits one
// to a backlog of 0.
const blackholeFill = 16

// NewBlackhole makes one without privileges or firewall rules: a socket that listens with
// a backlog of 0 and never accepts. When its queue is full, Linux drops further SYNs
// (unless net.ipv4.tcp_abort_on_overflow is set).
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
