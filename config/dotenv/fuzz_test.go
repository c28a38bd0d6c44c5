package dotenv

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// maxText is the maximum size of an env file, in bytes.
const maxText = 1 << 20

// FuzzEnvFile loads an arbitrary env file above another one. Values must stay within their
// limit, and loading must end.
func FuzzEnvFile(f *testing.F) {
	seeds := []string{
		"", "A", "A=1\nB=$A", "A='x\ny'", "A=\"a\\nb\"", "A=`a`#b", "\ufeffA=1\r\nB:\t2\r", "export A=1", "A=$A", "A=$B\nB=$A$A",
		doubling, "A='\\'\\'\\'", "A=\u2028'b'\u2029c", "__proto__=1\ntoString=$toString", "1=a\n0=b", "A=\xff\xfe\x00", "A=${B:-${C:-d}}",
		"A=$$\nB=$&\nC=$`", strings.Repeat("\n", 1000) + "x", "A=" + strings.Repeat("$A", 100), strings.Repeat("export ", 100),
	}
	for _, seed := range seeds {
		f.Add([]byte(seed), []byte("LIVEKIT_URL=$A\n"), "sh$ell")
	}
	f.Fuzz(func(t *testing.T, first, second []byte, shell string) {
		if len(first) > maxText || len(second) > maxText {
			return
		}
		started := time.Now()
		process := map[string]string{"A": DecodeUTF8([]byte(shell))}
		result := Load(process, []string{DecodeUTF8(first), DecodeUTF8(second)})
		for name, value := range result.Env {
			if len(value) > max(maxExpandedLength, len(shell)*3) || !utf8.ValidString(value) {
				t.Errorf("%q has %d bytes, valid %v", name, len(value), utf8.ValidString(value))
			}
		}
		if took := time.Since(started); took > time.Minute {
			t.Errorf("took %v", took)
		}
	})
}

// TestHostileFilesAreQuick loads files of the maximum size for which a backtracking parser
// would take very long.
func TestHostileFilesAreQuick(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no files of megabytes")
	}
	fill := func(unit string) string { return strings.Repeat(unit, maxText/len(unit)) }
	tests := map[string]string{
		"blank lines":         fill("\n"),
		"spaces":              fill(" "),
		"export":              fill("export "),
		"export lines":        fill("export\n"),
		"names":               fill("A"),
		"names and blanks":    "A" + fill("\n"),
		"open quotes":         fill("A='\n"),
		"escaped quotes":      "A='" + fill(`\'`),
		"escaped quote lines": fill("A='\\'\\'\n"),
		"blank values":        fill("A=\n\n\n\n"),
		"line separators":     "A=" + fill("\u2028'"),
		"dollars":             "A=" + fill("$"),
		"escaped dollars":     "A=" + fill(`\$`),
		"references":          "A=" + fill("$A"),
		"many self":           fill("A=$A\n"),
		"defaults":            "A=" + fill("${A:-"),
		"closed defaults":     "A=" + strings.Repeat("${A:-", maxText/8) + strings.Repeat("}", maxText/8),
		"lines of defaults":   fill("A=${A:-${B:-${C:-x}}}\n"),
		"doubling":            doubling,
		"many long":           "A=" + strings.Repeat("x", 1<<19) + "\n" + strings.Repeat("B=$A\nC=$A$A\n", 1<<14),
		"distinct":            manyNames(),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			started := time.Now()
			Load(map[string]string{"B": "$A$A", "S": "x"}, []string{text, text, "LIVEKIT_URL=$A$A", "A=$A"})
			took := time.Since(started)
			runtime.ReadMemStats(&after)
			allocated := (int64(after.HeapSys) - int64(before.HeapSys)) >> 20 // growth of the peak, without the garbage of -race
			if took > 20*time.Second || allocated > 256 {                     // backtracking takes hours, a busy machine seconds
				t.Errorf("took %v and %d MiB", took, allocated)
			}
			t.Log(took, allocated, "MiB")
		})
	}
}

func manyNames() string {
	var text strings.Builder
	for i := 0; text.Len() < maxText-40; i++ {
		fmt.Fprintf(&text, "K%d=$K%d\n", i, i-1)
	}
	return text.String()
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
