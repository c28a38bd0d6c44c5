package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
	"lkdoctor/checks/report"
	"lkdoctor/config/clean"
)

// explainCommand returns the command that shows the page of a code, or lists all codes.
// It uses no network.
func (a *app) explainCommand() *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use:   "explain [CODE | \"ERROR TEXT\"]",
		Short: helpText("Explain a finding code or an error text of LiveKit's SDKs; alone, list the codes"),
		Example: helpText(`  lkdoctor explain                every code, by stage and by who must act
  lkdoctor explain TOKEN_OPAQUE
  lkdoctor explain "could not establish pc connection"`),
		ValidArgsFunction: completeCodes,
		RunE: func(_ *cobra.Command, args []string) error {
			style := a.style(f)
			given := strings.TrimSpace(strings.Join(args, " "))
			if given == "" {
				return a.paged(listed(style))
			}
			page, known := style.Page(finding.Code(strings.ToUpper(given)))
			if known {
				return a.paged(catalogue.Render(page, a.columns(), style.Ink()))
			}
			if found := catalogue.FindText(given); len(found) > 0 {
				return a.writeTexts(f, found)
			}
			return fmt.Errorf("no code %q, nor an error text that is known%s", clean.Line(clean.Redact(given), 200), alike(given))
		},
	}
	f.add(cmd, lookNames)
	return cmd
}

// listed returns every code with its title, by stage and by owner.
func listed(style report.Style) string {
	var b strings.Builder
	pages := catalogue.Pages(style.Lang)
	fmt.Fprintln(&b, style.Say("Codes: %d. lkdoctor explain CODE shows its page.", len(pages)))
	for _, stage := range append(check.Stages(), catalogue.AnyCheck) {
		var owners []finding.Owner
		of := map[finding.Owner][]catalogue.Page{}
		for _, page := range pages {
			if name, _, _ := strings.Cut(page.Check, "."); name != string(stage) {
				continue
			}
			if !slices.Contains(owners, page.Owner) {
				owners = append(owners, page.Owner)
			}
			of[page.Owner] = append(of[page.Owner], page)
		}
		name := style.Say("%s", progress.StageName(stage))
		if stage == catalogue.AnyCheck {
			name = style.Say("lkdoctor itself")
		}
		for _, owner := range owners {
			fmt.Fprintf(&b, "\n%s\n", style.Strong(style.Say("%s: %s", name, diagnosis.RuleName(owner))))
			for _, page := range of[owner] {
				line := fmt.Sprintf("  %-29s %s", page.Code, page.Title)
				if style.Width > 0 {
					line = ansi.Truncate(line, style.Width, "…")
				}
				fmt.Fprintln(&b, line)
			}
		}
	}
	return b.String()
}

// writeTexts lists the codes for the error texts that were found.
func (a *app) writeTexts(f *flags, found []catalogue.SDKText) error {
	for _, text := range found {
		if _, err := fmt.Fprintf(a.out, "%s  (%s, %s %s)\n", text.Text, text.Language, text.SDK, text.Version); err != nil {
			return err
		}
		for _, code := range text.Codes {
			page, _ := a.style(f).Page(code)
			if _, err := fmt.Fprintf(a.out, "  %-28s %s\n", code, page.Title); err != nil {
				return err
			}
		}
	}
	return nil
}

// alike returns the end of an error about an unknown code: the codes that may be meant,
// the most similar spelling first, then those whose pages have the word. If there is
// none, it says where all codes are listed.
func alike(typed string) string {
	var names []string
	best, least := "", min(len(typed)/3+1, 12)
	for _, code := range finding.Codes() {
		if len(typed) > 64 {
			break // a sentence, not a code
		}
		if d := levenshtein.ComputeDistance(strings.ToUpper(typed), string(code)); d < least {
			best, least = string(code), d
		}
	}
	if best != "" {
		names = append(names, best)
	}
	for _, page := range catalogue.Search(catalogue.All(), catalogue.SDKTexts(), typed) {
		if name := string(page.Code); name != best {
			names = append(names, name)
		}
	}
	switch {
	case len(names) == 0:
		return "; lkdoctor explain lists the codes"
	case len(names) > 5:
		return "; did you mean " + strings.Join(names[:5], ", ") + ", …? lkdoctor explain lists the codes"
	}
	return "; did you mean " + strings.Join(names, ", ") + "?"
}
