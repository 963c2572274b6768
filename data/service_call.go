package data

import (
	"context"
	"iter"

	"github.com/hutch-dev/hutch"
)

// call is what one principal's part of a request runs under: the app as the
// request met it, the rules bound to the principal, and the state that rules,
// hooks and reads see.
type call struct {
	s    *Service
	app  *app
	p    hutch.Principal
	r    Request
	st   *state
	sess Session         // bound when first asked
	ctx  context.Context // of the operation that runs, for look-ups
}

func (s *Service) call(p hutch.Principal, r Request, st *state) *call {
	if r.Time.IsZero() {
		r.Time = s.now()
	}
	return &call{s: s, app: s.app.Load(), p: p, r: r, st: st}
}

// session gives the rules bound to the call.
func (c *call) session(ctx context.Context) Session {
	c.ctx = ctx
	switch {
	case c.sess != nil:
	case c.app.Guard == nil:
		c.sess = bare{c.p}
	default:
		c.sess = c.app.Guard.Bind(c.p, c.r, (*lookups)(c))
	}
	return c.sess
}

// coll gives a collection of the app, nil for any other name.
func (c *call) coll(name string) *Collection { return c.app.colls[name] }

// tells reports whether answers may say which collections exist.
func (c *call) tells() bool { return c.s.dev || c.p.Bypasses() }

// unknown answers a request that names no collection of the app: as one whose
// rules deny everything.
func (c *call) unknown(op Op, name string) *hutch.Error {
	switch {
	case c.tells():
		return noDocument().WithHint("There is no collection " + name + " in hutch.yaml.")
	case op == OpGet || op == OpUpdate || op == OpDelete:
		return noDocument()
	}
	return Denied(c.p)
}

// denied makes refusals of access equal in text, whoever wrote them: what a
// principal may not know must not show in the words.
func (c *call) denied(err error) error {
	e := hutch.AsError(err)
	if e == nil {
		return nil
	}
	if e.Field != "" || e.Code != hutch.PermissionDenied && e.Code != hutch.Unauthenticated {
		return e
	}
	d := Denied(c.p)
	if d.Err = e; c.s.dev {
		d.Hint = e.Hint
	}
	return d
}

// looks reports whether judging op reads other documents.
func (c *call) looks(op Op, coll string) bool {
	if c.app.Guard == nil || c.p.Bypasses() {
		return false
	}
	return c.app.info == nil || c.app.info.LooksUp(op, coll)
}

func (c *call) hooks(op Op, coll string) bool {
	return c.app.Hooks != nil && c.app.Hooks.Has(op, coll)
}

// readable reports whether the call may get d, a stored document. Errors are
// such that are no refusal.
func (c *call) readable(ctx context.Context, coll, id string, d Doc) (bool, error) {
	err := c.session(ctx).Check(OpGet, coll, id, d, nil)
	switch hutch.CodeOf(err) {
	case "":
		return true, nil
	case hutch.PermissionDenied, hutch.Unauthenticated, hutch.NotFound:
		return false, nil
	}
	return false, err
}

// lookups reads documents for rules, at the call's state and without rules.
type lookups call

func (l *lookups) Get(coll, id string, after bool) (Doc, error) {
	if after {
		return nil, hutch.Errorf(hutch.Unimplemented, "look-ups of the state after a commit are not in this version")
	}
	return l.st.read(l.ctx, coll, id)
}

func (l *lookups) Find(coll string, where Where, limit int) iter.Seq2[Doc, error] {
	return l.st.find(l.ctx, &Plan{Collection: coll, Where: where, Limit: limit, Budget: (*call)(l).budget()}, true)
}

func (l *lookups) Count(coll string, where Where) (int64, error) {
	n := int64(0)
	for _, err := range l.st.find(l.ctx, &Plan{Collection: coll, Where: where, Budget: (*call)(l).budget()}, false) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// budget is what one query of the call may examine.
func (c *call) budget() *Budget {
	l := &c.s.limits
	b := &Budget{MaxDocs: l.MaxScan, MaxBytes: l.ScanBytes, SortBytes: l.SortBytes}
	if c.p.IsGuest() {
		b.MaxDocs, b.MaxBytes = max(b.MaxDocs/10, 1), max(b.MaxBytes/10, 1)
	}
	return b
}

// bare is the session where there are no rules: it denies all but those whom
// rules do not bind.
type bare struct{ p hutch.Principal }

func (b bare) deny() error {
	if b.p.Bypasses() {
		return nil
	}
	return Denied(b.p)
}

func (b bare) Filter(Op, string, Where) (Filter, error) {
	if err := b.deny(); err != nil {
		return Filter{}, err
	}
	return Filter{Kind: FilterAlways, Exact: true}, nil
}
func (b bare) Refer(string, []string) error                  { return b.deny() }
func (b bare) Prepare(_ Op, _ string, _, d Doc) (Doc, error) { return d, b.deny() }
func (b bare) Check(Op, string, string, Doc, Doc) error      { return b.deny() }
func (b bare) Mask(_ string, d Doc) Doc                      { return d }
func (b bare) Deps() []Dep                                   { return nil }
