package config

import (
	"testing"
)

// TestNamesThatWereMeant has names from public reports, similar names, and names that mean
// something else.
func TestNamesThatWereMeant(t *testing.T) {
	const u, k, s, none = "LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", ""
	for name, want := range map[string]string{
		"LIVEKIT_URL": u, "livekit_url": u, "LIVEKIT_WS_URL": u, "LIVEKIT_HOST": u, "LIVEKIT_ENDPOINT": u, "LIVEKIT_DOMAIN": u, "LIVEKIT_SERVER": u,
		"LIVEKIT_INTERNAL_URL": u, "LIVEKIT_PUBLIC_URL": u, "LIVEKIT_API_URL": u, "LK_URL": u, "NEXT_PUBLIC_LK_SERVER_URL": u, "VITE_LIVEKIT_WS_URL": u,
		"EXPO_PUBLIC_LIVEKIT_URL": u, "NUXT_PUBLIC_LIVEKIT_URL": u, "PUBLIC_LIVEKIT_URL": u, "REACT_APP_LIVEKIT_ENDPOINT": u, "livekitUrl": u, "LIVEKITURL": u,
		"LIVEKIT-URL": u, "LIVEKIT_ULR": u, "LIVKIT_URL": u, "LIVE_KIT_URL": u, "MYAPP_LIVEKIT_URL": u, "LIVEKIT_URI": u, "LIVEKIT_SERVER_ADDRESS": u, "LIVEKIT_WEBSOKET": u,
		"URL_LIVEKIT": u, "TF_VAR_livekit_url": u, "LIVEKIT_CLOUD_URL": u, "LIVEKIT_WSURL": u,
		"LIVEKIT_KEY": k, "LIVEKIT_API": k, "LIVEKIT_APIKEY": k, "LK_API_KEY": k, "LIVEKIT_API_KEY_ID": k, "livekitApiKey": k, "LIVEKIT_API_KYE": k, "LIVEKIT_SERVER_KEY": k,
		"VITE_LIVEKIT_API_KEY": k, "LIVEKIT_ACCESS_KEY": k, "API_KEY_LIVEKIT": k, "LIVEKIT_API_KEYS": k,
		"LIVEKIT_SECRET": s, "LIVEKIT_SECRET_KEY": s, "LIVEKIT_API_SECERT": s, "LK_SECRET": s, "LIVEKIT_API_SECRET_KEY": s, "LIVEKIT_APISECRET": s, "LIVEKIT_KEY_SECRET": s,
		"NEXT_PUBLIC_LIVEKIT_API_SECRET": s, "LIVEKIT_API_SECRT": s, "LIFEKIT_API_SECRET": s, "livekit.api.secret": s, "LIVEKIT_APISECRETS": s,
		"LIVEKIT_KEYS": "LIVEKIT_KEYS", "livekit_keys": "LIVEKIT_KEYS",

		"LIVEKIT_TOKEN": none, "LIVEKIT_EGRESS_URL": none, "LIVEKIT_INGRESS_URL": none, "LIVEKIT_SIP_URI": none, "LIVEKIT_INFERENCE_API_KEY": none, "LIVEKIT_INFERENCE_URL": none,
		"LIVEKIT_TURN_SECRET": none, "LIVEKIT_REDIS_HOST": none, "LIVEKIT_WEBHOOK_SECRET": none, "LIVEKIT_TOKEN_ENDPOINT": none, "LIVEKIT_TOKEN_SERVER_URL": none,
		"LIVEKIT_SANDBOX_ID": none, "LIVEKIT_PORT": none, "LIVEKIT_KEY_FILE": none, "LIVEKIT_APP_URL": none, "LIVEKIT_UI": none, "LIVEKIT_PROJECT_ID": none, "LIVEKIT_ENCRYPTION_KEY": none,
		"LIVEKIT_AGENT_NAME": none, "LIVEKIT_LOG_LEVEL": none, "LIVEKIT": none, "LK_DEBUG": none, "DATABASE_URL": none, "API_KEY": none, "API_SECRET": none, "LIVE_URL": none,
		"LINKEDIN_API_KEY": none, "LICENSE_KEY": none, "SILK_API_KEY": none, "BULK_URL": none, "LOCALE_KEY": none, "": none, "=": none, "LIVEKIT_TEST_SECRET_NAME": none,
	} {
		means, is := Means(name)
		if !is {
			means.Setting = ""
		}
		if means.Setting != want {
			t.Errorf("%s means %q, want %q", name, means.Setting, want)
		}
	}
}

func TestExposed(t *testing.T) {
	for name, want := range map[string]bool{
		"NEXT_PUBLIC_LIVEKIT_URL": true, "VITE_X": true, "next_public_x": true, "NUXT_LIVEKIT_SECRET": false, "LIVEKIT_PUBLIC_URL": false, "PUBLIC_LIVEKIT_URL": true,
	} {
		if Exposed(name) != want {
			t.Errorf("Exposed(%s) is %v", name, !want)
		}
	}
}

// TestWhichNearMiss checks the choice among several candidates: the name that server code
// reads, then the closer one, and never a boolean.
func TestWhichNearMiss(t *testing.T) {
	for name, tt := range map[string]struct {
		environ []string
		want    map[string]string
	}{
		"server side first":   {[]string{"NEXT_PUBLIC_LIVEKIT_URL=wss://a", "LIVEKIT_WS_URL=wss://b"}, map[string]string{"LIVEKIT_URL": "LIVEKIT_WS_URL"}},
		"the closer one":      {[]string{"LIVEKIT_SECRT=x", "LIVEKIT_SECRET=y"}, map[string]string{"LIVEKIT_API_SECRET": "LIVEKIT_SECRET"}},
		"a switch":            {[]string{"LIVEKIT_SERVER=true", "LIVEKIT_HOST=1"}, map[string]string{}},
		"empty":               {[]string{"LIVEKIT_HOST="}, map[string]string{}},
		"the server's own":    {[]string{"LIVEKIT_KEYS=devkey: secret"}, map[string]string{"LIVEKIT_API_KEY": "LIVEKIT_KEYS", "LIVEKIT_API_SECRET": "LIVEKIT_KEYS"}},
		"no pair in KEYS":     {[]string{"LIVEKIT_KEYS=devkey"}, map[string]string{}},
		"the real one is set": {[]string{"LIVEKIT_URL=wss://a", "LIVEKIT_WS_URL=wss://b"}, map[string]string{}},
		"another case":        {[]string{"livekit_url=wss://a"}, map[string]string{"LIVEKIT_URL": "livekit_url"}},
	} {
		s, err := Load(Inputs{Environ: tt.environ, Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		got := s.NearMisses()
		for setting, variable := range tt.want {
			if got[setting].Name != variable {
				t.Errorf("%s: %s is taken from %q, want %s", name, setting, got[setting].Name, variable)
			}
		}
		if len(got) != len(tt.want) {
			t.Errorf("%s: %d near misses, want %d", name, len(got), len(tt.want))
		}
	}
}

// TestServiceNearMiss checks that the ticket service's address is found under similar names,
// and that those of other services are not.
func TestServiceNearMiss(t *testing.T) {
	for name, want := range map[string]bool{
		"NEXT_PUBLIC_USER_MGMT_BASE_URL": true, "USER_MGMT_URL": true, "USER_MANAGEMENT_URL": true, "USERMGMT_BASE_URL": true,
		"user_mgmt_base_url": true, "USER_MGMT_BASE_ULR": true, "USER_MGNT_BASE_URL": true, "VITE_USER_MGMT_HOST": true,
		"USER_MGMT_TIMEOUT": false, "USER_URL": false, "BASE_URL": false, "ORDER_MGMT_BASE_URL": false, "USER": false,
	} {
		s, err := Load(Inputs{Environ: []string{name + "=http://127.0.0.1:8000"}, Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		if miss, is := s.ServiceNearMiss(); is != want || is && miss.Name != name {
			t.Errorf("%s: %v (%s), want %v", name, is, miss.Name, want)
		}
	}
	s, err := Load(Inputs{Environ: []string{"USER_MGMT_BASE_URL=http://a", "USER_MGMT_URL=http://b"}, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if _, is := s.ServiceNearMiss(); is {
		t.Error("the real one is set, and another one is taken to be meant")
	}
}
