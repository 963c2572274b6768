package auth_test

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/internal/child"
)

// confined gives a Hasher whose work is done in children of an ordinary binary.
func confined(t testing.TB) auth.Hasher {
	t.Helper()
	dir, err := os.MkdirTemp("", "auth") //nolint:usetesting // t.TempDir is closed to children of another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	exe := filepath.Join(dir, "child")
	build := exec.Command("go", "build", "-o", exe, "./testdata/child")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, e := build.CombinedOutput(); e != nil {
		t.Fatalf("%s", out)
	}
	for _, open := range []string{dir, exe} {
		if err = os.Chmod(open, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	pool, err := child.NewPool(child.Options{Children: 2, Nice: 10, Memory: auth.HashMemory(auth.DefaultParams()), Exe: exe})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	h, err := auth.NewHasher(auth.HasherOptions{Pool: pool, Workers: 2, Entropy: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestS41PasswordsAreHashedInChildren(t *testing.T) {
	b := setup(t, func(o *auth.Options) { o.Hasher = confined(t) })
	b.signup("ann@shop.example")
	b.signinOK("ann@shop.example")
	for _, address := range []string{"ann@shop.example", "nobody@shop.example"} {
		if code := b.try(address, "wrong", here(1)); code != "invalid_credentials" {
			t.Errorf("%s: %s", address, code)
		}
	}
}

func BenchmarkHashInChild(b *testing.B) {
	h := confined(b)
	for b.Loop() {
		if _, err := h.Verify(b.Context(), password, ""); err != nil {
			b.Fatal(err)
		}
	}
}
