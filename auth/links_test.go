package auth_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// linkBench has a key that may make links.
type linkBench struct {
	*mailBench
	key auth.Credentials
}

func linkSetup(t testing.TB, edit ...func(*auth.Options)) *linkBench {
	t.Helper()
	b := mailSetup(t, edit...)
	return &linkBench{b, bearer(b.keyOf("auth"))}
}

func (b *linkBench) generate(body string) (*auth.GeneratedLink, error) {
	return b.GenerateLink(b.t.Context(), b.key, []byte(body), "https://app.example/in")
}

func (b *linkBench) link(kind, address string, extra ...string) *auth.GeneratedLink {
	b.t.Helper()
	l, err := b.generate(`{"type":"` + kind + `","email":"` + address + `"` + strings.Join(extra, "") + `}`)
	if err != nil {
		b.t.Fatal(err)
	}
	return l
}

// verifyType is what clients tell verify.
func verifyType(l *auth.GeneratedLink) string {
	if strings.HasPrefix(l.VerificationType, "email_change") {
		return "email_change"
	}
	return l.VerificationType
}

func (b *linkBench) redeem(l *auth.GeneratedLink, pw string) (*auth.Session, error) {
	return b.verify(1, auth.VerifyRequest{Type: verifyType(l), TokenHash: l.HashedToken, Password: pw})
}

const withPassword = `,"password":"` + password + `"`

// generated are the types, each with what it needs; at is who reads the mail.
var generated = []struct {
	kind, extra, pw, at string
	known               bool
}{
	{"signup", withPassword, password, "ann@shop.example", false},
	{"invite", "", "", "ann@shop.example", false},
	{"magiclink", "", "", "ann@shop.example", false},
	{"magiclink", "", "", "ann@shop.example", true},
	{"recovery", "", "", "ann@shop.example", true},
	{"email_change_new", `,"new_email":"new@shop.example"`, "", "new@shop.example", true},
	{"email_change_current", `,"new_email":"new@shop.example"`, "", "ann@shop.example", true},
}

// TestS38AGeneratedLinkIsGoodOnce: of twenty at once one gets in, by the link and
// by its code, and nothing was mailed.
func TestS38AGeneratedLinkIsGoodOnce(t *testing.T) {
	for _, g := range generated {
		for _, by := range []string{"link", "code"} {
			t.Run(fmt.Sprint(g.kind, " ", g.known, " by ", by), func(t *testing.T) {
				b := linkSetup(t)
				if g.known {
					b.confirmed(1, "ann@shop.example")
				}
				l := b.link(g.kind, "ann@shop.example", g.extra)
				if got := b.mails(); len(got) != 0 {
					t.Fatalf("mailed: %+v", got)
				}
				r := auth.VerifyRequest{Type: verifyType(l), TokenHash: l.HashedToken, Password: g.pw}
				if by == "code" {
					r = auth.VerifyRequest{Type: r.Type, Token: l.EmailOTP, Email: g.at, Password: g.pw}
				}
				var wg sync.WaitGroup
				users, errs := make([]*auth.User, 20), make([]error, 20)
				for i := range errs {
					wg.Go(func() {
						s, err := b.verify(1, r)
						if errs[i] = err; err == nil {
							users[i] = s.User
						}
					})
				}
				wg.Wait()
				won := 0
				for i, err := range errs {
					switch {
					case err == nil && users[i].ID == l.ID:
						won++
					case hutch.CodeOf(err) != hutch.OTPExpired && hutch.CodeOf(err) != hutch.OverRequestRateLimit:
						t.Errorf("%v", err)
					}
				}
				if won != 1 {
					t.Errorf("%d of 20 got in", won)
				}
				other := r
				if other.TokenHash, other.Token, other.Email = l.HashedToken, "", ""; by == "link" {
					other.TokenHash, other.Token, other.Email = "", l.EmailOTP, g.at
				}
				_, err := b.verify(1, other)
				b.codeIs(err, hutch.OTPExpired)
			})
		}
	}
}

func TestGeneratedLinksAnswerAsGoTrue(t *testing.T) {
	b := linkSetup(t, func(o *auth.Options) { o.Mail, o.Signup = auth.MailOptions{}, false }) // no mail: it is the app that sends
	l := b.link("invite", "Ann@shop.example", `,"data":{"name":"Ann"},"unknown":1`)
	js := asJSON(t, l)
	if l.Email != "Ann@shop.example" || string(l.UserMetadata) != `{"name":"Ann"}` || l.EmailConfirmedAt != "" || len(l.EmailOTP) != 6 ||
		l.RedirectTo != "https://app.example/in" || l.VerificationType != "invite" || !strings.Contains(js, `"id":"`+l.ID+`"`) {
		t.Errorf("%s", js)
	}
	at := linkOf(t, auth.Mail{Link: l.ActionLink})
	if at.Type != "invite" || at.Token != l.HashedToken || at.RedirectTo != l.RedirectTo {
		t.Errorf("link %+v", at)
	}
	to, err := b.Follow(t.Context(), at, here(1))
	if err != nil || !strings.HasPrefix(to, "https://app.example/in?") || !strings.Contains(to, "token_hash="+l.HashedToken) {
		t.Errorf("%s %v", to, err)
	}
	evil, err := b.GenerateLink(t.Context(), b.key, []byte(`{"type":"magiclink","email":"ann@shop.example"}`), "https://evil.example/")
	if err != nil || evil.RedirectTo != "https://shop.example" || strings.Contains(evil.ActionLink, "evil") {
		t.Errorf("%+v %v", evil, err)
	}
	if s, err := b.redeem(l, ""); err != nil || s.User.ID != l.ID {
		t.Error(err)
	}
	b.clock.add(time.Minute)
	l = b.link("recovery", "ann@shop.example")
	s, err := b.redeem(l, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.put(1, s.AccessToken, `{"password":"`+password+`"}`); err != nil { // a recovery's session may
		t.Error(err)
	}
	l = b.link("recovery", "ann@shop.example")
	if js = asJSON(t, l); strings.Contains(js, "argon2") || strings.Contains(strings.ToLower(js), `password"`) {
		t.Errorf("a hash leaves: %s", js)
	}
	rows := b.auditOf("link_generated")
	if len(rows) != 4 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		if row.Lookup("key").StringValue() == "" || row.Lookup("user").StringValue() != l.ID || strings.Contains(row.String(), l.HashedToken) {
			t.Errorf("%s", row)
		}
	}
}

// TestS4AGeneratedSignUpWantsItsPassword: whoever opens the link may be somebody
// else than who chose the password.
func TestS4AGeneratedSignUpWantsItsPassword(t *testing.T) {
	const address = "ann@shop.example"
	b := linkSetup(t)
	l := b.link("signup", address, withPassword)
	_, err := b.redeem(l, "")
	b.codeIs(err, hutch.ReauthenticationNeeded)
	_, err = b.code(1, "signup", address, l.EmailOTP)
	b.codeIs(err, hutch.ReauthenticationNeeded)
	_, err = b.redeem(l, "another password")
	b.codeIs(err, hutch.InvalidCredentials)
	if page, err := b.Landing(t.Context(), linkOf(t, auth.Mail{Link: l.ActionLink})); err != nil || !page.Needed {
		t.Errorf("%+v %v", page, err)
	}
	_, err = b.signIn(1, address, password)
	b.codeIs(err, hutch.InvalidCredentials) // the address is not proven
	b.clock.add(time.Minute)
	if _, err = b.redeem(l, password); err != nil {
		t.Fatal(err)
	}
	if _, err = b.signIn(1, address, password); err != nil {
		t.Error(err)
	}

	b = linkSetup(t) // where the client began the flow, its verifier will do
	l = b.link("signup", address, withPassword, pkce)
	if _, err = b.verify(1, auth.VerifyRequest{Type: "signup", TokenHash: l.HashedToken, Verifier: pkceVerifier}); err != nil {
		t.Error(err)
	}

	for name, proof := range map[string]func(*linkBench) *auth.GeneratedLink{ // another proof does not keep it
		"recovery":  func(b *linkBench) *auth.GeneratedLink { return b.link("recovery", address) },
		"magiclink": func(b *linkBench) *auth.GeneratedLink { return b.link("magiclink", address) },
	} {
		t.Run(name, func(t *testing.T) {
			b := linkSetup(t)
			const stolen = "the attacker's password"
			b.signupAs(66, address, stolen)
			mailed := linkOf(t, b.mail(auth.MailConfirm, address))
			if _, err := b.redeem(proof(b), ""); err != nil {
				t.Fatal(err)
			}
			_, err := b.signIn(66, address, stolen)
			b.codeIs(err, hutch.InvalidCredentials)
			_, err = b.verify(66, auth.VerifyRequest{Type: "signup", TokenHash: mailed.Token, Password: stolen})
			b.codeIs(err, hutch.OTPExpired)
		})
	}
	t.Run("in place of a stranger's sign-up", func(t *testing.T) {
		b := linkSetup(t)
		b.signupAs(66, address, "the attacker's password")
		mailed := linkOf(t, b.mail(auth.MailConfirm, address))
		l := b.link("signup", address, withPassword)
		_, err := b.verify(66, auth.VerifyRequest{Type: "signup", TokenHash: mailed.Token, Password: "the attacker's password"})
		b.codeIs(err, hutch.OTPExpired)
		if s, err := b.redeem(l, password); err != nil || s.User.ID != l.ID {
			t.Error(err)
		}
	})
}

func TestGeneratedLinksOfAChangeOfAddress(t *testing.T) {
	const to = `,"new_email":"new@shop.example"`
	for _, order := range [][]string{{"email_change_new", "email_change_current"}, {"email_change_current", "email_change_new"}} {
		b := linkSetup(t)
		ann := b.confirmed(1, "ann@shop.example")
		links := []*auth.GeneratedLink{b.link(order[0], "ann@shop.example", to), b.link(order[1], "ann@shop.example", to)}
		first, err := b.redeem(links[0], "")
		if err != nil || first.AccessToken != "" || first.User.Email != "ann@shop.example" {
			t.Fatalf("%+v %v", first, err)
		}
		last, err := b.redeem(links[1], "")
		if err != nil || last.AccessToken == "" || last.User.Email != "new@shop.example" || last.User.ID != ann.User.ID {
			t.Fatalf("%+v %v", last, err)
		}
		wantCode(t, second(b.bench.verify(ann.AccessToken)), hutch.Unauthenticated)
		b.mail(auth.MailChanged, "ann@shop.example") // whose owner may undo it
	}
	b := linkSetup(t)
	b.confirmed(1, "ann@shop.example")
	old := b.link("email_change_new", "ann@shop.example", to)
	other := b.link("email_change_new", "ann@shop.example", `,"new_email":"third@shop.example"`)
	_, err := b.redeem(old, "")
	b.codeIs(err, hutch.OTPExpired)
	if _, err = b.redeem(other, ""); err != nil {
		t.Error(err)
	}
	b = linkSetup(t, func(o *auth.Options) { o.Mail.SingleMail = true })
	b.confirmed(1, "ann@shop.example")
	_, err = b.generate(`{"type":"email_change_current","email":"ann@shop.example"` + to + `}`)
	b.codeIs(err, hutch.ValidationFailed)
	if s, err := b.redeem(b.link("email_change_new", "ann@shop.example", to), ""); err != nil || s.User.Email != "new@shop.example" {
		t.Error(err)
	}
}

func TestWhatGenerateLinkRefuses(t *testing.T) {
	b := linkSetup(t)
	b.confirmed(1, "ann@shop.example")
	b.confirmed(1, "bob@shop.example")
	b.confirmed(1, "bad@shop.example")
	b.link("invite", "asked@shop.example")
	b.link("invite", "out@shop.example")
	for _, address := range []string{"bad@shop.example", "out@shop.example"} {
		if _, err := b.Ban(t.Context(), address, b.clock.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	const at = `"email":"ann@shop.example"`
	before := b.store.count("_otps")
	for body, want := range map[string]hutch.Code{
		`{` + at + `}`: hutch.ValidationFailed, `{"type":"email",` + at + `}`: hutch.ValidationFailed, `{"type":"email_undo",` + at + `}`: hutch.ValidationFailed,
		`{"type":"reauthentication",` + at + `}`: hutch.ValidationFailed, `{"type":7,` + at + `}`: hutch.ValidationFailed,
		`{"type":"recovery"}`: hutch.ValidationFailed, `{"type":"recovery","email":"x"}`: hutch.ValidationFailed, `[]`: hutch.BadJSON,
		`{"type":"signup","email":"new@shop.example"}`:                                                  hutch.ValidationFailed,
		`{"type":"signup","email":"new@shop.example","password":"short"}`:                               hutch.WeakPassword,
		`{"type":"signup",` + at + withPassword + `}`:                                                   hutch.EmailExists,
		`{"type":"signup","email":"asked@shop.example"` + withPassword + `}`:                            hutch.EmailExists,
		`{"type":"signup","email":"out@shop.example"` + withPassword + `}`:                              hutch.UserBanned,
		`{"type":"invite",` + at + `}`:                                                                  hutch.EmailExists,
		`{"type":"invite","email":"new@shop.example","data":{"x":"` + strings.Repeat("x", 5000) + `"}}`: hutch.ValidationFailed,
		`{"type":"invite","email":"out@shop.example"}`:                                                  hutch.UserBanned,
		`{"type":"magiclink","email":"bad@shop.example"}`:                                               hutch.UserBanned,
		`{"type":"recovery","email":"bad@shop.example"}`:                                                hutch.UserBanned,
		`{"type":"email_change_new","email":"bad@shop.example","new_email":"new@shop.example"}`:         hutch.UserBanned,
		`{"type":"recovery","email":"no@shop.example"}`:                                                 hutch.UserNotFound,
		`{"type":"email_change_new","email":"no@shop.example","new_email":"new@shop.example"}`:          hutch.UserNotFound,
		`{"type":"email_change_new",` + at + `}`:                                                        hutch.ValidationFailed,
		`{"type":"email_change_new",` + at + `,"new_email":"x"}`:                                        hutch.ValidationFailed,
		`{"type":"email_change_new",` + at + `,"new_email":"BOB@shop.example"}`:                         hutch.EmailExists,
		`{"type":"email_change_current",` + at + `,"new_email":"ann@shop.example"}`:                     hutch.EmailExists,
	} {
		_, err := b.generate(body)
		if hutch.CodeOf(err) != want {
			t.Errorf("%.90s: %v, want %s", body, err, want)
		}
	}
	if n := b.store.count("_otps"); n != before || len(b.mails()) != 0 {
		t.Errorf("%d links were made", n-before)
	}
	_, err := b.Invite(t.Context(), "out@shop.example", nil, "")
	b.codeIs(err, hutch.UserBanned)
}

// TestS86KeysInviteAnAddressAsOftenAsAnybody: networks do not count for a key,
// the address does.
func TestS86KeysInviteAnAddressAsOftenAsAnybody(t *testing.T) {
	b := linkSetup(t, func(o *auth.Options) { o.Limits.MailsPerAddress, o.Limits.MailsPerNetwork = 3, 1 })
	invite := func(address string) error {
		return second(b.InviteUser(t.Context(), b.key, []byte(`{"email":"`+address+`"}`), ""))
	}
	for range 3 {
		if err := invite("ann@shop.example"); err != nil {
			t.Fatal(err)
		}
	}
	b.codeIs(invite("ANN@shop.example"), hutch.OverEmailSendRateLimit)
	if err := invite("bob@shop.example"); err != nil {
		t.Error(err)
	}
	if n := len(b.mails()); n != 4 {
		t.Errorf("%d mails", n)
	}
	b.clock.add(2 * time.Hour)
	if err := invite("ann@shop.example"); err != nil {
		t.Error(err)
	}
}

// TestLinksForANewAddressMakeOneAccount: twenty at once, of which the last holds.
func TestLinksForANewAddressMakeOneAccount(t *testing.T) {
	for kind, extra := range map[string]string{"magiclink": "", "invite": "", "signup": withPassword} {
		t.Run(kind, func(t *testing.T) {
			b := linkSetup(t)
			links, errs := make([]*auth.GeneratedLink, 20), make([]error, 20)
			var wg sync.WaitGroup
			for i := range links {
				wg.Go(func() {
					links[i], errs[i] = b.generate(`{"type":"` + kind + `","email":"ann@shop.example"` + extra + `}`)
				})
			}
			wg.Wait()
			in := 0
			for i, l := range links {
				if errs[i] != nil {
					t.Fatal(errs[i])
				}
				if _, err := b.redeem(l, password); err == nil {
					in++
				}
			}
			if in != 1 || b.store.count("_users") != 1 || b.store.count("_identities") != 1 {
				t.Errorf("%d links are good, for %d accounts", in, b.store.count("_users"))
			}
		})
	}
}

// TestS35AGeneratedLinkIsNoSecondFactor: nor does it change one, or what needs it.
func TestS35AGeneratedLinkIsNoSecondFactor(t *testing.T) {
	b := linkSetup(t)
	s := b.confirmed(1, "ann@shop.example")
	f, err := b.enroll(s, "app")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.prove(s, f.code(0)); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"magiclink", "recovery"} {
		s, err := b.redeem(b.link(kind, "ann@shop.example"), "")
		if err != nil {
			t.Fatal(err)
		}
		if p := b.mustVerify(s.AccessToken); !p.IsGuest() {
			t.Errorf("%s: %+v", kind, p)
		}
		_, err = b.put(1, s.AccessToken, `{"password":"another one of theirs"}`)
		b.codeIs(err, hutch.InsufficientAAL)
	}
}
