package catalogue

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/wrap"
)

func owners() []finding.Owner {
	return []finding.Owner{
		finding.OwnerConfig, finding.OwnerTicketService, finding.OwnerFrontend,
		finding.OwnerLiveKitServer, finding.OwnerNetwork, finding.OwnerClock,
		finding.OwnerAgent, finding.OwnerNone, finding.OwnerUnknown, finding.OwnerMaker,
	}
}

// languages returns the languages that have pages.
func languages(t *testing.T) []string {
	t.Helper()
	entries, err := fs.ReadDir(files, "pages")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestEveryCodeHasAnEnglishPage(t *testing.T) {
	for _, code := range finding.Codes() {
		if _, err := load(English, code); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
	if got, want := len(All()), len(finding.Codes()); got != want {
		t.Errorf("All returns %d pages, want %d", got, want)
	}
}

func TestPagesKeepTheContract(t *testing.T) {
	for _, lang := range languages(t) {
		for _, code := range finding.Codes() {
			page, err := load(lang, code)
			if err != nil {
				if lang != English && strings.Contains(err.Error(), "file does not exist") {
					continue // the English page is shown
				}
				t.Errorf("%s/%s: %v", lang, code, err)
				continue
			}
			t.Run(lang+"/"+string(code), func(t *testing.T) { keepsTheContract(t, code, page) })
		}
	}
}

func keepsTheContract(t *testing.T, code finding.Code, page Page) {
	if page.Code != code {
		t.Errorf("the page is headed %s", page.Code)
	}
	if code.IsDoctor() != (page.Check == AnyCheck) {
		t.Errorf("check %q", page.Check)
	}
	if !slices.Contains(owners(), page.Owner) {
		t.Errorf("owner %q", page.Owner)
	}
	if page.Severity.Rank() == 0 {
		t.Errorf("severity %q", page.Severity)
	}
	if n := utf8.RuneCountInString(page.Title); n > 72 || strings.HasSuffix(page.Title, ".") {
		t.Errorf("title %q: %d characters; want a headline of at most 72 without a full stop", page.Title, n)
	}
	for _, text := range []string{page.Means, page.Why, page.Confirm.Text, page.Confirm.Command, page.Confirm.Prints} {
		if strings.TrimSpace(text) == "" {
			t.Error("a section is empty")
		}
	}
	if len(page.Fixes()) == 0 {
		t.Error("no fix")
	}
	for _, fix := range page.Fixes() {
		if strings.Contains(fix.Command, "<") && !strings.Contains(fix.Command, "<<<") {
			t.Errorf("a fix's command is not safe to paste: %q", fix.Command)
		}
	}
	points := regexp.MustCompile(`(code|lines|block) below|these lines|下面的(代码|几行|行)`)
	for _, fix := range page.Fixes() {
		if points.MatchString(fix.Text.String()) && len(fix.Code) == 0 && fix.Command == "" {
			t.Errorf("a fix speaks of something below, and nothing is there: %q", fix.Text.String())
		}
	}
	for _, where := range page.mentions() {
		if !slices.Contains(finding.Codes(), finding.Code(where)) {
			t.Errorf("mentions %s, which is not a code", where)
		}
	}
	english, ok := Lookup(code)
	if ok && (english.Check != page.Check || english.Owner != page.Owner || english.Severity != page.Severity ||
		english.Confirm.Command != page.Confirm.Command || !sameVariants(english, page)) {
		t.Error("check, owner, severity, command or number of fixes differ from the English page")
	}
}

// sameVariants reports whether two pages have the same variants, each with the same
// fixes: their commands, their languages of code, and the placeholders of their texts.
func sameVariants(a, b Page) bool {
	return slices.EqualFunc(a.Variants, b.Variants, func(a, b Variant) bool {
		return a.Name == b.Name && slices.EqualFunc(a.Fixes, b.Fixes, func(a, b finding.Fix) bool {
			slots := [2][]string{finding.Slots(a.Text.Format), finding.Slots(b.Text.Format)}
			slices.Sort(slots[0])
			slices.Sort(slots[1])
			return a.Command == b.Command && slices.Equal(slots[0], slots[1]) &&
				slices.EqualFunc(a.Code, b.Code, func(a, b finding.Block) bool { return a.Lang == b.Lang })
		})
	})
}

// mentions returns the words on the page that look like finding codes.
func (p Page) mentions() []string {
	text := strings.Join([]string{p.Title, p.Means, p.Why, p.Confirm.Text, p.Confirm.Prints}, "\n")
	for _, fix := range p.Fixes() {
		text += "\n" + fix.Text.String()
	}
	code := regexp.MustCompile(`\b(ENV|TICKET|FRONTEND|TOKEN|CLOCK|SIGNATURE|SERVER|CONFIG|WEBSOCKET|ICE|BROWSER|AGENT|ROOM|JOIN|MEDIA|TURN|PUBLISH|RECONNECT|DEV|DOCTOR)_[A-Z][A-Z0-9_]+\b`)
	var out []string
	for _, word := range code.FindAllString(text, -1) {
		// Disconnect reasons, and an error code of the app's route.
		others := []string{"SERVER_SHUTDOWN", "ROOM_DELETED", "ROOM_CLOSED", "JOIN_FAILURE", "TICKET_NOT_FOUND"}
		if !slices.Contains(others, word) {
			out = append(out, word)
		}
	}
	return out
}

func TestNoPageForAnUnknownCode(t *testing.T) {
	for _, lang := range languages(t) {
		entries, err := fs.ReadDir(files, "pages/"+lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			code, isPage := strings.CutSuffix(e.Name(), ".md")
			if isPage && !slices.Contains(finding.Codes(), finding.Code(code)) || !isPage && e.Name() != "variables.txt" {
				t.Errorf("pages/%s/%s belongs to no code", lang, e.Name())
			}
		}
	}
}

func TestPagesAreAtMost100ColumnsWide(t *testing.T) {
	err := fs.WalkDir(files, "pages", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".md") {
			return err
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(text), "\n") {
			if n := wrap.Width(line); n > 100 {
				t.Errorf("%s:%d is %d columns wide", path, i+1, n)
			}
			if strings.TrimRight(line, " \t") != line {
				t.Errorf("%s:%d ends in blanks", path, i+1)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestConfirmCommandsAreSafe checks that each variable that a command reads is
// explained, and that no command passes a token to a website or in its arguments.
func TestConfirmCommandsAreSafe(t *testing.T) {
	variable := regexp.MustCompile(`\$\{?#?([A-Z][A-Z_]+)|process\.env\.([A-Z_]+)|os\.environ\["([A-Z_]+)"\]`)
	for _, page := range All() {
		command := page.Confirm.Command
		for _, m := range variable.FindAllStringSubmatch(command, -1) {
			name := m[1] + m[2] + m[3]
			known := slices.ContainsFunc(page.Confirm.Variables, func(v Variable) bool { return v.Name == name })
			set := strings.Contains(command, name+"=") || strings.Contains(command, "for "+name+" in")
			if !known && !set {
				t.Errorf("%s: the command reads %s, which pages/en/variables.txt does not explain", page.Code, name)
			}
		}
		if strings.Contains(command, "/$TICKET/") && !strings.Contains(page.Confirm.Text, "spen") {
			t.Errorf("%s: the command trades a ticket and does not say whether that spends it", page.Code)
		}
		for _, bad := range []string{"jwt.io", "access_token=", "-hmac", `-H "Authorization`, "echo $", "echo \"$TOKEN"} {
			if strings.Contains(command, bad) {
				t.Errorf("%s: the command contains %q", page.Code, bad)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	if _, ok := Lookup("TOKEN_PURPLE"); ok {
		t.Error("an unknown code has a page")
	}
	if _, ok := Lookup("../../snippets/python.py"); ok {
		t.Error("a path is taken for a code")
	}
	page, ok := LookupIn("xx", finding.TokenOpaque)
	if !ok || page.Lang != English {
		t.Errorf("LookupIn of an unknown language: %v, %q; want the English page", ok, page.Lang)
	}
}
