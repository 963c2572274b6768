package auth_test

import (
	"cmp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

// moved proves the address of s and takes the account to another.
func (b *bench) moved(s *auth.Session, to string) *auth.Session {
	b.t.Helper()
	key := bearer(b.keyOf("auth"))
	follow := func(body string) {
		b.t.Helper()
		l, err := b.GenerateLink(b.t.Context(), key, []byte(body), "")
		if err != nil {
			b.t.Fatal(err)
		}
		kind := map[string]string{"email_change_new": "email_change"}[l.VerificationType]
		got, err := b.VerifyMailed(b.t.Context(), auth.VerifyRequest{Type: cmp.Or(kind, l.VerificationType), TokenHash: l.HashedToken}, here(1))
		if err != nil {
			b.t.Fatal(err)
		}
		if got.AccessToken != "" {
			s = got
		}
	}
	from := s.User.Email
	if s.User.EmailConfirmedAt == "" {
		follow(`{"type":"magiclink","email":"` + from + `"}`)
		if _, err := b.EditUser(b.t.Context(), key, s.User.ID, []byte(`{"password":"`+password+`"}`)); err != nil { // a proof ends it
			b.t.Fatal(err)
		}
	}
	for _, kind := range []string{"email_change_current", "email_change_new"} {
		follow(`{"type":"` + kind + `","email":"` + from + `","new_email":"` + to + `"}`)
	}
	if s.User.Email != to {
		b.t.Fatalf("moved to %s", s.User.Email)
	}
	return s
}

func TestS61DeleteUserLeavesNothing(t *testing.T) {
	bs := nodesOn(t, 2, func(_ int, o *auth.Options) { o.Mail.Mailer = &post{} })
	b := bs[0]
	s := b.moved(b.signup("once@shop.example"), "ann@shop.example")
	b.signinOK("ann@shop.example") // ends, and its document stays for the sweep
	if err := b.Logout(t.Context(), bearer(s.AccessToken), "others"); err != nil {
		t.Fatal(err)
	}
	second := b.signinOK("ann@shop.example")
	bs[1].mustVerify(second.AccessToken)
	var told atomic.Int64
	defer bs[1].Watch(func(c auth.Change) {
		if c.All || c.UID == s.User.ID { // all: the node has just begun to read the feed
			told.Add(1)
		}
	})()
	if err := b.EraseSelf(t.Context(), bearer(s.AccessToken)); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return told.Load() > 0 }) // what closes sockets
	until(t, func() bool { _, _, err := bs[1].Verify(t.Context(), second.AccessToken); return err != nil })
	_, err := b.User(t.Context(), bearer(s.AccessToken))
	wantCode(t, err, hutch.SessionNotFound)
	for _, token := range []string{s.RefreshToken, second.RefreshToken} {
		_, err := bs[1].refresh(token)
		wantCode(t, err, hutch.RefreshTokenNotFound)
	}
	if code := b.try("ann@shop.example", password, here(1)); code != "invalid_credentials" {
		t.Errorf("the password: %s", code)
	}
	for _, coll := range auth.Collections() {
		for d, err := range b.opts.System.Find(t.Context(), data.Query{From: coll}) {
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(d), "ann@shop.example") || strings.Contains(string(d), "once@shop.example") {
				t.Errorf("%s holds the address: %v", coll, d)
			}
			if coll == "_otps" { // what it holds is sealed
				t.Errorf("a link is left: %v", d)
			}
			if strings.Contains(string(d), s.User.ID) && coll != "_audit" {
				t.Errorf("%s holds the id: %v", coll, d)
			}
		}
	}
	if again := b.signup("ann@shop.example"); again.User.ID == s.User.ID {
		t.Error("a new account has the id of the erased one")
	}
}

func TestS61DeleteUserNeedsARecentSignIn(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	b.clock.add(10 * time.Minute)
	fresh, err := b.refresh(s.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, b.EraseSelf(t.Context(), bearer(fresh.AccessToken)), hutch.ReauthenticationNeeded)
	wantCode(t, b.EraseSelf(t.Context(), auth.Credentials{}), hutch.NoAuthorization)
	wantCode(t, b.EraseSelf(t.Context(), bearer(b.keyOf("auth"))), hutch.BadJWT)
	if b.store.count("_users") != 1 {
		t.Fatal("the account is gone")
	}
	if err := b.EraseSelf(t.Context(), bearer(b.signinOK("ann@shop.example").AccessToken)); err != nil {
		t.Error(err)
	}
}

func TestS61OfParallelDeletesOneErases(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	var done, lost atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			var err error
			if i%2 == 0 {
				err = b.EraseSelf(t.Context(), bearer(s.AccessToken))
			} else {
				_, err = b.EraseUser(t.Context(), "ann@shop.example")
			}
			switch hutch.CodeOf(err) {
			case "":
				done.Add(1)
			case hutch.SessionNotFound, hutch.NotFound:
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if done.Load() != 1 || lost.Load() != 19 {
		t.Errorf("%d erased, %d did not", done.Load(), lost.Load())
	}
	rows := 0
	for d, err := range b.opts.System.Find(t.Context(), data.Query{From: "_audit"}) {
		if err != nil {
			t.Fatal(err)
		}
		if data.Text(data.Field(d, "event")) == "user_erased" {
			rows++
		}
	}
	if rows != 1 {
		t.Errorf("%d rows of audit", rows)
	}
}

func TestUserEraseByAddressAndID(t *testing.T) {
	b := setup(t)
	ann, bob := b.signup("ann@shop.example"), b.signup("bob@shop.example")
	for which, want := range map[string]string{"ANN@shop.example": ann.User.ID, strings.ToUpper(bob.User.ID): bob.User.ID} {
		if id, err := b.EraseUser(t.Context(), which); err != nil || id != want {
			t.Errorf("%s: %s, %v", which, id, err)
		}
		if _, err := b.EraseUser(t.Context(), which); hutch.CodeOf(err) != hutch.NotFound {
			t.Errorf("%s again: %v", which, err)
		}
	}
	if b.store.count("_users")+b.store.count("_identities")+b.store.count("_sessions") != 0 {
		t.Error("something is left")
	}
}
