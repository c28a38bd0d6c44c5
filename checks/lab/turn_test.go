package lab

import (
	"net"
	"slices"
	"testing"

	"github.com/pion/turn/v5"
)

func TestTURNFaultsHandOutTheirServer(t *testing.T) {
	for _, f := range turnFaults() {
		t.Run(f.Name, func(t *testing.T) {
			l := start(t, f.Name)
			conn, _ := dial(t, l)
			servers := receive(t, conn).GetJoin().GetIceServers()
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
