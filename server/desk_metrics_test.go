package server_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hutch-dev/hutch/internal/history"
	"github.com/hutch-dev/hutch/server"
)

// TestTheHistoryKnowsTheDashboardsRoutes by the names that the metrics have: what its
// page, its files and the admin API answer is not the app's, whatever they are called.
func TestTheHistoryKnowsTheDashboardsRoutes(t *testing.T) {
	reg := prometheus.NewRegistry()
	d := startDesk(t, func(o *server.Options) { o.Metrics = reg })
	seen := map[string]float64{}
	answered := func() (routes []string) {
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if f.GetName() != "hutch_http_requests_total" {
					continue
				}
				key := m.String()[:strings.Index(m.String(), "counter")]
				if n := m.GetCounter().GetValue(); n > seen[key] {
					seen[key] = n
					for _, l := range m.GetLabel() {
						if l.GetName() == "route" {
							routes = append(routes, l.GetValue())
						}
					}
				}
			}
		}
		return routes
	}
	answered()
	for path, app := range map[string]bool{
		"/_/": false, "/_/data/pets": false, "/_/assets/main.js": false, "/_/none.js": false, "/admin/v1/session": false, "/admin/v1/operators": false,
		"/healthz": false, "/openapi.json": false, "/data/v1/docs/notes": true, "/auth/v1/settings": true,
	} {
		d.operator(t, "GET", path, "")
		var routes []string
		waitFor(t, "the count of "+path, func() bool { routes = answered(); return len(routes) > 0 })
		for _, name := range routes {
			if history.OfApp(name) != app {
				t.Errorf("GET %s is counted as %q: of the app %v", path, name, !app)
			}
		}
	}
}
