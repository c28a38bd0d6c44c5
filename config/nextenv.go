package config

import (
	"fmt"
	"strings"
)

// nextLoad is what processEnv of @next/env 16.4.6 does with the process
// environment and the contents of the env files, the highest precedence first.
// Its order of assignments is kept, for later files see what earlier ones left:
// each file's variables go into the environment at once, those that it shares
// with an earlier file as expanded anew; the winner is put back at the very end.
func nextLoad(process map[string]string, files []string) nextResult {
	env := make(map[string]string, len(process)+64)
	for name, value := range process {
		env[name] = value
	}
	env[processedMark] = "true"
	result := nextResult{env: env, files: make([]nextFile, len(files))}
	winners := map[string]string{}
	for i, text := range files {
		file := readNextFile(text, env)
		result.files[i] = file
		if file.err != nil { // Next.js logs the error and goes on without the file
			continue
		}
		for _, v := range file.vars {
			env[v.name] = kept(v.name, v.inForce)
		}
		for _, v := range file.vars {
			_, inProcess := process[v.name]
			_, won := winners[v.name]
			_, inherited := objectPrototype[v.name] // never undefined on a plain object
			if !inProcess && !won && !inherited {
				winners[v.name] = v.inForce
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

type nextResult struct {
	env   map[string]string
	files []nextFile
}

type nextFile struct {
	vars []nextVar
	err  error
}

type nextVar struct {
	definition
	inForce  string // what the file leaves in the environment, maybe a higher source's
	own      string // what the file alone gives
	expanded bool   // own is not what the file says: a $ was replaced
}

func readNextFile(text string, env map[string]string) nextFile {
	defs := parseDotenv(text)
	file := nextFile{vars: make([]nextVar, len(defs))}
	inForce := &scope{env: env, parsed: make(map[string]string, len(defs)), budget: maxExpansionWork}
	own := &scope{env: env, parsed: inForce.parsed, budget: maxExpansionWork}
	for i, d := range defs {
		file.vars[i] = nextVar{definition: d, own: d.value, inForce: d.value}
		inForce.parsed[d.name] = d.value
	}
	for i := range file.vars {
		v := &file.vars[i]
		if err := v.expand(inForce, own); err != nil {
			file.err = fmt.Errorf("%s (line %d): %w", v.name, v.line, err)
			return file
		}
		inForce.parsed[v.name] = v.inForce
	}
	return file
}

// expand fills a variable's values. A variable that the environment has already
// keeps that value, and has it expanded; what the file itself would give is then
// worked out for lkdoctor alone, on a budget of its own.
func (v *nextVar) expand(inForce, own *scope) error {
	higher, shadowed := inForce.env[v.name]
	if !shadowed {
		value, err := inForce.interpolate(v.value)
		if err != nil {
			return err
		}
		v.expanded = value != v.value
		v.own = unescapeDollar(value)
		v.inForce = v.own
		return nil
	}
	value, err := inForce.interpolate(higher)
	if err != nil {
		return err
	}
	v.inForce = unescapeDollar(value)
	if value, err = own.interpolate(v.value); err == nil {
		v.expanded = value != v.value
		v.own = unescapeDollar(value)
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
