package rules

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Budgets of look-ups.
const (
	maxLookups  = 10  // distinct ones of a request or write
	sumLookups  = 100 // of the writes of a session
	maxLookupID = 256
	maxMemo     = 1000 // documents remembered
)

// getTerm is get('orgs', id).
type getTerm struct {
	coll string
	id   term
}

func (g *getTerm) eval(b *bound) val {
	if !b.spend(1) {
		return val{}
	}
	return b.getDoc(g.coll, g.id.eval(b))
}

// get is the document, an error where there is none.
func (b *bound) get(coll, id val) val {
	if coll.T != bson.TypeString {
		return val{}
	}
	return b.getDoc(string(coll.str()), id)
}

func (b *bound) getDoc(coll string, id val) val {
	v, _ := b.fetch.doc(coll, id)
	return v
}

// exists is whether there is such a document; only a string is an id.
func (b *bound) exists(coll, id val) val {
	if coll.T != bson.TypeString || id.bad() {
		return val{}
	}
	v, ok := b.fetch.doc(string(coll.str()), id)
	if !ok {
		return val{}
	}
	return vBool(!v.bad())
}

type docRef struct{ coll, id string }

// fetcher reads documents for the rules of one session and remembers them. A
// session judges writes one after another: what the one before wrote must be
// seen by the next, so that memory ends with a write.
type fetcher struct {
	from    data.Lookup
	memo    map[docRef]looked
	deps    []data.Dep
	err     error // why the last judgement could not be made
	round   int   // counts the times memo was dropped
	turn    int   // counts requests and writes
	used    int   // distinct documents of this turn
	writing bool
	total   int // read by writes
}

// looked is a document, zero when absent, and the turn that last used it.
type looked struct {
	v    val
	turn int
}

// forget drops what is remembered, for another write.
func (f *fetcher) forget() {
	if len(f.memo) > 0 {
		clear(f.memo)
		f.round++
	}
}

// begin starts the budget of another request or write.
func (f *fetcher) begin() { f.turn, f.used = f.turn+1, 0 }

// use counts a document against the budgets.
func (f *fetcher) use(read bool) bool {
	if f.used == maxLookups || read && f.writing && f.total == sumLookups {
		f.fail(hutch.Errorf(hutch.ResourceExhausted, "the rules look up more than %d documents", maxLookups))
		return false
	}
	f.used++
	if read && f.writing {
		f.total++
	}
	return true
}

// doc gives the document, the zero val if there is none. Not ok: the look-up
// failed, which is not the same.
func (f *fetcher) doc(coll string, id val) (v val, ok bool) {
	if id.bad() || f == nil || f.from == nil {
		return val{}, false
	}
	if id.T != bson.TypeString || len(id.B) > maxLookupID+5 || len(id.str()) == 0 {
		return val{}, true
	}
	ref := docRef{coll, string(id.str())}
	if l, have := f.memo[ref]; have {
		if l.turn != f.turn {
			if !f.use(false) {
				return val{}, false
			}
			f.memo[ref] = looked{l.v, f.turn}
		}
		return l.v, true
	}
	if !f.use(true) {
		return val{}, false
	}
	d, err := f.from.Get(ref.coll, ref.id, false)
	if err != nil {
		f.fail(err)
		return val{}, false
	}
	if d != nil {
		if !checked(d) {
			return val{}, false
		}
		d = append(data.Doc(nil), d...) // the store's bytes hold until its next step
		v = docVal(d)
	}
	if f.memo == nil {
		f.memo = make(map[docRef]looked, maxLookups)
	} else if len(f.memo) == maxMemo {
		clear(f.memo)
	}
	f.memo[ref] = looked{v, f.turn}
	f.depend(ref, d)
	return v, true
}

func (f *fetcher) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

func (f *fetcher) depend(ref docRef, d data.Doc) {
	dep := data.Dep{Collection: ref.coll, ID: ref.id}
	if d != nil {
		if v, ok, _ := lookup(d, data.FieldVersion); ok && (v.T == bson.TypeInt64 || v.T == bson.TypeInt32) {
			dep.Version = v.int64()
		}
	}
	for _, k := range f.deps {
		if k.Collection == dep.Collection && k.ID == dep.ID {
			return
		}
	}
	f.deps = append(f.deps, dep)
}
