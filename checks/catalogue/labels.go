package catalogue

import (
	"path"
	"regexp"
	"strings"

	"lkdoctor/checks/finding"
)

// labels are the texts around a page in one language, in the Markdown, in the terminal
// and in HTML.
type labels struct {
	Headings [4]string
	Prints   string
	SetFirst string
	Always   string // the heading of the fixes for every variant
	maker    string
	head     string // of the check, the owner and the severity
	docs     string

	// Of HTML.
	Tag                     string // as HTML's lang has it
	Site, Intro, All, Other string
	Search                  string
	Check, Owner, Terminal  string
}

// labelsOf returns the labels of a language, and false for a language without pages.
func labelsOf(lang string) (labels, bool) {
	switch lang {
	case English:
		return labels{
			Headings: [4]string{"What it means", "Why it happens", "How to confirm", "How to fix"},
			Prints:   "Prints:",
			SetFirst: "Set first (bash or zsh):",
			Always:   "In every case",
			maker:    "whoever made the token",
			head:     "check: %s · owner: %s · severity: %s",
			docs:     "LiveKit's documentation",
			Tag:      "en", Site: "lkdoctor: LiveKit connection errors", All: "All codes", Other: "中文",
			Intro: "Every way in which lkdoctor knows a LiveKit connection to fail: what it means, why it happens, " +
				"how to confirm it, how to fix it.",
			Search: "Search for a code or an error's text", Check: "Check", Owner: "Owner", Terminal: "This page in a terminal:",
		}, true
	case "zh":
		return labels{
			Headings: [4]string{"含义", "原因", "如何确认", "如何修复"},
			Prints:   "输出：",
			SetFirst: "先设置（bash 或 zsh）：",
			Always:   "无论哪种情况",
			maker:    "生成令牌的一方",
			head:     "检查：%s · 责任方：%s · 严重程度：%s",
			docs:     "LiveKit 官方文档",
			Tag:      "zh-CN", Site: "lkdoctor：LiveKit 连接错误", All: "全部代码", Other: "English",
			Intro:  "lkdoctor 能发现的每一种 LiveKit 连接问题：含义、原因、如何确认、如何修复。",
			Search: "搜索代码或错误信息", Check: "检查项", Owner: "责任方", Terminal: "在终端中查看本页：",
		}, true
	}
	return labels{}, false
}

// owner returns the name of the party that usually must act.
func (w labels) owner(page Page) string {
	if page.Owner == finding.OwnerMaker {
		return w.maker
	}
	return string(page.Owner)
}

// variable matches what uses the value of a variable. printenv, which tests whether it is
// set, does not.
var variable = regexp.MustCompile(`(?:\$\{?#?|process\.env\.)(\w+)`)

// variablesOf returns the shell variables that the user must set for command, in the
// order of the language's variables.txt, or of the English one if it has none.
func variablesOf(lang, command string) []Variable {
	text, err := files.ReadFile(path.Join("pages", lang, "variables.txt"))
	if err != nil {
		text, err = files.ReadFile(path.Join("pages", English, "variables.txt"))
		if err != nil {
			return nil
		}
	}
	read := map[string]bool{}
	for _, m := range variable.FindAllStringSubmatch(command, -1) {
		read[m[1]] = true
	}
	var used []Variable
	for line := range strings.Lines(string(text)) {
		name, how, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if ok && read[name] {
			used = append(used, Variable{Name: name, Text: how})
		}
	}
	return used
}
