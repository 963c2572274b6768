package rules

import (
	"encoding/binary"
	"errors"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

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
	s.look(target{done: true})
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
	f.key = filterKey(f.where)
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
	out.key = filterKey(out.where)
	b.reduced = out
	return &out.folded
}

// wider adds to the key of an inexact filter what else decides: the rest of the
// rule is judged document by document.
func (s *session) wider(b *bound, key string) []byte {
	k := append([]byte(key), 0)
	k = binary.AppendVarint(k, int64(b.rule.number))
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
