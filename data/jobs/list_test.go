package jobs_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
)

// asked notes the queries of a pool.
type asked struct {
	data.System
	mu sync.Mutex // guards qs
	qs []data.Query
}

func (a *asked) Find(ctx context.Context, q data.Query) iter.Seq2[data.Doc, error] {
	a.mu.Lock()
	a.qs = append(a.qs, q)
	a.mu.Unlock()
	return a.System.Find(ctx, q)
}

// take gives the queries since the last call.
func (a *asked) take() []data.Query {
	a.mu.Lock()
	defer a.mu.Unlock()
	qs := a.qs
	a.qs = nil
	return qs
}

// backlog is a node with living jobs of some kinds, an order among them, and dead
// letters, and a pool that does none of them.
func (c *cluster) backlog(living, dead, kinds int) (*jobs.Pool, *asked) {
	c.t.Helper()
	n, start := c.node(), time.UnixMilli(1_760_000_000_000)
	commit := func(b *data.Batch) {
		if _, err := n.System("_jobs").Commit(c.t.Context(), b); err != nil {
			c.t.Fatal(err)
		}
	}
	for from := 0; from < living; from += 400 {
		b := &data.Batch{}
		for i := from; i < min(from+400, living); i++ {
			// At times that go through the kinds in turn; each is that of two jobs.
			j := jobs.Job{Kind: fmt.Sprintf("kind%02d", i%kinds), Key: fmt.Sprintf("%06d", i), At: start.Add(time.Duration(i/2) * time.Second), Payload: number(i)}
			if i%7 == 0 {
				j.Order = "one after the other"
			}
			b.Writes = append(b.Writes, jobs.Row(j))
		}
		commit(b)
	}
	for from := 0; from < dead; from += 400 {
		b := &data.Batch{}
		for i := from; i < min(from+400, dead); i++ {
			id, at := fmt.Sprintf("lost~%06d", i), data.Date(start.Add(time.Duration(i)*time.Second))
			d := data.NewDoc(data.Elem{Name: "_id", Value: data.String(id)}, data.Elem{Name: "kind", Value: data.String("lost")},
				data.Elem{Name: "queue", Value: data.String("dead letters")}, data.Elem{Name: "at", Value: at},
				data.Elem{Name: "dead", Value: data.Object(data.NewDoc(data.Elem{Name: "reason", Value: data.String(fmt.Sprint("no answer to ", i))}, data.Elem{Name: "at", Value: at}))})
			b.Writes = append(b.Writes, data.Write{Collection: "_jobs", ID: id, Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return d, nil }})
		}
		commit(b)
	}
	sys := &asked{System: n.System("_jobs")}
	return jobs.New(jobs.Config{System: sys, Feed: n.Feed()}), sys
}

// bounded reports queries that would examine more than a page: those that no index
// puts in their order, or without a limit.
func bounded(t *testing.T, qs []data.Query, most int) {
	t.Helper()
	var built []data.Built
	for _, ix := range jobs.Collections()[0].Indexes {
		built = append(built, data.Built{Index: ix})
	}
	n := 0
	for _, q := range qs {
		a := data.ChooseAmong(built, q.Where, q.OrderBy)
		if n += q.Limit; q.Limit <= 0 || !a.Sorted || a.Unindexed(q.Limit) {
			t.Errorf("by %s, sorted %v, of %d: %+v", a.Name, a.Sorted, q.Limit, q.Where)
		}
	}
	if n > most {
		t.Errorf("%d queries ask for %d documents", len(qs), n)
	}
}

// TestManyJobsAreCountedAndListedByIndex: of thousands no more than what is shown
// is read, on each store, and pages of all kinds are one list.
func TestManyJobsAreCountedAndListedByIndex(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		p, sys := c.backlog(3000, 1200, 5)
		for most, want := range map[int]string{1000: "{1000 1000 no answer to 1199}", 700: "{700 700 no answer to 1199}", 5000: "{3000 1200 no answer to 1199}"} {
			got, err := p.Count(t.Context(), most)
			if err != nil || fmt.Sprint(got) != want {
				t.Errorf("of %d: %v %v", most, got, err)
			}
			bounded(t, sys.take(), 6*most+7)
		}
		var ids []string
		var all []jobs.Entry
		for f := (jobs.Filter{Limit: 700}); ; {
			es, err := p.List(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			bounded(t, sys.take(), 5*700+7)
			for _, e := range es {
				ids = append(ids, e.ID)
			}
			if all = append(all, es...); len(es) < f.Limit {
				break
			}
			f.After = &es[len(es)-1]
		}
		if len(all) != 3000 || !slices.IsSortedFunc(all, func(a, b jobs.Entry) int {
			if n := a.At.Compare(b.At); n != 0 {
				return n
			}
			return strings.Compare(a.ID, b.ID)
		}) {
			t.Errorf("%d living jobs are listed, or not in their order", len(all))
		}
		slices.Sort(ids)
		if n := len(slices.Compact(ids)); n != 3000 {
			t.Errorf("%d different ones", n)
		}
		dead, err := p.List(t.Context(), jobs.Filter{Dead: true, Kind: "lost", Limit: 1000})
		if err != nil || len(dead) != 1000 || dead[0].ID != "lost~001199" || dead[0].Reason != "no answer to 1199" {
			t.Errorf("%d dead letters, %v", len(dead), err)
		}
	})
}

// TestNoJobs are none.
func TestNoJobs(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		p, _ := c.backlog(0, 0, 1)
		got, err := p.Count(t.Context(), 1000)
		if err != nil || got != (jobs.Counts{}) {
			t.Error(got, err)
		}
		if es, err := p.List(t.Context(), jobs.Filter{}); err != nil || len(es) != 0 {
			t.Error(es, err)
		}
	})
}

// BenchmarkOverview counts and lists a backlog as the overview does.
func BenchmarkOverview(b *testing.B) {
	for _, store := range []string{"embedded", "mongodb"} {
		b.Run(store, func(b *testing.B) {
			p, _ := stores[store](b).backlog(20_000, 2000, 8)
			b.Run("count", func(b *testing.B) {
				for b.Loop() {
					_, err := p.Count(b.Context(), 1000)
					check(b, err)
				}
			})
			b.Run("list", func(b *testing.B) {
				for b.Loop() {
					_, err := p.List(b.Context(), jobs.Filter{Limit: 51})
					check(b, err)
				}
			})
		})
	}
}
