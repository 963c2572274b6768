package auth_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// memory is a data.System and Feed in memory whose feed tests can hold back.
type memory struct {
	mu    sync.Mutex // guards the rest
	moved *sync.Cond
	docs  map[string]map[string]data.Doc
	log   []data.Commit
	shown int // commits that the feed may show
	held  bool
	done  map[int]int // commits that each reader is through with
	names int
	gone  int // readers up to this name get ErrLogGone
	reads int
	fail  func(coll string) error // of commits

	mirror *mirror // a real store that must do the same; nil: none
	t      testing.TB
}

func newMemory() *memory {
	m := &memory{docs: map[string]map[string]data.Doc{}, done: map[int]int{}}
	m.moved = sync.NewCond(&m.mu)
	return m
}

func (m *memory) Get(ctx context.Context, coll, id string) (data.Doc, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if m.mirror != nil {
		if err := m.mirror.get(ctx, m, coll, id); err != nil && ctx.Err() == nil {
			m.t.Error(err)
		}
	}
	return m.docs[coll][id], nil
}

func (m *memory) Find(ctx context.Context, q data.Query) iter.Seq2[data.Doc, error] {
	return func(yield func(data.Doc, error) bool) {
		m.mu.Lock()
		docs := maps.Clone(m.docs[q.From])
		if m.mirror != nil {
			ids, err := m.mirror.find(ctx, q)
			m.mu.Unlock()
			if err != nil {
				yield(nil, err)
				return
			}
			for _, id := range ids {
				if !yield(docs[id], nil) {
					return
				}
			}
			return
		}
		m.mu.Unlock()
		n := 0
		ids := slices.Sorted(maps.Keys(docs))
		if len(q.OrderBy) > 0 && q.OrderBy[0].Desc {
			slices.Reverse(ids)
		}
		for _, id := range ids {
			if q.Where.Op == data.OpGt && id <= q.Where.Value.StringValue() || q.Where.Op == data.OpLt && id >= q.Where.Value.StringValue() {
				continue
			}
			if n++; q.Limit > 0 && n > q.Limit || !yield(docs[id], nil) {
				return
			}
		}
	}
}

func version(d data.Doc) int64 {
	if d == nil {
		return 0
	}
	return d.Lookup("_version").AsInt64()
}

func (m *memory) Commit(ctx context.Context, b *data.Batch) (data.Result, error) {
	if _, ok := ctx.Deadline(); !ok {
		return data.Result{}, fmt.Errorf("a commit without a deadline")
	}
	if err := ctx.Err(); err != nil {
		return data.Result{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range b.Writes {
		if m.fail == nil {
			break
		}
		if err := m.fail(b.Writes[i].Collection); err != nil {
			return data.Result{}, err
		}
	}
	all := slices.Clone(b.Writes)
	changes, err := m.evaluate(all)
	if err == nil && b.Derive != nil {
		var rows []data.Write
		var more []data.Change
		if rows, err = b.Derive(changes); err == nil {
			more, err = m.evaluate(rows)
		}
		changes, all = append(changes, more...), append(all, rows...)
	}
	if m.mirror != nil {
		if e := m.mirror.commit(ctx, b, all, m); hutch.CodeOf(e) != hutch.CodeOf(err) && ctx.Err() == nil {
			m.t.Errorf("a commit of %d writes ends with %v, in the test with %v", len(all), e, err)
		}
	}
	if err != nil {
		return data.Result{}, err
	}
	for _, ch := range changes {
		appendOnly(&ch, b.Now)
		if m.docs[ch.Collection] == nil {
			m.docs[ch.Collection] = map[string]data.Doc{}
		}
		if ch.After == nil {
			delete(m.docs[ch.Collection], ch.ID)
		} else {
			m.docs[ch.Collection][ch.ID] = ch.After
		}
	}
	m.append(data.Commit{At: b.Now, Changes: changes})
	return data.Result{Position: m.head(), Changes: changes}, nil
}

// evaluate gives what writes would change.
func (m *memory) evaluate(ws []data.Write) ([]data.Change, error) {
	var changes []data.Change
	for _, w := range ws {
		old := m.docs[w.Collection][w.ID]
		if w.Expect != data.AnyVersion && w.Expect != version(old) {
			if w.Expect == 0 {
				return nil, &hutch.Error{Code: hutch.AlreadyExists, Message: "taken"}
			}
			return nil, data.Lost(w.Collection, w.ID)
		}
		next, err := w.Next(old)
		if err != nil {
			return nil, err
		}
		if next == nil && old == nil {
			continue
		}
		ch := data.Change{Collection: w.Collection, ID: w.ID, Op: data.OpUpdate, Before: old, After: stamp(next, version(old)+1)}
		if next == nil {
			ch.Op = data.OpDelete
		} else if old == nil {
			ch.Op = data.OpCreate
		}
		changes = append(changes, ch)
	}
	return changes, nil
}

// put changes a document behind the back of the commits, nil deletes it; the
// caller holds the lock.
func (m *memory) put(coll, id string, d data.Doc) {
	if m.mirror != nil {
		if err := m.mirror.put(coll, id, d); err != nil {
			m.t.Error(err)
		}
	}
	if d == nil {
		delete(m.docs[coll], id)
		return
	}
	m.docs[coll][id] = d
}

func stamp(d data.Doc, version int64) data.Doc {
	if d == nil {
		return nil
	}
	var e bson.D
	if err := bson.Unmarshal(d, &e); err != nil {
		panic(err)
	}
	for _, f := range e {
		if f.Key == "_version" {
			panic("a document brings its version")
		}
	}
	out, err := bson.Marshal(append(e, bson.E{Key: "_version", Value: version}))
	if err != nil {
		panic(err)
	}
	return out
}

func (m *memory) append(c data.Commit) {
	c.Position = data.Position(fmt.Sprintf("%016x", len(m.log)+1))
	m.log = append(m.log, c)
	if !m.held {
		m.shown = len(m.log)
	}
	m.moved.Broadcast()
}

func (m *memory) head() data.Position { return data.Position(fmt.Sprintf("%016x", len(m.log))) }

func (m *memory) Head() data.Position {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.head()
}

func (m *memory) Read(ctx context.Context, after data.Position) iter.Seq2[data.Commit, error] {
	return func(yield func(data.Commit, error) bool) {
		stop := context.AfterFunc(ctx, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.moved.Broadcast()
		})
		defer stop()
		m.mu.Lock()
		defer m.mu.Unlock()
		at := 0
		if _, err := fmt.Sscanf(string(after), "%x", &at); err != nil && after != "" {
			yield(data.Commit{}, err)
			return
		}
		m.names++
		me := m.names
		m.done[me] = at
		defer delete(m.done, me)
		m.moved.Broadcast()
		for {
			for at >= m.shown && ctx.Err() == nil && me > m.gone {
				m.moved.Wait()
			}
			if err := ctx.Err(); err != nil || me <= m.gone {
				if err == nil {
					err = data.ErrLogGone
				}
				m.mu.Unlock()
				yield(data.Commit{}, err)
				m.mu.Lock()
				return
			}
			c := m.log[at]
			at++
			m.mu.Unlock()
			ok := yield(c, nil)
			m.mu.Lock()
			m.done[me] = at
			m.moved.Broadcast()
			if !ok {
				return
			}
		}
	}
}

// progress makes the feed speak without a change, and waits until it is heard.
func (m *memory) progress(t testing.TB, at time.Time) {
	t.Helper()
	m.mu.Lock()
	m.append(data.Commit{At: at})
	m.mu.Unlock()
	m.settle(t)
}

// settle waits until there is a reader of the feed and each is through with all
// that it may see.
func (m *memory) settle(t testing.TB) {
	t.Helper()
	late := false
	timer := time.AfterFunc(10*time.Second, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		late = true
		m.moved.Broadcast()
	})
	defer timer.Stop()
	m.mu.Lock()
	defer m.mu.Unlock()
	for !late && (len(m.done) == 0 || slices.Min(slices.Collect(maps.Values(m.done))) < m.shown) {
		m.moved.Wait()
	}
	if late {
		t.Fatal("the feed's readers do not get through")
	}
}

// lose ends what is read now with ErrLogGone; who reads anew begins at the head.
func (m *memory) lose() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone = m.names
	m.held, m.shown = false, len(m.log)
	m.moved.Broadcast()
}

// hold keeps the feed silent until release.
func (m *memory) hold() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = true
}

func (m *memory) release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held, m.shown = false, len(m.log)
	m.moved.Broadcast()
}

func (m *memory) count(coll string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.docs[coll])
}

// all is everything that is stored, in one text.
func (m *memory) all() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := ""
	for _, coll := range slices.Sorted(maps.Keys(m.docs)) {
		for _, id := range slices.Sorted(maps.Keys(m.docs[coll])) {
			d := m.docs[coll][id]
			s += coll + " " + id + " " + d.String() + "\n" + string(d) + "\n"
		}
	}
	return s
}

var _ data.System = (*memory)(nil)

// erase deletes a document as another node would.
func (b *bench) erase(coll, id string) error {
	return b.edit(coll, id, func(bson.M) bson.M { return nil })
}

// edit changes a stored document as another node would.
func (b *bench) edit(coll, id string, f func(bson.M) bson.M) error {
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	_, err := b.store.Commit(ctx, &data.Batch{Now: b.clock.Now(), Writes: []data.Write{{
		Collection: coll, ID: id, Expect: data.AnyVersion,
		Next: func(old data.Doc) (data.Doc, error) {
			var m bson.M
			if err := bson.Unmarshal(old, &m); err != nil {
				return nil, err
			}
			delete(m, "_version")
			if m = f(m); m == nil {
				return nil, nil
			}
			return bson.Marshal(m)
		},
	}}})
	return err
}

// setApp sets a user's app_metadata, which nothing of this version does.
func (b *bench) setApp(address, app string) {
	b.t.Helper()
	for id, d := range b.store.docs["_users"] {
		if d.Lookup("email").StringValue() == address {
			if err := b.edit("_users", id, func(m bson.M) bson.M { m["appMetadata"] = app; return m }); err != nil {
				b.t.Fatal(err)
			}
			return
		}
	}
	b.t.Fatal("no such user")
}

func withSealed(t *testing.T, d data.Doc, sealed bson.RawValue) data.Doc {
	t.Helper()
	var m bson.M
	if err := bson.Unmarshal(d, &m); err != nil {
		t.Fatal(err)
	}
	m["sealed"] = sealed
	out, err := bson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
