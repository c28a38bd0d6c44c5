package dotenv

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A vector is the result of the real @next/env for one directory. Files has the highest
// precedence first; Want is the whole environment afterwards.
type vector struct {
	ProcessEnv map[string]string `json:"process_env"`
	Files      []string          `json:"files"`
	Bytes      [][]byte          `json:"files_base64"` // in place of Files if not UTF-8
	Want       map[string]string `json:"want"`
}

// TestNextEnvVectors compares Load with recorded results of @next/env. NEXT_ENV_VECTORS
// names another folder of .jsonl files.
func TestNextEnvVectors(t *testing.T) {
	folders := []string{filepath.Join("testdata", "next-env")}
	if more := os.Getenv("NEXT_ENV_VECTORS"); more != "" {
		folders = append(folders, more)
	}
	for _, folder := range folders {
		paths, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no vectors in %s (%v)", folder, err)
		}
		for _, path := range paths {
			t.Run(filepath.Base(path), func(t *testing.T) { checkVectors(t, path) })
		}
	}
}

func checkVectors(t *testing.T, path string) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	count, wrong := 0, 0
	for lines.Scan() {
		count++
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatalf("line %d: %v", count, err)
		}
		for _, raw := range v.Bytes {
			v.Files = append(v.Files, DecodeUTF8(raw))
		}
		got := Load(v.ProcessEnv, v.Files).Env
		if diff := cmp.Diff(v.Want, got); diff != "" {
			if wrong++; wrong <= 5 {
				t.Errorf("line %d: %q with %q (-want +got):\n%s", count, v.Files, v.ProcessEnv, diff)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if count == 0 {
		t.Fatal("no vectors")
	}
	t.Logf("%d vectors, %d mismatches", count, wrong)
}
