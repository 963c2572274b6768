package pebble

import (
	"bytes"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// mostIDs bounds the entries of one run that are sorted where no budget does.
const mostIDs = 1 << 20

var errBroad = hutch.Errorf(hutch.ResourceExhausted, "too many entries to sort by _id")

// identified runs an access of an index for a plan in the order of _id: entries
// have the ids, so these are sorted and documents read until as many match as are
// wanted.
// errBroad, and nothing read, when there are more entries than documents may be
// examined.
func (r *run) identified(a *data.Access, yield func(data.Doc) error) error {
	ids, err := r.ids(a)
	if err != nil {
		return err
	}
	slices.SortFunc(ids, bytes.Compare)
	ids = slices.CompactFunc(ids, bytes.Equal)
	desc := len(r.p.OrderBy) > 0 && r.p.OrderBy[0].Desc
	if m := r.p.After; m != nil {
		at, found := slices.BinarySearchFunc(ids, m.ID, func(id []byte, mark string) int { return bytes.Compare(id, []byte(mark)) })
		switch {
		case desc:
			ids = ids[:at]
		case found:
			ids = ids[at+1:]
		default:
			ids = ids[at:]
		}
	}
	if desc {
		slices.Reverse(ids)
	}
	n := 0
	for _, id := range ids {
		err := r.fetch(id, func(d data.Doc) error {
			n++
			return yield(d)
		})
		if err != nil || n == r.p.Limit {
			return err
		}
	}
	return nil
}

// ids are those of the entries of an access, some more than once.
func (r *run) ids(a *data.Access) ([][]byte, error) {
	most := int64(mostIDs)
	if r.budget.MaxDocs > 0 {
		most = r.budget.MaxDocs - r.budget.Docs
	}
	var all []byte
	var ends []int
	for _, a := range append([]*data.Access{a}, a.Also...) {
		err := r.scan(a, nil, func(_ *pebble.Iterator, id []byte) error {
			if int64(len(ends)) == most {
				return errBroad
			}
			all = append(all, id...)
			ends = append(ends, len(all))
			return r.tick()
		})
		if err != nil {
			return nil, err
		}
	}
	ids, from := make([][]byte, len(ends)), 0
	for i, end := range ends {
		ids[i], from = all[from:end:end], end
	}
	return ids, nil
}
