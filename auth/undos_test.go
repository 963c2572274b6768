package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// undos are the mails that undo ann's moves, to n addresses one after another.
func (b *mailBench) undos(s *auth.Session, n int) (_ *auth.Session, mails []auth.Mail) {
	b.t.Helper()
	for i := range n {
		b.mails()
		s = b.moved(s, fmt.Sprintf("ann%d@shop.example", i+1))
		for _, m := range b.mails() {
			if m.Kind == auth.MailChanged {
				mails = append(mails, m)
			}
		}
		b.clock.add(time.Minute)
	}
	if len(mails) != n {
		b.t.Fatalf("%d mails of %d changes", len(mails), n)
	}
	return s, mails
}

func (b *mailBench) good(m auth.Mail) bool {
	b.t.Helper()
	p, err := b.Landing(b.t.Context(), linkOf(b.t, m))
	if err != nil {
		b.t.Fatal(err)
	}
	return p.Good
}

// TestS61ErasureTakesUndoLinks: each holds a former address.
func TestS61ErasureTakesUndoLinks(t *testing.T) {
	b := mailSetup(t)
	s, mails := b.undos(b.confirmed(1, "ann@shop.example"), 3)
	for i, m := range mails {
		if !b.good(m) {
			t.Errorf("the later change ended the undo of change %d", i)
		}
	}
	if err := b.EraseSelf(t.Context(), bearer(s.AccessToken)); err != nil {
		t.Fatal(err)
	}
	if n := b.store.count("_otps"); n != 0 {
		t.Errorf("%d links are left", n)
	}
}

// TestS39AnUndoEndsThoseOfLaterChanges, and those of before stay their owners'.
func TestS39AnUndoEndsThoseOfLaterChanges(t *testing.T) {
	b := mailSetup(t)
	_, mails := b.undos(b.confirmed(1, "ann@shop.example"), 3)
	before := b.store.count("_otps")
	if _, err := b.Follow(t.Context(), linkOf(t, mails[1]), here(1)); err != nil {
		t.Fatal(err)
	}
	if !b.good(mails[0]) || b.good(mails[1]) || b.good(mails[2]) {
		t.Error("not the first alone is left")
	}
	if n := b.store.count("_otps"); n != before-2+1 { // the way back in came
		t.Errorf("%d links are left of %d", n, before)
	}
}

// TestS61AnAddressThatAKeySetsEndsUndoLinks, which are void by it.
func TestS61AnAddressThatAKeySetsEndsUndoLinks(t *testing.T) {
	b := mailSetup(t)
	s, _ := b.undos(b.confirmed(1, "ann@shop.example"), 2)
	if _, err := b.EditUser(t.Context(), bearer(b.keyOf("auth")), s.User.ID, []byte(`{"email":"other@shop.example"}`)); err != nil {
		t.Fatal(err)
	}
	if n := b.store.count("_otps"); n != 0 {
		t.Errorf("%d links are left", n)
	}
}

// TestChangesOfAnAddressAreBounded: at most 20 can be undone at a time.
func TestChangesOfAnAddressAreBounded(t *testing.T) {
	b := mailSetup(t)
	s, _ := b.undos(b.confirmed(1, "ann@shop.example"), 20)
	ask := func() error {
		_, err := b.put(1, b.signinOK("ann20@shop.example").AccessToken, `{"email":"more@shop.example"}`)
		return err
	}
	err := ask()
	b.codeIs(err, hutch.OverRequestRateLimit)
	if wait := hutch.AsError(err).RetryAfter; wait != 7*24*time.Hour-20*time.Minute {
		t.Errorf("wait %s", wait)
	}
	_, err = b.GenerateLink(t.Context(), bearer(b.keyOf("auth")), []byte(`{"type":"email_change_new","email":"ann20@shop.example","new_email":"more@shop.example"}`), "")
	b.codeIs(err, hutch.OverRequestRateLimit)
	b.clock.add(7*24*time.Hour - 20*time.Minute)
	if err := ask(); err != nil {
		t.Errorf("once the first cannot be undone any more: %v", err)
	}
	if s.User.Email != "ann20@shop.example" {
		t.Error(s.User.Email)
	}
}
