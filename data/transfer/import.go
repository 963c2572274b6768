package transfer

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Collection holds imports and their bad records.
const Collection = "_imports"

const (
	importLife = 7 * 24 * time.Hour // an import is kept
	maxErrors  = 1000               // told of an import
	maxListed  = 100                // imports
	maxMark    = 200                // bytes
)

// separators of a CSV's cells.
var separators = []string{"", ",", ";", "\t"}

// The formats and modes of an import.
const (
	JSONL  = "jsonl"
	CSVs   = "csv"
	Create = "create" // a taken id is an error
	Set    = "set"    // it is replaced
)

// Service runs imports.
type Service struct {
	Data   *data.Service
	System data.System // of Collection
	Now    func() time.Time
}

// Indexes of Collection.
func Indexes() []data.Index {
	return []data.Index{{Name: "kind", Fields: []data.Order{{Path: "kind"}}}, {Name: "import", Fields: []data.Order{{Path: "import"}}}}
}

// Request begins an import.
type Request struct {
	Collection, Format, Mode string
	File                     string            // its name, to be shown
	Mark                     string            // by which a client knows the file again
	Separator                string            // of a CSV's cells; "" is a comma
	Columns                  []string          // of a CSV; none: its first record
	Header                   bool              // the first record is none even so
	Types                    map[string]string // of columns
}

// Bad is a record that was left out.
type Bad struct {
	Line   int64  `bson:"line" json:"line"`
	ID     string `bson:"id" json:"id"`
	Field  string `bson:"field" json:"field"`
	Code   string `bson:"code" json:"code"`
	Reason string `bson:"reason" json:"reason"`
}

// Import is how far one has come.
type Import struct {
	ID         string            `bson:"_id"`
	Kind       string            `bson:"kind"`
	Step       int64             `bson:"step"` // grows with every commit
	Collection string            `bson:"collection"`
	Format     string            `bson:"format"`
	Mode       string            `bson:"mode"`
	File       string            `bson:"file"`
	Mark       string            `bson:"mark"`
	Separator  string            `bson:"separator"`
	Header     bool              `bson:"header"` // the file's first record
	Named      bool              `bson:"named"`  // the columns were given: the header is passed over
	Columns    []string          `bson:"columns"`
	Types      map[string]string `bson:"types"`
	By         string            `bson:"by"`
	Operator   string            `bson:"operator"`
	Done       bool              `bson:"done"`
	Parts      int64             `bson:"parts"`   // that are done
	Records    int64             `bson:"records"` // done of the part behind them
	Lines      int64             `bson:"lines"`   // of the parts that are done
	Created    int64             `bson:"created"`
	Replaced   int64             `bson:"replaced"`
	Failed     int64             `bson:"failed"`
	Told       int64             `bson:"told"` // of Failed
	Started    time.Time         `bson:"started"`
	Changed    time.Time         `bson:"changed"`

	Bad   []Bad `bson:"-"`
	Ended bool  `bson:"-"` // by this very call of Part
}

const (
	kindImport = "import"
	kindBad    = "bad"
)

type badRow struct {
	Kind   string `bson:"kind"`
	Import string `bson:"import"`
	Bad    []Bad  `bson:"bad"`
}

func invalid(field, message string) *hutch.Error {
	return &hutch.Error{Code: hutch.InvalidArgument, Field: field, Message: message}
}

// Begin begins an import of the context's principal.
func (s *Service) Begin(ctx context.Context, r Request) (*Import, error) {
	coll, ok := s.Data.Collection(r.Collection)
	switch {
	case !ok:
		return nil, &hutch.Error{Code: hutch.NotFound, Message: "no such collection", Hint: "Declare it in hutch.yaml first."}
	case r.Format != JSONL && r.Format != CSVs:
		return nil, invalid("format", "format is jsonl or csv")
	case r.Mode != Create && r.Mode != Set:
		return nil, invalid("mode", "mode is create or set")
	case r.Format == JSONL && (len(r.Columns) > 0 || len(r.Types) > 0 || r.Header || r.Separator != ""):
		return nil, invalid("columns", "only a CSV has columns")
	case !slices.Contains(separators, r.Separator):
		return nil, invalid("separator", "a separator is a comma, a semicolon or a tab")
	case len(r.Mark) > maxMark:
		return nil, invalid("mark", "a mark has at most 200 bytes")
	case len(r.Types) > maxColumns:
		return nil, invalid("types", "there are more types than a file has columns")
	}
	for path, t := range r.Types {
		if !slices.Contains(columnTypes, t) {
			return nil, invalid("types."+path, "a type is one of "+strings.Join(columnTypes, ", "))
		}
		if strings.ContainsRune(path, 0) {
			return nil, invalid("types", "a column is a text without NUL")
		}
	}
	if len(r.Columns) > 0 {
		if _, err := columns(r.Columns, r.Types, fieldsOf(coll)); err != nil {
			return nil, err
		}
	}
	now, p := s.Now(), hutch.PrincipalFrom(ctx)
	m := &Import{
		ID: strings.ToLower(rand.Text()), Kind: kindImport, Collection: r.Collection, Format: r.Format, Mode: r.Mode, File: clip(r.File, 200),
		Mark: r.Mark, Separator: r.Separator, Header: r.Format == CSVs && (r.Header || len(r.Columns) == 0), Named: len(r.Columns) > 0, Columns: r.Columns, Types: r.Types, By: cmp.Or(p.Email, p.UID), Operator: p.UID, Started: now, Changed: now,
	}
	doc, err := data.Marshal(m)
	if err != nil {
		return nil, err
	}
	old, err := s.expired(ctx, now)
	if err != nil {
		return nil, err
	}
	_, err = s.System.Commit(ctx, &data.Batch{Now: now, Writes: append(old, data.Write{Collection: Collection, ID: m.ID, Next: to(doc)})})
	if err != nil {
		return nil, err
	}
	return m, nil
}

func to(d data.Doc) func(data.Doc) (data.Doc, error) {
	return func(data.Doc) (data.Doc, error) { return d, nil }
}

func fieldsOf(c data.Collection) []data.SchemaField {
	if c.Schema == nil {
		return nil
	}
	return c.Schema.Fields()
}

// expired takes away some rows that are older than a week.
func (s *Service) expired(ctx context.Context, now time.Time) (ws []data.Write, err error) {
	q := data.Query{From: Collection, Limit: 100, Where: data.Where{
		Op: data.OpLt, Path: data.FieldUpdated, Value: data.Date(now.Add(-importLife)),
	}}
	for d, err := range s.System.Find(ctx, q) {
		if err != nil {
			return nil, err
		}
		ws = append(ws, gone(data.Text(data.Field(d, data.FieldID))))
	}
	return ws, nil
}

func gone(id string) data.Write {
	return data.Write{Collection: Collection, ID: id, Expect: data.AnyVersion, Next: to(nil)}
}

func (s *Service) load(ctx context.Context, id string) (*Import, error) {
	none := &hutch.Error{Code: hutch.NotFound, Message: "no such import"}
	if data.ValidID(id) != nil {
		return nil, none
	}
	d, err := s.System.Get(ctx, Collection, id)
	if err != nil {
		return nil, err
	}
	if d == nil || data.Text(data.Field(d, "kind")) != kindImport {
		return nil, none
	}
	m := new(Import)
	return m, data.Unmarshal(d, m)
}

// Get gives an import with its bad records.
func (s *Service) Get(ctx context.Context, id string) (*Import, error) {
	m, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	rows, err := s.badOf(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, d := range rows {
		var row badRow
		if err := data.Unmarshal(d, &row); err != nil {
			return nil, err
		}
		m.Bad = append(m.Bad, row.Bad...)
	}
	return m, nil
}

func (s *Service) badOf(ctx context.Context, id string) (rows []data.Doc, err error) {
	q := data.Query{
		From: Collection, Where: data.Where{Op: data.OpEq, Path: kindImport, Value: data.String(id)},
		OrderBy: []data.Order{{Path: data.FieldID}},
	}
	for d, err := range s.System.Find(ctx, q) {
		if err != nil {
			return nil, err
		}
		rows = append(rows, d)
	}
	return rows, nil
}

// List gives the newest imports, without their bad records.
func (s *Service) List(ctx context.Context) (out []*Import, err error) {
	q := data.Query{From: Collection, Where: data.Where{Op: data.OpEq, Path: "kind", Value: data.String(kindImport)}}
	for d, err := range s.System.Find(ctx, q) {
		if err != nil {
			return nil, err
		}
		m := new(Import)
		if err := data.Unmarshal(d, m); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *Import) int {
		return cmp.Or(b.Started.Compare(a.Started), strings.Compare(a.ID, b.ID))
	})
	return out[:min(len(out), maxListed)], nil
}

// Drop forgets an import; what it wrote stays.
func (s *Service) Drop(ctx context.Context, id string) error {
	if _, err := s.load(ctx, id); err != nil {
		return err
	}
	rows, err := s.badOf(ctx, id)
	if err != nil {
		return err
	}
	ws := []data.Write{gone(id)}
	for _, d := range rows[:min(len(rows), 400)] {
		ws = append(ws, gone(data.Text(data.Field(d, data.FieldID))))
	}
	_, err = s.System.Commit(ctx, &data.Batch{Now: s.Now(), Writes: ws})
	return err
}

// rows are the writes that go with a commit: the import as it is then, if nobody
// else went on with it, and what is bad.
func (s *Service) rows(m *Import, bad []Bad) ([]data.Write, error) {
	was := m.Step
	m.Step++
	m.Changed = s.Now()
	bad = bad[:min(len(bad), int(maxErrors-m.Told))]
	m.Told += int64(len(bad))
	doc, err := data.Marshal(m)
	if err != nil {
		return nil, err
	}
	ws := []data.Write{{Collection: Collection, ID: m.ID, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
		if old == nil {
			return nil, &hutch.Error{Code: hutch.NotFound, Message: "no such import"}
		}
		if step, _ := data.Integer(data.Field(old, "step")); step != was {
			return nil, &hutch.Error{Code: hutch.Aborted, Message: "another request goes on with the import", Hint: "Ask where it is, and send the part after that."}
		}
		return doc, nil
	}}}
	if len(bad) > 0 {
		row, err := data.Marshal(badRow{kindBad, m.ID, bad})
		if err != nil {
			return nil, err
		}
		ws = append(ws, data.Write{Collection: Collection, ID: fmt.Sprintf("%s.%08d", m.ID, m.Step), Expect: data.AnyVersion, Next: to(row)})
	}
	return ws, nil
}
