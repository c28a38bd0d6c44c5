package token

import (
	"cmp"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"html"
	"math/big"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	utf "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/unicode/norm"

	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
)

// change is one way in which a copied secret is altered. do makes the changed form and
// undo the original. Both return their argument if they have nothing to change.
type change struct {
	id       string
	what     finding.Text
	why      *reason
	do, undo func(s string) string
	use      use
}

// use says with which other change of the same copy a change is tried: two are tried
// together if their sum is at least common + paired.
type use int

const (
	alone use = iota
	paired
	common // also tried on the API key
)

// reason is the likely cause of a family of changes, and its cure. The one %s of the
// cure is the place of the changed copy.
type reason struct {
	cause finding.Text
	cure  string
}

func (r *reason) at(side Side) finding.Text {
	if side == SideHere {
		return finding.Textf(r.cure, finding.Textf("on this machine"))
	}
	return finding.Textf(r.cure, finding.Textf("where the token is made"))
}

func why(cause, cure string) reason { return reason{cause: finding.Textf(cause), cure: cure} }

var (
	lineEnd = why("Files and secret stores written with echo end in a line feed, files from Windows in \\r\\n; whoever "+
		"reads them has to cut it off.",
		"Set LIVEKIT_API_SECRET again %s, without a line end: write it with echo -n instead of echo, or trim it where it is read.")
	blanks = why("Blanks come along when a secret is copied, and docker --env-file keeps those at the end of a line.",
		"Set LIVEKIT_API_SECRET again %s, without blanks.")
	quotes = why("docker --env-file keeps the quotes of an env file as part of the value, and so do forms and dashboards "+
		"that ask for the bare value.",
		"Write the value of LIVEKIT_API_SECRET without quotes %s.")
	punctuation = why("A character of the line around it (YAML, JSON, a list, KEY==value, a placeholder's brackets) was "+
		"copied along with the secret.",
		"Set LIVEKIT_API_SECRET again %s, the secret and nothing else.")
	invisible = why("Characters that cannot be seen come along when text is copied from a web page, a chat or a document.",
		"Type or paste LIVEKIT_API_SECRET again %s as plain text, from LiveKit's own settings page or key file.")
	envLine = why("The whole line NAME=value was put where only the value belongs.",
		"Set LIVEKIT_API_SECRET %s to the value alone.")
	pairLine = why("LIVEKIT_KEYS and key files hold “key: secret”; that whole line was used as the secret.",
		"Set LIVEKIT_API_SECRET %s to the part after the colon.")
	encoded = why("Kubernetes and other secret stores show secrets in base64 or hex, and the encoded form was used as it stands.",
		"Decode it first, and set LIVEKIT_API_SECRET %s to the plain secret.")
	decodes = why("The code decodes or hashes the secret before it signs, as other systems want it. LiveKit signs with the "+
		"secret's text as it is.",
		"Use the secret's text as the HMAC key %s, or a LiveKit server SDK, which does so.")
	urlEncoded = why("The secret went through a URL, a form or a web page and was encoded or decoded once too often.",
		"Set LIVEKIT_API_SECRET again %s, as LiveKit shows it.")
	dollars = why("Next.js, docker compose and shells take a $ in a value for the start of a variable, each by its own "+
		"rules; $$ and \\$ are their ways to write a plain $.",
		"Use a secret of letters and digits only, or write the $ %s the way that its loader wants.")
	escapes = why("A tool on the way read or wrote escapes or another text encoding.",
		"Set LIVEKIT_API_SECRET again %s, without escapes; a secret of letters and digits avoids the question.")
	letterCase = why("Something changed the case of the letters, such as an import or a form.",
		"Set LIVEKIT_API_SECRET again %s, exactly as LiveKit shows it.")
	pasted = why("The secret was pasted carelessly.",
		"Set LIVEKIT_API_SECRET again %s, exactly as LiveKit shows it.")
	cutShort = why("The secret was not selected to its ends when it was copied, or a field with a maximum length cut it.",
		"Set LIVEKIT_API_SECRET again %s, whole.")
	cutHash = why("Next.js and other dotenv readers take an unquoted # for the start of a comment and drop the rest of the "+
		"value; Python and Docker do not.",
		"Quote the value in the env file %s, or use a secret of letters and digits only.")
	typo = why("The secret was typed, or read by a person or a machine that took one character for another.",
		"Copy LIVEKIT_API_SECRET again %s instead of typing it.")
	keyAsSecret = why("The variables for key and secret hold the same value, or were mixed up.",
		"Set LIVEKIT_API_SECRET %s to the secret that belongs to the key.")
	unset = why("The variable with the secret is not set there, or was not filled in, and the code signs all the same.",
		"Set LIVEKIT_API_SECRET %s and restart the service.")
	wellKnown = why("The token is signed with the secret that livekit-server --dev and its examples use, which everybody knows.",
		"Use the same key and secret %s as the LiveKit server has.")
	typographic = why("Word processors, chats and notes turn straight quotes, hyphens and dots into typographic ones.",
		"Type or paste LIVEKIT_API_SECRET again %s as plain text, from LiveKit's own settings page or key file.")
	asRepr = why("Python's str() and repr() of a value write quotes around it, and b'…' around bytes; that text was used as the secret.",
		"Use the text itself %s: decode bytes with .decode(), and leave out str() and repr().")
	commentKept = why("docker --env-file and some other readers keep a comment at the end of a line as a part of the value.",
		"Put the comment of LIVEKIT_API_SECRET on a line of its own %s.")
	splitEquals = why("Code that splits NAME=value at every =, or trims them, loses those that end a base64 text.",
		"Split at the first = only %s, or use a secret of letters and digits only.")
	splitOff = why("A tool on the way took this character for the end of the value, as & and ? are in URLs, ; and & in "+
		"shells, : and , where lines are split.",
		"Set LIVEKIT_API_SECRET again %s, whole; a secret of letters and digits only avoids the question.")
	numbers = why("YAML and JSON read a value such as 1234, 0x1F or 12e3 as a number, and it is written anew in another way.",
		"Put the value of LIVEKIT_API_SECRET in quotes in the YAML or JSON %s.")
	masked = why("The secret was copied from a place that shows its ends only.",
		"Set LIVEKIT_API_SECRET again %s, whole: copy it where it is shown in full, or make a new one.")
	loaderRules = why("Each reader of env files has its own rules for quotes, #, $, backslashes and blanks; this one gets "+
		"another value from the line than Next.js.",
		"Write LIVEKIT_API_SECRET so that all of them read it alike %s: a secret of letters and digits only, without quotes, "+
			"blanks and comments.")
	otherPlace = why("Another file or project holds the secret that was used; the two were mixed up, or one was not updated.",
		"Use the same key and secret %s as the LiveKit server has.")
)

// changes returns the changes of a secret that belongs to key, the likeliest first.
func changes(key string) []change {
	if key == "" {
		return table()
	}
	list := slices.Clip(table())
	whole := around("key-and-secret", key+": ", "",
		finding.Textf("the API key, a colon and a blank before it (the whole line of a keys file)"), &pairLine)
	whole.use = common
	list = append(list, whole,
		around("key-colon-secret", key+":", "", finding.Textf("the API key and a colon before it (a whole pair)"), &pairLine))
	for _, b := range []string{"=", "", " ", "\t", ",", "\n", ".", "/"} {
		id := cmp.Or(map[string]string{"=": "key-equals-secret", "": "key-joined"}[b], "key-before-secret")
		list = append(list, around(id, key+b, "", finding.Textf("the API key and “%s” before it", visible(b)), &pairLine))
	}
	for _, b := range []string{":", ": ", "", " ", ",", "="} {
		list = append(list, around("key-behind-secret", "", b+key, finding.Textf("“%s” and the API key behind it", b), &pairLine))
	}
	return append(list, row("pair-base64", "the API key, a colon and the secret, encoded in base64 (as for HTTP Basic)", &pairLine, alone,
		func(s string) string { return toBase64(key + ":" + s) }, nil))
}

// row returns a change. A nil function stands for one that changes nothing.
func row(id, what string, r *reason, u use, do, undo func(string) string) change {
	same := func(s string) string { return s }
	if do == nil {
		do = same
	}
	if undo == nil {
		undo = same
	}
	return change{id, finding.Textf(what), r, do, undo, u}
}

func around(id, before, after string, what finding.Text, r *reason) change {
	return change{id: id, what: what, why: r, do: func(s string) string { return before + s + after }, undo: func(s string) string {
		if len(s) >= len(before)+len(after) && strings.HasPrefix(s, before) && strings.HasSuffix(s, after) {
			return s[len(before) : len(s)-len(after)]
		}
		return s
	}}
}

// added is around with a description made of the text.
func added(id, before, after string, r *reason) change {
	what := finding.Textf("“%s” before it and “%s” after it", visible(before), visible(after))
	switch {
	case before == "":
		what = finding.Textf("“%s” at its end", visible(after))
	case after == "":
		what = finding.Textf("“%s” before it", visible(before))
	}
	return around(id, before, after, what, r)
}

// swapped returns the change that replaces texts, given as pairs of old and new.
func swapped(id, what string, r *reason, u use, pairs ...string) change {
	back := slices.Clone(pairs)
	for i := 0; i < len(pairs); i += 2 {
		back[i], back[i+1] = pairs[i+1], pairs[i]
	}
	c := row(id, what, r, u, strings.NewReplacer(pairs...).Replace, nil)
	if back[0] != "" {
		c.undo = strings.NewReplacer(back...).Replace
	}
	return c
}

func without(re string) func(string) string {
	compiled := regexp.MustCompile(re)
	return func(s string) string { return compiled.ReplaceAllString(s, "") }
}

// table returns the changes that need no key, the likeliest first.
var table = sync.OnceValue(func() []change {
	var list []change
	for _, w := range []struct {
		id, before, after, what string
		why                     *reason
		use                     use
	}{
		{"trailing-newline", "", "\n", `a line feed (\n) at its end`, &lineEnd, common},
		{"trailing-crlf", "", "\r\n", `a line end (\r\n) at its end`, &lineEnd, common},
		{"trailing-cr", "", "\r", `a carriage return (\r) at its end`, &lineEnd, common},
		{"trailing-space", "", " ", "a space at its end", &blanks, common},
		{"double-quotes", `"`, `"`, `double quotes (") around it`, &quotes, common},
		{"single-quotes", "'", "'", "single quotes (') around it", &quotes, common},
		{"env-line", "LIVEKIT_API_SECRET=", "", "the name LIVEKIT_API_SECRET= before it", &envLine, common},
		{"trailing-tab", "", "\t", "a tab at its end", &blanks, paired},
		{"leading-space", " ", "", "a space before it", &blanks, paired},
		{"trailing-comma", "", ",", "a comma at its end", &punctuation, paired},
		{"trailing-semicolon", "", ";", "a semicolon at its end", &punctuation, paired},
		{"leading-equals", "=", "", "an equals sign before it", &punctuation, paired},
		{"trailing-colon", "", ":", "a colon at its end", &punctuation, alone},
		{"leading-bom", "\ufeff", "", "an invisible byte order mark before it", &invisible, paired},
		{"smart-quotes", "“", "”", "typographic quotes (“ ”) around it", &typographic, alone},
		{"literal-newline", "", `\n`, `a backslash and an n (\n, as two characters) at its end`, &escapes, alone},
	} {
		c := around(w.id, w.before, w.after, finding.Textf(w.what), w.why)
		c.use = w.use
		list = append(list, c)
	}
	list = append(list, row("padding-removed", "without the = at its end", &splitEquals, paired,
		func(s string) string { return strings.TrimRight(s, "=") }, nil))
	for _, w := range additions {
		c := added(w.id, w.before, w.after, w.why)
		if w.id == "braces" || w.id == "spaces" {
			c.use = paired
		}
		list = append(list, c)
	}
	for _, m := range marks {
		names := strings.Fields(m.names)
		for i, c := range []rune(m.chars) {
			list = append(list, added("trailing-"+names[i], "", string(c), m.why), added("leading-"+names[i], string(c), "", m.why))
		}
	}
	for _, n := range valueNames {
		list = append(list, added("named", n, "", &envLine))
	}
	list = append(list, rewrites()...)
	for _, b := range []string{"\n", "\r\n", " ", ",", ", ", ":", ";"} {
		list = append(list, repeated("repeated", finding.Textf("twice, with “%s” between", visible(b)), b, 2))
	}
	return list
})

var additions = []struct {
	id, before, after string
	why               *reason
}{
	{"spaces", " ", " ", &blanks}, {"newlines", "\n", "\n", &lineEnd}, {"trailing-newlines", "", "\n\n", &lineEnd},
	{"trailing-spaces", "", "  ", &blanks}, {"trailing-crlf-twice", "", "\r\n\r\n", &lineEnd},
	{"trailing-backslash-newline", "", "\\\n", &escapes}, {"trailing-escaped-crlf", "", `\r\n`, &escapes},
	{"trailing-encoded-newline", "", "%0A", &urlEncoded}, {"trailing-encoded-crlf", "", "%0D%0A", &urlEncoded},
	{"trailing-encoded-space", "", "%20", &urlEncoded}, {"trailing-html-blank", "", "&nbsp;", &urlEncoded},
	{"trailing-html-break", "", "<br>", &urlEncoded}, {"trailing-space-backslash", "", ` \`, &escapes},
	{"trailing-double-equals", "", "==", &punctuation}, {"trailing-dots", "", "...", &punctuation},
	{"trailing-quote-comma", "", `",`, &quotes}, {"leading-list-hyphen", "- ", "", &punctuation},
	{"leading-quoting", "> ", "", &punctuation}, {"leading-equals-space", "= ", "", &punctuation},
	{"leading-colon-space", ": ", "", &punctuation}, {"leading-double-equals", "==", "", &punctuation},
	{"hex-prefix", "0x", "", &encoded}, {"leading-spaces", "  ", "", &blanks},
	{"trailing-pipe-space", "", " | ", &punctuation}, {"backticks", "`", "`", &quotes},
	{"smart-single-quotes", "‘", "’", &typographic}, {"guillemets", "«", "»", &typographic},
	{"escaped-quotes", `\"`, `\"`, &quotes}, {"escaped-single-quotes", `\'`, `\'`, &quotes},
	{"single-in-double-quotes", `"'`, `'"`, &quotes}, {"double-in-single-quotes", `'"`, `"'`, &quotes},
	{"double-quotes-twice", `""`, `""`, &quotes}, {"single-quotes-twice", "''", "''", &quotes},
	{"triple-quotes", `"""`, `"""`, &quotes}, {"shell-quotes", "$'", "'", &quotes},
	{"html-quotes", "&quot;", "&quot;", &urlEncoded}, {"html-single-quotes", "&#39;", "&#39;", &urlEncoded},
	{"encoded-quotes", "%22", "%22", &urlEncoded}, {"angle-brackets", "<", ">", &punctuation},
	{"dollar-braces", "${", "}", &punctuation}, {"braces", "{", "}", &punctuation},
	{"double-braces", "{{", "}}", &punctuation}, {"square-brackets", "[", "]", &punctuation},
	{"parentheses", "(", ")", &punctuation}, {"dollar-parentheses", "$(", ")", &punctuation},
	{"percent-signs", "%", "%", &punctuation}, {"bold", "**", "**", &punctuation}, {"emphasis", "*", "*", &punctuation},
	{"underscores", "_", "_", &punctuation}, {"double-underscores", "__", "__", &punctuation},
	{"python-bytes", "b'", "'", &asRepr}, {"python-bytes-double", `b"`, `"`, &asRepr}, {"python-unicode", "u'", "'", &asRepr},
	{"python-tuple", "('", "',)", &punctuation}, {"json-list", `["`, `"]`, &punctuation},
	{"paste-marks", "\x1b[200~", "\x1b[201~", &invisible}, {"code-block", "```\n", "\n```", &punctuation},
	{"secret-tag", "<secret>", "</secret>", &punctuation}, {"json-member", `"LIVEKIT_API_SECRET": "`, `"`, &envLine},
	{"json-member-lower", `"api_secret": "`, `"`, &envLine}, {"json-object", `{"LIVEKIT_API_SECRET":"`, `"}`, &envLine},
	{"named-quoted", `$env:LIVEKIT_API_SECRET="`, `"`, &envLine},
	{"export-line-quoted", `export LIVEKIT_API_SECRET="`, `"`, &envLine},
	{"export-line", "export LIVEKIT_API_SECRET=", "", &envLine}, {"bearer", "Bearer ", "", &envLine},
}

// marks are characters that are often copied along at either end of a secret, and
// their names in the order of the characters.
var marks = []struct {
	why          *reason
	chars, names string
}{
	{&punctuation, `=:,;.()[]{}<>#&|*!?/-_+@~^`,
		"equals colon comma semicolon period opening-parenthesis parenthesis opening-bracket bracket opening-brace brace " +
			"less-than greater-than hash ampersand " +
			"pipe asterisk exclamation-mark question-mark slash hyphen underscore plus at tilde caret"},
	{&quotes, "\"'`", "quote single-quote backtick"}, {&dollars, "$", "dollar"}, {&escapes, `\%`, "backslash percent"},
	{&blanks, "\t\v\f", "tab vertical-tab form-feed"},
	{&typographic, "“”‘’…，。；：",
		"opening-typographic-quote typographic-quote opening-apostrophe apostrophe ellipsis " +
			"wide-comma wide-stop wide-semicolon wide-colon"},
	{&lineEnd, "\n\x00\x1a\x04", "newline nul end-of-file end-of-transmission"},
	{&invisible, "\ufeff\u200b\u00a0\u200c\u200d\u2060\u00ad\u200e\u200f\u202a\u202c\u2028\u202f\u2009\u3000",
		"bom zero-width nbsp non-joiner joiner word-joiner " +
			"soft-hyphen left-to-right-mark right-to-left-mark embedding end-of-direction line-separator " +
			"narrow-space thin-space wide-space"},
}

// valueNames are the names before the value in a line that was pasted whole.
var valueNames = []string{
	"set LIVEKIT_API_SECRET=", "ENV LIVEKIT_API_SECRET=", "-e LIVEKIT_API_SECRET=", "$env:LIVEKIT_API_SECRET=",
	"LIVEKIT_API_SECRET = ", "LIVEKIT_API_SECRET: ", "LIVEKIT_API_SECRET:", "LIVEKIT_SECRET=", "API_SECRET=", "api_secret: ",
	"api_secret=", "apiSecret: ", "apiSecret=", "secret: ", "secret=", "Secret: ", "API Secret: ", "--api-secret ",
	"--api-secret=", "Basic ",
}

func rewrites() []change {
	lookalike := strings.NewReplacer("а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "х", "x", "у", "y", "і", "i", "ѕ", "s",
		"А", "A", "В", "B", "Е", "E", "К", "K", "М", "M", "Н", "H", "О", "O", "Р", "P", "С", "C", "Т", "T", "Х", "X")
	wide := utf.UTF16(utf.LittleEndian, utf.IgnoreBOM)
	list := []change{
		row("base64", "encoded in base64", &encoded, common, toBase64, asText(unBase64)),
		row("base64url", "encoded in base64url, without padding", &encoded, paired, from(base64.RawURLEncoding.EncodeToString), nil),
		row("base64url-padded", "encoded in base64url", &encoded, alone, from(base64.URLEncoding.EncodeToString), nil),
		row("base64-unpadded", "encoded in base64, without padding", &encoded, paired, from(base64.RawStdEncoding.EncodeToString), nil),
		row("base64-decoded", "decoded from base64", &decodes, paired, asBytes(unBase64), nil),
		row("base64-decoded-as-text", "decoded from base64, as text: bytes that are no UTF-8 became replacement characters",
			&decodes, alone,
			func(s string) string { return strings.ToValidUTF8(asBytes(unBase64)(s), "\ufffd") }, nil),
		row("base64-twice-newlines", "encoded in base64 twice, with a line feed at its end both times", &encoded, alone,
			func(s string) string { return toBase64(toBase64(s+"\n") + "\n") }, nil),
		row("base64-newlines", "encoded in base64, with a line feed at its end before and after", &encoded, alone,
			func(s string) string { return toBase64(s+"\n") + "\n" }, nil),
		row("base64-alphabet", "in base64's other alphabet (+ and / for - and _, or the reverse)", &encoded, alone,
			strings.NewReplacer("+", "-", "/", "_", "-", "+", "_", "/").Replace, nil),
		row("hex", "encoded in hex", &encoded, paired, toHex, asText(unHex)),
		row("hex-upper", "encoded in upper-case hex", &encoded, alone, func(s string) string { return strings.ToUpper(toHex(s)) }, nil),
		row("hex-0x", "encoded in hex, with 0x before it", &encoded, alone, func(s string) string { return "0x" + toHex(s) }, nil),
		row("hex-bytea", `encoded in hex, with \x before it, as PostgreSQL shows bytes`, &encoded, alone,
			func(s string) string { return `\x` + toHex(s) },
			asText(func(s string) ([]byte, error) { return hex.DecodeString(strings.TrimPrefix(s, `\x`)) })),
		row("hex-decoded", "decoded from hex", &decodes, paired, asBytes(unHex), nil),
		row("base32", "encoded in base32", &encoded, alone, from(base32.StdEncoding.EncodeToString),
			asText(func(s string) ([]byte, error) {
				return base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(s, "=\n"))
			})),
		row("url-encoded", "percent-encoded", &urlEncoded, paired, url.QueryEscape, unescaped("%", url.QueryUnescape)),
		row("path-encoded", "percent-encoded, blanks as %20", &urlEncoded, alone, url.PathEscape, unescaped("%", url.PathUnescape)),
		row("uri-component", "percent-encoded, as JavaScript's encodeURIComponent does", &urlEncoded, alone, uriComponent, nil),
		row("url-decoded", "percent-decoded", &urlEncoded, alone, unescaped("", url.QueryUnescape), nil),
		swapped("plus-to-space", "with its + turned into blanks", &urlEncoded, alone, "+", " "),
		swapped("percent-doubled", "with every percent sign doubled", &escapes, alone, "%", "%%"),
		row("html-escaped", htmlEscaped, &urlEncoded, paired, html.EscapeString, html.UnescapeString),
		swapped("html-ampersand", htmlEscaped, &urlEncoded, alone, "&", "&amp;"),
		swapped("html-ampersand", htmlEscaped, &urlEncoded, alone, "&", "&amp;", "<", "&lt;", ">", "&gt;"),
		swapped("html-quotes-escaped", htmlEscaped, &urlEncoded, alone,
			"&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;"),
		swapped("html-hex", htmlEscaped, &urlEncoded, alone, "&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;"),
		swapped("dollar-doubled", "with every $ doubled", &dollars, paired, "$", "$$"),
		swapped("dollar-doubled-twice", "with every $ written four times", &dollars, alone, "$", "$$$$"),
		swapped("dollar-escaped", `with every $ written \$`, &dollars, paired, "$", `\$`),
		row("dollar-expanded", "with $name taken for a variable and replaced by nothing", &dollars, paired,
			without(`\$(?:\{[^}]*\}|\w+)`), nil),
		row("dollar-expanded-digits", "with $1 taken for a variable and replaced by nothing", &dollars, alone, without(`\$\d`), nil),
		swapped("exclamation-escaped", "with a backslash before every exclamation mark", &escapes, alone, "!", `\!`),
		swapped("hash-escaped", "with a backslash before every #", &escapes, alone, "#", `\#`),
		swapped("backslashes-removed", "without its backslashes", &escapes, alone, `\`, ""),
		swapped("backslashes-doubled", "with every backslash doubled", &escapes, alone, `\`, `\\`),
		row("json-escaped", "JSON-escaped", &escapes, paired, toJSON, fromJSON),
		swapped("json-escaped", "JSON-escaped", &escapes, paired, `\`, `\\`, `"`, `\"`),
		row("escapes-read", `with escapes such as \n read as characters`, &escapes, alone,
			strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\\`, `\`).Replace, nil),
		swapped("shell-quote", `with every ' written '\''`, &escapes, paired, "'", `'\''`),
		swapped("quote-doubled", "with every ' doubled", &escapes, alone, "'", "''"),
		row("number", "read as a number and written anew", &numbers, paired, asInteger, nil),
		row("number-float", "read as a floating-point number and written anew", &numbers, paired, asFloat, nil),
		row("utf-16", "as UTF-16", &escapes, paired,
			unescaped("", func(s string) (string, error) { return wide.NewEncoder().String(s) }),
			unescaped("\x00", func(s string) (string, error) { return wide.NewDecoder().String(s) })),
		row("unicode-composed", "in another Unicode form (NFC, as most keyboards type it)", &typographic, alone, norm.NFC.String, nil),
		row("unicode-decomposed", "in another Unicode form (NFD: letters and accents apart)", &typographic, alone, norm.NFD.String, nil),
		row("typographic-quotes", "with typographic quotes in the place of straight ones", &typographic, alone,
			strings.NewReplacer("'", "’", `"`, "”").Replace,
			strings.NewReplacer("’", "'", "‘", "'", "”", `"`, "“", `"`).Replace),
		row("en-dash", "with dashes (–) in the place of hyphens", &typographic, alone, strings.NewReplacer("-", "–").Replace,
			strings.NewReplacer("–", "-", "—", "-", "\u2011", "-", "\u2010", "-", "\u2212", "-").Replace),
		swapped("em-dash", "with a dash (—) in the place of two hyphens", &typographic, alone, "--", "—"),
		swapped("no-break-hyphen", "with no-break hyphens in the place of hyphens", &typographic, alone, "-", "\u2011"),
		swapped("minus-sign", "with minus signs (−) in the place of hyphens", &typographic, alone, "-", "\u2212"),
		swapped("dots-joined", "with … in the place of three dots", &typographic, alone, "...", "…"),
		swapped("no-break-spaces", "with no-break spaces in the place of blanks", &invisible, alone, " ", "\u00a0"),
		swapped("hyphens-removed", "without its hyphens", &letterCase, alone, "-", ""),
		row("lower-case", "in lower case", &letterCase, paired, strings.ToLower, nil),
		row("upper-case", "in upper case", &letterCase, paired, strings.ToUpper, nil),
		row("case-swapped", "with upper and lower case swapped", &letterCase, alone, swapCase, nil),
		repeated("doubled", finding.Textf("twice in a row"), "", 2),
		repeated("repeated", finding.Textf("three times in a row"), "", 3),
		// These can be undone here but not guessed in the other direction.
		row("trimmed", "blanks at its ends", &blanks, alone, nil, strings.TrimSpace),
		row("comment-kept", "a comment behind it", &commentKept, alone, nil, without(`\s+(?:#|//|--|;)(?:\s.*)?$`)),
		row("next-line-kept", "the next line of its file behind it", &lineEnd, alone, nil,
			without(`(?s)[\r\n]+(?:export )?[A-Z][A-Z0-9]*_[A-Z0-9_]+=.*$`)),
		row("next-line-glued", "the next line of its file directly behind it", &lineEnd, alone, nil,
			without(`(?s)(?:export )?(?:LIVEKIT|NEXT_PUBLIC|USER_MGMT|OPENAI|AWS|NODE)_[A-Z0-9_]+=.*$`)),
		row("name-kept", "a name and an equals sign or colon before it", &envLine, alone, nil,
			without(`^\s*(?:[\w$]+[ :])?["']?[\w.-]*(?i:secret)\w*["']?\s*[=:]\s*`)),
		row("terminal-codes", "a terminal's control sequences in it", &invisible, alone, nil, without("\x1b\\[[0-9;?]*[A-Za-z~]")),
		row("lines-joined", "a line break, with a backslash or blanks, inside", &escapes, alone, nil, without(`\\?\r?\n`)),
		row("foreign-letters", "letters of another alphabet that look the same", &invisible, alone, nil, lookalike.Replace),
	}
	for _, h := range []struct {
		name, id string
		hash     func() hash.Hash
	}{{"SHA-256", "sha256", sha256.New}, {"SHA-512", "sha512", sha512.New}, {"SHA-1", "sha1", sha1.New}, {"MD5", "md5", md5.New}} {
		hashed := func(suffix, as string, u use, write func([]byte) string) {
			c := row(h.id+suffix, "", &decodes, u, func(s string) string {
				sum := h.hash()
				sum.Write([]byte(s))
				return write(sum.Sum(nil))
			}, nil)
			c.what = finding.Textf("hashed with %s (%s)", h.name, as)
			list = append(list, c)
		}
		hashed("-hex", "hex", paired, hex.EncodeToString)
		hashed("", "bytes", alone, func(sum []byte) string { return string(sum) })
		hashed("-base64", "base64", alone, base64.StdEncoding.EncodeToString)
		hashed("-hex-upper", "upper-case hex", alone, func(sum []byte) string { return strings.ToUpper(hex.EncodeToString(sum)) })
	}
	return list
}

// htmlEscaped describes several spellings of one change.
const htmlEscaped = "HTML-escaped (&amp; for &)"

// removals are changes that take away what is unlikely to be part of a secret. They
// explain less than the table's.
func removals() []change {
	return []change{
		row("hidden-removed", "invisible characters in it", &invisible, alone, nil, func(s string) string {
			return strings.Map(func(r rune) rune {
				if r == 0xa0 || unicode.In(r, unicode.Cf, unicode.Cc) {
					return -1
				}
				return r
			}, s)
		}),
		row("blanks-removed", "blanks inside", &blanks, alone, nil, func(s string) string { return strings.Join(strings.Fields(s), "") }),
		row("quotes-removed", "quotes in it", &quotes, alone, nil, without("[\"'`“”]")),
		row("punctuation-trimmed", "punctuation at its ends", &punctuation, alone, nil,
			func(s string) string { return strings.Trim(s, "\"'`:;,.=<>(){}[]$ \t\r\n") }),
	}
}

func from(encode func([]byte) string) func(string) string {
	return func(s string) string { return encode([]byte(s)) }
}

var (
	toBase64 = from(base64.StdEncoding.EncodeToString)
	toHex    = from(hex.EncodeToString)
)

// unBase64 decodes any of the four dialects of base64.
func unBase64(s string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(strings.TrimSpace(s), "=")))
}

func unHex(s string) ([]byte, error) { return hex.DecodeString(strings.TrimSpace(s)) }

// asText decodes a text if the result is printable, in any language.
func asText(decode func(string) ([]byte, error)) func(string) string { return decoded(decode, true) }

// asBytes decodes a text if the result is binary, as code does that expects base64.
func asBytes(decode func(string) ([]byte, error)) func(string) string { return decoded(decode, false) }

func decoded(decode func(string) ([]byte, error), printable bool) func(string) string {
	return func(s string) string {
		data, err := decode(s)
		if err != nil || len(data) < 4 {
			return s
		}
		isText := utf8.Valid(data) && !strings.ContainsFunc(string(data), func(r rune) bool {
			return !unicode.IsPrint(r) && !strings.ContainsRune("\n\r\t\ufeff\u200b\u00a0", r)
		})
		if isText != printable {
			return s
		}
		return string(data)
	}
}

// unescaped undoes an encoding once if the text contains mark.
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

func toJSON(s string) string {
	b, _ := json.Marshal(s) // a string always has JSON
	return string(b[1 : len(b)-1])
}

func fromJSON(s string) string {
	var plain string
	if json.Unmarshal([]byte(`"`+s+`"`), &plain) == nil {
		return plain
	}
	return s
}

// asInteger returns a number (0x1F, 007) as YAML and JSON write it back.
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

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

func repeated(id string, what finding.Text, between string, n int) change {
	c := row(id, "", &pasted, alone, func(s string) string { return strings.Repeat(s+between, n-1) + s }, func(s string) string {
		for _, whole := range []string{s, strings.TrimSuffix(s, between)} {
			size := (len(whole) - (n-1)*len(between)) / n
			if size > 0 && whole == strings.Repeat(whole[:size]+between, n-1)+whole[:size] {
				return whole[:size]
			}
		}
		return s
	})
	c.what = what
	return c
}

func visible(s string) string {
	if r, n := utf8.DecodeRuneInString(s); n == len(s) && (unicode.IsControl(r) && r > '\r' || !unicode.IsPrint(r) && r > 0x7f) {
		return fmt.Sprintf("%U", r)
	}
	return strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`, "\v", `\v`, "\f", `\f`, "\x00", `\0`, "\x1b", "ESC").Replace(s)
}

var knownSecrets = []struct {
	id      string
	why     *reason
	secrets []string
}{
	{"well-known-secret", &wellKnown, []string{"secret", "devsecret", "this_is_a_secret", "mysecret", "my-secret", "livekit"}},
	{"well-known-secret", &keyAsSecret, []string{"devkey"}}, {"well-known-secret", &pairLine, []string{"devkey: secret"}},
	{"placeholder-secret", &unset, []string{
		"undefined", "null", "None", "nil", "<nil>", "NaN", "[object Object]", "[object Promise]", "[object Undefined]",
		"false", "true", "0", "{}", "%!s(<nil>)", "<no value>", " ", "\n", `""`, "''", "${LIVEKIT_API_SECRET}",
		"$LIVEKIT_API_SECRET", "{{LIVEKIT_API_SECRET}}", "{{ LIVEKIT_API_SECRET }}", "%LIVEKIT_API_SECRET%",
		"LIVEKIT_API_SECRET", "process.env.LIVEKIT_API_SECRET", "import.meta.env.LIVEKIT_API_SECRET", "env.LIVEKIT_API_SECRET",
		"$(LIVEKIT_API_SECRET)", "<LIVEKIT_API_SECRET>", "${{ secrets.LIVEKIT_API_SECRET }}", "${LIVEKIT_API_SECRET:-}",
		"${LIVEKIT_API_SECRET:?}", "${env:LIVEKIT_API_SECRET}", "$env:LIVEKIT_API_SECRET", "$LIVEKIT_SECRET",
		"${LIVEKIT_SECRET}", `os.environ["LIVEKIT_API_SECRET"]`, `os.getenv("LIVEKIT_API_SECRET")`,
		`os.environ['LIVEKIT_API_SECRET']`, `os.getenv('LIVEKIT_API_SECRET')`, "{{ .Values.livekit.apiSecret }}",
		"{{ .Values.livekit.api_secret }}", "/run/secrets/livekit_api_secret", "/run/secrets/LIVEKIT_API_SECRET",
		"<your_api_secret>", "your_api_secret", "<your-api-secret>", "your-api-secret", "YOUR_API_SECRET", "<YOUR_API_SECRET>",
		"<your API secret>", "<api_secret>", "api_secret", "API_SECRET", "apisecret", "<secret>", "your_secret", "your-secret",
		"your_livekit_api_secret", "your-livekit-api-secret", "your_api_secret_here", "your-api-secret-here",
		"YOUR_LIVEKIT_API_SECRET", "<your_livekit_api_secret>", "changeme", "change-me", "change_me", "placeholder",
		"password", "test", "xxx",
	}},
	{"placeholder-secret", &masked, []string{
		"***", "****", "*****", "******", "********", "**********", "••••••••", "[REDACTED]", "<redacted>", "REDACTED",
		"(sensitive value)", "(sensitive)", clean.Hidden,
	}},
}
