package config

import (
	"bytes"
	"encoding/binary"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// maxIndexSize is the largest git index that is read, in bytes: some 500,000 files.
const maxIndexSize = 64 << 20

// markTracked sets GitTracked on the files of dir that are in their repository's
// index. Whatever cannot be read leaves it false.
func markTracked(dir string, files []EnvFile) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return
	}
	if real, err := filepath.EvalSymlinks(absolute); err == nil {
		absolute = real
	}
	root, gitDir, ok := findRepository(absolute)
	if !ok {
		return
	}
	prefix, err := filepath.Rel(root, absolute)
	if err != nil {
		return
	}
	indexPath := filepath.Join(gitDir, "index")
	if info, err := os.Stat(indexPath); err != nil || !info.Mode().IsRegular() || info.Size() == 0 || info.Size() > maxIndexSize {
		return
	}
	index, err := os.ReadFile(indexPath)
	if err != nil {
		return
	}
	wanted := map[string]*EnvFile{}
	for i := range files {
		if files[i].Exists {
			wanted[path.Join(filepath.ToSlash(prefix), files[i].Name)] = &files[i]
		}
	}
	eachIndexEntry(index, func(name []byte) {
		if file, ok := wanted[string(name)]; ok {
			file.GitTracked = true
		}
	})
}

// findRepository walks up from dir to the work tree that holds it. In a linked
// work tree or submodule .git is a file that names the real folder.
func findRepository(dir string) (root, gitDir string, ok bool) {
	for root = dir; ; root = filepath.Dir(root) {
		gitDir = filepath.Join(root, ".git")
		if info, err := os.Stat(gitDir); err == nil {
			if info.IsDir() {
				return root, gitDir, true
			}
			if !info.Mode().IsRegular() || info.Size() == 0 || info.Size() > 4096 {
				return "", "", false
			}
			content, err := os.ReadFile(gitDir)
			target, isLink := strings.CutPrefix(strings.TrimSpace(string(content)), "gitdir: ")
			if err != nil || !isLink {
				return "", "", false
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(root, target)
			}
			return root, target, true
		}
		if filepath.Dir(root) == root {
			return "", "", false
		}
	}
}

// eachIndexEntry calls visit with the path of every entry of a git index of version 2
// to 4 (gitformat-index(5)) with SHA-1 names, up to one that does not fit.
func eachIndexEntry(index []byte, visit func(name []byte)) {
	const header, fixed, extended = 12, 62, 0x4000
	if len(index) < header || string(index[:4]) != "DIRC" {
		return
	}
	version := binary.BigEndian.Uint32(index[4:])
	count := binary.BigEndian.Uint32(index[8:])
	if version < 2 || version > 4 {
		return
	}
	var name []byte
	rest := index[header:]
	for range count {
		if len(rest) < fixed+2 {
			return
		}
		head := fixed
		if binary.BigEndian.Uint16(rest[fixed-2:])&extended != 0 {
			head += 2
		}
		var keep int
		body := rest[head:]
		if version == 4 { // the path is the previous one, its end replaced
			drop, width := indexVarint(body)
			if width == 0 || drop > len(name) {
				return
			}
			keep, body = len(name)-drop, body[width:]
		}
		end := bytes.IndexByte(body, 0)
		if end < 0 {
			return
		}
		name = append(name[:keep], body[:end]...)
		visit(name)
		size := len(rest) - len(body) + end + 1
		if version != 4 { // padded with NULs to a multiple of eight
			size = (head + end + 8) &^ 7
		}
		if size > len(rest) {
			return
		}
		rest = rest[size:]
	}
}

// indexVarint reads git's offset encoding; width is 0 when it does not fit.
func indexVarint(b []byte) (value, width int) {
	for i, c := range b[:min(len(b), 5)] {
		if i > 0 {
			value++
		}
		value = value<<7 | int(c&0x7f)
		if c&0x80 == 0 {
			return value, i + 1
		}
	}
	return 0, 0
}

// markReadable sets ReadableByOthers. A folder that others cannot enter (a home of
// mode 0700) protects files of any mode.
func markReadable(dir string, files []EnvFile) {
	absolute, err := filepath.Abs(dir)
	if err != nil || !passable(absolute) {
		return
	}
	for i := range files {
		files[i].ReadableByOthers = files[i].Exists && files[i].Mode.Perm()&0o004 != 0
	}
}

// passable reports whether other users can enter dir and all folders above it.
func passable(dir string) bool {
	info, err := os.Stat(dir)
	parent := filepath.Dir(dir)
	return err == nil && info.Mode().Perm()&0o001 != 0 && (parent == dir || passable(parent))
}
