package rules

import (
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
	began  target   // what was read since; not done when that may be any
}

// target is a document, to tell the next write from a second look at the same.
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
		s.write(target{true, coll, id})
	} else {
		s.look(target{true, coll, id})
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

// look begins a read, or a write by reading what it replaces: with a memory of
// look-ups of its own if a write was judged before.
func (s *session) look(t target) {
	s.fetch.begin()
	s.fetch.writing = false
	if s.judged.done {
		s.fetch.forget()
	}
	s.judged, s.began = target{}, t
}

// prepare goes on with the write that look began, or begins one (created).
func (s *session) prepare(created bool) {
	if created || s.judged.done {
		s.look(target{})
	}
	s.began, s.fetch.writing = target{}, true
}

// write judges a write that was prepared or looked at, or one that a hook has
// edited since it was judged. Any other begins here.
func (s *session) write(t target) {
	if s.judged.done && s.judged != t || !s.judged.done && s.began.done && s.began != t {
		s.look(t)
	}
	s.judged, s.fetch.writing = t, true
}

// known checks a document unless its bytes were checked not long ago, for
// whomever.
func (s *session) known(d data.Doc) bool { return s.set.clean.known(d) }
