// Package i18n translates lkdoctor's messages. English formats are in the code and
// are the keys. A language is one file from format to format, and the catalogue's
// pages in that language for titles and fixes of pages.
//
// It reads and parses nothing until a language is requested, so that English costs
// nothing.
package i18n

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"lkdoctor/checks/catalogue"
)

// Chinese is the one other language, in simplified characters.
const Chinese = "zh"

// chinese maps each English format to the Chinese one, as a JSON object. A translation
// has the verbs of its English format, with explicit indexes such as "%[2]s" if the
// order differs. The tests report missing, stale and mismatched ones.
//
//go:embed zh.json
var chinese []byte

// Translator returns the function that maps an English format to lang's, or to "" if
// it has none. It is nil for English and unknown languages. The function is safe for
// concurrent use. Its first call parses the language's file (some 2 ms), the first one
// for a format that is not in the file the pages (some 10 ms).
func Translator(lang string) func(format string) string {
	if lang != Chinese {
		return nil
	}
	formats := sync.OnceValue(func() map[string]string {
		var texts map[string]string
		_ = json.Unmarshal(chinese, &texts) // a test parses the embedded file
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

// pageTexts maps the titles and fixes of the English pages to those of lang. A variant
// with another number of fixes than the English one keeps the English fixes, because
// they cannot be paired.
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

// FromLocale returns the language of messages: "zh", or "" for English. flag is the
// value of --lang: "en", "zh", or "auto" and "" for the user's locale, which is
// LC_ALL, else LC_MESSAGES, else LANG (POSIX.1-2017, 8.2), read with getenv. A Chinese
// locale with another encoding than UTF-8 gives English, which every encoding can
// show.
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

// locale splits a name such as zh_CN.UTF-8, zh-Hans or zh into "zh" (or "" for another
// language) and its encoding, as "utf8".
func locale(name string) (language, encoding string) {
	name, _, _ = strings.Cut(strings.ToLower(name), "@")
	name, encoding, _ = strings.Cut(name, ".")
	name, _, _ = strings.Cut(strings.ReplaceAll(name, "-", "_"), "_")
	if name == Chinese {
		language = Chinese
	}
	return language, strings.NewReplacer("-", "", "_", "").Replace(encoding)
}
