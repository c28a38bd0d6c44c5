package diagnosis

import (
	"testing"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
)

// TestLinesGoToWhereTheSettingComesFrom checks that the lines of a fix suit the file,
// shell or command line that the setting came from.
func TestLinesGoToWhereTheSettingComesFrom(t *testing.T) {
	for _, tt := range []struct{ source, command, lang, text string }{
		{".env.local", "", ".env.local", "LIVEKIT_URL=wss://lk.example:443"},
		{".env", "", ".env", "LIVEKIT_URL=wss://lk.example:443"},
		{"apps/web/.env.production", "", "apps/web/.env.production", "LIVEKIT_URL=wss://lk.example:443"},
		{"environment", "", "shell", "export LIVEKIT_URL=wss://lk.example:443"},
		{"not set", "", "env", "LIVEKIT_URL=wss://lk.example:443"},
		{"--url", "lkdoctor --room r --url wss://lk.example:443", "", ""},
	} {
		e := Evidence{Values: map[string]string{"url_source": tt.source, "livekit_host": "lk.example:443"}, Again: "--url ws://lk.example:443 --room r"}
		fix := e.fixes(finding.New(finding.ServerTLS, finding.Fail, "seen").As("tls-port"))[0]
		if fix.Command != tt.command {
			t.Errorf("%s: the command is %q, want %q", tt.source, fix.Command, tt.command)
		}
		switch {
		case tt.lang == "" && len(fix.Code) > 0:
			t.Errorf("%s: lines for a file: %v", tt.source, fix.Code)
		case tt.lang != "" && (fix.Code[0].Lang != tt.lang || fix.Code[0].Text != tt.text):
			t.Errorf("%s: %v, want %s: %s", tt.source, fix.Code, tt.lang, tt.text)
		}
	}
	page, _ := catalogue.Lookup(finding.ServerTLS)
	if v, _ := page.Variant("tls-port"); v.Fixes[0].Code[0].Lang != envBlock {
		t.Errorf("a run changed the page: %v", v.Fixes[0].Code)
	}
}
