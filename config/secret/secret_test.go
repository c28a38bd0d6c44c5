package secret

import "testing"

func TestTwoValuesCompare(t *testing.T) {
	a, b := New("devkey-one"), New("devkey-two")
	if a.Fingerprint("key") == b.Fingerprint("key") || len(a.Fingerprint("key")) != 6 {
		t.Errorf("fingerprints %q and %q: want two of six digits", a.Fingerprint("key"), b.Fingerprint("key"))
	}
	if a.Fingerprint("key") != New("devkey-one").Fingerprint("key") {
		t.Error("one value has two fingerprints")
	}
	if a.Fingerprint("key") == a.Fingerprint("other") {
		t.Error("the fingerprint does not depend on the API key")
	}
	if !a.Equal(New("devkey-one")) || a.Equal(b) {
		t.Error("Equal is wrong")
	}
	var zero Value
	if !zero.Empty() || zero.Len() != 0 || zero.Fingerprint("key") != "" || !zero.Equal(New("")) {
		t.Error("the zero Value is not the empty one")
	}
}

func TestFlags(t *testing.T) {
	tests := map[string]Flags{
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
		if got := New(value).Flags(); got != want {
			t.Errorf("%q: %+v, want %+v", value, got, want)
		}
	}
}
