package transfer

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hutch-dev/hutch/data"
)

// FuzzRecords: whatever a part holds, its records are documents that can be
// written as lines again, or tell what is wrong at a line of the part.
func FuzzRecords(f *testing.F) {
	for _, s := range []string{
		"{\"a\":1}\n\n{", "a,b.c\n1,\"x\ny\"\n2", "\ufeffa\r\n'=1\r\n", "a,b\n\"\"\"", "_id,x\n,{\"$date\":1}\n", "a\n\xff\n", "{\"a\":{\"$numberDecimal\":\"1\"}}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, part []byte) {
		total := bytes.Count(part, []byte("\n")) + 1
		check := func(r record) {
			if r.line < 1 || r.line > total {
				t.Fatalf("line %d of %d", r.line, total)
			}
			if (r.doc == nil) == (r.err == nil) {
				t.Fatalf("%v, %v", r.doc, r.err)
			}
			if r.doc == nil {
				return
			}
			if err := r.doc.Validate(); err != nil {
				t.Fatal(err)
			}
			line, err := AppendJSONLine(nil, r.doc)
			if err != nil || !utf8.Valid(line) {
				t.Fatalf("%q, %v", line, err)
			}
			if again, err := data.ParseJSON(line, 64); err != nil || !bytes.Equal(again, r.doc) && data.CheckDoc(again) != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
		for r := range jsonLines(part) {
			check(r)
		}
		cols := func(header []string) ([]column, error) { return columns(header, nil, nil) }
		for r, err := range csvLines(part, "", cols, true) {
			if err != nil {
				break
			}
			check(r)
		}
	})
}

// FuzzCells: what is written as a cell is no formula and is read again.
func FuzzCells(f *testing.F) {
	for _, s := range []string{"=1", "'", "''=1", "a", "-", "\t", "'a", "\n", "\uff1d1", "'\uff20", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		cell := guarded(s)
		if first, size := utf8.DecodeRuneInString(cell); size > 0 && strings.ContainsRune(formula, first) {
			t.Fatalf("%q", cell)
		}
		if unguarded(cell) != s {
			t.Fatalf("%q came back as %q", s, unguarded(cell))
		}
	})
}
