package quickjs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hutch-dev/hutch/functions/quickjs"
)

// exe is what the children run: an ordinary binary, also where the tests are
// race binaries.
var exe string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "quickjs")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	exe = filepath.Join(dir, "child")
	build := exec.Command("go", "build", "-o", exe, "./testdata/child")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	for _, path := range []string{dir, exe} { // children of root run as another user
		if err := os.Chmod(path, 0o755); err != nil {
			panic(err)
		}
	}
	return m.Run()
}

func newRuntime(t testing.TB, children int) *quickjs.Runtime {
	t.Helper()
	rt, err := quickjs.New(quickjs.Options{Children: children, Exe: exe})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	return rt
}
