package auth_test

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// TestS39OperatorsTriesAreCounted: strangers wait after five wrong passwords of a
// pair and fifty an hour of an account; a network the operator is known in does
// not. What is right, and an address that nobody has, are answered alike.
func TestS39OperatorsTriesAreCounted(t *testing.T) {
	b := setup(t, mfa(auth.MFAOptional))
	o, ctx := b.Operators(), t.Context()
	b.first() // from here(1)
	try := func(address, password string, n byte) error {
		_, err := o.SignIn(ctx, address, password, here(n))
		return err
	}
	for _, address := range []string{opAddress, "nobody@ops.example"} {
		_, tested, empty := b.hash.counts()
		for range 5 {
			wantCode(t, try(address, "wrong", 2), hutch.InvalidCredentials)
		}
		wantCode(t, try(address, "wrong", 2), hutch.OverRequestRateLimit)
		_, now, none := b.hash.counts()
		if now-tested != 5 || (none-empty != 0) == (address == opAddress) {
			t.Errorf("%s: %d hashes, %d of nobody", address, now-tested, none-empty)
		}
	}
	if err := try(opAddress, opPassword, 3); err != nil { // another network
		t.Fatal(err)
	}
	for i := range 45 {
		wantCode(t, try(opAddress, "wrong", byte(10+i)), hutch.InvalidCredentials)
	}
	wantCode(t, try(opAddress, opPassword, 99), hutch.OverRequestRateLimit) // the account's fiftieth
	if err := try(opAddress, opPassword, 1); err != nil {
		t.Error("strangers lock the operator out:", err)
	}
	// A user of the same address is counted apart.
	b.signup(opAddress)
	if _, err := b.signin(opAddress, password, here(99)); err != nil {
		t.Error(err)
	}
}

// TestS39OperatorsOnLoopbackAreCounted: no network is counted there, so the
// account's limit holds, also where the operator is known.
func TestS39OperatorsOnLoopbackAreCounted(t *testing.T) {
	b := setup(t, mfa(auth.MFAOptional))
	here := auth.Client{Addr: netip.MustParseAddr("127.0.0.1")}
	b.first()
	o, ctx := b.Operators(), t.Context()
	if _, err := o.SignIn(ctx, opAddress, opPassword, here); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		_, err := o.SignIn(ctx, opAddress, "wrong", here)
		wantCode(t, err, hutch.InvalidCredentials)
	}
	_, err := o.SignIn(ctx, opAddress, opPassword, here)
	wantCode(t, err, hutch.OverRequestRateLimit)
	b.clock.add(2 * time.Hour)
	if _, err := o.SignIn(ctx, opAddress, opPassword, here); err != nil {
		t.Error(err)
	}
}

// TestS39CodesOfOperatorsAreCounted: five wrong codes, then waits.
func TestS39CodesOfOperatorsAreCounted(t *testing.T) {
	b := setup(t)
	_, secret := b.guardedOperator()
	o, ctx := b.Operators(), t.Context()
	half, err := o.SignIn(ctx, opAddress, opPassword, here(7))
	if err != nil {
		t.Fatal(err)
	}
	b.clock.add(30 * time.Second) // the enrolment used its period
	for range 5 {
		_, err := o.ProveTOTP(ctx, half.Token, "000000", here(7))
		wantCode(t, err, hutch.FactorRefused)
	}
	_, err = o.ProveTOTP(ctx, half.Token, b.codeOf(secret), here(7))
	wantCode(t, err, hutch.OverRequestRateLimit)
	b.clock.add(2 * time.Second)
	if e, err := o.ProveTOTP(ctx, half.Token, b.codeOf(secret), here(7)); err != nil || e.State.Operator == nil {
		t.Error(e, err)
	}
}

// TestOperatorsSessionsEnd: after 12 hours without use, after 7 days in any case.
func TestOperatorsSessionsEnd(t *testing.T) {
	b := setup(t, mfa(auth.MFAOptional))
	e := b.first()
	b.clock.add(12*time.Hour - time.Second)
	b.store.progress(t, b.clock.Now())
	if err := b.isOperator(e.Token); err != nil {
		t.Error(err)
	}
	b.clock.add(time.Second)
	wantCode(t, b.isOperator(e.Token), hutch.Unauthenticated)

	b = setup(t, mfa(auth.MFAOptional))
	e = b.first()
	began := b.clock.Now()
	if _, _, stale, err := b.Operators().Verify(t.Context(), e.Token); stale || err != nil {
		t.Error(stale, err)
	}
	for b.clock.Now().Sub(began) < 7*24*time.Hour-11*time.Hour {
		b.clock.add(11 * time.Hour)
		_, _, stale, err := b.Operators().Verify(t.Context(), e.Token)
		if err != nil || !stale {
			t.Fatal(b.clock.Now().Sub(began), stale, err)
		}
		if e, err = b.Operators().Renew(t.Context(), e.Token, here(1)); err != nil {
			t.Fatal(err)
		}
	}
	b.clock.add(began.Add(7*24*time.Hour - time.Second).Sub(b.clock.Now()))
	if err := b.isOperator(e.Token); err != nil {
		t.Error(err)
	}
	b.clock.add(time.Second)
	wantCode(t, b.isOperator(e.Token), hutch.Unauthenticated)
	_, err := b.Operators().Renew(t.Context(), e.Token, here(1))
	wantCode(t, err, hutch.Unauthenticated)
}

// TestS33OperatorsEndOnEveryNode: within a second, whatever ends them; and with
// them those who act in users' names.
func TestS33OperatorsEndOnEveryNode(t *testing.T) {
	nodes := nodesOn(t, 2, func(_ int, o *auth.Options) { o.Operators.MFA = auth.MFAOptional })
	a, b := nodes[0], nodes[1]
	ctx := t.Context()
	a.first()
	enter := func() *auth.Entered {
		t.Helper()
		e, err := a.Operators().SignIn(ctx, opAddress, opPassword, here(1))
		if err != nil {
			t.Fatal(err)
		}
		until(t, func() bool { // the other remembers it
			before := b.Remembered()
			return b.isOperator(e.Token) == nil && before > 0 && b.Remembered() == before
		})
		return e
	}
	gone := func(what string, e *auth.Entered, since time.Time) {
		t.Helper()
		until(t, func() bool { return hutch.CodeOf(b.isOperator(e.Token)) == hutch.Unauthenticated })
		if took := time.Since(since); took > time.Second {
			t.Errorf("%s took %s to be seen", what, took)
		}
	}
	e := enter()
	p, _, _, err := b.Operators().Verify(ctx, e.Token)
	if err != nil || b.StillValid(ctx, p) != nil {
		t.Fatal(err)
	}
	at := time.Now()
	if err := a.Operators().SignOut(ctx, e.Token); err != nil {
		t.Fatal(err)
	}
	gone("a sign-out", e, at)
	wantCode(t, b.StillValid(ctx, p), hutch.Unauthenticated)
	e, other := enter(), enter()
	at = time.Now()
	if _, err := a.Operators().EndSessions(ctx, e.Token, ""); err != nil {
		t.Fatal(err)
	}
	gone("the end of others", other, at)
	if err := b.isOperator(e.Token); err != nil {
		t.Error("the present one ended, too:", err)
	}
	other = enter()
	at = time.Now()
	if _, err := a.Operators().SetPassword(ctx, e.Token, opPassword, opPassword+" 2", here(1)); err != nil {
		t.Fatal(err)
	}
	gone("a new password", other, at)
	_, err = a.Operators().SignIn(ctx, opAddress, opPassword, here(1))
	wantCode(t, err, hutch.InvalidCredentials)

	s := a.signup("user@shop.example")
	p, _, _, err = a.Operators().Verify(ctx, e.Token)
	if err != nil {
		t.Fatal(err)
	}
	acting, err := a.Impersonate(ctx, auth.Credentials{Operator: &p}, []byte(`{"user":"`+s.User.ID+`","reason":"ticket 7"}`), here(1))
	if err != nil {
		t.Fatal(err)
	}
	if who := b.mustVerify(acting.AccessToken); who.Actor != p.UID || who.Kind != hutch.User {
		t.Errorf("%+v", who)
	}
	inv, err := a.Operators().Invite(ctx, "bob@ops.example", p.UID, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Operators().SetUp(ctx, inv.Token, "", opPassword, here(2)); err != nil {
		t.Fatal(err)
	}
	at = time.Now()
	if err := a.Operators().Remove(ctx, p.UID, inv.ID); err != nil {
		t.Fatal(err)
	}
	gone("the removal", e, at)
	until(t, refused(b, acting.AccessToken))
}

// TestTheLastOperatorStays: of two who remove each other at once one is left.
func TestTheLastOperatorStays(t *testing.T) {
	for range 5 {
		b := setup(t, mfa(auth.MFAOptional))
		o, ctx := b.Operators(), t.Context()
		ann := b.first().State.Operator.ID
		wantCode(t, o.Remove(ctx, ann, ann), hutch.FailedPrecondition)
		wantCode(t, o.Remove(ctx, "op_nobody", ann), hutch.NotFound)
		inv, err := o.Invite(ctx, "bob@ops.example", ann, false)
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, o.Remove(ctx, ann, ann), hutch.FailedPrecondition) // who is invited is not there yet
		if _, err := o.SetUp(ctx, inv.Token, "", opPassword, here(2)); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for _, pair := range [][2]string{{ann, inv.ID}, {inv.ID, ann}} {
			wg.Go(func() { _ = o.Remove(ctx, pair[0], pair[1]) })
		}
		wg.Wait()
		if list, err := o.List(ctx); err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
	}
}

// TestLockedOutOperators: the link of the command line sets a new password and
// takes factors and sessions away, once it is used.
func TestLockedOutOperators(t *testing.T) {
	b := setup(t)
	e, _ := b.guardedOperator()
	o, ctx := b.Operators(), t.Context()
	l, err := o.Invite(ctx, opAddress, "", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.isOperator(e.Token); err != nil {
		t.Error("a link that nobody used ends sessions:", err)
	}
	half, err := o.SetUp(ctx, l.Token, "", opPassword+" 2", here(4))
	if err != nil || half.State.Next != "enroll" {
		t.Fatal(half, err)
	}
	wantCode(t, b.isOperator(e.Token), hutch.Unauthenticated)
	_, err = o.SignIn(ctx, opAddress, opPassword, here(1))
	wantCode(t, err, hutch.InvalidCredentials)
}

// TestOperatorsConfirm: what changes the way in needs a proof of the last ten
// minutes.
func TestOperatorsConfirm(t *testing.T) {
	b := setup(t)
	e, _ := b.guardedOperator()
	o, ctx := b.Operators(), t.Context()
	b.clock.add(10*time.Minute - time.Second)
	if err := o.Recent(ctx, e.Token); err != nil {
		t.Error(err)
	}
	b.clock.add(time.Second)
	wantCode(t, o.Recent(ctx, e.Token), hutch.ReauthenticationNeeded)
	_, err := o.RemoveTOTP(ctx, e.Token)
	wantCode(t, err, hutch.ReauthenticationNeeded)
	_, err = o.Confirm(ctx, e.Token, "wrong", here(1))
	wantCode(t, err, hutch.InvalidCredentials)
	if e, err = o.Confirm(ctx, e.Token, opPassword, here(1)); err != nil {
		t.Fatal(err)
	}
	if err := o.Recent(ctx, e.Token); err != nil {
		t.Error(err)
	}
	_, err = o.SetPassword(ctx, e.Token, opPassword, opPassword, here(1))
	wantCode(t, err, hutch.SamePassword)
}

// TestS91OperatorsActsAreRows: who, what to whom, from where; no address, no
// secret.
func TestS91OperatorsActsAreRows(t *testing.T) {
	b := setup(t, mfa(auth.MFAOptional))
	o, after := b.Operators(), ""
	e := b.first()
	me := *e.State.Operator
	p, _, _, err := o.Verify(t.Context(), e.Token)
	if err != nil {
		t.Fatal(err)
	}
	ctx := hutch.WithPrincipal(auth.WithClient(t.Context(), here(1)), p)
	rows := func() (got []string) {
		b.t.Helper()
		for _, r := range b.audited(&after) {
			if r.Operator != "" && r.Network != "203.0.113.0/24" {
				t.Errorf("from where? %+v", r)
			}
			got = append(got, strings.TrimSpace(strings.NewReplacer(me.ID, "me", me.Session, "s").Replace(strings.Join([]string{r.Event, r.Operator, r.Target, r.Detail}, " "))))
		}
		b.clock.add(time.Second)
		slices.Sort(got)
		return got
	}
	want := func(want ...string) {
		t.Helper()
		if got := rows(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	b.clock.add(time.Second)
	want("operator_set_up me me first", "operator_signed_in me  link aal1")
	if err := b.Note(ctx, auth.Act{What: "index.create", Target: "pets", Details: map[string]any{"fields": []string{"name"}}}); err != nil {
		t.Fatal(err)
	}
	want(`index.create me pets {"fields":["name"]}`)
	if err := b.Note(ctx, auth.Act{What: "x", Target: strings.Repeat("é", 200), Details: map[string]any{"a": strings.Repeat("é", 4000)}}); err != nil {
		t.Fatal(err)
	}
	if got := b.audited(&after); len(got) != 1 || len(got[0].Target) != 200 || len(got[0].Detail) > 2048 || !strings.HasPrefix(got[0].Detail, `{"a":"éé`) {
		t.Errorf("%d %v", len(got), got)
	}
	if b.Note(ctx, auth.Act{}) == nil {
		t.Error("an act without a name")
	}
	b.clock.add(time.Second)
	s := b.signup("user@shop.example")
	b.clock.add(time.Second)
	rows()
	if err := b.EndSessionsOf(ctx, auth.Credentials{Operator: &p}, s.User.ID); err != nil {
		t.Fatal(err)
	}
	want("sessions_ended me")
	inv, err := o.Invite(ctx, "bob@ops.example", p.UID, false)
	if err != nil {
		t.Fatal(err)
	}
	want("operator_invited me " + inv.ID)
	if err := o.Remove(ctx, inv.ID, p.UID); err != nil {
		t.Fatal(err)
	}
	want("operator_removed me " + inv.ID)
	if err := o.SignOut(ctx, e.Token); err != nil {
		t.Fatal(err)
	}
	want("operator_signed_out me")
	if _, err := o.SignIn(ctx, opAddress, "wrong", here(9)); err == nil {
		t.Fatal("in")
	}
	b.clock.add(time.Hour)
	if err := b.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("sign_in_failed  me operator password")
}
