package finding

import "testing"

// TestSpacesBetweenScripts checks the spaces between Chinese and Latin letters. A
// translation does not know which of its arguments are Chinese.
func TestSpacesBetweenScripts(t *testing.T) {
	chinese := map[string]string{
		"from %s": "来自 %s", "%s too": "%s也正常", "good for %s now": "还有 %s 有效", "%s to %s": "%s 到 %s", "%s, %s": "%s、%s",
		"%d of %d": "%[2]d 个中的 %[1]d 个", "says %q": "说 %q", "%s %s": "%s%s", "env": "环境变量", "%s minutes": "%s 分钟", "%s (host)": "%s（host）",
	}
	translate := func(format string) string { return chinese[format] }
	for want, text := range map[string]Text{
		"来自环境变量":           Textf("from %s", Textf("env")),
		"来自 .env":          Textf("from %s", ".env"),
		"API 也正常":          Textf("%s too", "API"),
		"环境变量、API 也正常":     Textf("%s too", Textf("%s, %s", Textf("env"), "API")),
		"还有 15 分钟有效":       Textf("good for %s now", Textf("%s minutes", "15")),
		"1.2.3.4（host）到 5": Textf("%s to %s", Textf("%s (host)", "1.2.3.4"), "5"),
		"3 个中的 2 个":        Textf("%d of %d", 2, 3),
		"说 \"a b\"":        Textf("says %q", "a b"),
		"ab":               Textf("%s %s", "a", "b"),
	} {
		if got := text.In(translate); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := Textf("from %s", "环境").In(nil); got != "from 环境" {
		t.Errorf("English: %q", got)
	}
}
