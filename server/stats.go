package server

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// stats counts requests by route: its pattern, never a path, an id or a
// collection that a request named.
type stats struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	none     *routeStats // requests without a route
	mu       sync.Mutex  // guards known
	known    map[string]*routeStats
}

type routeStats struct {
	classes [6]prometheus.Counter // by the first digit of the status
	seconds prometheus.Observer
}

func newStats(reg *prometheus.Registry, routes []*Route) *stats {
	s := &stats{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hutch_http_requests_total", Help: "Requests answered."}, []string{"route", "class"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hutch_http_request_seconds", Help: "Time from headers to answer.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route"}),
		known: map[string]*routeStats{},
	}
	reg.MustRegister(s.requests, s.seconds)
	s.none = s.of("none")
	for _, r := range routes {
		s.add(r)
	}
	return s
}

func (s *stats) add(r *Route) { r.stats = s.of(r.Name) }

func (s *stats) of(name string) *routeStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rs := s.known[name]; rs != nil {
		return rs
	}
	rs := &routeStats{seconds: s.seconds.WithLabelValues(name)}
	for i, class := range []string{"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"} {
		rs.classes[i] = s.requests.WithLabelValues(name, class)
	}
	s.known[name] = rs
	return rs
}

func (s *stats) count(r *Route, status int, took time.Duration) {
	rs := s.none
	if r != nil && r.stats != nil {
		rs = r.stats
	}
	rs.classes[min(status/100, 5)].Inc()
	rs.seconds.Observe(took.Seconds())
}
