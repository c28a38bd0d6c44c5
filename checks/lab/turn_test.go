package lab

import (
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/turn/v5"
	"google.golang.org/protobuf/proto"
)

// startWith starts a lab with a fault that need not be listed in Faults.
func startWith(t *testing.T, fault Fault) *Lab {
	t.Helper()
	l := newLab(fault)
	if err := l.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// joined joins and returns the server's JoinResponse.
func joined(t *testing.T, l *Lab) *livekit.JoinResponse {
	t.Helper()
	token := Sign(participant(l.Pair, l.Room, l.Identity, time.Now()), l.Pair.Secret)
	socket, _, err := websocket.DefaultDialer.DialContext(t.Context(), l.URL+"/rtc?protocol=16", http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	_, data, err := socket.ReadMessage()
	message := &livekit.SignalResponse{}
	if err != nil || proto.Unmarshal(data, message) != nil || message.GetJoin() == nil {
		t.Fatalf("no join: %v %v", err, message)
	}
	return message.GetJoin()
}

func TestTURNFaultsHandOutTheirServer(t *testing.T) {
	for _, f := range turnFaults() {
		t.Run(f.Name, func(t *testing.T) {
			l := startWith(t, f)
			servers := joined(t, l).GetIceServers()
			if len(servers) != 1 || len(servers[0].GetUrls()) != 1 || servers[0].GetCredential() == "" {
				t.Errorf("%d ICE servers: %v", len(servers), servers[0].GetUrls())
			}
			if !slices.Contains(l.Args(), "--media") {
				t.Errorf("flags %q", l.Args())
			}
		})
	}
}

func TestTURNAllocates(t *testing.T) {
	server, err := StartTURN(TURNOptions{})
	if err != nil {
		t.Fatal(err)
	}
	allocate := func(password string) error {
		conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		client, err := turn.NewClient(&turn.ClientConfig{TURNServerAddr: server.Addr, Conn: conn, Username: server.Username, Password: password})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if err := client.Listen(); err != nil {
			t.Fatal(err)
		}
		relay, err := client.Allocate()
		if err == nil {
			_ = relay.Close()
		}
		return err
	}
	if err := allocate(server.Password); err != nil {
		t.Errorf("with its password: %v", err)
	}
	if allocate("another") == nil {
		t.Error("another password works")
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := server.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}
