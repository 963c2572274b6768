package storetest

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// env is one test's store and what makes its checks short.
type env struct {
	*testing.T
	o     Options
	s     data.Store
	fresh func(*testing.T) data.Store
}

// now is the clock of the suite's batches.
var now = time.Date(2026, 3, 4, 5, 6, 7, 8e6, time.UTC)

const patience = 30 * time.Second // a machine may be slow; nothing waits for it to pass

func (e *env) ctx() context.Context {
	ctx, cancel := context.WithTimeout(e.Context(), patience)
	e.Cleanup(cancel)
	return ctx
}

func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

// is checks the code of an error.
func (e *env) is(err error, want hutch.Code) {
	e.Helper()
	if hutch.CodeOf(err) != want {
		e.Fatalf("error %v, want code %q", err, want)
	}
}

// doc reads a document; id, if any, becomes its _id.
func (e *env) doc(id, js string) data.Doc {
	e.Helper()
	d, err := data.ParseJSON([]byte(js), 32)
	e.must(err)
	if id == "" {
		return d
	}
	return data.With(d, data.Elem{Name: data.FieldID, Value: data.String(id)})
}

func (e *env) where(js string) data.Where {
	e.Helper()
	w, err := data.ParseWhere(e.doc("", js), false)
	e.must(err)
	return w
}

// order reads "-price,name".
func order(text string) (o []data.Order) {
	for f := range strings.SplitSeq(text, ",") {
		if f != "" {
			o = append(o, data.Order{Path: strings.TrimPrefix(f, "-"), Desc: f[0] == '-'})
		}
	}
	return o
}

func index(fields string) data.Index { return data.Index{Name: fields, Fields: order(fields)} }

func unique(fields string) data.Index {
	return data.Index{Name: fields, Fields: order(fields), Unique: true}
}

// to is the Next that ignores what was stored.
func to(d data.Doc) func(data.Doc) (data.Doc, error) {
	return func(data.Doc) (data.Doc, error) { return d, nil }
}

// put replaces a document whatever is stored; an empty text deletes it.
func (e *env) put(coll, id, js string) data.Write {
	e.Helper()
	w := data.Write{Collection: coll, ID: id, Expect: data.AnyVersion, Next: to(nil)}
	if js != "" {
		w.Next = to(e.doc(id, js))
	}
	return w
}

func (e *env) create(coll, id, js string) data.Write {
	w := e.put(coll, id, js)
	w.Expect = 0
	return w
}

func (e *env) batch(ws ...data.Write) *data.Batch { return &data.Batch{Now: now, Writes: ws} }

// commit commits writes that must pass.
func (e *env) commit(ws ...data.Write) data.Result {
	e.Helper()
	r, err := e.s.Commit(e.ctx(), e.batch(ws...))
	e.must(err)
	return r
}

func (e *env) snapshot(atLeast data.Position) data.Snapshot {
	e.Helper()
	sn, err := e.s.Snapshot(e.ctx(), atLeast)
	e.must(err)
	e.Cleanup(sn.Close)
	return sn
}

// get reads a document now; nil when absent.
func (e *env) get(coll, id string) data.Doc {
	e.Helper()
	sn := e.snapshot("")
	defer sn.Close()
	d, err := sn.Get(e.ctx(), coll, id)
	e.must(err)
	return d
}

// find gives the ids of a plan's documents, joined by spaces.
func (e *env) find(p data.Plan) string {
	e.Helper()
	sn := e.snapshot("")
	defer sn.Close()
	ids, err := ids(e.ctx(), sn, &p)
	e.must(err)
	return strings.Join(ids, " ")
}

func ids(ctx context.Context, sn data.Snapshot, p *data.Plan) (ids []string, err error) {
	for d, err := range sn.Find(ctx, p) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, data.Text(data.Field(d, data.FieldID)))
	}
	return ids, nil
}

func (e *env) equal(got, want string) {
	e.Helper()
	if got != want {
		e.Fatalf("got  %s\nwant %s", got, want)
	}
}

func (e *env) configure(cs ...data.Collection) {
	e.Helper()
	e.must(e.s.Configure(e.ctx(), cs, true))
}

// json shows a document's own fields.
func (e *env) json(d data.Doc) string {
	e.Helper()
	if d == nil {
		return "absent"
	}
	b, err := data.AppendJSON(nil, data.Without(d, data.FieldVersion, data.FieldCreated, data.FieldUpdated))
	e.must(err)
	return string(b)
}

func version(d data.Doc) int64 {
	n, _ := data.Integer(data.Field(d, data.FieldVersion))
	return n
}

// follow reads commits behind a position until f says that it has enough.
func (e *env) follow(after data.Position, f func(data.Commit) bool) {
	e.Helper()
	for c, err := range e.s.Changes(e.ctx(), after) {
		e.must(err)
		if f(c) {
			return
		}
	}
	e.Fatal("the changes ended")
}

// random gives a source of randomness that HUTCH_SEED repeats.
func (e *env) random() *rand.Rand {
	seed := e.o.Seed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	if s := os.Getenv("HUTCH_SEED"); s != "" && e.o.Seed == 0 {
		n, err := strconv.ParseUint(s, 10, 64)
		e.must(err)
		seed = n
	}
	e.Cleanup(func() {
		if e.Failed() {
			e.Logf("repeat with HUTCH_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, seed))
}

// duration of random runs.
func (e *env) duration(short time.Duration) time.Duration {
	if s := os.Getenv("HUTCH_LONG"); s != "" {
		d, err := time.ParseDuration(s)
		e.must(err)
		return d
	}
	return short
}

// pick gives one of vs.
func pick[T any](r *rand.Rand, vs ...T) T { return vs[r.IntN(len(vs))] }
