package child

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Harden is the server's own part, before any secret is read: other processes
// of its uid cannot look into it, its files are private, and descriptors that
// its own starter left open do not reach its children.
func Harden() error {
	unix.Umask(0o077)
	if err := unix.CloseRange(3, 1<<31, unix.CLOSE_RANGE_CLOEXEC); err != nil { // before Linux 5.11
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			return fmt.Errorf("listing descriptors: %w", err)
		}
		for _, fd := range fds {
			if n, err := strconv.Atoi(fd.Name()); err == nil && n > 2 {
				unix.CloseOnExec(n)
			}
		}
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("setting dumpable: %w", err)
	}
	return nil
}

// spawner forks from one OS thread: PDEATHSIG fires when the forking thread
// ends, and nice belongs to a thread and is inherited by a fork.
type spawner struct{ requests chan func() }

func newSpawner(nice int) *spawner {
	s := &spawner{requests: make(chan func())}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), nice)
		for f := range s.requests {
			f()
		}
	}()
	return s
}

// stop ends the thread; only when all its children have ended.
func (s *spawner) stop() { close(s.requests) }

type spawned struct {
	cmd  *exec.Cmd
	sock *os.File
	at   time.Time
}

func (s *spawner) spawn(o *Options) (*spawned, error) {
	arg, err := json.Marshal(o.sandbox)
	if err != nil {
		return nil, err
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("making a socket pair: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "child")
	defer theirs.Close()
	_ = unix.SetNonblock(fds[0], true)
	sp := &spawned{sock: os.NewFile(uintptr(fds[0]), "child")}
	sp.cmd = &exec.Cmd{
		// After the fork this is still the server's own image, even when its file
		// was deleted or replaced.
		Path: cmp.Or(o.Exe, "/proc/self/exe"),
		Args: []string{marker, string(arg)},
		Dir:  "/",
		Env: []string{
			fmt.Sprintf("GOMAXPROCS=%d", o.Procs),
			"GODEBUG=containermaxprocs=0,updatemaxprocs=0", // else Go holds cgroup files open
			"GOTRACEBACK=single", "TZ=UTC",
		},
		ExtraFiles:  []*os.File{theirs}, // descriptor 3; 0, 1 and 2 are /dev/null
		SysProcAttr: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	}
	if o.UID > 0 {
		sp.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(o.UID), Gid: uint32(o.UID)}
	}
	if o.noPdeathsig {
		sp.cmd.SysProcAttr.Pdeathsig = 0
	}
	done := make(chan error, 1)
	s.requests <- func() { sp.at = time.Now(); done <- sp.cmd.Start() }
	if err := <-done; err != nil {
		sp.sock.Close()
		if o.UID > 0 && errors.Is(err, os.ErrPermission) {
			own := *o // a binary only its owner may run, or no right to change uid
			own.UID = 0
			return s.spawn(&own)
		}
		return nil, fmt.Errorf("starting a child: %w", err)
	}
	return sp, nil
}
