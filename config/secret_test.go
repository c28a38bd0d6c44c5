package config

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const canary = "c4n4ry-S3cr3t-that-nobody-may-see"

// hiding holds a Secret in all the places that printers reach into.
type hiding struct {
	Public  Secret
	private Secret
	Pointer *Secret
	List    []Secret
	Map     map[string]Secret
	Any     any
}

func TestSecretCannotBePrinted(t *testing.T) {
	s := NewSecret(canary)
	holder := hiding{Public: s, private: s, Pointer: &s, List: []Secret{s}, Map: map[string]Secret{"k": s}, Any: s}
	settings := &Settings{APISecret: Setting{Name: "LIVEKIT_API_SECRET", Secret: s, Literal: s, Shadows: []Shadow{{Secret: s}}},
		Projects: []LKProject{{APISecret: s}}, Files: []EnvFile{{Content: s, Vars: []EnvVar{{Value: s, Literal: s}}}},
		Env: &Variables{values: map[string]variable{"X": {value: s}}}}
	wrapped := fmt.Errorf("no: %w", fmt.Errorf("%v and %v", s, holder))
	values := []any{s, &s, []Secret{s}, [1]Secret{s}, map[string]Secret{"k": s}, holder, &holder, []hiding{holder},
		*settings, settings, *settings.Env, settings.APISecret, wrapped, errors.Join(wrapped)}
	formats := []string{}
	for _, verb := range "vTtbcdoOqxXUeEfFgGspwz" {
		for _, flags := range []string{"", "+", "#", " ", "-", "0", "+#", "# ", "40", ".5", "40.20"} {
			formats = append(formats, "%"+flags+string(verb))
		}
	}
	for i, value := range values {
		for _, format := range formats {
			assertHidden(t, fmt.Sprintf("value %d %s", i, format), fmt.Sprintf(format, value))
		}
		assertHidden(t, "Sprint", fmt.Sprint(value), fmt.Sprintln(value))
		if data, err := json.Marshal(value); err == nil {
			assertHidden(t, "json", string(data))
		}
		if data, err := xml.Marshal(value); err == nil {
			assertHidden(t, "xml", string(data))
		}
		if data, err := yaml.Marshal(value); err == nil {
			assertHidden(t, "yaml", string(data))
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", value)
		assertHidden(t, "slog", log.String())
	}
	for _, format := range []string{"%v", "%s", "%q", "%x", "%d", "%#v"} {
		if got := fmt.Sprintf(format, s); got != Hidden {
			t.Errorf("%s prints %q, want %q", format, got, Hidden)
		}
	}
	assertHidden(t, "cmp", cmp.Diff(holder.Public, NewSecret("other")), cmp.Diff(holder.List, []Secret{}))
}

func assertHidden(t *testing.T, where string, outputs ...string) {
	t.Helper()
	hexed := fmt.Sprintf("%x", canary)
	for _, output := range outputs {
		lower := strings.ToLower(output)
		if strings.Contains(output, canary[:8]) || strings.Contains(lower, hexed[:16]) || strings.Contains(output, "99 52 110 52") {
			t.Errorf("%s shows the secret: %.200s", where, output)
		}
	}
}

func TestSecretTellsApart(t *testing.T) {
	a, b := NewSecret("devkey-one"), NewSecret("devkey-two")
	if a.Fingerprint() == b.Fingerprint() || len(a.Fingerprint()) != 6 {
		t.Errorf("fingerprints %q and %q: want two of six digits", a.Fingerprint(), b.Fingerprint())
	}
	if a.Fingerprint() != NewSecret("devkey-one").Fingerprint() {
		t.Error("one value has two fingerprints")
	}
	if !a.Equal(NewSecret("devkey-one")) || a.Equal(b) {
		t.Error("Equal is wrong")
	}
	var zero Secret
	if !zero.Empty() || zero.Len() != 0 || zero.Fingerprint() != "" || !zero.Equal(NewSecret("")) {
		t.Error("the zero Secret is not the empty one")
	}
}

func TestSecretFlags(t *testing.T) {
	tests := map[string]SecretFlags{
		"abcDEF123":       {},
		`"abc"`:           {Quotes: true},
		"abc ":            {Whitespace: true},
		"abc\r":           {Whitespace: true},
		"abc\u00a0":       {Whitespace: true, NonASCII: true},
		"abc\u200b":       {Whitespace: true, NonASCII: true},
		"“abc”":           {Quotes: true, NonASCII: true},
		"abc\x01":         {Control: true},
		"ab\xffc":         {NonASCII: true},
		"äbc":             {NonASCII: true},
		"'a b\u2028\x7f'": {Quotes: true, Whitespace: true, NonASCII: true, Control: true},
	}
	for value, want := range tests {
		if got := NewSecret(value).Flags(); got != want {
			t.Errorf("%q: %+v, want %+v", value, got, want)
		}
	}
}
