// Package dotenv reads env files as tools do: exactly as Next.js, and, for comparison,
// as Go's godotenv, Python's python-dotenv, docker, docker compose and the shell. It
// works on texts: it opens no file, runs no command and changes no environment.
package dotenv

import (
	"fmt"
	"maps"
	"math"
	"strings"
)

// Load applies processEnv of @next/env 16.4.6 to the process environment and the
// contents of the env files, highest precedence first. It keeps the order of
// assignments, because later files see what earlier ones set: a file's variables are
// assigned together, those shared with an earlier file expanded again; the winning
// value is restored at the end.
func Load(process map[string]string, files []string) Result {
	env := make(map[string]string, len(process)+64)
	maps.Copy(env, process)
	env[processedMark] = "true"
	result := Result{Env: env, Files: make([]File, len(files))}
	winners := map[string]string{}
	for i, text := range files {
		file := readNextFile(text, env)
		result.Files[i] = file
		if file.Err != nil { // Next.js logs the error and goes on without the file
			continue
		}
		for i, v := range file.Variables {
			env[v.Name] = kept(v.Name, v.InForce)
			file.Variables[i].Alone = kept(v.Name, v.Alone)
		}
		for _, v := range file.Variables {
			_, inProcess := process[v.Name]
			_, won := winners[v.Name]
			_, inherited := objectPrototype[v.Name] // never undefined on a plain object
			if !inProcess && !won && !inherited {
				winners[v.Name] = v.InForce
			}
		}
	}
	for name, value := range winners {
		env[name] = kept(name, value)
	}
	if mark, ok := process[processedMark]; ok {
		env[processedMark] = mark
	} else {
		delete(env, processedMark)
	}
	return result
}

// processedMark is the variable that Next.js sets before it reads env files.
const processedMark = "__NEXT_PROCESSED_ENV"

// Result is what Next.js makes of the environment and the env files.
type Result struct {
	Env   map[string]string // the environment afterwards
	Files []File            // one for each text, in its order
}

// File is one env file as Next.js reads it.
type File struct {
	Variables []Variable // in the order that Next.js works through them
	Err       error      // ErrExpansion: Next.js uses none of its variables
}

// Variable is one variable of an env file.
type Variable struct {
	Definition
	InForce  string // what the file leaves in the environment, maybe a higher source's
	Alone    string // what the file alone gives
	Expanded bool   // Alone is not what the file says: a $ was replaced
}

func readNextFile(text string, env map[string]string) File {
	defs := Parse(text)
	file := File{Variables: make([]Variable, len(defs))}
	inForce := &scope{env: env, parsed: make(map[string]string, len(defs)), budget: maxExpansionWork}
	alone := &scope{env: env, parsed: inForce.parsed, budget: maxExpansionWork}
	for i, d := range defs {
		file.Variables[i] = Variable{Definition: d, Alone: d.Value, InForce: d.Value}
		inForce.parsed[d.Name] = d.Value
	}
	for i := range file.Variables {
		v := &file.Variables[i]
		if err := v.expand(inForce, alone); err != nil {
			file.Err = fmt.Errorf("%s (line %d): %w", v.Name, v.Line, err)
			return file
		}
		inForce.parsed[v.Name] = v.InForce
	}
	return file
}

// expand sets a variable's values. A value that the environment has already is
// expanded; the file's value is then computed only for lkdoctor, within its own limit.
func (v *Variable) expand(inForce, alone *scope) error {
	higher, shadowed := inForce.env[v.Name]
	if !shadowed {
		higher = v.Value
	}
	value, err := inForce.interpolate(higher)
	if err != nil {
		return err
	}
	v.InForce = unescapeDollar(value)
	if shadowed {
		value, err = alone.interpolate(v.Value)
	}
	if err == nil {
		v.Expanded, v.Alone = value != v.Value, unescapeDollar(value)
	}
	return nil
}

func unescapeDollar(s string) string { return strings.ReplaceAll(s, `\$`, "$") }

// kept returns the value that the environment stores: up to the first NUL. (Node
// stores a variable whose name is an array index outside the real environment.)
func kept(name, value string) string {
	if arrayIndex(name) != math.MaxUint32 {
		return value
	}
	before, _, _ := strings.Cut(value, "\x00")
	return before
}
