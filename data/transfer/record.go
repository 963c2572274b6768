package transfer

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// record is one document of a part, or what is wrong with it.
type record struct {
	line int // in the part, from 1
	doc  data.Doc
	err  *hutch.Error
}

var errUTF8 = &hutch.Error{Code: hutch.InvalidArgument, Message: "the line is not UTF-8"}

const lineDepth = 40 // of JSON

// jsonLines yields the records of a part; empty lines are none.
func jsonLines(part []byte) iter.Seq[record] {
	return func(yield func(record) bool) {
		n := 0
		for line := range bytes.Lines(part) {
			n++
			if n == 1 {
				line = bytes.TrimPrefix(line, []byte("\ufeff"))
			}
			if line = bytes.TrimSpace(line); len(line) == 0 {
				continue
			}
			r := record{line: n}
			if !utf8.Valid(line) {
				r.err = errUTF8
			} else if d, err := data.ParseJSON(line, lineDepth); err != nil {
				r.err = hutch.AsError(err)
			} else {
				r.doc = d
			}
			if !yield(r) {
				return
			}
		}
	}
}

// csvReader reads part without the mark that some programs begin a file with.
func csvReader(part []byte, separator string) *csv.Reader {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(part, []byte("\ufeff"))))
	if separator != "" {
		r.Comma = rune(separator[0])
	}
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	return r
}

// csvLines yields the records of a part; the first is the header where header
// says so, which sets the columns.
func csvLines(part []byte, separator string, cols func(header []string) ([]column, error), header bool) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		in := csvReader(part, separator)
		var cs []column
		var err error
		if !header {
			if cs, err = cols(nil); err != nil {
				yield(record{}, err)
				return
			}
		}
		for {
			cells, err := in.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			line := 1
			if err == nil {
				line, _ = in.FieldPos(0)
			}
			if header && cs == nil {
				if err != nil {
					yield(record{}, hutch.Errorf(hutch.InvalidArgument, "the first line is no line of CSV: %w", err))
					return
				}
				if cs, err = cols(append([]string(nil), cells...)); err != nil {
					yield(record{}, err)
					return
				}
				continue
			}
			r := record{line: line}
			if pe, ok := errors.AsType[*csv.ParseError](err); ok {
				r.line, r.err = pe.StartLine, &hutch.Error{Code: hutch.InvalidArgument, Message: pe.Err.Error()}
			} else if err != nil {
				yield(record{}, hutch.Errorf(hutch.InvalidArgument, "reading CSV: %w", err))
				return
			} else {
				r.doc, r.err = rowDoc(cs, cells)
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// rowDoc makes a document of a row's cells.
func rowDoc(cs []column, cells []string) (data.Doc, *hutch.Error) {
	if len(cells) != len(cs) {
		return nil, hutch.Errorf(hutch.InvalidArgument, "the row has %d cells, the header has %d", len(cells), len(cs))
	}
	var root branch
	for i := range cs {
		if cs[i].skip {
			continue
		}
		if !utf8.ValidString(cells[i]) || strings.ContainsRune(cells[i], 0) {
			return nil, errUTF8
		}
		v, ok, err := cs[i].value(cells[i])
		if err != nil {
			return nil, hutch.AsError(err)
		}
		if ok {
			root.put(cs[i].names, v)
		}
	}
	return root.doc(), nil
}

// branch is an object that columns fill.
type branch struct {
	names []string
	kids  map[string]*branch
	leaf  data.Value
}

func (b *branch) put(names []string, v data.Value) {
	if len(names) == 0 {
		b.leaf = v
		return
	}
	k := b.kids[names[0]]
	if k == nil {
		if b.kids == nil {
			b.kids = map[string]*branch{}
		}
		k = new(branch)
		b.kids[names[0]], b.names = k, append(b.names, names[0])
	}
	k.put(names[1:], v)
}

func (b *branch) doc() data.Doc {
	elems := make([]data.Elem, len(b.names))
	for i, name := range b.names {
		k := b.kids[name]
		elems[i] = data.Elem{Name: name, Value: k.leaf}
		if k.kids != nil {
			elems[i].Value = data.Object(k.doc())
		}
	}
	return data.NewDoc(elems...)
}
