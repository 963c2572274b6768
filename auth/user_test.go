package auth_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func (b *bench) put(s *auth.Session, body string, c auth.Client) (*auth.User, error) {
	r, err := auth.ParseUpdate([]byte(body))
	if err != nil {
		return nil, err
	}
	return b.UpdateUser(b.t.Context(), bearer(s.AccessToken), r, c)
}

func TestS75FieldsOfAUserThatAreNotTheirs(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	before := b.store.all()
	for _, body := range []string{
		`{"role":"admin"}`, `{"roles":["admin"]}`, `{"app_metadata":{"plan":"pro"}}`, `{"user_metadata":{}}`, `{"id":"x"}`, `{"aud":"hutch-admin"}`,
		`{"email_confirmed_at":"2026-01-01T00:00:00Z"}`, `{"phone":"+1"}`, `{"phone_confirmed_at":""}`, `{"confirmed_at":""}`, `{"is_anonymous":true}`,
		`{"identities":[]}`, `{"factors":[]}`, `{"banned_until":null}`, `{"created_at":""}`, `{"updated_at":""}`, `{"last_sign_in_at":""}`,
		`{"is_super_admin":true}`, `{"email_verified":true}`, `{"data":{"a":1},"role":"admin"}`, `{"email":"eve@shop.example"}`,
	} {
		_, err := b.put(s, body, here(1))
		if hutch.CodeOf(err) != hutch.ValidationFailed || hutch.AsError(err).Field == "" {
			t.Errorf("%s: %v", body, err)
		}
	}
	if b.store.all() != before {
		t.Error("a refused update left a trace")
	}
	u, err := b.put(s, `{"emailKey":"x","epoch":9,"networks":[],"bannedUntil":1,"channel":"sms","code_challenge":null,"phone":null,"email":"ANN@shop.example","data":{"name":"Ann"}}`, here(1))
	if err != nil || string(u.UserMetadata) != `{"name":"Ann"}` || u.Email != "ann@shop.example" {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestUserDataIsMerged(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	for _, c := range [][2]string{
		{`{"data":{"a":1,"b":{"x":1}}}`, `{"a":1,"b":{"x":1}}`},
		{`{"data":{"b":{"y": 2},"c":"z"}}`, `{"a":1,"b":{"y":2},"c":"z"}`},
		{`{"data":{"a":null}}`, `{"b":{"y":2},"c":"z"}`},
		{`{"data":null}`, `{"b":{"y":2},"c":"z"}`},
		{`{}`, `{"b":{"y":2},"c":"z"}`},
		{`{"data":{"b":null,"c":null,"n":1234567890123456789}}`, `{"n":1234567890123456789}`},
	} {
		u, err := b.put(s, c[0], here(1))
		if err != nil || string(u.UserMetadata) != c[1] {
			t.Errorf("%s: %s, %v", c[0], u.UserMetadata, err)
		}
	}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := b.put(s, `{"data":{"k`+string(rune('a'+i))+`":1}}`, here(1)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	u, err := b.User(t.Context(), bearer(s.AccessToken))
	if err != nil || strings.Count(string(u.UserMetadata), ":1") != 21 { // and n's 1234..
		t.Errorf("parallel updates are lost: %s, %v", u.UserMetadata, err)
	}
	b.mustVerify(s.AccessToken)
}

func TestS75ChangingThePassword(t *testing.T) {
	const next = "another password"
	t.Run("a young session needs no other proof", func(t *testing.T) {
		b := setup(t)
		s, other := b.signup("ann@shop.example"), b.signinOK("ann@shop.example")
		b.clock.add(10*time.Minute - time.Second)
		if _, err := b.put(s, `{"password":"`+next+`"}`, here(1)); err != nil {
			t.Fatal(err)
		}
		b.mustVerify(s.AccessToken)
		if _, err := b.refresh(s.RefreshToken); err != nil {
			t.Errorf("its own session: %v", err)
		}
		if _, err := b.verify(other.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
			t.Errorf("another session lives on: %v", err)
		}
		_, err := b.refresh(other.RefreshToken)
		wantCode(t, err, hutch.RefreshTokenNotFound)
		if code := b.try("ann@shop.example", password, here(1)); code != hutch.InvalidCredentials {
			t.Errorf("the old password: %s", code)
		}
		if code := b.try("ann@shop.example", next, here(1)); code != "" {
			t.Errorf("the new password: %s", code)
		}
		if !strings.Contains(b.store.all(), "password_changed") {
			t.Error("not audited")
		}
	})
	t.Run("an older session needs the current one", func(t *testing.T) {
		b := setup(t)
		s := b.signup("ann@shop.example")
		b.clock.add(10 * time.Minute)
		n, err := b.refresh(s.RefreshToken) // a refresh is no proof
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.put(n, `{"password":"`+next+`"}`, here(1))
		wantCode(t, err, hutch.ReauthenticationNeeded)
		_, err = b.put(n, `{"password":"`+next+`","current_password":"wrong"}`, here(1))
		wantCode(t, err, hutch.InvalidCredentials)
		if _, err = b.put(n, `{"password":"`+next+`","current_password":"`+password+`"}`, here(1)); err != nil {
			t.Error(err)
		}
		b.mustVerify(n.AccessToken)
	})
	t.Run("a stolen token does not guess the current one", func(t *testing.T) {
		b := setup(t)
		s := b.signup("ann@shop.example")
		b.clock.add(10 * time.Minute)
		var codes []hutch.Code
		for range 7 {
			_, err := b.put(s, `{"password":"`+next+`","current_password":"wrong"}`, here(1))
			codes = append(codes, hutch.CodeOf(err))
		}
		if codes[4] != hutch.InvalidCredentials || codes[5] != hutch.OverRequestRateLimit {
			t.Errorf("%v", codes)
		}
	})
	t.Run("a proof serves one change", func(t *testing.T) {
		b := setup(t)
		s := b.signup("ann@shop.example")
		b.hash.after = func() {
			if _, err := b.put(s, `{"password":"`+next+`","current_password":"`+password+`"}`, auth.Client{ServiceKey: true}); err != nil {
				t.Error(err)
			}
		}
		_, err := b.put(s, `{"password":"a third password","current_password":"`+password+`"}`, here(1))
		wantCode(t, err, hutch.ReauthenticationNeeded)
		b.mustVerify(s.AccessToken)
		if code := b.try("ann@shop.example", next, here(2)); code != "" {
			t.Errorf("the first change: %s", code)
		}
	})
	t.Run("a sign-in whose password changes while it is checked", func(t *testing.T) {
		b := setup(t)
		s := b.signup("ann@shop.example")
		b.hash.after = func() {
			if _, err := b.put(s, `{"password":"`+next+`","current_password":"`+password+`"}`, auth.Client{ServiceKey: true}); err != nil {
				t.Error(err)
			}
		}
		if code := b.try("ann@shop.example", password, here(1)); code != hutch.InvalidCredentials {
			t.Errorf("the old password still signs in: %q", code)
		}
		if n := b.store.count("_sessions"); n != 1 {
			t.Errorf("%d sessions", n)
		}
	})
	t.Run("parallel changes leave one password and its session", func(t *testing.T) {
		b := setup(t)
		sessions := []*auth.Session{b.signup("ann@shop.example")}
		for range 9 {
			sessions = append(sessions, b.signinOK("ann@shop.example"))
		}
		errs := make([]error, len(sessions))
		var wg sync.WaitGroup
		for i, s := range sessions {
			wg.Go(func() {
				_, errs[i] = b.put(s, `{"password":"password number `+string(rune('0'+i))+`"}`, auth.Client{ServiceKey: true})
			})
		}
		wg.Wait()
		alive := 0
		for i, s := range sessions {
			_, err := b.verify(s.AccessToken)
			if err == nil {
				alive++
			}
			if (err == nil) != (errs[i] == nil) {
				t.Errorf("change: %v, its session: %v", errs[i], err)
			}
		}
		if alive != 1 {
			t.Errorf("%d sessions live, want 1", alive)
		}
	})
}

func TestS74SignUpTellsThatAnAddressIsTaken(t *testing.T) {
	b := setup(t)
	b.signup("ann@shop.example")
	_, err := b.Signup(t.Context(), auth.SignupRequest{Email: "ann@shop.example", Password: "any other password"}, here(1))
	wantCode(t, err, hutch.UserAlreadyExists)
	if hutch.AsError(err).Status() != 422 {
		t.Errorf("status %d", hutch.AsError(err).Status())
	}
	if hashed, _, _ := b.hash.counts(); hashed != 1 {
		t.Error("a password for a taken address is hashed")
	}
	if code := b.try("ann@shop.example", "any other password", here(1)); code != hutch.InvalidCredentials {
		t.Errorf("the second sign-up's password: %s", code)
	}
}

func TestS105AccountsByCommand(t *testing.T) {
	b := setup(t)
	u, made, err := b.CreateUser(t.Context(), "keeper@shop.example", "", []string{"keeper", "keeper", "staff"})
	if err != nil || len(made) < 20 {
		t.Fatalf("%q, %v", made, err)
	}
	if strings.Contains(b.store.all(), made) {
		t.Error("the random password is stored")
	}
	s, err := b.signin("keeper@shop.example", made, here(1))
	if err != nil {
		t.Fatal(err)
	}
	if p := b.mustVerify(s.AccessToken); !slices.Equal(p.Roles, []string{"keeper", "staff"}) || p.UID != u.ID {
		t.Errorf("%+v", p)
	}
	_, two, err := b.CreateUser(t.Context(), "two@shop.example", "", nil)
	if err != nil || two == made {
		t.Errorf("%q, %v", two, err)
	}
	if _, given, e := b.CreateUser(t.Context(), "three@shop.example", password, nil); e != nil || given != "" {
		t.Errorf("%q, %v", given, e)
	}
	_, _, err = b.CreateUser(t.Context(), "Keeper@shop.example", "", nil)
	wantCode(t, err, hutch.UserAlreadyExists)
	_, _, err = b.CreateUser(t.Context(), "four@shop.example", "short", nil)
	wantCode(t, err, hutch.WeakPassword)
	_, _, err = b.CreateUser(t.Context(), "four", "", nil)
	wantCode(t, err, hutch.ValidationFailed)
}

func TestSetRoles(t *testing.T) {
	b := setup(t)
	b.signup("ann@shop.example")
	u, err := b.SetRoles(t.Context(), "ANN@shop.example", []string{"keeper"})
	if err != nil || string(u.AppMetadata) != `{"provider":"email","providers":["email"],"roles":["keeper"]}` {
		t.Fatalf("%+v, %v", u, err)
	}
	_, err = b.SetRoles(t.Context(), "bob@shop.example", nil)
	wantCode(t, err, hutch.NotFound)
	many := make([]string, 51)
	for i := range many {
		many[i] = "r" + strings.Repeat("x", i)
	}
	long := make([]string, 50)
	for i := range long {
		long[i] = strings.Repeat("é", 62) + string(rune('a'+i%26)) + string(rune('a'+i/26))
	}
	for _, roles := range [][]string{{""}, {"a b"}, {"a,b"}, {"a\n"}, {strings.Repeat("x", 65)}, {"\xff"}, many, long} {
		_, err := b.SetRoles(t.Context(), "ann@shop.example", roles)
		wantCode(t, err, hutch.InvalidArgument)
	}
}

func TestBan(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	if _, err := b.Ban(t.Context(), "ann@shop.example", b.clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if code := b.try("ann@shop.example", password, here(1)); code != hutch.UserBanned {
		t.Errorf("sign-in: %s", code)
	}
	if code := b.try("ann@shop.example", "wrong", here(1)); code != hutch.InvalidCredentials {
		t.Errorf("a ban is told to strangers: %s", code)
	}
	_, err := b.refresh(s.RefreshToken)
	wantCode(t, err, hutch.UserBanned)
	_, err = b.User(t.Context(), bearer(s.AccessToken))
	wantCode(t, err, hutch.UserBanned)
	b.clock.add(time.Hour)
	if code := b.try("ann@shop.example", password, here(1)); code != "" {
		t.Errorf("after the ban: %s", code)
	}
}
