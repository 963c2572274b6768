package data

import (
	"context"
	"sync"

	"github.com/hutch-dev/hutch"
)

// gate lets a principal run a few unindexed queries at a time; more of them wait.
type gate struct {
	mu   sync.Mutex
	free map[string]*places // guarded by mu; of principals that run some
}

type places struct {
	slots chan struct{}
	users int // running or waiting
}

// enter waits until the principal may run p; leave is called after it.
func (c *call) enter(ctx context.Context, p *Plan) (leave func(), err error) {
	coll := c.coll(p.Collection)
	if p.Where.Op == WhereAll && len(p.OrderBy) == 0 && p.Limit > 0 || leads(coll, &p.Where) ||
		!Choose(*coll, p.Where, p.OrderBy).Unindexed(p.Limit) {
		return func() {}, nil
	}
	key := c.p.Key
	if c.p.IsGuest() {
		key = "guest:" + c.r.IP
	}
	return c.s.gate.enter(ctx, key, c.s.limits.UnindexedPerPrincipal)
}

// leads reports whether w pins the first field of an index, without planning.
func leads(c *Collection, w *Where) bool {
	switch w.Op {
	case OpAnd:
		for i := range w.Kids {
			if leads(c, &w.Kids[i]) {
				return true
			}
		}
	case OpEq:
		for i := range c.Indexes {
			if f := c.Indexes[i].Fields; len(f) > 0 && f[0].Path == w.Path && w.Value.Type != typeNull && w.Value.Type != typeArray {
				return true
			}
		}
	}
	return false
}

func (g *gate) enter(ctx context.Context, key string, most int) (leave func(), err error) {
	g.mu.Lock()
	if g.free == nil {
		g.free = make(map[string]*places)
	}
	p := g.free[key]
	if p == nil {
		p = &places{slots: make(chan struct{}, most)}
		g.free[key] = p
	}
	p.users++
	g.mu.Unlock()
	gone := func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if p.users--; p.users == 0 {
			delete(g.free, key)
		}
	}
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots; gone() }, nil
	case <-ctx.Done():
		gone()
		return nil, ended(ctx)
	}
}

// refusedQuery words a store's refusal of a malformed or costly query: no numbers, and advice
// only to those who may know the collections; the log gets it always.
func (c *call) refusedQuery(ctx context.Context, p *Plan, err error) error {
	switch hutch.CodeOf(err) {
	case hutch.ResourceExhausted:
	case hutch.InvalidArgument:
		return hutch.AsError(err).At("where")
	default:
		return err
	}
	advice := Advise(*c.coll(p.Collection), p.Where, p.OrderBy)
	c.s.log.WarnContext(ctx, "query over budget", "collection", p.Collection, "index", p.Budget.Index, "advice", advice)
	if !byOperator(ctx, &c.p) { // who tries a filter is told by the answer
		c.s.refusals.note(p.Collection, advice, c.s.now())
	}
	e := &hutch.Error{Code: hutch.ResourceExhausted, Message: "the query examines too much", Err: err}
	if c.tells() && advice != "" {
		e.Hint = "An index would help: " + advice
	}
	return e
}
