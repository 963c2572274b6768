package quickjs

import (
	"bytes"
	"encoding/json"
	"errors"
	"runtime/debug"
	"slices"
	"sync"

	"modernc.org/quickjs"

	"github.com/hutch-dev/hutch/internal/child"
)

const (
	maxIdle     = 8  // VMs that wait for their next call, in a child
	maxPrograms = 64 // compiled bundles in a child

	// The Go heap of a child is small, as VMs keep theirs elsewhere: collections
	// may be rare.
	gcPercent = 400
)

// Handlers are this package's part of what main hands to child.Main.
func Handlers() map[string]child.Handler {
	p := &pool{programs: map[string]*compiled{}}
	return map[string]child.Handler{handlerName: p.handle}
}

// compiled is a program ready for new VMs.
type compiled struct {
	program
	key  string
	code []byte // bytecode; it never leaves the process
}

// pool keeps a child's VMs.
type pool struct {
	once     sync.Once
	mu       sync.Mutex // guards the rest
	prelude  []byte     // bytecode
	programs map[string]*compiled
	recent   []string // keys of programs, least used first
	idle     []*vm    // least used first
}

// handle runs one call: a key, a newline, the event; no event only loads.
func (p *pool) handle(c *child.Call) ([]byte, error) {
	p.once.Do(func() { debug.SetGCPercent(gcPercent) })
	key, event, ok := bytes.Cut(c.In, []byte{'\n'})
	if !ok {
		return nil, errors.New("malformed call")
	}
	r := newRun(c)
	defer r.close()
	v, cold, err := p.take(r, string(key))
	var out outcome
	switch {
	case err != nil:
		out = failed(r, err)
	case len(event) == 0:
		out = outcome{tag: tagNothing}
	default:
		out = v.call(r, string(event))
	}
	if v != nil {
		if out.spoiled || r.over() {
			go v.close() // the answer does not wait until a full heap is freed
		} else {
			p.give(v)
		}
	}
	b := make([]byte, 0, len(out.body)+2)
	flag := byte('0')
	if cold {
		flag = '1'
	}
	return append(append(b, out.tag, flag), out.body...), nil
}

// take gives an idle VM of the program or a new one.
func (p *pool) take(r *run, key string) (v *vm, cold bool, err error) {
	p.mu.Lock()
	for i, v := range slices.Backward(p.idle) {
		if v.prog.key == key {
			p.idle = slices.Delete(p.idle, i, i+1)
			p.mu.Unlock()
			return v, false, nil
		}
	}
	prog := p.programs[key]
	p.mu.Unlock()
	if prog == nil {
		if prog, err = p.fetch(r, key); err != nil {
			return nil, true, err
		}
	}
	v, err = p.newVM(r, prog)
	return v, true, err
}

func (p *pool) give(v *vm) {
	v.run = nil
	p.mu.Lock()
	p.idle = append(p.idle, v)
	var old *vm
	if len(p.idle) > maxIdle {
		old = p.idle[0]
		p.idle = slices.Delete(p.idle, 0, 1)
	}
	p.mu.Unlock()
	if old != nil {
		old.close()
	}
}

// fetch asks the server for a program and compiles it.
func (p *pool) fetch(r *run, key string) (*compiled, error) {
	b, err := r.call.Host(opBundle, []byte(key))
	if err != nil {
		return nil, err
	}
	head, code, _ := bytes.Cut(b, []byte{'\n'})
	prog := &compiled{key: key}
	if err := json.Unmarshal(head, &prog.program); err != nil {
		return nil, err
	}
	q, err := quickjs.NewVM()
	if err != nil {
		return nil, err
	}
	defer q.Close()
	if prog.code, err = compile(q, string(code)); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.programs[key] = prog
	p.recent = append(p.recent, key)
	if len(p.recent) > maxPrograms {
		delete(p.programs, p.recent[0])
		p.recent = slices.Delete(p.recent, 0, 1)
	}
	return prog, nil
}

// preludeCode is the prelude's bytecode, made once a child.
func (p *pool) preludeCode() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.prelude != nil {
		return p.prelude, nil
	}
	src, err := preludeSource()
	if err != nil {
		return nil, err
	}
	q, err := quickjs.NewVM()
	if err != nil {
		return nil, err
	}
	defer q.Close()
	p.prelude, err = q.Compile(src, quickjs.EvalGlobal)
	return p.prelude, err
}
