package dotenv

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

func writeFile(t *testing.T, dir, content string) string {
	t.Helper()
	path := filepath.Join(dir, ".env")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const canary = "c4n4ryS3cr3t"

// TestErrorsQuoteNothing checks that no error quotes the file, as the loaders' own errors do.
func TestErrorsQuoteNothing(t *testing.T) {
	files := []string{
		canary + " " + canary + "\nA=1", "A=\"" + canary, "A='" + canary, "=" + canary, canary + " x=1", "A=${" + canary + "!}", "export\n" + canary + "+=\n",
		"A=${B?" + canary + "}", "A=${B:?line 7 " + canary + "}", canary + "\xff=1", "A=(" + canary, "A=<" + canary + ">", strings.Repeat(canary, 10000),
		"\ufeff" + canary + "=1", utf16LE(canary + "=1"), "A=$(" + canary + ")", "A=`" + canary, "export " + canary + " = 1",
	}
	for _, file := range files {
		for _, reading := range Compare([]byte(file), nil) {
			if reading.Err != nil && (strings.Contains(reading.Err.Error(), canary[:5]) || len(reading.Err.Error()) > 120) {
				t.Errorf("%s: %v", reading.Loader, reading.Err)
			}
			if shown := fmt.Sprintf("%v %+v", reading, reading); strings.Contains(shown, "A=") {
				t.Errorf("%s prints the file: %s", reading.Loader, shown)
			}
		}
	}
}

// TestMultiplyingReferences checks that a file whose references multiply is not passed to a
// loader without a limit.
func TestMultiplyingReferences(t *testing.T) {
	var chain, multiline strings.Builder
	chain.WriteString("A0=xxxxxxxxxxxxxxxx\n")
	for i := 1; i < 40; i++ {
		fmt.Fprintf(&chain, "A%d=${A%d}${A%d}\n", i, i-1, i-1)
		fmt.Fprintf(&multiline, "Z=\"\nB=${Z}${Z}\"\n")
	}
	files := map[string]string{
		"chain": chain.String(), "self": "A=xxxxxxxx\n" + strings.Repeat("A=${A}${A}\n", 40),
		"lines of one value": multiline.String(), "from the environment": strings.Repeat("A=${HUGE}${HUGE}${HUGE}\n", 3),
		"no braces": "A=xxxxxxxx\n" + strings.Repeat("A=$A$A\n", 40),
	}
	env := func(name string) (string, bool) { return strings.Repeat("x", 1<<19), name == "HUGE" }
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			started := time.Now()
			for _, reading := range Compare([]byte(file), env) {
				linked := reading.Loader == Godotenv || reading.Loader == Compose
				if linked && !errors.Is(reading.Err, ErrNotCompared) {
					t.Errorf("%s was given the file (%v)", reading.Loader, reading.Err)
				}
				if value := reading.Lookup("A"); value.Secret.Len() > maxValue {
					t.Errorf("%s: %d bytes", reading.Loader, value.Secret.Len())
				}
			}
			if took := time.Since(started); took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
	ordinary := "BASE=http://x\nPEM=\"-----BEGIN\nabc\n-----END\"\n" + strings.Repeat("A=${BASE}/path\n", 20)
	if multiplies([]byte(ordinary), env) {
		t.Error("an ordinary file is held back")
	}
}

// TestHostileFilesAreQuickInAllLoaders reads files of the maximum size or depth with every
// loader. Memory is the growth of the peak, because -race adds garbage.
func TestHostileFilesAreQuickInAllLoaders(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no files of megabytes")
	}
	nested := func(n int) string { return "K=" + strings.Repeat("${K:-", n) + "x" + strings.Repeat("}", n) + "\n" }
	for name, text := range map[string]string{
		"references": "K=" + strings.Repeat("$A", 500_000), "references in a comment": "K=a$B\n#" + strings.Repeat("$A", 500_000),
		"lines": strings.Repeat("K=$A\n", 200_000), "half a file of references": "K=a\n#" + strings.Repeat("$A", 100_000), "nested": nested(120_000),
		"nested 4000": nested(4000), "nested 60": nested(60), "many nested": strings.Repeat(nested(60), 30), "open": "K=" + strings.Repeat("${K:-", 200_000),
		"open in quotes": "K=\"" + strings.Repeat("${K:-", 150_000) + "\"", "appended": strings.Repeat("K+=x\n", 200_000),
		"long": "K=\"" + strings.Repeat("${A:-x}", 60) + strings.Repeat("x", 1_000_000) + "\"", "long lines": strings.Repeat("K=${K:-"+strings.Repeat("x", 500)+"}\n", 1900),
		"large, plain": strings.Repeat("K_A=\"some value\" # c\n", 48_000),
		"subshells":    strings.Repeat("(", 1_000_000), "substitutions": "K=" + strings.Repeat("$(", 500_000), "ands": strings.Repeat("a &&", 250_000),
		"times": strings.Repeat("time ", 200_000), "negations": strings.Repeat("! ", 500_000), "quotes": strings.Repeat("\"", 1_000_000),
		"pipes": strings.Repeat("a|", 500_000), "semicolons": strings.Repeat("K=a;", 250_000), "here documents": strings.Repeat("a <<b ", 150_000),
		"nested over lines": "K=\"" + strings.Repeat("${K:-\n", 1900) + strings.Repeat("}", 1900) + "\"",
	} {
		t.Run(name, func(t *testing.T) {
			for _, loader := range All() {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				started := time.Now()
				Read(loader, []byte(text), nil)
				took := time.Since(started)
				runtime.ReadMemStats(&after)
				if allocated := (int64(after.HeapSys) - int64(before.HeapSys)) >> 20; took > 10*time.Second || allocated > 128 {
					t.Errorf("%s took %v and %d MiB", loader, took, allocated)
				} else {
					t.Log(loader, took, allocated, "MiB")
				}
			}
		})
	}
}

// TestShellUnknowns checks that a value that only a shell can compute is unknown.
func TestShellUnknowns(t *testing.T) {
	tests := map[string]string{ // file → value of K
		"K=a\nunset K\n":                  unknown,
		"K=a\nif true; then K=b; fi\n":    unknown,
		"K=a\n. ./other\nX=1\n":           unknown,
		"K=a\nunset KK X\n":               "a",
		"x.y=1\nK=a\n":                    "a",
		"K=$(pass show k)\n":              unknown,
		"K=~/x\n":                         unknown,
		"K=a:~\n":                         unknown,
		"B=`x`\nK=$B\n":                   unknown,
		"K=(a b)\n":                       unknown,
		"K=$'a\\n'\n":                     unknown,
		"K=a <in\n":                       unknown,
		"K=${B:-$C}\n":                    unknown,
		"K=a\nsome command K=b\n":         "a",
		"set -a\nK=a\nset +a\n":           "a",
		"K=a\nK+=b\n":                     "ab",
		"K=a && X=1\n":                    "a",
		"K=a; X=1\n":                      "a",
		"K='a'\\''b'\"c\"\n":              "a'bc",
		"K=a\\\nb\n":                      "ab",
		"K=\"a\\\nb\\$\\x\"\n":            "ab$\\x",
		"export X=1 K=a\n":                "a",
		"X=1 K=a cmd\n":                   missing,
		"K=a$":                            "a$",
		"B=x\nK=${B-d}${C-d}${E-d}$\"q\"": "xdq",
	}
	env := func(name string) (string, bool) { return "", name == "E" }
	for file, want := range tests {
		if got := cell(Read(Source, []byte(file), env), "K"); got != want {
			t.Errorf("%q: %q, want %q", file, got, want)
		}
	}
}

// TestShellAgainstBash compares the results with bash. It runs the files, which are harmless.
func TestShellAgainstBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed: there is nothing to compare with")
	}
	for _, value := range []string{
		"abc#def", "#abc", "abc #def", "abc$def", "'abc$def'", `"abc$def"`, "abc${def}ghi", "abc$1def", `abc\$def`, `'abc\$def'`, "${FOO:-abc}",
		`"abc" # c`, `"abc"def`, `"ab\"cd"`, `"abc\def"`, `abc\def`, "abc  ", "abc\u00a0", "abc\r", "abc;def", "abc&def", "abc def", "<x>",
		`"abc`, "'a'b\"c\"", "a=b", "a+b/c==", `a\`, "$E-${E:-x}-${E-x}-$HOMER", "a\\ b", "a'#'b", "a\"#\"b", "''#", "$", "a$.b", `"$"`, "x$@y",
	} {
		content := "B=1\nK=" + value + "\nC=2\n"
		path := writeFile(t, t.TempDir(), content)
		cmd := exec.Command(bash, "--norc", "-c", `set -a; . "$FILE" 2>/dev/null; printf %s "${K-`+"\x01"+`}"`)
		cmd.Dir = t.TempDir()
		cmd.Env = []string{"E=", "PATH=/nonexistent", "FILE=" + path}
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		want := string(out)
		if want == "\x01" {
			want = missing
		}
		got := cell(Read(Source, []byte(content), func(name string) (string, bool) { return "", name == "E" }), "K")
		if got == refused {
			got = missing
		}
		if got != want && got != unknown {
			t.Errorf("K=%s: %q, bash has %q", value, got, want)
		}
	}
}

// TestPythonVariables covers names without a value, repeats and defaults, with the results
// of python-dotenv 1.2.2.
func TestPythonVariables(t *testing.T) {
	tests := map[string]string{ // file → value of K
		"K=a\nK\n":                  missing,
		"B\nK=${B:-d}\n":            "",
		"B\nB=x${B:-d}\nK=$B${B}\n": "$Bx",
		"K=${E:-d}${F:-d}\n":        "d",
		"K='a\\'b\\n'\n":            "a'b\\n",
		"K=\"a\\tb\\x\"\n":          "a\tb\\x",
		"'K'=a\n":                   "a",
		"K=a\n K=b c #d\r#\r\n":     "b c",
		"K=\"a\nb\" # c\n":          "a\nb",
		"K=a\x1c#c\n":               "a",
	}
	env := func(name string) (string, bool) { return "", name == "E" }
	for file, want := range tests {
		if got := cell(Read(PythonDotenv, []byte(file), env), "K"); got != want {
			t.Errorf("%q: %q, want %q", file, got, want)
		}
	}
}

// TestComposeIsSilent checks that compose-go does not log missing variables, whose names
// can be parts of secrets.
func TestComposeIsSilent(t *testing.T) {
	Read(Compose, []byte("K=abc$def\n"), nil)
	if out := logrus.StandardLogger().Out; out != io.Discard {
		t.Errorf("compose-go logs to %T", out)
	}
}

// FuzzLoaders checks that no loader panics, hangs or returns a value over its limit.
func FuzzLoaders(f *testing.F) {
	for _, seed := range []string{"", "K=a", "K='a\nb'", "export K=\"$A${B:-c}\"", "K: a # b", "\ufeffK=a\r\n", "K=`x`;", "K=$(", "K=a\\", "K=${", "'K'=a", "A=$A$A\nA=$A$A"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		env := func(name string) (string, bool) { return "v", name == "A" }
		for _, loader := range All() {
			hangs := time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("%s hangs on %q", loader, content)) })
			reading := Read(loader, content, env)
			hangs.Stop()
			for _, name := range []string{"K", "A", "B"} {
				if n := reading.Lookup(name).Secret.Len(); n > 4*maxValue {
					t.Errorf("%s: %d bytes", loader, n)
				}
			}
		}
	})
}
