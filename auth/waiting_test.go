package auth_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// TestS87WaitingAccountsAreDeleted: sign-ups whose mail nobody used go after 30
// days, with the documents of their address; what was confirmed stays.
func TestS87WaitingAccountsAreDeleted(t *testing.T) {
	b := mailSetup(t)
	b.confirmed(1, "bob@shop.example")
	b.signupAs(2, "ann@shop.example", password)
	b.mails()
	identities := b.store.count("_identities")
	b.unusedFor(30*24*time.Hour - time.Minute)
	if n := b.store.count("_users"); n != 2 {
		t.Fatalf("%d users before the limit", n)
	}
	b.unusedFor(2 * time.Minute)
	if users, ids := b.store.count("_users"), b.store.count("_identities"); users != 1 || ids != identities-1 {
		t.Errorf("%d users, %d identities of %d", users, ids, identities)
	}
	if _, err := b.signIn(1, "bob@shop.example", password); err != nil {
		t.Errorf("a confirmed one: %v", err)
	}
	if rows := b.auditOf("pending_users_swept"); len(rows) != 1 {
		t.Errorf("audit: %v", rows)
	}
	b.confirmed(3, "ann@shop.example") // the address is free
}

// TestS87WhoConfirmsNowIsNotSwept: a link of today keeps the account, and so does
// a confirmation while the sweep runs.
func TestS87WhoConfirmsNowIsNotSwept(t *testing.T) {
	b := mailSetup(t)
	b.signupAs(1, theAddress, password)
	b.mails()
	b.clock.add(31 * 24 * time.Hour)
	if err := b.otp(1, `{"email":"`+theAddress+`"}`); err != nil {
		t.Fatal(err)
	}
	m := b.mail(auth.MailMagicLink, theAddress)
	done := make(chan error, 1)
	go func() { done <- b.SweepWaiting(t.Context()) }()
	if _, err := b.code(1, "magiclink", theAddress, m.Code); err != nil {
		t.Errorf("confirming: %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if b.unusedFor(31 * 24 * time.Hour); b.store.count("_users") != 1 {
		t.Error("the confirmed account is gone")
	}
}

// TestS74SigningInDoesNotTellThatAnAddressWaits: whoever signed up with an
// address learns nothing by signing in, neither by the answer nor by the work
// nor by what slows the next try.
func TestS74SigningInDoesNotTellThatAnAddressWaits(t *testing.T) {
	b := mailSetup(t)
	b.signupAs(1, theAddress, password)
	tries := func(network byte, address, pw string) (got []string) {
		for range 8 {
			_, before, _ := b.hash.counts()
			_, err := b.signIn(network, address, pw)
			_, after, _ := b.hash.counts()
			got = append(got, fmt.Sprint(hutch.CodeOf(err), after-before))
		}
		return got
	}
	unknown := tries(2, "nobody@shop.example", password)
	if !slices.Contains(unknown, fmt.Sprint(hutch.OverRequestRateLimit, 0)) {
		t.Fatalf("nothing slows: %v", unknown)
	}
	for i, pw := range []string{password, "a wrong password"} {
		if got := tries(byte(3+i), theAddress, pw); !slices.Equal(got, unknown) {
			t.Errorf("%s: %v, of an unknown address %v", pw, got, unknown)
		}
	}
}
