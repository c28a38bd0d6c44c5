package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkLoad reads four env files of 1,000 lines each.
func BenchmarkLoad(b *testing.B) {
	dir := b.TempDir()
	for i, name := range envFileNames("development") {
		writeThousandLines(b, dir, name, i)
	}
	in := Inputs{Dir: dir, Environ: []string{"PATH=/bin", "HOME=/nowhere"}}
	b.ReportAllocs()
	for b.Loop() {
		s, err := Load(in)
		if err != nil || !s.APISecret.IsSet() {
			b.Fatal(err)
		}
	}
}

// writeThousandLines writes an env file of comments and of plain, quoted and referring values.
func writeThousandLines(b *testing.B, dir, name string, seed int) {
	b.Helper()
	var text strings.Builder
	for line := range 1000 {
		switch line % 5 {
		case 0:
			fmt.Fprintf(&text, "# setting %d of %s\n", line, name)
		case 1:
			fmt.Fprintf(&text, "PLAIN_%d=value-%d-%d\n", line, line, seed)
		case 2:
			fmt.Fprintf(&text, "QUOTED_%d_%d=\"a value with spaces %d\" # why\n", line, seed, line)
		case 3:
			fmt.Fprintf(&text, "REFERS_%d=\"${PLAIN_%d}/path/$PLAIN_1\"\n", line, line-2)
		case 4:
			fmt.Fprintf(&text, "LIVEKIT_API_SECRET=secret-%d-%d\n", line, seed)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
}
