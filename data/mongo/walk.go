package mongo

import (
	"errors"
	"math"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// place is where a walk in order stands: behind a mark.
type place struct {
	mark  *data.Mark // nil: at the start
	group bool       // all documents with the mark's values are still to come
	past  bool       // none of them is
}

// step is a part of a walk: the documents that pass cond.
type step struct {
	cond  bson.Raw
	group bool // of equal values, by _id ascending
}

// walker yields the documents of a sorted access in the plan's order.
type walker struct {
	*run
	keys  []data.Order // of the order, up to _id
	at    place
	left  int // documents wanted; -1: all
	yield func(data.Doc) error
	pend  []data.Doc // of equal values in a walk from the end, ids descending
}

// mostPending is how many documents of equal values are turned round in memory.
const mostPending = 64

var errMoved = errors.New("the walk goes on from another place")

func newWalker(r *run, yield func(data.Doc) error) *walker {
	w := &walker{run: r, keys: r.p.OrderBy, at: place{mark: r.p.After}, left: -1, yield: yield}
	if r.p.Limit > 0 {
		w.left = r.p.Limit
	}
	for i, o := range w.keys {
		if o.Path == data.FieldID {
			w.keys = w.keys[:i]
			break
		}
	}
	return w
}

func (r *run) walk(yield func(data.Doc) error) error {
	w := newWalker(r, yield)
	for {
		err := w.steps()
		switch {
		case errors.Is(err, errMoved), errors.Is(err, errGone):
		case errors.Is(err, errStop) && w.left == 0:
			return nil
		default:
			return err
		}
	}
}

// steps walks from the place to the end.
func (w *walker) steps() error {
	for _, s := range w.parts() {
		if err := w.step(s); err != nil {
			return err
		}
	}
	return nil
}

// parts are the steps from the place on: what has the mark's values and a larger
// _id, then what is behind them in the last key of the order, and so on.
func (w *walker) parts() []step {
	m := w.at.mark
	if m == nil {
		return []step{{}}
	}
	if len(w.p.OrderBy) > 0 && len(w.keys) == 0 && w.p.OrderBy[0].Desc { // by -_id
		return []step{{cond: on(data.FieldID, object(operator("$lt", data.String(m.ID))))}}
	}
	var parts []step
	equal := make([]bson.Raw, len(w.keys))
	for i, o := range w.keys {
		equal[i] = at(o.Path, m.Values[i])
	}
	if !w.at.past {
		of := slices.Clone(equal)
		if !w.at.group {
			of = append(of, on(data.FieldID, object(operator("$gt", data.String(m.ID)))))
		}
		parts = append(parts, step{conjunction(of...), true})
	}
	for i, v := range slices.Backward(w.keys) {
		if b := beyond(v, m.Values[i]); b != nil {
			parts = append(parts, step{cond: conjunction(append(slices.Clone(equal[:i]), b)...)})
		}
	}
	return parts
}

// at passes what has the value v in an order. Null is also the place of what an
// array on the way hides from a query for null. An empty array has one of its own,
// below null, which no query can name.
func at(path string, v data.Value) bson.Raw {
	switch v.Type {
	case bson.TypeNull:
		nots := make([]bson.Raw, 0, len(least))
		for _, l := range least[1:] {
			nots = append(nots, on(path, object(inner("$not", object(operator("$gte", l))))))
		}
		return conjunction(nots...)
	case bson.TypeUndefined:
		return conjunction(on(path, object(operator("$eq", data.Array()))), on(path, object(operator("$size", data.Int(0)))))
	default:
		return on(path, object(operator("$eq", v)))
	}
}

// least is the smallest value of each type in order, but of arrays: a condition
// on them is met by the whole where the order looks at its element.
var least = []data.Value{
	data.Null(),
	data.Double(math.Inf(-1)),
	data.String(""),
	data.Object(data.NewDoc()),
	{Type: bson.TypeBinary, Value: make([]byte, 5)},
	{Type: bson.TypeObjectID, Value: make([]byte, 12)},
	data.Bool(false),
	{Type: bson.TypeDateTime, Value: []byte{0, 0, 0, 0, 0, 0, 0, 0x80}},
}

// beyond passes what comes behind v in the order of o, and some that comes before
// where arrays are: MongoDB compares within a type, so the types that come before
// are named. Missing fields pass a $not.
func beyond(o data.Order, v data.Value) bson.Raw {
	switch {
	case v.Type == bson.TypeUndefined && o.Desc:
		return nil // nothing is less
	case v.Type == bson.TypeUndefined:
		return on(o.Path, object(inner("$not", object(operator("$size", data.Int(0))))))
	case data.IsNull(v) && o.Desc:
		return at(o.Path, data.Value{Type: bson.TypeUndefined})
	}
	op := "$lte"
	if o.Desc {
		op = "$gte"
	}
	var nots []bson.Raw
	if v.Type != bson.TypeArray {
		nots = append(nots, on(o.Path, object(inner("$not", object(operator(op, v))))))
	}
	for i, l := range least {
		before := data.Compare(l, v) < 0
		own := v.Type != bson.TypeArray && (i+1 == len(least) || data.Compare(least[i+1], v) > 0)
		switch {
		case before && own: // of v's own type
		case before == o.Desc, data.Compare(l, v) == 0:
		case i == 0:
			nots = append(nots, on(o.Path, object(operator("$ne", l))))
		default:
			nots = append(nots, on(o.Path, object(inner("$not", object(operator("$gte", l))))))
		}
	}
	return conjunction(nots...)
}

// turned tells whether a step goes through an index from its end.
func (w *walker) turned(s step) bool { return w.a.Reverse && !s.group && w.a.Index != data.ByID }

// query is what a step asks the server.
func (w *walker) query(s step) query {
	back := w.a.Reverse && !s.group
	q := query{filter: conjunction(w.where, s.cond), sort: w.sort(back), hint: w.hint()}
	if w.left > 0 {
		q.first = max(w.left+1, 16)
		if w.whole {
			if q.limit = w.left; w.turned(s) {
				q.limit++ // shows that the last value's documents are complete
			}
			q.first = q.limit
		}
	}
	return q
}

// step runs one part.
func (w *walker) step(s step) error {
	q, turned := w.query(s), w.turned(s)
	n := 0
	var last data.Doc
	err := w.stream(q, func(raw bson.Raw) error {
		n++
		if turned {
			return w.turn(raw)
		}
		d, ok, err := w.examine(raw)
		if err != nil || !ok {
			return err
		}
		last = d
		return w.give(d)
	})
	cut := err == nil && q.limit > 0 && n >= q.limit
	switch {
	case cut && len(w.pend) > 0: // the last value may have more documents
		m := data.MarkOf(w.pend[0], w.p.OrderBy)
		w.at, err = place{mark: &m, group: true}, errMoved
	case cut: // some did not match here
		w.whole, err = w.whole && last != nil, errMoved
	case err == nil && turned:
		err = w.flush()
	}
	w.pend = w.pend[:0]
	if last != nil && (errors.Is(err, errGone) || errors.Is(err, errMoved)) {
		m := data.MarkOf(last, w.p.OrderBy)
		w.at = place{mark: &m}
	}
	return err
}

// give yields a document that is behind the mark.
func (w *walker) give(d data.Doc) error {
	if !w.behind(d) {
		return nil
	}
	if err := w.yield(d); err != nil {
		return err
	}
	if w.left > 0 {
		w.left--
	}
	if w.left == 0 {
		return errStop
	}
	return nil
}

// behind reports whether a document is behind the plan's mark and the place.
func (w *walker) behind(d data.Doc) bool {
	if m := w.p.After; m != nil && data.CompareToMark(d, *m, w.p.OrderBy) <= 0 {
		return false
	}
	m := w.at.mark
	if m == nil || m == w.p.After {
		return true
	}
	if !w.at.group && !w.at.past {
		return data.CompareToMark(d, *m, w.p.OrderBy) > 0
	}
	c := data.CompareToMark(d, data.Mark{Values: m.Values, ID: data.Text(data.Field(d, data.FieldID))}, w.keys)
	return c > 0 || c == 0 && w.at.group
}

// turn takes a document of a walk from the end: those of equal values come by
// _id descending and are yielded ascending, once the next value shows.
func (w *walker) turn(raw bson.Raw) error {
	d, ok := shown(raw)
	if ok && len(w.pend) > 0 && data.CanSort(d, w.keys) && !w.equal(d, w.pend[0]) {
		if err := w.flush(); err != nil {
			return err
		}
	}
	d, ok, err := w.examine(raw)
	if err != nil || !ok {
		return err
	}
	if len(w.pend) == mostPending {
		m := data.MarkOf(w.pend[0], w.p.OrderBy)
		w.at = place{mark: &m, group: true}
		return errMoved
	}
	w.pend = append(w.pend, slices.Clone(d))
	return nil
}

// flush yields the pending documents.
func (w *walker) flush() error {
	if len(w.pend) == 0 {
		return nil
	}
	m := data.MarkOf(w.pend[0], w.p.OrderBy)
	for _, d := range slices.Backward(w.pend) {
		if err := w.give(d); err != nil {
			return err
		}
	}
	w.at, w.pend = place{mark: &m, past: true}, w.pend[:0]
	return nil
}

// equal reports whether two documents have the same values in the order.
func (w *walker) equal(a, b data.Doc) bool {
	for _, o := range w.keys {
		if !data.Equal(data.SortValue(a, o), data.SortValue(b, o)) {
			return false
		}
	}
	return true
}
