package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// figures are what a measurement came to, per operation where it says so.
type figures struct {
	rate        float64 // operations a second
	own, server float64 // CPU us an operation: of this process, of all mongod
}

// measure runs op by n goroutines for the bench's length. w numbers the worker,
// i its operations.
func (b *bench) measure(ctx context.Context, n int, op func(ctx context.Context, w, i int) error) (f figures, err error) {
	ctx, cancel := context.WithTimeout(ctx, b.length+30*time.Second)
	defer cancel()
	var done atomic.Int64
	var first atomic.Value
	own, server := ownCPU(), serverCPU()
	begin := time.Now()
	until := begin.Add(b.length)
	var wg sync.WaitGroup
	for w := range n {
		wg.Go(func() {
			for i := 0; time.Now().Before(until) && first.Load() == nil; i++ {
				if err := op(ctx, w, i); err != nil {
					first.CompareAndSwap(nil, err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if e, ok := first.Load().(error); ok {
		return f, e
	}
	took, count := time.Since(begin), float64(done.Load())
	f.rate = count / took.Seconds()
	f.own = float64((ownCPU() - own).Microseconds()) / count
	f.server = float64((serverCPU() - server).Microseconds()) / count
	return f, nil
}

func (f figures) print(name string, n int) {
	fmt.Printf("%-34s %5d %10.0f %10.1f %10.1f\n", name, n, f.rate, f.own, f.server)
}

func header() {
	fmt.Printf("%-34s %5s %10s %10s %10s\n", "", "by", "ops/s", "own us/op", "mongod us")
}

// ownCPU is the CPU time of this process.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const tick = 10 * time.Millisecond // of /proc; CLK_TCK is 100 on Linux

// serverCPU is the CPU time of all mongod processes of this machine.
func serverCPU() (sum time.Duration) {
	procs, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, p := range procs {
		text, err := os.ReadFile(p)
		if err != nil || !strings.Contains(string(text), "(mongod)") {
			continue
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		for _, i := range []int{11, 12} { // utime, stime: fields 14 and 15 of proc(5)
			n, _ := strconv.Atoi(fields[i])
			sum += time.Duration(n) * tick
		}
	}
	return sum
}
