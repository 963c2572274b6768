package data

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// Ids of a journal's collection: packs "p", the time in ms as 12 hex digits, "-"
// and the process; sums "t", the time's upper bits, "-" and the process.
const (
	packKind   = "p"
	packEnd    = "q" // above all packs
	sumKind    = "t"
	sumEnd     = "u"
	timeDigits = 12
	sumShift   = 20 // a sum is of 2^20 ms, 17.5 minutes
)

func packID(at time.Time, instance string) string {
	return packFrom(at) + "-" + instance
}

// packFrom is below the ids of packs of a time.
func packFrom(at time.Time) string {
	return fmt.Sprintf("%s%0*x", packKind, timeDigits, max(at.UnixMilli(), 0))
}

// splitPack gives the time and the process of a pack.
func splitPack(id string) (at time.Time, instance string, ok bool) {
	if len(id) < len(packKind)+timeDigits+2 || id[:1] != packKind || id[1+timeDigits] != '-' {
		return at, "", false
	}
	ms, err := strconv.ParseInt(id[1:1+timeDigits], 16, 64)
	return time.UnixMilli(ms), id[2+timeDigits:], err == nil
}

func sumID(pack string) string {
	at, instance, _ := splitPack(pack)
	return fmt.Sprintf("%s%0*x-%s", sumKind, timeDigits, at.UnixMilli()>>sumShift, instance)
}

// pack is what becomes a document: {_id, node, n, raw, dropped?, skips?, gone?,
// marks, body}. skips has a number for each class; body unpacked is, for each entry, the ms since the pack's time, the
// length and the bytes, numbers as uvarint; marks are sorted hashes of 4 bytes. Of
// entries that Forget took out the place stays, without bytes, so that the ids of
// the others hold.
type pack struct {
	at      time.Time
	n       int
	raw     []byte
	marks   []uint32
	dropped int64
	skips   map[string]int64
	gone    int64
}

// add gives the bytes that the pack grew by.
func (p *pack) add(now time.Time, body []byte, marks []string) int {
	before := len(p.raw)
	p.raw = binary.AppendUvarint(p.raw, uint64(max(now.Sub(p.at).Milliseconds(), 0)))
	p.raw = binary.AppendUvarint(p.raw, uint64(len(body)))
	p.raw = append(p.raw, body...)
	for _, m := range marks {
		p.marks = append(p.marks, markHash(m))
	}
	p.n++
	return len(p.raw) - before
}

// markHash is FNV-1a.
func markHash[T string | []byte](s T) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

func (p *pack) encode(id, node string, w *flate.Writer) (Doc, error) {
	var body bytes.Buffer
	w.Reset(&body)
	if _, err := w.Write(p.raw); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	slices.Sort(p.marks)
	p.marks = slices.Compact(p.marks)
	marks := make([]byte, 0, 4*len(p.marks))
	for _, m := range p.marks {
		marks = binary.BigEndian.AppendUint32(marks, m)
	}
	fields := []Elem{
		{FieldID, String(id)},
		{"node", String(node)},
		{"n", Int64(int64(p.n))},
		{"raw", Int64(int64(len(p.raw)))},
		{"marks", binaryValue(marks)},
		{"body", binaryValue(body.Bytes())},
	}
	if p.dropped > 0 {
		fields = append(fields, Elem{"dropped", Int64(p.dropped)})
	}
	if len(p.skips) > 0 {
		var of []Elem
		for _, class := range slices.Sorted(maps.Keys(p.skips)) {
			of = append(of, Elem{class, Int64(p.skips[class])})
		}
		fields = append(fields, Elem{"skips", Object(NewDoc(of...))})
	}
	if p.gone > 0 {
		fields = append(fields, Elem{"gone", Int64(p.gone)})
	}
	return NewDoc(fields...), nil
}

func errPack(id string) error { return hutch.Errorf(hutch.Internal, "the pack %s is damaged", id) }

// storedPack is a pack as it is read.
type storedPack struct {
	d    Doc
	id   string
	node string
	at   time.Time
}

func readPack(d Doc) (p storedPack, err error) {
	p = storedPack{d: d, id: idOf(d), node: Text(Field(d, "node"))}
	at, _, ok := splitPack(p.id)
	if !ok {
		return p, errPack(p.id)
	}
	p.at = at
	return p, nil
}

func (p *storedPack) number(field string) int64 {
	n, _ := Integer(Field(p.d, field))
	return n
}

// skips are how many Take left out, by class.
func (p *storedPack) skips() map[string]int64 {
	d, _ := Field(p.d, "skips").DocumentOK()
	if len(d) == 0 {
		return nil
	}
	out := map[string]int64{}
	for class, v := range Fields(d) {
		out[class], _ = Integer(v)
	}
	return out
}

// size is that of the document as it was made.
func (p *storedPack) size() int64 {
	return int64(len(Without(p.d, FieldVersion, FieldCreated, FieldUpdated)))
}

// may reports whether entries of the pack have each of the marks.
func (p *storedPack) may(marks []uint32) bool {
	if len(marks) == 0 {
		return true
	}
	_, have, ok := Field(p.d, "marks").BinaryOK()
	if !ok {
		return true
	}
	for _, m := range marks {
		i, n := 0, len(have)/4
		for i < n {
			if h := int(uint(i+n) >> 1); binary.BigEndian.Uint32(have[4*h:]) < m {
				i = h + 1
			} else {
				n = h
			}
		}
		if 4*i >= len(have) || binary.BigEndian.Uint32(have[4*i:]) != m {
			return false
		}
	}
	return true
}

// entries unpacks the entries, in the order in which they were added; those without
// a body are gone.
func (p *storedPack) entries() ([]Entry, error) {
	v := Field(p.d, "body")
	raw := p.number("raw")
	if v.Type != bson.TypeBinary || raw < 0 || raw > journalPack+journalEntry+64 {
		return nil, errPack(p.id)
	}
	_, body := v.Binary()
	b := make([]byte, raw)
	if _, err := io.ReadFull(flate.NewReader(bytes.NewReader(body)), b); err != nil {
		return nil, errPack(p.id)
	}
	es := make([]Entry, 0, max(0, min(p.number("n"), raw)))
	for len(b) > 0 {
		ms, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errPack(p.id)
		}
		size, m := binary.Uvarint(b[n:])
		if m <= 0 || size > uint64(len(b)-n-m) {
			return nil, errPack(p.id)
		}
		b = b[n+m:]
		es = append(es, Entry{
			ID: entryID(p.id, len(es)), At: p.at.Add(time.Duration(ms) * time.Millisecond), Node: p.node, Body: b[:size:size],
		})
		b = b[size:]
	}
	return es, nil
}

// Entry of a Journal. Its body may be kept.
type Entry struct {
	ID   string
	At   time.Time // when it was added, to the millisecond
	Node string
	Body []byte
}

func (e *Entry) gone() bool { return len(e.Body) == 0 }

func entryID(pack string, i int) string { return pack + "." + strconv.Itoa(i) }

// splitEntry gives the pack of an entry and its place in it.
func splitEntry(id string) (pack string, i int, ok bool) {
	pack, n, found := strings.Cut(id, ".")
	if _, _, valid := splitPack(pack); !found || !valid || len(id) > 64 {
		return "", 0, false
	}
	i, err := strconv.Atoi(n)
	return pack, i, err == nil && i >= 0
}

// journalSum is what packs of one time and process take: {_id, bytes, n, last}.
type journalSum struct {
	last     string // the newest pack that is counted
	bytes, n int64
}

func (s *journalSum) add(pack string, bytes, n int64) {
	s.last, s.bytes, s.n = max(s.last, pack), s.bytes+bytes, s.n+n
}

func readSum(d Doc) (s journalSum) {
	s.last = Text(Field(d, "last"))
	s.bytes, _ = Integer(Field(d, "bytes"))
	s.n, _ = Integer(Field(d, "n"))
	return s
}

func (s *journalSum) doc(id string) Doc {
	return NewDoc(Elem{FieldID, String(id)}, Elem{"bytes", Int64(s.bytes)}, Elem{"n", Int64(s.n)}, Elem{"last", String(s.last)})
}

// grow adds s to the stored sum.
func (s *journalSum) grow(id string) func(Doc) (Doc, error) {
	return func(old Doc) (Doc, error) {
		stands := readSum(old)
		if old != nil && s.last <= stands.last {
			return old, nil
		}
		stands.add(s.last, s.bytes, s.n)
		return stands.doc(id), nil
	}
}

// shrink takes s off the stored sum; an empty one goes.
func (s *journalSum) shrink(id string) func(Doc) (Doc, error) {
	return func(old Doc) (Doc, error) {
		stands := readSum(old)
		stands.bytes -= s.bytes
		stands.n -= s.n
		if old == nil || stands.bytes <= 0 {
			return nil, nil
		}
		return stands.doc(id), nil
	}
}

// packsIn are the packs between two ids, in an order of ids.
func packsIn(coll, from, to string, newest bool) Query {
	return Query{
		From: coll, OrderBy: []Order{{Path: FieldID, Desc: newest}},
		Where: And(Where{Op: OpGte, Path: FieldID, Value: String(from)}, Where{Op: OpLt, Path: FieldID, Value: String(to)}),
	}
}

// packs yields them.
func (j *Journal) packs(seq iter.Seq2[Doc, error]) iter.Seq2[storedPack, error] {
	return func(yield func(storedPack, error) bool) {
		for d, err := range seq {
			var p storedPack
			if err == nil {
				p, err = readPack(d)
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}
