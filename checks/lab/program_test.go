package lab

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/livekit/livekit-server/pkg/config"
	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/livekit-server/pkg/telemetry/prometheus"
	"go.yaml.in/yaml/v3"
)

// TestMain runs this test binary as a livekit-server if LIVEKIT_CONFIG is set.
func TestMain(m *testing.M) {
	if os.Getenv("LIVEKIT_CONFIG") == "" {
		os.Exit(m.Run())
	}
	if err := asServer(os.Getenv("LIVEKIT_CONFIG"), os.Getenv("LIVEKIT_KEYS")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func asServer(text, keys string) error {
	conf, err := config.NewConfig(text, true, nil, nil)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal([]byte(keys), &conf.Keys); err != nil {
		return err
	}
	node, err := routing.NewLocalNode(conf)
	if err != nil {
		return err
	}
	if err := prometheus.Init(string(node.NodeID()), node.NodeType()); err != nil {
		return err
	}
	server, err := service.InitializeServer(conf, node)
	if err != nil {
		return err
	}
	return server.Start()
}

func TestServerOfAnotherProgram(t *testing.T) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l, err := Start(t.Context(), Options{Server: own})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	guest, err := Join(ctx, l.URL, good(l))
	if err != nil {
		t.Error(err)
	} else if err := guest.Close(); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if stack := running(); stack != "" {
		t.Errorf("still running:\n%s", stack)
	}
}

func TestServerThatDoesNotStart(t *testing.T) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	_, err = StartLiveKit(t.Context(), LiveKitOptions{Program: own, ExtraYAML: "nonsense: [", Keys: map[string]string{"k": "s"}})
	if err == nil || !strings.Contains(err.Error(), "ended (exit status 1): ") || !strings.Contains(err.Error(), "yaml") {
		t.Errorf("got %v", err)
	}
	if _, err = StartLiveKit(t.Context(), LiveKitOptions{Program: "/no/such/livekit-server"}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}
