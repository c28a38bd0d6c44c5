package checks

import (
	"strings"
	"testing"

	"lkdoctor/checks/token"
	"lkdoctor/config"
)

// TestInspectHidesASecretInAClaim checks that Inspect does not show a secret in iss,
// where swapping key and secret puts it, nor in other claims.
func TestInspectHidesASecretInAClaim(t *testing.T) {
	const secret = "a-secret-of-thirty-two-characters!"
	settings, err := config.Load(config.Inputs{Dir: t.TempDir(), Environ: []string{"LIVEKIT_API_KEY=APIabcdefghijkl", "LIVEKIT_API_SECRET=" + secret}})
	if err != nil {
		t.Fatal(err)
	}
	c := newTestCase(t, settings)
	raw, err := token.Mint(token.MintOptions{Key: secret, Secret: "APIabcdefghijkl", Room: "r-" + secret, Identity: secret, Now: c.Now()})
	if err != nil {
		t.Fatal(err)
	}
	in := Inspect(t.Context(), raw, c)
	if !strings.Contains(in.Claims, "iss") {
		t.Fatalf("no claims: %+v", in)
	}
	for _, text := range []string{in.Header, in.Claims, in.Identity, in.Room} {
		if strings.Contains(text, secret) {
			t.Errorf("the secret is shown: %s", text)
		}
	}
}
