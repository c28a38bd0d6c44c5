package dist_test

import (
	"bufio"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestChecksums(t *testing.T) {
	list, err := os.Open(only(t, "checksums.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = list.Close() }()
	kinds := map[string]int{}
	for lines := bufio.NewScanner(list); lines.Scan(); {
		want, name, _ := strings.Cut(lines.Text(), "  ")
		content := read(t, filepath.Join(dist, name))
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s is not what checksums.txt says", name)
		}
		kinds[filepath.Ext(name)]++
	}
	for kind, want := range map[string]int{".gz": 4, ".zip": 2, ".deb": 2, ".rpm": 2, ".json": 6} {
		if kinds[kind] != want {
			t.Errorf("%d files %s, want %d", kinds[kind], kind, want)
		}
	}
}

// TestArchive unpacks this system's archive into an empty folder and runs the program.
func TestArchive(t *testing.T) {
	dir := unpack(t, only(t, "lkdoctor_*_"+hostArchive()+".tar.gz"))
	program := filepath.Join(dir, "lkdoctor")
	if r := call(t, nil, program, "version"); r.out != "lkdoctor "+released(t)+"\n" || r.exit != 0 {
		t.Errorf("version: %+v", r)
	}
	incident(t, program)
	tool(t, "man")
	if r := call(t, nil, "man", "--warnings", "-l", filepath.Join(dir, "man", "lkdoctor.1")); r.exit != 0 || r.err != "" ||
		!strings.Contains(r.out, "EXIT STATUS") || !strings.Contains(r.out, "lkdoctor "+released(t)) {
		t.Errorf("man: %+v", r)
	}
}

// TestEveryArchive checks that each archive has the program, documents, man pages and
// completions.
func TestEveryArchive(t *testing.T) {
	for _, system := range []string{"linux_amd64.tar.gz", "linux_arm64.tar.gz", "darwin_amd64.tar.gz", "darwin_arm64.tar.gz", "windows_amd64.zip", "windows_arm64.zip"} {
		files := members(t, only(t, "lkdoctor_*_"+system))
		program := "lkdoctor"
		if strings.HasPrefix(system, "windows") {
			program += ".exe"
		}
		if f := files[program]; len(f.content) < 10<<20 || f.mode.Perm() != 0o755 {
			t.Errorf("%s: %s has %d bytes and mode %s", system, program, len(f.content), f.mode)
		}
		for _, name := range []string{"LICENSE", "NOTICE.md", "README.md", "CHANGELOG.md", "THIRD_PARTY_LICENSES.txt", "man/lkdoctor.1", "man/lkdoctor-token-inspect.1",
			"completions/lkdoctor.bash", "completions/lkdoctor.zsh", "completions/lkdoctor.fish", "completions/lkdoctor.ps1"} {
			if f := files[name]; len(f.content) == 0 || f.mode.Perm() != 0o644 {
				t.Errorf("%s: %s has %d bytes and mode %s", system, name, len(f.content), f.mode)
			}
		}
	}
}

// TestLinked checks that the Linux programs are static, and that licences and SBOM list
// every linked module.
func TestLinked(t *testing.T) {
	licences := read(t, "../made/THIRD_PARTY_LICENSES.txt")
	programs, err := filepath.Glob(filepath.Join(dist, "lkdoctor_*", "lkdoctor*"))
	if err != nil || len(programs) != 6 {
		t.Fatalf("%v, want six", programs)
	}
	for _, program := range programs {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		setting := map[string]string{}
		for _, s := range info.Settings {
			setting[s.Key] = s.Value
		}
		system := setting["GOOS"] + "_" + setting["GOARCH"]
		if setting["GOOS"] == "linux" {
			binary, err := elf.Open(program)
			if err != nil {
				t.Fatal(err)
			}
			if libs, err := binary.ImportedLibraries(); err != nil || len(libs) > 0 || binary.Section(".interp") != nil {
				t.Errorf("%s links %v", program, libs)
			}
			_ = binary.Close()
		}
		text := read(t, only(t, "lkdoctor_*_"+system+".cdx.json"))
		var sbom struct {
			BOMFormat  string
			Components []struct{ Name, Version string }
		}
		if err := json.Unmarshal(text, &sbom); err != nil || sbom.BOMFormat != "CycloneDX" {
			t.Fatalf("%s: %v", system, err)
		}
		listed := map[string]bool{}
		for _, c := range sbom.Components {
			listed[c.Name+" "+c.Version] = true
		}
		if len(info.Deps) < 50 {
			t.Errorf("%s: only %d modules", system, len(info.Deps))
		}
		for _, m := range info.Deps {
			if module := m.Path + " " + m.Version; !strings.Contains(string(licences), "\n"+module+"\n") {
				t.Errorf("%s: no licence of %s", system, module)
			} else if !listed[module] {
				t.Errorf("%s: %s is not in the SBOM", system, module)
			}
		}
	}
}

// TestDeb installs the package into an empty root.
func TestDeb(t *testing.T) {
	tool(t, "dpkg", "man")
	root := t.TempDir()
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	deb := only(t, "lkdoctor_*_"+hostArchive()+".deb")
	if r := call(t, nil, "dpkg", "--root="+root, "--force-not-root", "--log=/dev/null", "--install", deb); r.exit != 0 {
		t.Fatalf("dpkg: %+v", r)
	}
	installed(t, root)
	if r := call(t, nil, "dpkg", "--root="+root, "--status", "lkdoctor"); !strings.Contains(r.out, "Status: install ok installed") {
		t.Errorf("%+v", r)
	}
	// Debian sorts a version with a tilde before the one without.
	if r := call(t, nil, "dpkg-deb", "-f", deb, "Version"); strings.Contains(released(t), "-") != strings.Contains(r.out, "~") {
		t.Errorf("the package's version is %s", r.out)
	}
}

// TestRPM installs the package into an empty root.
func TestRPM(t *testing.T) {
	tool(t, "rpm", "man")
	root := t.TempDir()
	r := call(t, nil, "rpm", "--root", root, "--nodeps", "--nosignature", "--install", only(t, "lkdoctor_*_"+hostArchive()+".rpm"))
	if r.exit != 0 {
		t.Fatalf("rpm: %+v", r)
	}
	installed(t, root)
}

// installed checks the files that a package installed under root.
func installed(t *testing.T, root string) {
	t.Helper()
	if r := call(t, nil, filepath.Join(root, "usr/bin/lkdoctor"), "version"); r.out != "lkdoctor "+released(t)+"\n" {
		t.Errorf("version: %+v", r)
	}
	incident(t, filepath.Join(root, "usr/bin/lkdoctor"))
	if r := call(t, nil, "man", "-M", filepath.Join(root, "usr/share/man"), "lkdoctor-join"); r.exit != 0 || !strings.Contains(r.out, "EXIT STATUS") {
		t.Errorf("man: %+v", r)
	}
	for _, name := range []string{
		"bash-completion/completions/lkdoctor", "zsh/vendor-completions/_lkdoctor", "fish/vendor_completions.d/lkdoctor.fish",
		"doc/lkdoctor/copyright", "doc/lkdoctor/NOTICE.md", "doc/lkdoctor/THIRD_PARTY_LICENSES.txt",
	} {
		if info, err := os.Stat(filepath.Join(root, "usr/share", name)); err != nil || info.Size() == 0 {
			t.Errorf("/usr/share/%s: %v", name, err)
		}
	}
}
