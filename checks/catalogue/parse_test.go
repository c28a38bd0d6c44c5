package catalogue

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lkdoctor/checks/finding"
)

const sample = "# TOKEN_OPAQUE — The token is not a JWT\n" +
	"check: token.format · owner: maker · severity: fail\n\n" +
	"## What it means\nOne\nparagraph.\n\nAnother.\n\n" +
	"## Why it happens\n1. First\n   cause.\n2. Second.\n\n" +
	"## How to confirm\nLook.\n```sh\necho 1 \\\n  2\n```\nPrints:\n```\n1 2\n```\n\n" +
	"## How to fix\n- Do this\n  first.\n  ```sh\n  true\n  ```\n- Then that.\n  ```nginx\n  a {\n    b;\n  }\n  ```\n"

func TestParse(t *testing.T) {
	got, err := parse(English, sample)
	if err != nil {
		t.Fatal(err)
	}
	want := Page{
		Code: finding.TokenOpaque, Title: "The token is not a JWT", Check: "token.format",
		Owner: finding.OwnerMaker, Severity: finding.Fail, Lang: English,
		Means:   "One paragraph.\n\nAnother.",
		Why:     "1. First cause.\n2. Second.",
		Confirm: Confirm{Text: "Look.", Command: "echo 1 \\\n  2", Prints: "1 2"},
		Variants: []Variant{{Fixes: []finding.Fix{
			{Text: finding.Text{Format: "Do this first."}, Command: "true"},
			{Text: finding.Text{Format: "Then that."}, Code: []finding.Block{{Lang: "nginx", Text: "a {\n  b;\n}"}}},
		}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestParseVariants(t *testing.T) {
	text := strings.Replace(sample, "- Do this", "### this — This is wrong\n- Do this", 1)
	text = strings.Replace(text, "- Then that.", "### any\n- Then that.", 1)
	page, err := parse(English, text)
	if err != nil {
		t.Fatal(err)
	}
	v, ok := page.Variant("this")
	if !ok || v.Title != "This is wrong" || len(v.Fixes) != 2 || v.Fixes[0].Command != "true" || v.Fixes[1].Code[0].Lang != "nginx" {
		t.Errorf("%v, %+v", ok, v)
	}
	if v, ok := page.Variant("other"); ok || v.Title != page.Title || len(v.Fixes) != 2 {
		t.Errorf("an unknown variant: %v, %+v", ok, v)
	}
}

func TestParseChinese(t *testing.T) {
	text := strings.NewReplacer("## What it means", "## 含义", "## Why it happens", "## 原因",
		"## How to confirm", "## 如何确认", "## How to fix", "## 如何修复", "Prints:", "输出：",
		"One\nparagraph.", "令牌\n不是\nJWT").Replace(sample)
	page, err := parse("zh", text)
	if err != nil {
		t.Fatal(err)
	}
	if want := "令牌不是 JWT\n\nAnother."; page.Means != want {
		t.Errorf("Means %q, want %q", page.Means, want)
	}
	if text := Render(page, 60, Ink{}); !strings.Contains(text, "\n如何确认\n") || !strings.Contains(text, "\n  输出：\n") {
		t.Errorf("rendered without Chinese headings:\n%s", text)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string][2]string{
		"no title":                   {" — The token is not a JWT", ""},
		"no severity":                {" · severity: fail", ""},
		"fields in another order":    {"check: token.format · owner: maker", "owner: maker · check: token.format"},
		"a fix before variants":      {"- Then that.", "### that — Then that is wrong\n- Then that."},
		"a variant without a title":  {"- Do this", "### this\n- Do this"},
		"a variant without a fix":    {"- Do this", "### this — This is wrong\n### that — That is\n- Do this"},
		"a variant twice":            {"- Do this", "### any\n- Do that.\n### any\n- Do this"},
		"an unknown header line":     {"severity: fail\n", "severity: fail\nsnippet: join\n"},
		"an empty section":           {"One\nparagraph.\n\nAnother.\n", ""},
		"a missing section":          {"## Why it happens\n1. First\n   cause.\n2. Second.\n\n", ""},
		"a section too many":         {"## How to fix", "## How to hope\nHope.\n\n## How to fix"},
		"causes that are no list":    {"1. First", "First"},
		"causes misnumbered":         {"2. Second", "3. Second"},
		"two commands":               {"Prints:", "```sh\necho 2\n```\nPrints:"},
		"no expected output":         {"Prints:\n```\n1 2\n```\n", ""},
		"no Prints line":             {"Prints:\n", ""},
		"text after the output":      {"1 2\n```\n", "1 2\n```\nMore.\n"},
		"a command that is not sh":   {"```sh\necho", "```bash\necho"},
		"a fix that is no item":      {"- Do this", "Do this"},
		"two commands in one fix":    {"- Then that.\n  ```nginx", "  ```sh\n  false\n  ```\n- Then that.\n  ```nginx"},
		"a block without a language": {"```nginx", "```"},
		"an empty block":             {"  true\n", ""},
		"an open block":              {"    b;\n  }\n  ```\n", ""},
		"no fix":                     {sample[strings.Index(sample, "- Do this"):], ""},
		"a block less indented":      {"  true\n", "true\n"},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(sample, change[0], change[1], 1)
			if text == sample {
				t.Fatalf("the sample does not hold %q", change[0])
			}
			if page, err := parse(English, text); err == nil {
				t.Errorf("parsed as %+v", page)
			}
		})
	}
	if _, err := parse("xx", sample); err == nil {
		t.Error("a language without words is parsed")
	}
}
