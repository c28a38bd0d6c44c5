package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lkdoctor/checks/i18n"
	"lkdoctor/checks/wrap"
)

// TestHelp checks the help of every command in both languages: it is at most 80 columns
// wide, lists each flag once, and has all of our flags under a heading.
func TestHelp(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no processes by the dozen")
	}
	var paths [][]string
	var walk func(c *cobra.Command, path []string)
	walk = func(c *cobra.Command, path []string) {
		paths = append(paths, path)
		for _, sub := range c.Commands() {
			walk(sub, append(slices.Clone(path), sub.Name()))
		}
	}
	root := newApp(nil, nil, nil, nil, nil).rootCommand()
	root.InitDefaultCompletionCmd()
	walk(root, nil)
	for _, path := range paths {
		for _, lang := range []string{"en_GB.UTF-8", "zh_CN.UTF-8"} {
			var out, errs bytes.Buffer
			a := newApp(append(slices.Clone(path), "--help"), nil, &out, &errs, []string{"LANG=" + lang})
			if code := run(a); code != 0 || errs.Len() > 0 {
				t.Fatalf("%v: exit code %d, %s", path, code, &errs)
			}
			text := out.String()
			about, _, _ := strings.Cut(text, "\n用法")
			for lines := strings.Split(about, "\n"); lang == "zh_CN.UTF-8" && len(lines) > 1; lines = lines[1:] {
				if next := []rune(lines[1] + " ")[0]; lines[0] != "" && unicode.Is(unicode.Han, next) && wrap.Width(lines[0]) < helpColumns-6 {
					t.Errorf("%v: a line ends early: %s", path, lines[0])
				}
			}
			if lang == "zh_CN.UTF-8" {
				called, _, _ := root.Find(path)
				called.Flags().VisitAll(func(f *pflag.Flag) {
					if translate := i18n.Translator("zh"); f.Usage != "" && !f.Hidden && f.Name != "help" && f.Name != "no-descriptions" && f.Name != "version" && translate(f.Usage) == "" {
						t.Errorf("%v: the help of --%s has no Chinese", path, f.Name)
					}
				})
			}
			for line := range strings.Lines(text) {
				if n := wrap.Width(strings.TrimRight(line, "\n")); n > helpColumns {
					t.Errorf("%v in %s: %d columns: %s", path, lang, n, line)
				}
			}
			called, _, err := root.Find(path)
			if err != nil {
				t.Fatal(err)
			}
			_, others, _ := strings.Cut(text, map[string]string{"en_GB.UTF-8": "\nOther\n", "zh_CN.UTF-8": "\n其他\n"}[lang])
			called.Flags().VisitAll(func(f *pflag.Flag) {
				n := strings.Count(text, " --"+f.Name+" ") + strings.Count(text, " --"+f.Name+"\n")
				if listed := n > 0; listed == f.Hidden {
					t.Errorf("%v in %s: --%s is listed: %v", path, lang, f.Name, listed)
				}
				if strings.Contains(others, "--"+f.Name+" ") && !slices.Contains([]string{"help", "version", "no-descriptions"}, f.Name) {
					t.Errorf("%v: --%s has no heading", path, f.Name)
				}
			})
		}
	}
	if len(paths) < 10 {
		t.Errorf("only %d commands were found", len(paths))
	}
}
