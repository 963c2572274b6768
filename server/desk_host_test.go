package server_test

import (
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/server"
)

// TestS10TheAppsNameIsNotTheDashboards: its listener answers its own names alone,
// whatever port the app's name comes with.
func TestS10TheAppsNameIsNotTheDashboards(t *testing.T) {
	d := startDesk(t, func(o *server.Options) { o.PublicURL = "https://shop.test" })
	for _, host := range []string{"shop.test", "shop.test:443", "shop.test:8091", "SHOP.test"} {
		for _, path := range []string{"/_/", "/admin/v1/session", "/admin/v1/operators"} {
			if a := d.atHost(t, d.desk, host, "GET", path, "", append([]string{"Cookie", "hutch-admin=" + d.token + "; __Host-hutch-admin=" + d.token}, ours...)...); a.StatusCode != 421 {
				t.Errorf("%s as %s: %d %s", path, host, a.StatusCode, a.body)
			}
		}
		if a := d.atHost(t, d.app, host, "GET", "/", "", "Accept", "text/html"); a.StatusCode != 200 || !strings.Contains(a.body, "the app") {
			t.Errorf("the app as %s: %d %s", host, a.StatusCode, a.body)
		}
	}
	wantStatus(t, d.operator(t, "GET", "/admin/v1/operators", ""), 200)
}
