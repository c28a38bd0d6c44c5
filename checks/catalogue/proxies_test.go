package catalogue

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"lkdoctor/checks/finding"
)

// certificates matches the nginx directives that name certificate files.
var certificates = regexp.MustCompile(`ssl_certificate(_key)? [^;]*;`)

// proxyTools holds how to check a configuration file with each proxy's program, and how
// to complete the lines of the catalogue to a whole file.
var proxyTools = map[string]struct {
	program string
	args    func(file string) []string
	wrap    func(lines string) string
}{
	"nginx": {"nginx", func(file string) []string { return []string{"-t", "-q", "-p", filepath.Dir(file), "-c", file} }, func(lines string) string {
		if strings.Contains(lines, "\nproxy_") || strings.HasPrefix(lines, "proxy_") || strings.HasPrefix(lines, "rewrite ") {
			lines = "location /lines { proxy_pass http://127.0.0.1:1; " + lines + "}"
			if strings.Contains(lines, "proxy_pass http://127.0.0.1:7880") {
				lines = strings.Replace(lines, "proxy_pass http://127.0.0.1:1; ", "", 1)
			}
		}
		if !strings.HasPrefix(lines, "server {") && !strings.HasPrefix(lines, "map ") {
			lines = "server { listen 127.0.0.1:8999; " + lines + "\n}"
		}
		lines = certificates.ReplaceAllString(strings.ReplaceAll(lines, "443 ssl;", "8443;"), "") // no certificates here
		return "pid nginx.pid; error_log stderr; events {}\nhttp { access_log off; limit_req_zone $binary_remote_addr zone=one:1m rate=1r/s;\n" + lines + "\n}\n"
	}},
	"caddy": {"caddy", func(file string) []string { return []string{"adapt", "--adapter", "caddyfile", "--config", file} }, func(lines string) string {
		if regexp.MustCompile(`^[^\s]+ \{`).MatchString(lines) && !regexp.MustCompile(`^(reverse_proxy|handle|handle_path|basic_auth|header|@\w+|route|tls)\b`).MatchString(lines) {
			return lines
		}
		return "site.example {\n" + strings.ReplaceAll(lines, "basic_auth ", "basicauth ") + "\n}\n" // the name before 2.8, which later versions accept
	}},
	"haproxy": {"haproxy", func(file string) []string { return []string{"-c", "-f", file} }, func(lines string) string {
		head := "frontend lines\n  mode http\n  timeout client 1m\n  bind 127.0.0.1:8997\ndefaults\n  mode http\n  timeout client 1m\n  timeout server 1m\n  timeout connect 5s\n"
		if regexp.MustCompile(`^(global|defaults|frontend|backend|listen)\b`).MatchString(lines) {
			if strings.Contains(lines, "_backend livekit") && !strings.Contains(lines, "backend livekit\n") {
				lines += "\nbackend livekit\n  server livekit 127.0.0.1:7880\n"
			}
			return head + lines + "\n"
		}
		return head + "backend lines\n  server livekit 127.0.0.1:7880\n" + lines + "\n"
	}},
	"apache": {"apache2", func(file string) []string { return []string{"-t", "-f", file} }, func(lines string) string {
		head := "ServerName site.example\nListen 127.0.0.1:8998\nErrorLog /dev/null\nPidFile apache.pid\n"
		for _, module := range []string{"mpm_event", "proxy", "proxy_http", "proxy_wstunnel", "rewrite", "headers", "alias", "ssl", "socache_shmcb", "setenvif", "authz_core", "auth_basic", "authn_core"} {
			head += fmt.Sprintf("<IfModule !%[1]s_module>\nLoadModule %[1]s_module /usr/lib/apache2/modules/mod_%[1]s.so\n</IfModule>\n", module)
		}
		return head + lines + "\n"
	}},
}

// tlsPages are the codes whose fix serves TLS at the server's own port.
var tlsPages = map[finding.Code]bool{
	finding.EnvURLInsecure: true, finding.ServerTLS: true, finding.ServerSilent: true, finding.BrowserMixedContent: true,
}

// TestProxyLinesAreRead checks each proxy's blocks on the pages with the proxy's own
// program if it is installed.
func TestProxyLinesAreRead(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no proxies are started")
	}
	blanks := regexp.MustCompile(`\{\{[a-z_]+\|([^{}]*)\}\}`)
	missing := map[string]bool{}
	read := 0
	for _, code := range finding.Codes() {
		page, ok := Lookup(code)
		if !ok {
			continue
		}
		for _, fix := range page.Fixes() {
			for i, block := range fix.Code {
				text := blanks.ReplaceAllString(block.Text, "$1")
				if block.Lang == "traefik" {
					if err := yaml.Unmarshal([]byte(text), new(map[string]any)); err != nil {
						t.Errorf("%s, Traefik: %v\n%s", code, err, text)
					}
					continue
				}
				if block.Lang == "caddy" && strings.HasPrefix(block.Text, "{{livekit_name") && !tlsPages[code] {
					t.Errorf("%s: Caddy takes a bare name for one on port 443: write livekit_site\n%s", code, block.Text)
				}
				tool, is := proxyTools[block.Lang]
				if !is {
					continue
				}
				program, err := exec.LookPath(tool.program)
				if err != nil {
					missing[tool.program] = true
					continue
				}
				file := filepath.Join(t.TempDir(), fmt.Sprintf("%s-%d.conf", code, i))
				if err := os.WriteFile(file, []byte(tool.wrap(text)), 0o600); err != nil {
					t.Fatal(err)
				}
				if out, err := exec.Command(program, tool.args(file)...).CombinedOutput(); err != nil {
					t.Errorf("%s, %s: %v\n%s\n%s", code, block.Lang, err, text, out)
				}
				read++
			}
		}
	}
	t.Logf("%d blocks were read; not installed: %v", read, missing)
	if read == 0 {
		t.Skip("none of nginx, Caddy, HAProxy and Apache is installed")
	}
}
