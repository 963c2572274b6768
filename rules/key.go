package rules

import (
	"bytes"
	"encoding/binary"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// filterKey is the Filter.Key of a filter: its canonical bytes and those of the
// folded masks, of which this version has none.
func filterKey(w data.Where) string {
	const masks = ""
	return string(appendText(appendText(nil, string(whereKey(w))), masks))
}

// whereKey is the canonical bytes of a filter: equal bytes mean equal filters.
// The order of what is joined by and, or, $in does not count.
func whereKey(w data.Where) []byte {
	dst := appendText(make([]byte, 0, 64), string(w.Op))
	dst = appendText(dst, w.Path)
	v := val{w.Value.Type, w.Value.Value}
	dst = append(dst, byte(v.T))
	if (w.Op == data.OpIn || w.Op == data.OpNin) && v.T == bson.TypeArray {
		var items [][]byte
		for e := walk(v.B); e.next(); {
			items = append(items, append([]byte{byte(e.v.T)}, e.v.B...))
		}
		dst = appendSet(dst, items)
	} else {
		dst = appendText(dst, string(v.B))
	}
	kids := make([][]byte, len(w.Kids))
	for i, k := range w.Kids {
		kids[i] = whereKey(k)
	}
	return appendSet(dst, kids)
}

func appendText(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// appendSet appends items without repetitions, in the order of their bytes.
func appendSet(dst []byte, items [][]byte) []byte {
	slices.SortFunc(items, bytes.Compare)
	items = slices.CompactFunc(items, bytes.Equal)
	dst = binary.AppendUvarint(dst, uint64(len(items)))
	for _, it := range items {
		dst = binary.AppendUvarint(dst, uint64(len(it)))
		dst = append(dst, it...)
	}
	return dst
}
