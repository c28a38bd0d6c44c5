package probe

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"lkdoctor/checks/caps"
)

// TestParseICEURL has the results of new RTCPeerConnection in Chromium 156 for each URL
// with user name and credential. In the last rows the RFCs are stricter.
func TestParseICEURL(t *testing.T) {
	for _, test := range []struct {
		url  string
		want ICEProblem
	}{
		{"stun:host", ""}, {"stun:host:3478", ""}, {"STUN:host", ""}, {"Turn:host", ""},
		{"stun:", ICEHost}, {"stun", ICEScheme}, {"stun://host:3478", ICESlashes}, {"turn://host:3478", ICESlashes},
		{"turn:host?transport=udp", ""}, {"turn:host?transport=tcp", ""}, {"turn:host?transport=UDP", ""},
		{"turn:host?transport=tls", ICETransport}, {"turn:host?transport=", ICETransport}, {"turn:host?transport", ICEQuery},
		{"turn:host?foo=bar", ICEQuery}, {"turn:host?transport=udp&x=1", ICETransport}, {"turn:host?", ICEQuery},
		{"turn:host?TRANSPORT=udp", ICEQuery}, {"stun:host?transport=udp", ICEQuery}, {"stun:host?x", ICEQuery},
		{"stuns:host:5349", ""}, {"turns:host:5349?transport=tcp", ""}, {"turns:host:5349?transport=udp", ""},
		{"turn:host:0", ICEPort}, {"turn:host:65535", ""}, {"turn:host:65536", ICEPort}, {"turn:host:", ICEHost},
		{"turn::3478", ICEHost}, {"turn:host:abc", ICEPort}, {"turn:host:34 78", ICEPort}, {"turn:host:+3478", ICEPort},
		{"turn:host:-1", ICEPort}, {"turn:host:3478:1", ICEPort}, {"turn:host:03478", ""}, {"turn:host:000003478", ""},
		{"turn:host:0x10", ICEPort}, {"turn: host:3478", ICEHost}, {"turn:host :3478", ICEHost}, {" turn:host:3478 ", ""},
		{"turn:host:3478\n", ""}, {"\tturn:host", ""}, {"turn:user@host:3478", ICEUserinfo}, {"turn:user:pw@host", ICEUserinfo},
		{"turn:[::1]:3478", ""}, {"turn:[::1]", ""}, {"turn:::1", ICEHost}, {"turn:[::1", ICEHost}, {"turn:[::1]:", ICEHost},
		{"turn:[]", ICEHost}, {"turn:ho st", ICEHost}, {"turn:ho_st", ""}, {"turn:host/path", ICEHost}, {"turn:host:3478/", ICEPort},
		{"turn:host#x", ICEHost}, {"http://host", ICEScheme}, {"", ICEEmpty}, {"host:3478", ICEScheme}, {"1.2.3.4", ICEScheme},
		{"turn:1.2.3.4:3478", ""}, {"turn:münchen.de:3478", ""}, {"turn:a..b", ""}, {"turn:*:3478", ""}, {"turn:%41:3478", ""},
		{"turn:<domain>:3478", ICEHost}, {`turn:"host":3478`, ICEHost}, {"turn:" + strings.Repeat("a", 300), ""},
		{"turn:host,3478", ""}, {"turn:host;x", ""},

		{"turn:[::1]3478", ICEHost}, {"turn:[zz]:1", ICEHost}, {"turn:host?transport=udp?x", ICETransport},
		{"turn:" + strings.Repeat("a", 5000), ICETooLong},
	} {
		if _, got := ParseICEURL(test.url); got != test.want {
			t.Errorf("%.60q: %q, want %q", test.url, got, test.want)
		}
	}
}

func TestICEURLParts(t *testing.T) {
	for raw, want := range map[string]ICEURL{
		"stun:stun.example":                  {"stun", "stun.example", 3478, "udp"},
		"TURNS:turn.example":                 {"turns", "turn.example", 5349, "tcp"},
		"turn:turn.example:80?transport=TCP": {"turn", "turn.example", 80, "tcp"},
		"turns:[2001:db8::1]:443":            {"turns", "2001:db8::1", 443, "tcp"},
	} {
		if got, problem := ParseICEURL(raw); got != want || problem != "" {
			t.Errorf("%s: %+v %q, want %+v", raw, got, problem, want)
		}
	}
}

func TestICEProblemsOfAJoin(t *testing.T) {
	j := &livekit.JoinResponse{IceServers: []*livekit.ICEServer{
		{Urls: []string{"stun:stun.example"}},
		{Urls: []string{"turn:turn.example"}, Username: "u", Credential: "c"},
		{Urls: []string{"turns:turn.example:443", "turn://turn.example"}, Username: "u"},
		{},
		{Urls: []string{"turn:turn.example"}, Username: strings.Repeat("u", 510), Credential: "hunter2hunter2"},
	}}
	problems, count := (&Net{}).ICEProblems(j.IceServers)
	want := "[{2 0 turns:turn.example:443 credentials} {2 1 turn://turn.example slashes} {3 0  empty} {4 0 turn:turn.example username}]"
	if got := fmt.Sprint(problems); got != want || count != 4 {
		t.Errorf("%s (%d), want %s", got, count, want)
	}
}

// TestHostileICEServers has ten thousand ICE servers and URLs of a megabyte.
func TestHostileICEServers(t *testing.T) {
	j := &livekit.JoinResponse{IceServers: []*livekit.ICEServer{{Urls: []string{strings.Repeat("turn:a@", 1<<17)}}}}
	for i := range 10000 {
		j.IceServers = append(j.IceServers, &livekit.ICEServer{Urls: []string{fmt.Sprintf("turn://h%d", i), "stun:h"}})
	}
	for _, b := range []string{"a", ":", "\t", "[", "@", "ü"} {
		j.IceServers = append(j.IceServers, &livekit.ICEServer{Urls: []string{"turn:" + strings.Repeat(b, 1<<20/len(b))}})
	}
	began := time.Now()
	problems, count := (&Net{}).ICEProblems(j.IceServers)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	if len(problems) != caps.ICEProblems || count != 10007 {
		t.Errorf("%d problems of %d", len(problems), count)
	}
}

func FuzzParseICEURL(f *testing.F) {
	for _, s := range []string{"turn:host:3478?transport=udp", "turns:[::1]:443", "stun:", "turn:u@h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, problem := ParseICEURL(s)
		if problem == "" && (u.Host == "" || u.Port < 1 || u.Port > 65535 || u.Transport != "udp" && u.Transport != "tcp") {
			t.Errorf("%q is %+v", s, u)
		}
	})
}
