package auth_test

import (
	"testing"

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
