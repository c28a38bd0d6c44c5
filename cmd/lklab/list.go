package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/lab"
)

// listed is a fault in the output of lklab list --json.
type listed struct {
	Name  string         `json:"name"`
	About string         `json:"about"`
	Want  []finding.Code `json:"want"`
	Owner finding.Owner  `json:"owner"`
	Fails bool           `json:"fails"`
	Flags bool           `json:"needs_flags"`
}

func newList() *cobra.Command {
	var asJSON bool
	list := &cobra.Command{
		Use:   "list",
		Short: "List the faults",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				return listJSON(cmd.OutOrStdout(), lab.Faults())
			}
			return listTable(cmd.OutOrStdout(), lab.Faults())
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, "as JSON, with what a doctor must find")
	return list
}

func listTable(w io.Writer, faults []lab.Fault) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range faults {
		fmt.Fprintf(table, "%s\t%s\n", f.Name, f.About)
	}
	return table.Flush()
}

func listJSON(w io.Writer, faults []lab.Fault) error {
	list := make([]listed, 0, len(faults))
	for _, f := range faults {
		codes := append([]finding.Code{}, f.Want...) // [] in JSON if there is none
		list = append(list, listed{Name: f.Name, About: f.About, Want: codes, Owner: f.Owner, Fails: f.Fails(), Flags: f.Flags})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(list)
}
