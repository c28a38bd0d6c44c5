package catalogue

import (
	"path"
	"strings"
)

// labels are the headings and fixed texts of a page in one language, as in the
// Markdown and as Render shows them.
type labels struct {
	headings [4]string
	head     string // of the check, the owner and the severity
	prints   string
	setFirst string
	maker    string
	always   string
	docs     string
}

// labelsOf returns the labels of a language, and false for a language without pages.
func labelsOf(lang string) (labels, bool) {
	switch lang {
	case English:
		return labels{
			headings: [4]string{"What it means", "Why it happens", "How to confirm", "How to fix"},
			head:     "check: %s · owner: %s · severity: %s",
			prints:   "Prints:",
			setFirst: "Set first (bash or zsh):",
			maker:    "whoever made the token",
			always:   "In every case",
			docs:     "LiveKit's documentation",
		}, true
	case "zh":
		return labels{
			headings: [4]string{"含义", "原因", "如何确认", "如何修复"},
			head:     "检查：%s · 责任方：%s · 严重程度：%s",
			prints:   "输出：",
			setFirst: "先设置（bash 或 zsh）：",
			maker:    "生成令牌的一方",
			always:   "无论哪种情况",
			docs:     "LiveKit 官方文档",
		}, true
	}
	return labels{}, false
}

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
	var used []Variable
	for line := range strings.Lines(string(text)) {
		name, how, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if ok && reads(command, name) {
			used = append(used, Variable{Name: name, Text: how})
		}
	}
	return used
}

// reads reports whether command uses the value of the variable name, as $NAME,
// ${NAME…} or process.env.NAME. printenv, which tests whether it is set, does not count.
func reads(command, name string) bool {
	for _, before := range []string{"$", "${", "${#", "process.env."} {
		for rest := command; ; {
			_, after, found := strings.Cut(rest, before+name)
			if !found {
				break
			}
			if after == "" || !isNameByte(after[0]) {
				return true
			}
			rest = after
		}
	}
	return false
}

func isNameByte(b byte) bool {
	return b == '_' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || b >= '0' && b <= '9'
}
