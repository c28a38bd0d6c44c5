package token

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// kinds are typical secrets, from generated to invented ones.
var kinds = []string{
	testSecret, "kT4vXw9ZqLm2RbYc7NfGhJs5PdQa8UeV3xWoKiTz1Br", "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
	"9c1185a5c5e9fc54612808977ee8f548b2258d31aa55cc77ee99bb0011223344", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "cXdlcnR5dWlvcGFzZGZnaA==",
	"q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=", "q+3vEj/WeJCrze8S+FZ4kKvN7/I0VniQ", "q-3vEj_WeJCrze8S-FZ4kKvN7_I0VniQ",
	"JBSWY3DPEBLW64TMMQQQGEZDGNBVGY3T",
	"livekit-secret-for-our-team-2024", `p@ss#w0rd$1 & "q'uo<te>" 100%!`, "a$b#c&d=e+f/g?h;i:j,k-0123456789", "pässwörd-é-0123456789",
	`back\slash\new\t-and$HOME/x-123456`, "sk_live_51Habc.DEF-ghi_789...xyz", "31415926535897932384626433832795",
}

type mangling struct {
	name string
	do   func(s string) string
}

// manglings returns changes that copying, storing, loading and typing make to a secret.
// They were written without looking at the table of changes that they test.
func manglings() []mangling {
	var list []mangling
	add := func(name string, do func(s string) string) { list = append(list, mangling{name, do}) }
	around := func(before, after string) {
		add(fmt.Sprintf("%q…%q", before, after), func(s string) string { return before + s + after })
	}
	for _, end := range strings.Split("\n|\r\n|\r| |  |\t|\n\n|\r\n\r\n| \n|\v|\f|\x00|\x1a|\x04|\u00a0|\u200b|\u200c|\u200d|\u2060|\u00ad|\u200e|\u2028|\u3000|\u202f|\u2009|"+
		`\n|\r\n|\|.|,|;|:|!|?|=|==|&|#|$|%|*|**|-|_|/|+|@|~|^|"|'|`+"`"+`|",|";|',|)|]|}|>|…|...|”|’|，|。|；|%0A|%0D%0A|%20|&nbsp;|<br>| \| |\\`+"\n", "|") {
		around("", end)
	}
	around("", "|")
	for _, start := range strings.Split(" |  |\t|\n|\r\n|\ufeff|\u200b|\u00a0|\u2060|\u202a|\u200e|=|==|= |:|: |-|- |>|> |*|#|$|%|&|+|/|\\|_|,|.|;|@|!|\"|'|`|(|[|{|<|“|‘|0x", "|") {
		around(start, "")
	}
	for _, name := range []string{
		"LIVEKIT_API_SECRET=", "export LIVEKIT_API_SECRET=", "set LIVEKIT_API_SECRET=", "ENV LIVEKIT_API_SECRET=", "-e LIVEKIT_API_SECRET=",
		"$env:LIVEKIT_API_SECRET=",
		"LIVEKIT_API_SECRET: ", "LIVEKIT_API_SECRET:", "LIVEKIT_API_SECRET = ", "LIVEKIT_SECRET=", "API_SECRET=", "api_secret: ", "api_secret=",
		"apiSecret: ", "apiSecret=",
		"secret: ", "secret=", "Secret: ", "API Secret: ", "--api-secret ", "--api-secret=", "Bearer ",
		"Basic ", testKey + ": ", testKey + ":", testKey + "=", testKey, testKey + " ",
		testKey + "\t", testKey + ",", testKey + "\n", testKey + ".", testKey + "/",
	} {
		around(name, "")
	}
	for _, w := range [][2]string{
		{`"`, `"`}, {"'", "'"}, {"`", "`"}, {"“", "”"}, {"‘", "’"}, {"«", "»"}, {"「", "」"}, {"„", "“"}, {`\"`, `\"`}, {`\'`, `\'`}, {`"'`, `'"`},
		{`'"`, `"'`}, {`""`, `""`}, {"''", "''"},
		{`"""`, `"""`}, {"$'", "'"}, {"b'", "'"}, {`b"`, `"`}, {"u'", "'"}, {"('", "',)"}, {`["`, `"]`}, {"<", ">"}, {"(", ")"}, {"[", "]"},
		{"{", "}"}, {"${", "}"}, {"{{", "}}"}, {"$(", ")"},
		{"%", "%"}, {"*", "*"}, {"**", "**"}, {"_", "_"}, {"__", "__"}, {" ", " "}, {"\n", "\n"}, {"&quot;", "&quot;"}, {"&#39;", "&#39;"},
		{"%22", "%22"}, {"\x1b[200~", "\x1b[201~"},
		{"```\n", "\n```"}, {`export LIVEKIT_API_SECRET="`, `"`}, {`LIVEKIT_API_SECRET="`, `"`}, {"LIVEKIT_API_SECRET='", "'"},
		{`"LIVEKIT_API_SECRET": "`, `"`}, {`{"LIVEKIT_API_SECRET":"`, `"}`},
		{`$env:LIVEKIT_API_SECRET="`, `"`}, {`"api_secret": "`, `"`}, {"<secret>", "</secret>"}, {"'" + testKey + ": ", "'"},
		{`"` + testKey + ": ", `"`}, {"{" + testKey + ": ", "}"},
		{"", ":" + testKey}, {"", " " + testKey}, {"", "," + testKey}, {"", "\nLIVEKIT_URL=ws://localhost:7880"}, {"", "LIVEKIT_URL=ws://x"},
		{"", " # our secret"}, {`"`, `" # ours`}, {"", " // ours"},
		{"\x1b[32m", "\x1b[0m"}, {`"`, "\"\n"}, {`"`, "\n\""}, {"'", "'\r\n"}, {" ", "\n"}, {`"`, `",`}, {"- ", "\n"},
		{"LIVEKIT_API_SECRET=", "\n"}, {`LIVEKIT_API_SECRET="`, "\"\n"}, {testKey + ": ", "\n"},
		{`" `, ` "`}, {"\ufeff", "\r\n"}, {"=", "\n"}, {`"`, `";`}, {"'", "';"},
	} {
		around(w[0], w[1])
	}
	replace := func(pairs ...string) {
		add(fmt.Sprintf("replace %q", pairs), func(s string) string { return strings.NewReplacer(pairs...).Replace(s) })
	}
	for _, r := range [][]string{
		{"$", "$$"}, {"$", "$$$$"}, {"$", `\$`}, {"!", `\!`}, {"#", `\#`}, {`\`, ""}, {`\`, `\\`}, {`"`, `\"`}, {"'", `'\''`}, {"'", "''"},
		{"%", "%%"}, {"+", " "}, {" ", "+"}, {" ", ""}, {" ", "\u00a0"},
		{"-", ""}, {"-", "–"}, {"-", "—"}, {"-", "\u2011"}, {"-", "−"}, {"-", "_"}, {"_", "-"}, {"...", "…"}, {"'", "’", `"`, "”"}, {"=", ""},
		{"+", "-", "/", "_"}, {"-", "+", "_", "/"}, {"&", "&amp;"},
		{"&", "&amp;", "<", "&lt;", ">", "&gt;"}, {"&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;"},
		{"&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;"},
		{`\n`, "\n", `\t`, "\t"}, {"$HOME", ""}, {"$b", ""}, {"ä", "a", "ö", "o", "é", "e"}, {"ä", "?", "ö", "?", "é", "?"},
		{"ä", "", "ö", "", "é", ""}, {"0", "O"}, {"O", "0"}, {"l", "1"}, {"I", "l"}, {"a", "а"},
	} {
		replace(r...)
	}
	toUTF16 := func(s string) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = append(b, byte(u), byte(u>>8))
		}
		return string(b)
	}
	b64of := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	hexOf := func(s string) string { return hex.EncodeToString([]byte(s)) }
	unb64 := func(s string) string {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return s
		}
		return string(b)
	}
	for name, do := range map[string]func(s string) string{
		"base64": b64of, "base64url": func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
		"base64 raw":    func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) },
		"base64url raw": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
		"base64 twice":  func(s string) string { return b64of(b64of(s)) },
		"base64 lf":     func(s string) string { return b64of(s + "\n") }, "base64 crlf": func(s string) string { return b64of(s + "\r\n") },
		"base64, lf":       func(s string) string { return b64of(s) + "\n" },
		"base64 lf, lf":    func(s string) string { return b64of(s+"\n") + "\n" },
		"base64 lf twice":  func(s string) string { return b64of(b64of(s+"\n") + "\n") },
		"base64 of quoted": func(s string) string { return b64of(`"` + s + `"`) },
		"quoted base64":    func(s string) string { return `"` + b64of(s) + `"` },
		"b'base64'":        func(s string) string { return "b'" + b64of(s) + "'" },
		"base64 utf-16":    func(s string) string { return b64of(toUTF16(s)) },
		"basic":            func(s string) string { return b64of(testKey + ":" + s) }, "unbase64": unb64, "unbase64url": func(s string) string {
			b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
			if err != nil {
				return s
			}
			return string(b)
		}, "unbase64 as text": func(s string) string { return strings.ToValidUTF8(unb64(s), "\ufffd") },
		"hex": hexOf, "HEX": func(s string) string { return strings.ToUpper(hexOf(s)) },
		"0xhex": func(s string) string { return "0x" + hexOf(s) }, "hex lf": func(s string) string { return hexOf(s + "\n") },
		"hex, lf":   func(s string) string { return hexOf(s) + "\n" },
		"hex twice": func(s string) string { return hexOf(hexOf(s)) }, `\xhex`: func(s string) string { return `\x` + hexOf(s) },
		"unhex": func(s string) string {
			b, err := hex.DecodeString(s)
			if err != nil {
				return s
			}
			return string(b)
		},
		"base32": func(s string) string { return base32.StdEncoding.EncodeToString([]byte(s)) }, "unbase32": func(s string) string {
			b, err := base32.StdEncoding.DecodeString(s)
			if err != nil {
				return s
			}
			return string(b)
		},
		"query": url.QueryEscape, "path": url.PathEscape, "query twice": func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
		"query, lf": func(s string) string { return url.QueryEscape(s + "\n") },
		"unquery":   func(s string) string { p, _ := url.QueryUnescape(s); return p },
		"component": func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") },
		"html":      html.EscapeString, "html twice": func(s string) string { return html.EscapeString(html.EscapeString(s)) },
		"%q":    func(s string) string { return fmt.Sprintf("%q", s) },
		"json":  func(s string) string { return strings.Trim(fmt.Sprintf("%q", s), `"`) },
		"lower": strings.ToLower, "UPPER": strings.ToUpper, "twice": func(s string) string { return s + s },
		"twice, lf": func(s string) string { return s + "\n" + s }, "thrice": func(s string) string { return s + s + s },
		"utf-16": toUTF16, "utf-16 bom": func(s string) string { return "\xff\xfe" + toUTF16(s) }, "NFD": norm.NFD.String,
		"NFKC": norm.NFKC.String, "mojibake": mojibakeOf, "latin-1": latin1Of,
		"backwards": func(s string) string { r := []rune(s); slices.Reverse(r); return string(r) },
		"fields":    func(s string) string { return strings.Join(strings.Fields(s), "") },
		"shell":     func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" },
		"number": func(s string) string {
			var f float64
			if n, _ := fmt.Sscanf(s, "%g", &f); n == 1 && strings.Trim(s, "0123456789") == "" {
				return fmt.Sprint(f)
			}
			return s
		},
		"unuuid": func(s string) string { return strings.ReplaceAll(s, "-", "") }, "swap case": func(s string) string {
			return strings.Map(func(r rune) rune {
				if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
					return r ^ 0x20
				}
				return r
			}, s)
		},
		"expand": func(s string) string {
			return os.Expand(s, func(string) string { return "" })
		},
		"masked": func(s string) string { return s[:4] + "..." + s[len(s)-4:] },
		"stars":  func(s string) string { return strings.Repeat("*", len(s)) },
	} {
		add(name, do)
	}
	for name, sum := range map[string]func(s string) []byte{
		"sha256": func(s string) []byte { b := sha256.Sum256([]byte(s)); return b[:] },
		"sha1":   func(s string) []byte { b := sha1.Sum([]byte(s)); return b[:] },
		"md5":    func(s string) []byte { b := md5.Sum([]byte(s)); return b[:] },
		"sha512": func(s string) []byte { b := sha512.Sum512([]byte(s)); return b[:] },
	} {
		add(name, func(s string) string { return string(sum(s)) })
		add(name+" hex", func(s string) string { return hex.EncodeToString(sum(s)) })
		add(name+" HEX", func(s string) string { return strings.ToUpper(hex.EncodeToString(sum(s))) })
		add(name+" base64", func(s string) string { return base64.StdEncoding.EncodeToString(sum(s)) })
		add(name+" lf", func(s string) string { return hex.EncodeToString(sum(s + "\n")) })
	}
	for _, c := range "#$ &=?:;,/|@%!+\"'\\<" {
		add("cut at "+string(c), func(s string) string { before, _, _ := strings.Cut(s, string(c)); return before })
		add("cut after "+string(c), func(s string) string {
			_, after, found := strings.Cut(s, string(c))
			return map[bool]string{true: after, false: s}[found]
		})
	}
	for _, n := range []int{1, 2, 3, 4, 8, 16, 20, 31, 32, 43} {
		add(fmt.Sprint("first ", n), func(s string) string { return s[:min(n, len(s))] })
		add(fmt.Sprint("without first ", n), func(s string) string { return s[min(n, len(s)-1):] })
		add(fmt.Sprint("without last ", n), func(s string) string { return s[:max(1, len(s)-n)] })
		at := func(s string) int { return min(n, len(s)-2) }
		add(fmt.Sprint("missing ", n), func(s string) string { return s[:at(s)] + s[at(s)+1:] })
		add(fmt.Sprint("doubled ", n), func(s string) string { return s[:at(s)+1] + s[at(s):] })
		add(fmt.Sprint("exchanged ", n), func(s string) string { i := at(s); return s[:i] + s[i+1:i+2] + s[i:i+1] + s[i+2:] })
		add(fmt.Sprint("case ", n), func(s string) string { i := at(s); return s[:i] + swapCase(s[i:i+1]) + s[i+1:] })
		add(fmt.Sprint("line break ", n), func(s string) string { return s[:at(s)] + "\n" + s[at(s):] })
		add(fmt.Sprint("blank ", n), func(s string) string { return s[:at(s)] + " " + s[at(s):] })
	}
	for _, end := range []string{"x", "q", "0", "=", "A", "-"} {
		around("", end)
		around(end, "")
	}
	slices.SortFunc(list, func(a, b mangling) int { return strings.Compare(a.name, b.name) })
	return slices.CompactFunc(list, func(a, b mangling) bool { return a.name == b.name })
}

func mojibakeOf(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

func latin1Of(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

// TestMangledSecretsAreNamed measures the share of mangled secrets that Explain names,
// over every mangling, kind of secret and side. It tries every eleventh combination, or
// all with LKDOCTOR_MANGLED set.
func TestMangledSecretsAreNamed(t *testing.T) {
	step := 11
	if os.Getenv("LKDOCTOR_MANGLED") != "" {
		step = 1
	}
	all, named, at := 0, 0, 0
	missed := map[string]int{}
	claims := filled(goodClaims, now)
	for _, m := range manglings() {
		for _, plain := range kinds {
			changed := m.do(plain)
			if changed == plain || changed == "" {
				continue
			}
			for _, pair := range [][2]string{{changed, plain}, {plain, changed}} {
				if at++; at%step != 0 {
					continue
				}
				all++
				tok, _ := Parse(sign(hs256, claims, pair[0]))
				if _, ok := Explain(tok, testKey, pair[1], nil); ok {
					named++
				} else {
					missed[m.name]++
				}
			}
		}
	}
	if 100*named < 86*all {
		t.Errorf("%d of %d mangled secrets are named, under 86 %%", named, all)
	}
	t.Logf("%d manglings, %d of %d named (%.1f %%)", len(manglings()), named, all, 100*float64(named)/float64(all))
	if os.Getenv("LKDOCTOR_MANGLED") != "" {
		for name, n := range missed {
			t.Log("missed", n, name)
		}
	}
}
