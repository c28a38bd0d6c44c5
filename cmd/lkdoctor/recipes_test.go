package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"lkdoctor/checks/report"
)

const recipes = "../../.github/recipes/"

func recipe(t *testing.T, name string) string {
	t.Helper()
	return read(t, filepath.Join(recipes, filepath.FromSlash(name)))
}

// TestNagios runs the wrapper on this program. Its exit codes must be those of Nagios, and
// its output one line, whatever a server sent.
func TestNagios(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no processes by the dozen")
	}
	for _, tool := range []string{"sh", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	for name, tt := range map[string]struct {
		fault string
		args  []string
		exit  int
		begin string
	}{
		"ok":       {"healthy", nil, 0, "OK - LiveKit (none): Everything works"},
		"warning":  {"tcp-only", nil, 1, "WARNING - "},
		"critical": {"opaque-token", nil, 2, "CRITICAL - TOKEN_OPAQUE (ticket_service): "},
		"hostile":  {"hostile-error", nil, 2, "CRITICAL - "},
		"unknown":  {"healthy", []string{"--project", "nothere"}, 3, "UNKNOWN - lkdoctor could not begin: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := startLab(t, tt.fault)
			cmd := program(t, l.Environ(), append(tt.args, l.Args()...)...)
			script, err := filepath.Abs(recipes + "nagios/check_lkdoctor")
			if err != nil {
				t.Fatal(err)
			}
			cmd.Env = append(cmd.Env, "LKDOCTOR="+cmd.Path)
			cmd.Args = append([]string{"sh", script}, cmd.Args[1:]...)
			cmd.Path, _ = exec.LookPath("sh")
			out, _ := cmd.Output()
			if code := cmd.ProcessState.ExitCode(); code != tt.exit || !strings.HasPrefix(string(out), tt.begin) {
				t.Errorf("exit code %d, want %d\n%s", code, tt.exit, out)
			}
			if strings.Count(string(out), "\n") != 1 || strings.Count(string(out), "|") > 1 {
				t.Errorf("not one line: %q", out)
			}
		})
	}
}

// TestRecipesCallLkdoctorRight checks that the command lines in the recipes are valid.
func TestRecipesCallLkdoctorRight(t *testing.T) {
	lines := map[string][]string{}
	exec := regexp.MustCompile(`(?m)^ExecStart=/usr/bin/lkdoctor (.*)$`).FindStringSubmatch(recipe(t, "systemd/lkdoctor@.service"))
	if exec == nil {
		t.Fatal("the service starts no lkdoctor")
	}
	lines["systemd"] = strings.Fields(exec[1])
	for _, name := range []string{"kubernetes/cronjob.yaml", "helm/values.yaml"} {
		args := regexp.MustCompile(`(?m)^ *args: (\[.*\])$`).FindStringSubmatch(recipe(t, name))
		if args == nil {
			t.Fatalf("%s has no args", name)
		}
		var list []string
		if err := yaml.Unmarshal([]byte(args[1]), &list); err != nil {
			t.Fatal(err)
		}
		lines[name] = list
	}
	for name, args := range lines {
		a, f := newApp(nil, nil, nil, nil, nil), &flags{}
		root := a.rootWith(f)
		if err := root.ParseFlags(args); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if err := f.validate(root.Flags().Args()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAlertsNameMetrics checks that runs have every metric and label in the alert rules.
func TestAlertsNameMetrics(t *testing.T) {
	series := map[string][]sample{}
	for _, fault := range []string{"healthy-tls", "opaque-token"} {
		_, events := examined(t, startLab(t, fault))
		run := *events[len(events)-1].Run
		for name, samples := range gathered(t, report.NewDocument(run, "test", report.Style{}), "staging") {
			series[name] = append(series[name], samples...)
		}
	}
	rules := recipe(t, "prometheus/lkdoctor.rules.yml")
	var named []string
	for _, name := range regexp.MustCompile(`\blkdoctor_[a-z_]+`).FindAllString(rules, -1) {
		named = append(named, name)
		if len(series[name]) == 0 {
			t.Errorf("the rules name %s, which no run has", name)
		}
	}
	if len(named) < 5 {
		t.Errorf("the rules name only %v", named)
	}
	for _, label := range regexp.MustCompile(`\$labels\.([a-z]+)`).FindAllStringSubmatch(rules, -1) {
		known := []string{"instance"}
		for _, s := range series["lkdoctor_finding"] {
			for name := range s.labels {
				known = append(known, name)
			}
		}
		if !slices.Contains(known, label[1]) {
			t.Errorf("the rules name the label %s", label[1])
		}
	}
}
