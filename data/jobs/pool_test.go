package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
)

func TestAJobIsDoneWithItsEffects(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		n := c.node()
		var runs list[string]
		w := n.pool(nil, func(w *worker) {
			w.Handle("add", func(ctx context.Context, r *jobs.Run) error {
				runs.add(fmt.Sprintf("%d %s %d %d", numberOf(r), r.Key, r.Try, r.Depth))
				return r.Commit(ctx, count("a"))
			}, jobs.Options{System: w.own})
		})
		n.enqueue(jobs.Job{Kind: "add", Payload: number(1), Key: "k", Depth: 3})
		n.none()
		if got := runs.all(); n.counted("a") != 1 || !slices.Equal(got, []string{"1 k 1 3"}) {
			t.Errorf("%d, runs %q", n.counted("a"), got)
		}
		// A row that is leased as it is written begins without a claim.
		row := w.Row(jobs.Job{Kind: "add", Payload: number(2)})
		if _, err := n.sys.Commit(t.Context(), &data.Batch{Writes: []data.Write{count("cause"), row}}); err != nil {
			t.Fatal(err)
		}
		n.none()
		if n.counted("a") != 2 || n.counted("cause") != 1 {
			t.Error(n.counted("a"), n.counted("cause"))
		}
	})
}

func TestARepeatedKeyIsOneJob(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		n := c.node()
		ids := n.enqueue(jobs.Job{Kind: "a", Key: "k", Payload: number(1)})
		again := n.enqueue(jobs.Job{Kind: "a", Key: "k", Payload: number(2)}, jobs.Job{Kind: "b", Key: "k"}, jobs.Job{Kind: "a", Key: "l"}, jobs.Job{Kind: "a"}, jobs.Job{Kind: "a"})
		if got := len(n.rows("_jobs")); got != 5 || ids[0] != again[0] {
			t.Errorf("%d rows, ids %q %q", got, ids, again)
		}
		d, err := n.System("_jobs").Get(t.Context(), "_jobs", ids[0])
		if i, _ := data.Integer(data.Field(d, "payload.i")); i != 1 || err != nil {
			t.Error(d, err)
		}
	})
}

func TestAJobIsThereExactlyIfItsCommitIs(t *testing.T) {
	n := embedded(t).node()
	refuse := errors.New("no")
	_, err := n.sys.Commit(t.Context(), &data.Batch{Writes: []data.Write{jobs.Row(jobs.Job{Kind: "a"}), {
		Collection: own, ID: "x", Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return nil, refuse },
	}}})
	if !errors.Is(err, refuse) || len(n.rows("_jobs")) != 0 {
		t.Error(err, n.rows("_jobs"))
	}
	_, err = n.sys.Commit(t.Context(), &data.Batch{Writes: []data.Write{count("x")}, Derive: func(cs []data.Change) ([]data.Write, error) {
		return []data.Write{jobs.Row(jobs.Job{Kind: "a", Key: cs[0].ID})}, nil
	}})
	if err != nil || len(n.rows("_jobs")) != 1 {
		t.Error(err, n.rows("_jobs"))
	}
}

func TestTries(t *testing.T) {
	clk, ticks := newClock(), make(chan time.Time)
	n := embedded(t).node()
	var tries atomic.Int64
	fail := errors.New("not today")
	w := n.pool(func(c *jobs.Config) { c.Now, c.Ticks = clk.now, ticks }, func(w *worker) {
		w.Handle("flaky", func(_ context.Context, r *jobs.Run) error {
			if got := tries.Add(1); int(got) != r.Try {
				t.Errorf("try %d is called %d", got, r.Try)
			}
			return fmt.Errorf("trying: %w", fail)
		}, jobs.Options{MaxTries: 5, Backoff: jobs.Backoff{Base: time.Second, Max: 4 * time.Second}})
		w.Handle("doomed", func(context.Context, *jobs.Run) error {
			return jobs.Permanent(hutch.Errorf(hutch.InvalidArgument, "never"))
		}, jobs.Options{})
		w.Handle("panics", func(context.Context, *jobs.Run) error { panic("oh") }, jobs.Options{MaxTries: 1})
	})
	id := n.enqueue(jobs.Job{Kind: "flaky", Key: "k", Order: "o", Payload: number(7)}, jobs.Job{Kind: "doomed"}, jobs.Job{Kind: "panics"})[0]
	for try := int64(1); try <= 5; try++ {
		await(t, fmt.Sprintf("try %d was settled", try), func() bool {
			es, err := w.List(t.Context(), jobs.Filter{Kind: "flaky", Dead: try == 5})
			return err == nil && tries.Load() == try && len(es) == 1 && !es[0].Running && es[0].Reason == "trying: not today" &&
				!es[0].At.After(clk.now().Add(min(time.Second<<(try-1), 4*time.Second)))
		})
		clk.advance(4 * time.Second)
		ticks <- clk.now()
	}
	await(t, "all are dead", func() bool { es, _ := w.List(t.Context(), jobs.Filter{Dead: true}); return len(es) == 3 })
	for kind, want := range map[string]jobs.Entry{
		"flaky":  {Tries: 5, Reason: "trying: not today"},
		"doomed": {Tries: 1, Reason: "invalid_argument: never"},
		"panics": {Tries: 1, Reason: "panic: oh"},
	} {
		es, err := w.List(t.Context(), jobs.Filter{Kind: kind, Dead: true})
		if err != nil || len(es) != 1 || es[0].Tries != want.Tries || es[0].Reason != want.Reason || !es[0].Dead || es[0].Running {
			t.Errorf("%s: %+v %v", kind, es, err)
		}
	}
	if es, err := w.List(t.Context(), jobs.Filter{}); len(es) != 0 || err != nil {
		t.Errorf("living %+v %v", es, err)
	}
	t.Run("a dead letter is driven again with all its tries", func(t *testing.T) {
		if k, err := w.Redrive(t.Context(), id, id, "flaky~none"); k != 1 || err != nil {
			t.Error(k, err)
		}
		tries.Store(0)
		clk.advance(time.Second)
		await(t, "it runs", func() bool {
			select {
			case ticks <- clk.now():
			default:
			}
			return tries.Load() == 1
		})
	})
	t.Run("dead letters go after 30 days", func(t *testing.T) {
		await(t, "the try was settled", func() bool {
			es, _ := w.List(t.Context(), jobs.Filter{Kind: "flaky"})
			return len(es) == 1 && !es[0].Running
		})
		if k, err := w.Drop(t.Context(), id); k != 1 || err != nil {
			t.Error(k, err)
		}
		clk.advance(30*24*time.Hour - time.Minute)
		ticks <- clk.now()
		ticks <- clk.now()
		if es, _ := w.List(t.Context(), jobs.Filter{Dead: true}); len(es) != 2 {
			t.Fatalf("%+v", es)
		}
		clk.advance(2 * time.Minute)
		ticks <- clk.now()
		await(t, "they are gone", func() bool { es, _ := w.List(t.Context(), jobs.Filter{Dead: true}); return len(es) == 0 })
	})
}

func TestPausesGrowAndAreRandom(t *testing.T) {
	b := jobs.Backoff{Base: time.Second, Max: time.Minute}
	for try, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1000: time.Minute} {
		if got := b.Pause(try, func(n int64) int64 { return n - 1 }); got != want {
			t.Errorf("try %d: at most %s, want %s", try, got, want)
		}
		if got := b.Pause(try, func(int64) int64 { return 0 }); got != 0 {
			t.Errorf("try %d: at least %s", try, got)
		}
	}
}

func TestLimitsOfJobs(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	payload := func(n int) data.Doc {
		d := data.NewDoc(data.Elem{Name: "s", Value: data.String("")})
		return data.NewDoc(data.Elem{Name: "s", Value: data.String(long(n - len(d)))})
	}
	n := embedded(t).node()
	for name, c := range map[string]struct {
		job   jobs.Job
		code  hutch.Code
		field string
	}{
		"the longest kind":        {job: jobs.Job{Kind: long(64)}},
		"a kind too long":         {jobs.Job{Kind: long(65)}, hutch.InvalidArgument, "kind"},
		"no kind":                 {jobs.Job{}, hutch.InvalidArgument, "kind"},
		"a kind with a separator": {jobs.Job{Kind: "a~b"}, hutch.InvalidArgument, "kind"},
		"the dead are no kind":    {jobs.Job{Kind: "dead letters"}, hutch.InvalidArgument, "kind"},
		"all letters of kinds":    {job: jobs.Job{Kind: "queue:Pay_ments.v-2"}},
		"the longest key":         {job: jobs.Job{Kind: long(64), Key: long(255)}},
		"a key too long":          {jobs.Job{Kind: "a", Key: long(256)}, hutch.InvalidArgument, "key"},
		"a key of no text":        {jobs.Job{Kind: "a", Key: "\xff"}, hutch.InvalidArgument, "key"},
		"the longest order":       {job: jobs.Job{Kind: long(64), Order: long(255)}},
		"the longest about":       {job: jobs.Job{Kind: "a", About: long(255)}},
		"about too long":          {jobs.Job{Kind: "a", About: long(256)}, hutch.InvalidArgument, "about"},
		"an order too long":       {jobs.Job{Kind: "a", Order: long(256)}, hutch.InvalidArgument, "order"},
		"the largest payload":     {job: jobs.Job{Kind: "a", Payload: payload(jobs.MaxPayload)}},
		"a payload too large":     {jobs.Job{Kind: "a", Payload: payload(jobs.MaxPayload + 1)}, hutch.PayloadTooLarge, ""},
		"a payload of no BSON":    {jobs.Job{Kind: "a", Payload: data.Doc("nonsense")}, hutch.InvalidArgument, ""},
		"the last hop":            {job: jobs.Job{Kind: "a", Depth: 8}},
		"a hop too many":          {jobs.Job{Kind: "a", Depth: 9}, hutch.FailedPrecondition, ""},
		"a hop below none":        {jobs.Job{Kind: "a", Depth: -1}, hutch.InvalidArgument, "depth"},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(n.rows("_jobs"))
			_, err := n.sys.Commit(t.Context(), &data.Batch{Writes: []data.Write{jobs.Row(c.job)}})
			if hutch.CodeOf(err) != c.code || c.field != "" && hutch.AsError(err).Field != c.field {
				t.Error(err)
			}
			if grown := len(n.rows("_jobs")) > before; grown != (c.code == "") {
				t.Errorf("a row more: %t", grown)
			}
		})
	}
}

func TestS83QueuesAreBounded(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		clk := newClock()
		n := c.node()
		p := jobs.New(jobs.Config{System: n.System("_jobs"), Now: clk.now, Queued: 3})
		for i := range 3 {
			if err := p.Full("a"); err != nil {
				t.Fatal(i, err)
			}
			n.enqueue(jobs.Job{Kind: "a"})
		}
		for range 2 {
			err := p.Full("a")
			if e := hutch.AsError(err); e == nil || e.Code != hutch.ResourceExhausted || e.Status() != 429 || e.RetryAfter <= 0 {
				t.Fatal(err)
			}
			clk.advance(2 * time.Second) // counted anew
		}
		if err := p.Full("b"); err != nil {
			t.Error("another kind:", err)
		}
		es, err := p.List(t.Context(), jobs.Filter{Kind: "a", Limit: 1})
		if err != nil || len(es) != 1 {
			t.Fatal(es, err)
		}
		if k, err := p.Drop(t.Context(), es[0].ID); k != 1 || err != nil {
			t.Error(k, err)
		}
		clk.advance(2 * time.Second)
		if err := p.Full("a"); err != nil {
			t.Error(err)
		}
		if err := p.Full("a"); hutch.CodeOf(err) != hutch.ResourceExhausted {
			t.Error("what was let in counts at once:", err)
		}
	})
}

func TestListPages(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		n := c.node()
		p := jobs.New(jobs.Config{System: n.System("_jobs")})
		at := time.UnixMilli(1_760_000_000_000).UTC()
		var want []string
		for i := range 7 {
			want = append(want, n.enqueue(jobs.Job{Kind: "a", At: at.Add(time.Duration(i/3) * time.Second)})...)
		}
		n.enqueue(jobs.Job{Kind: "b", At: at})
		var got []string
		for f := (jobs.Filter{Kind: "a", Limit: 2}); ; {
			es, err := p.List(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			if len(es) == 0 {
				break
			}
			for _, e := range es {
				got = append(got, e.ID)
			}
			f.After = &es[len(es)-1]
		}
		if slices.Sort(want[:3]); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if es, err := p.List(t.Context(), jobs.Filter{}); len(es) != 8 || err != nil {
			t.Error(len(es), err)
		}
	})
}
