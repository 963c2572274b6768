package quickjs

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"modernc.org/quickjs"
)

const (
	defaultMemory = 64 << 20
	maxJobs       = 1 << 20 // that the engine runs before it comes back
)

// vm is one JavaScript context with a bundle in it; one goroutine at a time.
type vm struct {
	q                   *quickjs.VM
	prog                *compiled
	start, settle, tick quickjs.Value
	run                 *run // nil between runs
}

// outcome of a run; spoiled: the VM must not be used again.
type outcome struct {
	tag     byte
	body    string
	spoiled bool
}

// compile gives a bundle's bytecode. Its lines are moved so that its frames
// cannot be taken for the prelude's.
func compile(q *quickjs.VM, code string) ([]byte, error) {
	return q.Compile(strings.Repeat("\n", userLine-1)+code, quickjs.EvalGlobal)
}

// newVM makes a VM and runs the top level of its bundle.
func (p *pool) newVM(r *run, prog *compiled) (_ *vm, err error) {
	prelude, err := p.preludeCode()
	if err != nil {
		return nil, err
	}
	q, err := quickjs.NewVM()
	if err != nil {
		return nil, err
	}
	v := &vm{q: q, prog: prog, run: r}
	defer func() {
		if err != nil {
			v.close()
		}
	}()
	q.SetMemoryLimit(uintptr(cmp.Or(prog.Memory, defaultMemory)))
	defer r.watch(q)()
	for name, f := range map[string]quickjs.HostFunc{
		"__native": v.native, "__send": v.send, "__ask": v.ask, "__wake": v.wake, "__done": v.finished,
	} {
		if err := q.RegisterHostFunc(name, f); err != nil {
			return nil, err
		}
	}
	if _, err := q.EvalBytecode(prelude); err != nil {
		return nil, fmt.Errorf("running the prelude: %w", err)
	}
	if err := v.entries(); err != nil {
		return nil, err
	}
	r.arm(q)
	if _, err := q.EvalBytecode(prog.code); err != nil {
		return nil, err
	}
	r.arm(q)
	if _, err := q.Eval("__hutch.load(); delete globalThis.__hutch", quickjs.EvalGlobal); err != nil {
		return nil, err
	}
	r.arm(q)
	if _, err := q.ExecutePendingJobs(); err != nil {
		return nil, err
	}
	return v, nil
}

// entries takes the prelude's functions.
func (v *vm) entries() error {
	g := v.q.GlobalObject()
	defer g.Free()
	get := func(of quickjs.Value, name string) (quickjs.Value, error) {
		a, err := v.q.NewAtom(name)
		if err != nil {
			return quickjs.Value{}, err
		}
		return of.GetPropertyValue(a)
	}
	h, err := get(g, "__hutch")
	if err != nil {
		return err
	}
	defer h.Free()
	for name, to := range map[string]*quickjs.Value{"start": &v.start, "settle": &v.settle, "tick": &v.tick} {
		if *to, err = get(h, name); err != nil {
			return err
		}
	}
	return nil
}

// call runs the function on an event.
func (v *vm) call(r *run, event string) outcome {
	v.run = r
	defer r.watch(v.q)()
	r.arm(v.q)
	res, err := v.start.Call(quickjs.UndefinedValue, event, float64(r.deadlineMs()), v.prog.Admin)
	if s, ok := res.(string); ok {
		r.finish(s)
	}
	for err == nil {
		r.arm(v.q)
		var jobs int
		jobs, err = v.q.ExecutePendingJobs()
		switch {
		case r.over():
			return failed(r, err)
		case jobs >= maxJobs: // there are more, which the engine calls an error
			err = nil
		case err != nil:
			return failed(r, err)
		case r.done:
			return r.outcome()
		default:
			err = v.wait(r)
		}
	}
	return failed(r, err)
}

// wait sleeps until something can go on: an answer, a timer, the end.
func (v *vm) wait(r *run) error {
	if r.open == 0 && !r.timed {
		return errNever
	}
	select {
	case a := <-r.replies:
		r.open--
		r.arm(v.q)
		_, err := v.settle.Call(quickjs.UndefinedValue, a.id, a.body)
		return err
	case <-r.timer.C:
		r.timed = false
		r.arm(v.q)
		_, err := v.tick.Call(quickjs.UndefinedValue)
		return err
	case <-r.call.Ctx.Done():
		return r.call.Ctx.Err()
	}
}

func (v *vm) close() {
	for _, f := range []*quickjs.Value{&v.start, &v.settle, &v.tick} {
		if f.VM() != nil {
			f.Free()
		}
	}
	_ = v.q.Close()
}

var errNever = errors.New("the function's promise can never settle")
