package auth_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

const (
	opPassword = "an operator's password"
	opAddress  = "ann@ops.example"
)

// mfa sets what operators are asked for.
func mfa(mode string) func(*auth.Options) {
	return func(o *auth.Options) { o.Operators.MFA = mode }
}

// first makes the first operator, who is signed in as far as a password goes.
func (b *bench) first() *auth.Entered {
	b.t.Helper()
	l, err := b.Operators().FirstLink(b.t.Context())
	if err != nil || l == nil {
		b.t.Fatal(l, err)
	}
	e, err := b.Operators().SetUp(b.t.Context(), l.Token, opAddress, opPassword, here(1))
	if err != nil {
		b.t.Fatal(err)
	}
	return e
}

// guarded is first with an authenticator app.
func (b *bench) guardedOperator() (e *auth.Entered, secret string) {
	b.t.Helper()
	e = b.first()
	shown, err := b.Operators().EnrollTOTP(b.t.Context(), e.Token)
	if err != nil {
		b.t.Fatal(err)
	}
	if e, err = b.Operators().ProveTOTP(b.t.Context(), e.Token, b.codeOf(shown.Secret), here(1)); err != nil {
		b.t.Fatal(err)
	}
	return e, shown.Secret
}

func (b *bench) codeOf(secret string) string {
	b.t.Helper()
	code, err := totp.GenerateCode(secret, b.clock.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	return code
}

func (b *bench) isOperator(token string) error {
	_, _, _, err := b.Operators().Verify(b.t.Context(), token)
	return err
}

// TestS63TheLinkIsForOne: of twenty who open it at once one is the operator, and
// while there is one there is no link.
func TestS63TheLinkIsForOne(t *testing.T) {
	b := setup(t)
	l, err := b.Operators().FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Token) < 22 || l.Expires.Sub(b.clock.Now()) != 30*time.Minute { // 22 digits of base62 are 131 bits
		t.Errorf("the link: %+v", l)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 20 {
		wg.Go(func() {
			_, err := b.Operators().SetUp(t.Context(), l.Token, string(rune('a'+i))+"@ops.example", opPassword, auth.Client{ServiceKey: true})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if hutch.CodeOf(err) != hutch.OTPExpired {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list, err := b.Operators().List(t.Context()); won != 1 || err != nil || len(list) != 1 {
		t.Errorf("%d won, the operators are %v %v", won, list, err)
	}
	if l, err := b.Operators().FirstLink(t.Context()); l != nil || err != nil {
		t.Error("a link for a first operator beside one", l, err)
	}
}

func TestS63LinksEnd(t *testing.T) {
	b := setup(t)
	o, ctx := b.Operators(), t.Context()
	try := func(token, address string) error {
		_, err := o.SetUp(ctx, token, address, opPassword, here(1))
		return err
	}
	old, err := o.FirstLink(ctx)
	if err != nil {
		t.Fatal(err)
	}
	l, err := o.FirstLink(ctx)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, try(old.Token, opAddress), hutch.OTPExpired) // the next start made another
	wantCode(t, try(l.Token+"x", opAddress), hutch.OTPExpired)
	b.clock.add(30*time.Minute - time.Second)
	_, err = o.SetUp(ctx, l.Token, opAddress, "password1234", here(1))
	wantCode(t, err, hutch.WeakPassword) // and the link is good still
	_, err = o.SetUp(ctx, l.Token, opAddress, "ninechars", here(1))
	wantCode(t, err, hutch.WeakPassword)
	b.clock.add(time.Second)
	wantCode(t, try(l.Token, opAddress), hutch.OTPExpired)
	b.first()
	// An invitation is for its address, and ends with its operator.
	inv, err := o.Invite(ctx, "bob@ops.example", "op_x", false)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, try(inv.Token, "eve@ops.example"), hutch.ValidationFailed)
	_, err = o.SignIn(ctx, "bob@ops.example", "", here(2)) // invited is not in
	wantCode(t, err, hutch.InvalidCredentials)
	if err := o.Remove(ctx, inv.ID, "op_x"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, try(inv.Token, ""), hutch.OTPExpired)
	_, err = o.Invite(ctx, opAddress, "op_x", false)
	wantCode(t, err, hutch.AlreadyExists)
}

// TestS3OperatorsAndUsersAreApart: neither's token is the other's, on any door.
func TestS3OperatorsAndUsersAreApart(t *testing.T) {
	b := setup(t, mfa(auth.MFAOff))
	e, s := b.first(), b.signup(opAddress) // one address is two accounts
	if err := b.isOperator(e.Token); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what is remembered of one door opens no other
		if _, _, err := b.Verify(t.Context(), e.Token); hutch.CodeOf(err) != hutch.Unauthenticated {
			t.Error("an operator's token is a user's:", err)
		}
		if _, _, err := b.Authenticate(t.Context(), bearer(e.Token)); hutch.CodeOf(err) != hutch.Unauthenticated {
			t.Error("an operator's token is a bearer token:", err)
		}
		if _, err := b.User(t.Context(), bearer(e.Token)); hutch.CodeOf(err) != hutch.BadJWT {
			t.Error("an operator is a user:", err)
		}
		wantCode(t, b.isOperator(s.AccessToken), hutch.Unauthenticated)
	}
	b.mustVerify(s.AccessToken)
	wantCode(t, b.isOperator(s.AccessToken), hutch.Unauthenticated)
	if c := claims(t, e.Token); c["aud"] != "hutch-admin" || c["sub"] != e.State.Operator.ID || c["email"] != nil {
		t.Errorf("claims: %v", c)
	}
	// Algorithms and audiences are not the token's to choose.
	parts, user := strings.Split(e.Token, "."), strings.Split(s.AccessToken, ".")
	key, _, err := b.CreateKey(t.Context(), "k", hutch.ScopeAuth, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"none":                               b64url(`{"alg":"none","typ":"at+jwt"}`) + "." + parts[1] + ".",
		"HS256":                              b64url(`{"alg":"HS256","typ":"at+jwt"}`) + "." + parts[1] + "." + parts[2],
		"another's claims":                   parts[0] + "." + user[1] + "." + parts[2],
		"another's under a user's signature": user[0] + "." + parts[1] + "." + user[2],
		"nothing":                            "",
		"a key":                              key,
	} {
		if err := b.isOperator(token); hutch.CodeOf(err) != hutch.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
	// And a role is a word of the app's.
	if _, err := b.SetRoles(t.Context(), opAddress, []string{"admin", "operator"}); err != nil {
		t.Fatal(err)
	}
	if p := b.mustVerify(s.AccessToken); p.Kind != hutch.User || p.Bypasses() {
		t.Errorf("%+v", p)
	}
	_, err = b.Users(t.Context(), bearer(s.AccessToken), auth.UserQuery{})
	wantCode(t, err, hutch.NotAdmin)
	_, err = b.Users(t.Context(), auth.Credentials{Operator: &hutch.Principal{Kind: hutch.User, UID: "x"}}, auth.UserQuery{})
	wantCode(t, err, hutch.NoAuthorization)
}

func TestOperatorsOweASecondFactor(t *testing.T) {
	b := setup(t)
	o, ctx := b.Operators(), t.Context()
	e := b.first()
	if e.State.Operator != nil || e.State.Next != "enroll" {
		t.Fatalf("in without a factor: %+v", e.State)
	}
	wantCode(t, b.isOperator(e.Token), hutch.Unauthenticated)
	// Half a session does nothing but enrol.
	_, err := o.SetPassword(ctx, e.Token, opPassword, opPassword+"2", here(1))
	wantCode(t, err, hutch.Unauthenticated)
	_, err = o.Sessions(ctx, e.Token)
	wantCode(t, err, hutch.Unauthenticated)
	wantCode(t, o.Recent(ctx, e.Token), hutch.Unauthenticated)
	shown, err := o.EnrollTOTP(ctx, e.Token)
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.ProveTOTP(ctx, e.Token, "000000", here(1))
	wantCode(t, err, hutch.FactorRefused)
	full, err := o.ProveTOTP(ctx, e.Token, b.codeOf(shown.Secret), here(1))
	if err != nil || full.State.Operator == nil || full.State.Operator.AAL != "aal2" {
		t.Fatal(full, err)
	}
	if full.State.Operator.Session == "" || b.isOperator(full.Token) != nil {
		t.Error("not in")
	}
	wantCode(t, b.isOperator(e.Token), hutch.Unauthenticated) // the half one went
	// From now on the password is half.
	half, err := o.SignIn(ctx, opAddress, opPassword, here(1))
	if err != nil || half.State.Next != "totp" || half.State.Operator != nil {
		t.Fatal(half, err)
	}
	_, err = o.EnrollTOTP(ctx, half.Token)
	wantCode(t, err, hutch.Unauthenticated)
	_, err = o.EnrollPasskey(ctx, half.Token, here(1))
	wantCode(t, err, hutch.Unauthenticated)
	_, err = o.RemoveTOTP(ctx, half.Token)
	wantCode(t, err, hutch.Unauthenticated)
	_, err = o.ProveTOTP(ctx, half.Token, b.codeOf(shown.Secret), here(1))
	wantCode(t, err, hutch.FactorRefused) // its period was used
	b.clock.add(15*time.Minute - time.Second)
	if s, err := o.State(ctx, half.Token); err != nil || s.Next != "totp" {
		t.Error(s, err)
	}
	b.clock.add(time.Second)
	if s, err := o.State(ctx, half.Token); err != nil || s.Next != "" || s.Setup {
		t.Error("half a session is for 15 minutes", s, err)
	}
	if half, err = o.SignIn(ctx, opAddress, opPassword, here(1)); err != nil {
		t.Fatal(err)
	}
	if full, err = o.ProveTOTP(ctx, half.Token, b.codeOf(shown.Secret), here(1)); err != nil || full.State.Operator == nil {
		t.Fatal(full, err)
	}
	// Without it one is asked for a factor again.
	if e, err = o.RemoveTOTP(ctx, full.Token); err != nil || e.State.Next != "enroll" {
		t.Error(e, err)
	}
}

// TestOptionalFactorOfOperators: who has one is asked for it; development does
// not ask.
func TestOptionalFactorOfOperators(t *testing.T) {
	b := setup(t, mfa(auth.MFAOptional))
	if e := b.first(); e.State.Operator == nil || b.isOperator(e.Token) != nil {
		t.Fatalf("%+v", e.State)
	}
	b = setup(t, mfa(auth.MFAOptional))
	b.guardedOperator()
	if e, err := b.Operators().SignIn(t.Context(), opAddress, opPassword, here(1)); err != nil || e.State.Next != "totp" {
		t.Error(e, err)
	}
	b.opts.Operators.MFA = auth.MFAOff
	dev := b.node()
	if e, err := dev.Operators().SignIn(t.Context(), opAddress, opPassword, here(1)); err != nil || e.State.Operator == nil {
		t.Error(e, err)
	}
	if _, err := auth.New(t.Context(), withMFA(b.opts, "none")); hutch.CodeOf(err) != hutch.InvalidArgument {
		t.Error(err)
	}
}

func withMFA(o auth.Options, mode string) auth.Options {
	o.Operators.MFA = mode
	return o
}

func made(t *testing.T, d *device, ch *auth.OperatorChallenge) json.RawMessage {
	t.Helper()
	return json.RawMessage(d.create(t, read(t, &auth.PasskeyChallenge{Options: ch.Options})))
}

func signedBy(t *testing.T, d *device, ch *auth.OperatorChallenge) json.RawMessage {
	t.Helper()
	return json.RawMessage(d.get(t, read(t, &auth.PasskeyChallenge{Options: ch.Options})))
}

func b64url(s string) string { return b64([]byte(s)) }

// TestOperatorsByPasskey: with a password before, and without.
func TestOperatorsByPasskey(t *testing.T) {
	b := setup(t, func(o *auth.Options) { o.Operators.Origin = func() string { return "https://admin.shop.example" } })
	o, ctx := b.Operators(), t.Context()
	e := b.first()
	d := newDevice(t, -7)
	d.origin = "https://admin.shop.example"
	ch, err := o.EnrollPasskey(ctx, e.Token, here(1))
	if err != nil {
		t.Fatal(err)
	}
	full, err := o.AddPasskey(ctx, e.Token, ch.ChallengeID, made(t, d, ch), "laptop", here(1))
	if err != nil || full.State.Operator == nil || len(full.State.Operator.Passkeys) != 1 || full.State.Operator.Passkeys[0].Name != "laptop" {
		t.Fatal(full, err)
	}
	enter := func(token string) (*auth.Entered, error) {
		ch, err := o.PasskeyOptions(ctx, token, here(1))
		if err != nil {
			t.Fatal(err)
		}
		return o.ProvePasskey(ctx, token, ch.ChallengeID, signedBy(t, d, ch), here(1))
	}
	half, err := o.SignIn(ctx, opAddress, opPassword, here(1))
	if err != nil || half.State.Next != "passkey" {
		t.Fatal(half, err)
	}
	for _, token := range []string{half.Token, ""} {
		if e, err := enter(token); err != nil || e.State.Operator == nil || e.State.Operator.AAL != "aal2" || b.isOperator(e.Token) != nil {
			t.Errorf("%+v %v", e, err)
		}
	}
	// A challenge is its session's, once; another origin's answer is none.
	ch, err = o.PasskeyOptions(ctx, "", here(1))
	if err != nil {
		t.Fatal(err)
	}
	answer := signedBy(t, d, ch)
	_, err = o.ProvePasskey(ctx, full.Token, ch.ChallengeID, answer, here(1))
	wantCode(t, err, hutch.WebAuthnExpired)
	if _, err = o.ProvePasskey(ctx, "", ch.ChallengeID, answer, here(1)); err != nil {
		t.Error(err)
	}
	_, err = o.ProvePasskey(ctx, "", ch.ChallengeID, answer, here(1))
	wantCode(t, err, hutch.WebAuthnExpired)
	d.origin = "https://shop.example"
	_, err = enter("")
	wantCode(t, err, hutch.WebAuthnFailed)
	d.origin = "https://admin.shop.example"
	stranger := newDevice(t, -7)
	stranger.origin, stranger.handle = d.origin, d.handle
	ch, err = o.PasskeyOptions(ctx, "", here(1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.ProvePasskey(ctx, "", ch.ChallengeID, signedBy(t, stranger, ch), here(1))
	wantCode(t, err, hutch.WebAuthnFailed)
	// Renamed, removed.
	id := full.State.Operator.Passkeys[0].ID
	if e, err = o.RenamePasskey(ctx, full.Token, id, "old laptop"); err != nil || e.State.Operator.Passkeys[0].Name != "old laptop" {
		t.Error(e, err)
	}
	_, err = o.RemovePasskey(ctx, full.Token, "x")
	wantCode(t, err, hutch.WebAuthnNotFound)
	if e, err = o.RemovePasskey(ctx, full.Token, id); err != nil || e.State.Next != "enroll" {
		t.Error(e, err)
	}
	_, err = enter("")
	wantCode(t, err, hutch.WebAuthnFailed)
	if js, err := json.Marshal(e.State); err != nil || !strings.Contains(string(js), `"operator":null`) {
		t.Errorf("%s %v", js, err)
	}
}
