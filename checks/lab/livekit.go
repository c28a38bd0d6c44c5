package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/livekit/livekit-server/pkg/config"
	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/livekit-server/pkg/telemetry/prometheus"
)

// LiveKitOptions configure an embedded livekit-server.
type LiveKitOptions struct {
	// Keys are API keys and their secrets; at least one.
	Keys map[string]string
	// RTC is added to the configuration's rtc section, as YAML in flow style without the
	// braces: "force_tcp: true". The server receives media at one UDP and one TCP port of
	// 127.0.0.1 in any case.
	RTC string
	// ExtraYAML is added to the server's configuration, at its top level.
	ExtraYAML string
	// Program is a livekit-server of any version to run in another process; empty runs
	// the one that is linked.
	Program string
}

// LiveKit is a real livekit-server, in this process or in another one.
type LiveKit struct {
	// URL is the WebSocket address, ws://127.0.0.1:port.
	URL string
	// Addr is its host and port.
	Addr string
	// TCPAddr and UDPAddr are where it receives media.
	TCPAddr, UDPAddr string

	server runner
	done   chan error
	stop   func() error
}

// runner runs a server, as *service.LivekitServer does. Start returns when the server has
// ended.
type runner interface {
	Start() error
	IsRunning() bool
	Stop(force bool)
}

// startAttempts is how often a start is repeated on other ports: another program may
// take a free port before the server does.
const startAttempts = 5

// StartLiveKit starts a server on free loopback ports and waits until it answers, which
// takes about 110 ms. ctx bounds the start only; the caller closes the server. The
// server logs nothing. Like any livekit-server without configured STUN servers, it
// sends its clients those of Google and Twilio.
func StartLiveKit(ctx context.Context, opts LiveKitOptions) (*LiveKit, error) {
	var err error
	for range startAttempts {
		var s *LiveKit
		if s, err = startLiveKit(ctx, opts); err == nil {
			return s, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return nil, fmt.Errorf("start livekit-server: %w", err)
}

func startLiveKit(ctx context.Context, opts LiveKitOptions) (*LiveKit, error) {
	s := &LiveKit{done: make(chan error, 1)}
	if err := s.findPorts(); err != nil {
		return nil, err
	}
	var err error
	if opts.Program != "" {
		s.server, err = newProgram(opts.Program, s.yaml(opts), opts.Keys)
	} else {
		s.server, err = newLinked(s.yaml(opts), opts.Keys)
	}
	if err != nil {
		return nil, err
	}
	s.stop = sync.OnceValue(func() error {
		s.server.Stop(true)
		return <-s.done
	})
	go func() { s.done <- s.server.Start() }()
	return s, s.wait(ctx)
}

// newLinked makes the server that is linked.
func newLinked(yaml string, keys map[string]string) (runner, error) {
	conf, err := config.NewConfig(yaml, true, nil, nil)
	if err != nil {
		return nil, err
	}
	// With Development, a second server would panic: both register a debug handler in
	// http.DefaultServeMux. Without InitLoggerFromConfig nothing is logged.
	conf.Keys = keys
	// The server never frees these buffers: with the default size, a server that has
	// stopped keeps 1 MB.
	conf.PSRPC.BufferSize = 100
	made, err := routing.NewLocalNode(conf)
	if err != nil {
		return nil, err
	}
	node := &countedNode{LocalNode: made}
	// The server crashes on the first join without this; a second call does nothing.
	if err := prometheus.Init(string(node.NodeID()), node.NodeType()); err != nil {
		return nil, err
	}
	server, err := service.InitializeServer(conf, node)
	if err != nil {
		return nil, err
	}
	return &linked{server, node}, nil
}

// countedNode is a node that stops measuring its load when it stops. livekit-server
// 1.13.5 continues to measure every two seconds.
type countedNode struct {
	routing.LocalNode
	stopped atomic.Bool
}

func (n *countedNode) UpdateNodeStats() bool {
	return !n.stopped.Load() && n.LocalNode.UpdateNodeStats()
}

// linked is the server that is linked, and its node.
type linked struct {
	*service.LivekitServer
	node *countedNode
}

func (l *linked) Stop(force bool) {
	l.LivekitServer.Stop(force)
	l.node.stopped.Store(true)
}

// wait returns when the server answers. Stop has no effect before IsRunning reports true,
// so a cancelled start waits for that, too.
func (s *LiveKit) wait(ctx context.Context) error {
	for {
		if s.server.IsRunning() {
			if ctx.Err() != nil {
				return errors.Join(ctx.Err(), s.Close())
			}
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Addr+"/", nil)
			if err != nil {
				return err
			}
			if response, err := unkept.Do(request); err == nil {
				_ = response.Body.Close()
				if response.StatusCode == http.StatusOK {
					return nil
				}
			}
		}
		select {
		case err := <-s.done:
			if err == nil {
				err = errors.New("it stopped by itself")
			}
			return err
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// Close stops the server immediately, without waiting for participants. It may be called
// twice.
func (s *LiveKit) Close() error { return s.stop() }

// yaml returns the server's configuration. Without ips, livekit-server 1.13.5 opens
// a socket on each interface and advertises node_ip for all of them. Any of them may then
// answer, and a TURN server drops an answer that is not from 127.0.0.1.
func (s *LiveKit) yaml(opts LiveKitOptions) string {
	port := func(addr string) string { return strings.TrimPrefix(addr, "127.0.0.1:") }
	return fmt.Sprintf(`
port: %s
bind_addresses: ["127.0.0.1"]
rtc: {tcp_port: %s, udp_port: %s, node_ip: 127.0.0.1, ips: {includes: ["127.0.0.1/32"]}, enable_loopback_candidate: true, %s}
%s
`, port(s.Addr), port(s.TCPAddr), port(s.UDPAddr), opts.RTC, opts.ExtraYAML)
}

// findPorts chooses ports on which no program listens. It holds all of them open at the
// same time, so that they differ.
func (s *LiveKit) findPorts() error {
	for _, addr := range []*string{&s.Addr, &s.TCPAddr} {
		listener, err := net.Listen("tcp4", freePort)
		if err != nil {
			return err
		}
		defer listener.Close()
		*addr = listener.Addr().String()
	}
	s.URL = "ws://" + s.Addr
	udp, err := net.ListenPacket("udp4", freePort)
	if err != nil {
		return err
	}
	s.UDPAddr = udp.LocalAddr().String()
	return udp.Close()
}
