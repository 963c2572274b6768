package data

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
)

const (
	journalRead   = 64 << 20 // bytes that a Read unpacks
	journalLook   = 2 * time.Second
	journalLate   = 30 * time.Second // how far behind another a node's packs may come in, for Follow
	journalFollow = time.Hour        // how old a place may be that Follow goes on from
	journalCursor = 8 << 10
)

// JournalQuery says which entries, the newest first.
type JournalQuery struct {
	Since, Until time.Time               // zero: open
	Marks        []string                // packs without one of them are passed over
	Match        func(*Entry) bool       // nil: all; it must ask for the marks again
	After        string                  // JournalPage.Next
	Skips        func(class string) bool // which classes of Take Skipped counts; nil: all
	Limit        int                     // [100]
	Bytes        int64                   // to unpack at most [64 MiB]
	Time         time.Duration           // to look at most [2s]
}

// JournalPage is a part of a journal. Entries of one node come in order; those of
// another may stand up to two seconds away from where their time belongs.
type JournalPage struct {
	Entries []Entry
	Next    string // "" at the end
	Partial bool   // a bound was met: there may be more behind Next
	Dropped int64  // entries that are missing in the packs that were read: lost
	Skipped int64  // left out by Take, of the classes that were asked for
}

// Read gives a page, of all nodes, up to the moment. invalid_argument for a
// cursor that is none.
func (j *Journal) Read(ctx context.Context, q JournalQuery) (*JournalPage, error) {
	q.Limit = cmp.Or(q.Limit, 100)
	q.Bytes = cmp.Or(q.Bytes, journalRead)
	end := time.Now().Add(cmp.Or(q.Time, journalLook))
	from, to, skip := packKind, packEnd, -1
	if q.After != "" {
		pack, i, ok := splitEntry(q.After)
		if !ok {
			return nil, badField("after", "after is a cursor of an earlier page")
		}
		to, skip = pack+"\x00", i
	} else if err := j.Flush(ctx); err != nil && ctx.Err() != nil {
		return nil, err
	}
	if !q.Since.IsZero() {
		q.Since = q.Since.Truncate(time.Millisecond) // as entries are
		from = packFrom(q.Since.Add(-journalSpan))
	}
	if !q.Until.IsZero() {
		to = min(to, packFrom(q.Until.Add(time.Millisecond)))
	}
	var marks []uint32
	for _, m := range q.Marks {
		marks = append(marks, markHash(m))
	}
	page, read, last := &JournalPage{}, int64(0), ""
	afterPack, _, _ := splitEntry(q.After)
	for p, err := range j.packs(j.o.System.Find(ctx, packsIn(j.o.Collection, from, to, true))) {
		if err != nil {
			return nil, err
		}
		if last != "" && (read >= q.Bytes || time.Now().After(end)) {
			page.Partial, page.Next = true, last
			break
		}
		if p.id != afterPack {
			page.Dropped += p.number("dropped")
			for class, n := range p.skips() {
				if q.Skips == nil || q.Skips(class) {
					page.Skipped += n
				}
			}
		}
		last = entryID(p.id, 0)
		if !p.may(marks) {
			continue
		}
		es, err := p.entries()
		if err != nil {
			return nil, err
		}
		read += p.number("raw")
		if p.id == afterPack {
			es = es[:min(skip, len(es))]
		}
		for _, e := range slices.Backward(es) {
			if e.gone() || !q.Since.IsZero() && e.At.Before(q.Since) || !q.Until.IsZero() && e.At.After(q.Until) || q.Match != nil && !q.Match(&e) {
				continue
			}
			if page.Entries = append(page.Entries, e); len(page.Entries) == q.Limit {
				page.Next = e.ID
				break
			}
		}
		if page.Next != "" {
			break
		}
	}
	return page, nil
}

// One gives the entry of an id; nil where it is not kept, or is none.
func (j *Journal) One(ctx context.Context, id string) (*Entry, error) {
	pack, i, ok := splitEntry(id)
	if !ok || i == math.MaxInt {
		return nil, nil
	}
	page, err := j.Read(ctx, JournalQuery{After: entryID(pack, i+1), Limit: 1})
	if err != nil || len(page.Entries) == 0 || page.Entries[0].ID != id {
		return nil, err
	}
	return &page.Entries[0], nil
}

// JournalTime is about when the entry of an id, or of a cursor of Read, was added:
// up to a minute before.
func JournalTime(id string) (at time.Time, ok bool) {
	pack, _, ok := splitEntry(id)
	if !ok {
		return at, false
	}
	at, _, _ = splitPack(pack)
	return at, true
}

// followed is a place in the packs of all nodes.
type followed struct {
	From int64             `json:"f"` // packs of an earlier time are not looked at, ms
	Seen map[string]string `json:"s"` // by process: its last entry that was given
}

func (j *Journal) readFollowed(cursor string) (f followed, err error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(cursor) > journalCursor || json.Unmarshal(b, &f) != nil || f.From < 0 {
		return f, badField("after", "after is a cursor of an earlier page")
	}
	for _, id := range f.Seen {
		if _, _, ok := splitEntry(id); !ok {
			return f, badField("after", "after is a cursor of an earlier page")
		}
	}
	if f.From < j.o.Now().Add(-journalFollow).UnixMilli() {
		return f, badField("after", "the cursor is older than an hour: begin anew")
	}
	return f, nil
}

// Follow gives what came behind a cursor, the oldest first, at most limit
// entries, and the cursor to go on with; "" begins two seconds ago. It does not
// wait, and looks for two seconds at most. Packs that a node brings in later than
// 30 s after another's are left out. invalid_argument for a cursor that is none, or
// of a place an hour ago.
func (j *Journal) Follow(ctx context.Context, cursor string, limit int, match func(*Entry) bool) (es []Entry, next string, err error) {
	f := followed{From: j.o.Now().Add(-2 * time.Second).UnixMilli()}
	if cursor != "" {
		if f, err = j.readFollowed(cursor); err != nil {
			return nil, "", err
		}
	}
	if f.Seen == nil {
		f.Seen = map[string]string{}
	}
	end, whole := time.Now().Add(journalLook), true
	read, seq := int64(0), j.o.System.Find(ctx, packsIn(j.o.Collection, packFrom(time.UnixMilli(f.From)), packEnd, false))
	for p, err := range j.packs(seq) {
		if err != nil {
			return nil, "", err
		}
		at, instance, _ := splitPack(p.id)
		seen, i, _ := splitEntry(f.Seen[instance])
		if seen > p.id || seen == p.id && int64(i) >= p.number("n")+p.number("gone")-1 {
			continue
		}
		if len(es) >= limit || read >= journalRead || read > 0 && time.Now().After(end) {
			whole = false
			break
		}
		all, err := p.entries()
		if err != nil {
			return nil, "", err
		}
		read += p.number("raw")
		first := 0
		if seen == p.id {
			first = i + 1
		}
		f.Seen[instance] = entryID(p.id, max(len(all)-1, 0))
		for n := first; n < len(all); n++ {
			if all[n].gone() || match != nil && !match(&all[n]) {
				continue
			}
			if es = append(es, all[n]); len(es) >= limit {
				f.Seen[instance] = entryID(p.id, n)
				break
			}
		}
		f.From = max(f.From, at.Add(-journalLate).UnixMilli())
	}
	if whole && len(es) < limit { // so that a place in a silent journal does not age
		f.From = max(f.From, j.o.Now().Add(-journalLate).UnixMilli())
	}
	for instance, id := range f.Seen {
		pack, _, _ := splitEntry(id)
		if at, _, _ := splitPack(pack); at.UnixMilli() < f.From {
			delete(f.Seen, instance)
		}
	}
	b, err := json.Marshal(f)
	if err != nil {
		return nil, "", hutch.Errorf(hutch.Internal, "making a cursor: %w", err)
	}
	return es, base64.RawURLEncoding.EncodeToString(b), nil
}

// JournalSize is what is stored, by all nodes.
type JournalSize struct {
	Bytes, Entries int64
	Oldest         time.Time // zero: nothing
}

// Size adds up what is stored.
func (j *Journal) Size(ctx context.Context) (size JournalSize, err error) {
	for d, err := range j.o.System.Find(ctx, packsIn(j.o.Collection, sumKind, sumEnd, false)) {
		if err != nil {
			return size, err
		}
		s := readSum(d)
		size.Bytes += s.bytes
		size.Entries += s.n
	}
	oldest := packsIn(j.o.Collection, packKind, packEnd, false)
	oldest.Limit = 1
	for p, err := range j.packs(j.o.System.Find(ctx, oldest)) {
		if err != nil {
			return size, err
		}
		size.Oldest = p.at
	}
	return size, nil
}
