package history

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// The metrics that are kept, as the server names them.
const (
	requestsMetric    = "hutch_http_requests_total"
	secondsMetric     = "hutch_http_request_seconds"
	connectionsMetric = "hutch_live_connections"
	deliveriesMetric  = "hutch_live_deliveries_total"
	callsMetric       = "hutch_function_calls_total"
	failuresMetric    = "hutch_function_failures_total"
	memoryMetric      = "process_resident_memory_bytes"
	cpuMetric         = "process_cpu_seconds_total"
)

// own are paths of who runs the app and of probes, and Dashboard are its files: the
// history is the app's.
var own = []string{"/admin/", "/healthz", "/readyz", "/metrics", "/openapi.json"}

// Dashboard is what the server calls the route of the dashboard's files.
const Dashboard = "dashboard"

// OfApp reports whether requests of a route, as the server names it in its metrics,
// are the app's.
func OfApp(route string) bool {
	_, path, _ := strings.Cut(route, " ")
	return route != Dashboard && !slices.ContainsFunc(own, func(p string) bool { return strings.HasPrefix(path, p) })
}

// reading is the registry at a moment: counters since the start, and gauges.
type reading struct {
	slot   int64
	counts [counters]uint64
	cum    []uint64 // of latency, by bucket
	bounds []float64
	gauge  [gauges]uint64
	has    [gauges]bool
}

// sample adds what happened since the last one.
func (h *History) sample(ctx context.Context) {
	families, err := h.o.Metrics.Gather()
	if err != nil && len(families) == 0 {
		h.o.Log.Warn("metrics cannot be read", slog.Any("error", err))
		return
	}
	now := h.o.Now()
	next := read(families)
	// A sample at the end of a stretch is of that stretch.
	next.slot = now.Add(-every/2).Unix() / perSlot
	s := h.measure(ctx, now)
	next.gauge[storeBytes], next.gauge[logBytes] = uint64(s.store), uint64(s.log)
	next.has[storeBytes], next.has[logBytes] = s.ok, s.ok
	h.mu.Lock()
	defer h.mu.Unlock()
	last := h.last
	h.last = next
	if last == nil || next.slot-last.slot > longest || len(next.cum) != len(last.cum) {
		return
	}
	r := &row{n: 1, buckets: make([]uint64, len(next.cum))}
	for i := range r.counts {
		r.counts[i] = minus(next.counts[i], last.counts[i])
	}
	for i := range r.buckets {
		r.buckets[i] = minus(next.cum[i], last.cum[i])
	}
	for i := range r.sums {
		if next.has[i] {
			r.sums[i], r.ns[i] = next.gauge[i], 1
		}
	}
	if there := h.rows[next.slot]; there != nil { // the end of a run, or a clock that stepped back
		r.n = 0
		r.ns, r.sums = [gauges]uint64{}, [gauges]uint64{}
		r.add(there)
	}
	h.rows[next.slot] = r
	if h.dirty == 0 || next.slot < h.dirty {
		h.dirty = next.slot
	}
	for slot := range h.rows {
		if slot < next.slot-memory {
			delete(h.rows, slot)
		}
	}
}

func minus(a, b uint64) uint64 {
	if a < b {
		return 0
	}
	return a - b
}

// measure asks the store for its size, once a minute.
func (h *History) measure(ctx context.Context, now time.Time) size {
	h.mu.Lock()
	s := h.size
	h.mu.Unlock()
	if h.o.Size == nil || s.ok && now.Sub(s.at) < time.Minute {
		return s
	}
	ctx, cancel := context.WithTimeout(ctx, storing)
	defer cancel()
	store, log, err := h.o.Size(ctx)
	s = size{now, store, log, err == nil}
	h.mu.Lock()
	h.size = s
	h.mu.Unlock()
	return s
}

// read takes what is kept out of a registry.
func read(families []*dto.MetricFamily) *reading {
	r := &reading{}
	total := func(f *dto.MetricFamily) (sum float64) {
		for _, m := range f.GetMetric() {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
		return sum
	}
	gauge := func(i int, f *dto.MetricFamily) { r.gauge[i], r.has[i] = uint64(total(f)), true }
	for _, f := range families {
		switch f.GetName() {
		case requestsMetric:
			r.requests(f)
		case secondsMetric:
			r.seconds(f)
		case deliveriesMetric:
			r.counts[deliveries] = uint64(total(f))
		case callsMetric:
			r.counts[calls] = uint64(total(f))
		case failuresMetric:
			r.counts[failures] = uint64(total(f))
		case cpuMetric:
			r.counts[cpu] = uint64(total(f) * 1000)
		case connectionsMetric:
			gauge(connections, f)
		case memoryMetric:
			gauge(memoryBytes, f)
		}
	}
	return r
}

// ofApp reports whether a metric of a route is the app's.
func ofApp(m *dto.Metric) (class string, ok bool) {
	ok = true
	for _, l := range m.GetLabel() {
		switch l.GetName() {
		case "class":
			class = l.GetValue()
		case "route":
			ok = OfApp(l.GetValue())
		}
	}
	return class, ok
}

func (r *reading) requests(f *dto.MetricFamily) {
	for _, m := range f.GetMetric() {
		class, ok := ofApp(m)
		if !ok {
			continue
		}
		i := good
		switch class {
		case "4xx":
			i = refused
		case "5xx":
			i = failed
		}
		r.counts[i] += uint64(m.GetCounter().GetValue())
	}
}

func (r *reading) seconds(f *dto.MetricFamily) {
	for _, m := range f.GetMetric() {
		hist := m.GetHistogram()
		if r.bounds == nil {
			for _, b := range hist.GetBucket() {
				r.bounds = append(r.bounds, b.GetUpperBound())
			}
			r.cum = make([]uint64, len(r.bounds)+1)
		}
		if _, ok := ofApp(m); !ok || len(hist.GetBucket()) != len(r.bounds) {
			continue
		}
		below := uint64(0)
		for i, b := range hist.GetBucket() {
			r.cum[i] += b.GetCumulativeCount() - below
			below = b.GetCumulativeCount()
		}
		r.cum[len(r.bounds)] += hist.GetSampleCount() - below
	}
}
