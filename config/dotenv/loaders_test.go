package dotenv

import (
	"testing"
	"unicode/utf16"
)

// Results other than a value.
const (
	missing = "\x00missing"
	refused = "\x00refused"
	unknown = "\x00unknown"
)

// TestDivergence is a table of how loaders differ, observed with the real tools: the secret
// as written, Next.js, python-dotenv, godotenv, compose, docker --env-file, source. If the
// first column holds a line feed, it is the whole file.
func TestDivergence(t *testing.T) {
	const k = "LIVEKIT_API_SECRET"
	rows := [][7]string{
		{`abc#def`, "abc", "abc#def", "abc#def", "abc#def", "abc#def", "abc#def"},
		{`#abcdef`, "", "#abcdef", "#abcdef", "#abcdef", "#abcdef", "#abcdef"},
		{`abc #def`, "abc", "abc", "abc", "abc", "abc #def", "abc"},
		{`abc$def`, "abc", "abc$def", "abc$def", "abc", "abc$def", "abc"},
		{`'abc$def'`, "abc", "abc$def", "abc$def", "abc$def", "'abc$def'", "abc$def"},
		{`"abc$def"`, "abc", "abc$def", "abc$def", "abc", `"abc$def"`, "abc"},
		{`abc${def}ghi`, "abcghi", "abcghi", "abc${def}ghi", "abcghi", "abc${def}ghi", "abcghi"},
		{`abc$1def`, "abc", "abc$1def", "abcdef", "abc$1def", "abc$1def", "abcdef"},
		{`abc$$def`, "abc$", "abc$$def", "abc$$def", "abc$def", "abc$$def", unknown},
		{`abc\$def`, "abc$def", `abc\$def`, "abc$def", `abc\`, `abc\$def`, "abc$def"},
		{`'abc\$def'`, "abc$def", `abc\$def`, `abc\$def`, `abc\$def`, `'abc\$def'`, `abc\$def`},
		{`${FOO:-abc}`, "abc", "abc", ":-abc}", "abc", "${FOO:-abc}", "abc"},
		{`"abc"`, "abc", "abc", "abc", "abc", `"abc"`, "abc"},
		{`'abc'`, "abc", "abc", "abc", "abc", `'abc'`, "abc"},
		{"`abc`", "abc", "`abc`", "`abc`", "`abc`", "`abc`", unknown},
		{`"abc" # c`, "abc", "abc", "abc", "abc", `"abc" # c`, "abc"},
		{`"abc"def`, `"abc"def`, missing, refused, "abc", `"abc"def`, "abcdef"},
		{`"ab\"cd"`, `ab\"cd`, `ab"cd`, `ab"cd`, `ab"cd`, `"ab\"cd"`, `ab"cd`},
		{`"abc\def"`, `abc\def`, `abc\def`, "abcdef", `abc\def`, `"abc\def"`, `abc\def`},
		{`abc\def`, `abc\def`, `abc\def`, `abc\def`, `abc\def`, `abc\def`, "abcdef"},
		{"abc  ", "abc", "abc", "abc", "abc", "abc  ", "abc"},
		{"abc\t", "abc", "abc", "abc", "abc", "abc\t", "abc"},
		{"abc\u00a0", "abc", "abc", "abc", "abc", "abc\u00a0", "abc\u00a0"},
		{"abc\u200b", "abc\u200b", "abc\u200b", "abc\u200b", "abc\u200b", "abc\u200b", "abc\u200b"},
		{"“abc”", "“abc”", "“abc”", "“abc”", "“abc”", "“abc”", "“abc”"},
		{k + "=abc\r\n", "abc", "abc", "abc", "abc", "abc", "abc\r"},
		{k + "=abc\rB=c\r\n", "abc", "abc", "abc", "abc\rB=c", "abc\rB=c", "abc\rB=c\r"},
		{"\ufeff" + k + "=abc\n", "abc", missing, refused, "abc", "abc", missing},
		{utf16LE("\ufeff" + k + "=abc\n"), missing, refused, refused, refused, refused, refused},
		{" " + k + " = abc\n", "abc", "abc", "abc", "abc", refused, missing},
		{"export " + k + "=abc\n", "abc", "abc", "abc", "abc", refused, "abc"},
		{k + ": abc\n", "abc", missing, "abc", "abc", refused, missing},
		{"some junk\n" + k + "=abc\n", "abc", "abc", refused, refused, refused, "abc"},
		{`"abc`, `"abc`, missing, refused, refused, `"abc`, refused},
		{"abc;def", "abc;def", "abc;def", "abc;def", "abc;def", "abc;def", "abc"},
		{"abc&def", "abc&def", "abc&def", "abc&def", "abc&def", "abc&def", missing},
		{"abc def", "abc def", "abc def", "abc def", "abc def", "abc def", missing},
		{"<your_api_secret>", "<your_api_secret>", "<your_api_secret>", "<your_api_secret>", "<your_api_secret>", "<your_api_secret>", refused},
		{"wss://h/#a", "wss://h/", "wss://h/#a", "wss://h/#a", "wss://h/#a", "wss://h/#a", "wss://h/#a"},
	}
	for _, row := range rows {
		content := row[0]
		if len(content) == 0 || !hasLineEnd(content) {
			content = k + "=" + content + "\n"
		}
		t.Run(row[0], func(t *testing.T) {
			if got := asNext(content, k); got != row[1] {
				t.Errorf("Next.js: %q, want %q", got, row[1])
			}
			for i, reading := range Compare([]byte(content), nil) {
				if got := cell(reading, k); got != row[2+i] {
					t.Errorf("%s: %q, want %q (%v)", reading.Loader, got, row[2+i], reading.Err)
				}
			}
		})
	}
}

func hasLineEnd(s string) bool {
	for _, c := range s {
		if c == '\n' || c == '\r' {
			return true
		}
	}
	return false
}

func utf16LE(text string) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

func cell(reading Reading, name string) string {
	value := reading.Lookup(name)
	switch {
	case value.State == Known:
		return value.Secret.Reveal()
	case value.State == Unknown:
		return unknown
	case reading.Err != nil:
		return refused
	}
	return missing
}

func asNext(content, name string) string {
	value, ok := Load(nil, []string{DecodeUTF8([]byte(content))}).Env[name]
	if !ok {
		return missing
	}
	return value
}
