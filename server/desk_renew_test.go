package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/server"
)

// TestOperatorsTokensAreRenewed: use after ten minutes brings a younger token of
// the same session, which lives on when the first one has ended.
func TestOperatorsTokensAreRenewed(t *testing.T) {
	d, ahead := startAged(t, func(o *server.Options) { o.Dev, o.Desk.Host = true, "" })
	ask := func() (status int, token string) {
		a := d.operator(t, "GET", "/admin/v1/operators", "")
		name, _, _ := strings.Cut(a.Header.Get("Set-Cookie"), ";")
		return a.StatusCode, strings.TrimPrefix(name, "hutch-admin=")
	}
	ahead.Store(int64(9 * time.Minute))
	if status, token := ask(); status != 200 || token != "" {
		t.Error("renewed early:", status, token)
	}
	ahead.Store(int64(11 * time.Hour))
	status, fresh := ask()
	if status != 200 || fresh == "" || fresh == d.token {
		t.Fatal(status, fresh)
	}
	ahead.Store(int64(13 * time.Hour))
	if status, _ := ask(); status != 401 {
		t.Error("the first token lives on:", status)
	}
	d.token = fresh
	if status, _ := ask(); status != 200 {
		t.Error("the younger one does not:", status)
	}
	if list, err := d.auth.Operators().List(t.Context()); err != nil || len(list) != 1 || list[0].Sessions != 1 {
		t.Error(list, err)
	}
}
