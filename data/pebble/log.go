package pebble

import (
	"encoding/binary"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch/data"
)

// changeLog is what the store remembers of its log: how much there is, and the
// newest commits, so that followers need not read them from disk.
type changeLog struct {
	trimmed atomic.Uint64 // commits up to here may be gone
	bytes   atomic.Int64

	// Guarded by Store.mu: the log in parts, so that whole parts are trimmed.
	closed []segment
	first  uint64 // of the open part; 0: the log is empty
	size   int64  // of the open part
	newest int64  // size of the newest entry

	mu   sync.Mutex // guards tail and held
	tail []recentCommit
	held int64
}

// segment is a closed part of the log, of the commits from first to end,
// without end.
type segment struct {
	first, end uint64
	bytes      int64
}

type recentCommit struct {
	prev, pos uint64
	bytes     int64
	commit    data.Commit
}

const (
	logParts    = 64 // the log is trimmed in steps of about a 64th
	tailCommits = 1024
	tailBytes   = 8 << 20
)

const (
	opCreate = "c"
	opUpdate = "u"
	opDelete = "d"
)

func opText(op data.Op) string {
	switch op {
	case data.OpCreate:
		return opCreate
	case data.OpDelete:
		return opDelete
	default:
		return opUpdate
	}
}

// entry encodes the commit into e's buffer.
func (e *evaluation) entry(prev uint64) []byte {
	b, at := openDoc(e.buf[:0])
	b = appendInt64(b, typeInt64, "p", int64(prev))
	b = appendInt64(b, typeDate, "t", e.at)
	b = appendName(b, typeArray, "c")
	b, list := openDoc(b)
	for i := range e.changes {
		c := &e.changes[i]
		b = appendName(b, typeObject, strconv.Itoa(i))
		var doc int
		b, doc = openDoc(b)
		b = appendString(b, "n", c.Collection)
		b = appendString(b, "i", c.ID)
		b = appendString(b, "o", opText(c.Op))
		if !e.cat.colls[c.Collection].bare {
			if c.Before != nil {
				b = appendDoc(b, "b", c.Before)
			}
			if c.After != nil {
				b = appendDoc(b, "a", c.After)
			}
		}
		b = closeDoc(b, doc)
	}
	b = closeDoc(b, list)
	e.buf = closeDoc(b, at)
	return e.buf
}

// decodeEntry reads a log entry; v is kept.
func decodeEntry(pos uint64, v []byte) (c data.Commit, prev uint64, err error) {
	c.Position = formatPosition(pos)
	var list []byte
	for i := 4; ; {
		e, ok := element(v, i)
		if !ok {
			break
		}
		switch string(e.name) {
		case "p":
			prev = binary.LittleEndian.Uint64(e.val)
		case "t":
			c.At = time.UnixMilli(integer(e.val)).UTC()
		case "c":
			list = e.val
		case forgotten:
			return c, prev, data.ErrLogGone
		}
		i = e.end
	}
	for i := 4; ; {
		e, ok := element(list, i)
		if !ok {
			break
		}
		ch, err := decodeChange(e.val)
		if err != nil {
			return c, prev, err
		}
		c.Changes = append(c.Changes, ch)
		i = e.end
	}
	if len(c.Changes) == 0 {
		return c, prev, errNoDoc
	}
	return c, prev, nil
}

func decodeChange(v []byte) (c data.Change, err error) {
	for i := 4; ; {
		e, ok := element(v, i)
		if !ok {
			break
		}
		switch string(e.name) {
		case "n":
			c.Collection = text(e.val)
		case "i":
			c.ID = text(e.val)
		case "o":
			switch text(e.val) {
			case opCreate:
				c.Op = data.OpCreate
			case opUpdate:
				c.Op = data.OpUpdate
			case opDelete:
				c.Op = data.OpDelete
			}
		case "b":
			c.Before = data.Doc(e.val)
		case "a":
			c.After = data.Doc(e.val)
		}
		i = e.end
	}
	if c.Op == "" || c.ID == "" {
		return c, errNoDoc
	}
	return c, nil
}

func text(v []byte) string { return string(v[4 : len(v)-1]) }

// note counts an entry of n bytes behind prev, and closes the open part when it is full.
// Store.mu is held.
func (l *changeLog) note(b *pebble.Batch, o *Options, prev, pos uint64, n int) error {
	full := l.size >= o.LogBytes/logParts || pos-l.first >= uint64((o.LogAge/logParts).Microseconds())
	if l.first != 0 && full {
		s := segment{l.first, prev + 1, l.size}
		if err := b.Set(s.key(), s.value(), nil); err != nil {
			return err
		}
		l.closed = append(l.closed, s)
		l.first = 0
	}
	if l.first == 0 {
		l.first, l.size = pos, 0
	}
	l.size += int64(n)
	l.newest = int64(n)
	l.bytes.Add(int64(n))
	return nil
}

func (s segment) key() []byte {
	return binary.BigEndian.AppendUint64(metaKey(metaSegment, ""), s.first)
}

func (s segment) value() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, s.end), uint64(s.bytes))
}

// recoverLog finds the newest position and the size of the log.
func (s *Store) recoverLog() error {
	l := &s.log
	v, ok, err := get(s.db, metaKey(metaTrimmed, ""))
	if err != nil {
		return err
	}
	if ok {
		l.trimmed.Store(binary.BigEndian.Uint64(v))
		s.last = l.trimmed.Load()
	}
	from := l.trimmed.Load() + 1
	err = eachMeta(s.db, metaSegment, func(first string, v []byte) error {
		p := segment{binary.BigEndian.Uint64([]byte(first)), binary.BigEndian.Uint64(v), int64(binary.BigEndian.Uint64(v[8:]))}
		l.closed = append(l.closed, p)
		l.bytes.Add(p.bytes)
		from = max(from, p.end)
		return nil
	})
	if err != nil {
		return err
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: appendLogKey(nil, from), UpperBound: []byte{spaceLog + 1}})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		s.last = logPos(it.Key())
		if l.first == 0 {
			l.first = s.last
		}
		l.newest = int64(len(it.Value()))
		l.size += l.newest
	}
	l.bytes.Add(l.size)
	return it.Close()
}

// trim drops the parts of the log that are beyond its size or age. The newest
// entry stays: it holds the store's position.
func (s *Store) trim() error {
	l := &s.log
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := uint64(0)
	if t := s.o.Now().Add(-s.o.LogAge).UnixMicro(); t > 0 {
		limit = uint64(t)
	}
	cut, n, freed := uint64(0), 0, int64(0)
	for ; n < len(l.closed); n++ {
		p := l.closed[n]
		if l.bytes.Load()-freed <= s.o.LogBytes && p.end-1 >= limit {
			break
		}
		cut, freed = p.end, freed+p.bytes
	}
	open := n == len(l.closed) && l.first != 0 && l.first < s.last && s.last < limit
	if open {
		cut, freed = s.last, freed+l.size-l.newest
	}
	if cut == 0 {
		return nil
	}
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	if err := b.DeleteRange(appendLogKey(nil, 0), appendLogKey(nil, cut), nil); err != nil {
		return err
	}
	for _, p := range l.closed[:n] {
		if err := b.Delete(p.key(), nil); err != nil {
			return err
		}
	}
	if err := b.Set(metaKey(metaTrimmed, ""), binary.BigEndian.AppendUint64(nil, cut-1), nil); err != nil {
		return err
	}
	l.trimmed.Store(cut - 1) // before it is true: who misses an entry knows why
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return err
	}
	l.closed = append([]segment(nil), l.closed[n:]...)
	if open {
		l.first, l.size = s.last, l.newest
	}
	l.bytes.Add(-freed)
	return nil
}

// push remembers a commit for followers. Store.mu is held.
func (l *changeLog) push(prev, pos uint64, bytes int, c data.Commit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	l.held += int64(bytes)
	for n < len(l.tail) && (len(l.tail)-n >= tailCommits || l.held > tailBytes) {
		l.held -= l.tail[n].bytes
		l.tail[n] = recentCommit{}
		n++
	}
	l.tail = append(l.tail[n:], recentCommit{prev, pos, int64(bytes), c})
}

// since appends remembered commits after a position up to another; not ok when
// they do not reach back so far.
func (l *changeLog) since(dst []data.Commit, after, upTo uint64) (out []data.Commit, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tail) == 0 || l.tail[0].prev > after {
		return dst, false
	}
	i := sort.Search(len(l.tail), func(i int) bool { return l.tail[i].pos > after })
	for ; i < len(l.tail) && l.tail[i].pos <= upTo && len(dst) < cap(dst); i++ {
		dst = append(dst, l.tail[i].commit)
	}
	return dst, true
}
