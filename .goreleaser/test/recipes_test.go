package dist_test

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const recipes = "../../.github/recipes"

// built returns the path of bin/lkdoctor.
func built(t *testing.T) string {
	t.Helper()
	path := absolute(t, "../../bin/lkdoctor")
	if _, err := os.Stat(path); err != nil {
		t.Fatal("bin/lkdoctor is not there: make build")
	}
	return path
}

func TestAlertRules(t *testing.T) {
	tool(t, "promtool")
	dir := absolute(t, filepath.Join(recipes, "prometheus"))
	for _, args := range [][]string{{"check", "rules", "lkdoctor.rules.yml"}, {"test", "rules", "lkdoctor.rules.test.yml"}} {
		if r := callIn(t, dir, nil, "promtool", args...); r.exit != 0 {
			t.Errorf("promtool %s: %s%s", args, r.out, r.err)
		}
	}
}

func TestSystemdUnits(t *testing.T) {
	tool(t, "systemd-analyze")
	dir := t.TempDir()
	for _, name := range []string{"lkdoctor@.service", "lkdoctor@.timer"} {
		text := read(t, filepath.Join(recipes, "systemd", name))
		unit := strings.ReplaceAll(string(text), "/usr/bin/lkdoctor", built(t))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(unit), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := callIn(t, dir, nil, "systemd-analyze", "verify", "--man=no", "./lkdoctor@.service", "./lkdoctor@.timer")
	if r.exit != 0 || r.out+r.err != "" {
		t.Errorf("systemd-analyze: %+v", r)
	}
}

// TestNodeExporter runs the service's command for two targets, with one server and folder.
// node_exporter must export the series of both without an error, and promtool accept them.
func TestNodeExporter(t *testing.T) {
	tool(t, "prometheus-node-exporter", "promtool")
	service := read(t, filepath.Join(recipes, "systemd", "lkdoctor@.service"))
	line := regexp.MustCompile(`(?m)^ExecStart=/usr/bin/lkdoctor (.*)$`).FindStringSubmatch(string(service))[1]
	dir := t.TempDir()
	l := startLab(t, "opaque-token")
	for _, name := range []string{"one", "two"} {
		args := strings.Fields(strings.NewReplacer("%i", name, "/var/lib/lkdoctor", dir).Replace(line))
		if r := call(t, l.Environ(), built(t), args...); r.exit != 1 || r.err != "" {
			t.Fatalf("%+v", r)
		}
		l.Renew()
		text := read(t, filepath.Join(dir, name+".prom"))
		lint := exec.Command("promtool", "check", "metrics")
		lint.Stdin = strings.NewReader(string(text))
		if out, err := lint.CombinedOutput(); err != nil {
			t.Errorf("promtool: %v\n%s", err, out)
		}
	}
	exporter := exec.CommandContext(t.Context(), "prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
		"--collector.textfile.directory="+dir, "--web.listen-address=127.0.0.1:0")
	log, err := exporter.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := exporter.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = exporter.Process.Kill(); _ = exporter.Wait() })
	address := regexp.MustCompile(`address=(127\.0\.0\.1:\d+)`)
	for lines := bufio.NewScanner(log); lines.Scan(); {
		m := address.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		reply, err := http.Get("http://" + m[1] + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(reply.Body)
		_ = reply.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			`lkdoctor_up{target="one"} 0`, `lkdoctor_up{target="two"} 0`, "node_textfile_scrape_error 0",
			`lkdoctor_finding{code="TOKEN_OPAQUE",owner="ticket_service",severity="fail",target="two"} 1`,
		} {
			if !strings.Contains(string(body), want) {
				t.Errorf("node_exporter does not say %s:\n%s", want, body)
			}
		}
		return
	}
	t.Fatal("node_exporter did not say where it listens")
}

func TestHelm(t *testing.T) {
	tool(t, "helm")
	chart := absolute(t, filepath.Join(recipes, "helm"))
	if r := call(t, nil, "helm", "lint", "--strict", chart); r.exit != 0 {
		t.Errorf("helm lint: %s%s", r.out, r.err)
	}
	r := call(t, nil, "helm", "template", "prod", chart, "--set", "lkdoctor.url=wss://lk.example.com")
	for _, want := range []string{"helm.sh/hook: test", "name: prod-lkdoctor", `value: "wss://lk.example.com"`, `args: ["--plain","--timeout","60s"]`} {
		if !strings.Contains(r.out, want) {
			t.Errorf("helm template lacks %q:\n%s%s", want, r.out, r.err)
		}
	}
	if r := call(t, nil, "helm", "template", "prod", chart, "--set", "lkdoctor.url="); r.exit == 0 {
		t.Error("a chart without an address is rendered")
	}
}
