package auth_test

import (
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/auth"
)

// notTheirs are members that would make a user more than they are, in the words
// of the wire and of the documents.
var notTheirs = []string{
	`"role":"service_role"`, `"roles":["admin"]`, `"app_metadata":{"roles":["admin"],"plan":"pro"}`, `"aud":"hutch-admin"`,
	`"id":"00000000-0000-7000-8000-000000000000"`, `"_id":"x"`, `"email_confirm":true`, `"email_confirmed_at":"2026-01-01T00:00:00Z"`,
	`"emailConfirmedAt":"2026-01-01T00:00:00Z"`, `"confirmed_at":"2026-01-01T00:00:00Z"`, `"email_verified":true`, `"is_super_admin":true`,
	`"appMetadata":"{\"roles\":[\"admin\"]}"`, `"identities":[{"provider":"google","id":"1"}]`, `"factors":[{"status":"verified"}]`, `"aal":"aal2"`,
	`"ban_duration":"none"`, `"bannedUntil":null`, `"password_hash":"$2b$10$x"`, `"epoch":7`, `"pending":false`, `"passkeys":[]`,
	`"user_metadata":{"x":1}`, `"created_at":"2001-01-01T00:00:00Z"`, `"_version":9`, `"$set":{"roles":["admin"]}`, `"data.roles":["admin"]`,
	`"__proto__":{"roles":["admin"]}`, `"Role":"admin"`, `"ROLES":["admin"]`,
}

// TestS75SignUpSetsNothingElse: an account is what its address and data make it.
func TestS75SignUpSetsNothingElse(t *testing.T) {
	b := setup(t)
	for i, member := range notTheirs {
		address := "u" + strings.Repeat("x", i) + "@shop.example"
		r, err := auth.ParseSignup([]byte(`{"email":"` + address + `","password":"` + password + `","data":{"name":"Ann"},` + member + `}`))
		if err != nil {
			t.Errorf("%s: %v", member, err)
			continue
		}
		s, err := b.Signup(t.Context(), r, auth.Client{ServiceKey: true})
		if err != nil {
			t.Errorf("%s: %v", member, err)
			continue
		}
		p := b.mustVerify(s.AccessToken)
		if len(p.Roles) != 0 || p.Role != "authenticated" || p.AAL != "aal1" || p.EmailVerified || s.User.EmailConfirmedAt != "" ||
			string(s.User.AppMetadata) != `{"provider":"email","providers":["email"],"roles":[]}` || string(s.User.UserMetadata) != `{"name":"Ann"}` ||
			len(s.User.Identities) != 1 || len(s.User.Factors) != 0 || s.User.ID == "00000000-0000-7000-8000-000000000000" || s.User.CreatedAt[:4] != "2026" {
			t.Errorf("%s makes %s of it", member, asJSON(t, s.User))
		}
	}
}

// TestS75UsersSetNothingElse: what is no field of a user is ignored, what is one
// is refused; in both cases it stays as it was.
func TestS75UsersSetNothingElse(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	before := asJSON(t, s.User)
	for _, member := range notTheirs {
		if _, err := b.put(s, `{`+member+`}`, here(1)); err != nil && !strings.Contains(err.Error(), "is not set by its user") {
			t.Errorf("%s: %v", member, err)
		}
		u, err := b.User(t.Context(), bearer(s.AccessToken))
		if err != nil {
			t.Fatalf("%s: %v", member, err)
		}
		u.UpdatedAt = s.User.UpdatedAt
		if got := asJSON(t, u); got != before {
			t.Fatalf("%s makes %s of %s", member, got, before)
		}
	}
	if p := b.mustVerify(s.AccessToken); len(p.Roles) != 0 || p.AAL != "aal1" {
		t.Errorf("%+v", p)
	}
}
