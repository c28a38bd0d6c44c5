// Package words says lkdoctor's messages in other languages. English formats
// are written where they are used and are the keys here; a language is one file
// from format to format, and the catalogue's pages of that language for the
// titles and fixes that messages take from pages.
//
// Nothing is read or parsed before somebody asks for a language, so that
// English costs nothing.
package words

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"lkdoctor/checks/catalogue"
)

// Chinese is the one language besides English: Chinese in simplified writing.
const Chinese = "zh"

// chinese maps each English format to the Chinese one, as a JSON object. A
// translation has the verbs of its English format; where its order of words
// differs it names its arguments, as in "%[2]s". The tests of this package say
// what is missing, stale or has other verbs.
//
//go:embed zh.json
var chinese []byte

// Translator returns the function that maps an English format to lang's, ""
// for a format that lang has no words for. It is nil for English and for
// languages that lkdoctor does not speak. The function may be used by several
// goroutines. Its first call parses the language's file (some 2 ms), and the
// first one for a format that is not in there the pages (some 10 ms).
func Translator(lang string) func(format string) string {
	if lang != Chinese {
		return nil
	}
	formats := sync.OnceValue(func() map[string]string {
		texts, err := parse(chinese)
		if err != nil {
			return nil // the tests parse the embedded file, so this is never seen
		}
		return texts
	})
	pages := sync.OnceValue(func() map[string]string { return pageTexts(lang) })
	return func(format string) string {
		if text := formats()[format]; text != "" {
			return text
		}
		return pages()[format]
	}
}

// parse reads a language's file.
func parse(file []byte) (map[string]string, error) {
	texts := map[string]string{}
	if err := json.Unmarshal(file, &texts); err != nil {
		return nil, fmt.Errorf("read the texts: %w", err)
	}
	return texts, nil
}

// pageTexts maps the titles and fixes of the English pages to those of lang's
// pages. A variant whose fixes differ in number from the English ones keeps the
// English fixes: which one belongs to which is not known then.
func pageTexts(lang string) map[string]string {
	texts := map[string]string{}
	for _, english := range catalogue.All() {
		page, ok := catalogue.LookupIn(lang, english.Code)
		if !ok || page.Lang != lang {
			continue
		}
		texts[english.Title] = page.Title
		for _, v := range english.Variants {
			theirs := page.Variants[max(0, slices.IndexFunc(page.Variants, func(o catalogue.Variant) bool { return o.Name == v.Name })):]
			if len(theirs) == 0 || theirs[0].Name != v.Name || len(theirs[0].Fixes) != len(v.Fixes) {
				continue
			}
			texts[v.Title] = theirs[0].Title
			for i, fix := range v.Fixes {
				texts[fix.Text.Format] = theirs[0].Fixes[i].Text.Format
			}
		}
	}
	return texts
}

// FromLocale returns the language to speak: "zh", or "" for English. flag is
// the value of --lang: "en", "zh", or "auto" and "" for the reader's locale,
// which is LC_ALL, else LC_MESSAGES, else LANG (POSIX.1-2017, 8.2), looked up
// with getenv. A Chinese locale of another encoding than UTF-8 gives English,
// which every encoding can show.
func FromLocale(flag string, getenv func(string) string) string {
	if flag != "" && flag != "auto" {
		language, _ := locale(flag)
		return language
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			language, encoding := locale(value)
			if encoding != "" && encoding != "utf8" {
				return ""
			}
			return language
		}
	}
	return ""
}

// locale takes a name such as zh_CN.UTF-8, zh-Hans or zh apart, into "zh" (or
// "" for any other language) and the encoding it names, as "utf8".
func locale(name string) (language, encoding string) {
	name, _, _ = strings.Cut(strings.ToLower(name), "@")
	name, encoding, _ = strings.Cut(name, ".")
	name, _, _ = strings.Cut(strings.ReplaceAll(name, "-", "_"), "_")
	if name == Chinese {
		language = Chinese
	}
	return language, strings.NewReplacer("-", "", "_", "").Replace(encoding)
}
