package functions

import (
	"context"
	"slices"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

var _ data.Hooks = (*Set)(nil)

// Has reports whether a before-hook listens to op on coll.
func (set *Set) Has(op data.Op, coll string) bool {
	return slices.ContainsFunc(set.before[coll], func(l *loaded) bool { return slices.Contains(l.Trigger.Ops, op) })
}

// Before runs the hooks of a change in the order of their names, each on what
// the one before left.
func (set *Set) Before(ctx context.Context, tx *data.Tx, c *data.Change) error {
	for _, f := range set.before[c.Collection] {
		if !slices.Contains(f.Trigger.Ops, c.Op) {
			continue
		}
		if err := set.hook(ctx, f, tx, c); err != nil {
			return err
		}
	}
	return nil
}

// After has nothing to do until there are after-triggers.
func (set *Set) After(context.Context, []data.Change) ([]data.Write, error) { return nil, nil }

func (set *Set) hook(ctx context.Context, f *loaded, tx *data.Tx, c *data.Change) error {
	s := set.service
	p := hutch.PrincipalFrom(ctx)
	request := tx.Request()
	ev, err := s.newEvent("before."+string(c.Op), &p)
	if err != nil {
		return err
	}
	ev.Collection = c.Collection
	if ev.Before, err = image(c.Before); err != nil {
		return err
	}
	if ev.After, err = image(c.After); err != nil {
		return err
	}
	newHost := func() *host {
		return &host{session: &session{service: s, as: p, request: request, tx: tx}, set: set, f: f, depth: maxDepth}
	}
	h := newHost()
	r := s.newRun(ctx, f, &ev, &p)
	h.again = func(context.Context) (Host, error) { // it only read
		next := newHost()
		next.run, next.ctx, next.deadline, next.again = h.run, h.ctx, h.deadline, h.again
		return next, nil
	}
	res, err := r.do(ctx, who(&p, request.IP), false, h)
	r.keep(res, nil, err, 0)
	if err != nil {
		return publicError(f.Name, err)
	}
	if res.Response != nil {
		return hutch.Errorf(hutch.Internal, "function %s gave a Response to a hook", f.Name)
	}
	if res.None || string(res.Value) == "null" || c.Op == data.OpDelete {
		return nil
	}
	d, err := data.ParseJSON(res.Value, maxResultDepth)
	if err != nil {
		e := hutch.AsError(err)
		return &hutch.Error{Code: hutch.Internal, Message: "function " + f.Name + " gave no valid document: " + e.Message, Field: e.Field}
	}
	c.After = d
	return nil
}

func image(d data.Doc) ([]byte, error) {
	if d == nil {
		return []byte("null"), nil
	}
	return data.AppendJSON(nil, d)
}
