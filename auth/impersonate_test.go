package auth_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func (b *adminBench) signInFor(user string) (*auth.Session, error) {
	return b.SignInFor(b.t.Context(), b.key, []byte(`{"user":"`+user+`"}`), auth.Client{ServiceKey: true})
}

func (b *adminBench) impersonate(user string) (*auth.Impersonation, error) {
	return b.Impersonate(b.t.Context(), b.key, []byte(`{"user":"`+user+`","reason":"ticket 42"}`), auth.Client{ServiceKey: true})
}

func (b *adminBench) impersonated(user string) *auth.Impersonation {
	b.t.Helper()
	i, err := b.impersonate(user)
	if err != nil {
		b.t.Fatal(err)
	}
	return i
}

// TestS42CustomSignIn: a session of ours, by a key of scope auth, for whom it
// names; for nobody who may not sign in.
func TestS42CustomSignIn(t *testing.T) {
	b := adminSetup(t, withAnonymous)
	ann, nobody := b.signup("ann@shop.example"), b.anonymous()
	for _, name := range []string{ann.User.ID, "ANN@shop.example"} {
		s, err := b.signInFor(name)
		if err != nil {
			t.Fatal(err)
		}
		token := claims(t, s.AccessToken)
		if s.User.ID != ann.User.ID || s.RefreshToken == "" || token["aal"] != "aal1" || token["act"] != nil || !strings.Contains(asJSON(t, token["amr"]), `"custom"`) {
			t.Errorf("%s: %v", name, token)
		}
		if p := b.mustVerify(s.AccessToken); p.UID != ann.User.ID || p.Actor != "" || p.AAL != "aal1" || p.Bypasses() {
			t.Errorf("%+v", p)
		}
		if _, err = b.refresh(s.RefreshToken); err != nil {
			t.Error(err)
		}
	}
	if s, err := b.signInFor(nobody.User.ID); err != nil || !s.User.IsAnonymous {
		t.Errorf("an anonymous user: %v", err)
	}
	rows := b.auditOf("custom_sign_in")
	if len(rows) != 3 || rows[0].Lookup("key").StringValue() == "" || rows[0].Lookup("session").StringValue() == "" {
		t.Errorf("audit: %v", rows)
	}
	b.changed(ann.User.ID, `{"ban_duration":"1h"}`)
	for name, want := range map[string]hutch.Code{
		ann.User.ID: hutch.UserBanned, "nobody@shop.example": hutch.UserNotFound, "018f6d2a-0000-7000-8000-000000000000": hutch.UserNotFound,
		"x": hutch.UserNotFound, "@": hutch.UserNotFound, "": hutch.ValidationFailed,
	} {
		_, err := b.signInFor(name)
		if hutch.CodeOf(err) != want {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
		_, err = b.impersonate(name)
		if hutch.CodeOf(err) != want {
			t.Errorf("in the name of %q: %v, want %s", name, err, want)
		}
	}
	for body, field := range map[string]string{`{"user":"x","aal":"aal2"}`: "aal", `{"user":"x","reason":"y"}`: "reason", `{"user":"x","email":"y"}`: "email"} {
		_, err := b.SignInFor(t.Context(), b.key, []byte(body), auth.Client{})
		if hutch.CodeOf(err) != hutch.InvalidArgument || hutch.AsError(err).Field != field {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// TestS42WaitingAccountsAreNotEntered: who only waits for a mail has no session.
func TestS42WaitingAccountsAreNotEntered(t *testing.T) {
	m := mailSetup(t)
	b := &adminBench{m.bench, bearer(m.keyOf("auth"))}
	m.signupAs(1, "ann@shop.example", password)
	_, err := b.signInFor("ann@shop.example")
	wantCode(t, err, hutch.EmailNotConfirmed)
	_, err = b.impersonate("ann@shop.example")
	wantCode(t, err, hutch.EmailNotConfirmed)
}

// TestS42WhoMaySignOthersIn: keys of scope auth, and not from a browser.
func TestS42WhoMaySignOthersIn(t *testing.T) {
	b := adminSetup(t)
	ann := b.signup("ann@shop.example")
	acting := b.impersonated(ann.User.ID)
	browser := b.key
	browser.Browser = true
	revoked := b.keyOf("auth")
	if _, err := b.RevokeKey(t.Context(), revoked); err != nil {
		t.Fatal(err)
	}
	for who, c := range map[string]struct {
		c    auth.Credentials
		want hutch.Code
	}{
		"guest":           {auth.Credentials{}, hutch.NoAuthorization},
		"the user":        {bearer(ann.AccessToken), hutch.NotAdmin},
		"an impersonator": {bearer(acting.AccessToken), hutch.NotAdmin},
		"key data":        {bearer(b.keyOf("data")), hutch.NotAdmin},
		"key ops":         {bearer(b.keyOf("ops")), hutch.NotAdmin},
		"revoked key":     {bearer(revoked), hutch.Unauthenticated},
		"from a browser":  {browser, hutch.Unauthenticated},
	} {
		body := []byte(`{"user":"` + ann.User.ID + `","reason":"x"}`)
		if _, err := b.SignInFor(t.Context(), c.c, []byte(`{"user":"`+ann.User.ID+`"}`), auth.Client{}); hutch.CodeOf(err) != c.want {
			t.Errorf("tokens as %s: %v, want %s", who, err, c.want)
		}
		if _, err := b.Impersonate(t.Context(), c.c, body, auth.Client{}); hutch.CodeOf(err) != c.want {
			t.Errorf("impersonate as %s: %v, want %s", who, err, c.want)
		}
	}
	if n := len(b.auditOf("custom_sign_in")); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

// TestS42Impersonation: 15 minutes, with act and a reason, without a refresh.
func TestS42Impersonation(t *testing.T) {
	b := adminSetup(t)
	ann := b.signup("ann@shop.example")
	for _, reason := range []string{"", "   ", "a\nb", strings.Repeat("x", 501)} {
		body := `{"user":"` + ann.User.ID + `","reason":` + asJSON(t, reason) + `}`
		_, err := b.Impersonate(t.Context(), b.key, []byte(body), auth.Client{})
		if hutch.CodeOf(err) != hutch.InvalidArgument || hutch.AsError(err).Field != "reason" {
			t.Errorf("reason %.10q: %v", reason, err)
		}
	}
	i := b.impersonated("ann@shop.example")
	p, token := b.mustVerify(i.AccessToken), claims(t, i.AccessToken)
	if p.UID != ann.User.ID || p.Actor == "" || p.Kind != hutch.User || p.Bypasses() || i.ExpiresIn != 900 || strings.Contains(asJSON(t, i), "refresh") {
		t.Errorf("%+v %s", p, asJSON(t, i))
	}
	if got, ok := token["act"].(map[string]any); !ok || got["sub"] != p.Actor || token["sub"] != ann.User.ID {
		t.Errorf("token: %v", token)
	}
	rows := b.auditOf("impersonated")
	if len(rows) != 1 || rows[0].Lookup("detail").StringValue() != "ticket 42" || rows[0].Lookup("key").StringValue() != p.Actor || rows[0].Lookup("user").StringValue() != ann.User.ID {
		t.Errorf("audit: %v", rows)
	}
	ds, err := b.Sessions(t.Context(), bearer(ann.AccessToken))
	if err != nil || len(ds) != 2 || ds[0].Actor+ds[1].Actor != p.Actor {
		t.Errorf("what the user sees: %+v %v", ds, err)
	}
	b.clock.add(15*time.Minute - time.Second)
	b.mustVerify(i.AccessToken)
	b.clock.add(time.Second)
	if _, err = b.verify(i.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("after 15 minutes: %v", err)
	}
	// Where tokens live longer, its session still does not.
	b.opts.Lifetimes.Access = 12 * time.Hour
	long := &adminBench{&bench{Service: b.node(), t: t, clock: b.clock}, b.key}
	if i = long.impersonated("ann@shop.example"); i.ExpiresIn != 900 {
		t.Errorf("%d s", i.ExpiresIn)
	}
}

// TestS42ImpersonatorsChangeNoAccount: each route of /auth/v1 that needs a user.
func TestS42ImpersonatorsChangeNoAccount(t *testing.T) {
	m := mailSetup(t, func(o *auth.Options) { o.Providers = auth.Providers{"corp": &idp{}} })
	b := &adminBench{m.bench, bearer(m.keyOf("auth"))}
	ann := m.confirmed(1, "ann@shop.example")
	i := b.impersonated(ann.User.ID)
	c := bearer(i.AccessToken)
	if u, err := b.User(t.Context(), c); err != nil || u.ID != ann.User.ID {
		t.Errorf("reading the user: %v", err)
	}
	for name, call := range map[string]func(context.Context) error{
		"data":     func(context.Context) error { return second(m.put(1, i.AccessToken, `{"data":{"a":1}}`)) },
		"password": func(context.Context) error { return second(m.put(1, i.AccessToken, `{"password":"another long one"}`)) },
		"known password": func(context.Context) error {
			return second(m.put(1, i.AccessToken, `{"password":"another long one","current_password":"`+password+`"}`))
		},
		"email":      func(context.Context) error { return second(m.put(1, i.AccessToken, `{"email":"eve@shop.example"}`)) },
		"nonce":      func(ctx context.Context) error { return b.Reauthenticate(ctx, c, here(1)) },
		"link":       func(ctx context.Context) error { return second(b.LinkIdentity(ctx, c, request(), here(1))) },
		"link token": func(context.Context) error { return second(b.idToken("t", i.AccessToken)) },
		"unlink":     func(ctx context.Context) error { return b.Unlink(ctx, c, ann.User.Identities[0].IdentityID) },
		"sessions":   func(ctx context.Context) error { return second(b.Sessions(ctx, c)) },
		"end session": func(ctx context.Context) error {
			return b.EndSession(ctx, c, claims(t, ann.AccessToken)["session_id"].(string))
		},
		"log out":      func(ctx context.Context) error { return b.Logout(ctx, c, "") },
		"others":       func(ctx context.Context) error { return b.Logout(ctx, c, "others") },
		"enroll":       func(ctx context.Context) error { return second(b.Enroll(ctx, c, []byte(`{"factor_type":"totp"}`))) },
		"challenge":    func(ctx context.Context) error { return second(b.ChallengeFactor(ctx, c, "f", nil)) },
		"factor":       func(ctx context.Context) error { return second(b.VerifyFactor(ctx, c, "f", []byte(`{}`), here(1))) },
		"unenroll":     func(ctx context.Context) error { return b.Unenroll(ctx, c, "f") },
		"passkeys":     func(ctx context.Context) error { return second(b.Passkeys(ctx, c)) },
		"passkey":      func(ctx context.Context) error { return second(b.PasskeyOptions(ctx, c, here(1))) },
		"take passkey": func(ctx context.Context) error { return b.RemovePasskey(ctx, c, "p") },
	} {
		if err := call(t.Context()); hutch.CodeOf(err) != hutch.InsufficientAAL || hutch.AsError(err).Status() != 403 {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.mustVerify(ann.AccessToken)
	if err := b.Logout(t.Context(), c, "local"); err != nil {
		t.Errorf("ending itself: %v", err)
	}
	_, err := b.verify(i.AccessToken)
	wantCode(t, err, hutch.Unauthenticated)
	b.mustVerify(ann.AccessToken)
}

// TestS42ImpersonationEnds: with the user's sessions, a ban, the user, the key.
func TestS42ImpersonationEnds(t *testing.T) {
	for name, end := range map[string]func(*adminBench, *auth.Session, auth.Credentials) error{
		"all sessions": func(b *adminBench, s *auth.Session, _ auth.Credentials) error {
			return b.Logout(b.t.Context(), bearer(s.AccessToken), "global")
		},
		"this session": func(b *adminBench, s *auth.Session, c auth.Credentials) error {
			return b.EndSession(b.t.Context(), bearer(s.AccessToken), claims(b.t, c.Authorization)["session_id"].(string))
		},
		"a password": func(b *adminBench, s *auth.Session, _ auth.Credentials) error {
			return second(b.put(s, `{"password":"another long one","current_password":"`+password+`"}`, here(1)))
		},
		"a ban": func(b *adminBench, s *auth.Session, _ auth.Credentials) error {
			return second(b.change(s.User.ID, `{"ban_duration":"1h"}`))
		},
		"the user": func(b *adminBench, s *auth.Session, _ auth.Credentials) error {
			return b.RemoveUser(b.t.Context(), b.key, s.User.ID, nil)
		},
		"the key": func(b *adminBench, _ *auth.Session, _ auth.Credentials) error {
			return second(b.RevokeKey(b.t.Context(), strings.TrimPrefix(b.key.Authorization, "Bearer ")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := adminSetup(t)
			ann := b.signup("ann@shop.example")
			c := bearer(b.impersonated(ann.User.ID).AccessToken)
			p := b.mustVerify(strings.TrimPrefix(c.Authorization, "Bearer "))
			if err := end(b, ann, c); err != nil {
				t.Fatal(err)
			}
			b.store.settle(t)
			_, err := b.verify(strings.TrimPrefix(c.Authorization, "Bearer "))
			wantCode(t, err, hutch.Unauthenticated)
			wantCode(t, b.StillValid(t.Context(), p), hutch.Unauthenticated)
		})
	}
}
