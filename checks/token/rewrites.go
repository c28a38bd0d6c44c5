package token

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

func toBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func base64Of(e *base64.Encoding) func(string) string {
	return func(s string) string { return e.EncodeToString([]byte(s)) }
}

func toHex(s string) string { return hex.EncodeToString([]byte(s)) }

// unBase64 decodes any of the four dialects of base64.
func unBase64(s string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(strings.TrimSpace(s), "=")))
}

func unHex(s string) ([]byte, error) { return hex.DecodeString(strings.TrimSpace(s)) }

func unBase32(s string) ([]byte, error) {
	return base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(strings.TrimSpace(s), "="))
}

// asText decodes s if the result is printable text.
func asText(decode func(string) ([]byte, error)) func(string) string { return decoded(decode, true) }

// asBytes decodes s if the result is binary, as code does that expects base64.
func asBytes(decode func(string) ([]byte, error)) func(string) string { return decoded(decode, false) }

func decoded(decode func(string) ([]byte, error), printable bool) func(string) string {
	return func(s string) string {
		if data, err := decode(s); err == nil && len(data) >= 4 && isPrintable(string(data)) == printable {
			return string(data)
		}
		return s
	}
}

// isPrintable reports whether s is printable text in any language.
func isPrintable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsPrint(r) && !strings.ContainsRune("\n\r\t\ufeff\u200b\u00a0", r)
	})
}

// unescaped undoes an encoding once if s contains mark.
func unescaped(mark string, decode func(string) (string, error)) func(string) string {
	return func(s string) string {
		if plain, err := decode(s); err == nil && strings.Contains(s, mark) {
			return plain
		}
		return s
	}
}

func uriComponent(s string) string {
	return strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(url.QueryEscape(s))
}

// otherAlphabet converts base64 to base64url, or the reverse.
func otherAlphabet(s string) string {
	if strings.ContainsAny(s, "+/") {
		return strings.NewReplacer("+", "-", "/", "_").Replace(s)
	}
	return strings.NewReplacer("-", "+", "_", "/").Replace(s)
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

// asInteger returns a number (0x1F, 007) in the form in which YAML and JSON write it
// back.
func asInteger(s string) string {
	if n, ok := new(big.Int).SetString(s, 0); ok {
		return n.String()
	}
	return s
}

func asFloat(s string) string {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	return s
}

func toUTF16(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func fromUTF16(s string) string {
	if len(s) < 4 || len(s)%2 != 0 || s[1] != 0 {
		return s
	}
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i < len(s); i += 2 {
		units = append(units, uint16(s[i])|uint16(s[i+1])<<8)
	}
	return string(utf16.Decode(units))
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

// repeatedPart returns the part that s holds n times, separated by between.
func repeatedPart(s, between string, n int) string {
	for _, whole := range []string{s, strings.TrimSuffix(s, between)} {
		size := (len(whole) - (n-1)*len(between)) / n
		if size > 0 && whole == strings.Repeat(whole[:size]+between, n-1)+whole[:size] {
			return whole[:size]
		}
	}
	return s
}

// visible escapes invisible characters.
func visible(s string) string {
	if r, n := utf8.DecodeRuneInString(s); n == len(s) && (unicode.IsControl(r) && r > '\r' || !unicode.IsPrint(r) && r > 0x7f) {
		return fmt.Sprintf("%U", r)
	}
	return strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`, "\v", `\v`, "\f", `\f`, "\x00", `\0`, "\x1b", "ESC").Replace(s)
}

func same(s string) string { return s }

// htmlEscaped describes several spellings of one change.
const htmlEscaped = "HTML-escaped (&amp; for &)"
