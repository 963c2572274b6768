package data

import (
	"compress/flate"
	"context"
	"encoding/binary"
	"slices"

	"github.com/hutch-dev/hutch"
)

// Forget takes out what match finds in packs that may have one of the marks, and
// gives what it took. What other nodes hold in memory by then is not among it:
// ask again once they have flushed.
func (j *Journal) Forget(ctx context.Context, marks []string, match func(body []byte) bool) (gone [][]byte, err error) {
	if err := j.Flush(ctx); err != nil {
		return nil, err
	}
	for p, err := range j.packs(j.o.System.Find(ctx, packsIn(j.o.Collection, packKind, packEnd, false))) {
		if err != nil {
			return gone, err
		}
		if !slices.ContainsFunc(marks, func(m string) bool { return p.may([]uint32{markHash(m)}) }) {
			continue
		}
		es, err := p.entries()
		if err != nil {
			return gone, err
		}
		kept := &pack{at: p.at, dropped: p.number("dropped"), skipped: p.number("skipped")}
		for _, e := range es {
			if match(e.Body) {
				gone = append(gone, e.Body)
			} else {
				kept.add(e.At, e.Body, nil)
			}
		}
		if kept.n == len(es) {
			continue
		}
		if err := j.rewrite(ctx, &p, kept, int64(len(es))); err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// rewrite makes a pack of n entries one of what is kept; the marks stay.
func (j *Journal) rewrite(ctx context.Context, p *storedPack, kept *pack, n int64) error {
	_, marks, _ := Field(p.d, "marks").BinaryOK()
	for ; len(marks) >= 4; marks = marks[4:] {
		kept.marks = append(kept.marks, binary.BigEndian.Uint32(marks))
	}
	var next Doc
	if kept.n > 0 {
		w, err := flate.NewWriter(nil, flate.BestSpeed)
		if err == nil {
			next, err = kept.encode(p.id, p.node, w)
		}
		if err != nil {
			return hutch.Errorf(hutch.Internal, "packing entries: %w", err)
		}
	}
	less := &journalSum{bytes: p.size() - int64(len(next)), n: n - int64(kept.n)}
	sum := sumID(p.id)
	ctx, stop := context.WithTimeout(ctx, journalTime)
	defer stop()
	_, err := j.o.System.Commit(ctx, &Batch{Now: j.o.Now(), Writes: []Write{
		{Collection: j.o.Collection, ID: p.id, Expect: versionOf(p.d), Next: func(Doc) (Doc, error) { return next, nil }},
		{Collection: j.o.Collection, ID: sum, Expect: AnyVersion, Next: less.shrink(sum)},
	}})
	return err
}
