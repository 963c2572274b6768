package child

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	marker   = "hutch: child" // argv[0] of a child
	socketFD = 3
)

// Call is one call as its Handler sees it.
type Call struct {
	Ctx      context.Context // ends at the interrupt
	Deadline time.Time       // zero: none; for work that looks at a clock itself
	In       []byte
	s        *server
	id       uint64
}

// Handler does one kind of work in the child; calls run at the same time.
type Handler func(*Call) ([]byte, error)

// Main serves calls when the process was started as a child, until the server
// is gone, and gives the code to exit with. It belongs first into main; in the
// server it gives false at once.
func Main(handlers map[string]Handler) (code int, child bool) {
	if len(os.Args) != 2 || os.Args[0] != marker {
		return 0, false
	}
	return serve(handlers), true
}

type hostReply struct {
	body []byte
	err  error
}

type server struct {
	handlers map[string]Handler
	out      *frameWriter
	mu       sync.Mutex // guards the rest
	cancel   map[uint64]context.CancelFunc
	waiting  map[uint32]chan hostReply
	sub      uint32
}

func serve(handlers map[string]Handler) int {
	var o sandboxOptions
	if json.Unmarshal([]byte(os.Args[1]), &o) != nil {
		return 2
	}
	if t, err := unix.GetsockoptInt(socketFD, unix.SOL_SOCKET, unix.SO_DOMAIN); err != nil || t != unix.AF_UNIX {
		return 2 // started by hand
	}
	// The terminal's signals reach the whole process group; the server drains.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	_ = unix.SetNonblock(socketFD, true)
	sock := os.NewFile(socketFD, "server")
	_ = debug.SetCrashOutput(sock, debug.CrashOptions{}) // the text of a fatal error is the last thing said
	s := &server{
		handlers: handlers, out: &frameWriter{w: sock, max: maxUp},
		cancel: map[uint64]context.CancelFunc{}, waiting: map[uint32]chan hostReply{},
	}
	level, err := enterSandbox(o)
	if err != nil {
		level.Error = err.Error()
	}
	hello, _ := json.Marshal(level)
	if s.out.write(frame{kind: kindHello, body: hello}, "") != nil || (err != nil && !o.BestEffort) {
		return 3
	}
	in := bufio.NewReaderSize(sock, keepBuf)
	for {
		f, err := readFrame(in, maxDown)
		if err != nil {
			return 0 // the server is gone or has closed
		}
		s.handle(f)
	}
}

func (s *server) handle(f frame) {
	switch f.kind {
	case kindCall:
		ctx, cancel := context.WithCancel(context.Background())
		s.mu.Lock()
		s.cancel[f.call] = cancel
		s.mu.Unlock()
		go s.run(ctx, f)
	case kindInterrupt:
		s.mu.Lock()
		if c := s.cancel[f.call]; c != nil {
			c()
		}
		s.mu.Unlock()
	case kindHostOK, kindHostError:
		s.mu.Lock()
		ch := s.waiting[f.sub]
		delete(s.waiting, f.sub)
		s.mu.Unlock()
		if ch == nil {
			return
		}
		if f.kind == kindHostError {
			ch <- hostReply{err: errors.New(string(f.body))}
		} else {
			ch <- hostReply{body: f.body}
		}
	}
}

func (s *server) run(ctx context.Context, f frame) {
	out, err := s.call(ctx, f)
	s.mu.Lock()
	s.cancel[f.call]()
	delete(s.cancel, f.call)
	s.mu.Unlock()
	if err == nil {
		err = s.out.write(frame{kind: kindResult, call: f.call, body: out}, "")
	}
	if err != nil {
		_ = s.out.write(frame{kind: kindError, call: f.call, body: []byte(err.Error())}, "")
	}
}

func (s *server) call(ctx context.Context, f frame) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	name, in, err := splitName(f.body)
	if err != nil {
		return nil, err
	}
	h := s.handlers[name]
	if h == nil {
		return nil, fmt.Errorf("no handler %q", name)
	}
	c := &Call{Ctx: ctx, In: in, s: s, id: f.call}
	if f.sub > 0 {
		c.Deadline = time.Now().Add(time.Duration(f.sub) * time.Millisecond)
	}
	return h(c)
}

// Host asks the server and waits for the answer. At most MaxHostCalls may wait
// at a time.
func (c *Call) Host(op string, in []byte) ([]byte, error) {
	ch := make(chan hostReply, 1)
	s := c.s
	s.mu.Lock()
	s.sub++
	sub := s.sub
	s.waiting[sub] = ch
	s.mu.Unlock()
	if err := s.out.write(frame{kind: kindHost, call: c.id, sub: sub, body: in}, op); err != nil {
		s.forget(sub)
		return nil, err
	}
	select {
	case r := <-ch:
		return r.body, r.err
	case <-c.Ctx.Done():
		s.forget(sub)
		return nil, c.Ctx.Err()
	}
}

func (s *server) forget(sub uint32) {
	s.mu.Lock()
	delete(s.waiting, sub)
	s.mu.Unlock()
}

// Note tells the server something and goes on.
func (c *Call) Note(op string, in []byte) error {
	return c.s.out.write(frame{kind: kindNote, call: c.id, body: in}, op)
}
