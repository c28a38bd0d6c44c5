package wrap

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestLines(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		columns int
		want    []string
	}{
		"empty":              {"", 10, []string{""}},
		"at spaces":          {"set it in the file", 10, []string{"set it in", "the file"}},
		"line feeds":         {"one\n\ntwo", 10, []string{"one", "", "two"}},
		"spaces at the end":  {"one two   three", 8, []string{"one two", "three"}},
		"spaces inside":      {"a   b", 8, []string{"a   b"}},
		"options stay whole": {"run it with --dev-join", 14, []string{"run it with", "--dev-join"}},
		"addresses too":      {"ask http://a.example/b/c", 22, []string{"ask", "http://a.example/b/c"}},
		"a dot after one":    {"settings from .env.local, .env", 20, []string{"settings from", ".env.local, .env"}},
		"a longer address":   {"http://a.example/path/longer", 18, []string{"http://a.example/", "path/longer"}},
		"a longer word":      {"eyJhbGciOiJIUzI1NiJ9", 8, []string{"eyJhbGci", "OiJIUzI1", "NiJ9"}},
		"what follows it":    {"eyJhbGciOiJIUzI1NiJ9 is it", 8, []string{"eyJhbGci", "OiJIUzI1", "NiJ9 is", "it"}},
		"code stays whole":   {"use `new Date()` here", 14, []string{"use", "`new Date()`", "here"}},
		"longer code":        {"`a b c d e f`", 6, []string{"`a b c", "d e f`"}},
		"Chinese":            {"令牌是错误的密钥签名的", 10, []string{"令牌是错误", "的密钥签名", "的"}},
		"full stop":          {"令牌是错误。密钥", 10, []string{"令牌是错", "误。密钥"}},
		"bracket":            {"令牌是错（见下）", 10, []string{"令牌是错", "（见下）"}},
		"number in brackets": {"地址（127.0.0.1:4424）", 18, []string{"地址", "（127.0.0.1:4424）"}},
		"mixed":              {"作为 LiveKit服务器的密钥", 12, []string{"作为 LiveKit", "服务器的密钥"}},
		"narrow":             {"令牌", 1, []string{"令", "牌"}},
		"emoji":              {"👩‍👩‍👧 joined", 6, []string{"👩‍👩‍👧", "joined"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Lines(c.text, c.columns)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestJoined(t *testing.T) {
	for text, want := range map[string]string{
		"one\ntwo\n\nthree": "one two\n\nthree",
		"唯一的\n根本原因":         "唯一的根本原因",
		"有、\nleft 的":        "有、left 的",
		"用\nlkdoctor\n检查":   "用 lkdoctor 检查",
		"":                  "",
	} {
		if got := Joined(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestPunctuation checks that no line begins or ends with punctuation of the next or
// previous one, at any width, and that no text is lost.
func TestPunctuation(t *testing.T) {
	const text = "令牌是用错误的密钥签名的：要修的地方、票据服务（见《步骤》），不是你的设置！真的吗？「是」；看起来像base64url。"
	for columns := 11; columns < 90; columns++ {
		lines := Lines(text, columns)
		if got := strings.Join(lines, ""); got != text {
			t.Fatalf("%d columns: %q", columns, got)
		}
		for i, line := range lines {
			first, _ := utf8.DecodeRuneInString(line)
			last, _ := utf8.DecodeLastRuneInString(line)
			if strings.ContainsRune("。，、；：？！）》」", first) {
				t.Errorf("%d columns: a line begins with %c", columns, first)
			}
			if i < len(lines)-1 && strings.ContainsRune("（《「", last) {
				t.Errorf("%d columns: a line ends with %c", columns, last)
			}
			if Width(line) > columns {
				t.Errorf("%d columns: %q", columns, line)
			}
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add("令牌 `code` is（见）", 7)
	f.Add("a\tb\x00c\xff👩‍👩‍👧  `", 1)
	f.Fuzz(func(t *testing.T, text string, columns int) {
		columns = columns%200 + 2
		lines := Lines(text, columns)
		drop := strings.NewReplacer(" ", "", "\n", "")
		if got, want := drop.Replace(strings.Join(lines, "")), drop.Replace(text); got != want {
			t.Errorf("%q became %q", want, got)
		}
	})
}

func BenchmarkLines(b *testing.B) {
	text := strings.Repeat("The token names the API key configured here, but is not signed with it. 令牌是用错误的密钥签名的。", 20)
	for b.Loop() {
		Lines(text, 76)
	}
}
