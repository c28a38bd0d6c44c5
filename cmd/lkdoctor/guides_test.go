package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// guides returns the documents for users and contributors by path.
func guides(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"README.md", "CHANGELOG.md", ".github/*.md", ".github/recipes/*.md"} {
		found, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range found {
			out[filepath.ToSlash(strings.TrimPrefix(name, "../../"))] = read(t, name)
		}
	}
	return out
}

var (
	inCode     = regexp.MustCompile("`([^`\n]+)`")
	codeBlock  = regexp.MustCompile("(?ms)^```sh\n(.*?)^```")
	sourceFile = regexp.MustCompile(`^(cmd|tui|checks|config|\.github|\.goreleaser)/[A-Za-z0-9_./@-]*$`)
	longFlag   = regexp.MustCompile(`(?:^|[\s(|])--([a-z][a-z-]+)`)
	makeTarget = regexp.MustCompile(`(?m)^([a-z-]+):`)
)

// snippets returns the code in a guide: what is between backticks, and the lines of blocks
// without their comments.
func snippets(text string) (list []string) {
	for _, m := range inCode.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	for _, m := range codeBlock.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(m[1]) {
			code, _, _ := strings.Cut(line, " #")
			list = append(list, strings.TrimSpace(code))
		}
	}
	return list
}

// TestGuidesNameWhatExists checks that the files, make targets and flags that the guides
// name exist.
func TestGuidesNameWhatExists(t *testing.T) {
	targets := map[string]bool{}
	for _, m := range makeTarget.FindAllStringSubmatch(read(t, "../../Makefile"), -1) {
		targets[m[1]] = true
	}
	known := map[string]bool{"help": true, "version": true, "fault": true, "rtt": true, "in": true} // cobra's and lklab's
	each(newApp(nil, nil, nil, nil, nil).rootCommand(), func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known[f.Name] = true })
	})
	for name, text := range guides(t) {
		for _, code := range snippets(text) {
			if sourceFile.MatchString(code) && !strings.Contains(code, "stage") && !strings.HasSuffix(code, "/CODE.md") {
				if _, err := os.Stat(filepath.Join("../..", code)); err != nil {
					t.Errorf("%s names %s, which is not there", name, code)
				}
			}
			if named, is := strings.CutPrefix(code, "make "); is {
				for target := range strings.FieldsSeq(named) {
					if !strings.Contains(target, "=") && !targets[target] {
						t.Errorf("%s names make %s, which is not there", name, target)
					}
				}
			}
			if strings.HasPrefix(code, "--") || strings.Contains(code, "lkdoctor ") {
				for _, flag := range longFlag.FindAllStringSubmatch(code, -1) {
					if !known[flag[1]] {
						t.Errorf("%s names --%s, which is not there", name, flag[1])
					}
				}
			}
		}
	}
}

func each(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, child := range cmd.Commands() {
		each(child, do)
	}
}

// TestYAMLOfGitHub checks that workflows and issue templates are valid YAML, and that
// every template about a run asks for the document.
func TestYAMLOfGitHub(t *testing.T) {
	for _, pattern := range []string{"workflows/*.yml", "ISSUE_TEMPLATE/*.yml"} {
		found, err := filepath.Glob("../../.github/" + pattern)
		if err != nil || len(found) < 2 {
			t.Fatalf("%s: %v", pattern, found)
		}
		for _, name := range found {
			text := read(t, name)
			var any map[string]any
			if err := yaml.Unmarshal([]byte(text), &any); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if any["body"] != nil && !strings.Contains(text, "lkdoctor --json") {
				t.Errorf("%s does not ask for --json", name)
			}
		}
	}
	lint, err := exec.LookPath("actionlint")
	if err != nil {
		return
	}
	found, _ := filepath.Glob("../../.github/workflows/*.yml")
	if out, err := exec.Command(lint, found...).CombinedOutput(); err != nil {
		t.Errorf("actionlint: %s", out)
	}
}

// TestReadmesAgree checks that the Chinese README has the example, commands and settings
// of the English one, and that the program prints the example.
func TestReadmesAgree(t *testing.T) {
	all := guides(t)
	english, chinese := all["README.md"], all[".github/README.zh.md"]
	blocks := regexp.MustCompile("(?s)```(?:sh)?\n(.*?)```")
	comment := regexp.MustCompile(`\s+#.*`)
	read := func(text string) (out []string) {
		for _, m := range blocks.FindAllStringSubmatch(text, -1) {
			for line := range strings.Lines(m[1]) {
				line = comment.ReplaceAllString(strings.TrimRight(line, "\n"), "")
				out = append(out, strings.TrimSuffix(line, " --lang zh"))
			}
		}
		return out
	}
	inEnglish, inChinese := read(english), read(chinese)
	for i, line := range inChinese {
		if i >= len(inEnglish) || line != inEnglish[i] {
			t.Fatalf("line %d of the Chinese README's code is %q, which the English one has not there", i+1, line)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\| .--[^|]*\| ([^|]*) \|`).FindAllStringSubmatch(chinese, -1) {
		for _, name := range inCode.FindAllStringSubmatch(m[1], -1) {
			if !strings.Contains(english, "`"+name[1]+"`") {
				t.Errorf("the English README does not name %s", name[1])
			}
		}
	}
	// The parts of the example that are the same in each run.
	l := startLab(t, "opaque-token")
	out, _ := program(t, l.Environ(), "--plain").Output()
	for _, want := range []string{
		"TOKEN_OPAQUE token.format", "What was handed out is a random string, not a LiveKit token. Fix it in the ticket service: http://127.0.0.1:",
		"It is not your settings, the LiveKit server or the network (a token made on this machine joined that server in",
	} {
		for where, text := range map[string]string{"README.md": english, "README.zh.md": chinese, "the program": string(out)} {
			if !strings.Contains(squeezed(text), want) {
				t.Errorf("%s does not say %q", where, want)
			}
		}
	}
}
