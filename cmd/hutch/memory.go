package main

import (
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// cacheBytes is the part of the memory that the embedded store keeps blocks in:
// a sixteenth, of 64 MiB to 1 GiB; memory 0 is not known.
func cacheBytes(memory int64) int64 { return min(max(memory/16, 64<<20), 1<<30) }

// memory is what the process may use, in bytes; 0 when that is not known.
func memory() int64 {
	limit := memoryLimit(os.DirFS("/"))
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return limit
	}
	if all := int64(info.Totalram) * int64(info.Unit); limit == 0 || all < limit {
		return all
	}
	return limit
}

// memoryLimit is the lowest memory limit of the process' control group and those
// above it, in bytes; 0 without one. root is the root directory. Format: Linux,
// Documentation/admin-guide/cgroup-v2.rst (memory.max).
func memoryLimit(root fs.FS) int64 {
	own, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0
	}
	group := ""
	for line := range strings.Lines(string(own)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			group = path.Clean("/" + name)
		}
	}
	var least int64
	for ; group != ""; group = path.Dir(group) {
		text, err := fs.ReadFile(root, path.Join("sys/fs/cgroup", group, "memory.max"))
		if n, bad := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && bad == nil && (least == 0 || n < least) {
			least = n
		}
		if group == "/" {
			break
		}
	}
	return least
}
