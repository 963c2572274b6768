package rules

import (
	"encoding/binary"
	"errors"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// session is a Set bound to one principal and request.
type session struct {
	set    *Set
	p      hutch.Principal
	req    data.Request
	free   bool // rules do not bind the principal
	caller *caller
	fetch  fetcher
	own    []*bound // of rules that read the request or other documents
	judged target   // the write judged last
}

// target is a write, to tell the next one from a second look at the same.
type target struct {
	done     bool
	coll, id string
}

// Bind implements data.Guard.
func (s *Set) Bind(p hutch.Principal, r data.Request, l data.Lookup) data.Session {
	n := &session{set: s, p: p, req: r, free: p.Bypasses()}
	n.fetch.from = l
	if !n.free {
		n.caller = s.callers.of(&n.p, s.rules)
	}
	return n
}

func (s *session) denied() error { return data.Denied(s.p) }

// bound lends a binding of r; give takes it back.
func (s *session) bound(r *rule, op data.Op) *bound {
	if !r.request && !r.looksUp {
		if b := s.caller.idle[r.number].Swap(nil); b != nil {
			return b
		}
		return r.bind(s.caller.auth, val{}, nil)
	}
	for _, b := range s.own {
		if b.rule == r && b.op == op {
			if b.round != s.fetch.round {
				b.round = s.fetch.round
				b.forget()
			}
			return b
		}
	}
	b := r.bind(s.caller.auth, val{}, &s.fetch)
	if r.request {
		b.request = encodeRequest(op, &s.req)
	}
	b.op, b.round = op, s.fetch.round
	s.own = append(s.own, b)
	return b
}

func (s *session) give(b *bound) {
	if !b.rule.request && !b.rule.looksUp {
		b.resource, b.next, b.id = val{}, val{}, val{}
		clear(b.frames)
		s.caller.idle[b.rule.number].Store(b)
	}
}

// Filter implements data.Session.
func (s *session) Filter(op data.Op, coll string, where data.Where) (data.Filter, error) {
	if s.free {
		return data.Filter{Kind: data.FilterAlways, Exact: true}, nil
	}
	c := s.set.colls[coll]
	if c == nil || c.rules[ruleList] == nil {
		return data.Filter{}, s.denied()
	}
	r := c.rules[ruleList]
	if s.req.Live && (r.looksUp || r.timed) {
		return data.Filter{}, hutch.Errorf(hutch.Unimplemented, "live queries under a rule that looks up documents or reads request.time are not in this version")
	}
	s.another(target{coll: coll})
	b := s.bound(r, op)
	defer s.give(b)
	s.fetch.err = nil
	f, err := b.kept()
	switch {
	case s.fetch.err != nil:
		return data.Filter{}, s.fetch.err
	case err != nil:
		return data.Filter{}, s.failed(b, err)
	}
	if f.where.IsNever() {
		return data.Filter{}, s.denied()
	}
	return s.finish(b, f, c.scan, where)
}

// kept is the filter of a binding, made once.
func (b *bound) kept() (*folded, error) {
	if b.filter != nil && !b.rule.looksUp {
		return b.filter, nil
	}
	f, err := b.fold(true)
	if err != nil {
		return nil, err
	}
	f.key = string(appendKey(nil, f.where))
	b.filter = &f
	return b.filter, nil
}

// finish reduces the filter by the query's own equalities and names it.
func (s *session) finish(b *bound, f *folded, scan int, query data.Where) (data.Filter, error) {
	if known := equalitiesOf(query, nil); known != nil && known.names(f.where) {
		f = b.reduce(f, known)
	}
	out := data.Filter{Kind: data.FilterConditional, Where: f.where, Exact: f.exact, Key: f.key, Why: f.why}
	switch {
	case !out.Exact:
		out.Scan = scan
		out.Key = string(s.wider(b, out.Key))
	case always(out.Where):
		out.Kind = data.FilterAlways
	case out.Where.IsNever(): // nothing that the query asks for; the caller may list
	}
	return out, nil
}

// reduce gives the filter under the equalities, kept for the next query of that form.
func (b *bound) reduce(f *folded, known equalities) *folded {
	if r := &b.reduced; r.of == f && known.equal(r.under) {
		return &r.folded
	}
	out := reduced{of: f, under: known.clone(), folded: *f}
	out.where = reduce(f.where, known)
	out.key = string(appendKey(nil, out.where))
	b.reduced = out
	return &out.folded
}

// wider adds to the key of an inexact filter what else decides: the rest of the
// rule is judged document by document.
func (s *session) wider(b *bound, key string) []byte {
	k := append([]byte(key), 0)
	k = binary.AppendUvarint(k, uint64(b.rule.number))
	if s.p.Key == "" {
		s.p = s.p.Sealed()
	}
	k = appendText(k, s.p.Key)
	if b.rule.request {
		k = appendText(k, string(b.request.B))
	}
	if b.rule.looksUp {
		for _, d := range s.fetch.deps {
			k = appendText(appendText(k, d.Collection), d.ID)
			k = binary.AppendVarint(k, d.Version)
		}
	}
	return k
}

func (s *session) failed(b *bound, err error) error {
	switch {
	case b.late:
		return hutch.Errorf(hutch.Unavailable, "the rules took too long; try again")
	case errors.Is(err, errTooLarge):
		return hutch.Errorf(hutch.ResourceExhausted, "the rules make too large a filter for you")
	}
	return s.denied()
}

// Refer implements data.Session; there are no masks in this version.
func (s *session) Refer(string, []string) error { return nil }

// Mask implements data.Session; there are no masks in this version.
func (s *session) Mask(_ string, d data.Doc) data.Doc { return d }

// Deps implements data.Session. A document that an earlier write of the same
// commit wrote may be among them, with the version that write met.
func (s *session) Deps() []data.Dep { return s.fetch.deps }

// Check implements data.Session. resource is old; for OpCreate there is none.
// OpSet is OpCreate without old, else OpUpdate. Denials of every operation are
// unauthenticated or permission_denied: where a document may not be known to
// exist, the Service answers not_found instead.
func (s *session) Check(op data.Op, coll, id string, old, next data.Doc) error {
	if s.free {
		return nil
	}
	if op == data.OpSet {
		if op = data.OpUpdate; old == nil {
			op = data.OpCreate
		}
	}
	c, n := s.set.colls[coll], ruleOf(op)
	if c == nil || n < 0 || c.rules[n] == nil {
		return s.denied()
	}
	write := n >= ruleCreate
	if write {
		s.again(target{true, coll, id})
	} else {
		s.another(target{coll: coll, id: id})
	}
	switch op {
	case data.OpCreate:
		old = nil
	case data.OpUpdate:
		if old == nil || next == nil || !s.known(next) {
			return s.denied()
		}
	default:
		next = nil
	}
	if old != nil && !s.known(old) || op == data.OpCreate && !s.known(next) || old == nil && op != data.OpCreate {
		return s.denied()
	}
	if op == data.OpUpdate {
		if err := s.immutable(c, old, next); err != nil {
			return err
		}
	}
	return s.judge(c.rules[n], op, id, old, next)
}

func (s *session) judge(r *rule, op data.Op, id string, old, next data.Doc) error {
	if r.constant == yes {
		return nil
	}
	b := s.bound(r, op)
	defer s.give(b)
	b.resource, b.next = docVal(old), docVal(next)
	if r.readsID {
		b.id = vStr(id)
	}
	s.fetch.err = nil
	switch res := b.judge(); {
	case res == yes:
		return nil
	case s.fetch.err != nil:
		return s.fetch.err
	case b.late:
		return s.failed(b, nil)
	}
	return s.denied()
}

// another starts a new memory of look-ups if a write was judged before.
func (s *session) another(t target) {
	if s.judged.done {
		s.fetch.next()
		s.judged = t
	}
}

// again is another unless t was judged just now: a hook has edited it.
func (s *session) again(t target) {
	if s.judged.done && s.judged != t {
		s.fetch.next()
	}
	s.judged = t
}

// known checks a document unless its bytes were checked not long ago, for
// whomever.
func (s *session) known(d data.Doc) bool { return s.set.clean.known(d) }
