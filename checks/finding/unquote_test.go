package finding

import "testing"

// TestNoQuotationWithoutAValue checks that the default of a missing value is not quoted.
func TestNoQuotationWithoutAValue(t *testing.T) {
	for _, tt := range []struct{ format, value, want string }{
		{`Do it ("{{said|see the finding}}").`, "", `Do it (see the finding).`},
		{`Do it ("{{said|see the finding}}").`, "no room", `Do it ("no room").`},
		{`处理（“{{said|见本条发现}}”）。`, "", `处理（见本条发现）。`},
		{`It says “{{said|an example}}”.`, "", `It says “an example”.`},
		{"`f(room=\"{{said|r}}\")`", "", "`f(room=\"r\")`"},
	} {
		text := Text{Format: tt.format, Values: map[string]string{"said": tt.value}}
		if got := text.String(); got != tt.want {
			t.Errorf("%s with %q: %s, want %s", tt.format, tt.value, got, tt.want)
		}
	}
}
