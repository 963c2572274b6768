package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

// TestS35ARecoveryMaySetAPasswordAndNothingElse: until then its session is a
// guest for rules.
func TestS35ARecoveryMaySetAPasswordAndNothingElse(t *testing.T) {
	b := mailSetup(t)
	b.confirmed(1, "ann@shop.example")
	b.recover(1, "ann@shop.example")
	s, err := b.code(1, "recovery", "ann@shop.example", b.mail(auth.MailRecover, "ann@shop.example").Code)
	if err != nil {
		t.Fatal(err)
	}
	if p := b.mustVerify(s.AccessToken); p.Kind != hutch.Guest || p.UID != "" {
		t.Errorf("principal %+v", p)
	}
	for _, body := range []string{`{"data":{"a":1}}`, `{"email":"new@shop.example"}`, `{"password":"a password that is new","data":{"a":1}}`} {
		_, err := b.put(1, s.AccessToken, body)
		b.codeIs(err, hutch.ReauthenticationNeeded)
	}
	b.codeIs(b.Reauthenticate(t.Context(), bearer(s.AccessToken), here(1)), hutch.ReauthenticationNeeded)
	// A refresh does not make it more.
	r, err := b.refresh(s.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	if p := b.mustVerify(r.AccessToken); p.Kind != hutch.Guest {
		t.Errorf("after a refresh: %+v", p)
	}
	if _, err = b.put(1, r.AccessToken, `{"password":"a password that is new"}`); err != nil {
		t.Fatal(err)
	}
	b.mail(auth.MailPassword, "ann@shop.example")
	b.store.progress(t, b.clock.Now())
	if p := b.mustVerify(r.AccessToken); p.Kind != hutch.User {
		t.Errorf("after the password: %+v", p)
	}
	if _, err = b.signIn(1, "ann@shop.example", "a password that is new"); err != nil {
		t.Error(err)
	}
	_, err = b.signIn(1, "ann@shop.example", password)
	b.codeIs(err, hutch.InvalidCredentials)
}

// TestS75ANonceProvesAnOldSession: mailed to the stored address, used once, with
// the tries of a code.
func TestS75ANonceProvesAnOldSession(t *testing.T) {
	b := mailSetup(t)
	s := b.confirmed(1, "ann@shop.example")
	ask := func() string {
		t.Helper()
		if err := b.Reauthenticate(t.Context(), bearer(s.AccessToken), here(1)); err != nil {
			t.Fatal(err)
		}
		return b.mail(auth.MailReauthenticate, "ann@shop.example").Code
	}
	b.clock.add(11 * time.Minute)
	_, err := b.put(1, s.AccessToken, `{"password":"a password that is new"}`)
	b.codeIs(err, hutch.ReauthenticationNeeded)
	nonce := ask()
	wrong := "000000"
	if nonce == wrong {
		wrong = "000001"
	}
	for range 5 {
		_, err = b.put(1, s.AccessToken, `{"password":"a password that is new","nonce":"`+wrong+`"}`)
		b.codeIs(err, hutch.OTPExpired)
	}
	b.clock.add(time.Second) // the pair is slowed
	_, err = b.put(1, s.AccessToken, `{"password":"a password that is new","nonce":"`+nonce+`"}`)
	b.codeIs(err, hutch.OTPExpired)
	b.clock.add(2 * time.Second)
	nonce = ask()
	// A refused password does not use it up.
	_, err = b.put(1, s.AccessToken, `{"password":"short","nonce":"`+nonce+`"}`)
	b.codeIs(err, hutch.WeakPassword)
	if _, err = b.put(1, s.AccessToken, `{"password":"a password that is new","nonce":"`+nonce+`"}`); err != nil {
		t.Fatal(err)
	}
	_, err = b.put(1, s.AccessToken, `{"password":"another one again","nonce":"`+nonce+`"}`)
	b.codeIs(err, hutch.OTPExpired)
	_, err = b.put(1, s.AccessToken, `{"email":"x@shop.example","role":"admin"}`)
	b.codeIs(err, hutch.ValidationFailed)
}

// TestS86MailsAreBounded: an address, a network and the server; a service key is
// free of it.
func TestS86MailsAreBounded(t *testing.T) {
	b := mailSetup(t, func(o *auth.Options) { o.Limits = auth.Limits{Mails: 50} })
	send := func(address string, c auth.Client) error {
		return b.Recover(t.Context(), auth.RecoverRequest{Email: address}, c)
	}
	for range 3 {
		if err := send("ann@shop.example", here(1)); err != nil {
			t.Fatal(err)
		}
	}
	err := send("ANN@shop.example", here(2))
	b.codeIs(err, hutch.OverEmailSendRateLimit)
	if hutch.AsError(err).RetryAfter <= 0 || hutch.AsError(err).Status() != 429 {
		t.Errorf("%+v", hutch.AsError(err))
	}
	for range 2 {
		b.clock.add(2 * time.Hour)
		for range 3 {
			if err := send("ann@shop.example", here(1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.clock.add(2 * time.Hour)
	if err := send("ann@shop.example", here(1)); err != nil {
		t.Fatal(err)
	}
	b.clock.add(2 * time.Hour)
	b.codeIs(send("ann@shop.example", here(1)), hutch.OverEmailSendRateLimit) // 10 a day
	key := here(1)
	key.ServiceKey = true
	if err := send("ann@shop.example", key); err != nil {
		t.Errorf("with a service key: %v", err)
	}
	for i := range 30 {
		if err := send(string(rune('a'+i%26))+strings.Repeat("x", i)+"@shop.example", here(7)); err != nil {
			t.Fatal(i, err)
		}
	}
	b.codeIs(send("new@shop.example", here(7)), hutch.OverEmailSendRateLimit)
}

// TestS98MailForUnknownAddressesTakesTheSamePath: one commit of as many writes,
// the same answer, no mail.
func TestS98MailForUnknownAddressesTakesTheSamePath(t *testing.T) {
	b := mailSetup(t)
	b.confirmed(1, "ann@shop.example")
	for name, do := range map[string]func(address string) error{
		"recover": func(a string) error { return b.Recover(t.Context(), auth.RecoverRequest{Email: a}, here(1)) },
		"otp":     func(a string) error { return b.otp(1, `{"email":"`+a+`","create_user":false}`) },
		"resend": func(a string) error {
			return b.Resend(t.Context(), auth.RecoverRequest{Email: a, Type: "signup"}, here(1))
		},
		"a change": func(a string) error {
			return b.Resend(t.Context(), auth.RecoverRequest{Email: a, Type: "email_change"}, here(1))
		},
		"bad codes": func(a string) error { _, err := b.code(1, "recovery", a, "123"); return err },
	} {
		var stats [2][2]int
		var codes [2]hutch.Code
		for i, address := range []string{"ann@shop.example", "nobody@shop.example"} {
			commits := len(b.store.log)
			codes[i] = hutch.CodeOf(do(address))
			for _, c := range b.store.log[commits:] {
				stats[i][0]++
				stats[i][1] += len(c.Changes)
			}
			if got := b.mails(); i == 1 && len(got) != 0 {
				t.Errorf("%s: mails to nobody: %+v", name, got)
			}
		}
		if codes[0] != codes[1] || name != "bad codes" && stats[0] != stats[1] {
			t.Errorf("%s: known %v %v, unknown %v %v", name, codes[0], stats[0], codes[1], stats[1])
		}
	}
	if _, err := b.code(1, "recovery", "nobody@shop.example", "000000"); hutch.CodeOf(err) != hutch.OTPExpired {
		t.Error(err)
	}
}

// TestS40MailedSecretsAreSealed: neither links nor codes stand in the store, in
// jobs or one-time documents. Addresses are no secrets of it: accounts show theirs.
func TestS40MailedSecretsAreSealed(t *testing.T) {
	b := mailSetup(t)
	b.signupAs(1, "ann@shop.example", password)
	stored := b.store.all()
	m := b.mail(auth.MailConfirm, "ann@shop.example")
	if strings.Contains(stored, linkOf(t, m).Token) || strings.Contains(stored, m.Code+`"`) || strings.Contains(stored, "auth/v1/verify") {
		t.Error("a link or code is stored in clear")
	}
	if err := b.SendMail(t.Context(), data.NewDoc()); hutch.CodeOf(err) != hutch.InvalidArgument {
		t.Errorf("a payload of others: %v", err)
	}
}

func TestAMailTooLateIsNotSent(t *testing.T) {
	b := mailSetup(t)
	b.signupAs(1, "ann@shop.example", password)
	b.clock.add(15 * time.Minute)
	if got := b.mails(); len(got) != 0 {
		t.Errorf("sent: %+v", got)
	}
	if !strings.Contains(b.log.String(), "not sent in time") {
		t.Error("nothing is said of it")
	}
}

func TestS85NamesInMailsAreShortAndNoLinks(t *testing.T) {
	for name, want := range map[string]string{
		"Ann": "Ann", "  Ann \\n\\t Bee ": "Ann Bee", "http://evil.example": "", "evil.example": "", "www evil": "", "a@b": "", "<b>": "",
		"Ann\\r\\nBcc: x": "Ann Bcc: x", strings.Repeat("n", 100): strings.Repeat("n", 64), "\\u202eAnn": "Ann", "click //evil": "",
	} {
		b := mailSetup(t)
		b.signupAs(1, "ann@shop.example", password, `,"data":{"name":"`+name+`"}`)
		if m := b.mail(auth.MailConfirm, "ann@shop.example"); m.Name != want {
			t.Errorf("%q gives %q, want %q", name, m.Name, want)
		}
	}
}

func TestInvitations(t *testing.T) {
	b := mailSetup(t, func(o *auth.Options) { o.Signup = false })
	u, err := b.Invite(t.Context(), "ann@shop.example", nil, "https://app.example/welcome")
	if err != nil || u.EmailConfirmedAt != "" {
		t.Fatalf("%+v %v", u, err)
	}
	m := b.mail(auth.MailInvite, "ann@shop.example")
	link := linkOf(t, m)
	if link.RedirectTo != "https://app.example/welcome" {
		t.Errorf("link %+v", link)
	}
	b.clock.add(24 * time.Hour)
	to, err := b.Follow(t.Context(), link, here(1))
	if err != nil || !strings.Contains(to, "token_hash="+link.Token) || !strings.Contains(to, "type=invite") {
		t.Errorf("%s %v", to, err)
	}
	s, err := b.verify(1, token(t, m))
	if err != nil || s.User.ID != u.ID {
		t.Fatal(err)
	}
	if _, err = b.put(1, s.AccessToken, `{"password":"`+password+`"}`); err != nil {
		t.Fatal(err)
	}
	if _, err = b.signIn(1, "ann@shop.example", password); err != nil {
		t.Error(err)
	}
	_, err = b.Invite(t.Context(), "ann@shop.example", nil, "")
	b.codeIs(err, hutch.UserAlreadyExists)
	if err := b.otp(1, `{"email":"new@shop.example"}`); err != nil {
		t.Error(err)
	}
	b.clock.add(time.Hour)
	for _, m := range b.mails() {
		if m.To == "new@shop.example" {
			t.Error("a link makes an account where sign-up is off")
		}
	}
}

func TestResendEndsTheOldMail(t *testing.T) {
	b := mailSetup(t)
	b.signupAs(1, "ann@shop.example", password)
	old := b.mail(auth.MailConfirm, "ann@shop.example")
	if err := b.Resend(t.Context(), auth.RecoverRequest{Email: "ann@shop.example", Type: "signup"}, here(1)); err != nil {
		t.Fatal(err)
	}
	m := b.mail(auth.MailConfirm, "ann@shop.example")
	r := token(t, old)
	r.Password = password
	_, err := b.verify(1, r)
	b.codeIs(err, hutch.OTPExpired)
	if _, err = b.code(1, "signup", "ann@shop.example", m.Code); err != nil {
		t.Error(err)
	}
	b.codeIs(b.Resend(t.Context(), auth.RecoverRequest{Email: "ann@shop.example", Type: "sms"}, here(1)), hutch.ValidationFailed)
}

func TestNewNetworksAreTold(t *testing.T) {
	b := mailSetup(t)
	b.confirmed(1, "ann@shop.example")
	if _, err := b.signIn(1, "ann@shop.example", password); err != nil {
		t.Fatal(err)
	}
	if got := b.mails(); len(got) != 0 {
		t.Errorf("the same network: %+v", got)
	}
	if _, err := b.signIn(2, "ann@shop.example", password); err != nil {
		t.Fatal(err)
	}
	b.mail(auth.MailDevice, "ann@shop.example")
}

// TestNewNetworksAreToldWhateverTheWayIn: also where the second factor is still
// to be proven, which is when the owner wants to know.
func TestNewNetworksAreToldWhateverTheWayIn(t *testing.T) {
	for name, enter := range halves {
		t.Run(name, func(t *testing.T) {
			b, _ := guarded(t)
			b.mails()
			if _, err := enter(b, here(1)); err != nil {
				t.Fatal(err)
			}
			if got := b.mails(); len(got) != 0 {
				t.Errorf("the same network: %+v", got)
			}
			b.clock.add(time.Minute)
			if _, err := enter(b, here(7)); err != nil {
				t.Fatal(err)
			}
			b.mail(auth.MailDevice, "ann@shop.example")
		})
	}
}

func TestAServerWithoutMailSaysSo(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	for name, err := range map[string]error{
		"recover": b.Recover(t.Context(), auth.RecoverRequest{Email: "ann@shop.example"}, here(1)),
		"otp":     b.MagicLink(t.Context(), auth.RecoverRequest{Email: "ann@shop.example"}, here(1)),
		"resend":  b.Resend(t.Context(), auth.RecoverRequest{Email: "ann@shop.example", Type: "signup"}, here(1)),
		"nonce":   b.Reauthenticate(t.Context(), bearer(s.AccessToken), here(1)),
	} {
		if e := hutch.AsError(err); e == nil || e.Code != hutch.EmailProviderDisabled || e.Status() >= 500 {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := b.opts
	o.Mail.Confirm = true
	if _, err := auth.New(t.Context(), o); err == nil || hutch.AsError(err).Field != "auth.confirmEmail" {
		t.Errorf("confirmEmail without mail: %v", err)
	}
}

func TestMailIsWrittenWithItsCauseOrNotAtAll(t *testing.T) {
	b := mailSetup(t)
	b.store.fail = func(coll string) error {
		if coll == "_users" {
			return errors.New("no")
		}
		return nil
	}
	r, err := auth.ParseSignup([]byte(`{"email":"ann@shop.example","password":"` + password + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Signup(t.Context(), r, here(1)); err == nil {
		t.Error("a sign-up without a commit")
	}
	if n := b.store.count("_jobs") + b.store.count("_otps"); n != 0 {
		t.Errorf("%d rows of a sign-up that failed", n)
	}
}

func TestSweepEndsOneTimeThings(t *testing.T) {
	b := mailSetup(t)
	b.recover(1, "nobody@shop.example")
	b.signupAs(1, "ann@shop.example", password)
	if n := b.store.count("_otps"); n != 2 {
		t.Fatalf("%d documents", n)
	}
	b.clock.add(2 * time.Hour)
	if err := b.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := b.store.count("_otps"); n != 0 {
		t.Errorf("%d documents are left", n)
	}
}
