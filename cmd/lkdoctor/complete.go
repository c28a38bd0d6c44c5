package main

import (
	"slices"

	"github.com/spf13/cobra"

	"lkdoctor/checks"
	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/config"
)

// completeFlags registers shell completions for the values of the flags of cmd and its
// subcommands: check IDs, stages, lk's projects, languages, files.
func (a *app) completeFlags(cmd *cobra.Command) {
	for name, complete := range map[string]cobra.CompletionFunc{
		"only":         completeChecks,
		"skip":         completeChecks,
		"project":      a.completeProjects,
		"mode":         fixedWords("development", "production", "test"),
		"color":        fixedWords("auto", "always", "never"),
		"lang":         fixedWords("auto", "en", "zh"),
		"publish":      fixedWords("tone", "pattern"),
		"allow-source": fixedWords("camera", "microphone", "screen_share", "screen_share_audio"),
	} {
		if cmd.Flags().Lookup(name) != nil {
			must(cmd.RegisterFlagCompletionFunc(name, complete))
		}
	}
	for name, ext := range map[string][]string{"report": {"md"}, "metrics": {"prom"}, "junit": {"xml"}} {
		if cmd.Flags().Lookup(name) != nil {
			must(cmd.MarkFlagFilename(name, ext...))
		}
	}
	if cmd.Flags().Lookup("dir") != nil {
		must(cmd.MarkFlagDirname("dir"))
	}
	for _, child := range cmd.Commands() {
		a.completeFlags(child)
	}
}

// must panics if err is not nil. It is for mistakes in constants, such as a
// flag name.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func fixedWords(list ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)
}

func completeCodes(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var list []cobra.Completion
	for _, p := range catalogue.All() {
		list = append(list, cobra.CompletionWithDesc(string(p.Code), p.Title))
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// completeChecks completes the names of stages and checks.
func completeChecks(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var list []cobra.Completion
	for _, stage := range check.Stages() {
		list = append(list, string(stage))
	}
	for _, c := range checks.Specs() {
		list = append(list, cobra.CompletionWithDesc(c.ID, c.Title.String()))
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// completeProjects completes the names of lk's projects. There are none if its
// configuration cannot be read.
func (a *app) completeProjects(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	settings, err := config.Load(config.Inputs{Environ: a.environ, Dir: a.dir, Home: a.home()})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, p := range settings.Projects {
		names = append(names, cobra.CompletionWithDesc(p.Name, p.URL))
	}
	slices.Sort(names)
	return names, cobra.ShellCompDirectiveNoFileComp
}
