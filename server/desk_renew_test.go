package server_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/server"
)

// TestOperatorsTokensAreRenewed: use after ten minutes brings a younger token of
// the same session, which lives on when the first one has ended.
func TestOperatorsTokensAreRenewed(t *testing.T) {
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	d := &deskSite{}
	d.real = startRealAs(t, func(o *server.Options) {
		o.Dev, o.Now = true, now
		o.Desk = server.Desk{Operators: o.Auth.(*auth.Service).Operators(), Files: deskFiles}
	}, func(o *auth.Options) { o.Operators.MFA, o.Hasher, o.Now = auth.MFAOff, quickHasher{}, now })
	d.desk = d.addr
	l, err := d.auth.Operators().FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.auth.Operators().SetUp(t.Context(), l.Token, "ann@ops.test", deskPassword, auth.Client{ServiceKey: true})
	if err != nil {
		t.Fatal(err)
	}
	d.token = e.Token
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
