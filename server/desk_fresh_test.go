package server_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/server"
)

// startAged is startDesk with a clock that can be set ahead.
func startAged(t *testing.T, edit ...func(*server.Options)) (d *deskSite, ahead *atomic.Int64) {
	t.Helper()
	ahead = new(atomic.Int64)
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	d = &deskSite{}
	d.real = startRealAs(t, func(o *server.Options) {
		o.Now = now
		o.Desk = server.Desk{Operators: o.Auth.(*auth.Service).Operators(), Files: deskFiles, Host: "127.0.0.1"}
		for _, f := range edit {
			f(o)
		}
	}, func(o *auth.Options) { o.Operators.MFA, o.Hasher, o.Now = auth.MFAOptional, quickHasher{}, now })
	d.desk = d.addr
	l, err := d.auth.Operators().FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.auth.Operators().SetUp(t.Context(), l.Token, "ann@ops.test", deskPassword, auth.Client{ServiceKey: true})
	if err != nil {
		t.Fatal(err)
	}
	d.token, d.id = e.Token, e.State.Operator.ID
	return d, ahead
}

// givesPower are the acts of operators that outlive their session or cannot be
// taken back.
var givesPower = []string{
	"DELETE /admin/v1/auth/users/{id}",
	"DELETE /admin/v1/auth/users/{id}/factors/{factor}",
	"DELETE /admin/v1/auth/users/{id}/passkeys/{passkey}",
	"DELETE /admin/v1/operators/{id}",
	"POST /admin/v1/auth/generate_link",
	"POST /admin/v1/auth/impersonate",
	"POST /admin/v1/auth/invite",
	"POST /admin/v1/auth/tokens",
	"POST /admin/v1/auth/users",
	"POST /admin/v1/keys",
	"POST /admin/v1/operators",
	"POST /admin/v1/signing/rotate",
}

func stale(a *answer) bool {
	return a.StatusCode == http.StatusBadRequest && a.field("code") == "reauthentication_needed"
}

// TestS66PowerWantsARecentProof: who finds a dashboard open for eleven minutes
// makes no key, no link, no account and no token; with the password they do.
// Service keys are their own proof.
func TestS66PowerWantsARecentProof(t *testing.T) {
	d, ahead := startAged(t)
	key, _, err := d.auth.CreateKey(t.Context(), "backend", "auth", 0)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	ask := func(token string, seen func(*server.Route, *answer)) {
		t.Helper()
		for _, route := range d.srv.Routes() {
			if route.Need != server.NeedAdmin {
				continue
			}
			path, headers := parameter.ReplaceAllString(route.Path, "x")+"?surely=unknown", []string(nil)
			if token == "" {
				headers = append([]string{"Cookie", "hutch-admin=" + d.token}, ours...)
			}
			seen(&route, d.at(t, d.addr, token, route.Method, path, "", headers...))
		}
	}
	fresh := func(r *server.Route, a *answer) {
		if stale(a) {
			t.Errorf("%s by who has just signed in: %s", r.Name, a.body)
		}
	}
	ahead.Store(int64(10*time.Minute - 5*time.Second))
	ask("", fresh)
	ahead.Store(int64(10*time.Minute + time.Second))
	ask("", func(r *server.Route, a *answer) {
		if stale(a) {
			got[r.Name] = true
		} else if !letThrough(a) {
			t.Errorf("%s: %d %s", r.Name, a.StatusCode, a.body)
		}
	})
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, givesPower) {
		t.Errorf("want a recent proof: %s", strings.Join(names, "\n"))
	}
	ask(key, fresh)
	wantStatus(t, d.at(t, d.addr, key, "POST", "/admin/v1/auth/users", `{"email":"key@shop.test"}`), 200)
	a := d.operator(t, "POST", "/admin/v1/session/confirm", `{"password":"`+deskPassword+`"}`)
	wantStatus(t, a, 200)
	d.token = deskCookieOf(a)
	ask("", fresh)
	wantStatus(t, d.operator(t, "POST", "/admin/v1/keys", `{"name":"k","scope":"ops"}`), 200)
}

// TestS66ChangesOfUsersThatGivePower: a password, an address, roles and what the
// app keeps, a ban that is lifted or shortened; a ban and the end of sessions,
// which take power away, and what users set themselves do not ask.
func TestS66ChangesOfUsersThatGivePower(t *testing.T) {
	d, ahead := startAged(t)
	a := d.operator(t, "POST", "/admin/v1/auth/users", `{"email":"cat@shop.test"}`)
	wantStatus(t, a, 200)
	path := "/admin/v1/auth/users/" + a.field("id")
	ahead.Store(int64(11 * time.Minute))
	for body, asks := range map[string]bool{
		`{"password":"a sentence of mine"}`: true, `{"email":"eve@shop.test"}`: true, `{"email_confirm":true}`: true, `{"roles":["admin"]}`: true,
		`{"app_metadata":{"roles":["admin"]}}`: true, `{"user_metadata":{"name":"Cat"},"roles":["admin"]}`: true, `{"PASSWORD":"x"}`: true, `[`: true,
		`{"user_metadata":{"name":"Cat"}}`: false, `{"ban_duration":"24h"}`: false, `{"ban_duration":"none"}`: true, `{"ban_duration":"0s"}`: true, `{"ban_duration":7}`: true,
	} {
		if a := d.operator(t, "PUT", path, body); stale(a) != asks || !asks && a.StatusCode != 200 {
			t.Errorf("%s: %d %s", body, a.StatusCode, a.body)
		}
	}
	for _, c := range []struct { // by now the ban of a day holds
		span string
		asks bool
	}{{"23h", true}, {"1ns", true}, {"48h", false}, {"47h", true}, {"876000h", false}, {"1s", true}} {
		a := d.operator(t, "PUT", path, `{"ban_duration":"`+c.span+`"}`)
		if stale(a) != c.asks || !c.asks && a.StatusCode != 200 {
			t.Errorf("a ban of %s: %d %s", c.span, a.StatusCode, a.body)
		}
	}
	wantStatus(t, d.operator(t, "DELETE", path+"/sessions", ""), 204)
	if a := d.operator(t, "GET", path, ""); a.StatusCode != 200 || !strings.Contains(a.body, `"email":"cat@shop.test"`) || strings.Contains(a.body, "admin") {
		t.Error(a.StatusCode, a.body)
	}
	wantStatus(t, d.operator(t, "POST", "/admin/v1/session/confirm", `{"password":"`+deskPassword+`"}`), 200)
	wantStatus(t, d.operator(t, "PUT", path, `{"email":"eve@shop.test","roles":["admin"]}`), 200)
	wantStatus(t, d.operator(t, "PUT", path, `{"ban_duration":"1s"}`), 200)
}
