package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func TestS11ServiceKeys(t *testing.T) {
	b := setup(t)
	key, k, err := b.CreateKey(t.Context(), "ci", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(key, "hutch_sk_data_"+k.ID+"_") || len(key) != len("hutch_sk_data_")+len(k.ID)+1+43 {
		t.Errorf("key: %s", key)
	}
	p := b.mustVerify(key)
	if p.Kind != hutch.Service || !p.Bypasses() || p.UID != k.ID || p.Key == "" {
		t.Errorf("principal: %+v", p)
	}
	ops, _, err := b.CreateKey(t.Context(), "monitor", "ops", 0)
	if err != nil {
		t.Fatal(err)
	}
	if p := b.mustVerify(ops); p.Kind != hutch.Service || p.Bypasses() || p.Scopes[0] != "ops" {
		t.Errorf("ops: %+v", p)
	}
	for _, scope := range []string{"deploy", "DATA", "data,ops", "admin"} {
		_, _, err := b.CreateKey(t.Context(), "x", scope, 0)
		wantCode(t, err, hutch.InvalidArgument)
	}
	for _, name := range []string{"", strings.Repeat("x", 65), "a\nb", "\xff"} {
		_, _, err := b.CreateKey(t.Context(), name, "data", 0)
		wantCode(t, err, hutch.InvalidArgument)
	}
	forged := strings.Replace(ops, "_ops_", "_data_", 1)
	if _, err := b.verify(forged); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("a key with another scope: %v", err)
	}
	swapped := key[:len(key)-43] + ops[len(ops)-43:]
	if _, err := b.verify(swapped); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("a key with another's secret: %v", err)
	}
}

func TestS11KeysNeverReachUsers(t *testing.T) {
	b := setup(t)
	key, _, err := b.CreateKey(t.Context(), "ci", "data", 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.User(t.Context(), bearer(key))
	wantCode(t, err, hutch.BadJWT)
	_, err = b.UpdateUser(t.Context(), bearer(key), auth.UpdateRequest{Password: "another password"}, here(1))
	wantCode(t, err, hutch.BadJWT)
	wantCode(t, b.Logout(t.Context(), bearer(key), ""), hutch.BadJWT)
}

func TestS11KeysInBrowsersAreRefusedAndAudited(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	key, _, err := b.CreateKey(t.Context(), "ci", "data", 0)
	if err != nil {
		t.Fatal(err)
	}
	b.mustVerify(key) // remembered or not, it is refused
	before := b.store.count("_audit")
	for _, c := range []auth.Credentials{{Authorization: "Bearer " + key, Browser: true}, {APIKey: key, Browser: true}} {
		_, _, err := b.Authenticate(t.Context(), c)
		wantCode(t, err, hutch.Unauthenticated)
		_, err = b.Exempt(t.Context(), c)
		wantCode(t, err, hutch.Unauthenticated)
	}
	if n := b.store.count("_audit") - before; n != 1 {
		t.Errorf("%d rows in _audit, want one a minute", n)
	}
	if all := b.store.all(); !strings.Contains(all, "key_in_browser") {
		t.Error("not audited")
	}
	if _, _, err := b.Authenticate(t.Context(), auth.Credentials{Authorization: "Bearer " + s.AccessToken, Browser: true}); err != nil {
		t.Errorf("a user in a browser: %v", err)
	}
	if _, _, err := b.Authenticate(t.Context(), auth.Credentials{Authorization: "Bearer " + key + "x", Browser: true}); hutch.CodeOf(err) != hutch.Unauthenticated || b.store.count("_audit")-before != 1 {
		t.Error("a guess is audited")
	}
}

func TestS11RevokedKeysStayOut(t *testing.T) {
	b := setup(t)
	other := b.node()
	key, k, err := b.CreateKey(t.Context(), "ci", "data", 0)
	if err != nil {
		t.Fatal(err)
	}
	p := b.mustVerify(key)
	if _, _, err = other.Verify(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if got, e := b.RevokeKey(t.Context(), "ci"); e != nil || got.ID != k.ID {
		t.Fatalf("%+v, %v", got, e)
	}
	if _, err = b.verify(key); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("got %v", err)
	}
	until(t, func() bool {
		_, _, e := other.Verify(t.Context(), key)
		return hutch.CodeOf(e) == hutch.Unauthenticated
	})
	wantCode(t, b.StillValid(t.Context(), p), hutch.Unauthenticated)
	_, err = b.RevokeKey(t.Context(), k.ID)
	wantCode(t, err, hutch.NotFound)
	if n := b.store.count("_keys"); n != 0 {
		t.Errorf("%d keys", n)
	}
}

func TestS11KeysAreListedWithTheirLastUse(t *testing.T) {
	b := setup(t)
	key, k, err := b.CreateKey(t.Context(), "ci", "data", 0)
	if err != nil {
		t.Fatal(err)
	}
	b.clock.add(time.Minute)
	if _, _, err = b.CreateKey(t.Context(), "ci", "ops", 90*day); err != nil {
		t.Fatal(err)
	}
	keys, err := b.ListKeys(t.Context())
	if err != nil || len(keys) != 2 || keys[0].ID != k.ID || keys[0].LastUsedAt != nil || keys[1].ExpiresAt == nil {
		t.Fatalf("%+v, %v", keys, err)
	}
	b.mustVerify(key)
	b.clock.add(time.Hour)
	b.store.progress(t, b.clock.Now())
	b.mustVerify(key) // remembered: noted all the same
	used := b.clock.Now()
	if keys, err = b.ListKeys(t.Context()); err != nil || keys[0].LastUsedAt == nil || !keys[0].LastUsedAt.Equal(used) {
		t.Fatalf("%+v, %v", keys, err)
	}
	commits := len(b.store.log)
	for range 10 {
		b.clock.add(time.Second)
		b.mustVerify(key)
		if err = b.Maintain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(b.store.log) - commits; n != 0 {
		t.Errorf("%d writes within a minute", n)
	}
	_, err = b.RevokeKey(t.Context(), "ci")
	wantCode(t, err, hutch.InvalidArgument) // two keys have this name
	if _, err := b.RevokeKey(t.Context(), key); err != nil {
		t.Errorf("by the key itself: %v", err)
	}
}

func TestS11KeysExpire(t *testing.T) {
	b := setup(t)
	key, _, err := b.CreateKey(t.Context(), "ci", "data", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	_, exp, err := b.Verify(t.Context(), key)
	if err != nil || !exp.Equal(b.clock.Now().Add(time.Hour)) {
		t.Fatalf("%v, %v", exp, err)
	}
	b.clock.add(time.Hour)
	b.store.progress(t, b.clock.Now())
	if _, err = b.verify(key); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("got %v", err)
	}
	_, _, err = b.CreateKey(t.Context(), "ci", "data", -time.Hour)
	wantCode(t, err, hutch.InvalidArgument)
}

func TestExempt(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	key, _, err := b.CreateKey(t.Context(), "ci", "ops", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		c    auth.Credentials
		want bool
		code hutch.Code
	}{
		{"nothing", auth.Credentials{}, false, ""},
		{"anon", auth.Credentials{Authorization: "Bearer anon", APIKey: "anon"}, false, ""},
		{"a user", bearer(s.AccessToken), false, ""},
		{"an ended token is ignored", bearer("x.y.z"), false, ""},
		{"another scheme is ignored", auth.Credentials{Authorization: "Basic YTpi"}, false, ""},
		{"a key", bearer(key), true, ""},
		{"a key in apikey", auth.Credentials{APIKey: key}, true, ""},
		{"a key in apikey beside anon", auth.Credentials{Authorization: "Bearer anon", APIKey: key}, false, ""},
		{"a bad key", bearer(key + "x"), false, hutch.Unauthenticated},
	} {
		got, err := b.Exempt(t.Context(), c.c)
		if got != c.want || hutch.CodeOf(err) != c.code {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}
