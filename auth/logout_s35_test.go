package auth_test

import (
	"testing"

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
