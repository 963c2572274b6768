// Command child is what the tests of package child start.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/hutch-dev/hutch/internal/child"
)

func main() {
	code, ok := child.Main(map[string]child.Handler{
		"probe": runProbes, "work": work, "echo": echo, "wait": wait, "host": hostLoop, "flood": flood,
		"stuck": stuck, "crash": crash, "alloc": alloc, "panic": func(*child.Call) ([]byte, error) { panic("handler") },
	})
	if !ok {
		code = 2
	}
	os.Exit(code)
}

// work exercises what the Go runtime must still be able to do.
func work(*child.Call) ([]byte, error) {
	var keep [][]byte
	for range 64 {
		b := make([]byte, 1<<20)
		for i := range b {
			b[i] = 1
		}
		keep = append(keep, b)
	}
	runtime.KeepAlive(keep)
	keep = nil
	runtime.GC()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if i < 4 {
				runtime.LockOSThread() // a thread of its own, which ends with it
			}
			<-time.After(time.Millisecond)
		})
	}
	wg.Wait()
	return json.Marshal(map[string]any{"procs": runtime.GOMAXPROCS(0), "env": os.Environ()})
}

func echo(c *child.Call) ([]byte, error) { return c.In, nil }

// wait tells the host that it runs and answers when the host says so.
func wait(c *child.Call) ([]byte, error) { return c.Host("running", c.In) }

func hostLoop(c *child.Call) ([]byte, error) {
	for i := range 20 {
		want := fmt.Sprintf("%s/%d", c.In, i)
		out, err := c.Host("who", []byte(want))
		if err != nil {
			return nil, err
		}
		if string(out) != want {
			return nil, fmt.Errorf("got %q, want %q", out, want)
		}
		if err := c.Note("note", []byte(want)); err != nil {
			return nil, err
		}
	}
	go c.Host("late", c.In)
	return c.In, nil
}

// flood makes more host calls than may wait.
func flood(c *child.Call) ([]byte, error) {
	for range child.MaxHostCalls + 1 {
		go c.Host("running", nil)
	}
	<-c.Ctx.Done()
	return nil, c.Ctx.Err()
}

func stuck(c *child.Call) ([]byte, error) {
	if string(c.In) != "" {
		go c.Note("running", nil)
		runtime.Gosched()
	}
	for {
	}
}

func crash(c *child.Call) ([]byte, error) {
	if string(c.In) == "exit" {
		os.Exit(7)
	}
	go func() { panic("boom: " + string(c.In)) }()
	select {}
}

var sink []byte

func alloc(c *child.Call) ([]byte, error) {
	mib, err := strconv.Atoi(string(c.In))
	if err != nil {
		return nil, err
	}
	sink = make([]byte, mib<<20)
	for i := 0; i < len(sink); i += 4096 {
		sink[i] = 1
	}
	sink = nil
	return nil, nil
}

func runProbes(c *child.Call) ([]byte, error) {
	var t target
	if err := json.Unmarshal(c.In, &t); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, p := range probes {
		done := make(chan error)
		go func() { done <- p.try(t) }() // a thread that starts only now must be confined as well
		if err := <-done; err != nil {
			out[p.name] = err.Error()
		} else {
			out[p.name] = ""
		}
	}
	return json.Marshal(out)
}
