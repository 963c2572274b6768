package history

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
)

// Range is a stretch that ends now, and how finely it is shown.
type Range struct {
	Name string
	Long time.Duration
	Step time.Duration
	tier int
}

// Ranges are those that can be asked for.
func Ranges() []Range {
	return []Range{
		{"1h", time.Hour, 10 * time.Second, 0},
		{"24h", 24 * time.Hour, 5 * time.Minute, 1},
		{"30d", 30 * 24 * time.Hour, 2 * time.Hour, 2},
	}
}

// Page is a range as plots show it. Each series has a value a step; null where
// nothing was measured.
type Page struct {
	From   time.Time             `json:"from"`
	To     time.Time             `json:"to"`
	Step   int                   `json:"step" doc:"seconds"`
	Series map[string][]*float64 `json:"series" doc:"requests, errors4xx, errors5xx, deliveries, calls and failures a second; p50 and p99 in milliseconds; connections; storeBytes, logBytes and memory in bytes; cpu in cores"`
	Events []Event               `json:"events"`
	Nodes  []string              `json:"nodes"`
}

// Series answers a range of one node, or "" for all together.
func (h *History) Series(ctx context.Context, name, node string) (*Page, error) {
	i := slices.IndexFunc(Ranges(), func(r Range) bool { return r.Name == name })
	if i < 0 {
		return nil, &hutch.Error{Code: hutch.InvalidArgument, Field: "range", Message: "range is 1h, 24h or 30d"}
	}
	r := Ranges()[i]
	step := int64(r.Step / time.Second)
	now := h.o.Now().Unix()
	to := (now/step + 1) * step // the step that has begun
	from := to - int64(r.Long/time.Second)
	t := &tiers[r.tier]
	cs, err := h.between(ctx, t, from, to)
	if err != nil {
		return nil, err
	}
	byNode, bounds, err := h.gather(cs, t)
	if err != nil {
		return nil, err
	}
	if node != "" && byNode[node] == nil {
		return nil, &hutch.Error{Code: hutch.NotFound, Field: "node", Message: "no such node in this range"}
	}
	p := &Page{
		From: time.Unix(from, 0).UTC(), To: time.Unix(to, 0).UTC(), Step: int(step),
		Series: map[string][]*float64{}, Nodes: append([]string{}, slices.Sorted(maps.Keys(byNode))...), // never null
	}
	shown := byNode
	if node != "" {
		shown = map[string]map[int64]*row{node: byNode[node]}
	}
	for at := from; at < to; at += step {
		var rows []*row
		for _, all := range shown {
			merged := &row{}
			for slot := at / t.slot; slot*t.slot < at+step; slot++ {
				if x := all[slot]; x != nil {
					merged.add(x)
				}
			}
			if merged.n > 0 {
				rows = append(rows, merged)
			}
		}
		if node == "" && at > now-unwritten && len(rows) < heard(byNode, t, now) {
			rows = nil // not all of the nodes have stored it yet
		}
		p.point(int((at-from)/step), int((to-from)/step), rows, bounds)
	}
	if p.Events, err = h.events(ctx, p.From, p.To, node); err != nil {
		return nil, err
	}
	return p, nil
}

// unwritten is how long a node may keep rows to itself, in seconds.
const unwritten = (flushes + 2) * perSlot

// heard counts the nodes that have stored something lately.
func heard(byNode map[string]map[int64]*row, t *tier, now int64) (n int) {
	for _, rows := range byNode {
		for slot := range rows {
			if (slot+1)*t.slot > now-3*max(unwritten, t.slot) {
				n++
				break
			}
		}
	}
	return n
}

// gather sorts what is stored by node, with what this one has in memory.
func (h *History) gather(cs []chunk, t *tier) (map[string]map[int64]*row, []float64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var bounds []float64
	if h.last != nil {
		bounds = h.last.bounds
	}
	out := map[string]map[int64]*row{}
	put := func(node string, slot int64, r *row) {
		if out[node] == nil {
			out[node] = map[int64]*row{}
		}
		if there := out[node][slot]; there == nil || there.n <= r.n {
			out[node][slot] = r
		}
	}
	for i := range cs {
		rows, err := cs[i].rows(bounds)
		if err != nil {
			return nil, nil, err
		}
		for slot, r := range rows {
			put(cs[i].Node, slot, r)
		}
	}
	fresh := map[int64]*row{}
	for slot, r := range h.rows {
		at := slot * perSlot / t.slot
		if fresh[at] == nil {
			fresh[at] = &row{}
		}
		fresh[at].add(r)
	}
	for slot, r := range fresh {
		put(h.o.Node, slot, r)
	}
	return out, bounds, nil
}

// point sets the values of a step, of one row a node.
func (p *Page) point(i, steps int, rows []*row, bounds []float64) {
	set := func(name string, v float64, ok bool) {
		if p.Series[name] == nil {
			p.Series[name] = make([]*float64, steps)
		}
		if ok {
			v = math.Round(v*1000) / 1000
			p.Series[name][i] = &v
		}
	}
	rate := func(unit float64, counters ...int) (sum float64) {
		for _, r := range rows {
			for _, c := range counters {
				sum += float64(r.counts[c]) / unit / (float64(r.n) * every.Seconds())
			}
		}
		return sum
	}
	some := len(rows) > 0
	set("requests", rate(1, good, refused, failed), some)
	set("errors4xx", rate(1, refused), some)
	set("errors5xx", rate(1, failed), some)
	set("deliveries", rate(1, deliveries), some)
	set("calls", rate(1, calls), some)
	set("failures", rate(1, failures), some)
	set("cpu", rate(1000, cpu), some)
	all := &row{}
	for _, r := range rows {
		all.add(r)
	}
	for name, q := range map[string]float64{"p50": .5, "p99": .99} {
		v, ok := quantile(q, all.buckets, bounds)
		set(name, v*1000, ok)
	}
	for g, name := range []string{connections: "connections", storeBytes: "storeBytes", logBytes: "logBytes", memoryBytes: "memory"} {
		sum, most, ok := 0.0, 0.0, false
		for _, r := range rows {
			v, has := r.mean(g)
			sum, most, ok = sum+v, max(most, v), ok || has
		}
		if g == storeBytes || g == logBytes { // of the store that all share
			sum = most
		}
		set(name, sum, ok)
	}
}
