package token

import (
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

func toBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// otherAlphabet turns base64 into base64url, or the reverse.
func otherAlphabet(s string) string {
	if strings.ContainsAny(s, "+/") {
		return strings.NewReplacer("+", "-", "/", "_").Replace(s)
	}
	return strings.NewReplacer("-", "+", "_", "/").Replace(s)
}

// wrapped breaks lines as the program base64 does.
func wrapped(s string, columns int) string {
	if len(s) <= columns {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i += columns {
		b.WriteString(s[i:min(len(s), i+columns)])
		b.WriteByte('\n')
	}
	return b.String()
}

func fromBase32(s string, printable bool) string {
	data, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(strings.TrimSpace(s), "="))
	if err != nil || len(data) < 4 || isPrintable(data) != printable {
		return s
	}
	return string(data)
}

// percent encodes what is no letter, digit or one of keep.
func percent(s, keep string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; strings.IndexByte(base62, c) >= 0 || strings.IndexByte(keep, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func lowerPercent(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}

// replacedIn replaces the pairs and puts quote around the result.
func replacedIn(quote string, pairs ...string) func(s, key string) string {
	inner := replaced(pairs...)
	return func(s, key string) string { return quote + inner(s, key) + quote }
}

func unquotedYAML(s, key string) string {
	if inner := removed("'", "'")(s, key); inner != s {
		return strings.ReplaceAll(inner, "''", "'")
	}
	return s
}

// toASCIIJSON is what Python's json.dumps makes of a text, without its quotes.
func toASCIIJSON(s string) string {
	var b strings.Builder
	for _, r := range strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		for _, u := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, u)
		}
	}
	return b.String()
}

// shellEscaped is what printf %q makes of a text that can be printed.
func shellEscaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-./:=@%+", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func shellUnescaped(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// asInteger is a text of digits (0x1F, 007) as YAML and JSON write the number
// that they take it for.
func asInteger(s string) string {
	if n, ok := new(big.Int).SetString(s, 0); ok {
		return n.String()
	}
	return s
}

func asFloat(s string, format byte) string {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return strconv.FormatFloat(n, format, -1, 64)
	}
	return s
}

func fromUTF16(s string) string {
	s = strings.TrimPrefix(s, "\xff\xfe")
	if len(s) < 4 || len(s)%2 != 0 || s[1] != 0 {
		return s
	}
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i < len(s); i += 2 {
		units = append(units, uint16(s[i])|uint16(s[i+1])<<8)
	}
	return string(utf16.Decode(units))
}

func toUTF16BE(s string) string {
	b := []byte(toUTF16(s))
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

// notASCII puts r in the place of each character that is not ASCII.
func notASCII(r rune) func(s string) string {
	return func(s string) string {
		return strings.Map(func(c rune) rune {
			if c >= 0x80 {
				return r
			}
			return c
		}, s)
	}
}

// asUUID writes 32 hexadecimal digits with a UUID's hyphens.
func asUUID(s string) string {
	if len(s) != 32 || strings.Trim(strings.ToLower(s), "0123456789abcdef") != "" {
		return s
	}
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func wordsOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}
