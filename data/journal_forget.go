package data

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"slices"

	"github.com/hutch-dev/hutch"
)

// Forget edits the entries that hold one of ids, which are UUIDs or marks: edit gets those
// that an entry holds and gives what is kept of it, nil for nothing. What other
// nodes hold in memory by then is not among it: ask again once they have flushed.
func (j *Journal) Forget(ctx context.Context, ids []string, edit func(body []byte, ids []string) []byte) error {
	if err := j.Flush(ctx); err != nil {
		return err
	}
	for p, err := range j.packs(j.o.System.Find(ctx, packsIn(j.o.Collection, packKind, packEnd, false))) {
		if err != nil {
			return err
		}
		may := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !p.may([]uint32{markHash(id)}) })
		if len(may) == 0 {
			continue
		}
		if err := j.forgetIn(ctx, &p, may, edit); err != nil {
			return err
		}
	}
	return nil
}

// forgetIn is Forget of a pack.
func (j *Journal) forgetIn(ctx context.Context, p *storedPack, ids []string, edit func([]byte, []string) []byte) error {
	es, err := p.entries()
	if err != nil {
		return err
	}
	kept, changed := &pack{at: p.at, dropped: p.number("dropped"), skips: p.skips()}, false
	for _, e := range es {
		body := e.Body
		if held := holding(body, ids); len(held) > 0 {
			body = edit(body, held)
			changed = changed || !bytes.Equal(body, e.Body)
		}
		kept.add(e.At, body, nil)
		if len(body) == 0 {
			kept.n, kept.gone = kept.n-1, kept.gone+1
		}
	}
	if !changed {
		return nil
	}
	return j.rewrite(ctx, p, kept)
}

// holding are the ids that stand in a body.
func holding(body []byte, ids []string) (held []string) {
	for _, id := range ids {
		if bytes.Contains(body, []byte(id)) {
			held = append(held, id)
		}
	}
	return held
}

// rewrite makes a pack one of what is kept; the marks stay.
func (j *Journal) rewrite(ctx context.Context, p *storedPack, kept *pack) error {
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
	less := &journalSum{bytes: p.size() - int64(len(next)), n: p.number("n") - int64(kept.n)}
	sum := sumID(p.id)
	ctx, stop := context.WithTimeout(ctx, journalTime)
	defer stop()
	_, err := j.o.System.Commit(ctx, &Batch{Now: j.o.Now(), Writes: []Write{
		{Collection: j.o.Collection, ID: p.id, Expect: versionOf(p.d), Next: func(Doc) (Doc, error) { return next, nil }},
		{Collection: j.o.Collection, ID: sum, Expect: AnyVersion, Next: less.shrink(sum)},
	}})
	return err
}

const uuidSize = 36

// appendUUIDs marks what has the form of a UUID in lower case, as ids of users
// have: Forget finds a person wherever an entry names them.
func appendUUIDs(marks []uint32, body []byte) []uint32 {
	for i := 8; i+uuidSize-8 <= len(body); {
		k := bytes.IndexByte(body[i:], '-')
		if k < 0 {
			break
		}
		if i += k; i+uuidSize-8 <= len(body) && isUUID(body[i-8:i+uuidSize-8]) {
			marks = append(marks, markHash(body[i-8:i+uuidSize-8]))
			i += uuidSize - 8
		} else {
			i++
		}
	}
	return marks
}

func isUUID(b []byte) bool {
	for i, c := range b {
		switch dash := i == 8 || i == 13 || i == 18 || i == 23; {
		case dash != (c == '-'), !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}
