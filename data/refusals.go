package data

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Refusal is a query that examined too much, and the index that would help.
type Refusal struct {
	Collection string
	Advice     string // as in hutch.yaml; "" where no index would
	Count      int64
	At         time.Time // the last time
}

const mostRefusals = 32

// refusals remembers the latest ones, by collection and advice.
type refusals struct {
	mu   sync.Mutex // guards list
	list []Refusal
}

func (r *refusals) note(collection, advice string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.list, func(x Refusal) bool { return x.Collection == collection && x.Advice == advice })
	x := Refusal{Collection: collection, Advice: advice}
	if i >= 0 {
		x = r.list[i]
		r.list = slices.Delete(r.list, i, i+1)
	} else if len(r.list) == mostRefusals {
		r.list = slices.Delete(r.list, 0, 1)
	}
	x.Count, x.At = x.Count+1, at
	r.list = append(r.list, x)
}

// Refusals are the queries that this node refused since it started, but for those
// that an index serves by now and those of operators, the latest last.
func (s *Service) Refusals() []Refusal {
	s.refusals.mu.Lock()
	list := slices.Clone(s.refusals.list)
	s.refusals.mu.Unlock()
	return slices.DeleteFunc(list, func(r Refusal) bool {
		c, ok := s.app.Load().colls[r.Collection]
		return !ok || r.Advice != "" && c.serves(r.Advice)
	})
}

// serves reports whether an index stands as advised.
func (c *Collection) serves(advice string) bool {
	return slices.ContainsFunc(c.Indexes, func(x Index) bool {
		var fields []string
		for _, f := range x.Fields {
			name := f.Path
			if f.Desc {
				name = "-" + name
			}
			fields = append(fields, name)
		}
		return strings.Contains(advice, "["+strings.Join(fields, ", ")+"]")
	})
}
