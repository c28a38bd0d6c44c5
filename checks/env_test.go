package checks

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lkdoctor/checks/check"
	"lkdoctor/checks/codetest"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
)

const (
	goodKey    = "APIabcdefghijkl"
	goodSecret = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
)

// An envRun is a folder of env files and an environment, which only the env stage examines.
type envRun struct {
	files   map[string]string
	mode    os.FileMode // mode of the files; 0 means 0600
	environ []string
	flags   map[string]string
	options Options
	proxy   string
}

func (r envRun) findings(t *testing.T) []check.Located {
	t.Helper()
	dir := t.TempDir()
	// Open the folders to all users: the mode of a file does not matter in a private one.
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	mode := r.mode
	if mode == 0 {
		mode = 0o600
	}
	for name, content := range r.files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	settings, err := config.Load(config.Inputs{Flags: r.flags, Environ: r.environ, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	c := newTestCase(t, settings)
	c.Options = r.options
	c.Net.Proxy = func(*url.URL) (*url.URL, error) {
		if r.proxy == "" {
			return nil, nil
		}
		return url.Parse(r.proxy)
	}
	c.Options.Only = []string{"env"}
	run := Do(t.Context(), c, false, func(check.Event) {})
	var found []check.Located
	for _, severity := range []finding.Severity{finding.Fail, finding.Warn, finding.Info} {
		found = append(found, run.Findings(severity)...)
	}
	for _, l := range found {
		for _, secret := range []string{goodSecret, strings.Repeat("s", 20)} {
			if strings.Contains(l.Finding.Message.String(), secret) {
				t.Errorf("%s shows the secret", l.Finding.Code)
			}
		}
	}
	return found
}

func good(change ...string) []string {
	environ := []string{"LIVEKIT_URL=wss://demo.example.com", "LIVEKIT_API_KEY=" + goodKey, "LIVEKIT_API_SECRET=" + goodSecret}
	for _, c := range change {
		name, _, _ := strings.Cut(c, "=")
		environ = slices.DeleteFunc(environ, func(e string) bool { return strings.HasPrefix(e, name+"=") })
		if strings.Contains(c, "=") {
			environ = append(environ, c)
		}
	}
	return environ
}

// TestEnvCodes has a row for each finding of the env stage, with its severity.
func TestEnvCodes(t *testing.T) {
	for _, tt := range []struct {
		code     Code
		severity finding.Severity
		run      envRun
		says     string
	}{
		{finding.EnvFileUnreadable, finding.Fail, envRun{files: map[string]string{".env.local": "\xff\xfeL\x00I\x00"}, environ: good()}, "UTF-16"},
		{finding.EnvValueShadowed, finding.Warn, envRun{files: map[string]string{".env.local": "LIVEKIT_API_KEY=APIzzzzzzzzzzzz"}, environ: good()}, "environment, and hides a different value in .env.local"},
		{finding.EnvValueEmptied, finding.Fail, envRun{files: map[string]string{".env.local": "LIVEKIT_API_SECRET=" + goodSecret}, environ: good("LIVEKIT_API_SECRET=")}, "set to nothing"},
		{finding.EnvLoadersDisagree, finding.Warn, envRun{files: map[string]string{".env": "LIVEKIT_API_SECRET=\"" + goodSecret + "\"\n"}, environ: good("LIVEKIT_API_SECRET")}, "read differently"},
		{finding.EnvLoadersDisagree, finding.Warn, envRun{files: map[string]string{".env": "LIVEKIT_API_SECRET=abcdefghijklmnopqrstuvwxyzabcdefgh#ij\n"}, environ: good("LIVEKIT_API_SECRET")}, "godotenv"},
		{finding.EnvValueExpanded, finding.Warn, envRun{files: map[string]string{".env": "LIVEKIT_API_SECRET=ssssssssssssssssssss$tttttttttttttttttttttt\n"}, environ: good("LIVEKIT_API_SECRET")}, "holds a $"},
		{finding.EnvNameNearMiss, finding.Warn, envRun{environ: good("LIVEKIT_URL", "LIVEKIT_WS_URL=wss://demo.example.com")}, "the name that is read is LIVEKIT_URL"},
		{finding.EnvURLMissing, finding.Fail, envRun{environ: good("LIVEKIT_URL")}, "LIVEKIT_URL is not set"},
		{finding.EnvKeyMissing, finding.Fail, envRun{environ: good("LIVEKIT_API_KEY")}, "not set"},
		{finding.EnvKeyMissing, finding.Info, envRun{environ: good("LIVEKIT_API_KEY", "LIVEKIT_TOKEN=eyJ.x.y")}, "not set"},
		{finding.EnvSecretMissing, finding.Fail, envRun{environ: good("LIVEKIT_API_SECRET=")}, "set to nothing in environment"},
		{finding.EnvURLInvalid, finding.Fail, envRun{environ: good("LIVEKIT_URL==wss://demo.example.com")}, "two ="},
		{finding.EnvURLInvalid, finding.Fail, envRun{environ: good("LIVEKIT_URL=demo.example.com")}, "no scheme"},
		{finding.EnvURLInvalid, finding.Fail, envRun{environ: good("LIVEKIT_URL=\"wss://demo.example.com\"")}, "a double quote at character 1"},
		{finding.EnvURLInvalid, finding.Fail, envRun{environ: good("LIVEKIT_URL=wss://demo.example.com ")}, "a space at character 23"},
		{finding.EnvURLInvalid, finding.Fail, envRun{environ: good("LIVEKIT_URL=wss://.example.com")}, "empty"},
		{finding.EnvURLInvalid, finding.Fail, envRun{environ: good("LIVEKIT_URL=wss://demo.example.com:99999")}, "port"},
		{finding.EnvURLInvalid, finding.Fail, envRun{environ: good("LIVEKIT_URL=ftp://demo.example.com")}, "ftp://"},
		{finding.EnvURLPath, finding.Warn, envRun{environ: good("LIVEKIT_URL=wss://demo.example.com/rtc")}, "/rtc"},
		{finding.EnvURLPath, finding.Warn, envRun{environ: good("LIVEKIT_URL=wss://demo.example.com?x=1")}, "query"},
		{finding.EnvURLSchemeHTTP, finding.Info, envRun{environ: good("LIVEKIT_URL=https://demo.example.com")}, "use wss://"},
		{finding.EnvURLInsecure, finding.Warn, envRun{environ: good("LIVEKIT_URL=ws://demo.example.com")}, "not encrypted"},
		{finding.EnvURLMediaPort, finding.Warn, envRun{environ: good("LIVEKIT_URL=wss://demo.example.com:7881")}, "7881"},
		{finding.EnvPlaceholder, finding.Fail, envRun{environ: good("LIVEKIT_API_SECRET=your_api_secret")}, "your_api_secret"},
		{finding.EnvPlaceholder, finding.Fail, envRun{environ: good("LIVEKIT_URL=wss://<project-subdomain>.livekit.cloud")}, "placeholder"},
		{finding.EnvPlaceholder, finding.Fail, envRun{environ: good("LIVEKIT_API_KEY=APIxxxxxxxx")}, "placeholder"},
		{finding.EnvPlaceholder, finding.Fail, envRun{environ: good("LIVEKIT_URL=https://your-livekit-server-url")}, "placeholder"},
		{finding.EnvPlaceholder, finding.Fail, envRun{environ: good("LIVEKIT_API_KEY=your_livekit_api_key")}, "placeholder"},
		{finding.EnvValueQuoted, finding.Fail, envRun{environ: good("LIVEKIT_API_SECRET='" + goodSecret + "'")}, "a single quote at its beginning"},
		{finding.EnvValueQuoted, finding.Fail, envRun{environ: good("LIVEKIT_API_KEY=“" + goodKey + "”")}, "typographic"},
		{finding.EnvValueWhitespace, finding.Fail, envRun{environ: good("LIVEKIT_API_SECRET=" + goodSecret + "\n")}, "a line feed at its end"},
		{finding.EnvValueWhitespace, finding.Fail, envRun{environ: good("LIVEKIT_API_SECRET=" + goodSecret + "\u200b")}, "U+200B"},
		{finding.EnvKeySecretSwapped, finding.Fail, envRun{environ: good("LIVEKIT_API_KEY="+goodSecret, "LIVEKIT_API_SECRET="+goodKey)}, "as keys do"},
		{finding.EnvSecretShort, finding.Warn, envRun{environ: good("LIVEKIT_API_SECRET=tooshort1")}, "is shorter than the 32 characters"},
		{finding.EnvCloudLocalMix, finding.Fail, envRun{environ: good("LIVEKIT_URL=wss://x.livekit.cloud", "LIVEKIT_API_KEY=devkey")}, "devkey"},
		{finding.EnvTicketURLInvalid, finding.Fail, envRun{environ: good("USER_MGMT_BASE_URL=localhost:8000")}, "no scheme"},
		{finding.EnvTicketURLInvalid, finding.Fail, envRun{environ: good("USER_MGMT_BASE_URL=http://localhost:8000/api/v1/tickets")}, "already"},
		{finding.EnvTicketURLMissing, finding.Warn, envRun{environ: good("LKDOCTOR_TICKET=tkt_0123456789abcdef")}, "no service"},
		{finding.EnvSecretExposed, finding.Fail, envRun{environ: good("NEXT_PUBLIC_LIVEKIT_API_SECRET=" + goodSecret)}, "browser bundle"},
		{finding.EnvSecretExposed, finding.Fail, envRun{files: map[string]string{".env": "VITE_TOKEN_SEED=" + goodSecret}, environ: good()}, "VITE_TOKEN_SEED in .env"},
		{finding.EnvFilePermissions, finding.Warn, envRun{mode: 0o644, files: map[string]string{".env.local": "LIVEKIT_API_SECRET=" + goodSecret}, environ: good("LIVEKIT_API_SECRET")}, "every user"},
		{finding.EnvSecretOnCommandLine, finding.Info, envRun{environ: good(), flags: map[string]string{"api-secret": goodSecret}}, "command line"},
		{finding.EnvProxyInUse, finding.Info, envRun{environ: good(), proxy: "http://user:pass@proxy.example.com:3128"}, "through the proxy http://[hidden]@proxy.example.com:3128"},
	} {
		t.Run(string(tt.code)+" "+tt.says, func(t *testing.T) {
			found := tt.run.findings(t)
			all := make([]Finding, len(found))
			for i, l := range found {
				all[i] = l.Finding
			}
			codetest.Wants(t, all, tt.code)
			for _, l := range found {
				if l.Finding.Code == tt.code && l.Finding.Severity == tt.severity && strings.Contains(l.Finding.Message.String(), tt.says) {
					return
				}
			}
			t.Errorf("not found; found:")
			for _, l := range found {
				t.Errorf("  %s %s: %s", l.Finding.Severity, l.Finding.Code, l.Finding.Message)
			}
		})
	}
}

// TestHealthySettingsAreQuiet checks that correct settings give no findings.
func TestHealthySettingsAreQuiet(t *testing.T) {
	for name, run := range map[string]envRun{
		"the environment":    {environ: good()},
		"env files":          {files: map[string]string{".env.local": strings.Join(good(), "\n") + "\n", ".env": "# defaults\nLIVEKIT_API_SECRET=your_api_secret\n"}},
		"a local dev server": {environ: []string{"LIVEKIT_URL=ws://localhost:7880", "LIVEKIT_API_KEY=devkey", "LIVEKIT_API_SECRET=secret"}},
		"--dev beside .env":  {files: map[string]string{".env.local": strings.Join(good(), "\n")}, flags: map[string]string{"url": "ws://127.0.0.1:7880"}},
		"an IPv6 address":    {environ: good("LIVEKIT_URL=wss://[2001:db8::1]:443")},
	} {
		t.Run(name, func(t *testing.T) {
			for _, l := range run.findings(t) {
				t.Errorf("%s %s: %s", l.Finding.Severity, l.Finding.Code, l.Finding.Message)
			}
		})
	}
}

// TestAddressesAreCorrected checks the variant of each faulty address, and that the
// suggested address has no fault.
func TestAddressesAreCorrected(t *testing.T) {
	for _, tt := range []struct{ raw, variant, want string }{
		{"ws:192.168.1.1:1880", "no-slashes", "ws://192.168.1.1:1880"},
		{"wss:/livekit.example.com", "no-slashes", "wss://livekit.example.com"},
		{"wss://https://livekit.example.com", "two-schemes", "wss://livekit.example.com"},
		{"ws://https://livekit.example.com/", "two-schemes", "wss://livekit.example.com"},
		{"http://ws://localhost:7880", "two-schemes", "ws://localhost:7880"},
		{"wss://https//livekit.example.com", "two-schemes", "wss://livekit.example.com"},
		{"wss://livekit.example.com,wss://two.example.com", "two-addresses", "wss://livekit.example.com"},
		{"ws://localhost:7880,wss://two.example.com", "two-addresses", "ws://localhost:7880"},
		{"livekit.example.com", "no-scheme", "wss://livekit.example.com"},
		{"localhost:7880", "no-scheme", "ws://localhost:7880"},
		{"192.168.1.20:7880", "no-scheme", "ws://192.168.1.20:7880"},
		{"livekit:7880", "no-scheme", "ws://livekit:7880"},
		{"//livekit.example.com", "no-scheme", "wss://livekit.example.com"},
		{"rtmp://livekit.example.com", "other-scheme", "wss://livekit.example.com"},
		{"=wss://livekit.example.com", "two-equals", "wss://livekit.example.com"},
		{"LIVEKIT_URL=ws://localhost:7880", "two-equals", "ws://localhost:7880"},
		{`"wss://livekit.example.com"`, "quotes", "wss://livekit.example.com"},
		{"“wss://livekit.example.com”", "quotes", "wss://livekit.example.com"},
		{"wss://livekit.example.com \r\n", "blanks", "wss://livekit.example.com"},
		{"wss://livekit.example.com:0x50", "port", "wss://livekit.example.com"},
		{"wss://livekit.example.com:", "port", "wss://livekit.example.com"},
		{"ws://localhost:99999", "port", "ws://localhost:7880"},
		{"ws://2001:db8::1", "ipv-six", "ws://[2001:db8::1]"},
		{"ws://fe80::1:2:3:4:5:7880", "ipv-six", "ws://[fe80::1:2:3:4:5]:7880"},
		{"wss://user:password@livekit.example.com?x=1", "credentials", "wss://livekit.example.com"},
		{"wss://.example.com", "host", ""},
		{"wss://", "host", ""},
		{"wss://a b c", "blanks", "wss://abc"},
		{"wss://livekit_%", "host", ""},
		{"=", "two-equals", ""},
		{"", "no-scheme", ""},
	} {
		if got := serverFault(tt.raw); got.variant != tt.variant {
			t.Errorf("%q has the fault %q (%s), want %q", tt.raw, got.variant, got.text, tt.variant)
		}
		got := corrected(tt.raw, webSockets())
		if got != tt.want {
			t.Errorf("%q is corrected to %q, want %q", tt.raw, got, tt.want)
		}
		if fault := serverFault(got); got != "" && !fault.text.IsZero() {
			t.Errorf("%q, which is suggested, has a fault of its own: %s", got, fault.text)
		}
	}
	for raw, want := range map[string]string{
		"localhost:8000": "http://localhost:8000", "users.example.com": "https://users.example.com", "ws://localhost:8000": "http://localhost:8000",
		"wss://users.example.com/api": "https://users.example.com/api", "http:localhost:8000": "http://localhost:8000",
	} {
		if got := corrected(raw, webServices()); got != want {
			t.Errorf("%q is corrected to %q, want %q", raw, got, want)
		}
	}
}

// TestTicketAddressIsTold checks that findings about USER_MGMT_BASE_URL ask for an HTTP
// URL, and suggest one without the path of the API.
func TestTicketAddressIsTold(t *testing.T) {
	for raw, want := range map[string]string{
		"localhost:8000": "http://localhost:8000", "ftp://localhost:8000": "http://localhost:8000", "ws://localhost:8000": "http://localhost:8000",
		"http://localhost:8000/api/v1/tickets": "http://localhost:8000", "http://localhost:8000/users/api/v1/tickets/x/consume": "http://localhost:8000/users",
		"http://undefined:8000": "", "${USERS}": "",
	} {
		set := config.Setting{Value: raw, Source: config.Source{Kind: config.File, Name: ".env"}}
		for _, f := range ticketURLFindings(set) {
			if s := f.Message.String(); strings.Contains(s, "must begin with ws") || strings.Contains(s, "must be ws") {
				t.Errorf("%q: %s", raw, s)
			}
			if got, _ := f.Facts["suggestion"].(string); got != want {
				t.Errorf("%q: %q is suggested, want %q", raw, got, want)
			}
		}
		if len(ticketURLFindings(set)) != 1 {
			t.Errorf("%q: %d findings", raw, len(ticketURLFindings(set)))
		}
	}
}

// TestLoadersDisagreeByKind checks that each difference between the loaders is reported
// once, and none for a placeholder, which must be replaced anyway.
func TestLoadersDisagreeByKind(t *testing.T) {
	pair := "LIVEKIT_API_KEY=" + goodKey + "\nLIVEKIT_API_SECRET=" + goodSecret + "\n"
	for name, tt := range map[string]struct {
		file string
		want []string
		line int
	}{
		"Windows line ends":       {strings.ReplaceAll("LIVEKIT_URL=wss://demo.example.com\n"+pair, "\n", "\r\n"), []string{"windows-line-ends"}, 0},
		"the same, and a dollar":  {"LIVEKIT_API_KEY=" + goodKey + "\r\nLIVEKIT_API_SECRET=" + goodSecret[:20] + "$x" + goodSecret[20:] + "\r\n", []string{"windows-line-ends", "dollar"}, 0},
		"a hash":                  {"LIVEKIT_API_SECRET=" + goodSecret[:20] + "#" + goodSecret[20:] + "\n", []string{"hash"}, 0},
		"quotes":                  {"LIVEKIT_API_SECRET=\"" + goodSecret + "\"\n", []string{"quotes"}, 0},
		"an address in quotes":    {"LIVEKIT_URL='wss://demo.example.com'\n", []string{"url"}, 0},
		"export":                  {"export LIVEKIT_API_SECRET=" + goodSecret + "\n", []string{"syntax"}, 1},
		"a line that is no line":  {"# it's mine\nLIVEKIT_API_SECRET=" + goodSecret + "\nnot an assignment\n", []string{"syntax"}, 3},
		"a placeholder in quotes": {"LIVEKIT_API_SECRET=\"<your_api_secret>\"\n", nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, l := range (envRun{files: map[string]string{".env": tt.file}}).findings(t) {
				if l.Finding.Code != finding.EnvLoadersDisagree {
					continue
				}
				got = append(got, l.Finding.Variant)
				if tt.line != 0 && l.Finding.Facts["line"] != tt.line {
					t.Errorf("line %v, want %d", l.Finding.Facts["line"], tt.line)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("found %v, want %v", got, tt.want)
			}
		})
	}
}

// TestNoLengthOfASecret checks that no finding and no setting holds the length or the
// fingerprint of a secret unless CompareSecrets is set.
func TestNoLengthOfASecret(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(".env.local", "LIVEKIT_URL=ws://127.0.0.1:1\nLIVEKIT_API_KEY=APIabcdefghijkl\nLIVEKIT_API_SECRET=\"short'$X word\"\n")
	write(".env", "LIVEKIT_API_SECRET=another-one\n")
	var measured []string
	for _, compare := range []bool{false, true} {
		settings, err := config.Load(config.Inputs{Dir: dir, CompareSecrets: compare})
		if err != nil {
			t.Fatal(err)
		}
		c := newTestCase(t, settings)
		c.Options.Only = []string{"env"}
		run := Do(t.Context(), c, false, func(check.Event) {})
		var found []string
		for _, r := range run.Results {
			for _, f := range r.Findings {
				for name, value := range f.Facts {
					if strings.Contains(name, "length") || strings.Contains(name, "fingerprint") || strings.Contains(fmt.Sprint(value), "fingerprint") {
						found = append(found, string(f.Code)+" "+name)
					}
				}
			}
		}
		for _, s := range run.Settings {
			if s.Length != 0 || s.Fingerprint != "" {
				found = append(found, s.Name)
			}
		}
		if !compare && len(found) > 0 {
			t.Errorf("unasked, and shown: %q", found)
		}
		measured = found
	}
	slices.Sort(measured)
	want := []string{"ENV_LOADERS_DISAGREE readings", "ENV_SECRET_SHORT length", "ENV_VALUE_QUOTED length", "ENV_VALUE_SHADOWED fingerprint",
		"ENV_VALUE_SHADOWED hidden_fingerprint", "ENV_VALUE_WHITESPACE length", "LIVEKIT_API_SECRET"}
	for _, name := range want {
		if !slices.Contains(measured, name) {
			t.Errorf("asked for, and not shown: %s; shown: %q", name, measured)
		}
	}
}
