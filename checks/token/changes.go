package token

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"html"
	"net/url"
	"strings"
	"sync"

	"lkdoctor/checks/finding"
)

// change is one way in which a copied secret turns into another text. It is
// tried in both directions: forward makes the changed form of ours (the signer
// has it changed), inverse makes the original of ours (we have it changed).
type change struct {
	id      string
	what    finding.Text
	why     *reason
	forward func(s, key string) string
	inverse func(s, key string) string
	// paired changes are tried together with a common one, and common ones with
	// each other: every pair of all would take too long.
	common, paired bool
}

func added(prefix, suffix string) func(s, key string) string {
	return func(s, _ string) string { return prefix + s + suffix }
}

// removed takes prefix and suffix off; the same text back when they are absent.
func removed(prefix, suffix string) func(s, key string) string {
	return func(s, _ string) string {
		if len(s) >= len(prefix)+len(suffix) && strings.HasPrefix(s, prefix) && strings.HasSuffix(s, suffix) {
			return s[len(prefix) : len(s)-len(suffix)]
		}
		return s
	}
}

// around is a change that adds text at the ends.
func around(id, prefix, suffix string, why *reason, what string) change {
	return change{id: id, what: finding.Textf(what), why: why, forward: added(prefix, suffix), inverse: removed(prefix, suffix)}
}

func only1(f func(s string) string) func(s, key string) string {
	return func(s, _ string) string { return f(s) }
}

func replaced(pairs ...string) func(s, key string) string {
	r := strings.NewReplacer(pairs...)
	return only1(r.Replace)
}

func asCommon(c change) change {
	c.common, c.paired = true, true
	return c
}

func asPaired(c change) change {
	c.paired = true
	return c
}

// changes lists them, the likeliest first.
var changes = sync.OnceValue(func() []change {
	return []change{
		asCommon(around("trailing-newline", "", "\n", &lineEnd, `a line feed (\n) at its end`)),
		asCommon(around("trailing-crlf", "", "\r\n", &lineEnd, `a line end (\r\n) at its end`)),
		asCommon(around("trailing-cr", "", "\r", &lineEnd, `a carriage return (\r) at its end`)),
		asCommon(around("trailing-space", "", " ", &blanks, "a space at its end")),
		asCommon(around("double-quotes", `"`, `"`, &quotes, `double quotes (") around it`)),
		asCommon(around("single-quotes", `'`, `'`, &quotes, "single quotes (') around it")),
		around("backticks", "`", "`", &quotes, "backticks around it"),
		asPaired(around("smart-quotes", "“", "”", &invisible, "typographic quotes (“ ”) around it")),
		around("smart-single-quotes", "‘", "’", &invisible, "typographic quotes (‘ ’) around it"),
		around("trailing-quote", "", `"`, &quotes, `a double quote (") at its end`),
		around("leading-quote", `"`, "", &quotes, `a double quote (") before it`),
		around("trailing-single-quote", "", `'`, &quotes, "a single quote (') at its end"),
		around("escaped-quotes", `\"`, `\"`, &quotes, `escaped quotes (\") around it`),
		asPaired(around("leading-space", " ", "", &blanks, "a space before it")),
		asPaired(around("spaces", " ", " ", &blanks, "spaces around it")),
		asPaired(around("trailing-tab", "", "\t", &blanks, "a tab at its end")),
		around("leading-tab", "\t", "", &blanks, "a tab before it"),
		around("leading-newline", "\n", "", &lineEnd, "a line feed before it"),
		around("trailing-newlines", "", "\n\n", &lineEnd, "two line feeds at its end"),
		around("trailing-spaces", "", "  ", &blanks, "two spaces at its end"),
		around("literal-newline", "", `\n`, &escapes, `a backslash and an n (\n, as two characters) at its end`),
		around("trailing-colon", "", ":", &punctuation, "a colon at its end"),
		asPaired(around("trailing-comma", "", ",", &punctuation, "a comma at its end")),
		asPaired(around("trailing-semicolon", "", ";", &punctuation, "a semicolon at its end")),
		around("trailing-period", "", ".", &punctuation, "a full stop at its end"),
		asPaired(around("leading-equals", "=", "", &punctuation, "an equals sign before it")),
		around("leading-colon", ":", "", &punctuation, "a colon before it"),
		around("angle-brackets", "<", ">", &punctuation, "angle brackets around it"),
		around("dollar-braces", "${", "}", &punctuation, "${ } around it"),
		around("braces", "{", "}", &punctuation, "braces around it"),
		around("square-brackets", "[", "]", &punctuation, "square brackets around it"),
		around("parentheses", "(", ")", &punctuation, "parentheses around it"),
		around("leading-bom", "\ufeff", "", &invisible, "an invisible byte order mark before it"),
		around("trailing-zero-width", "", "\u200b", &invisible, "an invisible zero-width space at its end"),
		around("leading-zero-width", "\u200b", "", &invisible, "an invisible zero-width space before it"),
		around("trailing-nbsp", "", "\u00a0", &invisible, "a no-break space at its end"),
		around("leading-nbsp", "\u00a0", "", &invisible, "a no-break space before it"),
		asPaired(around("env-line", "LIVEKIT_API_SECRET=", "", &envLine, "the name LIVEKIT_API_SECRET= before it")),
		around("export-line", "export LIVEKIT_API_SECRET=", "", &envLine, "export LIVEKIT_API_SECRET= before it"),
		around("bearer", "Bearer ", "", &envLine, "the word Bearer before it"),
		{id: "key-and-secret", paired: true, what: finding.Textf("the API key, a colon and a blank before it (the whole line of a keys file)"), why: &pairLine,
			forward: func(s, key string) string { return key + ": " + s },
			inverse: func(s, key string) string { return strings.TrimPrefix(s, key+": ") }},
		{id: "key-colon-secret", paired: true, what: finding.Textf("the API key and a colon before it (a whole pair)"), why: &pairLine,
			forward: func(s, key string) string { return key + ":" + s },
			inverse: func(s, key string) string { return strings.TrimPrefix(s, key+":") }},
		{id: "key-equals-secret", what: finding.Textf("the API key and an equals sign before it"), why: &pairLine,
			forward: func(s, key string) string { return key + "=" + s },
			inverse: func(s, key string) string { return strings.TrimPrefix(s, key+"=") }},
		{id: "key-joined", what: finding.Textf("the API key directly before it"), why: &pairLine,
			forward: func(s, key string) string { return key + s },
			inverse: func(s, key string) string { return strings.TrimPrefix(s, key) }},
		{id: "base64", paired: true, what: finding.Textf("encoded in base64"), why: &encoded,
			forward: only1(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }),
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
		{id: "dollar-doubled", paired: true, what: finding.Textf("with every $ doubled"), why: &dollars, forward: replaced("$", "$$"), inverse: replaced("$$", "$")},
		{id: "dollar-halved", what: finding.Textf("with every $$ made one $"), why: &dollars, forward: replaced("$$", "$")},
		{id: "dollar-escaped", paired: true, what: finding.Textf(`with every $ written \$`), why: &dollars, forward: replaced("$", `\$`), inverse: replaced(`\$`, "$")},
		{id: "dollar-expanded", paired: true, what: finding.Textf("with $name taken for a variable and replaced by nothing"), why: &dollars, forward: only1(unvariable)},
		{id: "dollar-expanded-digits", what: finding.Textf("with $1 taken for a variable and replaced by nothing"), why: &dollars,
			forward: only1(func(s string) string { return digitVariable().ReplaceAllString(s, "") })},
		{id: "backslashes-removed", what: finding.Textf("without its backslashes"), why: &escapes, forward: replaced(`\`, "")},
		{id: "backslashes-doubled", what: finding.Textf("with every backslash doubled"), why: &escapes, forward: replaced(`\`, `\\`), inverse: replaced(`\\`, `\`)},
		{id: "json-escaped", paired: true, what: finding.Textf("JSON-escaped"), why: &escapes, forward: only1(toJSON), inverse: only1(fromJSON)},
		{id: "escapes-read", what: finding.Textf(`with escapes such as \n read as characters`), why: &escapes,
			forward: replaced(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\\`, `\`)},
		{id: "trimmed", paired: true, what: finding.Textf("blanks at its ends"), why: &blanks, forward: only1(strings.TrimSpace)},
		{id: "hidden-removed", paired: true, what: finding.Textf("invisible characters in it"), why: &invisible, forward: only1(unhidden)},
		{id: "blanks-removed", what: finding.Textf("blanks inside"), why: &blanks,
			forward: only1(func(s string) string { return strings.Join(strings.Fields(s), "") })},
		{id: "quotes-removed", what: finding.Textf("quotes in it"), why: &quotes, forward: replaced(`"`, "", `'`, "", "`", "", "“", "", "”", "")},
		{id: "punctuation-trimmed", what: finding.Textf("punctuation at its ends"), why: &punctuation,
			forward: only1(func(s string) string { return strings.Trim(s, "\"'`:;,.=<>(){}[]$ \t\r\n") })},
		{id: "lower-case", paired: true, what: finding.Textf("in lower case"), why: &letterCase, forward: only1(strings.ToLower)},
		{id: "upper-case", paired: true, what: finding.Textf("in upper case"), why: &letterCase, forward: only1(strings.ToUpper)},
		{id: "case-swapped", what: finding.Textf("with upper and lower case swapped"), why: &letterCase, forward: only1(swapCase)},
		{id: "doubled", what: finding.Textf("twice in a row"), why: &pasted,
			forward: only1(func(s string) string { return s + s }), inverse: only1(half)},
		{id: "reversed", what: finding.Textf("backwards"), why: &pasted, forward: only1(reversed)},
		{id: "sha256-hex", what: finding.Textf("hashed with SHA-256 (hex)"), why: &decodes,
			forward: only1(func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) })},
		{id: "sha256", what: finding.Textf("hashed with SHA-256 (bytes)"), why: &decodes,
			forward: only1(func(s string) string { h := sha256.Sum256([]byte(s)); return string(h[:]) })},
		{id: "utf-16", what: finding.Textf("as UTF-16"), why: &escapes, forward: only1(toUTF16)},
		{id: "latin-1", what: finding.Textf("as Latin-1 instead of UTF-8"), why: &escapes, forward: only1(toLatin1)},
		{id: "mojibake", what: finding.Textf("encoded to UTF-8 twice"), why: &escapes, forward: only1(mojibake)},
	}
})
