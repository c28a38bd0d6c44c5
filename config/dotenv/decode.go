package dotenv

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
)

// DecodeUTF8 reads bytes as Node does (WHATWG Encoding): each maximal part of an
// ill-formed sequence becomes one U+FFFD, and a byte order mark stays.
func DecodeUTF8(raw []byte) string {
	if utf8.Valid(raw) {
		return string(raw)
	}
	decoded, err := unicode.UTF8.NewDecoder().Bytes(raw)
	if err != nil { // the decoder replaces what is wrong, it has no other errors
		return string(bytes.ToValidUTF8(raw, []byte("\ufffd")))
	}
	return string(decoded)
}

// LooksUTF16 reports whether raw is UTF-16 and not UTF-8: a byte order mark, or a NUL in every
// second byte of the text's first part.
func LooksUTF16(raw []byte) bool {
	if bytes.HasPrefix(raw, []byte{0xff, 0xfe}) || bytes.HasPrefix(raw, []byte{0xfe, 0xff}) {
		return true
	}
	head := raw[:min(len(raw), 256)]
	var nuls [2]int
	for i, b := range head {
		if b == 0 {
			nuls[i%2]++
		}
	}
	return len(head) >= 4 && max(nuls[0], nuls[1]) > len(head)/3
}
