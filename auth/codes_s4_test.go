package auth_test

import (
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// TestS4ACodeKeepsNobodyElsesPassword: the code that is typed may be of a sign-up
// that somebody else made meanwhile, in another network or in the same one.
func TestS4ACodeKeepsNobodyElsesPassword(t *testing.T) {
	const stolen = "the attacker's password"
	for name, network := range map[string]byte{"another network": 66, "the same network": 1} {
		t.Run(name, func(t *testing.T) {
			b := mailSetup(t)
			if err := b.otp(1, `{"email":"ann@shop.example"}`); err != nil {
				t.Fatal(err)
			}
			b.mail(auth.MailMagicLink, "ann@shop.example")
			b.signupAs(network, "ann@shop.example", stolen)
			code := b.mail(auth.MailConfirm, "ann@shop.example").Code
			for _, kind := range []string{"email", "signup"} {
				if _, err := b.code(1, kind, "ann@shop.example", code); err == nil {
					break
				} else if hutch.CodeOf(err) != hutch.ReauthenticationNeeded && hutch.CodeOf(err) != hutch.OTPExpired {
					t.Errorf("%s: %v", kind, err)
				}
			}
			if _, err := b.signIn(66, "ann@shop.example", stolen); err == nil {
				t.Error("the attacker's password signs in")
			}
		})
	}
	t.Run("her own sign-up", func(t *testing.T) {
		b := mailSetup(t)
		b.signupAs(1, "ann@shop.example", password)
		if _, err := b.code(1, "signup", "ann@shop.example", b.mail(auth.MailConfirm, "ann@shop.example").Code); err != nil {
			t.Fatal(err)
		}
		if _, err := b.signIn(1, "ann@shop.example", password); err != nil {
			t.Error(err)
		}
	})
}
