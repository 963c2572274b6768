package child_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/internal/child"
	"golang.org/x/sys/unix"
)

const memory = 512 << 20

// aim makes things worth stealing.
func aim(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	short, err := os.MkdirTemp("", "c") //nolint:usetesting // a socket's path is at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	for _, f := range []string{"data", "spare"} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tcp.Close(); udp.Close() })
	socket, abstract := short+"/control.sock", fmt.Sprintf("@hutch-%d-%s", os.Getpid(), filepath.Base(short))
	for _, path := range []string{socket, abstract} {
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
	}
	in, err := json.Marshal(map[string]any{
		"PID": os.Getpid(), "Folder": dir, "Secret": filepath.Join(dir, "data"), "Socket": socket,
		"Abstract": abstract, "TCP": tcp.Addr().String(), "UDP": udp.LocalAddr().(*net.UDPAddr).Port,
	})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// probe gives the probes that succeeded, and how many there are.
func probe(t *testing.T, o child.Options) (through []string, all int) {
	t.Helper()
	var errs map[string]string
	if err := json.Unmarshal([]byte(do(t, pool(t, o), "probe", string(aim(t)))), &errs); err != nil {
		t.Fatal(err)
	}
	for name, text := range errs {
		if text == "" {
			through = append(through, name)
		}
	}
	slices.Sort(through)
	return through, len(errs)
}

func TestS12NothingIsWithinReachOfAChild(t *testing.T) {
	full := child.Options{Memory: memory}
	for name, o := range map[string]child.Options{
		"with Landlock and seccomp":    full,
		"with seccomp alone":           full.Sandbox(true, false, false),
		"on a kernel without Landlock": full.Sandbox(false, false, true),
	} {
		t.Run(name, func(t *testing.T) {
			through, all := probe(t, o)
			if through != nil || all != 42 {
				t.Errorf("of %d probes succeeded: %q", all, through)
			}
		})
	}
}

// The probes are worth something only where they succeed without a sandbox.
func TestS12ProbesSucceedWithoutASandbox(t *testing.T) {
	o := child.Options{Isolation: child.Off}.Sandbox(true, true, false)
	if os.Getuid() == 0 {
		o.UID = -1 // root reaches everything
	}
	through, all := probe(t, o)
	if len(through) < 34 {
		t.Errorf("only %d of %d: %q", len(through), all, through)
	}
}

func TestS12AutoDemandsSeccomp(t *testing.T) {
	o := child.Options{Exe: exe}.Sandbox(false, true, false)
	if _, err := child.NewPool(o); !errors.Is(err, child.ErrIsolation) {
		t.Errorf("without seccomp: %v", err)
	}
	o.Isolation = child.Off
	p := pool(t, o)
	if l := p.Stats().Level; l.Seccomp || !strings.Contains(l.String(), "no seccomp") {
		t.Errorf("off: %s", l)
	}
	p = pool(t, child.Options{}.Sandbox(false, false, true))
	if l := p.Stats().Level; !l.Seccomp || !strings.Contains(l.String(), "no Landlock") {
		t.Errorf("without Landlock: %s", l)
	}
}

func TestAChildCanWork(t *testing.T) {
	p := pool(t, child.Options{Memory: memory})
	var got struct {
		Procs int
		Env   []string
	}
	if err := json.Unmarshal([]byte(do(t, p, "work", "")), &got); err != nil {
		t.Fatal(err)
	}
	for _, e := range got.Env {
		if name, _, _ := strings.Cut(e, "="); !slices.Contains([]string{"GOMAXPROCS", "GODEBUG", "GOTRACEBACK", "TZ"}, name) {
			t.Errorf("S12: the environment has %q", name)
		}
	}
	if got.Procs != 1 {
		t.Errorf("GOMAXPROCS %d", got.Procs)
	}
}

func TestS12AChildHasOneDescriptorAndEveryThreadIsConfined(t *testing.T) {
	inherited, err := unix.Open("/dev/zero", unix.O_RDONLY, 0) // not close-on-exec: as from a shell
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(inherited)
	if err := child.Harden(); err != nil {
		t.Fatal(err)
	}
	p := pool(t, child.Options{Nice: 5, Memory: memory})
	do(t, p, "work", "") // starts threads
	proc := fmt.Sprintf("/proc/%d", p.PIDs()[0])
	fds, err := os.ReadDir(proc + "/fd")
	if err != nil && os.Getuid() != 0 {
		t.Skip("a child cannot be looked into but by root")
	}
	count := map[string]int{}
	for _, fd := range fds {
		to, _ := os.Readlink(proc + "/fd/" + fd.Name())
		kind, _, _ := strings.Cut(to, ":")
		count[kind]++
	}
	delete(count, "/dev/null")
	if count["socket"] != 2 || len(count) != 2 { // the socket, its copy for crash texts; Go's epoll and eventfd
		t.Errorf("descriptors: %v", count)
	}
	tasks, err := os.ReadDir(proc + "/task")
	if err != nil || len(tasks) < 3 {
		t.Fatalf("%d threads, %v", len(tasks), err)
	}
	for _, task := range tasks {
		stat, err := os.ReadFile(proc + "/task/" + task.Name() + "/stat")
		if err != nil {
			continue // it has ended
		}
		if f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+2:])); f[16] != "5" {
			t.Errorf("thread %s has nice %s", task.Name(), f[16])
		}
		status, _ := os.ReadFile(proc + "/task/" + task.Name() + "/status")
		if !bytes.Contains(status, []byte("Seccomp:\t2")) || !bytes.Contains(status, []byte("NoNewPrivs:\t1")) {
			t.Errorf("thread %s is not confined", task.Name())
		}
	}
}

func TestS12ChildrenOfRootAreAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	p := pool(t, child.Options{Memory: memory})
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PIDs()[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Uid:\t65534\t65534", "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "Groups:\t \n"} {
		if !strings.Contains(string(status), want) {
			t.Errorf("no %q in %s", want, status)
		}
	}
	if got := do(t, p, "echo", "x"); got != "x" {
		t.Error(got)
	}
}
