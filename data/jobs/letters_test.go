package jobs_test

import (
	"context"
	"errors"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data/jobs"
)

// TestDeadLettersAreFoundDiscardedAndDriven, and living jobs are left alone.
func TestDeadLettersAreFoundDiscardedAndDriven(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		n := c.node()
		w := n.pool(nil, func(w *worker) {
			w.Handle("doomed", func(context.Context, *jobs.Run) error { return jobs.Permanent(errors.New("never")) }, jobs.Options{})
		})
		ids := n.enqueue(jobs.Job{Kind: "doomed", Key: "a"}, jobs.Job{Kind: "doomed", Key: "b"}, jobs.Job{Kind: "later", Key: "a"})
		dead := func() int {
			es, err := w.List(t.Context(), jobs.Filter{Dead: true})
			check(t, err)
			return len(es)
		}
		await(t, "two are dead", func() bool { return dead() == 2 })
		if e, err := w.Letter(t.Context(), ids[0]); err != nil || e.ID != ids[0] || !e.Dead || e.Kind != "doomed" || e.Reason != "never" {
			t.Errorf("%+v %v", e, err)
		}
		for _, id := range []string{ids[2], "doomed~none", "", "~doomed~x"} {
			if _, err := w.Letter(t.Context(), id); hutch.CodeOf(err) != hutch.NotFound {
				t.Errorf("%q: %v", id, err)
			}
		}
		if k, err := w.Discard(t.Context(), ids[0], ids[2], "doomed~none"); k != 1 || err != nil || dead() != 1 {
			t.Error(k, err, dead())
		}
		if es, err := w.List(t.Context(), jobs.Filter{Kind: "later"}); len(es) != 1 || err != nil {
			t.Error(es, err)
		}
		if k, err := w.Redrive(t.Context(), ids[1], ids[2]); k != 1 || err != nil {
			t.Error(k, err)
		}
		await(t, "it has died again", func() bool {
			e, err := w.Letter(t.Context(), ids[1])
			return err == nil && e.Tries == 1
		})
	})
}
