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

	"lkdoctor/config/clean"
	"lkdoctor/config/secret"
)

const canary = "c4n4ry-S3cr3t-that-nobody-may-see"

// A hiding holds a Secret in every kind of place that a printer can reach.
type hiding struct {
	Public  secret.Value
	private secret.Value
	Pointer *secret.Value
	List    []secret.Value
	Map     map[string]secret.Value
	Any     any
}

func TestSecretCannotBePrinted(t *testing.T) {
	s := secret.New(canary)
	holder := hiding{Public: s, private: s, Pointer: &s, List: []secret.Value{s}, Map: map[string]secret.Value{"k": s}, Any: s}
	settings := &Settings{APISecret: Setting{Name: "LIVEKIT_API_SECRET", Secret: s, Literal: s, Shadows: []Shadow{{Secret: s}}},
		Projects: []LKProject{{APISecret: s}}, Files: []EnvFile{{Content: s, Vars: []EnvVar{{Value: s, Literal: s}}}},
		Env: &Variables{values: map[string]variable{"X": {value: s}}}}
	wrapped := fmt.Errorf("no: %w", fmt.Errorf("%v and %v", s, holder))
	values := []any{s, &s, []secret.Value{s}, [1]secret.Value{s}, map[string]secret.Value{"k": s}, holder, &holder, []hiding{holder},
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
		if got := fmt.Sprintf(format, s); got != clean.Hidden {
			t.Errorf("%s prints %q, want %q", format, got, clean.Hidden)
		}
	}
	assertHidden(t, "cmp", cmp.Diff(holder.Public, secret.New("other")), cmp.Diff(holder.List, []secret.Value{}))
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
