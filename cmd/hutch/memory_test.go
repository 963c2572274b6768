package main

import (
	"testing"
	"testing/fstest"
)

func TestTheCacheIsAPartOfTheMemory(t *testing.T) {
	for _, c := range []struct{ memory, want int64 }{
		{0, 64 << 20},
		{1<<30 - 16, 64 << 20},
		{1<<30 + 16, 64<<20 + 1},
		{16<<30 - 16, 1<<30 - 1},
		{64 << 30, 1 << 30},
	} {
		if got := cacheBytes(c.memory); got != c.want {
			t.Errorf("of %d bytes: %d, want %d", c.memory, got, c.want)
		}
	}
}

func TestTheMemoryLimitIsTheLowestOfTheGroups(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  int64
	}{
		"no groups":     {fstest.MapFS{}, 0},
		"old groups":    {fstest.MapFS{"proc/self/cgroup": file("4:memory:/x\n")}, 0},
		"no limit":      {fstest.MapFS{"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("max\n")}, 0},
		"a container's": {fstest.MapFS{"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("536870912\n")}, 512 << 20},
		"a unit's": {fstest.MapFS{
			"proc/self/cgroup": file("0::/system.slice/hutch.service\n"),
			"sys/fs/cgroup/system.slice/hutch.service/memory.max":   file("max\n"),
			"sys/fs/cgroup/system.slice/memory.max":                 file("1073741824\n"),
			"sys/fs/cgroup/system.slice/hutch.service/child/memory": file("1\n"),
		}, 1 << 30},
		"damaged": {fstest.MapFS{"proc/self/cgroup": file("0::/../..\n"), "sys/fs/cgroup/memory.max": file("many")}, 0},
	} {
		if got := memoryLimit(c.files); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
