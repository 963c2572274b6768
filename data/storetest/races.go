package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

var races = []test{
	{"64 writers on one document lose no increment", func(e *env) {
		const writers, each = 64, 25
		e.commit(e.put("pets", "hot", `{"n":0}`))
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range each {
					if _, err := e.s.Commit(e.ctx(), e.batch(add("pets", "hot", 1))); err != nil {
						e.Error(err)
					}
				}
			})
		}
		wg.Wait()
		e.equal(e.json(e.get("pets", "hot")), fmt.Sprintf(`{"_id":"hot","n":%d}`, writers*each))
		n := 0
		e.follow("", func(c data.Commit) bool {
			for _, x := range c.Changes {
				was, _ := data.Integer(data.Field(x.Before, "n"))
				is, _ := data.Integer(data.Field(x.After, "n"))
				if x.Before != nil {
					n += int(is - was)
				}
			}
			return n == writers*each
		})
	}},
	{"a guard in Next sells exactly what there is", func(e *env) {
		e.commit(e.put("pets", "stock", `{"n":50}`))
		var sold, refused atomic.Int64
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				buy := data.Write{Collection: "pets", ID: "stock", Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
					n, _ := data.Integer(data.Field(old, "n"))
					if n == 0 {
						return nil, &hutch.Error{Code: hutch.FailedPrecondition, Reason: hutch.ReasonGuard}
					}
					return data.With(old, data.Elem{Name: "n", Value: data.Int(n - 1)}), nil
				}}
				_, err := e.s.Commit(e.ctx(), e.batch(buy, e.create("orders", fmt.Sprint(i), `{}`)))
				switch hutch.CodeOf(err) {
				case "":
					sold.Add(1)
				case hutch.FailedPrecondition:
					refused.Add(1)
				default:
					e.Error(err)
				}
			})
		}
		wg.Wait()
		n, err := e.snapshot("").Count(e.ctx(), &data.Plan{Collection: "orders"})
		e.must(err)
		if sold.Load() != 50 || refused.Load() != 150 || n != 50 {
			e.Errorf("%d sold, %d refused, %d orders", sold.Load(), refused.Load(), n)
		}
	}},
	{"of many creates of one id or unique value one wins", func(e *env) {
		e.uniquePets("chip")
		for round := range 5 {
			var won atomic.Int64
			var wg sync.WaitGroup
			for i := range 16 {
				wg.Go(func() {
					w := e.create("pets", fmt.Sprint("r", round), `{}`)
					if i%2 == 1 {
						w = e.create("pets", fmt.Sprint("u", round, "-", i), fmt.Sprintf(`{"chip":%d}`, round))
					}
					_, err := e.s.Commit(e.ctx(), e.batch(w))
					switch hutch.CodeOf(err) {
					case "":
						won.Add(1)
					case hutch.AlreadyExists:
					default:
						e.Error(err)
					}
				})
			}
			wg.Wait()
			if won.Load() != 2 {
				e.Errorf("%d winners", won.Load())
			}
		}
	}},
	{"transfers under Expect and Checks keep the sum, and nobody sees a half", func(e *env) {
		const accounts, workers, each = 6, 8, 40
		for i := range accounts {
			e.commit(e.put("bank", fmt.Sprint(i), `{"n":100}`))
		}
		transfer := func(from, to string) error {
			sn, err := e.s.Snapshot(e.ctx(), "")
			if err != nil {
				return err
			}
			defer sn.Close()
			a, err := sn.Get(e.ctx(), "bank", from)
			if err != nil {
				return err
			}
			b, err := sn.Get(e.ctx(), "bank", to)
			if err != nil {
				return err
			}
			take, give := add("bank", from, -1), add("bank", to, 1)
			take.Expect, give.Expect = version(a), version(b)
			_, err = e.s.Commit(e.ctx(), e.batch(take, give))
			return err
		}
		var wg sync.WaitGroup
		var stop atomic.Bool
		for w := range workers {
			wg.Go(func() {
				for i := range each {
					for {
						err := transfer(fmt.Sprint((w+i)%accounts), fmt.Sprint((w+2*i+1)%accounts))
						if hutch.CodeOf(err) == hutch.Aborted {
							continue
						}
						if err != nil {
							e.Error(err)
						}
						break
					}
				}
			})
		}
		sum := func() (n int64) {
			sn := e.snapshot("")
			defer sn.Close()
			for d, err := range sn.Find(e.ctx(), &data.Plan{Collection: "bank"}) {
				e.must(err)
				v, _ := data.Integer(data.Field(d, "n"))
				n += v
			}
			return n
		}
		var watch sync.WaitGroup
		watch.Go(func() {
			for !stop.Load() {
				if n := sum(); n != accounts*100 {
					e.Errorf("the sum is %d", n)
				}
			}
		})
		wg.Wait()
		stop.Store(true)
		watch.Wait()
		if n := sum(); n != accounts*100 {
			e.Errorf("the sum is %d", n)
		}
	}},
	{"checks exclude write skew", func(e *env) { e.duty(false) }},
	{"locked checks exclude write skew", func(e *env) {
		e.duty(true)
		e.equal(e.json(e.get("duty", "rest")), `{"_id":"rest","on":true}`)
		n := 0
		e.follow("", func(c data.Commit) bool { // holding a document is no change of it
			for _, x := range c.Changes {
				if x.Op == data.OpUpdate {
					n++
				}
				if x.Op == data.OpUpdate && e.json(x.After) == e.json(x.Before) {
					e.Errorf("a change %+v", x)
				}
			}
			return n == dutyRounds
		})
	}},
}

const dutyRounds = 20

// duty lets two leave at the same moment, each seeing that the other is there.
func (e *env) duty(lock bool) {
	e.Helper()
	e.commit(e.put("duty", "rest", `{"on":true}`))
	for round := range dutyRounds {
		a, b := fmt.Sprint("a", round), fmt.Sprint("b", round)
		e.commit(e.put("duty", a, `{"on":true}`), e.put("duty", b, `{"on":true}`))
		va, vb := version(e.get("duty", a)), version(e.get("duty", b))
		var left atomic.Int64
		var wg sync.WaitGroup
		leave := func(me, other string, otherVersion int64) {
			batch := e.batch(e.put("duty", me, `{"on":false}`))
			batch.Checks = []data.Check{
				{Collection: "duty", ID: other, Version: otherVersion, Lock: lock},
				{Collection: "duty", ID: "rest", Version: version(e.get("duty", "rest")), Lock: lock},
			}
			_, err := e.s.Commit(e.ctx(), batch)
			switch hutch.CodeOf(err) {
			case "":
				left.Add(1)
			case hutch.Aborted:
			default:
				e.Error(err)
			}
		}
		wg.Go(func() { leave(a, b, vb) })
		wg.Go(func() { leave(b, a, va) })
		wg.Wait()
		if left.Load() != 1 {
			e.Fatalf("%d left", left.Load())
		}
	}
}
