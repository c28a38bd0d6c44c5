package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"lkdoctor/config/dotenv"
)

// TestUnreadableFiles checks EnvFile.Err, which decides on ENV_FILE_UNREADABLE.
func TestUnreadableFiles(t *testing.T) {
	tests := []struct {
		name   string
		make   func(path string) error
		want   error
		exists bool
	}{
		{"missing", func(string) error { return nil }, nil, false},
		{"empty", func(path string) error { return os.WriteFile(path, nil, 0o600) }, nil, true},
		{"directory", func(path string) error { return os.Mkdir(path, 0o700) }, ErrNotRegular, true},
		{"named pipe", func(path string) error { return exec.Command("mkfifo", path).Run() }, ErrNotRegular, true},
		{"broken link", func(path string) error { return os.Symlink("nowhere", path) }, ErrBrokenLink, true},
		{"too large", func(path string) error {
			return os.WriteFile(path, []byte(strings.Repeat("A=1\n", MaxFileSize/4)+"#"), 0o600)
		}, ErrTooLarge, true},
		{"UTF-16", func(path string) error { return os.WriteFile(path, utf16LE("\ufeffLIVEKIT_URL=ws://h\n"), 0o600) }, ErrUTF16, true},
		{"UTF-16 without a mark", func(path string) error { return os.WriteFile(path, utf16LE("LIVEKIT_URL=ws://h\n"), 0o600) }, ErrUTF16, true},
		{"self reference", func(path string) error { return os.WriteFile(path, []byte("LIVEKIT_URL=$LIVEKIT_URL\n"), 0o600) }, dotenv.ErrExpansion, true},
		{"doubles itself", func(path string) error { return os.WriteFile(path, []byte(doubling), 0o600) }, dotenv.ErrExpansion, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t, map[string]string{".env": "LIVEKIT_API_KEY=from-env\n"})
			if err := tt.make(filepath.Join(dir, ".env.local")); err != nil {
				t.Fatal(err)
			}
			s := mustLoad(t, Inputs{Dir: dir})
			file := s.Files[1]
			if file.Name != ".env.local" || !errors.Is(file.Err, tt.want) || file.Exists != tt.exists {
				t.Errorf("%s: exists %v, error %v, want %v", file.Name, file.Exists, file.Err, tt.want)
			}
			if s.URL.IsSet() {
				t.Errorf("LIVEKIT_URL is %q from %s", s.URL.Value, s.URL.Source)
			}
			if s.APIKey.Value != "from-env" {
				t.Errorf("the other files must be read: %q", s.APIKey.Value)
			}
		})
	}
}

// doubling has 30 lines that would expand to a billion characters.
var doubling = func() string {
	var text strings.Builder
	text.WriteString("A0=xxxxxxxxxx\n")
	for i := 1; i < 30; i++ {
		fmt.Fprintf(&text, "A%d=${A%d}${A%d}\n", i, i-1, i-1)
	}
	return text.String() + "LIVEKIT_URL=$A29\n"
}()

func utf16LE(text string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return out
}

// denying is a file system that refuses to open files. Permissions do not stop root, who
// may run the tests.
type denying struct{ fstest.MapFS }

func (denying) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

func TestFileWithoutPermission(t *testing.T) {
	file := readEnvFile(denying{fstest.MapFS{".env": {Data: []byte("A=1"), Mode: 0o600}}}, "app", ".env")
	if !file.Exists || !errors.Is(file.Err, fs.ErrPermission) || file.Path != filepath.Join("app", ".env") {
		t.Errorf("%+v", file)
	}
}

// endless is a file system with a file like those of the kernel: regular and 0 bytes long,
// but with endless content.
type endless struct{ fstest.MapFS }

func (endless) Open(string) (fs.File, error) { panic("opened: a read of it never ends") }

func TestKernelFilesAreNotOpened(t *testing.T) {
	file := readEnvFile(endless{fstest.MapFS{".env": {Mode: 0o400}}}, "app", ".env")
	if !file.Exists || file.Err != nil || !file.Content.Empty() {
		t.Errorf("%+v", file)
	}
	if _, err := os.Stat("/proc/kmsg"); err != nil {
		t.Skip("there is no /proc/kmsg")
	}
	dir := folder(t, map[string]string{".env": "LIVEKIT_API_KEY=from-env\n"})
	for name, target := range map[string]string{".env.local": "/proc/kmsg", ".env.development": "/dev/zero", ".env.development.local": "/proc/kcore"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if s := mustLoad(t, Inputs{Dir: dir}); s.APIKey.Value != "from-env" || !errors.Is(s.Files[2].Err, ErrNotRegular) {
		t.Errorf("key %q, errors %v %v %v", s.APIKey.Value, s.Files[0].Err, s.Files[1].Err, s.Files[2].Err)
	}
}

func TestFileModes(t *testing.T) {
	dir := folder(t, map[string]string{".env": "A=1\n"})
	if err := os.Chmod(filepath.Join(dir, ".env"), 0o644); err != nil {
		t.Fatal(err)
	}
	if file := mustLoad(t, Inputs{Dir: dir}).Files[3]; file.Mode.Perm() != 0o644 || file.Content.Reveal() != "A=1\n" {
		t.Errorf("mode %v", file.Mode)
	}
}

func TestEnvVars(t *testing.T) {
	dir := folder(t, map[string]string{".env": "\ufeffB=1\r\nA='x\ny' # c\nB=2\n2=b\nexport  1 = a\njunk\nC: $B\n"})
	type row struct {
		name, value, literal string
		line                 int
	}
	var got []row
	for _, v := range mustLoad(t, Inputs{Dir: dir}).Files[3].Vars {
		got = append(got, row{v.Name, v.Value.Reveal(), v.Literal.Reveal(), v.Line})
	}
	want := []row{{"1", "a", "a", 6}, {"2", "b", "b", 5}, {"B", "2", "2", 4}, {"A", "x\ny", "x\ny", 2}, {"C", "2", "$B", 8}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
		t.Error(diff)
	}
}

func TestGitTracked(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed: nothing here writes an index to read")
	}
	for _, version := range []string{"2", "3", "4"} {
		t.Run("index version "+version, func(t *testing.T) {
			root := folder(t, map[string]string{"app/.env": "A=1\n", "app/.env.local": "A=2\n", "app/.envrc": "", ".env.local": "", "app/.env.development": ""})
			run := func(args ...string) {
				t.Helper()
				cmd := exec.Command(git, args...)
				cmd.Dir = root
				cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("git %v: %v\n%s", args, err, out)
				}
			}
			run("init", "-q")
			run("add", "app/.env", "app/.envrc", ".env.local")
			if version == "3" { // an extended flag, which version 3 requires
				run("add", "-N", "app/.env.development")
			}
			run("update-index", "--index-version", version)
			got := map[string]bool{}
			for _, file := range mustLoad(t, Inputs{Dir: filepath.Join(root, "app")}).Files {
				got[file.Name] = file.GitTracked
			}
			want := map[string]bool{".env.development.local": false, ".env.local": false, ".env.development": version == "3", ".env": true}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, index := range []string{"", "DIRC", "DIRC\x00\x00\x00\x02\xff\xff\xff\xff", "DIRC\x00\x00\x00\x04\x00\x00\x00\x01" + strings.Repeat("\xff", 80)} {
		eachIndexEntry([]byte(index), func(name []byte) { t.Errorf("an entry %q in a broken index", name) })
	}
}
