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
	for value, want := range map[string][2]bool{ // quotes, white space
		"abcDEF123": {}, `"abc"`: {true, false}, "“abc”": {true, false}, "'a b\u2028\x7f'": {true, true},
		"abc ": {false, true}, "abc\r": {false, true}, "abc\u00a0": {false, true}, "abc\u200b": {false, true},
		"abc\x01": {}, "ab\xffc": {}, "äbc": {},
	} {
		if got := [2]bool{New(value).HasQuotes(), New(value).HasSpace()}; got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}
