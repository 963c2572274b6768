package history

import (
	"encoding/binary"
	"errors"
	"slices"
)

// The counters of a row.
const (
	good = iota // requests answered below 400
	refused
	failed // 5xx
	deliveries
	calls
	failures
	cpu // milliseconds
	counters
)

// The gauges of a row.
const (
	connections = iota
	storeBytes
	logBytes
	memoryBytes
	gauges
)

// row is what was measured in a stretch of time: samples of 10 seconds, added up.
type row struct {
	n       uint64 // samples in it
	counts  [counters]uint64
	buckets []uint64 // of latency, the last above every bound
	sums    [gauges]uint64
	ns      [gauges]uint64 // samples that a sum has
}

// add merges o into r.
func (r *row) add(o *row) {
	r.n += o.n
	for i := range r.counts {
		r.counts[i] += o.counts[i]
	}
	if len(o.buckets) > len(r.buckets) {
		r.buckets = append(slices.Clone(r.buckets), make([]uint64, len(o.buckets)-len(r.buckets))...)
	}
	for i, b := range o.buckets {
		r.buckets[i] += b
	}
	for i := range r.sums {
		r.sums[i] += o.sums[i]
		r.ns[i] += o.ns[i]
	}
}

// mean is a gauge's; false where it was not measured.
func (r *row) mean(i int) (float64, bool) {
	if r.ns[i] == 0 {
		return 0, false
	}
	return float64(r.sums[i]) / float64(r.ns[i]), true
}

// quantile is that of the latencies in seconds, interpolated within its bucket;
// false where there is none. Above the last bound it is the bound.
func quantile(q float64, buckets []uint64, bounds []float64) (float64, bool) {
	total := uint64(0)
	for _, b := range buckets {
		total += b
	}
	if total == 0 || len(buckets) != len(bounds)+1 {
		return 0, false
	}
	rank, below := q*float64(total), 0.0
	for i, b := range buckets {
		if b == 0 || below+float64(b) < rank {
			below += float64(b)
			continue
		}
		if i == len(bounds) {
			break
		}
		low := 0.0
		if i > 0 {
			low = bounds[i-1]
		}
		return low + (bounds[i]-low)*(rank-below)/float64(b), true
	}
	return bounds[len(bounds)-1], true
}

// append writes a row for storing: numbers of varying length, and of the buckets
// those that count something.
func (r *row) append(b []byte, slot int64) []byte {
	b = binary.AppendUvarint(b, uint64(slot))
	b = binary.AppendUvarint(b, r.n)
	for _, c := range r.counts {
		b = binary.AppendUvarint(b, c)
	}
	for i := range r.sums {
		b = binary.AppendUvarint(binary.AppendUvarint(b, r.ns[i]), r.sums[i])
	}
	some := uint64(0)
	for _, c := range r.buckets {
		if c > 0 {
			some++
		}
	}
	b = binary.AppendUvarint(b, some)
	for i, c := range r.buckets {
		if c > 0 {
			b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(i)), c)
		}
	}
	return b
}

var errRows = errors.New("history: stored rows cannot be read")

// readRows reads what append wrote, with so many buckets.
func readRows(b []byte, buckets int) (map[int64]*row, error) {
	out := map[int64]*row{}
	bad := false
	next := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			bad, b = true, nil
			return 0
		}
		b = b[n:]
		return v
	}
	for len(b) > 0 {
		slot := int64(next())
		r := &row{n: next(), buckets: make([]uint64, buckets)}
		for i := range r.counts {
			r.counts[i] = next()
		}
		for i := range r.sums {
			r.ns[i], r.sums[i] = next(), next()
		}
		for range min(next(), uint64(buckets)) {
			i, c := next(), next()
			if i >= uint64(buckets) {
				return nil, errRows
			}
			r.buckets[i] = c
		}
		if bad {
			return nil, errRows
		}
		out[slot] = r
	}
	return out, nil
}
