package jobs_test

import (
	"context"
	"errors"
	"testing"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
)

// TestS61DeadLettersGoWithThePerson at once, under each of his names; what still
// runs is done, and others' letters stay.
func TestS61DeadLettersGoWithThePerson(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		n := c.node()
		w := n.pool(nil, func(w *worker) {
			w.Handle("doomed", func(context.Context, *jobs.Run) error { return jobs.Permanent(errors.New("never")) }, jobs.Options{})
		})
		n.enqueue(
			jobs.Job{Kind: "doomed", About: "ann", Order: "o"}, jobs.Job{Kind: "doomed", About: "ann@"},
			jobs.Job{Kind: "doomed", About: "bob"}, jobs.Job{Kind: "doomed"},
		)
		dead := func() (about []string) {
			for _, d := range n.rows("_jobs") {
				if data.Field(d, "dead").Type != 0 {
					about = append(about, data.Text(data.Field(d, "about")))
				}
			}
			return about
		}
		await(t, "all are dead", func() bool { return len(dead()) == 4 })
		n.enqueue(jobs.Job{Kind: "later", About: "ann"})
		check(t, n.Erase(t.Context(), "ann", "ann@"))
		if got := dead(); len(got) != 2 || len(n.rows("_jobs")) != 3 {
			t.Errorf("left are letters about %q of %d rows", got, len(n.rows("_jobs")))
		}
		if es, err := w.List(t.Context(), jobs.Filter{Kind: "later"}); err != nil || len(es) != 1 {
			t.Errorf("the living job: %v %v", es, err)
		}
	})
}
