package child_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/internal/child"
)

// exe is what the children of the tests run: never a race binary, as that does
// not start under RLIMIT_DATA.
var exe string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if how := os.Getenv("HUTCH_TEST_SERVER"); how != "" {
		return serverToKill(how)
	}
	dir, err := os.MkdirTemp("", "child")
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
	for _, open := range []string{dir, exe} { // children of root run as another user
		if err := os.Chmod(open, 0o755); err != nil {
			panic(err)
		}
	}
	os.Setenv("HUTCH_SECRET", "store password")
	if err := child.Harden(); err != nil {
		panic(err)
	}
	return m.Run()
}

// serverToKill is a server with busy children; it prints their ids.
func serverToKill(how string) int {
	o := child.Options{Children: 2, Spares: 1, Exe: os.Getenv("HUTCH_TEST_EXE")}
	if how == "socket" {
		o = o.SocketOnly()
	}
	p, err := child.NewPool(o)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	running := make(chan struct{}, 2)
	for range 2 {
		go p.Do(context.Background(), child.Request{Handler: "stuck", In: []byte("tell"), Note: func(string, []byte) { running <- struct{}{} }})
	}
	<-running
	<-running
	fmt.Println(strings.Trim(fmt.Sprint(p.PIDs()), "[]"))
	select {}
}

func pool(t testing.TB, o child.Options) *child.Pool {
	t.Helper()
	o.Exe = exe
	p, err := child.NewPool(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func do(t testing.TB, p *child.Pool, handler, in string) string {
	t.Helper()
	out, err := p.Do(t.Context(), child.Request{Handler: handler, In: []byte(in)})
	if err != nil {
		t.Fatalf("%s: %v", handler, err)
	}
	return string(out)
}
