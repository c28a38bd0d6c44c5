package i18n

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
)

func TestTranslator(t *testing.T) {
	for _, lang := range []string{"", "en", "de"} {
		if Translator(lang) != nil {
			t.Errorf("Translator(%q) is not nil: English needs none", lang)
		}
	}
	zh := Translator(Chinese)
	page, _ := catalogue.Lookup(finding.TicketDNS)
	other, _ := catalogue.LookupIn(Chinese, finding.TicketDNS)
	for _, c := range []struct{ name, format, want string }{
		{"a message", "the name %s does not exist", "名称 %s 不存在"},
		{"a word", "not run", "未运行"},
		{"a page's title", page.Title, other.Title},
		{"a page's fix", page.Fixes()[1].Text.Format, other.Fixes()[1].Text.Format},
		{"unknown", "nobody says this", ""},
		{"empty", "", ""},
	} {
		if got := zh(c.format); got != c.want {
			t.Errorf("%s: %q became %q, want %q", c.name, c.format, got, c.want)
		}
	}
}

// TestSentencesInChinese covers translations that reorder arguments, and texts as arguments.
func TestSentencesInChinese(t *testing.T) {
	zh := Translator(Chinese)
	for _, c := range []struct {
		text finding.Text
		want string
	}{
		{finding.Textf("%d of %d TURN addresses relay", 1, 3), "3 个 TURN 地址中有 1 个可以中继"},
		{finding.Textf("your settings: %s in %s", "LIVEKIT_URL", ".env"), "你的配置：.env 中的 LIVEKIT_URL"},
		{finding.Textf("the token expired %s ago by %s (LiveKit tolerates 60 s)%s", finding.Textf("%d min %d s", 4, 58),
			finding.Textf("this machine's clock"), finding.Text{}), "按本机时钟，令牌已在 4 分 58 秒前过期（LiveKit 容许 60 秒误差）"},
	} {
		if got := c.text.In(zh); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestTranslatorIsSafeForSeveralAtOnce(t *testing.T) {
	zh := Translator(Chinese)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if zh("not run") == "" || zh("nobody says this") != "" {
				t.Error("another answer than alone")
			}
		})
	}
	all.Wait()
}

// TestPagesPair checks that each Chinese page has as many fixes as the English one;
// otherwise its fixes are shown in English.
func TestPagesPair(t *testing.T) {
	texts := pageTexts(Chinese)
	for _, english := range catalogue.All() {
		page, ok := catalogue.LookupIn(Chinese, english.Code)
		if !ok || page.Lang != Chinese {
			t.Errorf("%s has no page in Chinese", english.Code)
			continue
		}
		if len(page.Fixes()) != len(english.Fixes()) {
			t.Errorf("%s has %d fixes, and %d in English", english.Code, len(page.Fixes()), len(english.Fixes()))
		}
		if texts[english.Title] == "" {
			t.Errorf("%s: the title has no Chinese", english.Code)
		}
	}
}

// TestFile reports what a JSON parser accepts: duplicate keys, empty translations and
// invalid UTF-8.
func TestFile(t *testing.T) {
	if !utf8.Valid(chinese) {
		t.Error("zh.json is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(chinese))
	seen, key := map[string]bool{}, ""
	for i := 0; ; i++ {
		part, err := dec.Token()
		if err != nil {
			break
		}
		text, is := part.(string)
		switch {
		case !is:
		case i%2 == 1:
			if seen[text] {
				t.Errorf("%q stands twice in zh.json", text)
			}
			seen[text], key = true, text
		case strings.TrimSpace(text) == "":
			t.Errorf("%q has an empty translation", key)
		}
	}
	if len(seen) == 0 {
		t.Error("zh.json holds no texts")
	}
}

// TestChineseTypography reports half-width punctuation and wrong spaces next to Chinese
// characters, and 您.
func TestChineseTypography(t *testing.T) {
	texts, err := parse(chinese)
	if err != nil {
		t.Fatal(err)
	}
	for what, pattern := range map[string]string{
		"a half-width comma or colon after an ideograph": `\p{Han}[,:;] `,
		"a space between ideographs":                     `\p{Han} \p{Han}`,
		"a space next to full-width punctuation":         `[，。；：？！、（）] +\S|\S +[，。；：？！、（）]`,
		"您 where other texts say 你":                      `您`,
	} {
		wrong := regexp.MustCompile(pattern)
		for english, text := range texts {
			if !strings.Contains(text, "\n") && wrong.MatchString(text) {
				t.Errorf("%s: %q: %q", what, english, text)
			}
		}
	}
}

func TestFromLocale(t *testing.T) {
	for _, c := range []struct {
		name, flag string
		env        map[string]string
		want       string
	}{
		{"nothing set", "", nil, ""},
		{"the flag", "zh", nil, "zh"},
		{"the flag over the locale", "en", map[string]string{"LC_ALL": "zh_CN.UTF-8"}, ""},
		{"the flag over an English locale", "zh", map[string]string{"LANG": "en_GB.UTF-8"}, "zh"},
		{"LANG", "auto", map[string]string{"LANG": "zh_CN.UTF-8"}, "zh"},
		{"LANG without a flag", "", map[string]string{"LANG": "zh_CN.utf8"}, "zh"},
		{"LANG without an encoding", "auto", map[string]string{"LANG": "zh_SG"}, "zh"},
		{"a language alone", "auto", map[string]string{"LANG": "zh"}, "zh"},
		{"LC_MESSAGES over LANG", "auto", map[string]string{"LC_MESSAGES": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, ""},
		{"LC_ALL over LC_MESSAGES", "auto", map[string]string{"LC_ALL": "zh_CN.UTF-8", "LC_MESSAGES": "C"}, "zh"},
		{"an empty LC_ALL", "auto", map[string]string{"LC_ALL": "", "LANG": "zh_CN.UTF-8"}, "zh"},
		{"LC_ALL=C", "auto", map[string]string{"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, ""},
		{"another encoding", "auto", map[string]string{"LANG": "zh_CN.GB18030"}, ""},
		{"a modifier", "auto", map[string]string{"LANG": "zh_CN.UTF-8@pinyin"}, "zh"},
		{"a tag", "auto", map[string]string{"LANG": "zh-Hans-CN"}, "zh"},
		{"another language that begins alike", "auto", map[string]string{"LANG": "zhx_XX.UTF-8"}, ""},
	} {
		if got := FromLocale(c.flag, func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
