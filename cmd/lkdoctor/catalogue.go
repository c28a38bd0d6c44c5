package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/report"
	"lkdoctor/config/clean"
)

// explainCommand shows the page of one code, offline.
func (a *app) explainCommand() *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use: "explain CODE | \"ERROR TEXT\"", Short: "Explain a finding code, or find the codes that lead to an error text of LiveKit's SDKs",
		Example:           "  lkdoctor explain TOKEN_OPAQUE\n  lkdoctor explain \"could not establish pc connection\"",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeCodes,
		RunE: func(_ *cobra.Command, args []string) error {
			given := strings.TrimSpace(strings.Join(args, " "))
			code := finding.Code(strings.ToUpper(given))
			page, known := a.style(f).Page(code)
			if !known {
				if found := catalogue.FindText(given); len(found) > 0 {
					return a.writeTexts(f, found)
				}
				return fmt.Errorf("no code %q, nor an error text that is known: lkdoctor codes lists the codes%s", clean.Line(clean.Redact(given), 200), nearest(string(code)))
			}
			_, err := fmt.Fprint(a.out, catalogue.Render(page, a.columns()))
			return err
		},
	}
	f.addLooks(cmd)
	return cmd
}

// writeTexts lists the codes that lead to the texts that were found.
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

// codesCommand lists every code.
func (a *app) codesCommand() *cobra.Command {
	asJSON, folder := false, ""
	cmd := &cobra.Command{
		Use: "codes", Short: "List every finding code", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return writeCodesJSON(a)
			}
			if folder != "" {
				return writeSite(folder)
			}
			for _, page := range catalogue.All() {
				if _, err := fmt.Fprintf(a.out, "%-28s %-5s %-16s %s\n", page.Code, page.Severity, page.Check, page.Title); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().StringVar(&folder, "html", "", "write a page a code, in each language, into this `folder`")
	cmd.MarkFlagsMutuallyExclusive("json", "html")
	must(cmd.MarkFlagDirname("html"))
	return cmd
}

// writeSite writes the catalogue as HTML into a folder that is new, empty or
// holds such a site already.
func writeSite(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(entries) > 0 {
		style, err := os.ReadFile(filepath.Join(folder, "style.css"))
		if err != nil || !bytes.HasPrefix(style, []byte(catalogue.HTMLMark)) {
			return fmt.Errorf("%s is not empty and holds no pages of lkdoctor: name another folder", folder)
		}
	}
	site, err := catalogue.HTML()
	if err != nil {
		return err
	}
	for name, text := range site {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

type codeInfo struct {
	Code     finding.Code     `json:"code"`
	Check    string           `json:"check"`
	Severity finding.Severity `json:"severity"`
	Owner    finding.Owner    `json:"owner"`
	Title    string           `json:"title"`
}

func writeCodesJSON(a *app) error {
	list := []codeInfo{}
	for _, p := range catalogue.All() {
		list = append(list, codeInfo{p.Code, p.Check, p.Severity, p.Owner, p.Title})
	}
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{"schema_version": report.SchemaVersion, "codes": list})
}

func codeNames() []string {
	codes := finding.Codes()
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = string(c)
	}
	return names
}

// nearest names the code that is spelled most like what was typed, if any is.
func nearest(typed string) string {
	best, least := "", min(len(typed)/3+1, 12)
	if len(typed) > 64 {
		return "" // a sentence, not a code
	}
	for _, name := range codeNames() {
		if d := levenshtein.ComputeDistance(typed, name); d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// schemaCommand prints the JSON Schema of --json.
func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of the --json document", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.out.Write(report.Schema())
			return err
		},
	}
}
