package config

import (
	"os"
	"path/filepath"
)

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
	for {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}
