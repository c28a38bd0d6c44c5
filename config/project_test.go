package config

import (
	"errors"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lkdoctor/config/secret"
)

const lkYAML = `default_project: demo
projects:
  - name: demo
    project_id: p_1
    url: wss://demo.example.com
    api_key: APIdemo
    api_secret: demo-secret
  - name: prod
    url: wss://prod.example.com
    api_key: APIprod
    api_secret: prod-secret
device_name: laptop
`

// FuzzProjects checks that parsing lk's file ends, and that no error quotes it.
func FuzzProjects(f *testing.F) {
	f.Add(lkYAML)
	f.Add("projects: [{name: a, api_secret: !!binary c2VjcmV0}, {name: &x [*x]}]")
	f.Add("a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nprojects: *c")
	f.Add("default_project: {a: b}\nprojects:\n  - name: 1\n    api_secret: [not text]\n\t")
	f.Fuzz(func(t *testing.T, content string) {
		projects, err := parseProjects([]byte(content))
		if err != nil && !regexp.MustCompile(`^not lk's YAML( at line \d+)?$`).MatchString(err.Error()) {
			t.Errorf("%q", err)
		}
		for _, p := range projects {
			if err != nil || p.Default && p.Name == "" {
				t.Errorf("%+v, %v", p, err)
			}
		}
	})
}

func TestProjects(t *testing.T) {
	home := folder(t, map[string]string{".livekit/cli-config.yaml": lkYAML})
	noDefault := folder(t, map[string]string{".livekit/cli-config.yaml": "projects: [{name: demo, url: ws://d}]\n"})
	tests := []struct {
		name             string
		in               Inputs
		url, key, secret string
		source           string
	}{
		{"default when nothing is set", Inputs{Home: home}, "wss://demo.example.com", "APIdemo", "demo-secret", "lk project demo"},
		{"default beside other settings", Inputs{Home: home, Environ: []string{"LIVEKIT_TOKEN=t", "USER_MGMT_BASE_URL=u"}}, "wss://demo.example.com", "APIdemo", "demo-secret", "lk project demo"},
		{"no default named", Inputs{Home: noDefault}, "", "", "", "not set"},
		{"never half: url", Inputs{Home: home, Environ: []string{"LIVEKIT_URL=ws://e"}}, "ws://e", "", "", "environment"},
		{"never half: empty key", Inputs{Home: home, Environ: []string{"LIVEKIT_API_KEY="}}, "", "", "", "not set"},
		{"never half: secret", Inputs{Home: home, Environ: []string{"LIVEKIT_API_SECRET=s"}}, "", "", "s", "not set"},
		{"never half: flag", Inputs{Home: home, Flags: map[string]string{"url": "ws://f"}}, "ws://f", "", "", "--url"},
		{"--dev", Inputs{Home: home, Dev: true}, DevURL, DevAPIKey, DevAPISecret, "--dev"},
		{"asked for, over the environment", Inputs{Home: home, Project: "prod", Environ: []string{"LIVEKIT_URL=ws://e", "LIVEKIT_API_SECRET=s"}},
			"wss://prod.example.com", "APIprod", "prod-secret", "lk project prod"},
		{"asked for, used whole", Inputs{Home: noDefault, Project: "demo", Environ: []string{"LIVEKIT_API_KEY=k"}}, "ws://d", "", "", "lk project demo"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := mustLoad(t, tt.in)
			got := []string{s.URL.Value, s.APIKey.Value, s.APISecret.Secret.Reveal(), s.URL.Source.String()}
			if diff := cmp.Diff([]string{tt.url, tt.key, tt.secret, tt.source}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	s := mustLoad(t, Inputs{Home: home, Project: "prod", Environ: []string{"LIVEKIT_URL=ws://e"}})
	want := []Shadow{{Source: Source{Environment, ""}, Differs: true, Secret: secret.New("ws://e")}}
	if diff := cmp.Diff(want, s.URL.Shadows); diff != "" {
		t.Errorf("what the project hides (-want +got):\n%s", diff)
	}
	if len(s.Projects) != 2 || !s.Projects[0].Default || s.Projects[1].Default {
		t.Errorf("projects %v", s.Projects)
	}
}

func TestUnreadableProjectsNobodyAskedFor(t *testing.T) {
	tests := map[string]map[string]string{
		"directory": {".livekit/cli-config.yaml/x": ""},
		"syntax":    {".livekit/cli-config.yaml": "projects:\n  - name: " + canary + ": x\n"},
		"type":      {".livekit/cli-config.yaml": "projects: " + canary + "\n"},
		"too large": {".livekit/cli-config.yaml": string(make([]byte, MaxFileSize+1))},
	}
	for name, files := range tests {
		t.Run(name, func(t *testing.T) {
			s := mustLoad(t, Inputs{Home: folder(t, files)})
			if s.ProjectErr == nil {
				t.Fatal("no ProjectErr")
			}
			assertHidden(t, "error", s.ProjectErr.Error())
			if name == "too large" && !errors.Is(s.ProjectErr, ErrTooLarge) {
				t.Errorf("got %v", s.ProjectErr)
			}
		})
	}
}
