package main

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Between two collections a heap grows by as much as it holds, which costs a
// server twice its store's cache and write buffers, though these hold nothing to
// look into. Here the room is at most 48 MiB, until that is a quarter: so much
// keeps collections as rare as on a server that holds nothing.
const (
	heapRoom     = 48 << 20 // bytes
	leastPercent = 25
	mostPercent  = 100
	heapLook     = time.Second
)

// roomPercent is the GOGC of a heap that holds live bytes.
func roomPercent(live uint64) int {
	return int(min(max(heapRoom*100/max(live, 1), leastPercent), mostPercent))
}

// boundHeap keeps GOGC at roomPercent, looking each time, until it is told to stop.
func boundHeap(each time.Duration) (stop func()) {
	over, done := make(chan struct{}), make(chan struct{})
	now := mostPercent
	before := debug.SetGCPercent(now)
	go func() {
		defer close(done)
		defer debug.SetGCPercent(before)
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		tick := time.NewTicker(each)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-over:
				return
			}
			metrics.Read(live)
			if p := roomPercent(live[0].Value.Uint64()); p != now {
				now = p
				debug.SetGCPercent(now)
			}
		}
	}()
	return func() { close(over); <-done }
}
