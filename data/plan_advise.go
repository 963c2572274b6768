package data

import (
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Advise is the index that would serve a query better than c's do, as it stands
// in the config: "{fields: [cat, -rank]}"; "" if none would. It puts equality
// first, then the order, then a range.
func Advise(c Collection, w Where, o []Order) string {
	a := Choose(c, w, o)
	if a.Narrowed && a.Sorted {
		return ""
	}
	var buf [16]*Where
	s := survey{leaves: flatten(buf[:0], &w), order: o}
	var fields []Order
	has := func(path string) bool {
		for _, f := range fields {
			if f.Path == path {
				return true
			}
		}
		return false
	}
	add := func(f Order) {
		if f.Path != FieldID && f.Path != "" && !has(f.Path) && len(fields) < maxIndexFields {
			fields = append(fields, f)
		}
	}
	for _, l := range s.leaves {
		if p := constrained(l); p != "" && s.constraint(p, false).points != nil {
			add(Order{Path: p})
		}
	}
	for _, f := range o {
		add(f)
	}
	if len(o) == 0 {
		for _, l := range s.leaves {
			p := constrained(l)
			if c := s.constraint(p, false); p != "" && c.bounded() {
				add(Order{Path: p})
				break
			}
		}
	}
	if len(fields) == 0 {
		return ""
	}
	better := Choose(Collection{Indexes: []Index{{Name: "advice", Fields: fields}}}, w, o)
	if better.Index == ByID {
		return ""
	}
	if better.Narrowed == a.Narrowed && better.Sorted == a.Sorted {
		return ""
	}
	var b strings.Builder
	b.WriteString("{fields: [")
	for i, f := range fields {
		if i > 0 {
			b.WriteString(", ")
		}
		if f.Desc {
			b.WriteByte('-')
		}
		b.WriteString(f.Path)
	}
	b.WriteString("]}")
	return b.String()
}

// constrained is the path that a condition bounds.
func constrained(w *Where) string {
	if w.Op != OpElem || len(w.Kids) != 1 {
		return w.Path
	}
	k := &w.Kids[0]
	switch {
	case k.Path != "":
		return w.Path + "." + k.Path
	case k.Op == OpEq || k.Op == OpIn || k.Value.Type != bson.Type(0):
		return w.Path
	}
	return ""
}
