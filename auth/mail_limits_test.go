package auth_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

// TestS86StrangersCannotStopMail: an hour's mails to addresses of their choice
// leave those to proven accounts, and notices, as they were; decoys count
// nowhere, and the answers tell nothing.
func TestS86StrangersCannotStopMail(t *testing.T) {
	const most = 20
	b := mailSetup(t, func(o *auth.Options) { o.Limits.Mails = most })
	b.confirmed(1, "ann@shop.example")
	b.clock.add(2 * time.Hour)
	for i := range 5 * most { // addresses that have no account
		if err := b.Recover(t.Context(), auth.RecoverRequest{Email: fmt.Sprintf("no%d@shop.example", i)}, here(9)); err != nil {
			t.Fatal(err)
		}
	}
	sent := 0
	for i := range 3 * most { // and such as get one
		if err := b.otp(9, fmt.Sprintf(`{"email":"new%d@shop.example"}`, i)); err != nil {
			t.Fatalf("%d: the answer tells that the ceiling is reached: %v", i, err)
		}
		sent += len(b.mails())
	}
	if sent != most {
		t.Errorf("%d mails to strangers in an hour, want %d", sent, most)
	}
	if n := strings.Count(b.log.String(), "no more mail"); n != 1 || !strings.Contains(b.log.String(), "level=ERROR") {
		t.Errorf("%d alarms", n)
	}
	users := b.store.count("_users")
	before := b.signupAs(9, "late@shop.example", password)
	if n := b.store.count("_users"); n != users || len(b.mails()) != 0 || before.Email != "late@shop.example" {
		t.Error("a sign-up that cannot be confirmed was made or mailed, or is answered otherwise")
	}
	// The owner of a proven address is none of them.
	b.recover(9, "ann@shop.example")
	code := b.mail(auth.MailRecover, "ann@shop.example").Code
	s, err := b.code(2, "recovery", "ann@shop.example", code)
	if err != nil {
		t.Fatal(err)
	}
	b.mail(auth.MailDevice, "ann@shop.example")
	if _, err := b.put(2, s.AccessToken, `{"password":"a password that is new"}`); err != nil {
		t.Fatal(err)
	}
	b.mail(auth.MailPassword, "ann@shop.example")
	_, err = b.put(2, s.AccessToken, `{"email":"else@shop.example"}`) // to a stranger, asked by somebody signed in
	b.codeIs(err, hutch.OverEmailSendRateLimit)
	b.clock.add(2 * time.Hour)
	b.signupAs(9, "late@shop.example", password)
	b.mail(auth.MailConfirm, "late@shop.example")
}

// TestS98TheCeilingTakesNoOtherTime: known, unknown and refused addresses cost
// as many commits of the counter.
func TestS98TheCeilingTakesNoOtherTime(t *testing.T) {
	counted := &tallies{}
	b := mailSetup(t, func(o *auth.Options) { o.Limits.Mails = 2; counted.Counter = o.Counter; o.Counter = counted })
	b.confirmed(1, "ann@shop.example")
	cost := func(f func()) int {
		before := counted.written.Load()
		f()
		return int(counted.written.Load() - before)
	}
	ask := func(address string) func() {
		return func() {
			if err := b.otp(5, `{"email":"`+address+`"}`); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, address := range map[string]string{
		"proven": "ann@shop.example", "new": "new@shop.example", "the last": "last@shop.example", "one too many": "many@shop.example",
		"another": "another@shop.example",
	} {
		if n := cost(ask(address)); n != 3 { // the sign-up, address with network, and the ceiling
			t.Errorf("%s: %d", name, n)
		}
	}
}

// TestS86ASiteCounts: an IPv6 network is a /64; a /48 has ten networks' worth.
func TestS86ASiteCounts(t *testing.T) {
	b := mailSetup(t, func(o *auth.Options) {
		o.Limits.MailsPerNetwork = 3
		o.Limits.FailuresPerNetwork = 4
		o.Limits.SignupsPerNetwork = 5
	})
	b.confirmed(1, "ann@shop.example")
	from := func(site, network int) auth.Client { return at(fmt.Sprintf("2001:db8:%x:%x::1", site, network)) }
	for what, tc := range map[string]struct {
		limit int
		code  hutch.Code
		do    func(i int, c auth.Client) error
	}{
		"mail": {3, hutch.OverEmailSendRateLimit, func(i int, c auth.Client) error {
			return b.Recover(t.Context(), auth.RecoverRequest{Email: fmt.Sprintf("m%d@shop.example", i)}, c)
		}},
		"sign-ups": {5, hutch.OverRequestRateLimit, func(i int, c auth.Client) error {
			_, err := b.Signup(t.Context(), auth.SignupRequest{Email: "x", Password: password}, c)
			if hutch.CodeOf(err) == hutch.ValidationFailed {
				return nil
			}
			return err
		}},
		"passwords": {4, hutch.OverRequestRateLimit, func(i int, c auth.Client) error {
			_, err := b.SignIn(t.Context(), auth.PasswordRequest{Email: fmt.Sprintf("p%d@shop.example", i), Password: "x"}, c)
			if hutch.CodeOf(err) == hutch.InvalidCredentials {
				return nil
			}
			return err
		}},
		"codes": {4, hutch.OverRequestRateLimit, func(i int, c auth.Client) error {
			_, err := b.VerifyMailed(t.Context(), auth.VerifyRequest{Type: "magiclink", Email: fmt.Sprintf("c%d@shop.example", i), Token: "000000"}, c)
			if hutch.CodeOf(err) == hutch.OTPExpired {
				return nil
			}
			return err
		}},
	} {
		t.Run(what, func(t *testing.T) {
			b.clock.add(3 * time.Hour)
			n := 0
			for network := range 10 {
				for range tc.limit {
					if err := tc.do(n, from(1, network)); err != nil {
						t.Fatalf("try %d: %v", n, err)
					}
					n++
				}
			}
			if err := tc.do(n, from(1, 11)); hutch.CodeOf(err) != tc.code {
				t.Errorf("a fresh network of a site that has used up its share: %v", err)
			}
			if err := tc.do(n+1, from(2, 1)); err != nil {
				t.Errorf("another site: %v", err)
			}
		})
	}
}

// TestS41CodesCountWhoeverAsks: a key frees of limits by network, not of those
// that guard one account's short code.
func TestS41CodesCountWhoeverAsks(t *testing.T) {
	b := mailSetup(t)
	b.confirmed(1, "ann@shop.example")
	c := here(1)
	c.ServiceKey = true
	guess := func() error {
		_, err := b.VerifyMailed(t.Context(), auth.VerifyRequest{Type: "recovery", Email: "ann@shop.example", Token: "000000"}, c)
		return err
	}
	for i := range 20 {
		if err := guess(); hutch.CodeOf(err) != hutch.OTPExpired {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	b.codeIs(guess(), hutch.OverRequestRateLimit)
	b.recover(2, "ann@shop.example")
	_, err := b.code(3, "recovery", "ann@shop.example", b.mail(auth.MailRecover, "ann@shop.example").Code)
	b.codeIs(err, hutch.OverRequestRateLimit)
}

// tallies counts what a Counter writes: a try that is refused is written nowhere.
type tallies struct {
	auth.Counter
	written atomic.Int64
}

func (c *tallies) Count(ctx context.Context, cs ...data.Count) ([]bool, time.Duration, error) {
	counted, wait, err := c.Counter.Count(ctx, cs...)
	if wait == 0 && err == nil {
		c.written.Add(1)
	}
	return counted, wait, err
}
