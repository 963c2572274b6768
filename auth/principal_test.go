package auth_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func TestS3NoRoleBypasses(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	roles := []string{"admin", "service", "service_role", "operator", "system", "data", "supabase_admin"}
	if _, err := b.SetRoles(t.Context(), "ann@shop.example", roles); err != nil {
		t.Fatal(err)
	}
	p := b.mustVerify(s.AccessToken)
	if !slices.Equal(p.Roles, roles) || p.Bypasses() || p.Kind != hutch.User || len(p.Scopes) != 0 {
		t.Errorf("principal: %+v", p)
	}
}

func TestS4AnAddressWithoutProofIsUnverified(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	if p := b.mustVerify(s.AccessToken); p.EmailVerified || p.Email != "ann@shop.example" {
		t.Errorf("sign-up: %+v", p)
	}
	js, err := json.Marshal(s.User)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(js), "email_confirmed_at") || !strings.Contains(string(js), `"email_verified":false`) {
		t.Errorf("user: %s", js)
	}
	u, _, err := b.CreateUser(t.Context(), "bob@shop.example", password, nil)
	if err != nil || u.EmailConfirmedAt != "" {
		t.Errorf("made by command: %+v, %v", u, err)
	}
}

func TestS31ClaimsAreAppMetadataOnly(t *testing.T) {
	b := setup(t)
	r, err := auth.ParseSignup([]byte(`{"email":"ann@shop.example","password":"` + password + `","data":{"plan":"pro","roles":["keeper"],"app_metadata":{"plan":"pro"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.Signup(t.Context(), r, here(1))
	if err != nil {
		t.Fatal(err)
	}
	p := b.mustVerify(s.AccessToken)
	if strings.Contains(string(p.Claims), "plan") || strings.Contains(string(p.Claims), "keeper") || len(p.Roles) != 0 {
		t.Errorf("user_metadata reaches rules: %s", p.Claims)
	}
	if string(p.Claims) != `{"provider":"email","providers":["email"],"roles":[]}` {
		t.Errorf("claims: %s", p.Claims)
	}
}

func TestS19NumbersThatAreNotExactAreDropped(t *testing.T) {
	for s, want := range map[string]bool{
		"0": true, "-1": true, "9007199254740993": true, "9223372036854775807": true, "9223372036854775808": true,
		"1.5": true, "1e3": true, "-0.1": true, "1234567890123456789012345678901234": true,
		"12345678901234567890123456789012345": false, "12345678901234567890123456789012340": true,
		"1e6144": true, "1e6145": false, "1e-6176": true, "1e-6177": false, "0.10e-6175": true, "1e99999999999": false,
		"10e6144": false, "0e1": true, "0.000": true,
	} {
		if got := auth.ExactNumber(s); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
	got, dropped := auth.Claims([]byte(`{"a":9007199254740993,"b":12345678901234567890123456789012345,"c":[1,null,1e9999],"d":{"e":null,"f":1.10}}`))
	if string(got) != `{"a":9007199254740993,"c":[1],"d":{"f":1.10}}` || !slices.Equal(sorted(dropped), []string{"app_metadata.b", "app_metadata.c[2]"}) {
		t.Errorf("%s, dropped %v", got, dropped)
	}
	b := setup(t)
	b.signup("ann@shop.example")
	b.setApp("ann@shop.example", `{"org":12345678901234567890123456789012345,"team":7}`)
	s := b.signinOK("ann@shop.example")
	if p := b.mustVerify(s.AccessToken); strings.Contains(string(p.Claims), "org") || !strings.Contains(string(p.Claims), `"team":7`) {
		t.Errorf("claims: %s", p.Claims)
	}
	if !strings.Contains(b.log.String(), "app_metadata.org") {
		t.Errorf("no warning: %s", b.log)
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func TestS47OneWayToAPrincipal(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	http, exp, err := b.Authenticate(t.Context(), bearer(s.AccessToken))
	if err != nil {
		t.Fatal(err)
	}
	socket, exp2, err := b.Verify(t.Context(), s.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := b.Verify(t.Context(), s.AccessToken) // remembered
	if err != nil {
		t.Fatal(err)
	}
	if http.Key != socket.Key || again.Key != socket.Key || !exp.Equal(exp2) || http.Key != http.Sealed().Key {
		t.Errorf("principals differ: %+v, %+v", http, socket)
	}
	if _, err := b.verify("bad"); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("a bad token on a socket: %v", err)
	}
}

func TestCredentials(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	key, _, err := b.CreateKey(t.Context(), "ci", "data", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, authorization, apikey string
		kind                        hutch.Kind
		code                        hutch.Code
	}{
		{"nothing", "", "", hutch.Guest, ""},
		{"anon", "Bearer anon", "", hutch.Guest, ""},
		{"anon in both", "Bearer anon", "anon", hutch.Guest, ""},
		{"anything in apikey", "", "eyJhbGciOi", hutch.Guest, ""},
		{"a token in apikey", "", s.AccessToken, hutch.Guest, ""},
		{"a token", "Bearer " + s.AccessToken, "", hutch.User, ""},
		{"a token, lower case", "bearer " + s.AccessToken, "anon", hutch.User, ""},
		{"a token beside a key", "Bearer " + s.AccessToken, key, hutch.User, ""},
		{"anon beside a key", "Bearer anon", key, hutch.Guest, ""},
		{"a key", "Bearer " + key, "", hutch.Service, ""},
		{"a key in apikey", "", key, hutch.Service, ""},
		{"a bad token beside a key", "Bearer x", key, 0, hutch.Unauthenticated},
		{"a bad key in apikey", "", key + "x", 0, hutch.Unauthenticated},
		{"a bad key", "Bearer " + key[:len(key)-1], "", 0, hutch.Unauthenticated},
		{"another scheme", "Basic YTpi", "", 0, hutch.Unauthenticated},
		{"no scheme", s.AccessToken, "", 0, hutch.Unauthenticated},
		{"no token", "Bearer ", "", 0, hutch.Unauthenticated},
		{"a scheme alone", "Bearer", "", 0, hutch.Unauthenticated},
		{"two spaces", "Bearer  " + s.AccessToken, "", 0, hutch.Unauthenticated},
		{"Anon", "Bearer Anon", "", 0, hutch.Unauthenticated},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, _, err := b.Authenticate(t.Context(), auth.Credentials{Authorization: c.authorization, APIKey: c.apikey})
			if hutch.CodeOf(err) != c.code || p.Kind != c.kind {
				t.Errorf("%v %v", p.Kind, err)
			}
			if err == nil && p.Key == "" {
				t.Error("not sealed")
			}
		})
	}
}
