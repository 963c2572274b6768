package functions

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hutch-dev/hutch"
)

func TestS81NobodyTakesAllSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(8)
		var leaves []func()
		for range 4 { // half of the slots
			leave, err := q.enter(t.Context(), "greedy", "f")
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, leave)
		}
		fifth := make(chan func(), 1)
		go func() {
			leave, err := q.enter(t.Context(), "greedy", "f")
			if err != nil {
				t.Error(err)
			}
			fifth <- leave
		}()
		synctest.Wait()
		if len(fifth) != 0 {
			t.Error("a principal holds more than half of the slots")
		}
		for i := range 4 {
			leave, err := q.enter(t.Context(), fmt.Sprint("other", i), "f")
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, leave)
		}
		leaves[0]()
		synctest.Wait()
		if len(fifth) != 1 {
			t.Error("a free slot was not given on")
		}
		(<-fifth)()
		for _, leave := range leaves {
			leave()
			leave() // twice does no harm
		}
		if q.free != 8 || len(q.running) != 0 || len(q.ofFunc) != 0 {
			t.Errorf("%d of 8 slots are free, %v run", q.free, q.running)
		}
	})
}

func TestTheQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(2)
		var all []func()
		for range 2 {
			leave, err := q.enter(t.Context(), "first", "f")
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, leave)
		}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wait := func(who string) {
			wg.Go(func() {
				if _, err := q.enter(ctx, who, "f"); hutch.CodeOf(err) != hutch.ResourceExhausted {
					t.Errorf("%s: %v", who, err)
				}
			})
		}
		for range maxWaitingEach {
			wait("one")
		}
		synctest.Wait()
		if _, err := q.enter(ctx, "one", "f"); hutch.CodeOf(err) != hutch.ResourceExhausted {
			t.Errorf("the 201st of a principal: %v", err)
		}
		for i := range maxWaiting - maxWaitingEach {
			wait(fmt.Sprint("p", i%20))
		}
		synctest.Wait()
		if _, err := q.enter(ctx, "last", "f"); hutch.CodeOf(err) != hutch.ResourceExhausted {
			t.Errorf("the 1,001st: %v", err)
		}
		stop() // waited in vain
		wg.Wait()
		for _, leave := range all {
			leave()
		}
		if q.free != 2 || len(q.waiting) != 0 || len(q.each) != 0 {
			t.Errorf("%d free, %d wait, %v", q.free, len(q.waiting), q.each)
		}
	})
}

func TestRunsOfOneFunctionAreBounded(t *testing.T) {
	q := newQueue(200)
	for i := range maxRunsOfFunction {
		if _, err := q.enter(t.Context(), fmt.Sprint(i), "f"); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := q.enter(ctx, "x", "f"); hutch.CodeOf(err) != hutch.ResourceExhausted {
		t.Errorf("the 65th run: %v", err)
	}
	if _, err := q.enter(t.Context(), "x", "g"); err != nil {
		t.Errorf("another function: %v", err)
	}
}

func TestGuestsShareByNetwork(t *testing.T) {
	guest := hutch.Principal{}
	if who(&guest, "2001:db8::1") != who(&guest, "2001:db8::ffff") || who(&guest, "2001:db8::1") == who(&guest, "2001:db8:1::1") {
		t.Error("IPv6 counts as /64")
	}
	if who(&guest, "192.0.2.1") == who(&guest, "192.0.2.2") || who(&guest, "192.0.2.1") != who(&guest, "::ffff:192.0.2.1") {
		t.Error("IPv4 counts by address")
	}
	user := hutch.Principal{Kind: hutch.User, UID: "u1"}
	if who(&user, "192.0.2.1") != who(&user, "192.0.2.2") {
		t.Error("a user is one, wherever")
	}
}
