package data

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// erasuresCollection keeps a mark for each person who was erased: {_id: whose id
// it was, at, open: the change log still holds images, also: what else names the
// person, while open}. Marks stay, so that what is restored from before can be
// erased again.
var erasuresCollection = Collection{Name: "_erasures", Indexes: []Index{
	{Name: "open", Fields: []Order{{Path: "open"}}},
}}

// eraseAfter is how long readers of the change log have for the commit that
// erases, before its images go.
const eraseAfter = 10 * time.Second

// Forgetter is a Store whose log can lose images: those of all commits, up to
// the newest at the call, with a change whose images hold one of texts. Who reads
// such a commit afterwards gets ErrLogGone. In another store images go with age.
type Forgetter interface {
	Forget(ctx context.Context, texts []string) error
}

// The fields of _jobs, which data/jobs writes, that tell whose a dead letter is.
const (
	jobAbout = "about"
	jobDead  = "dead"
)

// Erasure is the mark of a person; any System may commit it with the deletion
// of the account. also are other names of the person that jobs are about.
func (s *Service) Erasure(id string, now time.Time, also ...string) Write {
	names := make([]Value, len(also))
	for i, name := range also {
		names[i] = String(name)
	}
	mark := NewDoc(Elem{FieldID, String(id)}, Elem{"at", Date(now)}, Elem{"open", Bool(true)}, Elem{"also", Array(names...)})
	return Write{Collection: erasuresCollection.Name, ID: id, Expect: AnyVersion, Next: func(Doc) (Doc, error) { return mark, nil }}
}

// Erase deletes what is kept of a user's requests, here and by OnErase, and dead
// letters about him or another of his names; the images of his documents go from the change log within
// two minutes of the mark, by whichever node sweeps.
func (s *Service) Erase(ctx context.Context, id string, also ...string) error {
	return s.eraseAll(ctx, []person{{id, also}})
}

// person is one who was erased, and other names that jobs know them by.
type person struct {
	id   string
	also []string
}

// eraseAll is Erase of many: other rooms look through what they keep once for all.
func (s *Service) eraseAll(ctx context.Context, people []person) error {
	ids := make([]string, len(people))
	for i, p := range people {
		ids[i] = p.id
		mine := Where{Op: OpEq, Path: "owner", Value: String(hutch.User.String() + ":" + p.id)}
		if err := s.drain(ctx, onceCollection.Name, mine, []Order{{Path: "at"}}); err != nil {
			return err
		}
		for _, name := range append([]string{p.id}, p.also...) {
			about := And(Where{Op: OpEq, Path: jobAbout, Value: String(name)}, Where{Op: OpExists, Path: jobDead, Value: Bool(true)})
			if err := s.drain(ctx, jobsCollection, about, nil); err != nil {
				return err
			}
		}
	}
	if fs := s.erasers.Load(); fs != nil {
		for _, f := range *fs {
			if err := f(ctx, ids); err != nil {
				return err
			}
		}
	}
	return nil
}

// OnErase has f drop, with each Erase, what another room keeps of users; it is
// asked again with the marks. It is for the start, before anything is erased.
func (s *Service) OnErase(f func(ctx context.Context, ids []string) error) {
	var fs []func(context.Context, []string) error
	if old := s.erasers.Load(); old != nil {
		fs = *old
	}
	fs = append(slices.Clone(fs), f)
	s.erasers.Store(&fs)
}

// drain deletes what w finds.
func (s *Service) drain(ctx context.Context, coll string, w Where, order []Order) error {
	for {
		b, err := s.swept(ctx, coll, w, order, sweepBatch)
		if err != nil || len(b.Writes) == 0 {
			return err
		}
		if err := s.commitSweep(ctx, b); err != nil {
			return err
		}
	}
}

// sweepErasures drops the images of those whose marks are open, on one node of
// all; that marks are done tells the other nodes' feeds.
func (s *Service) sweepErasures(ctx context.Context, lease *Lease) error {
	for {
		if n, err := s.sweepErased(ctx, lease); err != nil || n < sweepBatch {
			return err
		}
	}
}

// sweepErased is sweepErasures of some; it gives of how many.
func (s *Service) sweepErased(ctx context.Context, lease *Lease) (int, error) {
	b, err := s.swept(ctx, erasuresCollection.Name, Where{Op: OpEq, Path: "open", Value: Bool(true)}, nil, sweepBatch)
	if err != nil || len(b.Writes) == 0 {
		return 0, err
	}
	if ok, err := lease.Acquire(ctx); err != nil || !ok {
		return 0, err
	}
	var people []person
	var ids []string
	due := &Batch{Now: s.now()}
	for _, w := range b.Writes {
		st := &state{s: s}
		mark, err := st.stored(ctx, w.Collection, w.ID)
		st.close()
		if err != nil {
			return 0, err
		}
		if at := Field(mark, "at"); at.Type != bson.TypeDateTime || s.now().Sub(at.Time()) < eraseAfter {
			continue
		}
		people, ids = append(people, person{w.ID, texts(Field(mark, "also"))}), append(ids, w.ID)
		done := NewDoc(Elem{FieldID, String(w.ID)}, Elem{"at", Field(mark, "at")})
		due.Writes = append(due.Writes, Write{
			Collection: w.Collection, ID: w.ID, Expect: versionOf(mark), Next: func(Doc) (Doc, error) { return done, nil },
		})
	}
	if len(people) == 0 {
		return 0, nil
	}
	if err := s.eraseAll(ctx, people); err != nil { // again: a request that ran beside the deletion left a record
		return 0, err
	}
	if f, ok := s.store.(Forgetter); ok {
		if err := f.Forget(ctx, ids); err != nil {
			return 0, err
		}
	}
	return len(people), s.commitSweep(ctx, due)
}

// forget cuts the ring behind the newest commit that holds an image of one who
// was erased; f.mu is held.
func (f *Feed) forget(c *Commit) {
	var ids [][]byte
	for i := range c.Changes {
		if ch := &c.Changes[i]; ch.Collection == erasuresCollection.Name && ch.Op == OpUpdate {
			ids = append(ids, []byte(ch.ID))
		}
	}
	if len(ids) == 0 {
		return
	}
	cut := 0
	for i := range f.ring {
		for j := range f.ring[i].Changes {
			ch := &f.ring[i].Changes[j]
			if !strings.HasPrefix(ch.Collection, erasuresCollection.Name) && (holdsAny(ch.Before, ids) || holdsAny(ch.After, ids)) {
				cut = i + 1
			}
		}
	}
	for i := range cut {
		f.from, f.bytes = f.ring[i].Position, f.bytes-f.sizes[i]
		f.ring[i] = Commit{} // readers hold copies; the images may go
	}
	f.ring, f.sizes = f.ring[cut:], f.sizes[cut:]
}

func texts(v Value) []string {
	a, ok := v.ArrayOK()
	if !ok {
		return nil
	}
	vs, err := a.Values()
	if err != nil {
		return nil
	}
	out := make([]string, len(vs))
	for i := range vs {
		out[i] = Text(vs[i])
	}
	return out
}

func holdsAny(d Doc, texts [][]byte) bool {
	for _, t := range texts {
		if bytes.Contains(d, t) {
			return true
		}
	}
	return false
}
