package token

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"lkdoctor/checks/finding"
)

// mark is a text that gets stuck to an end of a secret, or is lost from it. Its
// name makes the IDs trailing-NAME and leading-NAME.
type mark struct {
	name, text string
	why        *reason
}

// marks are the characters of the lines, texts and documents that secrets are
// copied from, beyond those that changes() names with words of their own.
var marks = []mark{
	{"equals", "=", &punctuation}, {"double-equals", "==", &punctuation}, {"equals-space", "= ", &punctuation}, {"colon-space", ": ", &punctuation},
	{"colon", ":", &punctuation}, {"comma", ",", &punctuation}, {"semicolon", ";", &punctuation}, {"period", ".", &punctuation}, {"dots", "...", &punctuation},
	{"opening-parenthesis", "(", &punctuation}, {"parenthesis", ")", &punctuation}, {"opening-bracket", "[", &punctuation}, {"bracket", "]", &punctuation},
	{"opening-brace", "{", &punctuation}, {"brace", "}", &punctuation}, {"less-than", "<", &punctuation}, {"greater-than", ">", &punctuation}, {"quoting", "> ", &punctuation},
	{"hash", "#", &punctuation}, {"dollar", "$", &dollars}, {"percent", "%", &prompt}, {"ampersand", "&", &punctuation}, {"ampersands", "&&", &punctuation}, {"pipe", "|", &punctuation}, {"pipe-space", "| ", &punctuation},
	{"asterisk", "*", &punctuation}, {"asterisks", "**", &punctuation}, {"exclamation-mark", "!", &punctuation}, {"question-mark", "?", &punctuation}, {"slash", "/", &punctuation},
	{"backslash", `\`, &escapes}, {"space-backslash", ` \`, &escapes}, {"hyphen", "-", &punctuation}, {"list-hyphen", "- ", &punctuation}, {"underscore", "_", &punctuation},
	{"plus", "+", &punctuation}, {"at", "@", &punctuation}, {"tilde", "~", &punctuation}, {"caret", "^", &punctuation},
	{"quote", `"`, &quotes}, {"single-quote", "'", &quotes}, {"backtick", "`", &quotes}, {"quote-comma", `",`, &quotes}, {"quote-semicolon", `";`, &quotes}, {"opening-typographic-quote", "“", &typographic}, {"typographic-quote", "”", &typographic},
	{"apostrophe", "’", &typographic}, {"ellipsis", "…", &typographic}, {"wide-comma", "，", &typographic}, {"wide-stop", "。", &typographic}, {"wide-semicolon", "；", &typographic}, {"wide-colon", "：", &typographic},
	{"escaped-crlf", `\r\n`, &escapes}, {"encoded-newline", "%0A", &urlEncoded}, {"encoded-crlf", "%0D%0A", &urlEncoded}, {"spaces", "  ", &blanks}, {"crlf", "\r\n", &lineEnd}, {"crlf-twice", "\r\n\r\n", &lineEnd}, {"backslash-newline", "\\\n", &escapes}, {"encoded-space", "%20", &urlEncoded},
	{"html-blank", "&nbsp;", &urlEncoded}, {"html-break", "<br>", &urlEncoded},
}

// blankMarks cannot be seen; they are told by their code point.
var blankMarks = []mark{
	{"vertical-tab", "\v", &blanks}, {"form-feed", "\f", &blanks}, {"nul", "\x00", &lineEnd}, {"end-of-file", "\x1a", &lineEnd}, {"end-of-transmission", "\x04", &lineEnd},
	{"bom", "\ufeff", &invisible}, {"non-joiner", "\u200c", &invisible}, {"joiner", "\u200d", &invisible}, {"word-joiner", "\u2060", &invisible}, {"soft-hyphen", "\u00ad", &invisible},
	{"left-to-right-mark", "\u200e", &invisible}, {"right-to-left-mark", "\u200f", &invisible}, {"embedding", "\u202a", &invisible}, {"end-of-direction", "\u202c", &invisible},
	{"isolate", "\u2066", &invisible}, {"end-of-isolate", "\u2069", &invisible},
	{"line-separator", "\u2028", &invisible}, {"narrow-space", "\u202f", &invisible}, {"thin-space", "\u2009", &invisible}, {"wide-space", "\u3000", &invisible},
}

// wraps stand around a secret.
var wraps = []struct {
	name, prefix, suffix string
	why                  *reason
}{
	{"python-bytes", "b'", "'", &asRepr}, {"python-bytes-double", `b"`, `"`, &asRepr}, {"python-unicode", "u'", "'", &asRepr},
	{"python-tuple", "('", "',)", &punctuation}, {"parenthesised-quotes", "('", "')", &punctuation}, {"json-list", `["`, `"]`, &punctuation},
	{"single-in-double-quotes", `"'`, `'"`, &quotes}, {"double-in-single-quotes", `'"`, `"'`, &quotes}, {"double-quotes-twice", `""`, `""`, &quotes}, {"triple-quotes", `"""`, `"""`, &quotes},
	{"single-quotes-twice", "''", "''", &quotes}, {"escaped-single-quotes", `\'`, `\'`, &quotes}, {"escaped-in-double-quotes", `"\"`, `\""`, &quotes}, {"shell-quotes", "$'", "'", &quotes},
	{"html-quotes", "&quot;", "&quot;", &urlEncoded}, {"html-single-quotes", "&#39;", "&#39;", &urlEncoded}, {"encoded-quotes", "%22", "%22", &urlEncoded},
	{"guillemets", "«", "»", &typographic}, {"corner-brackets", "「", "」", &typographic}, {"low-quotes", "„", "“", &typographic},
	{"double-braces", "{{", "}}", &punctuation}, {"dollar-parentheses", "$(", ")", &punctuation}, {"percent-signs", "%", "%", &punctuation},
	{"bold", "**", "**", &punctuation}, {"emphasis", "*", "*", &punctuation}, {"underscores", "_", "_", &punctuation}, {"double-underscores", "__", "__", &punctuation},
	{"newlines", "\n", "\n", &lineEnd}, {"paste-marks", "\x1b[200~", "\x1b[201~", &invisible}, {"named-quoted", `$env:LIVEKIT_API_SECRET="`, `"`, &envLine},
	{"json-member", `"LIVEKIT_API_SECRET": "`, `"`, &envLine}, {"json-object", `{"LIVEKIT_API_SECRET":"`, `"}`, &envLine}, {"json-member-lower", `"api_secret": "`, `"`, &envLine},
	{"code-block", "```\n", "\n```", &punctuation}, {"secret-tag", "<secret>", "</secret>", &punctuation},
}

// valueNames are what stands before the value on the lines that are pasted whole.
var valueNames = []string{
	"set LIVEKIT_API_SECRET=", "ENV LIVEKIT_API_SECRET=", "-e LIVEKIT_API_SECRET=", "$env:LIVEKIT_API_SECRET=", "LIVEKIT_API_SECRET = ", "LIVEKIT_API_SECRET: ", "LIVEKIT_API_SECRET:",
	"LIVEKIT_SECRET=", "API_SECRET=", "api_secret: ", "api_secret=", "api_secret = ", "apiSecret: ", "apiSecret=", "secret: ", "secret=", "Secret: ", "API Secret: ", "API secret: ", "--api-secret ", "--api-secret=", "Basic ",
}

// affixes are the changes that put text at the ends of a secret, made of the
// lists above; known has the IDs that changes() has already.
func affixes(known map[string]bool) []change {
	var list []change
	add := func(id string, what finding.Text, why *reason, prefix, suffix string) {
		if !known[id] {
			list = append(list, change{id: id, what: what, why: why, forward: added(prefix, suffix), inverse: removed(prefix, suffix)})
		}
	}
	for _, w := range wraps {
		add(w.name, finding.Textf("“%s” before it and “%s” after it", shownText(w.prefix), shownText(w.suffix)), w.why, w.prefix, w.suffix)
	}
	for _, m := range marks {
		add("trailing-"+m.name, finding.Textf("“%s” at its end", shownText(m.text)), m.why, "", m.text)
		add("leading-"+m.name, finding.Textf("“%s” before it", shownText(m.text)), m.why, m.text, "")
	}
	for _, m := range blankMarks {
		r, _ := utf8.DecodeRuneInString(m.text)
		add("trailing-"+m.name, finding.Textf("the invisible character %s at its end", fmt.Sprintf("%U", r)), m.why, "", m.text)
		add("leading-"+m.name, finding.Textf("the invisible character %s before it", fmt.Sprintf("%U", r)), m.why, m.text, "")
	}
	for _, n := range valueNames {
		add("named", finding.Textf("“%s” before it", n), &envLine, n, "")
	}
	return list
}

// shownText writes what cannot be seen in the way that programs write it.
func shownText(s string) string {
	return strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`, "\x1b", "ESC").Replace(s)
}
