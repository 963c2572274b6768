package quickjs

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/internal/child"
)

// MaxMemory is the most that a bundle may ask for its VM, in bytes.
const MaxMemory = 512 << 20

const perChild = 4 // with more, endless loops starve their neighbours

// Options of the runtime; zero values are the defaults in brackets.
type Options struct {
	Children  int             // beside one spare [the processors]
	Isolation child.Isolation // [child.Auto]
	Log       *slog.Logger
	Exe       string // what to run as child [this very program]
}

// Runtime is the server's half. It implements functions.Runtime.
type Runtime struct {
	pool *child.Pool

	mu      sync.Mutex // guards modules and their refs
	modules map[string]*module
}

var _ functions.Runtime = (*Runtime)(nil)

// module is a loaded bundle.
type module struct {
	rt     *Runtime
	bundle functions.Bundle
	key    string
	sent   []byte // what a child gets
	refs   int

	once sync.Once // guards smap
	smap *sourceMap
}

// New starts the children. Its error wraps child.ErrIsolation where the kernel
// cannot confine them.
func New(o Options) (*Runtime, error) {
	pool, err := child.NewPool(child.Options{
		Children: cmp.Or(o.Children, runtime.NumCPU()), Spares: 1, PerChild: perChild,
		Nice: 5, Memory: (maxIdle+perChild)*defaultMemory + 2*MaxMemory,
		Isolation: o.Isolation, Log: o.Log, Exe: o.Exe,
	})
	if err != nil {
		return nil, fmt.Errorf("starting the JavaScript children: %w", err)
	}
	return &Runtime{pool: pool, modules: map[string]*module{}}, nil
}

// Load compiles a bundle in a child and runs its top level there.
func (rt *Runtime) Load(ctx context.Context, b functions.Bundle) (functions.Module, error) {
	if b.Memory < 0 || b.Memory > MaxMemory {
		return nil, hutch.Errorf(hutch.InvalidArgument, "function %s asks for more than %d MiB", b.Function, MaxMemory>>20)
	}
	m, err := rt.hold(b)
	if err != nil {
		return nil, err
	}
	out, err := rt.pool.Do(ctx, child.Request{
		Handler: handlerName, In: []byte(m.key + "\n"), Key: m.key, Host: m.bundleOnly,
	})
	r := &result{m: m, ctx: ctx}
	if err == nil {
		_, err = r.read(out)
	} else {
		err = r.lost(err)
	}
	if err == nil {
		return m, nil
	}
	m.Release()
	e := hutch.AsError(err)
	if f, ok := errors.AsType[*functions.Failure](e.Err); ok && f.Outcome == functions.OutcomeError {
		e = &hutch.Error{Code: hutch.InvalidArgument, Message: "function " + b.Function + " does not load: " + f.Text, Hint: f.Stack, Err: f}
	}
	return nil, e
}

// hold makes a bundle known, or counts who uses it.
func (rt *Runtime) hold(b functions.Bundle) (*module, error) {
	h := sha256.New()
	for _, s := range []string{b.Function, b.Release, b.Secrets, fmt.Sprint(b.Memory, b.Admin)} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	h.Write(b.Code)
	key := hex.EncodeToString(h.Sum(nil)[:16])
	rt.mu.Lock()
	defer rt.mu.Unlock()
	m := rt.modules[key]
	if m == nil {
		head, err := json.Marshal(program{Function: b.Function, Memory: b.Memory, Admin: b.Admin})
		if err != nil {
			return nil, fmt.Errorf("encoding a bundle: %w", err)
		}
		m = &module{rt: rt, bundle: b, key: key, sent: bytes.Join([][]byte{head, b.Code}, []byte{'\n'})}
		rt.modules[key] = m
	}
	m.refs++
	return m, nil
}

// Release gives back what Load took.
func (m *module) Release() {
	m.rt.mu.Lock()
	defer m.rt.mu.Unlock()
	if m.refs--; m.refs == 0 {
		delete(m.rt.modules, m.key)
	}
}

// Invoke runs a module's function.
func (rt *Runtime) Invoke(ctx context.Context, mod functions.Module, c *functions.Call, h functions.Host) (*functions.Result, error) {
	m, ok := mod.(*module)
	if !ok || m.rt != rt {
		return nil, hutch.Errorf(hutch.Internal, "a module of another runtime")
	}
	in := make([]byte, 0, len(m.key)+1+len(c.Event))
	in = append(append(append(in, m.key...), '\n'), c.Event...)
	s := &session{m: m, host: h}
	out, err := rt.pool.Do(ctx, child.Request{
		Handler: handlerName, In: in, Key: m.key, Host: s.answer, Note: s.note, Nested: isNested(ctx),
		Again: func(ctx context.Context) (child.HostFunc, error) {
			if c.Again == nil {
				return nil, child.ErrLost
			}
			next, err := c.Again(ctx)
			if err != nil {
				return nil, err
			}
			s.restart(next)
			return s.answer, nil
		},
	})
	r := &result{m: m, ctx: ctx, session: s}
	if err != nil {
		return nil, r.lost(err)
	}
	return r.read(out)
}

// Stats gives the figures of now.
func (rt *Runtime) Stats() functions.Stats {
	p := rt.pool.Stats()
	return functions.Stats{
		Processes: p.Children, Slots: p.Slots, Busy: p.Busy, Kills: p.Kills, Reruns: p.Reruns,
		Isolation: p.Level.String(), Confined: p.Level.Seccomp, Start: p.Ready,
	}
}

// Close ends the children; running calls fail.
func (rt *Runtime) Close() error {
	rt.pool.Close()
	return nil
}
