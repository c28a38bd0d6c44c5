package placeholder_test

import (
	"testing"

	"lkdoctor/checks/placeholder"
)

// A look is one of In, InURL and InClaim.
type look func(string) (placeholder.Found, bool)

// TestFamilies checks the kind of each placeholder, and that valid settings are not reported.
func TestFamilies(t *testing.T) {
	for name, family := range map[string]struct {
		look   look
		values map[placeholder.Kind][]string
	}{
		"settings": {placeholder.In, map[placeholder.Kind][]string{
			placeholder.Template: {"<your_api_key>", "your_api_secret", "APIxxxxxxxx", "xxxxxxxx", "changeme", "wss://<project-subdomain>.livekit.cloud",
				"https://your-livekit-server-url", "wss://your-project.livekit.cloud", "wss://my-project.livekit.cloud", "wss://yourdomain.com", "wss://u:pw@<host>"},
			placeholder.Reference: {"${LIVEKIT_API_SECRET}", "$LIVEKIT_API_SECRET", "${{ secrets.LIVEKIT_API_SECRET }}", "{{ .Values.apiSecret }}", "{{x}}",
				"%LIVEKIT_API_SECRET%", "%X%", "$env:LIVEKIT_API_SECRET", `"${X}"`, "process.env.LIVEKIT_API_SECRET", "op://vault/livekit/secret",
				"arn:aws:secretsmanager:eu-west-1:1:secret:x", "#{LIVEKIT_URL}"},
			placeholder.Missing: {"undefined", "None", "null", "NULL", "nil", "<nil>", "NaN", "<no value>", "%!s(<nil>)", " undefined\n", "'null'"},
			placeholder.Object:  {"[object Object]", "[object Promise]"},
			placeholder.Masked:  {"********", "••••••••", "[REDACTED]", "(sensitive value)", "API******"},
			"": {"", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG", "APIabcdefghijkl", "devkey", "secret", "$ecret-of-ours-0123456789", "abc${def}", "nullnullnullnull",
				"%41%42", "{json}", "noneofthem", "wss://my-app-1a2b3c4d.livekit.cloud", "wss://project-x9y8z7.livekit.cloud", "wss://my-livekit.duckdns.org", "ws://livekit:7880"},
		}},
		"addresses": {placeholder.InURL, map[placeholder.Kind][]string{
			placeholder.Template:  {"wss://<project>.livekit.cloud"},
			placeholder.Reference: {"ws://${HOST}:7880", "wss://%LIVEKIT_HOST%", "ws://$HOST:7880", "http://{{host}}:8000/api", "wss://livekit.example.com/${PREFIX}"},
			placeholder.Missing: {"ws://undefined", "wss://null", "ws://None:7880", "http://nil/", "ws://localhost:undefined", "ws://localhost:NaN", "wss://undefined.livekit.cloud",
				"undefined:7880", "https://undefined/api/v1", "ws://u:p@undefined"},
			placeholder.Object: {"ws://[object Object]:7880"},
			"": {"", "ws://localhost:7880", "ws://[::1]:7880", "wss://undefined-behaviour.example.com", "wss://nullpointer.example.com", "wss://example.com/undefined",
				"https://example.com/%C3%A9%C3%A9", "wss://nonesuch.example.com:443"},
		}},
		"claims": {placeholder.InClaim, map[placeholder.Kind][]string{
			placeholder.Reference: {"${ROOM}", "user-${ID}", "{{id}}", "room-{{ room.id }}", "%ROOM%", "<name>", "{identity}", "user_{user.id}", "$ROOM", "process.env.ROOM"},
			placeholder.Missing:   {"None", "undefined", "null", "nil", "NaN", "user-undefined", "room_None", "user:null"},
			placeholder.Object:    {"[object Object]", "user-[object Object]"},
			"": {"", "alice", "my-game", "put-it-here", "todo", "Jennifer Null", "None of us", "test", "user-1a2b", "price-$5", "room (null and void)", "a<b>c", "100%", "nullable",
				`{"role":"host"}`},
		}},
	} {
		for kind, values := range family.values {
			for _, v := range values {
				if f, is := family.look(v); f.Kind != kind || is != (kind != "") {
					t.Errorf("%s: %q is taken for %q, want %q", name, v, f.Kind, kind)
				}
			}
		}
	}
}

// TestTextHidesTheRest checks that Text holds no part of the value but the placeholder.
func TestTextHidesTheRest(t *testing.T) {
	for raw, want := range map[string]string{
		"wss://user:password@<host>":            "<host>",
		"wss://user:password@${HOST}/":          "${HOST}",
		"wss://user:password@undefined:7880":    "undefined",
		"wss://your-server.example.com?token=x": "wss://your-server.example.com",
	} {
		if f, _ := placeholder.InURL(raw); f.Text != want {
			t.Errorf("%q is shown as %q, want %q", raw, f.Text, want)
		}
	}
}
