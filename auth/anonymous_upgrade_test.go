package auth_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// asks gives an anonymous user an address to prove, and its mail.
func (b *mailBench) asks(n byte, s *auth.Session, body string) auth.Mail {
	b.t.Helper()
	u, err := b.put(n, s.AccessToken, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if !u.IsAnonymous || u.Email != "" || u.EmailConfirmedAt != "" {
		b.t.Fatalf("permanent before the proof: %s", asJSON(b.t, u))
	}
	return b.mail(auth.MailChange, theAddress)
}

func (b *mailBench) permanent(before, s *auth.Session, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	if u := s.User; u.ID != before.User.ID || u.IsAnonymous || u.Email != theAddress || u.EmailConfirmedAt == "" || len(u.Identities) != 1 || string(u.UserMetadata) != `{"cart":"c1"}` {
		b.t.Errorf("user: %s", asJSON(b.t, u))
	}
	if p := b.mustVerify(s.AccessToken); p.Anonymous || !p.EmailVerified || p.Provider != "email" || p.UID != before.User.ID {
		b.t.Errorf("principal: %+v", p)
	}
	if _, err := b.bench.verify(before.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
		b.t.Errorf("a session of before the proof: %v", err)
	}
}

// TestS87UpgradeByAddress: only the proof of the address makes it permanent, in
// each of its ways; the id stays, days after the sign-in too.
func TestS87UpgradeByAddress(t *testing.T) {
	const waits, pw = `{"email":"ann@shop.example"}`, `{"email":"ann@shop.example","password":"` + password + `"}`
	for name, way := range map[string]struct {
		body string
		use  func(*mailBench, auth.Mail) (*auth.Session, error)
		kept bool
	}{
		"a code": {waits, func(b *mailBench, m auth.Mail) (*auth.Session, error) { return b.code(9, "email_change", m.To, m.Code) }, false},
		"a link elsewhere": {waits, func(b *mailBench, m auth.Mail) (*auth.Session, error) {
			return b.verify(9, auth.VerifyRequest{Type: "email_change", TokenHash: linkOf(b.t, m).Token})
		}, false},
		"a code here": {pw, func(b *mailBench, m auth.Mail) (*auth.Session, error) { return b.code(1, "email_change", m.To, m.Code) }, true},
		"with the password": {pw, func(b *mailBench, m auth.Mail) (*auth.Session, error) {
			return b.verify(9, auth.VerifyRequest{Type: "email_change", TokenHash: linkOf(b.t, m).Token, Password: password})
		}, true},
		"the client's flow": {`{"email":"ann@shop.example","password":"` + password + `"` + pkce + `}`, func(b *mailBench, m auth.Mail) (*auth.Session, error) {
			to, err := b.Follow(b.t.Context(), linkOf(b.t, m), here(9))
			if err != nil {
				return nil, err
			}
			return b.trade(query(b.t, to).Get("code"), pkceVerifier)
		}, true},
		"another address after one with a password": {waits, func(b *mailBench, m auth.Mail) (*auth.Session, error) { return b.code(1, "email_change", m.To, m.Code) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := mailSetup(t, withAnonymous)
			s := b.anonymous()
			b.clock.add(11 * time.Minute)
			if name[0] == 'a' && name[2] == 'n' {
				if _, err := b.put(1, s.AccessToken, `{"email":"first@shop.example","password":"a stale password"}`); err != nil {
					t.Fatal(err)
				}
				b.mails()
			}
			m := b.asks(1, s, way.body)
			if p := b.mustVerify(s.AccessToken); !p.Anonymous || p.Email != "" {
				t.Errorf("before the proof: %+v", p)
			}
			if _, err := b.signIn(1, theAddress, password); hutch.CodeOf(err) != hutch.InvalidCredentials {
				t.Errorf("the password works before the proof: %v", err)
			}
			after, err := way.use(b, m)
			b.permanent(s, after, err)
			_, err = b.signIn(1, theAddress, password)
			if kept := err == nil; kept != way.kept {
				t.Errorf("the password works: %v, want %v (%v)", kept, way.kept, err)
			}
			if len(b.auditOf("user_upgraded")) != 1 {
				t.Error("no row in _audit")
			}
			if _, err := b.code(1, "email_change", m.To, m.Code); hutch.CodeOf(err) != hutch.OTPExpired {
				t.Errorf("again: %v", err)
			}
		})
	}
}

// TestS87UpgradeNeedsItsOwnProof: what a stranger set, and what the owner of an
// address opens, do not come together.
func TestS87UpgradeNeedsItsOwnProof(t *testing.T) {
	b := mailSetup(t, withAnonymous)
	s := b.anonymous()
	m := b.asks(66, s, `{"email":"ann@shop.example","password":"the attacker's password"}`)
	link := linkOf(t, m)
	_, err := b.verify(1, auth.VerifyRequest{Type: "email_change", TokenHash: link.Token})
	b.codeIs(err, hutch.ReauthenticationNeeded)
	_, err = b.code(1, "email_change", theAddress, m.Code)
	b.codeIs(err, hutch.ReauthenticationNeeded)
	_, err = b.verify(1, auth.VerifyRequest{Type: "email_change", TokenHash: link.Token, Password: "a guess of mine"})
	b.codeIs(err, hutch.InvalidCredentials)
	_, err = b.Follow(t.Context(), link, here(1))
	b.codeIs(err, hutch.ReauthenticationNeeded)
	if page, err := b.Landing(t.Context(), link); err != nil || !page.Password || !page.Needed || page.NewEmail != theAddress {
		t.Errorf("page: %+v %v", page, err)
	}
	if !b.mustVerify(s.AccessToken).Anonymous {
		t.Error("permanent without a proof")
	}
	// With the password, which only who set it knows, the page confirms; it signs nobody in.
	link.Password = "the attacker's password"
	if to, err := b.Follow(t.Context(), link, here(66)); err != nil || to != "https://shop.example?type=email_change" {
		t.Errorf("%q %v", to, err)
	}
	if _, err = b.signIn(66, theAddress, "the attacker's password"); err != nil {
		t.Error(err)
	}
}

// TestS87UpgradeNeverMerges: an address that has an account gets a mail, and the
// answer of any other; one that is taken meanwhile stays whose it is.
func TestS87UpgradeNeverMerges(t *testing.T) {
	b := mailSetup(t, withAnonymous)
	ann := b.confirmed(1, theAddress)
	s := b.anonymous()
	taken, err := b.put(2, s.AccessToken, `{"email":"ann@shop.example"}`)
	if err != nil || !taken.IsAnonymous {
		t.Fatal(err)
	}
	b.mail(auth.MailTaken, theAddress)
	free, err := b.put(2, s.AccessToken, `{"email":"free@shop.example"}`)
	if err != nil {
		t.Fatal(err)
	}
	taken.UpdatedAt, free.UpdatedAt = "", ""
	if asJSON(t, taken) != asJSON(t, free) {
		t.Errorf("the answers differ: %s, %s", asJSON(t, taken), asJSON(t, free))
	}
	m := b.mail(auth.MailChange, "free@shop.example")
	b.confirmed(3, "free@shop.example") // its owner signs up first
	_, err = b.code(2, "email_change", "free@shop.example", m.Code)
	if err == nil {
		t.Fatal("an address with an account was proven for another")
	}
	_, err = b.verify(2, auth.VerifyRequest{Type: "email_change", TokenHash: linkOf(t, m).Token})
	b.codeIs(err, hutch.EmailExists)
	if p := b.mustVerify(s.AccessToken); !p.Anonymous || b.mustVerify(ann.AccessToken).UID != ann.User.ID {
		t.Errorf("%+v", p)
	}
	_, err = b.put(2, s.AccessToken, `{"password":"`+password+`"}`)
	b.codeIs(err, hutch.ValidationFailed)
	_, err = b.put(2, s.AccessToken, `{"is_anonymous":false}`)
	b.codeIs(err, hutch.ValidationFailed)
	b.opts.Signup = false
	closed := b.node()
	r, err := auth.ParseUpdate([]byte(`{"email":"late@shop.example"}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = closed.UpdateUser(t.Context(), bearer(s.AccessToken), r, here(1))
	b.codeIs(err, hutch.SignupDisabled)
}

// TestS87UpgradeOnce: of 20 that use the same link one is signed in.
func TestS87UpgradeOnce(t *testing.T) {
	b := mailSetup(t, withAnonymous)
	s := b.anonymous()
	link := linkOf(t, b.asks(1, s, `{"email":"ann@shop.example"}`))
	var wg sync.WaitGroup
	var won atomic.Int32
	for range 20 {
		wg.Go(func() {
			switch _, err := b.verify(1, auth.VerifyRequest{Type: "email_change", TokenHash: link.Token}); hutch.CodeOf(err) {
			case "":
				won.Add(1)
			case hutch.OTPExpired:
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 20", won.Load())
	}
}

// TestS87UpgradeByProvider: a linked identity makes the account permanent, with
// or without an address of it; another account's identity or address never.
func TestS87UpgradeByProvider(t *testing.T) {
	for says, want := range map[string]struct {
		who   auth.Foreign
		email string
	}{
		"a verified address":         {someone("s1", theAddress, true), theAddress},
		"an unverified address":      {someone("s1", theAddress, false), ""},
		"the address of a neighbour": {someone("s1", "bob@shop.example", true), ""},
	} {
		t.Run(says, func(t *testing.T) {
			b, idp := abroad(t, withAnonymous)
			bob := b.signup("bob@shop.example")
			s := b.anonymous()
			b.clock.add(time.Hour)
			s, err := b.refresh(s.RefreshToken)
			if err != nil {
				t.Fatal(err)
			}
			idp.who = want.who
			after, err := b.signedLink(s)
			if err != nil {
				t.Fatal(err)
			}
			if u := after.User; u.ID != s.User.ID || u.IsAnonymous || u.Email != want.email || len(u.Identities) != 1 || u.Identities[0].Provider != "corp" {
				t.Errorf("user: %s", asJSON(t, u))
			}
			if p := b.mustVerify(after.AccessToken); p.Anonymous || p.Provider != "corp" {
				t.Errorf("%+v", p)
			}
			_, err = b.verify(s.AccessToken)
			wantCode(t, err, hutch.Unauthenticated)
			if again, err := b.elsewhere(); err != nil || again.User.ID != s.User.ID {
				t.Errorf("signing in again: %v", err)
			}
			other := b.anonymous()
			_, err = b.signedLink(other)
			wantCode(t, err, hutch.IdentityAlreadyExists)
			if !b.mustVerify(other.AccessToken).Anonymous || bob.User.ID == after.User.ID {
				t.Error("merged")
			}
		})
	}
}
