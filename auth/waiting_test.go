package auth_test

import (
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

// TestS74OnlyThePasswordTellsThatAnAddressWaits: a wrong one gets the answer of
// an unknown address, after the same work.
func TestS74OnlyThePasswordTellsThatAnAddressWaits(t *testing.T) {
	b := mailSetup(t)
	b.signupAs(1, theAddress, password)
	for _, address := range []string{theAddress, "nobody@shop.example"} {
		_, before, _ := b.hash.counts()
		_, err := b.signIn(2, address, "a wrong password")
		if _, after, _ := b.hash.counts(); hutch.CodeOf(err) != hutch.InvalidCredentials || after-before != 1 {
			t.Errorf("%s: %v, %d hashes", address, err, after-before)
		}
	}
	_, err := b.signIn(2, theAddress, password)
	b.codeIs(err, hutch.EmailNotConfirmed)
}
