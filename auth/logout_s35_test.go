package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
)

// TestS35ASessionThatWaitsEndsNoOther: who has the password alone cannot sign the
// owner out.
func TestS35ASessionThatWaitsEndsNoOther(t *testing.T) {
	b := setup(t)
	owner, _ := b.withFactor("ann@shop.example")
	thief := b.signinOK("ann@shop.example")
	if err := b.Logout(t.Context(), bearer(thief.AccessToken), "others"); hutch.CodeOf(err) != hutch.InsufficientAAL {
		t.Errorf("others: %v", err)
	}
	if err := b.Logout(t.Context(), bearer(thief.AccessToken), "global"); err != nil {
		t.Error(err)
	}
	b.mustVerify(owner.AccessToken)
	if _, err := b.verify(thief.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("the session itself: %v", err)
	}
	thief = b.signinOK("ann@shop.example")
	if err := b.Logout(t.Context(), bearer(owner.AccessToken), "global"); err != nil {
		t.Error(err)
	}
	if _, err := b.verify(thief.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("after the owner's: %v", err)
	}
}

// TestS91AnAccountFillsNoAudit: what its user may repeat for ever leaves a bounded
// number of rows.
func TestS91AnAccountFillsNoAudit(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	before := b.store.count("_audit")
	for range 50 {
		if err := b.Logout(t.Context(), bearer(s.AccessToken), "others"); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.store.count("_audit") - before; n != 0 {
		t.Errorf("%d rows of sign-outs that ended nothing", n)
	}
	enroll := func(i int) error {
		_, err := b.Enroll(t.Context(), bearer(s.AccessToken), fmt.Appendf(nil, `{"factor_type":"totp","friendly_name":"phone %d"}`, i%10))
		return err
	}
	for i := range 60 {
		if err := enroll(i); err != nil {
			t.Fatal(i, err)
		}
	}
	wantCode(t, enroll(0), hutch.OverRequestRateLimit)
	b.clock.add(2 * time.Hour)
	s = b.signinOK("ann@shop.example")
	if err := enroll(0); err != nil {
		t.Error(err)
	}
}
