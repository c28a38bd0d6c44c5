package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"lkdoctor/config/dotenv"
	"lkdoctor/config/secret"
)

// MaxFileSize is the largest env file or lk configuration that is read, in bytes.
const MaxFileSize = 1 << 20

// Why an env file could not be used; EnvFile.Err may wrap an error of the system too.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrBrokenLink = errors.New("a link to a file that does not exist")
	ErrUTF16      = errors.New("UTF-16 text, in which Next.js finds no variables")
	ErrTooLarge   = errors.New("larger than 1 MiB")
)

// EnvFile is one env file, as it is on disk and as Next.js reads it.
type EnvFile struct {
	Name   string // .env.local
	Path   string // as it was opened: Settings.Dir and Name
	Exists bool
	Err    error       // why none of it (or, for UTF-16, next to nothing) is used
	Mode   fs.FileMode // permission and type bits
	// ReadableByOthers is set when every user of the machine can read it: its
	// mode lets them, and so do all the folders above it.
	ReadableByOthers bool
	// GitTracked is set when the file is in the index of the git repository that
	// holds it; false also when that could not be found out.
	GitTracked bool
	// Vars are the variables that the file defines, each once (its last
	// Definition counts), in the order that Next.js works through them.
	Vars []EnvVar
	// Content is the file's bytes, for other loaders; empty if it could not be read.
	Content secret.Value
}

// EnvVar is one variable of an env file. In a file with dotenv.ErrExpansion its Value
// is its Literal.
type EnvVar struct {
	Name string
	// Value is what this file gives, unless something above it defines the variable.
	Value     secret.Value
	Literal   secret.Value // see Setting.Literal
	Expanded  bool         // see Setting.Expanded
	CutAtHash bool         // see Setting.CutAtHash
	Line      int          // where its last Definition starts, from 1
}

// Lookup finds a variable that the file defines.
func (f EnvFile) Lookup(name string) (EnvVar, bool) {
	for _, v := range f.Vars {
		if v.Name == name {
			return v, true
		}
	}
	return EnvVar{}, false
}

// envFileNames lists the files that Next.js reads, the highest precedence first.
func envFileNames(mode string) []string {
	names := []string{".env." + mode + ".local", ".env.local", ".env." + mode, ".env"}
	if mode == "test" { // tests give the same results for everyone
		return append(names[:1], names[2:]...)
	}
	return names
}

// readEnvFile reads one file of dir, which is fsys's root; errors are in its Err.
func readEnvFile(fsys fs.FS, dir, name string) EnvFile {
	file := EnvFile{Name: name, Path: filepath.Join(dir, name)}
	info, err := fs.Stat(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := fs.Lstat(fsys, name); err == nil {
			file.Exists, file.Err = true, ErrBrokenLink
		}
		return file
	}
	file.Exists = true
	if err != nil {
		file.Err = err
		return file
	}
	file.Mode = info.Mode()
	content, err := readRegular(fsys, name, info)
	if err != nil {
		file.Err = err
		return file
	}
	file.Content = secret.New(string(content))
	if dotenv.LooksUTF16(content) {
		file.Err = ErrUTF16
	}
	return file
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	}
	return "a device or socket"
}

// readRegular reads the file that info describes: a regular one, of at most
// MaxFileSize bytes. It reads no more than the size that info gives. Files of the
// kernel such as /proc/kmsg call themselves regular and 0 bytes long; a read of
// some of them never ends.
func readRegular(fsys fs.FS, name string, info fs.FileInfo) ([]byte, error) {
	switch {
	case !info.Mode().IsRegular():
		// Next.js ignores all but named pipes, which may block forever.
		return nil, fmt.Errorf("%s: %w", kindOf(info.Mode()), ErrNotRegular)
	case info.Size() > MaxFileSize:
		return nil, ErrTooLarge
	case info.Size() == 0:
		return nil, nil
	}
	opened, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	return io.ReadAll(io.LimitReader(opened, info.Size()))
}

// readAsNext reads the files' variables, with the process environment above
// them, into files, and returns the environment that results.
func readAsNext(process map[string]string, files []EnvFile) map[string]string {
	var texts []string
	var read []*EnvFile
	for i := range files {
		if file := &files[i]; file.Exists && (file.Err == nil || errors.Is(file.Err, ErrUTF16)) {
			read = append(read, file)
			texts = append(texts, dotenv.DecodeUTF8([]byte(file.Content.Reveal())))
		}
	}
	result := dotenv.Load(process, texts)
	for i, file := range read {
		if err := result.Files[i].Err; err != nil {
			file.Err = err
		}
		for _, v := range result.Files[i].Variables {
			literal := v.Value
			if v.Cut {
				literal = v.Uncut
			}
			if errors.Is(file.Err, dotenv.ErrExpansion) {
				v.Alone, v.Expanded = v.Value, false
			}
			file.Vars = append(file.Vars, EnvVar{
				Name: v.Name, Value: secret.New(v.Alone), Literal: secret.New(literal), Expanded: v.Expanded,
				CutAtHash: v.Cut, Line: v.Line,
			})
		}
	}
	return result.Env
}
