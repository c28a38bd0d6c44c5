package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lkdoctor/config/clean"
	"lkdoctor/config/secret"
)

func TestShown(t *testing.T) {
	s := mustLoad(t, Inputs{Environ: []string{
		"LIVEKIT_URL=wss://me:" + canary + "@demo.example.com/x?access_token=" + canary, "LIVEKIT_API_KEY=APIabcdefghijkl",
		"LIVEKIT_API_SECRET=" + canary, "USER_MGMT_BASE_URL=http://10.0.0.7:8000", "LKDOCTOR_TICKET=tkt_e26" + canary}})
	want := []Shown{
		{Name: "LIVEKIT_URL", Source: "environment", Value: clean.Hidden},
		{Name: "LIVEKIT_API_KEY", Source: "environment", Value: "APIabcdefghijkl"},
		{Name: "LIVEKIT_API_SECRET", Source: "environment", Value: clean.Hidden},
		{Name: "USER_MGMT_BASE_URL", Source: "environment", Value: "http://10.0.0.7:8000"},
		{Name: "LKDOCTOR_TICKET", Source: "environment", Value: "tkt_e26…"},
	}
	if diff := cmp.Diff(want, s.Shown()); diff != "" {
		t.Error(diff)
	}
	s.CompareSecrets = true
	if got := s.Shown()[2]; got.Length != len(canary) || got.Fingerprint != secret.New(canary).Fingerprint("APIabcdefghijkl") {
		t.Errorf("to be compared, and shown as %+v", got)
	}
	if got, err := json.Marshal(mustLoad(t, Inputs{}).Shown()); string(got) != "[]" {
		t.Errorf("nothing set: %s (%v), want []", got, err)
	}
}

func TestShownNeverShowsAMisplacedSecret(t *testing.T) {
	tests := map[string][]string{
		"swapped":           {"LIVEKIT_API_KEY=" + canary, "LIVEKIT_API_SECRET=APIabcdefghijkl"},
		"same":              {"LIVEKIT_API_KEY=" + canary, "LIVEKIT_API_SECRET=" + canary},
		"key only":          {"LIVEKIT_API_KEY=" + canary},
		"secret as url":     {"LIVEKIT_URL=" + canary},
		"secret in url":     {"LIVEKIT_URL=wss://h/" + canary, "LIVEKIT_API_SECRET=" + canary},
		"token as key":      {"LIVEKIT_API_KEY=" + canary + ".eyJhIjoxfQ.AAAA"},
		"quoted":            {`LIVEKIT_API_KEY="` + canary + `"`},
		"short and swapped": {"LIVEKIT_API_KEY=" + canary[:20], "LIVEKIT_API_SECRET=APIabcdefghijkl"},
	}
	for name, environ := range tests {
		t.Run(name, func(t *testing.T) {
			for _, shown := range mustLoad(t, Inputs{Environ: environ}).Shown() {
				assertHidden(t, shown.Name, shown.Value)
			}
		})
	}
}

func TestShowURL(t *testing.T) {
	tests := map[string]string{
		"wss://demo.example.com":              "wss://demo.example.com",
		"wss://h:7880/rtc":                    "wss://h:7880/rtc",
		"wss://u:pw@h/x":                      "wss://u:[hidden]@h/x",
		"wss://u:p@w@h":                       "wss://u:[hidden]@h",
		"wss://u:p/w?#@h":                     "wss://u:[hidden]@h",
		"wss://u@h":                           "wss://u@h",
		"wss://h:7880/a@b":                    "wss://h:7880/a@b",
		"u:pw@h":                              "u:[hidden]@h",
		"ws://h?access_token=eyJ.e.f&a&b=":    "ws://h?access_token=[hidden]&a&b=",
		"ws://h?" + strings.Repeat("aB3", 12): "ws://h?[hidden]",
		"ws://h#access_token=x":               "ws://h#[hidden]",
		"ws://h\x1b[31m\u202e\u200b":          "ws://h\ufffd[31m\ufffd\ufffd",
		"ws://" + strings.Repeat("x.", 300):   "ws://" + strings.Repeat("x.", 97) + "x…",
		"":                                    "",
	}
	for address, want := range tests {
		if got := ShowURL(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

func TestShowTicket(t *testing.T) {
	for ticket, want := range map[string]string{"tkt_e26abcdefghi": "tkt_e26…", "short": "sh…", "": "…", "日本語日本語日本語日本語日本語": "日本語日本語日…"} {
		if got := ShowTicket(ticket); got != want {
			t.Errorf("%q: %q, want %q", ticket, got, want)
		}
	}
}

// TestShownHides checks the values that a setting hides and their lines, and that no secret
// is shown.
func TestShownHides(t *testing.T) {
	const secret = "gT7xqPZ3mWnR9sVbK2yLhD5cJfA8eUoX1iQ4"
	dir := folder(t, map[string]string{
		".env.local": "A=1\nLIVEKIT_URL=ws://local:7880\nLIVEKIT_API_SECRET=" + secret + "\n",
		".env":       "LIVEKIT_URL=wss://user:pass@cloud.example.com\nLIVEKIT_API_SECRET=" + strings.ToUpper(secret) + "\n",
	})
	settings, err := Load(Inputs{Dir: dir, Environ: []string{"LIVEKIT_URL=ws://shell:7880"}, Flags: map[string]string{}})
	if err != nil {
		t.Fatal(err)
	}
	got := settings.Shown()
	want := []Shown{
		{Name: "LIVEKIT_URL", Source: "environment", Value: "ws://shell:7880", Hides: []ShownHidden{
			{Source: ".env.local", Line: 2, Value: "ws://local:7880", Differs: true},
			{Source: ".env", Line: 1, Value: ShowURL("wss://user:pass@cloud.example.com"), Differs: true}}},
		{Name: "LIVEKIT_API_SECRET", Source: ".env.local", Line: 3, Value: clean.Hidden,
			Hides: []ShownHidden{{Source: ".env", Line: 2, Value: clean.Hidden, Differs: true}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(fmt.Sprint(got), "pass@") {
		t.Error("a hidden value shows its password")
	}
}
