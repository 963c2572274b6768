package transfer

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// MaxPart is how large a part may be.
const MaxPart = 4 << 20

const (
	batchWrites = 400 // of a commit, beside the import's rows
	batchBytes  = 4 << 20
	partTime    = 12 * time.Second // a request goes on with a part
	maxField    = 200              // bytes told of a bad record
	maxReason   = 400
)

// Part imports the records of a part, which count from 1. A part that is done
// does nothing; complete is false where the time of a request was up: the same
// part goes on where it was. last ends the import with the part.
func (s *Service) Part(ctx context.Context, id string, n int64, last bool, r data.Request, part []byte) (m *Import, complete bool, err error) {
	if m, err = s.load(ctx, id); err != nil {
		return nil, false, err
	}
	switch {
	case n <= m.Parts:
		return m, true, nil
	case m.Done:
		return nil, false, hutch.Errorf(hutch.FailedPrecondition, "the import is over")
	case n != m.Parts+1:
		return nil, false, hutch.Errorf(hutch.FailedPrecondition, "part %d comes next", m.Parts+1)
	case len(part) > MaxPart:
		return nil, false, hutch.Errorf(hutch.PayloadTooLarge, "a part has at most %d bytes", MaxPart)
	}
	coll, ok := s.Data.Collection(m.Collection)
	if !ok {
		return nil, false, &hutch.Error{Code: hutch.FailedPrecondition, Message: "the collection is no longer one of the app's"}
	}
	w := &worker{s: s, m: m, coll: coll, request: r, until: time.Now().Add(partTime), base: m.Lines, size: batchWrites}
	if err = w.run(ctx, part); err != nil {
		return nil, false, err
	}
	next := *m
	if complete = !w.late; complete {
		next.Parts, next.Records, next.Done = n, 0, last
		next.Lines += int64(bytes.Count(part, []byte("\n")))
		if len(part) > 0 && part[len(part)-1] != '\n' {
			next.Lines++
		}
	}
	if err = w.commit(ctx, nil, &next); err != nil {
		return nil, false, err
	}
	m.Ended = m.Done
	return m, complete, nil
}

// worker takes one part apart.
type worker struct {
	s       *Service
	m       *Import
	coll    data.Collection
	request data.Request
	until   time.Time
	base    int64 // lines before the part
	late    bool

	wait  []record // read, not written
	bytes int
	bad   []Bad
	size  int // of the next commit: small where many are refused
}

func (w *worker) run(ctx context.Context, part []byte) error {
	skip, seen := w.m.Records, int64(0)
	take := func(r record) error {
		if seen++; seen <= skip {
			return nil
		}
		w.wait = append(w.wait, r)
		w.bytes += len(r.doc)
		if len(w.wait) < batchWrites && w.bytes < batchBytes {
			return nil
		}
		return w.flush(ctx)
	}
	if w.m.Format == JSONL {
		for r := range jsonLines(part) {
			if err := take(r); err != nil || w.late {
				return err
			}
		}
		return w.flush(ctx)
	}
	cols := func(header []string) ([]column, error) {
		if header != nil && w.m.Named && len(header) != len(w.m.Columns) {
			return nil, hutch.Errorf(hutch.InvalidArgument, "the first line has %d cells, %d columns are named", len(header), len(w.m.Columns))
		}
		if header != nil && !w.m.Named {
			w.m.Columns = header
		}
		return columns(w.m.Columns, w.m.Types, fieldsOf(w.coll))
	}
	for r, err := range csvLines(part, w.m.Separator, cols, w.m.Header && w.m.Parts == 0) {
		if err == nil {
			err = take(r)
		}
		if err != nil || w.late {
			return err
		}
	}
	return w.flush(ctx)
}

// flush writes what waits, a commit after another. A record that is refused is
// bad; the next commit is smaller, as its neighbours may be, too.
func (w *worker) flush(ctx context.Context) error {
	taken, err := w.taken(ctx)
	if err != nil {
		return err
	}
	for {
		w.skip(taken)
		if len(w.wait) == 0 {
			w.bytes = 0
			return nil
		}
		if time.Now().After(w.until) {
			w.late = true
			return nil
		}
		b := w.batch(min(w.size, len(w.wait)), taken)
		err := w.commit(ctx, b.ms, &b.next, b.bad...)
		if err == nil {
			for _, id := range b.ids {
				taken[id] = true
			}
			w.wait, w.size = w.wait[b.n:], min(2*w.size, batchWrites)
			continue
		}
		k, bad := refused(ctx, err, len(b.ms))
		if bad == nil {
			return err
		}
		if k >= 0 {
			w.wait[b.at[k]].err = bad
		}
		w.size = max(w.size/2, 1)
	}
}

// skip takes the bad records off the front of what waits.
func (w *worker) skip(taken map[string]bool) {
	for len(w.wait) > 0 && w.isBad(&w.wait[0], taken) {
		if w.m.Told+int64(len(w.bad)) < maxErrors {
			w.bad = append(w.bad, w.told(&w.wait[0]))
		}
		w.m.Records++
		w.m.Failed++
		w.wait = w.wait[1:]
	}
}

func (w *worker) isBad(r *record, taken map[string]bool) bool {
	if r.err == nil && w.m.Mode == Create && taken[idOf(r.doc)] {
		r.err = &hutch.Error{Code: hutch.AlreadyExists, Field: data.FieldID, Message: "the id is taken"}
	}
	return r.err != nil
}

func idOf(d data.Doc) string { return data.Text(data.Field(d, data.FieldID)) }

// told is a bad record as the report keeps it: where it stands and why, and nothing
// of what it holds, which would outlive the erasure of whom it is about.
func (w *worker) told(r *record) Bad {
	id := idOf(r.doc)
	if data.ValidID(id) != nil {
		id = ""
	}
	return Bad{
		Line: w.base + int64(r.line), ID: id, Field: clip(r.err.Field, maxField),
		Code: string(r.err.Code), Reason: clip(r.err.Message, maxReason),
	}
}

// batch is what one commit is to write, and the import after it.
type batch struct {
	n    int // records
	ms   []data.Mutation
	at   []int // the record of each mutation
	ids  []string
	bad  []Bad
	next Import
}

func (w *worker) batch(n int, taken map[string]bool) *batch {
	b := &batch{n: n, next: *w.m}
	fresh := map[string]bool{}
	for i := range n {
		r := &w.wait[i]
		b.next.Records++
		if w.isBad(r, taken) || w.m.Mode == Create && fresh[idOf(r.doc)] && w.isBad(r, fresh) {
			b.next.Failed++
			b.bad = append(b.bad, w.told(r))
			continue
		}
		m := data.Mutation{Op: data.OpCreate, In: w.m.Collection, Data: r.doc, Dated: true}
		id := idOf(r.doc)
		if w.m.Mode == Set && id != "" {
			m.Op, m.ID = data.OpSet, id
		}
		if taken[id] || fresh[id] {
			b.next.Replaced++
		} else {
			b.next.Created++
		}
		if id != "" {
			fresh[id] = true
			b.ids = append(b.ids, id)
		}
		b.ms, b.at = append(b.ms, m), append(b.at, i)
	}
	return b
}

// taken asks which ids of what waits are there.
func (w *worker) taken(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	var ids []data.Value
	for i := range w.wait {
		if id := idOf(w.wait[i].doc); id != "" {
			ids = append(ids, data.String(id))
		}
	}
	if len(ids) == 0 {
		return out, nil
	}
	// What is there is asked for the import, not for the eyes of who runs it.
	ctx = hutch.WithPrincipal(ctx, hutch.Principal{Kind: hutch.System}.Sealed())
	q := data.Query{
		From: w.m.Collection, Where: data.Where{Op: data.OpIn, Path: data.FieldID, Value: data.Array(ids...)},
		Select: []string{data.FieldID}, Limit: batchWrites,
	}
	for {
		page, err := w.s.Data.Query(ctx, q, data.Request{Op: data.OpList})
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			out[idOf(d)] = true
		}
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// commit writes ms and how far the import is then; bad are those of the batch.
func (w *worker) commit(ctx context.Context, ms []data.Mutation, next *Import, bad ...Bad) error {
	rows, err := w.s.rows(next, slices.Concat(w.bad, bad))
	if err != nil {
		return err
	}
	if len(ms) == 0 {
		_, err = w.s.System.Commit(ctx, &data.Batch{Now: w.s.Now(), Writes: rows})
	} else {
		_, err = w.s.Data.Write(ctx, ms, data.WriteOptions{Request: w.request, Paths: true, Join: rows, Told: true})
	}
	if err == nil {
		*w.m, w.bad = *next, nil
	}
	return err
}

// refused tells which of n writes an error refuses: k and why; -1 where it is one
// of them that the error does not name; nil where it is no verdict on a write.
func refused(ctx context.Context, err error, n int) (k int, bad *hutch.Error) {
	e := hutch.AsError(err)
	switch e.Code {
	case hutch.Unavailable, hutch.Aborted, hutch.Cancelled:
		return -1, nil
	}
	if ctx.Err() != nil {
		return -1, nil //nolint:nilerr // no verdict on a write
	}
	if rest, ok := strings.CutPrefix(e.Field, "writes["); ok {
		if num, field, ok := strings.Cut(rest, "]"); ok {
			if k, err := strconv.Atoi(num); err == nil && k < n {
				named := *e
				named.Field = strings.TrimPrefix(strings.TrimPrefix(field, "."), "data.")
				return k, &named
			}
		}
	}
	switch e.Code {
	case hutch.InvalidArgument, hutch.AlreadyExists, hutch.FailedPrecondition, hutch.PermissionDenied:
	default:
		return -1, nil
	}
	if n == 1 {
		return 0, e
	}
	return -1, e
}
