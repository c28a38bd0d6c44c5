package config

import (
	"errors"
	"sort"

	"lkdoctor/config/dotenv"
	"lkdoctor/config/secret"
)

// Variables is the app's environment after Next.js has read its env files: the process
// environment and the variables that files add.
type Variables struct {
	values map[string]variable
}

type variable struct {
	value  secret.Value
	source Source
}

// newVariables gives every variable of env its source: the process environment,
// else the first file that defines it.
func newVariables(env, process map[string]string, files []EnvFile) *Variables {
	v := &Variables{values: make(map[string]variable, len(env))}
	for name := range process {
		v.values[name] = variable{secret.New(env[name]), Source{Environment, ""}}
	}
	for _, file := range files {
		if errors.Is(file.Err, dotenv.ErrExpansion) {
			continue
		}
		for _, defined := range file.Vars {
			if _, known := v.values[defined.Name]; !known {
				v.values[defined.Name] = variable{secret.New(env[defined.Name]), Source{File, file.Name}}
			}
		}
	}
	return v
}

// Lookup returns a variable's value and source. The value may be secret, whatever its
// name.
func (v *Variables) Lookup(name string) (string, Source, bool) {
	if v == nil {
		return "", Source{}, false
	}
	found, ok := v.values[name]
	return found.value.Reveal(), found.source, ok
}

// Value is Lookup without the source.
func (v *Variables) Value(name string) (string, bool) {
	value, _, ok := v.Lookup(name)
	return value, ok
}

// Names lists every variable's name, sorted.
func (v *Variables) Names() []string {
	if v == nil {
		return nil
	}
	names := make([]string, 0, len(v.values))
	for name := range v.values {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
