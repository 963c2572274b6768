package history_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/internal/history"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }

var bounds = []float64{.001, .01, .1, 1}

// world is a store and a time that nodes share.
type world struct {
	t   testing.TB
	at  *atomic.Int64 // Unix nanoseconds
	svc *data.Service
}

func (w *world) now() time.Time        { return time.Unix(0, w.at.Load()).UTC() }
func (w *world) later(d time.Duration) { w.at.Add(int64(d)) }

func onEach(t *testing.T, f func(t *testing.T, w *world)) {
	for _, kind := range []string{"embedded", "mongodb"} {
		t.Run(kind, func(t *testing.T) {
			if kind == "mongodb" && testing.Short() {
				t.Skip("needs MongoDB")
			}
			f(t, newWorld(t, kind))
		})
	}
}

func newWorld(t testing.TB, kind string) *world {
	t.Helper()
	var store data.Store
	var err error
	if kind == "mongodb" {
		store, err = mongo.Open(t.Context(), mongo.Options{URL: mongotest.Database(t)})
	} else {
		store, err = pebble.Open(pebble.Options{Dir: t.TempDir(), FreeSpace: func() (int64, error) { return 1 << 40, nil }})
	}
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, at: new(atomic.Int64)}
	w.at.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	w.svc = data.New(data.Options{Store: store, CursorKey: bytes.Repeat([]byte{7}, 32), Now: w.now})
	t.Cleanup(func() {
		if err := w.svc.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := w.svc.Use(t.Context(), data.App{Collections: []data.Collection{{Name: history.Collection}}}); err != nil {
		t.Fatal(err)
	}
	return w
}

// node measures as a server does.
type node struct {
	*history.History
	w        *world
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	sockets  prometheus.Gauge
	size     int64
	done     map[int64][]float64 // latencies by second
}

func (w *world) node(name string, buckets []float64) *node {
	n := &node{w: w, done: map[int64][]float64{}, size: 1000}
	reg := prometheus.NewRegistry()
	n.requests = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hutch_http_requests_total"}, []string{"route", "class"})
	n.seconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "hutch_http_request_seconds", Buckets: buckets}, []string{"route"})
	n.sockets = prometheus.NewGauge(prometheus.GaugeOpts{Name: "hutch_live_connections"})
	reg.MustRegister(n.requests, n.seconds, n.sockets)
	n.History = history.New(history.Options{
		System: w.svc.System(history.Collection), Metrics: reg, Sweep: w.svc.Lease("metrics sweep", history.SweepLease),
		Size: func(context.Context) (int64, int64, error) { return n.size, 2, nil },
		Node: name, Shared: true, Now: w.now, Log: slog.New(slog.DiscardHandler),
	})
	n.answer("GET /a", "2xx", .5) // before the first sample nothing counts
	n.done = map[int64][]float64{}
	n.Begin(w.t.Context())
	return n
}

func (n *node) answer(route, class string, took float64) {
	n.requests.WithLabelValues(route, class).Inc()
	n.seconds.WithLabelValues(route).Observe(took)
	n.done[n.w.now().Unix()] = append(n.done[n.w.now().Unix()], took)
}

// pass lets 10 seconds go by: f fills them.
func (w *world) pass(times int, f func(i int), nodes ...*node) {
	for i := range times {
		w.later(5 * time.Second)
		if f != nil {
			f(i)
		}
		w.later(5 * time.Second)
		for _, n := range nodes {
			n.Step(w.t.Context())
		}
	}
}

func (n *node) series(name, of string) *history.Page {
	n.w.t.Helper()
	p, err := n.Series(n.w.t.Context(), name, of)
	if err != nil {
		n.w.t.Fatal(err)
	}
	for s, vs := range p.Series {
		if len(vs) != int(p.To.Sub(p.From).Seconds())/p.Step {
			n.w.t.Fatalf("%s of %s has %d values from %s to %s", s, name, len(vs), p.From, p.To)
		}
	}
	return p
}

// model is what a series has to be, from each single request.
func model(p *history.Page, i int, nodes []*node) (perSecond float64, took []float64) {
	from := p.From.Unix() + int64(i*p.Step)
	for _, n := range nodes {
		for at := from; at < from+int64(p.Step); at++ {
			took = append(took, n.done[at]...)
		}
	}
	slices.Sort(took)
	return float64(len(took)), took
}

// bucketOf is the stretch that a latency falls into.
func bucketOf(v float64) (low, high float64) {
	i, _ := slices.BinarySearch(bounds, v)
	if i > 0 {
		low = bounds[i-1]
	}
	if i == len(bounds) {
		return bounds[i-1], bounds[i-1]
	}
	return low, bounds[i]
}

// TestSeriesAreWhatEachRequestSays: at every range, of two nodes, one of which
// restarts, against all that happened.
func TestSeriesAreWhatEachRequestSays(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		r := rand.New(rand.NewPCG(1, 2))
		a, b := w.node("a", bounds), w.node("b", bounds)
		fill := func(int) {
			for _, n := range []*node{a, b} {
				for range r.IntN(20) {
					n.answer("GET /a", []string{"2xx", "4xx", "5xx"}[r.IntN(3)], math.Pow(10, r.Float64()*5-4))
				}
			}
		}
		w.pass(500, fill, a, b)
		a.End(t.Context())
		done := a.done
		a = w.node("a", bounds)
		a.done = done
		w.pass(270, fill, a, b)
		for _, name := range []string{"1h", "24h", "30d"} {
			for _, of := range []string{"a", "b", ""} {
				nodes := map[string][]*node{"a": {a}, "b": {b}, "": {a, b}}[of]
				asked := a
				p := asked.series(name, of)
				seen := 0
				for i, v := range p.Series["requests"] {
					count, took := model(p, i, nodes)
					if end := p.From.Add(time.Duration((i+1)*p.Step) * time.Second); v == nil || of != "a" && end.After(w.now().Add(-90*time.Second)) {
						continue // b keeps a minute to itself
					}
					seen++

					start := p.From.Unix() + int64(i*p.Step)
					begun := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Unix()
					lo, hi := max(start, begun), min(start+int64(p.Step), w.now().Unix())
					measured := float64(hi - lo)
					if math.Abs(*v-count/measured) > .002 {
						t.Fatalf("%s of %q at %d: %v requests a second, want %v / %v", name, of, i, *v, count, measured)
					}
					for series, q := range map[string]float64{"p50": .5, "p99": .99} {
						got := p.Series[series][i]
						if len(took) == 0 {
							if got != nil {
								t.Fatalf("%s of nothing is %v", series, *got)
							}
							continue
						}
						truth := took[min(len(took)-1, max(0, int(math.Ceil(q*float64(len(took))))-1))]
						if low, high := bucketOf(truth); got == nil || *got < low*1000-.001 || *got > high*1000+.001 {
							t.Fatalf("%s of %q at %d: %s is %v, which is not in the bucket %v to %v s of %v", name, of, i, series, *got, low, high, truth)
						}
					}
				}
				if want := map[string]int{"1h": 340, "24h": 16, "30d": 1}[name]; seen < want {
					t.Errorf("%s of %q: %d values, want %d", name, of, seen, want)
				}
			}
		}
	})
}

// TestNothingMeasuredIsNoZero: before the start, while it did not run, after a
// pause of the machine, and gauges that could not be read.
func TestNothingMeasuredIsNoZero(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := w.node("a", bounds)
		a.sockets.Set(4)
		w.pass(12, func(int) { a.answer("GET /a", "2xx", .002) }, a)
		a.End(t.Context())
		w.later(10 * time.Minute) // it does not run
		a = w.node("a", bounds)
		w.pass(6, nil, a)
		w.later(5 * time.Minute) // the machine sleeps
		a.answer("GET /a", "2xx", .002)
		w.pass(6, nil, a)
		p := a.series("1h", "")
		at := func(name string, ago time.Duration) *float64 {
			return p.Series[name][len(p.Series[name])-1-int(ago/(10*time.Second))]
		}
		for _, name := range []string{"requests", "p50", "connections", "cpu", "storeBytes"} {
			for _, ago := range []time.Duration{50 * time.Minute, 10 * time.Minute, 3 * time.Minute} {
				if v := at(name, ago); v != nil {
					t.Errorf("%s %s ago is %v", name, ago, *v)
				}
			}
		}
		if v := at("requests", 30*time.Second); v == nil || *v != 0 {
			t.Error("an idle server answered", v)
		}
		if v := at("p50", 30*time.Second); v != nil {
			t.Error("a latency of no requests", *v)
		}
		if v := at("connections", 18*time.Minute); v == nil || *v != 4 {
			t.Error("connections before the restart", v)
		}
		if v := at("storeBytes", 30*time.Second); v == nil || *v != 1000 {
			t.Error("the size of the store", v)
		}
	})
}

// TestOperatorsAndProbesAreNotTheApp: a dashboard that is open draws no load.
func TestOperatorsAndProbesAreNotTheApp(t *testing.T) {
	w := newWorld(t, "embedded")
	a := w.node("a", bounds)
	w.pass(7, func(int) {
		for _, route := range []string{"GET /admin/v1/overview", "GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.json", history.Dashboard} {
			a.answer(route, "5xx", 1)
		}
		a.answer("none", "4xx", .5)
	}, a)
	p := a.series("1h", "a")
	v := p.Series["requests"][len(p.Series["requests"])-3]
	e := p.Series["errors5xx"][len(p.Series["requests"])-3]
	if v == nil || *v != .1 || e == nil || *e != 0 {
		t.Error(v, e)
	}
}

// TestHistoryIsBounded: in memory, in documents and in time.
func TestHistoryIsBounded(t *testing.T) {
	w := newWorld(t, "embedded")
	a := w.node("a", bounds)
	for range 40 { // days, an hour of each measured
		w.pass(360, func(i int) {
			if i%60 == 0 {
				a.Mark(t.Context(), history.Reloaded, strings.Repeat("é", 400))
			}
			for _, took := range []float64{.0005, .005, .05, .5, 5} {
				a.answer("GET /a", "2xx", took)
			}
		}, a)
		w.later(23 * time.Hour)
	}
	w.pass(1, nil, a)
	if n := a.Held(); n > 271 {
		t.Errorf("%d rows in memory", n)
	}
	docs, size, oldest := 0, 0, ""
	for d, err := range w.svc.System(history.Collection).Find(t.Context(), data.Query{From: history.Collection}) {
		if err != nil {
			t.Fatal(err)
		}
		id := data.Text(data.Field(d, data.FieldID))
		if strings.HasPrefix(id, "event/") {
			if n := len(data.Text(data.Field(d, "text"))); n != 300 {
				t.Fatalf("the text of an event has %d bytes", n)
			}
			continue
		}
		docs, size = docs+1, max(size, len(d))
		if strings.HasPrefix(id, "15m") && (oldest == "" || id < oldest) {
			oldest = id
		}
	}
	if docs > 12+27+33 || size > 16<<10 {
		t.Errorf("%d documents of at most %d bytes", docs, size)
	}
	if limit := fmt.Sprintf("15m/%010d", w.now().Add(-34*24*time.Hour).Unix()); oldest < limit {
		t.Errorf("the oldest is %s", oldest)
	}
	p := a.series("30d", "")
	if n := len(p.Events); n < 100 || n > 1000 || p.Events[0].At.Before(p.From) {
		t.Errorf("%d events from %s", n, p.Events[0].At)
	}
}

// TestOtherBucketsAreNotMixed: a version with other bounds keeps the counts and
// drops latencies that it cannot add.
func TestOtherBucketsAreNotMixed(t *testing.T) {
	w := newWorld(t, "embedded")
	a := w.node("a", []float64{.1, 1})
	w.pass(12, func(int) { a.answer("GET /a", "2xx", .05) }, a)
	a.End(t.Context())
	a = w.node("a", bounds)
	w.pass(6, func(int) { a.answer("GET /a", "2xx", .05) }, a)
	p := a.series("1h", "a")
	old, fresh := len(p.Series["p50"])-12, len(p.Series["p50"])-3
	if p.Series["p50"][old] != nil || p.Series["requests"][old] == nil {
		t.Error("before:", p.Series["p50"][old], p.Series["requests"][old])
	}
	if v := p.Series["p50"][fresh]; v == nil || *v < 10 || *v > 100 {
		t.Error("after:", v)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	w := newWorld(t, "embedded")
	a := w.node("a", bounds)
	for _, c := range []struct {
		name, node string
		want       hutch.Code
	}{{"2h", "", hutch.InvalidArgument}, {"1h", "b", hutch.NotFound}} {
		if _, err := a.Series(t.Context(), c.name, c.node); hutch.CodeOf(err) != c.want {
			t.Error(c, err)
		}
	}
	if p := a.series("1h", ""); p.Nodes == nil || len(p.Nodes) != 0 || len(p.Events) != 0 || p.Series["requests"][0] != nil {
		t.Error("before anything was measured", p.Nodes)
	}
}
