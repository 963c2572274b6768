package auth_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

const theAddress = "ann@shop.example"

// signedLink links what the provider says to who holds a session, by redirect.
func (b *bench) signedLink(s *auth.Session) (*auth.Session, error) {
	b.t.Helper()
	to, err := b.LinkIdentity(b.t.Context(), bearer(s.AccessToken), request(), here(1))
	if err != nil {
		return nil, err
	}
	w := browser{}
	state := b.authorize(w, auth.AuthorizeRequest{Ticket: query(b.t, to).Get("ticket")})
	return b.trade(b.callback(w, state).Get("code"), clientProof)
}

// S4: what becomes of a new identity at the provider whose address is that of an
// account. Nobody gets into another's account, and who made one with another's
// address keeps no way into it.
func TestS4LinkingTable(t *testing.T) {
	const (
		apart = "an account of its own"
		into  = "the account"
		clean = "the account, cleared of all that was there"
		mine  = "the account of who asked"
	)
	accounts := []string{"none", "unproven", "proven"}
	provider := []string{"no address", "unverified", "verified"}
	signedIn := []string{"nobody", "holder", "another"}
	want := func(account, says, who string) string {
		switch {
		case who == "holder" && account == "unproven" && says == "verified":
			return clean
		case who != "nobody":
			return mine
		case account == "none" || says != "verified":
			return apart
		case account == "unproven":
			return clean
		}
		return into
	}
	for _, account := range accounts {
		for _, says := range provider {
			for _, who := range signedIn {
				if who == "holder" && account == "none" {
					continue
				}
				for _, native := range []bool{false, true} {
					expect := want(account, says, who)
					name := fmt.Sprintf("account %s, provider says %s, %s signed in, native %v: %s", account, says, who, native, expect)
					t.Run(name, func(t *testing.T) {
						b, p := abroad(t)
						var holder, another *auth.Session
						if account != "none" {
							holder = b.signup(theAddress)
						}
						if account == "proven" { // by another provider
							p.who = someone("first", theAddress, true)
							var err error
							if holder, err = b.elsewhere(); err != nil {
								t.Fatal(err)
							}
						}
						another = b.signup("bob@shop.example")
						p.who = someone("2", "", false)
						if says != "no address" {
							p.who = someone("2", "ANN@Shop.example", says == "verified")
						}
						by := map[string]*auth.Session{"holder": holder, "another": another}[who]
						var s *auth.Session
						var err error
						switch {
						case native && by != nil:
							s, err = b.idToken("a.b.c", by.AccessToken)
						case native:
							s, err = b.idToken("a.b.c")
						case by != nil:
							s, err = b.signedLink(by)
						default:
							s, err = b.elsewhere()
						}
						if err != nil {
							t.Fatal(err)
						}
						id := map[*auth.Session]string{}
						for _, x := range []*auth.Session{holder, another} {
							if x != nil {
								id[x] = x.User.ID
							}
						}
						_, old := b.signin(theAddress, password, auth.Client{ServiceKey: true})
						switch expect {
						case apart:
							if s.User.ID == id[holder] || s.User.ID == id[another] {
								t.Fatal("not apart")
							}
							if s.User.Email != "" && says != "verified" {
								t.Errorf("an address that nobody proved: %q", s.User.Email)
							}
							if account == "unproven" && old != nil {
								t.Errorf("the holder's password: %v", old)
							}
						case into:
							if s.User.ID != id[holder] || len(s.User.Identities) != 2 {
								t.Fatalf("%+v", s.User.Identities)
							}
							b.mustVerify(holder.AccessToken)
						case clean:
							if s.User.ID != id[holder] || s.User.EmailConfirmedAt == "" || len(s.User.Identities) != 1 {
								t.Fatalf("%+v", s.User)
							}
							wantCode(t, old, hutch.InvalidCredentials)
							if _, err := b.verify(holder.AccessToken); err == nil {
								t.Error("a session from before the proof lives")
							}
							if _, err := b.refresh(holder.RefreshToken); err == nil {
								t.Error("a refresh token from before the proof lives")
							}
						case mine:
							if s.User.ID != id[by] {
								t.Fatal("linked to another")
							}
							if account == "unproven" && old != nil || s.User.Email != by.User.Email {
								t.Errorf("%v, address %q", old, s.User.Email)
							}
							b.mustVerify(by.AccessToken)
						}
						b.mustVerify(another.AccessToken)
						b.mustVerify(s.AccessToken)
						// The identity is that account's from now on, whatever address it brings.
						p.who = someone("2", "bob@shop.example", true)
						again, err := b.elsewhere()
						if err != nil || again.User.ID != s.User.ID {
							t.Errorf("the identity moved: %v", err)
						}
					})
				}
			}
		}
	}
}

// S4: an identity is (issuer, subject): the same subject elsewhere is another.
func TestS4IdentityIsIssuerAndSubject(t *testing.T) {
	b, p := abroad(t)
	p.who = someone("1", "", false)
	one, err := b.elsewhere()
	if err != nil {
		t.Fatal(err)
	}
	p.who.Issuer = "https://id.example.evil.test"
	two, err := b.elsewhere()
	if err != nil || two.User.ID == one.User.ID {
		t.Fatalf("another issuer's subject signs in: %v", err)
	}
	p.who = someone("1 ", "", false)
	three, err := b.elsewhere()
	if err != nil || three.User.ID == one.User.ID {
		t.Fatalf("another subject signs in: %v", err)
	}
}

// S4: an identity of an account is nobody else's to link.
func TestS4LinkedIdentityStays(t *testing.T) {
	b, p := abroad(t)
	p.who = someone("1", "", false)
	ann, err := b.elsewhere()
	if err != nil {
		t.Fatal(err)
	}
	eve := b.signup("eve@shop.example")
	_, err = b.signedLink(eve)
	wantCode(t, err, hutch.IdentityAlreadyExists)
	_, err = b.signedLink(ann)
	wantCode(t, err, hutch.IdentityAlreadyExists)
	if again, err := b.elsewhere(); err != nil || again.User.ID != ann.User.ID {
		t.Error(err)
	}
}

// S43: linking starts from a signed-in, recent session, and that session must
// live until it ends; a ticket is good once.
func TestS43LinkingIsBoundToItsSession(t *testing.T) {
	b, p := abroad(t)
	p.who = someone("1", "", false)
	s := b.signup(theAddress)
	begin := func() (string, error) {
		to, err := b.LinkIdentity(t.Context(), bearer(s.AccessToken), request(), here(1))
		if err != nil {
			return "", err
		}
		return query(t, to).Get("ticket"), nil
	}
	ticket, err := begin()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	won := make([]bool, 20)
	for i := range won {
		wg.Go(func() {
			_, err := b.Authorize(t.Context(), auth.AuthorizeRequest{Ticket: ticket}, auth.Client{ServiceKey: true})
			won[i] = err == nil
		})
	}
	wg.Wait()
	n := 0
	for _, ok := range won {
		if ok {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d flows by one ticket", n)
	}
	if ticket, err = begin(); err != nil {
		t.Fatal(err)
	}
	w := browser{}
	code := b.callback(w, b.authorize(w, auth.AuthorizeRequest{Ticket: ticket})).Get("code")
	if err := b.Logout(t.Context(), bearer(s.AccessToken), "local"); err != nil {
		t.Fatal(err)
	}
	_, err = b.trade(code, clientProof)
	wantCode(t, err, hutch.SessionNotFound)

	s = b.signinOK(theAddress)
	b.clock.add(10 * time.Minute)
	_, err = begin()
	wantCode(t, err, hutch.ReauthenticationNeeded)
	_, err = b.idToken("a.b.c", s.AccessToken)
	wantCode(t, err, hutch.ReauthenticationNeeded)
	_, err = b.LinkIdentity(t.Context(), auth.Credentials{}, request(), here(1))
	wantCode(t, err, hutch.NoAuthorization)
	_, err = b.idToken("a.b.c", "not.a.token")
	wantCode(t, err, hutch.BadJWT)
}

func TestUnlink(t *testing.T) {
	b, p := abroad(t)
	p.who = someone("1", "", false)
	s := b.signup(theAddress)
	unlink := func(id string) error { return b.Unlink(context.Background(), bearer(s.AccessToken), id) }
	own := s.User.Identities[0].IdentityID
	wantCode(t, unlink(own), hutch.SingleIdentity)
	var err error
	if s, err = b.signedLink(s); err != nil {
		t.Fatal(err)
	}
	foreign := s.User.Identities[1].IdentityID
	eve := b.signup("eve@shop.example")
	wantCode(t, b.Unlink(t.Context(), bearer(eve.AccessToken), foreign), hutch.IdentityNotFound)
	wantCode(t, unlink(""), hutch.IdentityNotFound)
	came, err := b.elsewhere()
	if err != nil {
		t.Fatal(err)
	}
	if err := unlink(foreign); err != nil {
		t.Fatal(err)
	}
	if _, err := b.verify(came.AccessToken); err == nil {
		t.Error("a session that came by the identity lives")
	}
	b.mustVerify(s.AccessToken)
	wantCode(t, unlink(own), hutch.SingleIdentity)
	other, err := b.elsewhere()
	if err != nil || other.User.ID == s.User.ID {
		t.Fatalf("the identity still signs in: %v", err)
	}
	if !strings.Contains(b.store.all(), "identity_unlinked") {
		t.Error("no row in _audit")
	}
	t.Run("the password goes with its identity", func(t *testing.T) {
		p.who = someone("2", "", false)
		if s, err = b.signedLink(s); err != nil {
			t.Fatal(err)
		}
		if err := unlink(own); err != nil {
			t.Fatal(err)
		}
		_, err := b.signin(theAddress, password, auth.Client{ServiceKey: true})
		wantCode(t, err, hutch.InvalidCredentials)
		if u, err := b.User(t.Context(), bearer(s.AccessToken)); err != nil || u.Email != "" || len(u.Identities) != 1 {
			t.Errorf("%+v %v", u, err)
		}
		if _, err := b.Signup(t.Context(), auth.SignupRequest{Email: theAddress, Password: password}, auth.Client{ServiceKey: true}); err != nil {
			t.Errorf("an address that nobody proved is kept: %v", err)
		}
	})
	t.Run("one of two, 20 times", func(t *testing.T) {
		p.who = someone("3", "", false)
		if s, err = b.signedLink(s); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			wg.Go(func() { errs[i] = unlink(s.User.Identities[i%2].IdentityID) })
		}
		wg.Wait()
		if u, err := b.User(t.Context(), bearer(s.AccessToken)); err != nil || len(u.Identities) != 1 {
			t.Errorf("%d ways in are left, %v", len(u.Identities), err)
		}
	})
}

func TestSignInElsewhereWhereSignupIsOff(t *testing.T) {
	b, p := abroad(t, func(o *auth.Options) { o.Signup = false })
	p.who = someone("1", theAddress, true)
	_, err := b.elsewhere()
	wantCode(t, err, hutch.SignupDisabled)
	if _, _, err := b.CreateUser(t.Context(), theAddress, password, nil); err != nil {
		t.Fatal(err)
	}
	s, err := b.elsewhere()
	if err != nil || s.User.Email != theAddress {
		t.Fatal(err)
	}
	if _, err := b.Ban(t.Context(), theAddress, b.clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	_, err = b.elsewhere()
	wantCode(t, err, hutch.UserBanned)
	p.who = someone("2", theAddress, true)
	_, err = b.elsewhere()
	wantCode(t, err, hutch.UserBanned)
}

// Twenty first sign-ins at once make one account.
func TestParallelFirstSignIns(t *testing.T) {
	b, p := abroad(t)
	p.who = someone("1", theAddress, true)
	var codes []string
	for range 20 {
		w := browser{}
		codes = append(codes, b.callback(w, b.authorize(w, request())).Get("code"))
	}
	var wg sync.WaitGroup
	errs := make([]error, len(codes))
	for i, code := range codes {
		wg.Go(func() { _, errs[i] = b.trade(code, clientProof) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if n := b.store.count("_users"); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// An account that came by a provider may have a password too, and then do
// without the provider.
func TestPasswordBesideAProvider(t *testing.T) {
	b, p := abroad(t)
	p.who = someone("1", theAddress, true)
	s, err := b.elsewhere()
	if err != nil {
		t.Fatal(err)
	}
	foreign := s.User.Identities[0].IdentityID
	wantCode(t, b.Unlink(t.Context(), bearer(s.AccessToken), foreign), hutch.SingleIdentity)
	if _, err = b.UpdateUser(t.Context(), bearer(s.AccessToken), auth.UpdateRequest{Password: password}, here(1)); err != nil {
		t.Fatal(err)
	}
	if err := b.Unlink(t.Context(), bearer(s.AccessToken), foreign); err != nil {
		t.Fatal(err)
	}
	own, err := b.signin(theAddress, password, here(1))
	if err != nil || own.User.ID != s.User.ID || len(own.User.Identities) != 1 || own.User.Identities[0].Provider != "email" {
		t.Fatalf("%+v %v", own, err)
	}
}
