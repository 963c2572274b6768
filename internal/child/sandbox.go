package child

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// sandboxOptions travel in argv[1]; the zero value is the full sandbox.
type sandboxOptions struct {
	Data       uint64 `json:"data,omitempty"`       // RLIMIT_DATA in bytes
	BestEffort bool   `json:"bestEffort,omitempty"` // go on without what the kernel refuses
	NoLandlock bool   `json:"noLandlock,omitempty"`
	NoSeccomp  bool   `json:"noSeccomp,omitempty"`
	OldKernel  bool   `json:"oldKernel,omitempty"` // landlock_* answers ENOSYS
}

// Level is what a child reached.
type Level struct {
	Landlock   int    `json:"landlock"` // ABI in force, 0 = none
	Errata     int    `json:"errata"`
	Seccomp    bool   `json:"seccomp"`
	NoNewPrivs bool   `json:"noNewPrivs"`
	UID        int    `json:"uid"`
	Error      string `json:"error,omitempty"`
}

func (l Level) String() string {
	s := "seccomp"
	if !l.Seccomp {
		s = "no seccomp"
	}
	if l.Landlock == 0 {
		s += ", no Landlock"
	} else {
		s += fmt.Sprintf(", Landlock ABI %d", l.Landlock)
	}
	if l.Error != "" {
		s += ": " + l.Error
	}
	return s
}

// enterSandbox confines all threads of the process. Landlock goes first, as
// seccomp forbids its system calls.
func enterSandbox(o sandboxOptions) (l Level, err error) {
	l.UID = os.Getuid()
	if err := limitResources(o.Data); err != nil {
		return l, err
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return l, fmt.Errorf("setting dumpable: %w", err)
	}
	if o.OldKernel {
		if err := installFilter(oldKernelFilter()); err != nil {
			return l, err
		}
	}
	if !o.NoLandlock {
		if l.Landlock, l.Errata, err = enterLandlock(); err != nil {
			return l, fmt.Errorf("entering Landlock: %w", err)
		}
	}
	if !o.NoSeccomp {
		if err := installFilter(allowFilter(uint32(os.Getpid()))); err != nil {
			return l, fmt.Errorf("installing the seccomp filter: %w", err)
		}
		l.Seccomp = true
	}
	set, _, _ := unix.RawSyscall(unix.SYS_PRCTL, unix.PR_GET_NO_NEW_PRIVS, 0, 0) // refused behind the filter
	l.NoNewPrivs = set == 1 || l.Seccomp
	return l, nil
}

func limitResources(data uint64) error {
	limits := []struct {
		what int
		max  uint64
	}{{unix.RLIMIT_CORE, 0}, {unix.RLIMIT_FSIZE, 0}, {unix.RLIMIT_NOFILE, 64}, {unix.RLIMIT_DATA, data}}
	for _, r := range limits {
		if r.what == unix.RLIMIT_DATA && r.max == 0 {
			continue
		}
		if err := unix.Setrlimit(r.what, &unix.Rlimit{Cur: r.max, Max: r.max}); err != nil {
			return fmt.Errorf("setting resource limit %d: %w", r.what, err)
		}
	}
	return nil
}

// enterLandlock allows no path, no port and no scope at all. go-landlock
// reaches every thread, by cgo or without.
func enterLandlock() (abi, errata int, err error) {
	if abi, err = ll.LandlockGetABIVersion(); err != nil || abi <= 0 {
		return 0, 0, nil //nolint:nilerr // a kernel without Landlock
	}
	if e, _, no := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, 2); no == 0 {
		errata = int(e)
	}
	c := landlock.V11
	if abi == 6 && errata&2 == 0 {
		// Kernels before this fix refuse signals between threads that entered one
		// by one, which Go's preemption sends. Seccomp refuses kill anyway.
		c.Scoped = 0
	}
	return abi, errata, c.BestEffort().Restrict()
}

// installFilter binds the filter to all threads, which gives them no_new_privs.
func installFilter(prog []bpf.Instruction) error {
	raw, err := bpf.Assemble(prog)
	if err != nil {
		return err
	}
	f := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		f[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	p := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	tid, _, no := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&p)))
	runtime.KeepAlive(f)
	if no != 0 {
		return no
	}
	if tid != 0 {
		return fmt.Errorf("thread %d did not take it", tid)
	}
	return nil
}
