package child

import (
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// allowed are the calls that a started Go runtime (and, with cgo, glibc's
// threads) cannot do without. A list of what is allowed also refuses what a
// newer kernel adds.
var allowed = append([]uint32{
	unix.SYS_FUTEX, unix.SYS_READ, unix.SYS_WRITE, unix.SYS_CLOSE,
	unix.SYS_EPOLL_PWAIT, unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EVENTFD2,
	unix.SYS_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_GETTIMEOFDAY,
	unix.SYS_RT_SIGRETURN, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGACTION, unix.SYS_SIGALTSTACK,
	unix.SYS_MUNMAP, unix.SYS_MADVISE, unix.SYS_MREMAP, unix.SYS_MINCORE, unix.SYS_BRK,
	unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY,
	unix.SYS_GETRANDOM, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_RESTART_SYSCALL,
	unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
}, allowedArch...)

var (
	allow    = bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}
	refuse   = bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)}
	unknown  = bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)}
	killProc = bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS}
	loadNr   = bpf.LoadAbsolute{Off: 0, Size: 4}
	loadArch = bpf.LoadAbsolute{Off: 4, Size: 4}
)

// loadArg loads one half of argument n (0: the low one).
func loadArg(n, half uint32) bpf.Instruction {
	return bpf.LoadAbsolute{Off: 16 + 8*n + 4*half, Size: 4}
}

// on adds body, which must return, for one system call.
func on(prog []bpf.Instruction, nr uint32, body ...bpf.Instruction) []bpf.Instruction {
	prog = append(prog, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: nr, SkipTrue: uint8(len(body))})
	return append(prog, body...)
}

// masked allows the call only where argument n, masked, is val.
func masked(n, mask, val uint32) []bpf.Instruction {
	return []bpf.Instruction{
		loadArg(n, 0),
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: mask},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: val, SkipFalse: 1},
		allow, refuse,
	}
}

// prologue ends the process that calls by another ABI (int 0x80, x32).
func prologue() []bpf.Instruction {
	return []bpf.Instruction{
		loadArch,
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: auditArch, SkipTrue: 1},
		killProc,
		loadNr,
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: 0x40000000, SkipTrue: 1},
		killProc,
	}
}

const (
	threadFlags = unix.CLONE_VM | unix.CLONE_SIGHAND | unix.CLONE_THREAD
	otherFlags  = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
		unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_PTRACE |
		unix.CLONE_UNTRACED | unix.CLONE_VFORK | unix.CLONE_PIDFD | unix.CLONE_PARENT
	wholeArg = 0xffffffff
)

// allowFilter is the filter of a child whose process id is pid.
func allowFilter(pid uint32) []bpf.Instruction {
	p := prologue()
	for _, nr := range allowed {
		p = on(p, nr, allow)
	}
	// Threads, never processes. clone3 keeps its flags in memory, where a filter
	// cannot see them: ENOSYS makes glibc use clone.
	p = on(p, unix.SYS_CLONE, masked(0, threadFlags|otherFlags, threadFlags)...)
	p = on(p, unix.SYS_CLONE3, unknown)
	// The runtime preempts its own threads.
	p = on(p, unix.SYS_TGKILL, masked(0, wholeArg, pid)...)
	for _, nr := range []uint32{unix.SYS_MMAP, unix.SYS_MPROTECT} { // no new code
		p = on(p, nr, masked(2, unix.PROT_EXEC, 0)...)
	}
	// F_SETOWN with F_SETSIG would send any signal to any process of the uid.
	p = on(p, unix.SYS_FCNTL, masked(1, wholeArg, unix.F_GETFL)...)
	p = on(p, unix.SYS_PRCTL, masked(0, wholeArg, unix.PR_SET_VMA)...) // Go names its heap
	// prlimit64 of itself, to read.
	p = on(p, unix.SYS_PRLIMIT64,
		loadArg(0, 0), bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 0, SkipTrue: 4},
		loadArg(2, 0), bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 0, SkipTrue: 2},
		loadArg(2, 1), bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 1}, refuse, allow)
	return append(p, refuse)
}

// oldKernelFilter makes the kernel look like one without Landlock.
func oldKernelFilter() []bpf.Instruction {
	p := append(prologue(), bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.SYS_LANDLOCK_CREATE_RULESET, SkipFalse: 1}, unknown)
	return append(p, allow)
}
