package checks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lkdoctor/checks/codetest"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/token"
	"lkdoctor/config"
)

// TestOtherVariablesInReach signs with a secret from another variable. The finding must
// name the variable and never show its value.
func TestOtherVariablesInReach(t *testing.T) {
	const signer = "s1gner-s1gner-s1gner-s1gner-s1gner"
	for _, name := range []string{"AUTH_SECRET", "AUTH_SALT_1", "JWT_SECRET", "JWT_SIGNING", "NEXTAUTH_SECRET", "SUPABASE_JWT_SECRET", "SUPABASE_SERVICE", "MY_APP_SECRET", "SESSION_KEY", "LIVEKIT_INFERENCE_API_SECRET"} {
		for _, where := range []string{"environment", ".env.local"} {
			t.Run(name+" in "+where, func(t *testing.T) {
				dir, environ := t.TempDir(), []string{"LIVEKIT_API_KEY=" + goodKey, "LIVEKIT_API_SECRET=" + goodSecret}
				line := name + "=" + signer
				if where == "environment" {
					environ = append(environ, line)
				} else if err := os.WriteFile(filepath.Join(dir, where), []byte(line+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				settings, err := config.Load(config.Inputs{Dir: dir, Environ: environ})
				if err != nil {
					t.Fatal(err)
				}
				raw, err := token.Mint(token.MintOptions{Key: goodKey, Secret: signer, Identity: "a", Room: "r", Name: "is " + signer, Now: time.Now()})
				if err != nil {
					t.Fatal(err)
				}
				c := newTestCase(t, settings)
				var found []Finding
				for _, l := range Inspect(t.Context(), raw, c).Findings {
					found = append(found, l.Finding)
				}
				f := codetest.Wants(t, found, finding.SignatureSecretVariant)
				if text := f.Message.String(); f.Variant != "other-variable" || f.Facts["found_in"] != name || !strings.Contains(text, name) || strings.Contains(text, signer) {
					t.Errorf("%s %v: %s", f.Variant, f.Facts, text)
				}
				if shown := c.learnCandidates().Hide("it says " + signer); strings.Contains(shown, signer) {
					t.Errorf("it is not hidden: %s", shown)
				}
			})
		}
	}
}

// TestWhatIsNoSecret checks which variables are neither tried as a secret nor hidden.
func TestWhatIsNoSecret(t *testing.T) {
	for name, value := range map[string]string{
		"LIVEKIT_API_KEY": "my-own-key-1", "LIVEKIT_INFERENCE_API_KEY": goodKey, "NEXTAUTH_URL": "http://localhost:3000", "AUTH_PROVIDER": "credentials",
		"AUTH_TRUST_HOST": "true", "LIVEKIT_TOKEN": "eyJhbGciOi", "LKDOCTOR_TICKET": "tkt_0123456789", "NODE_ENV": "development", "PORT_SECRET": "8080",
	} {
		if holdsSecret(name, value) {
			t.Errorf("%s=%s is taken for a secret", name, value)
		}
	}
}

// TestSecretsInReach checks that the signing secret is found in lines that have no
// effect, in env files of other modes, and in what other loaders read.
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

// TestExchangedKeyAndSecret checks the variant if key and secret are swapped, and that
// the secret is never shown. If they are swapped in the settings here, no setting must
// be suggested in place of itself.
func TestExchangedKeyAndSecret(t *testing.T) {
	for _, tt := range []struct {
		name, key, secret, madeWith, signer string
		want                                string
	}{
		{"where the token is made", goodKey, goodSecret, goodSecret, goodKey, "SIGNATURE_SECRET_VARIANT/swapped"},
		{"the secret as the key alone", goodKey, goodSecret, goodSecret, "s1gner-s1gner-s1gner-s1gner-s1gner", "SIGNATURE_SECRET_VARIANT/swapped"},
		{"here", goodSecret, goodKey, goodKey, goodSecret, "SIGNATURE_OTHER_KEY/other-project"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Environ: []string{"LIVEKIT_API_KEY=" + tt.key, "LIVEKIT_API_SECRET=" + tt.secret}})
			if err != nil {
				t.Fatal(err)
			}
			raw, err := token.Mint(token.MintOptions{Key: tt.madeWith, Secret: tt.signer, Identity: "a", Room: "r", Now: time.Now()})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, l := range Inspect(t.Context(), raw, newTestCase(t, settings)).Findings {
				if f := l.Finding; strings.HasPrefix(string(f.Code), "SIGNATURE_") {
					got = append(got, string(f.Code)+"/"+f.Variant)
				}
				if f := l.Finding; strings.Contains(f.Message.String(), goodSecret) {
					t.Errorf("the secret is shown: %s", f.Code)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}
