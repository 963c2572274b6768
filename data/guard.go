package data

import (
	"context"
	"iter"
	"time"

	"github.com/hutch-dev/hutch"
)

// Guard says who may do what: rules.Set. A nil Guard denies everyone but
// principals that bypass rules.
type Guard interface {
	Bind(p hutch.Principal, r Request, l Lookup) Session
}

// Session is the rules bound to one principal and request. One goroutine at a
// time. For a principal that bypasses, Filter is Always, Check and Refer allow,
// Mask shows all, and Prepare applies only `default`.
type Session interface {
	// Filter is the rule for this caller as a filter, reduced by where's
	// equalities. Kind Never or no rule: unauthenticated for guests, else
	// permission_denied. Counts limits: resource_exhausted.
	Filter(op Op, coll string, where Where) (Filter, error)
	// Refer refuses paths that name a masked field, a parent or a child of one.
	Refer(coll string, paths []string) error
	// Prepare gives next with preset, default and what set keeps; it refuses
	// changes of write-masked and immutable fields. op is OpCreate, OpUpdate or
	// OpSet (old nil: its create branch). Counts limits.
	Prepare(op Op, coll string, old, next Doc) (Doc, error)
	// Check is the access rule of OpGet, OpCreate, OpUpdate or OpDelete, and
	// immutable; pure unless the rule looks up.
	Check(op Op, coll, id string, old, next Doc) error
	// Mask gives what the caller may see of d: d itself or a copy.
	Mask(coll string, d Doc) Doc
	// Deps is what look-ups read so far.
	Deps() []Dep
}

// Dep is a document that a look-up read; Version 0 = it was absent.
type Dep = Check

// Request is what rules see as `request`.
type Request struct {
	Op      Op
	Time    time.Time
	IP      string
	Limit   int
	OrderBy []Order
	Live    bool // a subscription: look-ups and request.time are refused (unimplemented)
}

// FilterKind says what a list rule folds to for a caller.
type FilterKind uint8

// The kinds; the zero value is Never.
const (
	FilterNever FilterKind = iota
	FilterAlways
	FilterConditional
)

// Filter is a list rule folded for one caller. Not Exact means Where passes
// more than the rule: each document must pass Session.Check(OpGet..) as OpList.
type Filter struct {
	Kind  FilterKind
	Where Where
	Exact bool
	Scan  int    // documents a page examines when not Exact; 0: 1,000
	Key   string // canonical bytes of folded rule, masks, look-ups with results
	Why   string // what could not be a filter, for operators
}

// Lookup reads documents for rules, without rules; it sees the writes before
// the one that is judged.
type Lookup interface {
	// Get gives nil when absent. after: the state that the whole commit leaves.
	Get(coll, id string, after bool) (Doc, error)
	Find(coll string, where Where, limit int) iter.Seq2[Doc, error]
	Count(coll string, where Where) (int64, error)
}

// RuleInfo is what the Service asks of a Guard about a collection to choose its
// way; rules.Set has it too.
type RuleInfo interface {
	// LooksUp reports whether judging op reads other documents; such writes
	// carry Expect and Checks instead of being judged again in the sequencer.
	LooksUp(op Op, coll string) bool
}

// Hooks are the app's functions around writes.
type Hooks interface {
	// Has reports whether Before has code for it.
	Has(op Op, coll string) bool
	// Before runs user code, no lock held; it may replace c.After or refuse. tx only reads.
	Before(ctx context.Context, tx *Tx, c *Change) error
	// After is pure; rows of _jobs.
	After(ctx context.Context, cs []Change) ([]Write, error)
}
