package rules

import (
	"context"
	"errors"
	"time"

	"cel.dev/cel-go/cel"

	"github.com/hutch-dev/hutch/data"
)

// Budgets of rules.
const (
	maxLeaves    = 4096 // of a bound filter
	maxUnits     = 10000
	maxListItems = 1000 // of a claim or a looked-up document
	maxWall      = 10 * time.Millisecond
	sliceUnits   = 512 // between looks at the clock
)

// bound is a rule for one caller and request: what does not depend on a
// document is computed once. One goroutine at a time.
type bound struct {
	rule    *rule
	auth    val
	request val
	known   []int8 // what vals holds; for ground tests 1 + their outcome
	vals    []val
	frames  []val    // comprehension variables
	fetch   *fetcher // of look-ups; nil in rules without

	resource, next, input, id val

	units  int       // spent in this evaluation
	lookAt int       // when to look at the clock
	since  time.Time // of the first look
	late   bool      // the clock ran out
	op     data.Op   // that request.op says
	round  int       // of fetch, when known was filled
	filter *folded   // kept while the binding lives

	seen  []truth // of a traced rule, by mark
	asked []bool

	reduced reduced // of filter, for the last query that decided some of it
}

// bind takes the caller as encoded by encodeAuth.
func (r *rule) bind(auth, request val, f *fetcher) *bound {
	b := &bound{rule: r, auth: auth, request: request, fetch: f}
	if r.slots > 0 {
		b.known, b.vals = make([]int8, r.slots), make([]val, r.slots)
	}
	if r.vars > 0 {
		b.frames = make([]val, r.vars)
	}
	return b
}

// sound reports whether what was just computed may be kept: it failed for no
// want of budget or of another document.
func (b *bound) sound() bool {
	return b.units <= maxUnits && (b.fetch == nil || b.fetch.err == nil)
}

// forget drops what was computed, as look-ups may answer otherwise now.
func (b *bound) forget() { clear(b.known) }

func (b *bound) variable(r root) val {
	switch r {
	case rootAuth:
		return b.auth
	case rootRequest:
		return b.request
	case rootResource:
		return b.resource
	case rootNext:
		return b.next
	case rootInput:
		return b.input
	default:
	}
	return b.id
}

func (b *bound) start() {
	b.units, b.lookAt, b.since, b.late = 0, sliceUnits, time.Time{}, false
}

// judge is the reference semantics: a panic or a budget used up is fail. The
// documents passed checked.
func (b *bound) judge() (res truth) {
	defer func() {
		if recover() != nil {
			res = fail
		}
	}()
	b.start()
	res = b.rule.root.eval(b)
	if b.units > maxUnits {
		return fail
	}
	return res
}

// compute is the value of an expression that is no test.
func (b *bound) compute() (v val) {
	defer func() {
		if recover() != nil {
			v = val{}
		}
	}()
	b.start()
	v = b.rule.value.eval(b)
	if b.units > maxUnits {
		return val{}
	}
	return v
}

// spend counts steps; every 512 it looks at the clock. Below that only steps
// count, so that a busy machine does not deny what an idle one allows.
func (b *bound) spend(n int) bool {
	b.units += n
	return b.units < b.lookAt || b.within()
}

func (b *bound) within() bool {
	if b.since.IsZero() {
		b.since = time.Now()
	} else if time.Since(b.since) > maxWall {
		b.late = b.late || b.units <= maxUnits
		b.units = maxUnits + 1
	}
	if b.units > maxUnits {
		b.lookAt = 0 // stays over
		return false
	}
	b.lookAt = b.units + sliceUnits
	return true
}

// folded is a test as a filter: of where exactly the documents for which it is
// true, of !exact more than those.
type folded struct {
	where data.Where
	exact bool
	why   string // the first thing that could not be said
	key   string // canonical bytes of where
}

var (
	errTooLarge = errors.New("the rule makes too large a filter for this caller")
	errFailed   = errors.New("the rule failed")
)

// fold gives the filter of the documents for which the rule is true, or false.
func (b *bound) fold(want bool) (f folded, err error) {
	none := folded{where: data.Never(), exact: true}
	defer func() {
		if recover() != nil {
			f, err = none, errFailed
		}
	}()
	b.start()
	b.resource, b.next, b.input, b.id = val{}, val{}, val{}, val{}
	r := &rails{b: b, exact: true}
	where := b.rule.root.rail(r, want)
	if r.leaves > maxLeaves || b.units > maxUnits {
		return none, errTooLarge
	}
	return folded{where: where, exact: r.exact, why: r.why}, nil
}

// runCEL evaluates a part in cel-go. Its error, its cost limit and its panic
// are errors.
func (b *bound) runCEL(c celTerm) (v val) {
	defer func() {
		if recover() != nil {
			v = val{}
		}
	}()
	ctx := context.Background()
	if len(b.resource.B)+len(b.next.B)+len(b.input.B) > 4096 { // a step of cel-go may cost as much as the document is long
		if !b.within() {
			return val{}
		}
		var stop func()
		ctx, stop = context.WithDeadline(ctx, b.since.Add(maxWall))
		defer stop()
	}
	res, det, err := c.prog.ContextEval(ctx, celVars{b, c.vars})
	if ctx.Err() != nil {
		b.late = true
	}
	if cost := det.ActualCost(); cost != nil && !b.spend(int(min(*cost, maxUnits+1))) || err != nil {
		return val{}
	}
	return fromCEL(res)
}

type celVars struct {
	b    *bound
	vars map[string]*variable
}

func (a celVars) Parent() cel.Activation { return nil }

func (a celVars) ResolveName(name string) (any, bool) {
	if r, ok := roots[name]; ok {
		v := a.b.variable(r)
		return toCEL(v), !v.bad() || r.ground()
	}
	if name == bindingVar {
		return celBound{a.b}, true
	}
	if v := a.vars[name]; v != nil && !a.b.frames[v.slot].bad() {
		return toCEL(a.b.frames[v.slot]), true
	}
	return nil, false
}
