package child_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/internal/child"
	"golang.org/x/sys/unix"
)

// neighbours puts n calls into p that end when release closes. Each must
// succeed; join waits for them.
func neighbours(t *testing.T, p *child.Pool, n int, release chan struct{}) (join func()) {
	t.Helper()
	var wg sync.WaitGroup
	running := make(chan struct{}, 3*n)
	for i := range n {
		wg.Go(func() {
			out, err := p.Do(t.Context(), child.Request{
				Handler: "wait", In: []byte(strconv.Itoa(i)),
				Host: func(_ context.Context, _ string, in []byte) ([]byte, error) {
					running <- struct{}{}
					<-release
					return in, nil
				},
			})
			if err != nil || string(out) != strconv.Itoa(i) {
				t.Errorf("neighbour %d: %s, %v", i, out, err)
			}
		})
	}
	for range n {
		<-running
	}
	return wg.Wait
}

func TestCallsAreMultiplexed(t *testing.T) {
	p := pool(t, child.Options{Children: 2, PerChild: 16})
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			in := strings.Repeat(strconv.Itoa(i), 1000)
			if out, err := p.Do(t.Context(), child.Request{Handler: "echo", In: []byte(in)}); err != nil || string(out) != in {
				t.Errorf("%d: %d bytes, %v", i, len(out), err)
			}
		})
	}
	wg.Wait()
	if s := p.Stats(); s.Busy != 0 || s.Slots != 32 || s.Children != 2 || s.Kills != 0 {
		t.Errorf("%+v", s)
	}
}

func TestHostCallsBelongToTheirCall(t *testing.T) {
	p := pool(t, child.Options{PerChild: 16})
	var wg sync.WaitGroup
	var foreign, late, notes atomic.Int32
	for i := range 32 {
		wg.Go(func() {
			me := fmt.Sprintf("call %d", i)
			mine := func(in []byte) {
				if !strings.HasPrefix(string(in), me+"/") {
					foreign.Add(1)
				}
			}
			out, err := p.Do(t.Context(), child.Request{
				Handler: "host", In: []byte(me),
				Host: func(ctx context.Context, op string, in []byte) ([]byte, error) {
					if op == "late" {
						late.Add(1)
					} else {
						mine(in)
					}
					return in, nil
				},
				Note: func(_ string, in []byte) { notes.Add(1); mine(in) },
			})
			if err != nil || string(out) != me {
				t.Errorf("%s, %v", out, err)
			}
		})
	}
	wg.Wait()
	if foreign.Load() != 0 || notes.Load() != 32*20 {
		t.Errorf("%d foreign, %d notes", foreign.Load(), notes.Load())
	}
}

func TestAStuckCallIsKilledAndItsNeighboursRunAgain(t *testing.T) {
	p := pool(t, child.Options{Spares: 1, PerChild: 8})
	old := p.PIDs()[0]
	release := make(chan struct{})
	join := neighbours(t, p, 6, release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.Do(ctx, child.Request{Handler: "stuck"}); !errors.Is(err, child.ErrKilled) {
		t.Errorf("got %v", err)
	}
	if got := do(t, p, "echo", "next"); got != "next" {
		t.Errorf("the next call: %q", got)
	}
	close(release)
	join()
	if s := p.Stats(); p.PIDs()[0] == old || s.Kills != 1 || s.Reruns != 6 {
		t.Errorf("%+v", s)
	}
}

func TestAnInterruptIsEnoughForACallThatListens(t *testing.T) {
	p := pool(t, child.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := p.Do(ctx, child.Request{Handler: "wait", Host: func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	if !errors.Is(err, child.ErrInterrupted) || p.Stats().Kills != 0 {
		t.Errorf("%v, %+v", err, p.Stats())
	}
}

func TestACrashTakesNoNeighbourWithIt(t *testing.T) {
	p := pool(t, child.Options{Spares: 1, PerChild: 8})
	for _, how := range []string{"exit", "a wish"} {
		release := make(chan struct{})
		join := neighbours(t, p, 5, release)
		done := make(chan error, 1)
		go func() {
			_, err := p.Do(t.Context(), child.Request{Handler: "crash", In: []byte(how)})
			done <- err
		}()
		for p.Stats().Kills == 0 { // its first run, among neighbours
			time.Sleep(time.Millisecond)
		}
		close(release)
		if err := <-done; !errors.Is(err, child.ErrDied) || (how != "exit" && !strings.Contains(err.Error(), "boom")) {
			t.Errorf("%s: %v", how, err)
		}
		join()
	}
	if got := do(t, p, "echo", "x"); got != "x" {
		t.Error(got)
	}
}

func TestASecondRunHasAHostOfItsOwn(t *testing.T) {
	p := pool(t, child.Options{PerChild: 2, Spares: 1})
	var hosts atomic.Int32
	host := func(n string) child.HostFunc {
		return func(context.Context, string, []byte) ([]byte, error) {
			if hosts.Add(1) == 1 {
				unix.Kill(p.PIDs()[0], unix.SIGKILL)
				return nil, errors.New("never read")
			}
			return []byte(n), nil
		}
	}
	out, err := p.Do(t.Context(), child.Request{
		Handler: "wait", Host: host("first"),
		Again: func(context.Context) (child.HostFunc, error) { return host("second"), nil },
	})
	if err != nil || string(out) != "second" {
		t.Errorf("%s, %v", out, err)
	}
}

func TestMemoryIsLimited(t *testing.T) {
	p := pool(t, child.Options{Memory: 256 << 20, Spares: 1})
	do(t, p, "alloc", "100")
	if _, err := p.Do(t.Context(), child.Request{Handler: "alloc", In: []byte("400")}); !errors.Is(err, child.ErrDied) {
		t.Errorf("got %v", err)
	}
	do(t, p, "alloc", "100")
}

func TestMoreHostCallsThanAllowedEndTheChild(t *testing.T) {
	p := pool(t, child.Options{Spares: 1})
	_, err := p.Do(t.Context(), child.Request{Handler: "flood", Host: func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	if !errors.Is(err, child.ErrDied) || p.Stats().Kills != 2 {
		t.Errorf("%v, %+v", err, p.Stats())
	}
}

func TestS106PanicsAreErrors(t *testing.T) {
	p := pool(t, child.Options{})
	var failed *child.HandlerError
	if _, err := p.Do(t.Context(), child.Request{Handler: "panic"}); !errors.As(err, &failed) {
		t.Errorf("in the child: %v", err)
	}
	_, err := p.Do(t.Context(), child.Request{Handler: "wait", Host: func(context.Context, string, []byte) ([]byte, error) {
		panic("a value that nobody may see")
	}})
	if !errors.As(err, &failed) || strings.Contains(err.Error(), "value") {
		t.Errorf("in the host: %v", err)
	}
	if p.Stats().Kills != 0 {
		t.Errorf("%+v", p.Stats())
	}
}

func TestSignalsOfTheTerminalDoNotEndAChild(t *testing.T) {
	p := pool(t, child.Options{})
	pid := p.PIDs()[0]
	for _, s := range []unix.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT} {
		if err := unix.Kill(pid, s); err != nil {
			t.Fatal(err)
		}
	}
	do(t, p, "echo", "x")
	if g, _ := unix.Getpgid(pid); g != unix.Getpgrp() || p.PIDs()[0] != pid {
		t.Errorf("group %d, the server's %d", g, unix.Getpgrp())
	}
}

func TestAClosedPoolRefuses(t *testing.T) {
	p := pool(t, child.Options{})
	pid := p.PIDs()[0]
	p.Close()
	if _, err := p.Do(t.Context(), child.Request{Handler: "echo"}); !errors.Is(err, child.ErrClosed) {
		t.Error(err)
	}
	if alive(pid) {
		t.Error("the child lives")
	}
}

func TestChildrenEndWithAKilledServer(t *testing.T) {
	for _, how := range []string{"pdeathsig", "socket"} {
		t.Run("by "+how, func(t *testing.T) {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), "HUTCH_TEST_SERVER="+how, "HUTCH_TEST_EXE="+exe)
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			cmd.Process.Kill()
			_ = cmd.Wait()
			if err != nil {
				t.Fatal(err)
			}
			for s := range strings.FieldsSeq(line) {
				pid, err := strconv.Atoi(s)
				if err != nil {
					t.Fatal(line)
				}
				for end := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(time.Millisecond) {
					if time.Now().After(end) {
						unix.Kill(pid, unix.SIGKILL)
						t.Fatalf("child %d lives", pid)
					}
				}
			}
		})
	}
}

// alive is false for zombies, which wait for whoever adopted them.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(b), ") Z ")
}
