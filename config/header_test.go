package config

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"lkdoctor/config/secret"
)

func TestParseHeaders(t *testing.T) {
	files := map[string]string{
		"good": "# the login\r\nCookie: session=5f4dcc3b5aa765d61d83\r\n\nx-sandbox-id:  abc \n",
		"bad":  "Cookie: a=b\nhunter2hunter2\n",
		"long": strings.Repeat("X: y\n", 20000),
		"many": strings.Repeat("X: y\n", 100),
	}
	read := func(path string) ([]byte, error) {
		if text, has := files[path]; has {
			return []byte(text), nil
		}
		return nil, fmt.Errorf("open %s: %w", path, fs.ErrNotExist)
	}
	got, err := ParseHeaders([]string{"Authorization: Bearer hunter2hunter2", "@good"}, read)
	if err != nil || len(got) != 3 || got[0].Name != "Authorization" || got[1].Value.Reveal() != "session=5f4dcc3b5aa765d61d83" ||
		got[2].Name != "X-Sandbox-Id" || got[2].Value.Reveal() != "abc" {
		t.Errorf("%v %v", got, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(text, "hunter2") || strings.Contains(text, "5f4dcc") {
		t.Errorf("the value is shown: %s", text)
	}
	for given, want := range map[string]string{
		"hunter2hunter2":          "a header is written 'Name: value'",
		"a b: hunter2hunter2":     "no name",
		": hunter2hunter2":        "no name",
		"X: hunter2hunter2\r\nY:": "the value of the header X has characters",
		"host: hunter2hunter2":    "Host belongs to the connection",
		"@bad":                    "bad, line 2: a header is written",
		"@none":                   "file does not exist",
		"@long":                   "long is longer than",
		"@many":                   "100 headers are more than 64",
	} {
		_, err := ParseHeaders([]string{given}, read)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, want %q", given, err, want)
		}
	}
	if _, err := ParseHeaders([]string{"@none"}, read); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestHeaderSecrets(t *testing.T) {
	h := Header{Name: "Cookie", Value: secret.New("session=5f4dcc3b5aa7; theme=dark; other=8d969eef6eca")}
	if got := h.Secrets(); !slices.Equal(got[1:], []string{"5f4dcc3b5aa7", "8d969eef6eca"}) || len(got) != 3 {
		t.Errorf("%q", got)
	}
	h = Header{Name: "Authorization", Value: secret.New("Bearer hunter2hunter2==")}
	if got := h.Secrets(); len(got) < 1 || got[0] != "Bearer hunter2hunter2==" {
		t.Errorf("%q", got)
	}
}
