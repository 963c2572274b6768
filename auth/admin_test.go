package auth_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// adminBench has a key of scope auth.
type adminBench struct {
	*bench
	key auth.Credentials
}

func adminSetup(t testing.TB, edit ...func(*auth.Options)) *adminBench {
	t.Helper()
	b := setup(t, edit...)
	return &adminBench{b, bearer(b.keyOf("auth"))}
}

func (b *bench) keyOf(scope string) string {
	b.t.Helper()
	key, _, err := b.CreateKey(b.t.Context(), scope, scope, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	return key
}

func (b *adminBench) add(body string) *auth.User {
	b.t.Helper()
	u, err := b.AddUser(b.t.Context(), b.key, []byte(body))
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

func (b *adminBench) change(id, body string) (*auth.User, error) {
	return b.EditUser(b.t.Context(), b.key, id, []byte(body))
}

func (b *adminBench) changed(id, body string) *auth.User {
	b.t.Helper()
	u, err := b.change(id, body)
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

// TestS11AdminRoutesByCredential: each route for everybody who may come.
func TestS11AdminRoutesByCredential(t *testing.T) {
	b := adminSetup(t)
	ann, late := b.signup("ann@shop.example"), b.signup("late@shop.example")
	banned := b.signup("bad@shop.example")
	b.changed(banned.User.ID, `{"ban_duration":"1h"}`)
	old, oldKey, err := b.CreateKey(t.Context(), "old", "auth", time.Minute)
	if err != nil || oldKey.Scope != "auth" {
		t.Fatal(err)
	}
	revoked := b.keyOf("auth")
	if _, err := b.RevokeKey(t.Context(), revoked); err != nil {
		t.Fatal(err)
	}
	if err := b.Logout(t.Context(), bearer(late.AccessToken), ""); err != nil {
		t.Fatal(err)
	}
	data, ops, good := b.keyOf("data"), b.keyOf("ops"), b.key.Authorization[len("Bearer "):]
	if _, err := b.SetRoles(t.Context(), "ann@shop.example", []string{"admin", "service_role"}); err != nil { // no power
		t.Fatal(err)
	}
	routes := map[string]func(context.Context, auth.Credentials, string) error{
		"list": func(ctx context.Context, c auth.Credentials, _ string) error {
			return second(b.Users(ctx, c, auth.UserQuery{}))
		},
		"get": func(ctx context.Context, c auth.Credentials, id string) error { return second(b.UserByID(ctx, c, id)) },
		"create": func(ctx context.Context, c auth.Credentials, _ string) error {
			return second(b.AddUser(ctx, c, []byte(`{"email":"new@shop.example"}`)))
		},
		"invite": func(ctx context.Context, c auth.Credentials, _ string) error {
			return second(b.InviteUser(ctx, c, []byte(`{"email":"invited@shop.example"}`), ""))
		},
		"link": func(ctx context.Context, c auth.Credentials, _ string) error {
			return second(b.GenerateLink(ctx, c, []byte(`{"type":"magiclink","email":"linked@shop.example"}`), ""))
		},
		"update": func(ctx context.Context, c auth.Credentials, id string) error {
			return second(b.EditUser(ctx, c, id, []byte(`{"roles":["x"]}`)))
		},
		"delete": func(ctx context.Context, c auth.Credentials, id string) error { return b.RemoveUser(ctx, c, id, nil) },
		"sessions": func(ctx context.Context, c auth.Credentials, id string) error {
			return second(b.SessionsOf(ctx, c, id))
		},
		"revoke": func(ctx context.Context, c auth.Credentials, id string) error { return b.EndSessionsOf(ctx, c, id) },
	}
	b.clock.add(2 * time.Minute)
	for name, route := range routes {
		for who, c := range map[string]struct {
			c    auth.Credentials
			want hutch.Code
		}{
			"guest":              {auth.Credentials{}, hutch.NoAuthorization},
			"anon":               {bearer("anon"), hutch.NoAuthorization},
			"user":               {bearer(ann.AccessToken), hutch.NotAdmin},
			"banned":             {bearer(banned.AccessToken), hutch.UserBanned},
			"signed out":         {bearer(late.AccessToken), hutch.SessionNotFound},
			"tampered token":     {bearer(ann.AccessToken[:len(ann.AccessToken)-4] + "AAAA"), hutch.BadJWT},
			"no token":           {auth.Credentials{Authorization: "Basic YTpi"}, hutch.BadJWT},
			"key data":           {bearer(data), hutch.NotAdmin},
			"key ops":            {bearer(ops), hutch.NotAdmin},
			"key ops, in apikey": {auth.Credentials{APIKey: ops}, hutch.NotAdmin},
			"key of that scope claimed": {
				bearer(strings.Replace(ops, "_ops_", "_auth_", 1)), hutch.Unauthenticated,
			},
			"tampered key": {bearer(good[:len(good)-4] + "0000"), hutch.Unauthenticated},
			"expired key":  {bearer(old), hutch.Unauthenticated},
			"revoked key":  {bearer(revoked), hutch.Unauthenticated},
			"in a browser": {auth.Credentials{Authorization: "Bearer " + good, Browser: true}, hutch.Unauthenticated},
			"user, key in apikey": {
				auth.Credentials{Authorization: "Bearer " + ann.AccessToken, APIKey: good}, hutch.NotAdmin,
			},
		} {
			before := b.store.count("_users")
			t.Run(name+" as "+who, func(t *testing.T) {
				wantCode(t, route(t.Context(), c.c, ann.User.ID), c.want)
				if b.store.count("_users") != before {
					t.Error("it was done")
				}
			})
		}
	}
	b.mustVerify(ann.AccessToken)
	for _, name := range []string{"list", "get", "create", "link", "update", "sessions", "revoke", "delete"} {
		if err := routes[name](t.Context(), auth.Credentials{APIKey: good}, ann.User.ID); err != nil {
			t.Errorf("%s by its key: %v", name, err)
		}
	}
	for _, name := range []string{"get", "update", "sessions", "revoke", "delete"} {
		for _, id := range []string{ann.User.ID, "x", "", strings.ToUpper(late.User.ID), strings.Repeat("x", 5000)} {
			wantCode(t, routes[name](t.Context(), b.key, id), hutch.UserNotFound)
		}
	}
	// A token past its time.
	b.clock.add(15 * time.Minute)
	wantCode(t, routes["list"](t.Context(), bearer(ann.AccessToken), ""), hutch.BadJWT)
}

func TestS11AKeyOfScopeAuthReachesUsersOnly(t *testing.T) {
	b := adminSetup(t)
	key := b.key.Authorization[len("Bearer "):]
	if p := b.mustVerify(key); p.Kind != hutch.Service || p.Bypasses() || !slices.Equal(p.Scopes, []string{"auth"}) {
		t.Errorf("principal: %+v", p)
	}
	wantCode(t, second(b.User(t.Context(), b.key)), hutch.BadJWT)
	b.add(`{"email":"ann@shop.example","password":"` + password + `"}`)
	page, err := b.Users(t.Context(), b.key, auth.UserQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if js := asJSON(t, page); strings.Contains(js, "argon2") || strings.Contains(js, "assword") {
		t.Errorf("hashes leave: %s", js)
	}
}

func TestAdminCreates(t *testing.T) {
	b := adminSetup(t)
	u := b.add(`{"email":"Ann@Shop.example","password":"` + password + `","email_confirm":true,"ban_duration":"none","role":"authenticated","phone":"",
		"user_metadata":{"name":"Ann","x":null},"app_metadata":{"plan":"pro","provider":"phone","providers":[]},"roles":["keeper","keeper"],"unknown":1}`)
	if u.Email != "Ann@Shop.example" || u.EmailConfirmedAt == "" || string(u.UserMetadata) != `{"name":"Ann"}` ||
		string(u.AppMetadata) != `{"plan":"pro","provider":"email","providers":["email"],"roles":["keeper"]}` || u.BannedUntil != "" {
		t.Errorf("user: %s", asJSON(t, u))
	}
	s := b.signinOK("ann@shop.example")
	if p := b.mustVerify(s.AccessToken); !p.EmailVerified || !slices.Equal(p.Roles, []string{"keeper"}) || !strings.Contains(string(p.Claims), `"plan":"pro"`) {
		t.Errorf("principal: %+v", p)
	}
	plain := b.add(`{"email":"bob@shop.example"}`)
	if plain.EmailConfirmedAt != "" {
		t.Error("an address is proven by nobody")
	}
	wantCode(t, second(b.signin("bob@shop.example", password, here(1))), hutch.InvalidCredentials)
	wantCode(t, second(b.AddUser(t.Context(), b.key, []byte(`{"email":"ANN@shop.example"}`))), hutch.EmailExists)
	if !strings.Contains(b.store.all(), "user_created") {
		t.Error("no row in _audit")
	}
	off := adminSetup(t, func(o *auth.Options) { o.Signup = false })
	off.add(`{"email":"ann@shop.example"}`)
}

func TestAdminCreatesAnAddressOnce(t *testing.T) {
	b := adminSetup(t)
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = b.AddUser(t.Context(), b.key, []byte(`{"email":"ann@shop.example","password":"`+password+`"}`))
		})
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else {
			wantCode(t, err, hutch.EmailExists)
		}
	}
	if made != 1 || b.store.count("_users") != 1 || b.store.count("_identities") != 1 {
		t.Errorf("%d made, %d users", made, b.store.count("_users"))
	}
}

// TestS75AdminsSetWhatIsNamed: fields that nobody sets are refused, sizes bounded.
func TestS75AdminsSetWhatIsNamed(t *testing.T) {
	b := adminSetup(t)
	u := b.add(`{"email":"ann@shop.example"}`)
	b.add(`{"email":"bob@shop.example"}`)
	long := strings.Repeat("x", 4096)
	before := b.store.all()
	for body, want := range map[string]struct {
		code  hutch.Code
		field string
	}{
		`{"id":"018f0000-0000-7000-8000-000000000000"}`: {hutch.ValidationFailed, "id"}, `{"aud":"hutch-admin"}`: {hutch.ValidationFailed, "aud"},
		`{"role":"service_role"}`: {hutch.ValidationFailed, "role"}, `{"role":7}`: {hutch.ValidationFailed, "role"},
		`{"phone":"+1"}`: {hutch.ValidationFailed, "phone"}, `{"phone_confirm":true}`: {hutch.ValidationFailed, "phone_confirm"},
		`{"email_confirmed_at":"2026-01-01T00:00:00Z"}`: {hutch.ValidationFailed, "email_confirmed_at"},
		`{"identities":[]}`:                             {hutch.ValidationFailed, "identities"}, `{"factors":[]}`: {hutch.ValidationFailed, "factors"},
		`{"is_anonymous":true}`: {hutch.ValidationFailed, "is_anonymous"}, `{"is_super_admin":true}`: {hutch.ValidationFailed, "is_super_admin"},
		`{"created_at":"x"}`: {hutch.ValidationFailed, "created_at"}, `{"banned_until":"x"}`: {hutch.ValidationFailed, "banned_until"},
		`{"email":"nobody"}`: {hutch.ValidationFailed, "email"}, `{"email":7}`: {hutch.ValidationFailed, "email"},
		`{"email":"BOB@shop.example"}`: {hutch.EmailExists, "email"}, `{"password":"short"}`: {hutch.WeakPassword, "password"},
		`{"password":"` + long + `"}`: {hutch.ValidationFailed, "password"}, `{"email_confirm":"yes"}`: {hutch.ValidationFailed, "email_confirm"},
		`{"ban_duration":"a year"}`: {hutch.ValidationFailed, "ban_duration"}, `{"ban_duration":"-1h"}`: {hutch.ValidationFailed, "ban_duration"},
		`{"ban_duration":"9999999h"}`: {hutch.ValidationFailed, "ban_duration"}, `{"ban_duration":3600}`: {hutch.ValidationFailed, "ban_duration"},
		`{"roles":"keeper"}`: {hutch.ValidationFailed, "roles"}, `{"roles":["a b"]}`: {hutch.ValidationFailed, "roles"}, `{"roles":[1]}`: {hutch.ValidationFailed, "roles"},
		`{"roles":["` + long + `"]}`:                         {hutch.ValidationFailed, "roles"},
		`{"app_metadata":{"roles":"x"}}`:                     {hutch.ValidationFailed, "app_metadata.roles"},
		`{"roles":["a"],"app_metadata":{"roles":["b"]}}`:     {hutch.ValidationFailed, "roles"},
		`{"app_metadata":[]}`:                                {hutch.ValidationFailed, "app_metadata"},
		`{"app_metadata":{"a":"` + long + `"}}`:              {hutch.ValidationFailed, "app_metadata"},
		`{"user_metadata":{"a":"` + long + `"}}`:             {hutch.ValidationFailed, "user_metadata"},
		`{"user_metadata":"x"}`:                              {hutch.ValidationFailed, "user_metadata"},
		`{"email":"c@shop.example","email":"d@shop.example"`: {hutch.BadJSON, ""}, `[]`: {hutch.BadJSON, ""}, ``: {hutch.BadJSON, ""},
	} {
		_, err := b.change(u.ID, body)
		e := hutch.AsError(err)
		if hutch.CodeOf(err) != want.code || e.Field != want.field || e.Status() >= 500 {
			t.Errorf("%.60s: %v", body, err)
		}
		if strings.HasPrefix(body, `{`) && !strings.Contains(body, `"email"`) {
			body = `{"email":"new@shop.example",` + body[1:]
		}
		if err := second(b.AddUser(t.Context(), b.key, []byte(body))); hutch.CodeOf(err) != want.code {
			t.Errorf("create %.60s: %v", body, err)
		}
	}
	wantCode(t, second(b.AddUser(t.Context(), b.key, []byte(`{}`))), hutch.ValidationFailed)
	if b.store.all() != before {
		t.Error("something was written")
	}
}

// TestASearchLooksAtSoMany: and tells where to go on, until all were seen.
func TestASearchLooksAtSoMany(t *testing.T) {
	b := adminSetup(t)
	b.LookAt(10)
	var all []string
	for i := range 25 {
		b.clock.add(time.Second)
		all = append(all, b.add(fmt.Sprintf(`{"email":"user%02d@shop.example","roles":["role%d"]}`, i, i%12)).ID)
	}
	var got []string
	q, steps := auth.UserQuery{Role: "role1"}, 0
	for {
		p, err := b.Users(t.Context(), b.key, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range p.Users {
			got = append(got, u.ID)
		}
		if steps++; p.After == "" {
			break
		}
		if p.Total != -1 || p.Next != 0 {
			t.Errorf("total %d, next %d", p.Total, p.Next)
		}
		q.After = p.After
	}
	if want := []string{all[1], all[13]}; !slices.Equal(got, want) || steps != 3 {
		t.Errorf("%v in %d steps, want %v", got, steps, want)
	}
	m := b.Manage(new(auth.ManagedCall), 0)
	_, err := m.Find(t.Context(), []byte(`{"role":"role1"}`))
	wantCode(t, err, hutch.ResourceExhausted)
	if us, err := m.Find(t.Context(), []byte(`{"role":"role1","limit":1}`)); err != nil || len(us) != 1 {
		t.Errorf("a page that is full: %v %v", us, err)
	}
	if us, err := m.Find(t.Context(), []byte(`{"role":"role1","after":"`+all[14]+`"}`)); err != nil || len(us) != 0 {
		t.Errorf("all that are left: %v %v", us, err)
	}
}

func TestAdminFindsUsers(t *testing.T) {
	b := adminSetup(t)
	var ids []string
	for i := range 25 {
		b.clock.add(time.Second)
		ids = append(ids, b.add(fmt.Sprintf(`{"email":"user%02d@shop.example","user_metadata":{"name":"Person %c"}}`, i, 'A'+i)).ID)
	}
	b.changed(ids[3], `{"roles":["keeper"],"ban_duration":"1h"}`)
	b.changed(ids[9], `{"roles":["keeper","x"]}`)
	for name, c := range map[string]struct {
		q                 auth.UserQuery
		want              []int
		next, last, total int
	}{
		"the first page":       {auth.UserQuery{PerPage: "10"}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 2, 3, 25},
		"the last page":        {auth.UserQuery{Page: "3", PerPage: "10"}, []int{20, 21, 22, 23, 24}, 0, 3, 25},
		"beyond":               {auth.UserQuery{Page: "4", PerPage: "10"}, nil, 0, 3, 25},
		"behind a user":        {auth.UserQuery{After: ids[21]}, []int{22, 23, 24}, 0, 1, 3},
		"an address":           {auth.UserQuery{Filter: "USER07@shop.example"}, []int{7}, 0, 1, 1},
		"nobody's address":     {auth.UserQuery{Filter: "x@shop.example"}, nil, 0, 0, 0},
		"a part of an address": {auth.UserQuery{Filter: "uSER1", PerPage: "3", Page: "2"}, []int{13, 14, 15}, 3, 4, 10},
		"a part of a name":     {auth.UserQuery{Filter: "person c"}, []int{2}, 0, 1, 1},
		"a role":               {auth.UserQuery{Role: "keeper"}, []int{3, 9}, 0, 1, 2},
		"a role, not banned":   {auth.UserQuery{Role: "keeper", Banned: "false"}, []int{9}, 0, 1, 1},
		"banned":               {auth.UserQuery{Banned: "true"}, []int{3}, 0, 1, 1},
		"an address, banned":   {auth.UserQuery{Filter: "user07@shop.example", Banned: "true"}, nil, 0, 0, 0},
	} {
		p, err := b.Users(t.Context(), b.key, c.q)
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, u := range p.Users {
			got = append(got, u.ID)
		}
		for _, i := range c.want {
			want = append(want, ids[i])
		}
		if !slices.Equal(got, want) || p.Next != c.next || p.Last != c.last || p.Total != c.total || p.Aud != "authenticated" || p.Users == nil {
			t.Errorf("%s: %d users, next %d, last %d, total %d", name, len(got), p.Next, p.Last, p.Total)
		}
	}
	for _, q := range []auth.UserQuery{
		{Page: "0"},
		{Page: "x"},
		{Page: "-1"},
		{PerPage: "0"},
		{PerPage: "1001"},
		{Page: "11", PerPage: "1000"},
		{After: "x"},
		{Banned: "maybe"},
		{Filter: strings.Repeat("x", 300)},
		{Role: strings.Repeat("x", 300)},
	} {
		wantCode(t, second(b.Users(t.Context(), b.key, q)), hutch.ValidationFailed)
	}
}
