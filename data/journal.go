package data

import (
	"cmp"
	"compress/flate"
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
)

const (
	journalSpan  = time.Minute // between the first and the last entry of a pack, at most
	journalPack  = 512 << 10   // bytes of a pack before it is compressed
	journalEntry = 256 << 10   // bytes of an entry
	journalBatch = 4           // packs of a commit
	journalTime  = 10 * time.Second
	journalEnd   = 3 * time.Second // for the last flush
)

// JournalOptions of a Journal. System, Collection, Lease and Age are needed.
type JournalOptions struct {
	System     System // has Collection
	Collection string
	Lease      *Lease        // of who sweeps: a name for each collection
	Node       string        // where entries say they were made
	Flush      time.Duration // between commits, and what a crash may lose [1s], at most 30 s
	Buffer     int           // bytes that wait in memory; beyond it the oldest go [8 MiB]
	Age        time.Duration // of the oldest entry
	MaxBytes   int64         // as stored; 0: no limit
	MaxEntries int64         // 0: no limit
	Now        func() time.Time
	Log        *slog.Logger
}

// Journal appends to a collection that nobody follows in the change log, many
// entries a document: a pack is what a node gathered since its last flush,
// compressed. Adding never waits for the store: when it is slow, what waits
// longest is dropped and counted. Packs of any number of nodes lie side by side.
//
// A crash loses what was not flushed yet.
type Journal struct {
	o        JournalOptions
	instance string        // of this process, in the ids of its packs
	turn     chan struct{} // one flush at a time; guards deflate
	deflate  *flate.Writer

	mu      sync.Mutex     // guards the rest
	open    *pack          // nil: nothing since the last seal
	sealed  []*pack        // the oldest first
	waiting int            // bytes of open, of sealed and of what a flush took
	last    int64          // when the last pack was opened, ms
	dropped int64          // since the last pack was taken, by the bound of memory
	second  int64          // of taken, unix
	taken   map[string]int // by class
	stats   JournalStats
	changed chan struct{} // closed with the next flush
}

// JournalStats count since the start of this node.
type JournalStats struct {
	Waiting int   // bytes in memory
	Dropped int64 // entries that were lost as the store was slow, or were too large
	Skipped int64 // entries that did not fit into their second
}

// NewJournal returns a Journal; Run makes it work.
func NewJournal(o JournalOptions) *Journal {
	o.Flush = min(cmp.Or(o.Flush, time.Second), journalSpan/2)
	o.Buffer = cmp.Or(o.Buffer, 8<<20)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return &Journal{o: o, instance: rand.Text()[:8], turn: make(chan struct{}, 1), deflate: w, changed: make(chan struct{})}
}

// Add takes a copy of an entry. Marks are words by which Read passes over packs
// that cannot hold what it looks for. false: it is longer than 256 KiB, or empty.
func (j *Journal) Add(body []byte, marks ...string) bool {
	now := j.o.Now()
	var few [16]uint32
	named := appendUUIDs(few[:0], body[:min(len(body), journalEntry)])
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(body) > journalEntry || len(body) == 0 {
		j.lose(1)
		return false
	}
	p := j.current(now)
	j.waiting += p.add(now, body, marks)
	p.marks = append(p.marks, named...)
	if len(p.raw) >= journalPack {
		j.seal()
	}
	return true
}

// Take reports whether n more of a class fit into most of a second; the first of a
// second always does. What does not fit is counted as one entry skipped: a flood
// of one class is told in numbers and pushes nothing else out.
func (j *Journal) Take(class string, n, most int) bool { return j.TakeFor("", class, n, most) }

// TakeFor is Take that counts what is skipped as of another class.
func (j *Journal) TakeFor(of, class string, n, most int) bool {
	now := j.o.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	if s := now.Unix(); s != j.second || j.taken == nil {
		j.second, j.taken = s, map[string]int{}
	}
	if had := j.taken[class]; had > 0 && had+n > most {
		p := j.current(now)
		if p.skips == nil {
			p.skips = map[string]int64{}
		}
		p.skips[cmp.Or(of, class)]++
		j.stats.Skipped++
		return false
	}
	j.taken[class] += n
	return true
}

// current is the pack that takes entries of now.
func (j *Journal) current(now time.Time) *pack {
	if j.open != nil && (now.Sub(j.open.at) >= 2*j.o.Flush || now.Before(j.open.at)) { // the flush is late, or the clock went back
		j.seal()
	}
	if j.open == nil {
		j.last = max(now.UnixMilli(), j.last+1)
		j.open = &pack{at: time.UnixMilli(j.last)}
	}
	return j.open
}

// seal ends the open pack, and drops the oldest beyond what may wait.
func (j *Journal) seal() {
	if j.open == nil {
		return
	}
	j.sealed, j.open = append(j.sealed, j.open), nil
	for j.waiting > j.o.Buffer && len(j.sealed) > 0 {
		j.waiting -= len(j.sealed[0].raw)
		j.dropped += j.sealed[0].dropped
		j.lose(int64(j.sealed[0].n))
		j.sealed = j.sealed[1:]
	}
}

func (j *Journal) lose(n int64) {
	j.dropped += n
	j.stats.Dropped += n
}

// Stats of this node.
func (j *Journal) Stats() JournalStats {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.stats
	s.Waiting = j.waiting
	return s
}

// Changed is closed with this node's next flush.
func (j *Journal) Changed() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.changed
}

// Run flushes and sweeps until ctx ends, and then flushes what is left.
func (j *Journal) Run(ctx context.Context) {
	flush, sweep := time.NewTicker(j.o.Flush), time.NewTicker(sweepEvery)
	defer flush.Stop()
	defer sweep.Stop()
	silent := false // a store that is away is told once
	for {
		var err error
		select {
		case <-ctx.Done():
			end, stop := context.WithTimeout(context.WithoutCancel(ctx), journalEnd)
			defer stop()
			if err := j.Flush(end); err != nil {
				j.o.Log.WarnContext(end, "the end of a journal is lost", slog.String("collection", j.o.Collection), slog.Any("error", err))
			}
			return
		case <-flush.C:
			err = j.Flush(ctx)
		case <-sweep.C:
			err = j.Sweep(ctx)
		}
		if err != nil && !silent && ctx.Err() == nil {
			j.o.Log.WarnContext(ctx, "a journal waits for the store", slog.String("collection", j.o.Collection), slog.Any("error", err))
		}
		silent = err != nil
	}
}

// Flush stores what was added before; on an error it goes on waiting.
func (j *Journal) Flush(ctx context.Context) error {
	select {
	case j.turn <- struct{}{}:
		defer func() { <-j.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	packs := j.take()
	for len(packs) > 0 {
		n := min(len(packs), journalBatch)
		if err := j.store(ctx, packs[:n]); err != nil {
			j.giveBack(packs)
			return err
		}
		j.stored(packs[:n])
		packs = packs[n:]
	}
	return nil
}

func (j *Journal) take() []*pack {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dropped > 0 {
		j.current(j.o.Now()).dropped += j.dropped
		j.dropped = 0
	}
	j.seal()
	packs := j.sealed
	j.sealed = nil
	return packs
}

func (j *Journal) giveBack(packs []*pack) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sealed = append(packs, j.sealed...)
}

func (j *Journal) stored(packs []*pack) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, p := range packs {
		j.waiting -= len(p.raw)
	}
	close(j.changed)
	j.changed = make(chan struct{})
}

// store commits packs, and what they add to the sums that bound the collection.
// What is committed twice, as the first answer was lost, counts once.
func (j *Journal) store(ctx context.Context, packs []*pack) error {
	b := &Batch{Now: j.o.Now()}
	sums := map[string]*journalSum{}
	for _, p := range packs {
		id := packID(p.at, j.instance)
		d, err := p.encode(id, j.o.Node, j.deflate)
		if err != nil {
			return hutch.Errorf(hutch.Internal, "packing entries: %w", err)
		}
		b.Writes = append(b.Writes, Write{
			Collection: j.o.Collection, ID: id, Expect: AnyVersion,
			Next: func(Doc) (Doc, error) { return d, nil },
		})
		key := sumID(id)
		if sums[key] == nil {
			sums[key] = &journalSum{}
		}
		sums[key].add(id, int64(len(d)), int64(p.n))
	}
	for id, s := range sums {
		b.Writes = append(b.Writes, Write{Collection: j.o.Collection, ID: id, Expect: AnyVersion, Next: s.grow(id)})
	}
	ctx, stop := context.WithTimeout(ctx, journalTime)
	defer stop()
	_, err := j.o.System.Commit(ctx, b)
	return err
}
