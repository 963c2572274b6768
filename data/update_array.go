package data

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// reopened gives a copy of arr (nil: an empty one) without its end, and its length.
func reopened(arr []byte) (out []byte, n int) {
	if len(arr) == 0 {
		return startDoc(nil), 0
	}
	return append(make([]byte, 0, len(arr)+64), arr[:len(arr)-1]...), count(arr)
}

func pushed(arr []byte, each []Value) []byte {
	out, n := reopened(arr)
	for i, v := range each {
		out = appendIndexed(out, n+i, v)
	}
	return endDoc(out, 0)
}

// united adds the values that arr does not hold yet.
func united(arr []byte, each []Value) []byte {
	out, n := reopened(arr)
	held := newValueSet(arr, len(each))
	for _, v := range each {
		if held.add(v) {
			out = appendIndexed(out, n, v)
			n++
		}
	}
	return endDoc(out, 0)
}

// valueSet holds values by equality: by keys where many are looked up.
type valueSet struct {
	few  []Value
	keys map[string]struct{}
	buf  []byte
}

func newValueSet(arr []byte, lookups int) *valueSet {
	s := new(valueSet)
	if lookups > fewValues {
		s.keys = make(map[string]struct{})
	}
	if len(arr) > 0 {
		for e := walk(arr); e.next(); {
			if s.keys == nil {
				s.few = append(s.few, e.v)
			} else {
				s.add(e.v)
			}
		}
	}
	return s
}

// add reports whether v was new.
func (s *valueSet) add(v Value) bool {
	if s.keys == nil {
		for _, x := range s.few {
			if Equal(x, v) {
				return false
			}
		}
		s.few = append(s.few, v)
		return true
	}
	s.buf = AppendKey(s.buf[:0], v, false)
	if _, ok := s.keys[string(s.buf)]; ok {
		return false
	}
	s.keys[string(s.buf)] = struct{}{}
	return true
}

// pullFilter says which elements $pull takes out: those equal to a value, those
// that operators accept, or objects that a filter accepts.
type pullFilter struct {
	val     Value
	filter  *Matcher // nil: equality
	objects bool
}

func newPull(v Value) (*pullFilter, *hutch.Error) {
	if v.Type != bson.TypeEmbeddedDocument {
		return &pullFilter{val: v}, checkInside(v)
	}
	p := whereParser{client: true, element: true}
	var w Where
	isOps, err := operatorObject(v)
	f := &pullFilter{objects: !isOps}
	switch {
	case err != nil:
	case isOps:
		w, err = p.operators("", v.Value, 1)
	default:
		w, err = p.filter(v.Value, 1)
	}
	if err != nil {
		return nil, err
	}
	f.filter = new(Matcher)
	return f, compile(w, &f.filter.root, true, 0)
}

func (f *pullFilter) takes(v Value) bool {
	switch {
	case f.filter == nil:
		return Equal(v, f.val)
	case f.objects && v.Type != bson.TypeEmbeddedDocument:
		return false
	}
	return f.filter.matchElement(v)
}

func (f *pullFilter) remains(arr []byte) []byte {
	out, n := startDoc(make([]byte, 0, len(arr))), 0
	for e := walk(arr); e.next(); {
		if !f.takes(e.v) {
			out = appendIndexed(out, n, e.v)
			n++
		}
	}
	return endDoc(out, 0)
}
