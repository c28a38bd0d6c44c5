package token

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"html"
	"net/url"
	"strings"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"

	"lkdoctor/checks/finding"
)

// encodings are the changes by which a secret becomes another text for the same
// characters, or a hash of them, the likeliest first.
func encodings() []change {
	return append([]change{
		{id: "base64", common: true, paired: true, what: finding.Textf("encoded in base64"), why: &encoded,
			forward: only1(func(s string) string { return toBase64(s) }),
			inverse: only1(func(s string) string { return fromBase64(s, true) })},
		{id: "base64url", paired: true, what: finding.Textf("encoded in base64url, without padding"), why: &encoded,
			forward: only1(func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) })},
		{id: "base64url-padded", what: finding.Textf("encoded in base64url"), why: &encoded,
			forward: only1(func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) })},
		{id: "base64-unpadded", paired: true, what: finding.Textf("encoded in base64, without padding"), why: &encoded,
			forward: only1(func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) })},
		{id: "base64-decoded", paired: true, what: finding.Textf("decoded from base64"), why: &decodes,
			forward: only1(func(s string) string { return fromBase64(s, false) })},
		{id: "hex", paired: true, what: finding.Textf("encoded in hex"), why: &encoded,
			forward: only1(func(s string) string { return hex.EncodeToString([]byte(s)) }),
			inverse: only1(func(s string) string { return fromHex(s, true) })},
		{id: "hex-upper", what: finding.Textf("encoded in upper-case hex"), why: &encoded,
			forward: only1(func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) })},
		{id: "hex-decoded", paired: true, what: finding.Textf("decoded from hex"), why: &decodes,
			forward: only1(func(s string) string { return fromHex(s, false) })},
		{id: "url-encoded", paired: true, what: finding.Textf("percent-encoded"), why: &urlEncoded,
			forward: only1(url.QueryEscape), inverse: only1(unpercent(unquery))},
		{id: "path-encoded", what: finding.Textf("percent-encoded, blanks as %20"), why: &urlEncoded,
			forward: only1(url.PathEscape), inverse: only1(unpercent(unpath))},
		{id: "url-decoded", what: finding.Textf("percent-decoded"), why: &urlEncoded, forward: only1(unquery)},
		{id: "plus-to-space", what: finding.Textf("with its + turned into blanks"), why: &urlEncoded, forward: replaced("+", " "), inverse: replaced(" ", "+")},
		{id: "html-escaped", what: finding.Textf("HTML-escaped (&amp; for &)"), why: &urlEncoded, forward: only1(html.EscapeString), inverse: only1(html.UnescapeString)},
		{id: "base64-alphabet", what: finding.Textf("in base64's other alphabet (+ and / for - and _, or the reverse)"), why: &encoded,
			forward: only1(otherAlphabet)},
		{id: "padding-removed", paired: true, what: finding.Textf("without the = at its end"), why: &splitEquals, forward: only1(func(s string) string { return strings.TrimRight(s, "=") })},
		{id: "padding-and-alphabet", what: finding.Textf("turned from base64 into base64url, without the = at its end"), why: &encoded,
			forward: only1(func(s string) string { return strings.TrimRight(otherAlphabet(s), "=") })},
		{id: "base64-wrapped", what: finding.Textf("encoded in base64, with a line break after every 76 characters"), why: &encoded,
			forward: only1(func(s string) string { return wrapped(toBase64(s), 76) })},
		{id: "base64-wrapped-64", what: finding.Textf("encoded in base64, with a line break after every 64 characters"), why: &encoded,
			forward: only1(func(s string) string { return wrapped(toBase64(s), 64) })},
		{id: "base64-twice", paired: true, what: finding.Textf("encoded in base64 twice"), why: &encoded, forward: only1(func(s string) string { return toBase64(toBase64(s)) })},
		{id: "base64-twice-newlines", what: finding.Textf("encoded in base64 twice, with a line feed at its end both times"), why: &encoded,
			forward: only1(func(s string) string { return toBase64(toBase64(s+"\n") + "\n") })},
		{id: "base64-newlines", what: finding.Textf("encoded in base64, with a line feed at its end before and after"), why: &encoded,
			forward: only1(func(s string) string { return toBase64(s+"\n") + "\n" })},
		{id: "base64-newline-twice", what: finding.Textf("with a line feed at its end, and encoded in base64 twice"), why: &encoded,
			forward: only1(func(s string) string { return toBase64(toBase64(s + "\n")) })},
		{id: "base64-of-utf-16", what: finding.Textf("as UTF-16, encoded in base64"), why: &encoded,
			forward: only1(func(s string) string { return toBase64(toUTF16(s)) })},
		{id: "base64-decoded-as-text", what: finding.Textf("decoded from base64, as text: bytes that are no UTF-8 became replacement characters"), why: &decodes,
			forward: only1(func(s string) string { return strings.ToValidUTF8(fromBase64(s, false), "\ufffd") })},
		{id: "base64-decoded-as-latin-1", what: finding.Textf("decoded from base64 as Latin-1, as JavaScript's atob does"), why: &decodes,
			forward: only1(func(s string) string { return mojibake(fromBase64(s, false)) })},
		{id: "pair-base64", what: finding.Textf("the API key, a colon and the secret, encoded in base64 (as for HTTP Basic)"), why: &pairLine,
			forward: func(s, key string) string { return toBase64(key + ":" + s) }},
		{id: "base32", paired: true, what: finding.Textf("encoded in base32"), why: &encoded,
			forward: only1(func(s string) string { return base32.StdEncoding.EncodeToString([]byte(s)) }), inverse: only1(func(s string) string { return fromBase32(s, true) })},
		{id: "base32-decoded", what: finding.Textf("decoded from base32"), why: &decodes, forward: only1(func(s string) string { return fromBase32(s, false) })},
		around("hex-prefix", "0x", "", &encoded, "0x before it"),
		{id: "hex-0x", what: finding.Textf("encoded in hex, with 0x before it"), why: &encoded, forward: only1(func(s string) string { return "0x" + hex.EncodeToString([]byte(s)) })},
		{id: "hex-twice", what: finding.Textf("encoded in hex twice"), why: &encoded, forward: only1(func(s string) string { return hex.EncodeToString([]byte(hex.EncodeToString([]byte(s)))) })},
		{id: "hex-bytea", what: finding.Textf(`encoded in hex, with \x before it, as PostgreSQL shows bytes`), why: &encoded,
			forward: only1(func(s string) string { return `\x` + hex.EncodeToString([]byte(s)) }), inverse: only1(func(s string) string { return fromHex(strings.TrimPrefix(s, `\x`), true) })},
		{id: "uri-component", what: finding.Textf("percent-encoded, as JavaScript's encodeURIComponent does"), why: &urlEncoded, forward: only1(func(s string) string { return percent(s, "-_.!~*'()") })},
		{id: "uri-encoded", what: finding.Textf("percent-encoded, as JavaScript's encodeURI does"), why: &urlEncoded, forward: only1(func(s string) string { return percent(s, "-_.!~*'();/?:@&=+$,#") })},
		{id: "percent-lower", what: finding.Textf("percent-encoded in lower case"), why: &urlEncoded, forward: only1(func(s string) string { return lowerPercent(percent(s, "-_.~")) })},
		{id: "url-encoded-twice", what: finding.Textf("percent-encoded twice"), why: &urlEncoded, forward: only1(func(s string) string { return percent(percent(s, "-_.~"), "-_.~") })},
		{id: "percent-doubled", what: finding.Textf("with every percent sign doubled"), why: &escapes, forward: replaced("%", "%%"), inverse: replaced("%%", "%")},
		{id: "json-escaped", paired: true, what: finding.Textf("JSON-escaped"), why: &escapes, forward: only1(toJSON), inverse: only1(fromJSON)},
		{id: "json-escaped", what: finding.Textf("JSON-escaped"), why: &escapes, forward: replaced(`\`, `\\`, `"`, `\"`)},
		{id: "json-ascii", what: finding.Textf(`JSON-escaped, other letters as \u…`), why: &escapes, forward: only1(toASCIIJSON)},
		{id: "escapes-read", what: finding.Textf(`with escapes such as \n read as characters`), why: &escapes,
			forward: replaced(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\\`, `\`)},
		{id: "json-text", what: finding.Textf("as a JSON text, with its quotes and escapes"), why: &escapes, forward: replacedIn(`"`, `\`, `\\`, `"`, `\"`)},
		{id: "yaml-quoted", what: finding.Textf("as a YAML text in single quotes, with every ' doubled"), why: &escapes, forward: replacedIn("'", "'", "''"), inverse: unquotedYAML},
		{id: "shell-quoted", what: finding.Textf(`as a shell's text in single quotes, with every ' written '\''`), why: &escapes, forward: replacedIn("'", "'", `'\''`)},
		{id: "shell-quote", what: finding.Textf(`with every ' written '\''`), why: &escapes, forward: replaced("'", `'\''`), inverse: replaced(`'\''`, "'")},
		{id: "quote-doubled", what: finding.Textf("with every ' doubled"), why: &escapes, forward: replaced("'", "''"), inverse: replaced("''", "'")},
		{id: "shell-escaped", what: finding.Textf("with a backslash before every special character, as a shell writes it"), why: &escapes, forward: only1(shellEscaped), inverse: only1(shellUnescaped)},
		{id: "python-repr", what: finding.Textf("as Python's repr writes it, in single quotes"), why: &asRepr, forward: replacedIn("'", `\`, `\\`)},
		{id: "python-bytes-repr", what: finding.Textf(`as Python's str of bytes writes it, b'…' with a \n at its end`), why: &asRepr, forward: added("b'", `\n'`), inverse: removed("b'", `\n'`)},
		{id: "base64-python-bytes", what: finding.Textf("encoded in base64, with b'…' around it"), why: &asRepr, forward: only1(func(s string) string { return "b'" + toBase64(s) + "'" })},
		{id: "html-ampersand", what: finding.Textf("HTML-escaped (&amp; for &)"), why: &urlEncoded, forward: replaced("&", "&amp;")},
		{id: "html-ampersand", what: finding.Textf("HTML-escaped (&amp; for &)"), why: &urlEncoded, forward: replaced("&", "&amp;", "<", "&lt;", ">", "&gt;")},
		{id: "html-quotes-escaped", what: finding.Textf("HTML-escaped (&amp; for &)"), why: &urlEncoded, forward: replaced("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")},
		{id: "html-apostrophe", what: finding.Textf("HTML-escaped (&amp; for &)"), why: &urlEncoded, forward: replaced("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")},
		{id: "html-hex", what: finding.Textf("HTML-escaped (&amp; for &)"), why: &urlEncoded, forward: replaced("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;")},
		{id: "html-slash", what: finding.Textf("HTML-escaped (&amp; for &)"), why: &urlEncoded, forward: replaced("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;", "/", "&#x2F;")},
		{id: "html-twice", what: finding.Textf("HTML-escaped twice"), why: &urlEncoded, forward: only1(func(s string) string { return html.EscapeString(html.EscapeString(s)) })},
		{id: "number", paired: true, what: finding.Textf("read as a number and written anew"), why: &numbers, forward: only1(asInteger)},
		{id: "number-float", paired: true, what: finding.Textf("read as a floating-point number and written anew"), why: &numbers, forward: only1(func(s string) string { return asFloat(s, 'g') })},
		{id: "number-digits", what: finding.Textf("read as a floating-point number and written anew"), why: &numbers, forward: only1(func(s string) string { return asFloat(s, 'f') })},
		{id: "utf-16", what: finding.Textf("as UTF-16"), why: &escapes, forward: only1(toUTF16)},
		{id: "latin-1", what: finding.Textf("as Latin-1 instead of UTF-8"), why: &escapes, forward: only1(toLatin1)},
		{id: "mojibake", what: finding.Textf("encoded to UTF-8 twice"), why: &escapes, forward: only1(mojibake)},
		{id: "utf-16-decoded", what: finding.Textf("as UTF-16"), why: &escapes, forward: only1(func(s string) string { return s }), inverse: only1(fromUTF16)},
		{id: "utf-16-bom", what: finding.Textf("as UTF-16 with a byte order mark"), why: &escapes, forward: only1(func(s string) string { return "\xff\xfe" + toUTF16(s) })},
		{id: "utf-16-big-endian", what: finding.Textf("as UTF-16, the high byte first"), why: &escapes, forward: only1(toUTF16BE)},
		{id: "question-marks", what: finding.Textf("with ? in the place of letters that are not ASCII"), why: &escapes, forward: only1(notASCII('?'))},
		{id: "replacement-characters", what: finding.Textf("with U+FFFD in the place of letters that are not ASCII"), why: &escapes, forward: only1(notASCII('\ufffd'))},
		{id: "unicode-composed", what: finding.Textf("in another Unicode form (NFC, as most keyboards type it)"), why: &normalised, forward: only1(norm.NFC.String)},
		{id: "unicode-decomposed", what: finding.Textf("in another Unicode form (NFD: letters and accents apart)"), why: &normalised, forward: only1(norm.NFD.String)},
		{id: "unicode-compatible", what: finding.Textf("in another Unicode form (NFKC)"), why: &normalised, forward: only1(norm.NFKC.String)},
		{id: "full-width", what: finding.Textf("in full-width characters"), why: &typographic, forward: only1(width.Widen.String), inverse: only1(width.Narrow.String)},
		{id: "typographic-quotes", what: finding.Textf("with typographic quotes in the place of straight ones"), why: &typographic, forward: replaced("'", "’", `"`, "”"), inverse: replaced("’", "'", "‘", "'", "”", `"`, "“", `"`)},
		{id: "en-dash", what: finding.Textf("with dashes (–) in the place of hyphens"), why: &typographic, forward: replaced("-", "–"), inverse: replaced("–", "-", "—", "-", "\u2011", "-", "\u2010", "-", "\u2212", "-")},
		{id: "em-dash", what: finding.Textf("with a dash (—) in the place of two hyphens"), why: &typographic, forward: replaced("--", "—"), inverse: replaced("—", "--", "–", "--")},
		{id: "no-break-hyphen", what: finding.Textf("with no-break hyphens in the place of hyphens"), why: &typographic, forward: replaced("-", "\u2011")},
		{id: "minus-sign", what: finding.Textf("with minus signs (−) in the place of hyphens"), why: &typographic, forward: replaced("-", "\u2212")},
		{id: "dots-joined", what: finding.Textf("with … in the place of three dots"), why: &typographic, forward: replaced("...", "…"), inverse: replaced("…", "...")},
		{id: "no-break-spaces", what: finding.Textf("with no-break spaces in the place of blanks"), why: &invisible, forward: replaced(" ", "\u00a0"), inverse: replaced("\u00a0", " ")},
		{id: "hyphens-removed", what: finding.Textf("without its hyphens"), why: &letterCase, forward: replaced("-", ""), inverse: nil},
		{id: "uuid-hyphens", what: finding.Textf("with hyphens, as a UUID is written"), why: &letterCase, forward: only1(asUUID)},
		{id: "punctuation-removed", vague: true, what: finding.Textf("letters and digits only, the rest left out"), why: &letterCase, forward: only1(wordsOnly)},
	}, hashes()...)
}

// hashes are made by code that wants a key of a certain size.
func hashes() []change {
	var list []change
	for _, h := range []struct {
		id, name string
		sum      func(s string) []byte
	}{
		{"sha256", "SHA-256", func(s string) []byte { b := sha256.Sum256([]byte(s)); return b[:] }},
		{"sha512", "SHA-512", func(s string) []byte { b := sha512.Sum512([]byte(s)); return b[:] }},
		{"sha384", "SHA-384", func(s string) []byte { b := sha512.Sum384([]byte(s)); return b[:] }},
		{"sha1", "SHA-1", func(s string) []byte { b := sha1.Sum([]byte(s)); return b[:] }},
		{"md5", "MD5", func(s string) []byte { b := md5.Sum([]byte(s)); return b[:] }},
	} {
		for _, as := range []struct {
			id, name string
			text     func(b []byte) string
		}{
			{"-hex", "hex", hex.EncodeToString},
			{"", "bytes", func(b []byte) string { return string(b) }},
			{"-base64", "base64", base64.StdEncoding.EncodeToString},
			{"-base64url", "base64url", base64.RawURLEncoding.EncodeToString},
			{"-hex-upper", "upper-case hex", func(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }},
		} {
			list = append(list, change{id: h.id + as.id, what: finding.Textf("hashed with %s (%s)", h.name, as.name), why: &decodes,
				forward: only1(func(s string) string { return as.text(h.sum(s)) })})
		}
		list = append(list, change{id: "trailing-newline+" + h.id + "-hex", what: finding.Textf("with a line feed at its end, hashed with %s (hex)", h.name), why: &decodes,
			forward: only1(func(s string) string { return hex.EncodeToString(h.sum(s + "\n")) })})
	}
	return list
}
