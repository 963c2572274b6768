package data_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// each runs f n times at once and fails on the first error.
func each(t *testing.T, n int, f func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make(chan error, n)
	for i := range n {
		wg.Go(func() { errs <- f(i) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestOptimisticCallersAllSucceed(t *testing.T) {
	const callers = 200
	r := open(t)
	r.put(t, "stock", "x", `{"n":0}`)
	var runs atomic.Int64
	each(t, callers, func(int) error {
		ctx := as(t, ann)
		return r.Rerun(ctx, time.Second, func(ctx context.Context) error {
			runs.Add(1)
			tx, err := r.Begin(ctx, ann, data.Request{})
			if err != nil {
				return err
			}
			defer tx.Close()
			d, err := tx.Get(ctx, "stock", "x", data.ReadOptions{})
			if err != nil {
				return err
			}
			n, _ := data.Integer(data.Field(d, "n"))
			set := data.NewDoc(data.Elem{Name: "n", Value: data.Int(n + 1)})
			if _, _, err := tx.Write(ctx, data.Mutation{Op: data.OpUpdate, In: "stock", ID: "x", Data: set}); err != nil {
				return err
			}
			_, err = tx.Commit(ctx, nil)
			return err
		})
	})
	if got, want := r.stored(t, "stock", "x"), fmt.Sprintf(`{"n":%d}`, callers); got != want {
		t.Errorf("%s, want %s: an increment is lost", got, want)
	}
	if n := runs.Load(); n > 4*callers {
		t.Errorf("%d runs for %d callers: the queue does not keep turns", n, callers)
	} else {
		t.Logf("%d runs for %d callers", n, callers)
	}
}

func TestHotGuardedIncrementsNeedNoRerun(t *testing.T) {
	const writers, stock = 64, 50
	r := open(t)
	r.put(t, "stock", "x", fmt.Sprintf(`{"n":%d}`, stock))
	var sold, out atomic.Int64
	each(t, writers, func(int) error {
		runs := 0
		return r.Rerun(as(t, ann), time.Second, func(ctx context.Context) error {
			if runs++; runs > 1 {
				return fmt.Errorf("a guarded increment ran %d times", runs)
			}
			tx, err := r.Begin(ctx, ann, data.Request{})
			if err != nil {
				return err
			}
			defer tx.Close()
			if _, err := tx.Get(ctx, "stock", "x", data.ReadOptions{Untracked: true}); err != nil {
				return err
			}
			if _, _, err = tx.Write(ctx, data.Mutation{
				Op: data.OpUpdate, In: "stock", ID: "x", Data: js(t, `{"$inc":{"n":-1}}`),
				Precondition: data.Precondition{If: &data.Where{Op: data.OpGte, Path: "n", Value: data.Int(1)}},
			}); err != nil {
				return err
			}
			if _, _, err = tx.Write(ctx, data.Mutation{Op: data.OpCreate, In: "notes", Data: js(t, `{"of":"x"}`)}); err != nil {
				return err
			}
			_, err = tx.Commit(ctx, nil)
			if hutch.CodeOf(err) == hutch.FailedPrecondition {
				out.Add(1)
				return nil
			}
			sold.Add(1)
			return err
		})
	})
	page, err := r.Query(as(t, system), data.Query{From: "notes", Count: true}, data.Request{})
	if err != nil {
		t.Fatal(err)
	}
	if sold.Load() != stock || out.Load() != writers-stock || page.Count != stock {
		t.Errorf("%d sold, %d refused, %d orders", sold.Load(), out.Load(), page.Count)
	}
	if got := r.stored(t, "stock", "x"); got != `{"n":0}` {
		t.Error(got)
	}
}

func TestS8RulesJudgeTheVersionReplaced(t *testing.T) {
	r := open(t)
	r.put(t, "notes", "account", `{"owner":"ann","balance":10}`)
	var denied atomic.Int64
	each(t, 2, func(int) error {
		_, err := r.Write(as(t, ann), []data.Mutation{{Op: data.OpUpdate, In: "notes", ID: "account", Data: js(t, `{"$inc":{"balance":-10}}`)}}, data.WriteOptions{})
		if hutch.CodeOf(err) == hutch.PermissionDenied {
			denied.Add(1)
			return nil
		}
		return err
	})
	if denied.Load() != 1 || r.stored(t, "notes", "account") != `{"owner":"ann","balance":0}` {
		t.Errorf("%d denied, %s", denied.Load(), r.stored(t, "notes", "account"))
	}
}

func TestS8AWriteBetweenJudgementAndCommit(t *testing.T) {
	var meddle func()
	r := open(t, func(u *setup) {
		u.wrap = func(s data.Store) data.Store {
			return before{s, func() {
				f := meddle
				if meddle = nil; f != nil {
					f()
				}
			}}
		}
	})
	t.Run("changes the owner: the write is denied", func(t *testing.T) {
		r.put(t, "notes", "a", `{"owner":"ann","n":1}`)
		meddle = func() { r.put(t, "notes", "a", `{"owner":"bob","n":1}`) }
		_, err := r.Write(as(t, ann), []data.Mutation{{Op: data.OpUpdate, In: "notes", ID: "a", Data: js(t, `{"n":2}`)}}, data.WriteOptions{})
		if hutch.CodeOf(err) != hutch.PermissionDenied {
			t.Error(err)
		}
	})
	t.Run("changes what a rule looked up: the write is judged again", func(t *testing.T) {
		r.guard.lookups["notes"] = "door"
		defer delete(r.guard.lookups, "notes")
		r.put(t, "looked", "door", `{"open":true}`)
		meddle = func() { r.put(t, "looked", "door", `{"open":false}`) }
		_, err := r.Write(as(t, ann), []data.Mutation{{Op: data.OpCreate, In: "notes", ID: "late", Data: js(t, `{}`)}}, data.WriteOptions{})
		if hutch.CodeOf(err) != hutch.PermissionDenied {
			t.Error(err)
		}
		if got := r.stored(t, "notes", "late"); got != "" {
			t.Error(got)
		}
	})
}

// before is a store before whose commits something else happens.
type before struct {
	data.Store
	do func()
}

func (b before) Commit(ctx context.Context, batch *data.Batch) (data.Result, error) {
	b.do()
	return b.Store.Commit(ctx, batch)
}

func TestRerunEndsAtTheDeadline(t *testing.T) {
	r := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	err := r.Rerun(ctx, time.Second, func(context.Context) error {
		if runs++; runs == 5 {
			cancel()
		}
		return data.Lost("notes", "a")
	})
	if hutch.CodeOf(err) != hutch.Aborted || runs != 5 {
		t.Errorf("%v after %d runs", err, runs)
	}
}

func TestRerunLeavesOtherErrors(t *testing.T) {
	r := open(t)
	runs := 0
	err := r.Rerun(t.Context(), time.Second, func(context.Context) error {
		runs++
		return hutch.Errorf(hutch.Aborted, "no document is named")
	})
	if hutch.CodeOf(err) != hutch.Aborted || runs != 1 {
		t.Errorf("%v after %d runs", err, runs)
	}
}

func TestTurnsAreFirstInFirstOut(t *testing.T) {
	const callers = 20
	r := open(t)
	var mu sync.Mutex
	var order []int
	first := make(chan struct{})
	queued := make(chan int, 1)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			runs := 0
			err := r.Rerun(t.Context(), time.Minute, func(context.Context) error {
				if runs++; runs == 1 {
					if i > 0 {
						<-queued // the caller before is in the line, or about to be
					}
					return data.Lost("notes", "a")
				}
				if i == 0 {
					<-first
				}
				mu.Lock()
				defer mu.Unlock()
				order = append(order, i)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		if i > 0 {
			queued <- i
		}
		for deadline := time.Now().Add(10 * time.Second); r.Waiting("notes", "a") != i; {
			if time.Now().After(deadline) {
				t.Fatalf("caller %d does not wait", i)
			}
			time.Sleep(time.Millisecond)
		}
	}
	close(first)
	wg.Wait()
	for i := range order {
		if order[i] != i {
			t.Fatalf("turns came in the order %v", order)
		}
	}
}

func TestATurnIsLostAfterItsTime(t *testing.T) {
	r := open(t)
	held, free := make(chan struct{}), make(chan struct{})
	runs := 0
	done := make(chan error, 1)
	go func() {
		done <- r.Rerun(t.Context(), 20*time.Millisecond, func(context.Context) error {
			if runs++; runs == 1 {
				return data.Lost("notes", "a")
			}
			close(held)
			<-free // longer than the turn
			return nil
		})
	}()
	<-held
	runs2 := 0
	err := r.Rerun(as(t, ann), time.Second, func(context.Context) error {
		if runs2++; runs2 == 1 {
			return data.Lost("notes", "a")
		}
		return nil
	})
	close(free)
	if err := errors.Join(err, <-done); err != nil {
		t.Error(err)
	}
	if r.Waiting("notes", "a") != -1 {
		t.Error("the line is not gone")
	}
}

func TestWritersThatNeedNoRerunDoNotStarveOneThatDoes(t *testing.T) {
	r := open(t)
	r.put(t, "stock", "x", `{"n":1}`)
	late := make(chan error, 1)
	runs := 0
	err := r.Rerun(as(t, ann), time.Minute, func(ctx context.Context) error {
		runs++
		tx, err := r.Begin(ctx, ann, data.Request{})
		if err != nil {
			return err
		}
		defer tx.Close()
		if _, err := tx.Get(ctx, "stock", "x", data.ReadOptions{}); err != nil {
			return err
		}
		if _, _, err := tx.Write(ctx, data.Mutation{Op: data.OpUpdate, In: "stock", ID: "x", Data: js(t, `{"seen":true}`)}); err != nil {
			return err
		}
		if runs < 4 {
			r.put(t, "stock", "x", fmt.Sprintf(`{"n":%d}`, 1+runs))
		} else {
			go func() {
				_, err := r.Write(as(t, bob), []data.Mutation{{Op: data.OpUpdate, In: "stock", ID: "x", Data: js(t, `{"$inc":{"n":100}}`)}}, data.WriteOptions{})
				late <- err
			}()
			until(t, "the other writer", func() bool { return r.Waiting("stock", "x") == 1 })
		}
		_, err = tx.Commit(ctx, nil)
		return err
	})
	if err := errors.Join(err, <-late); err != nil || runs != 4 {
		t.Errorf("%v after %d runs", err, runs)
	}
	if got := r.stored(t, "stock", "x"); got != `{"n":104,"seen":true}` {
		t.Error(got)
	}
}

func TestRerunInARunThatHoldsATurnRunsOnce(t *testing.T) {
	r := open(t)
	outer, inner := 0, 0
	err := r.Rerun(as(t, ann), time.Second, func(ctx context.Context) error {
		if outer++; outer == 1 {
			return data.Lost("notes", "a")
		}
		inner = 0
		err := r.Rerun(ctx, time.Second, func(context.Context) error {
			inner++
			return data.Lost("notes", "a")
		})
		if outer == 2 {
			return err
		}
		return nil
	})
	if err != nil || outer != 3 || inner != 1 {
		t.Errorf("%v, %d outer, %d inner", err, outer, inner)
	}
}
