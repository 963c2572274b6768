package history

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// chunk is a stored document: the rows of a tier, a node and a stretch.
type chunk struct {
	ID     string    `bson:"_id"`
	Node   string    `bson:"node"`
	Bounds []float64 `bson:"bounds"` // of the buckets; with others the latencies are not read
	Rows   []byte    `bson:"rows"`
	Until  time.Time `bson:"until"` // swept then
}

// chunkID sorts by tier and time.
func chunkID(t *tier, start int64, node string) string {
	return fmt.Sprintf("%s/%010d/%s", t.name, start, node)
}

func (c *chunk) rows(bounds []float64) (map[int64]*row, error) {
	rows, err := readRows(c.Rows, len(c.Bounds)+1)
	if err != nil || slices.Equal(c.Bounds, bounds) {
		return rows, err
	}
	for _, r := range rows {
		r.buckets = nil
	}
	return rows, nil
}

// flush stores the rows since the last one. At the end also those of a stretch
// that is not over, which the next run completes.
func (h *History) flush(ctx context.Context, end bool) {
	h.mu.Lock()
	from, bounds := h.dirty, []float64(nil)
	if h.last != nil {
		bounds = h.last.bounds
	}
	if from == 0 {
		h.mu.Unlock()
		return
	}
	last, own := from, make(map[int64]*row, len(h.rows))
	for slot, r := range h.rows {
		own[slot], last = r, max(last, slot)
	}
	h.mu.Unlock()
	b := &data.Batch{Now: h.o.Now()}
	for i := range tiers {
		t := &tiers[i]
		if t.slot > 60 && !end && from*perSlot/t.slot == (last+1)*perSlot/t.slot {
			continue // nothing of it is over; the slots stay in memory
		}
		b.Writes = append(b.Writes, writes(t, own, from, h.o.Node, bounds)...)
	}
	ctx, cancel := context.WithTimeout(ctx, storing)
	defer cancel()
	if _, err := h.o.System.Commit(ctx, b); err != nil {
		h.o.Log.Warn("metrics are not stored; trying again", slog.Any("error", err))
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dirty = 0 // Run alone samples and stores
}

// writes puts the rows of a tier from a slot on into its documents.
func writes(t *tier, own map[int64]*row, from int64, node string, bounds []float64) (out []data.Write) {
	ratio := t.slot / perSlot
	merged := map[int64]map[int64]*row{} // by chunk and slot of the tier
	first := from / ratio
	for slot, r := range own {
		at := slot / ratio
		if at < first {
			continue
		}
		start := at * t.slot / t.chunk * t.chunk
		if merged[start] == nil {
			merged[start] = map[int64]*row{}
		}
		if merged[start][at] == nil {
			merged[start][at] = &row{}
		}
		merged[start][at].add(r)
	}
	for start, rows := range merged {
		id := chunkID(t, start, node)
		out = append(out, data.Write{
			Collection: Collection, ID: id, Expect: data.AnyVersion,
			Next: func(old data.Doc) (data.Doc, error) {
				c := chunk{ID: id, Node: node, Bounds: bounds, Until: time.Unix(start+t.chunk, 0).Add(t.keep)}
				return c.with(old, rows)
			},
		})
	}
	return out
}

// with lays rows over those that are stored; of two of a slot the one stays that
// has more in it: what a restart forgot of a stretch is not lost.
func (c *chunk) with(old data.Doc, rows map[int64]*row) (data.Doc, error) {
	var had chunk
	if old != nil {
		if err := data.Unmarshal(old, &had); err != nil {
			return nil, err
		}
	}
	all, err := had.rows(c.Bounds)
	if err != nil {
		all = map[int64]*row{}
	}
	for slot, r := range rows {
		if there := all[slot]; there == nil || there.n <= r.n {
			all[slot] = r
		}
	}
	slots := make([]int64, 0, len(all))
	for slot := range all {
		slots = append(slots, slot)
	}
	slices.Sort(slots)
	for _, slot := range slots {
		c.Rows = all[slot].append(c.Rows, slot)
	}
	return data.Marshal(c)
}

// between yields the chunks of a tier that hold something from a time on.
func (h *History) between(ctx context.Context, t *tier, from, to int64) ([]chunk, error) {
	q := data.Query{From: Collection, OrderBy: []data.Order{{Path: data.FieldID}}, Where: data.And(
		data.Where{Op: data.OpGte, Path: data.FieldID, Value: data.String(chunkID(t, from/t.chunk*t.chunk, ""))},
		data.Where{Op: data.OpLt, Path: data.FieldID, Value: data.String(chunkID(t, to+1, ""))},
	)}
	var out []chunk
	for d, err := range h.o.System.Find(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading the metrics: %w", err)
		}
		var c chunk
		if err := data.Unmarshal(d, &c); err != nil {
			return nil, fmt.Errorf("reading the metrics: %w", err)
		}
		out = append(out, c)
	}
	return out, nil
}

// recall reads what this node stored last, so that a stretch goes on where a
// restart cut it.
func (h *History) recall(ctx context.Context) {
	now := h.o.Now().Unix()
	cs, err := h.between(ctx, &tiers[0], now-memory*perSlot, now)
	if err != nil {
		h.o.Log.Warn("the metrics of before are not read", slog.Any("error", err))
		return
	}
	families, err := h.o.Metrics.Gather()
	if err != nil {
		return
	}
	bounds := read(families).bounds
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range cs {
		if cs[i].Node != h.o.Node {
			continue
		}
		rows, err := cs[i].rows(bounds)
		if err != nil {
			continue
		}
		for slot, r := range rows {
			if h.rows[slot] == nil && slot >= now/perSlot-memory {
				h.rows[slot] = r
			}
		}
	}
}

// sweep removes what is past its time, on one node.
func (h *History) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if ok, err := h.o.Sweep.Acquire(ctx); err != nil || !ok {
		return
	}
	now := h.o.Now()
	var old []string
	events := []string{}
	for d, err := range h.o.System.Find(ctx, data.Query{From: Collection, OrderBy: []data.Order{{Path: data.FieldID}}}) {
		if err != nil {
			h.o.Log.Warn("old metrics are not removed", slog.Any("error", err))
			return
		}
		var c chunk
		if err := data.Unmarshal(d, &c); err != nil || now.After(c.Until) {
			old = append(old, data.Text(data.Field(d, data.FieldID)))
			continue
		}
		if isEvent(c.ID) {
			events = append(events, c.ID)
		}
	}
	old = append(old, events[:max(0, len(events)-mostEvents)]...)
	for some := range slices.Chunk(old, 200) {
		b := &data.Batch{Now: now}
		for _, id := range some {
			b.Writes = append(b.Writes, data.Write{
				Collection: Collection, ID: id, Expect: data.AnyVersion,
				Next: func(data.Doc) (data.Doc, error) { return nil, nil },
			})
		}
		if _, err := h.o.System.Commit(ctx, b); err != nil {
			h.o.Log.Warn("old metrics are not removed", slog.Any("error", err))
			return
		}
	}
}
