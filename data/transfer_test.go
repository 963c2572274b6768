package data_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// TestTransfersAddUp lets workers move money in every way a writer has, at once:
// nothing is lost or made, no account is overdrawn, and the change log replays
// to the same state. HUTCH_SEED repeats the choices, HUTCH_LONG lengthens the run.
func TestTransfersAddUp(t *testing.T) {
	const accounts, workers, each0 = 4, 12, 50
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("HUTCH_SEED"), 10, 64); err == nil {
		seed = s
	}
	rounds, end := 15, time.Now()
	if d, err := time.ParseDuration(os.Getenv("HUTCH_LONG")); err == nil {
		rounds, end = 0, end.Add(d)
	}
	h := &hooks{before: func(context.Context, *data.Tx, *data.Change) error { return nil }}
	r := open(t, withHooks(h))
	info, err := r.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	colls := []string{"stock", "notes"} // notes have hooks
	for i := range accounts {
		r.put(t, colls[i%2], fmt.Sprint("a", i), fmt.Sprintf(`{"n":%d}`, each0))
	}
	each(t, workers, func(w int) error {
		g := rand.New(rand.NewPCG(seed, uint64(w)))
		for n := 0; n < rounds || time.Now().Before(end); n++ {
			from, to := g.IntN(accounts), g.IntN(accounts)
			m := transfer{r, colls[from%2], fmt.Sprint("a", from), colls[to%2], fmt.Sprint("a", to), int64(g.IntN(20))}
			err := m.commit(as(t, ann))
			if g.IntN(2) == 0 {
				err = m.session(as(t, ann))
			}
			if err != nil && hutch.CodeOf(err) != hutch.FailedPrecondition {
				return fmt.Errorf("seed %d: %w", seed, err)
			}
		}
		return nil
	})
	total := int64(0)
	state := map[string]string{}
	for i := range accounts {
		doc := r.stored(t, colls[i%2], fmt.Sprint("a", i))
		n, _ := data.Integer(data.Field(js(t, doc), "n"))
		if total += n; n < 0 {
			t.Errorf("seed %d: account %d has %d", seed, i, n)
		}
		state[fmt.Sprint("a", i)] = doc
	}
	if total != accounts*each0 {
		t.Errorf("seed %d: %d in all, want %d", seed, total, accounts*each0)
	}
	if info, err = r.Info(t.Context()); err != nil {
		t.Fatal(err)
	}
	replay := map[string]string{}
	for c, err := range r.store.Changes(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		sum := int64(0)
		for _, ch := range c.Changes {
			if replay[ch.ID] != text(t, ch.Before) {
				t.Errorf("seed %d: %s: before %s was %s", seed, ch.ID, text(t, ch.Before), replay[ch.ID])
			}
			replay[ch.ID] = text(t, ch.After)
		}
		for _, doc := range replay {
			n, _ := data.Integer(data.Field(js(t, doc), "n"))
			sum += n
		}
		if len(replay) == accounts && sum != accounts*each0 {
			t.Fatalf("seed %d: at %s there are %d in all", seed, c.Position, sum)
		}
		if c.Position >= info.Head {
			break
		}
	}
	for id, doc := range state {
		if replay[id] != doc {
			t.Errorf("seed %d: %s is %s, by the log %s", seed, id, doc, replay[id])
		}
	}
}

type transfer struct {
	r            *room
	fromIn, from string
	toIn, to     string
	amount       int64
}

func inc(n int64) data.Doc {
	return data.NewDoc(data.Elem{Name: "$inc", Value: data.Object(data.NewDoc(data.Elem{Name: "n", Value: data.Int(n)}))})
}

// commit moves by guarded increments.
func (m transfer) commit(ctx context.Context) error {
	_, err := m.r.Write(ctx, []data.Mutation{
		{Op: data.OpUpdate, In: m.toIn, ID: m.to, Data: inc(m.amount)},
		{
			Op: data.OpUpdate, In: m.fromIn, ID: m.from, Data: inc(-m.amount),
			Precondition: data.Precondition{If: &data.Where{Op: data.OpGte, Path: "n", Value: data.Int(m.amount)}},
		},
	}, data.WriteOptions{Paths: true})
	return err
}

// session moves by what it has read.
func (m transfer) session(ctx context.Context) error {
	return m.r.Rerun(ctx, time.Second, func(ctx context.Context) error {
		tx, err := m.r.Begin(ctx, ann, data.Request{})
		if err != nil {
			return err
		}
		defer tx.Close()
		move := func(in, id string, by int64) error {
			d, err := tx.Get(ctx, in, id, data.ReadOptions{})
			if err != nil {
				return err
			}
			n, _ := data.Integer(data.Field(d, "n"))
			if n+by < 0 {
				return hutch.Errorf(hutch.FailedPrecondition, "overdrawn")
			}
			_, _, err = tx.Write(ctx, data.Mutation{Op: data.OpSet, In: in, ID: id, Data: data.NewDoc(data.Elem{Name: "n", Value: data.Int(n + by)})})
			return err
		}
		if err := move(m.toIn, m.to, m.amount); err != nil {
			return err
		}
		if err := move(m.fromIn, m.from, -m.amount); err != nil {
			return err
		}
		_, err = tx.Commit(ctx, nil)
		return err
	})
}
