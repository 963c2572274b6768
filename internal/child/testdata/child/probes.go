package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// target is what the probes aim at; the test makes it.
type target struct {
	PID                                   int
	Secret, Folder, Socket, Abstract, TCP string
	UDP                                   int
}

type probe struct {
	name string
	try  func(t target) error // nil: it succeeded
}

var errEmpty = errors.New("nothing there")

// allowedIf takes the error of a call that was let through but can do no harm as
// success: in the control run probes do what they can, as root too.
func allowedIf(harmless, err error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}

func sys(nr uintptr, a ...uintptr) error {
	var b [6]uintptr
	copy(b[:], a)
	_, _, e := unix.Syscall6(nr, b[0], b[1], b[2], b[3], b[4], b[5])
	if e != 0 {
		return e
	}
	return nil
}

func read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, 4096)
	if strings.HasSuffix(path, "/mem") {
		return nil // opened: offsets do not matter
	}
	n, err := f.Read(b)
	if err != nil {
		return err
	}
	if strings.HasSuffix(path, "self/environ") && !bytes.Contains(b[:n], []byte("HUTCH_SECRET")) {
		return errEmpty
	}
	return nil
}

func socket(family, kind int) func(target) error {
	return func(target) error {
		fd, err := unix.Socket(family, kind, 0)
		if err == nil {
			unix.Close(fd)
		}
		return err
	}
}

func parent(file string) func(target) error {
	return func(t target) error { return read(fmt.Sprintf("/proc/%d/%s", t.PID, file)) }
}

func dial(network string, addr func(target) string) func(target) error {
	return func(t target) error {
		c, err := net.Dial(network, addr(t))
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Write([]byte("x"))
		return err
	}
}

func mptcp(t target) error {
	d := net.Dialer{}
	d.SetMultipathTCP(true)
	c, err := d.Dial("tcp", t.TCP)
	if err == nil {
		c.Close()
	}
	return err
}

var one [4096]byte

func ptr() uintptr { return uintptr(unsafe.Pointer(&one[0])) }

var probes = []probe{
	{"read parent environ", parent("environ")},
	{"open parent mem", parent("mem")},
	{"read parent maps", parent("maps")},
	{"list parent fds", func(t target) error { _, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", t.PID)); return err }},
	{"find secrets in own environ", func(target) error { return read("/proc/self/environ") }},
	{"read the data folder's file", func(t target) error { return read(t.Secret) }},
	{"stat the data file", func(t target) error { _, err := os.Stat(t.Secret); return err }},
	{"read /etc/passwd", func(target) error { return read("/etc/passwd") }},
	{"open /dev/null for writing", func(target) error { _, err := os.OpenFile("/dev/null", os.O_WRONLY, 0); return err }},
	{"open /dev/tcp", func(t target) error { return read("/dev/tcp/" + strings.ReplaceAll(t.TCP, ":", "/")) }},
	{"write below /tmp", func(t target) error { return allowedIf(unix.ENOENT, os.WriteFile("/tmp/no/such/folder/x", nil, 0o600)) }},
	{"write to the data folder", func(t target) error { return os.WriteFile(t.Folder+"/new", nil, 0o600) }},
	{"delete the data file", func(t target) error { return os.Remove(t.Folder + "/spare") }},
	{"memfd", func(target) error { _, err := unix.MemfdCreate("x", 0); return err }},
	{"unix socket by path", dial("unix", func(t target) string { return t.Socket })},
	{"unix socket, abstract", dial("unix", func(t target) string { return t.Abstract })},
	{"tcp to loopback", dial("tcp", func(t target) string { return t.TCP })},
	{"mptcp to loopback", mptcp},
	{"udp to loopback", dial("udp", func(t target) string { return fmt.Sprintf("127.0.0.1:%d", t.UDP) })},
	{"listen on tcp", func(target) error { _, err := net.Listen("tcp", "127.0.0.1:0"); return err }},
	{"socket inet6", socket(unix.AF_INET6, unix.SOCK_STREAM)},
	{"socket packet", socket(unix.AF_PACKET, unix.SOCK_RAW)},
	{"socketpair", func(target) error { _, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err }},
	{"fork and exec", func(target) error {
		_, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{})
		return err
	}},
	{"fork", func(target) error {
		pid, _, e := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0)
		if e != 0 {
			return e
		}
		if pid == 0 {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
		return nil
	}},
	{"ptrace seize of the parent", func(t target) error { return sys(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(t.PID)) }},
	{"process_vm_readv", func(t target) error {
		l := []unix.Iovec{{Base: &one[0], Len: 8}}
		_, err := unix.ProcessVMReadv(t.PID, l, []unix.RemoteIovec{{Base: ptr(), Len: 8}}, 0)
		return err
	}},
	{"kill the parent (0)", func(t target) error { return unix.Kill(t.PID, 0) }},
	{"signal the parent", func(t target) error { return unix.Kill(t.PID, unix.SIGURG) }},
	{"tgkill the parent", func(t target) error { return unix.Tgkill(t.PID, t.PID, unix.SIGURG) }},
	{"fcntl F_SETOWN to the parent", func(t target) error { _, err := unix.FcntlInt(3, unix.F_SETOWN, t.PID); return err }},
	{"pidfd_open", func(t target) error { _, err := unix.PidfdOpen(t.PID, 0); return err }},
	{"prlimit of the parent", func(t target) error { return sys(unix.SYS_PRLIMIT64, uintptr(t.PID), unix.RLIMIT_CORE, 0, ptr()) }},
	{"raise own memory limit", func(target) error {
		return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: 1 << 40, Max: 1 << 40})
	}},
	{"turn PDEATHSIG off", func(target) error { return unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0) }},
	{"executable memory", func(target) error {
		_, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
		return err
	}},
	{"io_uring", func(target) error { return allowedIf(unix.EFAULT, sys(unix.SYS_IO_URING_SETUP, 4, 0)) }},
	{"bpf", func(target) error { return allowedIf(unix.EINVAL, sys(unix.SYS_BPF, 0, ptr(), 64)) }},
	{"userfaultfd", func(target) error { return sys(unix.SYS_USERFAULTFD, 1) }},
	{"unshare a user namespace", func(target) error { return sys(unix.SYS_UNSHARE, unix.CLONE_NEWUSER) }},
	{"mount", func(target) error {
		return allowedIf(unix.ENOENT, unix.Mount("none", "/no/such/place", "tmpfs", 0, ""))
	}},
	{"renice", func(target) error { return unix.Setpriority(unix.PRIO_PROCESS, 0, 19) }},
}
