package dist_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestImage builds the image and runs it. Its user must not be root, and it must find the
// cause of the opaque-token fault.
func TestImage(t *testing.T) {
	tool(t, "buildah", "sh")
	buildah := func(args ...string) result {
		return call(t, []string{"BUILDAH_ISOLATION=chroot", "HOME=" + os.Getenv("HOME")}, "buildah", args...)
	}
	name := "lkdoctor-test"
	if r := callIn(t, "../..", nil, "sh", ".goreleaser/image.sh", name, "buildah"); r.exit != 0 {
		t.Fatalf("image.sh: %+v", r)
	}
	t.Cleanup(func() { buildah("rmi", name) })
	var image struct {
		OCIv1 struct {
			Config struct {
				User       string
				Entrypoint []string
			}
		}
	}
	if err := json.Unmarshal([]byte(buildah("inspect", "--type", "image", name).out), &image); err != nil {
		t.Fatal(err)
	}
	if c := image.OCIv1.Config; c.User != "65532:65532" || len(c.Entrypoint) != 1 {
		t.Errorf("%+v", c)
	}
	container := strings.TrimSpace(buildah("from", name).out)
	t.Cleanup(func() { buildah("rm", container) })
	if r := buildah("run", container, "--", image.OCIv1.Config.Entrypoint[0], "version"); r.out != "lkdoctor "+released(t)+"\n" {
		t.Errorf("version: %+v", r)
	}
	l := startLab(t, "opaque-token")
	args := []string{"run", "--network", "host"}
	for _, entry := range l.Environ() {
		args = append(args, "--env", entry)
	}
	r := buildah(append(args, container, "--", "/usr/bin/lkdoctor", "--json")...)
	if r.exit != 1 || !strings.Contains(r.out, `"code": "TOKEN_OPAQUE"`) {
		t.Errorf("exit code %d: %s%s", r.exit, r.out, r.err)
	}
}
