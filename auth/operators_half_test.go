package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// TestS39HalfSignInsEndNoOperator: who has the password and not the factor ends,
// however often, halves alone.
func TestS39HalfSignInsEndNoOperator(t *testing.T) {
	b := setup(t)
	whole, _ := b.guardedOperator()
	o, ctx := b.Operators(), t.Context()
	var halves []*auth.Entered
	for range 30 {
		e, err := o.SignIn(ctx, opAddress, opPassword, here(1))
		if err != nil || e.State.Next != "totp" {
			t.Fatal(e, err)
		}
		halves = append(halves, e)
	}
	if err := b.isOperator(whole.Token); err != nil {
		t.Error("the whole session ended:", err)
	}
	for i, e := range halves {
		s, err := o.State(ctx, e.Token)
		if want := i >= len(halves)-5; err != nil || (s.Next == "totp") != want {
			t.Errorf("half %d of %d: %+v %v", i, len(halves), s, err)
		}
	}
}

// TestS39HalvesOfElsewhereEndNoHalf: who has the password, in one network, ends no
// half of another one, and their own beyond five.
func TestS39HalvesOfElsewhereEndNoHalf(t *testing.T) {
	for name, nets := range map[string]struct{ mine, near, other string }{
		"IPv4": {"198.51.100.7", "198.51.100.200", "203.0.112.9"},
		"IPv6": {"2001:db8:1:7::1", "2001:db8:1:8::1", "2001:db8:2:7::1"},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			_, secret := b.guardedOperator()
			mine := b.half(at(nets.mine))
			var theirs []*auth.Entered
			for range 6 {
				theirs = append(theirs, b.half(at(nets.other)))
			}
			b.wantHalf(theirs[0], false)
			b.wantHalf(theirs[1], true)
			for range 4 {
				b.half(at(nets.near))
			}
			b.wantHalf(mine, true)
			next := b.half(at(nets.near)) // the sixth of this network
			b.wantHalf(mine, false)
			b.clock.add(time.Minute)
			e, err := b.Operators().ProveTOTP(t.Context(), next.Token, b.codeOf(secret), at(nets.near))
			if err != nil || b.isOperator(e.Token) != nil {
				t.Error("the owner is kept out:", err)
			}
			b.wantHalf(theirs[5], true)
		})
	}
}

// TestS39HalvesOfManyNetworksAreBounded: 25 in all, of which those go first that
// began where the operator never was, and of these where there are most.
func TestS39HalvesOfManyNetworksAreBounded(t *testing.T) {
	b := setup(t)
	b.guardedOperator() // from here
	net := func(i int) auth.Client { return at(fmt.Sprintf("10.9.%d.1", i)) }
	known, mine := b.half(here(1)), b.half(at("198.51.100.7"))
	var theirs []*auth.Entered
	for i := range 23 {
		theirs = append(theirs, b.half(net(i/5)))
	}
	for _, e := range append([]*auth.Entered{known, mine}, theirs...) {
		b.wantHalf(e, true)
	}
	theirs = append(theirs, b.half(net(4))) // four of this one, five of the others
	b.wantHalf(theirs[0], false)
	for i := 5; i < 40; i++ {
		theirs = append(theirs, b.half(net(i)))
	}
	b.wantHalf(known, true)
	n := 0
	for _, e := range append([]*auth.Entered{known, mine}, theirs...) {
		if s, err := b.Operators().State(t.Context(), e.Token); err == nil && s.Next == "totp" {
			n++
		}
	}
	if n != 25 {
		t.Errorf("%d halves", n)
	}
}

// TestS41HalfSignInsAreThirtyAnHour of a network that the operator never came from,
// so that who has but the password fills no audit.
func TestS41HalfSignInsAreThirtyAnHour(t *testing.T) {
	b := setup(t)
	b.guardedOperator() // from here(1)
	for range 30 {
		b.half(at("198.51.100.7"))
	}
	_, err := b.Operators().SignIn(t.Context(), opAddress, opPassword, at("198.51.100.7"))
	wantCode(t, err, hutch.OverRequestRateLimit)
	b.half(at("198.51.100.8")) // another network
	for range 40 {
		b.half(here(1)) // a known one
	}
	b.clock.add(2*time.Hour + time.Minute)
	b.half(at("198.51.100.7"))
}

// TestS41EnrolmentsAreCounted by network, whoever is signed in.
func TestS41EnrolmentsAreCounted(t *testing.T) {
	b := setup(t)
	e := b.first()
	from := func(c auth.Client) error {
		_, err := b.Operators().EnrollTOTP(auth.WithClient(t.Context(), c), e.Token)
		return err
	}
	for range 300 {
		if err := from(at("198.51.100.7")); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, from(at("198.51.100.7")), hutch.OverRequestRateLimit)
	if err := from(at("198.51.100.8")); err != nil {
		t.Error(err)
	}
}

// TestALinkMakesNetworksStrange: who is locked out begins anew, and so does who
// had the account.
func TestALinkMakesNetworksStrange(t *testing.T) {
	b := setup(t, func(o *auth.Options) { o.Limits.FailuresPerAccount = 1 })
	b.guardedOperator() // from here(1)
	fail := func(n byte) error {
		_, err := b.Operators().SignIn(t.Context(), opAddress, "a wrong password", here(n))
		return err
	}
	wantCode(t, fail(7), hutch.InvalidCredentials)
	wantCode(t, fail(8), hutch.OverRequestRateLimit)
	wantCode(t, fail(1), hutch.InvalidCredentials) // known
	l, err := b.Operators().Invite(t.Context(), opAddress, "", true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Operators().SetUp(t.Context(), l.Token, "", opPassword+" anew", here(9)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, fail(1), hutch.OverRequestRateLimit)
}

// half signs in with the password alone.
func (b *bench) half(c auth.Client) *auth.Entered {
	b.t.Helper()
	e, err := b.Operators().SignIn(b.t.Context(), opAddress, opPassword, c)
	if err != nil || e.State.Next == "" {
		b.t.Fatal(e, err)
	}
	return e
}

func (b *bench) wantHalf(e *auth.Entered, lives bool) {
	b.t.Helper()
	if s, err := b.Operators().State(b.t.Context(), e.Token); err != nil || (s.Next == "totp") != lives {
		b.t.Errorf("%+v %v, lives: %v", s, err, lives)
	}
}

// TestOperatorsHaveTwentySessions: the one more ends the oldest, and no half.
func TestOperatorsHaveTwentySessions(t *testing.T) {
	b := setup(t, func(o *auth.Options) { o.Operators.Origin = func() string { return "https://admin.shop.example" } })
	o, ctx := b.Operators(), t.Context()
	d := newDevice(t, -7)
	d.origin = "https://admin.shop.example"
	e := b.first()
	ch, err := o.EnrollPasskey(ctx, e.Token, here(1))
	if err != nil {
		t.Fatal(err)
	}
	if e, err = o.AddPasskey(ctx, e.Token, ch.ChallengeID, made(t, d, ch), "laptop", here(1)); err != nil {
		t.Fatal(err)
	}
	half, err := o.SignIn(ctx, opAddress, opPassword, here(1))
	if err != nil {
		t.Fatal(err)
	}
	enter := func() {
		t.Helper()
		ch, err := o.PasskeyOptions(ctx, "", here(2))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.ProvePasskey(ctx, "", ch.ChallengeID, signedBy(t, d, ch), here(2)); err != nil {
			t.Fatal(err)
		}
	}
	for range 19 {
		enter()
	}
	if err := b.isOperator(e.Token); err != nil {
		t.Error("the first of twenty ended:", err)
	}
	enter()
	wantCode(t, b.isOperator(e.Token), hutch.Unauthenticated)
	if s, err := o.State(ctx, half.Token); err != nil || s.Next != "passkey" {
		t.Error("whole sessions end a half:", s, err)
	}
}

// TestS35OperatorsEnrolmentIsItsSessions: a code proves an app where the session
// began it, and not after another enrolment, in the next session or after its end.
func TestS35OperatorsEnrolmentIsItsSessions(t *testing.T) {
	b := setup(t, mfa(auth.MFAOptional))
	o, ctx := b.Operators(), t.Context()
	one := b.first()
	begin := func(e *auth.Entered) string {
		t.Helper()
		shown, err := o.EnrollTOTP(ctx, e.Token)
		if err != nil {
			t.Fatal(err)
		}
		return shown.Secret
	}
	prove := func(e *auth.Entered, secret string) error {
		_, err := o.ProveTOTP(ctx, e.Token, b.codeOf(secret), here(1))
		return err
	}
	two, err := o.SignIn(ctx, opAddress, opPassword, here(1))
	if err != nil {
		t.Fatal(err)
	}
	secret := begin(one)
	wantCode(t, prove(two, secret), hutch.FactorNotFound) // another session's
	next := begin(two)
	wantCode(t, prove(one, secret), hutch.FactorNotFound) // the other session's took its place
	wantCode(t, prove(two, secret), hutch.FactorRefused)
	if err := o.SignOut(ctx, two.Token); err != nil {
		t.Fatal(err)
	}
	wantCode(t, prove(two, next), hutch.Unauthenticated)
	wantCode(t, prove(one, next), hutch.FactorNotFound) // it ended with its session
	if err := prove(one, begin(one)); err != nil {
		t.Error(err)
	}
	if list, err := o.List(ctx); err != nil || len(list) != 1 || len(list[0].Factors) != 1 {
		t.Error(list, err)
	}
}

// TestS35TheFirstFactorEndsOtherEnrolments: who began an app with the password
// alone does not prove it once its operator has a factor.
func TestS35TheFirstFactorEndsOtherEnrolments(t *testing.T) {
	b := setup(t, func(o *auth.Options) { o.Operators.Origin = func() string { return "https://admin.shop.example" } })
	o, ctx := b.Operators(), t.Context()
	owner := b.first()
	thief, err := o.SignIn(ctx, opAddress, opPassword, here(6))
	if err != nil || thief.State.Next != "enroll" {
		t.Fatal(thief, err)
	}
	shown, err := o.EnrollTOTP(ctx, thief.Token)
	if err != nil {
		t.Fatal(err)
	}
	d := newDevice(t, -7)
	d.origin = "https://admin.shop.example"
	ch, err := o.EnrollPasskey(ctx, owner.Token, here(1))
	if err != nil {
		t.Fatal(err)
	}
	if owner, err = o.AddPasskey(ctx, owner.Token, ch.ChallengeID, made(t, d, ch), "laptop", here(1)); err != nil {
		t.Fatal(err)
	}
	_, err = o.ProveTOTP(ctx, thief.Token, b.codeOf(shown.Secret), here(6))
	wantCode(t, err, hutch.Unauthenticated)
	_, err = o.EnrollTOTP(ctx, thief.Token)
	wantCode(t, err, hutch.Unauthenticated)
	list, err := o.List(ctx)
	if err != nil || len(list) != 1 || len(list[0].Factors) != 1 || list[0].Factors[0] != "passkey" || b.isOperator(owner.Token) != nil {
		t.Error(list, err)
	}
}
