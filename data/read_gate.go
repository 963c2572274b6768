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
	if !Choose(*c.coll(p.Collection), p.Where, p.OrderBy).Unindexed(p.Limit) {
		return func() {}, nil
	}
	key := c.p.Key
	if c.p.IsGuest() {
		key = "guest:" + c.r.IP
	}
	return c.s.gate.enter(ctx, key, c.s.limits.UnindexedPerPrincipal)
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

// overBudget words a store's refusal of a costly query: no numbers, and advice
// only to those who may know the collections; the log gets it always.
func (c *call) overBudget(ctx context.Context, p *Plan, err error) error {
	if hutch.CodeOf(err) != hutch.ResourceExhausted {
		return err
	}
	advice := "Index that could help: " + adviseIndex(p) + "."
	c.s.log.WarnContext(ctx, "query over budget", "collection", p.Collection, "index", p.Budget.Index, "advice", advice)
	e := &hutch.Error{Code: hutch.ResourceExhausted, Message: "the query examines too much", Err: err}
	if c.tells() {
		e.Hint = advice
	}
	return e
}
