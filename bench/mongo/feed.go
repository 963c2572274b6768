package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
)

const (
	drained   = 40_000 // events
	together  = 100    // writes of a transaction
	listeners = 8      // writers while the delay is measured
)

// feed measures how fast a node reads the log, and how long after its reply
// another node hears of a commit.
func (b *bench) feed(ctx context.Context) error {
	fmt.Printf("%-34s %5s %10s %10s %10s\n", "feed: one node reads", "by", "events/s", "own us/ev", "mongod us")
	for _, each := range []int{together, 1} {
		n := drained
		if each == 1 {
			n /= 4
		}
		from, to, err := b.fill(ctx, n, each)
		if err != nil {
			return err
		}
		f, err := drain(ctx, b.stores[1], from, to, n)
		if err != nil {
			return err
		}
		f.print(fmt.Sprintf("updates, %d a commit", each), 1)
	}
	fmt.Printf("%-34s %5s %10s %10s %10s\n", "commit to event, of another node", "by", "commits/s", "p50", "p99")
	for _, pause := range []time.Duration{100 * time.Millisecond, 10 * time.Millisecond, 0} {
		for _, writes := range []int{1, 2} {
			if err := b.delay(ctx, pause, writes); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill writes n updates, and says between which positions they are.
func (b *bench) fill(ctx context.Context, n, each int) (from, to data.Position, err error) {
	s := b.stores[0]
	for k := 0; k < documents; k += 500 {
		var ws []data.Write
		for i := range 500 {
			ws = append(ws, put("pets", petID(k+i), data.AnyVersion, pet(k+i)))
		}
		if err := commit(ctx, s, ws...); err != nil {
			return "", "", err
		}
	}
	info, err := s.Info(ctx)
	if err != nil {
		return "", "", err
	}
	const writers = 20
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for k := 0; k < n/writers; k += each {
				var ws []data.Write
				for i := range each {
					d := w*(documents/writers) + (k+i)%(documents/writers)
					ws = append(ws, put("pets", petID(d), data.AnyVersion, pet(d+k+1)))
				}
				c, cancel := context.WithTimeout(ctx, 30*time.Second)
				r, e := s.Commit(c, &data.Batch{Now: time.Now(), Writes: ws})
				cancel()
				mu.Lock()
				to, err = max(to, r.Position), errors.Join(err, e)
				mu.Unlock()
				if e != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return info.Head, to, err
}

// drain reads the log between two positions, which holds n events.
func drain(ctx context.Context, s *mongo.Store, from, to data.Position, n int) (f figures, err error) {
	own, server, begin := ownCPU(), serverCPU(), time.Now()
	got := 0
	for c, err := range s.Changes(ctx, from) {
		if err != nil {
			return f, err
		}
		for i := range c.Changes {
			if c.Changes[i].Before == nil || c.Changes[i].After == nil {
				return f, fmt.Errorf("a change without both images: %+v", c.Changes[i])
			}
		}
		if got += len(c.Changes); c.Position >= to {
			break
		}
	}
	if got != n {
		return f, fmt.Errorf("%d events of %d", got, n)
	}
	f.rate = float64(n) / time.Since(begin).Seconds()
	f.own = float64((ownCPU() - own).Microseconds()) / float64(n)
	f.server = float64((serverCPU() - server).Microseconds()) / float64(n)
	return f, nil
}

// delay measures from a commit's reply to its event at another node.
func (b *bench) delay(ctx context.Context, pause time.Duration, writes int) error {
	s := b.stores[0]
	info, err := s.Info(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, b.length+30*time.Second)
	defer cancel()
	var mu sync.Mutex
	heard, told := map[data.Position]time.Time{}, map[data.Position]time.Time{}
	var reader, writers sync.WaitGroup
	var failure error
	var last data.Position
	ended := false
	reader.Go(func() {
		for c, err := range b.stores[1].Changes(ctx, info.Head) {
			now := time.Now()
			mu.Lock()
			heard[c.Position] = now
			over := ended && c.Position >= last
			failure = errors.Join(failure, err)
			mu.Unlock()
			if over || err != nil {
				return
			}
		}
	})
	until := time.Now().Add(b.length)
	for w := range listeners {
		writers.Go(func() {
			for time.Now().Before(until) {
				var ws []data.Write
				for i := range writes {
					ws = append(ws, put("orders", fmt.Sprint("d", w*writes+i), data.AnyVersion, pet(int(b.last.Add(1)))))
				}
				c, cancel := context.WithTimeout(ctx, 30*time.Second)
				r, err := s.Commit(c, &data.Batch{Now: time.Now(), Writes: ws})
				cancel()
				now := time.Now()
				mu.Lock()
				failure = errors.Join(failure, err)
				told[r.Position], last = now, max(last, r.Position)
				mu.Unlock()
				if err != nil {
					return
				}
				time.Sleep(pause)
			}
		})
	}
	writers.Wait()
	mu.Lock()
	ended = true
	mu.Unlock()
	reader.Wait()
	if failure != nil {
		return failure
	}
	var ds []time.Duration
	for p, at := range told {
		if h, ok := heard[p]; ok {
			ds = append(ds, max(0, h.Sub(at)))
		}
	}
	if len(ds) == 0 {
		return errors.New("no commit was heard of")
	}
	slices.Sort(ds)
	name := fmt.Sprintf("%d writes, every %s", writes, pause)
	fmt.Printf("%-34s %5d %10.0f %10s %10s\n", name, listeners, float64(len(told))/b.length.Seconds(),
		ds[len(ds)/2].Round(10*time.Microsecond), ds[len(ds)*99/100].Round(10*time.Microsecond))
	return nil
}
