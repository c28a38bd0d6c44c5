package token

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	variable      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$(?:\{[^}]*\}|\w+)`) })
	digitVariable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\d`) })
)

func unvariable(s string) string {
	if !strings.Contains(s, "$") {
		return s
	}
	return variable().ReplaceAllString(s, "")
}

// fromBase64 decodes any of the four dialects. printable tells which results
// are wanted: text (then ours is an encoded text) or bytes (then somebody
// decodes what is no encoding).
func fromBase64(s string, printable bool) string {
	if len(s) < 8 {
		return s
	}
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(strings.TrimSpace(s), "="))
	data, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil || isPrintable(data) != printable {
		return s
	}
	return string(data)
}

func fromHex(s string, printable bool) string {
	data, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil || len(data) < 4 || isPrintable(data) != printable {
		return s
	}
	return string(data)
}

// isPrintable tells text, in whatever language, from random bytes.
func isPrintable(data []byte) bool {
	return utf8.Valid(data) && !bytes.ContainsFunc(data, func(r rune) bool {
		return !unicode.IsPrint(r) && !strings.ContainsRune("\n\r\t\ufeff\u200b\u00a0", r)
	})
}

// unpercent undoes percent-encoding where there is any.
func unpercent(decode func(string) string) func(string) string {
	return func(s string) string {
		if !strings.Contains(s, "%") {
			return s
		}
		return decode(s)
	}
}

func unquery(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

func unpath(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

func toJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(b[1 : len(b)-1])
}

func fromJSON(s string) string {
	var plain string
	if strings.Contains(s, `\`) && json.Unmarshal([]byte(`"`+s+`"`), &plain) == nil {
		return plain
	}
	return s
}

func unhidden(s string) string {
	return strings.Map(func(r rune) rune {
		if r == 0xa0 || unicode.In(r, unicode.Cf, unicode.Cc) {
			return -1
		}
		return r
	}, s)
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

func half(s string) string {
	if n := len(s) / 2; n > 0 && len(s)%2 == 0 && s[:n] == s[n:] {
		return s[:n]
	}
	return s
}

func reversed(s string) string {
	runes := []rune(s)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes)
}

func toUTF16(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func toLatin1(s string) string {
	var b []byte
	for _, r := range s {
		if r > 0xff {
			return s
		}
		b = append(b, byte(r))
	}
	return string(b)
}

func mojibake(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}
