package main

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

func TestTheRoomOfTheHeap(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{
		{0, 100},
		{48 << 20, 100},
		{49 << 20, 97},
		{96 << 20, 50},
		{191 << 20, 25},
		{1 << 40, 25},
	} {
		if got := roomPercent(c.live); got != c.want {
			t.Errorf("with %d bytes: %d, want %d", c.live, got, c.want)
		}
	}
}

// TestAHeapThatHoldsMuchGetsLittleRoom: as a store's cache does that has filled.
func TestAHeapThatHoldsMuchGetsLittleRoom(t *testing.T) {
	percent := func() uint64 {
		s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	before := percent()
	stop := boundHeap(time.Millisecond)
	becomes := func(what string, ok func(uint64) bool) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); !ok(percent()); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: GOGC is %d", what, percent())
			}
		}
	}
	cache := make([]byte, 512<<20) // never touched: it costs no memory
	runtime.GC()
	becomes("with a full cache", func(p uint64) bool { return p == leastPercent })
	runtime.KeepAlive(cache)
	runtime.GC()
	becomes("without", func(p uint64) bool { return p > leastPercent })
	stop()
	if after := percent(); after != before {
		t.Errorf("GOGC stays %d, and was %d", after, before)
	}
}
