package data

import "context"

const journalSweep = 50 // packs of a commit that sweeps

// Sweep deletes what is older than Age, then the oldest beyond MaxBytes and
// MaxEntries, on one node of all. Run does it each minute.
func (j *Journal) Sweep(ctx context.Context) error {
	old := packFrom(j.o.Now().Add(-j.o.Age))
	if err := j.sweep(ctx, old, func(journalSum) bool { return false }); err != nil {
		return err
	}
	size, err := j.Size(ctx)
	if err != nil {
		return err
	}
	fits := func(gone journalSum) bool {
		return (j.o.MaxBytes == 0 || size.Bytes-gone.bytes <= j.o.MaxBytes) && (j.o.MaxEntries == 0 || size.Entries-gone.n <= j.o.MaxEntries)
	}
	if fits(journalSum{}) {
		return nil
	}
	return j.sweep(ctx, packEnd, fits)
}

// sweep deletes the oldest packs below an id until enough is gone. The lease is
// asked for only where there is one, so that an idle server does not write.
func (j *Journal) sweep(ctx context.Context, below string, enough func(journalSum) bool) error {
	var gone journalSum
	for {
		b, err := j.oldest(ctx, below, &gone, enough)
		if err != nil || len(b.Writes) == 0 {
			return err
		}
		if ok, err := j.o.Lease.Acquire(ctx); err != nil || !ok {
			return err
		}
		ctx, stop := context.WithTimeout(ctx, journalTime)
		_, err = j.o.System.Commit(ctx, b)
		stop()
		if err != nil {
			return err
		}
	}
}

// oldest is a commit that deletes the next packs and takes them off the sums.
func (j *Journal) oldest(ctx context.Context, below string, gone *journalSum, enough func(journalSum) bool) (*Batch, error) {
	b := &Batch{Now: j.o.Now()}
	sums := map[string]*journalSum{}
	q := packsIn(j.o.Collection, packKind, below, false)
	q.Limit = journalSweep
	for p, err := range j.packs(j.o.System.Find(ctx, q)) {
		if err != nil {
			return nil, err
		}
		if enough(*gone) {
			break
		}
		b.Writes = append(b.Writes, Write{
			Collection: j.o.Collection, ID: p.id, Expect: AnyVersion,
			Next: func(Doc) (Doc, error) { return nil, nil },
		})
		key := sumID(p.id)
		if sums[key] == nil {
			sums[key] = &journalSum{}
		}
		size, n := p.size(), p.number("n")
		sums[key].add(p.id, size, n)
		gone.add(p.id, size, n)
	}
	for id, s := range sums {
		b.Writes = append(b.Writes, Write{Collection: j.o.Collection, ID: id, Expect: AnyVersion, Next: s.shrink(id)})
	}
	return b, nil
}
