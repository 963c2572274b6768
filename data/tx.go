package data

import (
	"context"
	"strings"
	"sync"

	"github.com/hutch-dev/hutch"
)

// Tx is a session: one snapshot, one read set, one commit. It may be used by
// several goroutines, one after another.
type Tx struct {
	*txn
	c     *call // as whom
	admin *Tx
}

// txn is what the faces of a session share.
type txn struct {
	mu       sync.Mutex
	s        *Service
	base     *call
	st       *state
	steps    []*step // guarded by mu
	size     int64   // guarded by mu; bytes of the steps
	closed   bool    // guarded by mu
	join     []Write // guarded by mu; of rooms
	also     []Check // guarded by mu
	readonly bool    // a hook's: the commit it runs in owns the state
}

// ReadOptions of Tx reads.
type ReadOptions struct {
	Untracked bool // not validated at the commit
	Lock      bool // validated against write skew too (Check.Lock); of Get
}

// Begin opens a session as a principal at a snapshot taken now.
func (s *Service) Begin(ctx context.Context, as hutch.Principal, r Request) (*Tx, error) {
	st := &state{s: s}
	if _, err := st.snapshot(ctx); err != nil {
		return nil, err
	}
	c := s.call(as, r, st)
	return newTx(&txn{s: s, base: c, st: st}, c), nil
}

func newTx(n *txn, c *call) *Tx {
	admin := *c
	admin.p, admin.sess = systemPrincipal, nil
	t := &Tx{txn: n, c: c}
	t.admin = &Tx{txn: n, c: &admin}
	t.admin.admin = t.admin
	return t
}

var systemPrincipal = hutch.Principal{Kind: hutch.System}.Sealed()

// hookTx is the session that a before-hook reads with: the state of the commit
// that the hook is part of, as whose request that is.
func (st *state) hookTx() *Tx {
	own := *st.base
	own.st, own.sess = st, nil
	return newTx(&txn{s: st.s, base: &own, st: st, readonly: true}, &own)
}

// Request is what rules see of the request that the session belongs to.
func (t *Tx) Request() Request { return t.base.r }

// Principal is whom the session, or this face of it, acts as.
func (t *Tx) Principal() hutch.Principal { return t.c.p }

// Admin is the same session without rules.
func (t *Tx) Admin() *Tx { return t.admin }

// Close gives the snapshot back; without Commit nothing was written.
func (t *Tx) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.close()
}

func (n *txn) close() {
	if !n.closed && !n.readonly {
		n.st.close()
	}
	n.closed = true
}

func (n *txn) open() error {
	if n.closed {
		return hutch.Errorf(hutch.FailedPrecondition, "the session is over")
	}
	return nil
}

// Get gives the document as the principal may see it, or nil; it sees the
// session's own writes and records (id, version or absent).
func (t *Tx) Get(ctx context.Context, coll, id string, o ReadOptions) (Doc, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.open(); err != nil {
		return nil, err
	}
	if err := ValidID(id); err != nil {
		return nil, err
	}
	if t.c.coll(coll) == nil {
		if t.c.tells() {
			return nil, t.c.unknown(OpGet, coll)
		}
		return nil, nil
	}
	if err := t.s.tell(ctx, &t.c.p, coll); err != nil {
		return nil, err
	}
	d, err := t.own(ctx, coll, id, o)
	if err != nil || d == nil {
		return nil, err
	}
	if ok, err := t.c.readable(ctx, coll, id, d); err != nil || !ok {
		return nil, err
	}
	return t.c.session(ctx).Mask(coll, d), nil
}

// own gives the document as the session's buffered writes leave it.
func (t *Tx) own(ctx context.Context, coll, id string, o ReadOptions) (Doc, error) {
	var stored Doc
	var err error
	if o.Untracked && (t.st.unit(coll, id) == nil) {
		stored, err = t.st.stored(ctx, coll, id)
	} else {
		stored, err = t.st.read(ctx, coll, id)
	}
	if err != nil {
		return nil, err
	}
	if o.Lock && stored != nil {
		t.st.lock(coll, id)
	}
	d := stored
	for _, st := range t.steps {
		if st.id != id || st.coll != coll {
			continue
		}
		switch st.op {
		case OpCreate, OpSet:
			d = st.data
		case OpDelete:
			d = nil
		case OpUpdate:
			if d == nil {
				continue // the commit will say not_found
			}
			if d, err = st.update.Apply(withID(id, d), st.c.r.Time.UnixMilli()); err != nil {
				return nil, err
			}
		}
		d = stamped(d, stored, st.c.r.Time)
	}
	return d, nil
}

// Find runs a query on the snapshot and records each document returned.
func (t *Tx) Find(ctx context.Context, q Query, o ReadOptions) (*Page, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.open(); err != nil {
		return nil, err
	}
	return t.c.query(ctx, q, !o.Untracked)
}

// Write buffers a mutation and gives its id; it is judged at the commit. A
// created document comes with preset and default values.
func (t *Tx) Write(ctx context.Context, m Mutation) (id string, doc Doc, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.open(); err != nil {
		return "", nil, err
	}
	if t.readonly {
		return "", nil, hutch.Errorf(hutch.FailedPrecondition, "a before-hook reads, it does not write")
	}
	l := &t.s.limits
	if len(t.steps) >= l.CommitWrites {
		return "", nil, hutch.Errorf(hutch.ResourceExhausted, "a session has at most %d writes", l.CommitWrites)
	}
	if t.size += int64(len(m.Data)); t.size > l.CommitBytes {
		return "", nil, hutch.Errorf(hutch.ResourceExhausted, "the writes of a session are larger than %d bytes", l.CommitBytes)
	}
	st, err := t.c.newStep(&m, false)
	if err != nil {
		return "", nil, err
	}
	st.n = len(t.steps)
	t.steps = append(t.steps, st)
	if st.op != OpCreate || !st.known {
		return st.id, nil, nil
	}
	d, err := t.c.session(ctx).Prepare(OpCreate, st.coll, nil, st.data)
	if err != nil { // refused at the commit
		return st.id, st.data, nil
	}
	return st.id, d, nil
}

// Join adds what a room writes, and what it has read for that, to the commit:
// rows of system collections and what Service.Patch gives, which no rule judges
// and which the session does not see. They have one write a document, and come
// behind those of the session.
func (t *Tx) Join(ws []Write, cs []Check) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.open(); err != nil {
		return err
	}
	if t.readonly {
		return hutch.Errorf(hutch.FailedPrecondition, "a before-hook reads, it does not write")
	}
	if err := joinable(ws); err != nil {
		return err
	}
	t.join, t.also = append(t.join, ws...), append(t.also, cs...)
	return nil
}

// Commit judges and commits what was buffered. aborted: something read has
// changed; the caller reruns from Begin (see Service.Rerun). The session is over
// after it. Without writes and key nothing is validated: a snapshot is consistent.
func (t *Tx) Commit(ctx context.Context, once *Once) (*Outcome, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.open(); err != nil {
		return nil, err
	}
	if t.readonly {
		return nil, hutch.Errorf(hutch.FailedPrecondition, "a before-hook does not commit")
	}
	defer t.close()
	ctx, cancel := deadline(ctx)
	defer cancel()
	if once != nil && !once.held {
		out, release, err := t.s.Replay(ctx, once)
		defer release()
		if out != nil || err != nil {
			return out, err
		}
	}
	out, err := t.s.commit(ctx, t.st, t.steps, commitOptions{base: t.base, once: once, join: t.join, also: t.also})
	if err != nil {
		return t.s.otherwise(ctx, once, err)
	}
	return out, nil
}

// joinable refuses writes that no room has.
func joinable(ws []Write) error {
	for i := range ws {
		if !strings.HasPrefix(ws[i].Collection, "_") && !ws[i].patch {
			return hutch.Errorf(hutch.Internal, "collection %s is the app's own", ws[i].Collection)
		}
	}
	return nil
}
