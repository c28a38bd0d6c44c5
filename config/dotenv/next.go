// Package dotenv reads env files as the tools do that run on them: Next.js, whose
// results it gives exactly, and Go's godotenv, Python's python-dotenv, docker,
// docker compose and the shell, to be compared with it. It works on texts: it opens
// no file, runs no command and changes no environment.
package dotenv

import (
	"fmt"
	"strings"
)

// Load is what processEnv of @next/env 16.4.6 does with the process
// environment and the contents of the env files, the highest precedence first.
// Its order of assignments is kept, for later files see what earlier ones left:
// each file's variables go into the environment at once, those that it shares
// with an earlier file as expanded anew; the winner is put back at the very end.
func Load(process map[string]string, files []string) Result {
	env := make(map[string]string, len(process)+64)
	for name, value := range process {
		env[name] = value
	}
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
			file.Variables[i].Own = kept(v.Name, v.Own)
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
	Own      string // what the file alone gives
	Expanded bool   // Own is not what the file says: a $ was replaced
}

func readNextFile(text string, env map[string]string) File {
	defs := Parse(text)
	file := File{Variables: make([]Variable, len(defs))}
	inForce := &scope{env: env, parsed: make(map[string]string, len(defs)), budget: maxExpansionWork}
	own := &scope{env: env, parsed: inForce.parsed, budget: maxExpansionWork}
	for i, d := range defs {
		file.Variables[i] = Variable{Definition: d, Own: d.Value, InForce: d.Value}
		inForce.parsed[d.Name] = d.Value
	}
	for i := range file.Variables {
		v := &file.Variables[i]
		if err := v.expand(inForce, own); err != nil {
			file.Err = fmt.Errorf("%s (line %d): %w", v.Name, v.Line, err)
			return file
		}
		inForce.parsed[v.Name] = v.InForce
	}
	return file
}

// expand fills a variable's values. A variable that the environment has already
// keeps that value, and has it expanded; what the file itself would give is then
// worked out for lkdoctor alone, on a budget of its own.
func (v *Variable) expand(inForce, own *scope) error {
	higher, shadowed := inForce.env[v.Name]
	if !shadowed {
		value, err := inForce.interpolate(v.Value)
		if err != nil {
			return err
		}
		v.Expanded = value != v.Value
		v.Own = unescapeDollar(value)
		v.InForce = v.Own
		return nil
	}
	value, err := inForce.interpolate(higher)
	if err != nil {
		return err
	}
	v.InForce = unescapeDollar(value)
	if value, err = own.interpolate(v.Value); err == nil {
		v.Expanded = value != v.Value
		v.Own = unescapeDollar(value)
	}
	return nil
}

func unescapeDollar(s string) string { return strings.ReplaceAll(s, `\$`, "$") }

// kept is what the environment keeps of a value: nothing from a NUL on. (Node
// keeps a variable whose name is an array index outside the real environment.)
func kept(name, value string) string {
	if _, ok := arrayIndex(name); ok {
		return value
	}
	before, _, _ := strings.Cut(value, "\x00")
	return before
}
