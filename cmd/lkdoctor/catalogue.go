package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/report"
)

// codesCommand returns the command that lists every code.
func (a *app) codesCommand() *cobra.Command {
	asJSON, folder := false, ""
	cmd := &cobra.Command{
		Use: "codes", Short: helpText("List every finding code"), Args: cobra.NoArgs,
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
	cmd.Flags().BoolVar(&asJSON, "json", false, helpText("as JSON"))
	cmd.Flags().StringVar(&folder, "html", "", helpText("write a page a code, in each language, into this `folder`"))
	cmd.MarkFlagsMutuallyExclusive("json", "html")
	must(cmd.MarkFlagDirname("html"))
	return cmd
}

// writeSite writes the catalogue as HTML into a folder. The folder must be new, be
// empty, or hold such a site.
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
	for name, text := range catalogue.HTML() {
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
	return a.writeJSON(map[string]any{"schema_version": report.SchemaVersion, "codes": list})
}

// schemaCommand returns the command that prints the JSON Schema of --json.
func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: helpText("Print the JSON Schema of the --json document"), Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.out.Write(report.Schema())
			return err
		},
	}
}
