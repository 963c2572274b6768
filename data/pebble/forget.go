package pebble

import (
	"bytes"
	"context"
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch/data"
)

// forgotten is the name of the field of a log entry whose changes are gone.
const forgotten = "e"

var _ data.Forgetter = (*Store)(nil)

// Forget replaces log entries that hold one of texts by what says that they were
// there: a place in the chain, and no changes.
func (s *Store) Forget(ctx context.Context, texts []string) error {
	if !s.enter() {
		return errClosed
	}
	defer s.leave()
	needles := make([][]byte, len(texts))
	for i, t := range texts {
		needles[i] = []byte(t)
	}
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendLogKey(nil, s.log.trimmed.Load()+1), UpperBound: appendLogKey(nil, s.sync.durable.Load()+1),
	})
	if err != nil {
		return failed("reading the log", err)
	}
	last := uint64(0)
	for ok := it.First(); ok && err == nil && ctx.Err() == nil; ok = it.Next() {
		v := it.Value()
		for _, n := range needles {
			if bytes.Contains(v, n) {
				last = logPos(it.Key())
				err = s.blank(last, v)
				break
			}
		}
	}
	if cerr := it.Close(); err == nil {
		err = cerr
	}
	if err == nil && last > 0 {
		s.log.drop(last)
		err = s.db.LogData(nil, pebble.Sync)
	}
	if err != nil {
		return failed("erasing images from the log", err)
	}
	return ctx.Err()
}

// blank takes the changes out of an entry that is not trimmed yet.
func (s *Store) blank(pos uint64, v []byte) error {
	b, at := openDoc(nil)
	for i := 4; ; {
		e, ok := element(v, i)
		if !ok {
			break
		}
		switch string(e.name) {
		case "p":
			b = appendInt64(b, typeInt64, "p", int64(binary.LittleEndian.Uint64(e.val)))
		case "t":
			b = appendInt64(b, typeDate, "t", integer(e.val))
		}
		i = e.end
	}
	b = closeDoc(appendInt64(b, typeInt64, forgotten, 1), at)
	s.mu.Lock() // against trim
	defer s.mu.Unlock()
	if pos <= s.log.trimmed.Load() {
		return nil
	}
	return s.db.Set(appendLogKey(nil, pos), b, pebble.NoSync)
}

// drop forgets the remembered commits up to a position: followers read the disk.
func (l *changeLog) drop(upTo uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for n < len(l.tail) && l.tail[n].pos <= upTo {
		l.held -= l.tail[n].bytes
		l.tail[n] = recentCommit{}
		n++
	}
	l.tail = l.tail[n:]
}
