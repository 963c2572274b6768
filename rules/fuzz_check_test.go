package rules

import (
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

func (s *subject) diffList(g *gen, b *bound, now time.Time, n *tally) string {
	f, err := b.fold(true)
	if err != nil {
		return err.Error()
	}
	ff, err := b.fold(false)
	if err != nil {
		return err.Error()
	}
	if !f.exact {
		n.inexact++
		if len(s.rule.inexact) == 0 && !valueDependent(f.why) {
			return "load took the filter for exact: " + f.why
		}
	} else if !always(f.where) && !f.where.IsNever() {
		n.nontrivial++
	}
	m, err := data.Compile(f.where)
	if err != nil {
		return err.Error()
	}
	mm, err := data.Compile(ff.where)
	if err != nil {
		return err.Error()
	}
	for range *nDocs {
		doc := g.doc()
		raw := must(bson.Marshal(doc))
		want, readable := s.ref.judge(s.src, s.world(now, doc, nil)), wellFormed(doc)
		n.count(want, readable)
		got := b.judged(raw, nil, doc[0].Value.(string))
		why := ""
		switch {
		case b.fetch.err != nil:
		case got != want:
			why = fmt.Sprintf("closure: %d", got)
		case readable:
			if why = disagree(want, f, ff, m.Match(raw), mm.Match(raw)); why == "" {
				why = g.diffReduced(f.where, raw, n)
			}
		}
		if why != "" {
			return fmt.Sprintf("want %d, %s\ndoc %s\nT %v\nF %v", want, why, show(doc), f.where, ff.where)
		}
	}
	return ""
}

func (s *subject) diffUpdate(g *gen, b *bound, now time.Time, n *tally) string {
	for range *nDocs {
		doc := g.doc()
		next := g.after(doc)
		want := s.ref.judge(s.src, s.world(now, doc, next))
		n.count(want, wellFormed(doc) && wellFormed(next))
		got := b.judged(must(bson.Marshal(doc)), must(bson.Marshal(next)), doc[0].Value.(string))
		if b.fetch.err == nil && got != want {
			return fmt.Sprintf("want %d, closure: %d\ndoc %s\nnext %s", want, got, show(doc), show(next))
		}
	}
	return ""
}

// disagree says how the filters of both rails differ from the reference for a
// document that matched (yes, no); empty when they do not.
func disagree(want truth, f, ff folded, yesMatch, noMatch bool) string {
	for _, c := range []struct {
		rail      string
		exact     bool
		got, want bool
	}{{"T", f.exact, yesMatch, want == yes}, {"F", ff.exact, noMatch, want == no}} {
		if c.exact && c.got != c.want || !c.exact && c.want && !c.got {
			return fmt.Sprintf("filter %s (exact %v): %v", c.rail, c.exact, c.got)
		}
	}
	return ""
}

// diffReduced: under a query's own equalities the reduced filter passes what
// the whole one does.
func (g *gen) diffReduced(w data.Where, raw bson.Raw, n *tally) string {
	var kids []data.Where
	for _, p := range []string{"a", "b", "c", "o.x", "_id"} {
		if !g.chance(40) {
			continue
		}
		v := data.Field(raw, p)
		if v.Type == bson.TypeArray && g.chance(50) {
			v = native(g.scalar()).raw()
		}
		if v.Type == 0 || v.Type == bson.TypeArray && len(v.Value) == 5 {
			continue
		}
		if v.Type == bson.TypeArray {
			for e := range data.Elements(v) {
				v = e
				break
			}
		}
		kids = append(kids, data.Where{Op: data.OpEq, Path: p, Value: v})
	}
	query := data.And(kids...)
	known := equalitiesOf(query, nil)
	m, err := data.Compile(query)
	if known == nil || err != nil || !m.Match(raw) {
		return ""
	}
	n.reduced++
	less := reduce(w, known)
	if must(data.Compile(w)).Match(raw) != must(data.Compile(less)).Match(raw) {
		return fmt.Sprintf("reduced by %v: %v", query, less)
	}
	return ""
}

// valueDependent: only the caller's values decide whether such filters are exact.
func valueDependent(why string) bool {
	for _, w := range []string{whyKey, whyWhole, whyString} {
		if len(why) > len(w) && why[len(why)-len(w):] == w {
			return true
		}
	}
	return false
}

func (n *tally) count(want truth, readable bool) {
	n.pairs++
	switch want {
	case yes:
		n.yes++
	case no:
		n.no++
	default:
		n.fail++
	}
	if !readable {
		n.foreign++
	}
}

func show(d any) string {
	b, err := bson.MarshalExtJSON(d, false, false)
	if err != nil {
		return fmt.Sprint(d)
	}
	return string(b)
}
