package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"lkdoctor/config/secret"
)

// LKProject is one project of lk's configuration.
type LKProject struct {
	Name      string
	URL       string
	APIKey    string
	APISecret secret.Value
	Default   bool // lk's default project
}

// lkConfig is ~/.livekit/cli-config.yaml as lk (livekit-cli) writes it.
type lkConfig struct {
	DefaultProject string `yaml:"default_project"`
	Projects       []struct {
		Name      string `yaml:"name"`
		URL       string `yaml:"url"`
		APIKey    string `yaml:"api_key"`
		APISecret string `yaml:"api_secret"`
	} `yaml:"projects"`
}

var lkConfigName = filepath.Join(".livekit", "cli-config.yaml")

// errNoLKConfig means that lk has no configuration here; only --project needs one.
var errNoLKConfig = errors.New("there is no ~/.livekit/cli-config.yaml: `lk project add` writes it")

// readProjects returns lk's projects; none, without an error, if lk was never set up.
func readProjects(home string) ([]LKProject, error) {
	if home == "" {
		return nil, nil
	}
	path := filepath.Join(home, lkConfigName)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var content []byte
	if err == nil {
		content, err = readRegular(os.DirFS(home), filepath.ToSlash(lkConfigName), info)
	}
	var projects []LKProject
	if err == nil {
		projects, err = parseProjects(content)
	}
	if err != nil {
		return nil, fmt.Errorf("~/.livekit/cli-config.yaml cannot be read: %w", err)
	}
	return projects, nil
}

func parseProjects(content []byte) ([]LKProject, error) {
	var parsed lkConfig
	if err := yaml.Unmarshal(content, &parsed); err != nil {
		return nil, yamlError(err)
	}
	var projects []LKProject
	for _, p := range parsed.Projects {
		projects = append(projects, LKProject{
			Name: p.Name, URL: p.URL, APIKey: p.APIKey,
			APISecret: secret.New(p.APISecret), Default: p.Name != "" && p.Name == parsed.DefaultProject,
		})
	}
	return projects, nil
}

var yamlLine = regexp.MustCompile(`line \d+`)

// yamlError returns the position of a YAML error, whose text may quote a secret.
func yamlError(err error) error {
	if line := yamlLine.FindString(err.Error()); line != "" {
		return fmt.Errorf("not lk's YAML at %s", line)
	}
	return errors.New("not lk's YAML")
}

// findProject returns the project that --project names; nil without --project.
func (s *Settings) findProject(in Inputs) (*LKProject, error) {
	if in.Project == "" {
		return nil, nil
	}
	if s.ProjectErr != nil {
		return nil, fmt.Errorf("--project %q: %w", in.Project, s.ProjectErr)
	}
	if len(s.Projects) == 0 {
		return nil, fmt.Errorf("--project %q: %w", in.Project, errNoLKConfig)
	}
	var names []string
	for i := range s.Projects {
		if s.Projects[i].Name == in.Project {
			return &s.Projects[i], nil
		}
		names = append(names, fmt.Sprintf("%q", s.Projects[i].Name))
	}
	return nil, fmt.Errorf("lk has no project %q: it has %s", in.Project, strings.Join(names, ", "))
}
