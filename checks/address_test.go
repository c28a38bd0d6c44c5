package checks

import (
	"context"
	"net"
	"strings"
	"testing"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
)

// TestOtherLoopback listens on 127.0.0.1 and configures ::1, to which localhost
// resolves on many machines. The fix must be another address, not a server to start.
func TestOtherLoopback(t *testing.T) {
	six, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("this machine has no IPv6: %s", err)
	}
	_ = six.Close()
	var lc net.ListenConfig
	four, err := lc.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer four.Close()
	_, port, _ := net.SplitHostPort(four.Addr().String())
	for id, code := range map[string]Code{"join.reach": finding.ServerRefused, "ticket.reach": finding.TicketRefused} {
		settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Environ: []string{
			"LIVEKIT_URL=ws://[::1]:" + port, "USER_MGMT_BASE_URL=http://[::1]:" + port, "LKDOCTOR_TICKET=tkt_six",
		}})
		if err != nil {
			t.Fatal(err)
		}
		c := newTestCase(t, settings)
		c.Options.Only = []string{id}
		found := Do(t.Context(), c, false, func(check.Event) {}).Findings(finding.Fail)
		if len(found) != 1 || found[0].Finding.Code != code || found[0].Finding.Owner != finding.OwnerConfig ||
			!strings.Contains(found[0].Finding.Message.String(), "127.0.0.1") {
			t.Errorf("found %+v, want %s of the settings, and 127.0.0.1 in it", found, code)
		}
	}
}
