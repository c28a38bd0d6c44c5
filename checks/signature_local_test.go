package checks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/token"
	"lkdoctor/config"
)

// The secret that signed is looked for wherever this machine has one: in lines
// that do not count, in env files of other modes, in what other tools read.
func TestSecretsInReach(t *testing.T) {
	const old = "oldoldoldoldoldoldoldoldoldoldold"
	for _, tt := range []struct {
		name, signer, line, message, variant string
	}{
		{"commented out", old, "#LIVEKIT_API_SECRET=" + old + "\nLIVEKIT_API_SECRET=" + goodSecret, "LIVEKIT_API_SECRET in .env, line 2, which does not count", "other-secret"},
		{"an earlier line", old, "LIVEKIT_API_SECRET=" + old + "\nLIVEKIT_API_SECRET=" + goodSecret, "line 2, which does not count", "other-secret"},
		{"another mode's file", "of-production-0123456789-abcdef", "LIVEKIT_API_SECRET=" + goodSecret, "LIVEKIT_API_SECRET in .env.production", "other-secret"},
		{"a comment that docker keeps", `"` + goodSecret + `" # ours`, `LIVEKIT_API_SECRET="` + goodSecret + `" # ours`, "LIVEKIT_API_SECRET in .env as docker --env-file reads it", "loader-reading"},
		{"cut at # by Next.js", "abcdefgh#" + goodSecret, "LIVEKIT_API_SECRET=abcdefgh#" + goodSecret, "as it is written", "as-written"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range map[string]string{
				".env": "LIVEKIT_API_KEY=" + goodKey + "\n" + tt.line + "\n", ".env.production": "LIVEKIT_API_SECRET=of-production-0123456789-abcdef\n",
			} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			settings, err := config.Load(config.Inputs{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			raw, err := token.Mint(token.MintOptions{Key: goodKey, Secret: tt.signer, Identity: "a", Room: "r", Now: time.Now()})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range Inspect(t.Context(), raw, newTestCase(t, settings)).Findings {
				if f := l.Finding; f.Code == finding.SignatureSecretVariant {
					text := f.Message.String()
					if f.Facts["variant"] != tt.variant || !strings.Contains(text, tt.message) || strings.Contains(text, tt.signer) {
						t.Errorf("%v: %s", f.Facts["variant"], text)
					}
					return
				}
			}
			t.Error("not explained")
		})
	}
}
