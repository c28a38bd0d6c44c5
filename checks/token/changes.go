package token

import (
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
	// vague changes take away whatever is not wanted: tried last, since they
	// tell less than the others.
	vague bool
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
	list := append(copied(), encodings()...)
	known := map[string]bool{}
	for _, c := range list {
		known[c.id] = true
	}
	return append(list, affixes(known)...)
})

// copied are the changes that come with copying, quoting and reading files.
func copied() []change {
	return []change{
		asCommon(around("trailing-newline", "", "\n", &lineEnd, `a line feed (\n) at its end`)),
		asCommon(around("trailing-crlf", "", "\r\n", &lineEnd, `a line end (\r\n) at its end`)),
		asCommon(around("trailing-cr", "", "\r", &lineEnd, `a carriage return (\r) at its end`)),
		asCommon(around("trailing-space", "", " ", &blanks, "a space at its end")),
		asCommon(around("double-quotes", `"`, `"`, &quotes, `double quotes (") around it`)),
		asCommon(around("single-quotes", `'`, `'`, &quotes, "single quotes (') around it")),
		around("backticks", "`", "`", &quotes, "backticks around it"),
		asPaired(around("smart-quotes", "“", "”", &typographic, "typographic quotes (“ ”) around it")),
		around("smart-single-quotes", "‘", "’", &typographic, "typographic quotes (‘ ’) around it"),
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
		asPaired(around("braces", "{", "}", &punctuation, "braces around it")),
		around("square-brackets", "[", "]", &punctuation, "square brackets around it"),
		around("parentheses", "(", ")", &punctuation, "parentheses around it"),
		around("leading-bom", "\ufeff", "", &invisible, "an invisible byte order mark before it"),
		around("trailing-zero-width", "", "\u200b", &invisible, "an invisible zero-width space at its end"),
		around("leading-zero-width", "\u200b", "", &invisible, "an invisible zero-width space before it"),
		around("trailing-nbsp", "", "\u00a0", &invisible, "a no-break space at its end"),
		around("leading-nbsp", "\u00a0", "", &invisible, "a no-break space before it"),
		asCommon(around("env-line", "LIVEKIT_API_SECRET=", "", &envLine, "the name LIVEKIT_API_SECRET= before it")),
		around("export-line-quoted", `export LIVEKIT_API_SECRET="`, `"`, &envLine, `export LIVEKIT_API_SECRET=" before it and a double quote at its end`),
		around("export-line", "export LIVEKIT_API_SECRET=", "", &envLine, "export LIVEKIT_API_SECRET= before it"),
		around("bearer", "Bearer ", "", &envLine, "the word Bearer before it"),
		{id: "key-and-secret", common: true, paired: true, what: finding.Textf("the API key, a colon and a blank before it (the whole line of a keys file)"), why: &pairLine,
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
		{id: "dollar-doubled", paired: true, what: finding.Textf("with every $ doubled"), why: &dollars, forward: replaced("$", "$$"), inverse: replaced("$$", "$")},
		{id: "dollar-doubled-twice", what: finding.Textf("with every $ written four times"), why: &dollars, forward: replaced("$", "$$$$"), inverse: replaced("$$$$", "$")},
		{id: "exclamation-escaped", what: finding.Textf("with a backslash before every exclamation mark"), why: &escapes, forward: replaced("!", `\!`), inverse: replaced(`\!`, "!")},
		{id: "hash-escaped", what: finding.Textf("with a backslash before every #"), why: &escapes, forward: replaced("#", `\#`), inverse: replaced(`\#`, "#")},
		{id: "dollar-halved", what: finding.Textf("with every $$ made one $"), why: &dollars, forward: replaced("$$", "$")},
		{id: "dollar-escaped", paired: true, what: finding.Textf(`with every $ written \$`), why: &dollars, forward: replaced("$", `\$`), inverse: replaced(`\$`, "$")},
		{id: "dollar-expanded", paired: true, what: finding.Textf("with $name taken for a variable and replaced by nothing"), why: &dollars, forward: only1(unvariable)},
		{id: "dollar-expanded-digits", what: finding.Textf("with $1 taken for a variable and replaced by nothing"), why: &dollars,
			forward: only1(func(s string) string { return digitVariable().ReplaceAllString(s, "") })},
		{id: "backslashes-removed", what: finding.Textf("without its backslashes"), why: &escapes, forward: replaced(`\`, "")},
		{id: "backslashes-doubled", what: finding.Textf("with every backslash doubled"), why: &escapes, forward: replaced(`\`, `\\`), inverse: replaced(`\\`, `\`)},
		{id: "trimmed", paired: true, what: finding.Textf("blanks at its ends"), why: &blanks, forward: only1(strings.TrimSpace)},
		{id: "hidden-removed", vague: true, what: finding.Textf("invisible characters in it"), why: &invisible, forward: only1(unhidden)},
		{id: "blanks-removed", vague: true, what: finding.Textf("blanks inside"), why: &blanks,
			forward: only1(func(s string) string { return strings.Join(strings.Fields(s), "") })},
		{id: "quotes-removed", vague: true, what: finding.Textf("quotes in it"), why: &quotes, forward: replaced(`"`, "", `'`, "", "`", "", "“", "", "”", "")},
		{id: "punctuation-trimmed", vague: true, what: finding.Textf("punctuation at its ends"), why: &punctuation,
			forward: only1(func(s string) string { return strings.Trim(s, "\"'`:;,.=<>(){}[]$ \t\r\n") })},
		{id: "lower-case", paired: true, what: finding.Textf("in lower case"), why: &letterCase, forward: only1(strings.ToLower)},
		{id: "upper-case", paired: true, what: finding.Textf("in upper case"), why: &letterCase, forward: only1(strings.ToUpper)},
		{id: "case-swapped", what: finding.Textf("with upper and lower case swapped"), why: &letterCase, forward: only1(swapCase)},
		{id: "doubled", what: finding.Textf("twice in a row"), why: &pasted,
			forward: only1(func(s string) string { return s + s }), inverse: only1(half)},
		{id: "reversed", what: finding.Textf("backwards"), why: &pasted, forward: only1(reversed)},
	}
}
