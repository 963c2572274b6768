package auth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

const pkceVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func pkceChallenge() string {
	sum := sha256.Sum256([]byte(pkceVerifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

var pkce = `,"code_challenge":"` + pkceChallenge() + `","code_challenge_method":"s256"`

func TestASignUpIsConfirmedByCode(t *testing.T) {
	b := mailSetup(t)
	if b.Settings().MailerAutoconfirm {
		t.Error("settings say that a sign-up signs in")
	}
	u := b.signupAs(1, "Ann@shop.example", password, `,"data":{"name":"Ann"}`)
	if u.ID == "" || u.Email != "Ann@shop.example" || u.EmailConfirmedAt != "" || strings.Contains(asJSON(t, &auth.Session{User: u}), "access_token") {
		t.Errorf("user: %+v", u)
	}
	m := b.mail(auth.MailConfirm, "Ann@shop.example")
	if len(m.Code) != 6 || m.Name != "Ann" || m.Until.Sub(m.At) != 15*time.Minute {
		t.Errorf("mail: %+v", m)
	}
	_, err := b.signIn(1, "ann@shop.example", password)
	b.codeIs(err, hutch.InvalidCredentials)
	_, err = b.signIn(1, "ann@shop.example", "wrong password")
	b.codeIs(err, hutch.InvalidCredentials)
	s, err := b.code(1, "signup", "ANN@shop.example", m.Code)
	if err != nil {
		t.Fatal(err)
	}
	if s.User.ID != u.ID || s.User.EmailConfirmedAt == "" || !b.mustVerify(s.AccessToken).EmailVerified {
		t.Errorf("session: %+v", s.User)
	}
	if _, err = b.signIn(1, "ann@shop.example", password); err != nil {
		t.Error(err)
	}
	_, err = b.code(1, "signup", "ann@shop.example", m.Code)
	b.codeIs(err, hutch.OTPExpired)
}

// TestS74SignUpDoesNotTellWhoHasAnAccount: the answers for a free, a waiting and
// a taken address are alike, in shape and work; the owner learns of it.
func TestS74SignUpDoesNotTellWhoHasAnAccount(t *testing.T) {
	b := mailSetup(t)
	b.confirmed(1, "ann@shop.example")
	answers := map[string]string{}
	var ids []string
	for _, c := range []struct{ name, address, kind string }{
		{"taken", "ann@shop.example", auth.MailTaken},
		{"taken again", "ann@shop.example", auth.MailTaken},
		{"free", "bob@shop.example", auth.MailConfirm},
		{"waiting", "bob@shop.example", auth.MailConfirm},
	} {
		before, _, _ := b.hash.counts()
		commits := len(b.store.log)
		u := b.signupAs(2, c.address, password, `,"data":{"a":1}`)
		if n, _, _ := b.hash.counts(); n != before+1 {
			t.Errorf("%s: %d hashes", c.name, n-before)
		}
		if n := len(b.store.log) - commits; n != 1 {
			t.Errorf("%s: %d commits", c.name, n)
		}
		ids = append(ids, u.ID)
		js := strings.NewReplacer(u.ID, "ID", u.Identities[0].IdentityID, "IID", c.address, "ADDRESS").Replace(asJSON(t, u))
		answers[js] = c.name
		b.mail(c.kind, c.address)
		b.clock.add(0)
	}
	if len(answers) != 1 {
		t.Errorf("answers differ: %v", answers)
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			t.Error("an id comes again: that tells the cases apart")
		}
		seen[id] = true
	}
	if _, err := b.signIn(1, "ann@shop.example", password); err != nil {
		t.Errorf("the owner: %v", err)
	}
}

// TestS4AConfirmationElsewhereAsksForThePassword: who only has the mail does not
// put a stranger's password in force.
func TestS4AConfirmationElsewhereAsksForThePassword(t *testing.T) {
	b := mailSetup(t)
	b.signupAs(66, "ann@shop.example", "the attacker's password")
	m := b.mail(auth.MailConfirm, "ann@shop.example")
	link := linkOf(t, m)
	for name, r := range map[string]auth.VerifyRequest{
		"nothing":          {Type: "signup", TokenHash: link.Token},
		"as email":         {Type: "email", TokenHash: link.Token},
		"another verifier": {Type: "signup", TokenHash: link.Token, Verifier: pkceVerifier},
	} {
		if _, err := b.verify(1, r); hutch.CodeOf(err) != hutch.ReauthenticationNeeded {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := b.verify(1, auth.VerifyRequest{Type: "signup", TokenHash: link.Token, Password: "a guess of mine"})
	b.codeIs(err, hutch.InvalidCredentials)
	if _, err := b.Follow(t.Context(), link, here(1)); hutch.CodeOf(err) != hutch.ReauthenticationNeeded {
		t.Errorf("the page: %v", err)
	}
	if p, err := b.Landing(t.Context(), link); err != nil || !p.Needed || !p.Password {
		t.Errorf("the page: %+v %v", p, err)
	}
	// She signs up herself: password and mail are hers, the old mail is void.
	b.signupAs(1, "ann@shop.example", password)
	hers := b.mail(auth.MailConfirm, "ann@shop.example")
	if _, err = b.verify(66, auth.VerifyRequest{Type: "signup", TokenHash: link.Token, Password: "the attacker's password"}); hutch.CodeOf(err) != hutch.OTPExpired {
		t.Errorf("the old link: %v", err)
	}
	// Two networks signed up: a code alone no longer says whose password it is.
	_, err = b.code(1, "signup", "ann@shop.example", hers.Code)
	b.codeIs(err, hutch.ReauthenticationNeeded)
	link = linkOf(t, hers)
	link.Password = password
	if to, err := b.Follow(t.Context(), link, here(1)); err != nil || to != "https://shop.example?type=signup" {
		t.Errorf("%q %v", to, err)
	}
	if _, err = b.signIn(1, "ann@shop.example", password); err != nil {
		t.Error(err)
	}
	_, err = b.signIn(66, "ann@shop.example", "the attacker's password")
	b.codeIs(err, hutch.InvalidCredentials)
}

// TestS4AFirstProofEndsWhatCameBefore: another's account under my address has no
// way in left once I prove it: password, sessions and links end.
func TestS4AFirstProofEndsWhatCameBefore(t *testing.T) {
	for name, prove := range map[string]func(b *mailBench) (*auth.Session, error){
		"a magic link": func(b *mailBench) (*auth.Session, error) {
			if err := b.otp(1, `{"email":"ann@shop.example"}`); err != nil {
				return nil, err
			}
			return b.verify(1, auth.VerifyRequest{Type: "magiclink", TokenHash: linkOf(b.t, b.mail(auth.MailMagicLink, "ann@shop.example")).Token})
		},
		"a code": func(b *mailBench) (*auth.Session, error) {
			if err := b.otp(1, `{"email":"ann@shop.example"}`); err != nil {
				return nil, err
			}
			return b.code(1, "email", "ann@shop.example", b.mail(auth.MailMagicLink, "ann@shop.example").Code)
		},
		"a recovery": func(b *mailBench) (*auth.Session, error) {
			b.recover(1, "ann@shop.example")
			return b.code(1, "recovery", "ann@shop.example", b.mail(auth.MailRecover, "ann@shop.example").Code)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := mailSetup(t, func(o *auth.Options) { o.Mail.Confirm = false })
			thief := b.signup("ann@shop.example")
			s, err := prove(b)
			if err != nil {
				t.Fatal(err)
			}
			if s.User.ID != thief.User.ID || s.User.EmailConfirmedAt == "" {
				t.Errorf("user %+v", s.User)
			}
			if _, err := b.bench.verify(thief.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
				t.Errorf("the old session: %v", err)
			}
			if _, err := b.refresh(thief.RefreshToken); hutch.CodeOf(err) != hutch.RefreshTokenNotFound {
				t.Errorf("the old refresh token: %v", err)
			}
			if _, err := b.signIn(66, "ann@shop.example", password); hutch.CodeOf(err) != hutch.InvalidCredentials {
				t.Errorf("the old password: %v", err)
			}
		})
	}
	t.Run("a waiting sign-up's mail", func(t *testing.T) {
		b := mailSetup(t)
		b.signupAs(66, "ann@shop.example", "the attacker's password")
		old := b.mail(auth.MailConfirm, "ann@shop.example")
		if err := b.otp(1, `{"email":"ann@shop.example"}`); err != nil {
			t.Fatal(err)
		}
		mine := b.mail(auth.MailMagicLink, "ann@shop.example")
		if _, err := b.code(1, "email", "ann@shop.example", old.Code); old.Code != mine.Code && hutch.CodeOf(err) != hutch.OTPExpired {
			t.Errorf("the sign-up's code: %v", err)
		}
		if _, err := b.code(1, "email", "ann@shop.example", mine.Code); err != nil {
			t.Fatal(err)
		}
		_, err := b.signIn(66, "ann@shop.example", "the attacker's password")
		b.codeIs(err, hutch.InvalidCredentials)
	})
}

// TestS38OpeningALinkConsumesNothing: only the button does, and what it gives is
// a code for who holds the verifier, never a token.
func TestS38OpeningALinkConsumesNothing(t *testing.T) {
	b := mailSetup(t)
	b.signupAs(1, "ann@shop.example", password, pkce)
	link := linkOf(t, b.mail(auth.MailConfirm, "ann@shop.example"))
	stored := b.store.all()
	for range 20 {
		p, err := b.Landing(t.Context(), link)
		if err != nil || !p.Good || p.Needed || !p.Password {
			t.Fatalf("%+v %v", p, err)
		}
	}
	if b.store.all() != stored {
		t.Error("opening a link changed something")
	}
	link.RedirectTo = "https://app.example/in?x=1"
	to, err := b.Follow(t.Context(), link, here(2))
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil || u.Host != "app.example" || u.Query().Get("x") != "1" || u.Fragment != "" || strings.Contains(to, link.Token) {
		t.Fatalf("goes to %s", to)
	}
	code := u.Query().Get("code")
	exchange := func(code, verifier string) (*auth.Session, error) {
		return b.Token(t.Context(), "pkce", []byte(`{"auth_code":"`+code+`","code_verifier":"`+verifier+`"}`), here(1))
	}
	if _, err := b.signIn(1, "ann@shop.example", password); hutch.CodeOf(err) != hutch.InvalidCredentials {
		t.Errorf("confirmed before the client came: %v", err)
	}
	s, err := exchange(code, pkceVerifier)
	if err != nil || s.AccessToken == "" {
		t.Fatal(err)
	}
	_, err = exchange(code, pkceVerifier)
	b.codeIs(err, hutch.FlowStateNotFound)
	if p, err := b.Landing(t.Context(), link); err != nil || p.Good {
		t.Errorf("a used link: %+v %v", p, err)
	}
	// A code in other hands ends.
	if err := b.otp(1, `{"email":"ann@shop.example"`+pkce+`}`); err != nil {
		t.Fatal(err)
	}
	link = linkOf(t, b.mail(auth.MailMagicLink, "ann@shop.example"))
	to, err = b.Follow(t.Context(), link, here(1))
	if err != nil {
		t.Fatal(err)
	}
	u, _ = url.Parse(to)
	if u.Host != "shop.example" {
		t.Errorf("without redirect_to: %s", to)
	}
	_, err = exchange(u.Query().Get("code"), strings.Repeat("x", 43))
	b.codeIs(err, hutch.BadCodeVerifier)
	_, err = exchange(u.Query().Get("code"), pkceVerifier)
	b.codeIs(err, hutch.FlowStateNotFound)
}

func TestS37LinksGoWhereTheConfigAllows(t *testing.T) {
	b := mailSetup(t)
	for target, want := range map[string]string{
		"https://app.example/x": "https://app.example/x", "https://app.example.evil.example/x": "https://shop.example",
		"//evil.example": "https://shop.example", "javascript:alert(1)": "https://shop.example", "": "",
	} {
		r := auth.RecoverRequest{Email: "ann@shop.example", Create: true, Flow: auth.Flow{Redirect: target}}
		if err := b.MagicLink(t.Context(), r, here(1)); err != nil {
			t.Fatal(err)
		}
		link := linkOf(t, b.mail(auth.MailMagicLink, "ann@shop.example"))
		if link.RedirectTo != want {
			t.Errorf("%q: the mail says %q", target, link.RedirectTo)
		}
		// What the link was changed to is judged again; without a flow the page gives
		// the link's own secret for the app to use.
		link.RedirectTo = target
		to, err := b.Follow(t.Context(), link, here(1))
		if err != nil || !strings.HasPrefix(to, "https://app.example/x?") && !strings.HasPrefix(to, "https://shop.example?") {
			t.Errorf("%q goes to %q, %v", target, to, err)
		}
		if strings.Contains(to, "access_token") || strings.Contains(to, "#") {
			t.Errorf("a token in %q", to)
		}
	}
}

func TestS35LinksAndCodesInParallel(t *testing.T) {
	for name, use := range map[string]func(b *mailBench, m auth.Mail) error{
		"a link": func(b *mailBench, m auth.Mail) error {
			_, err := b.verify(1, auth.VerifyRequest{Type: "magiclink", TokenHash: linkOf(b.t, m).Token})
			return err
		},
		"a code": func(b *mailBench, m auth.Mail) error {
			_, err := b.code(1, "magiclink", "ann@shop.example", m.Code)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := mailSetup(t)
			if err := b.otp(1, `{"email":"ann@shop.example"}`); err != nil {
				t.Fatal(err)
			}
			m := b.mail(auth.MailMagicLink, "ann@shop.example")
			var wg sync.WaitGroup
			var won atomic.Int32
			for range 20 {
				wg.Go(func() {
					switch err := use(b, m); hutch.CodeOf(err) {
					case "":
						won.Add(1)
					case hutch.OTPExpired, hutch.OverRequestRateLimit:
					default:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if won.Load() != 1 || b.store.count("_sessions") != 1 {
				t.Errorf("%d of 20 succeed, %d sessions", won.Load(), b.store.count("_sessions"))
			}
		})
	}
}

func TestS38CodesHaveFiveTriesAndTenMinutes(t *testing.T) {
	b := mailSetup(t)
	send := func() auth.Mail {
		t.Helper()
		if err := b.otp(1, `{"email":"ann@shop.example"}`); err != nil {
			t.Fatal(err)
		}
		return b.mail(auth.MailMagicLink, "ann@shop.example")
	}
	wrong := func(m auth.Mail) string {
		if m.Code == "000000" {
			return "000001"
		}
		return "000000"
	}
	m := send()
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() { _, _ = b.code(1, "email", "ann@shop.example", wrong(m)) })
	}
	wg.Wait()
	b.clock.add(time.Second) // the pair is slowed
	_, err := b.code(1, "email", "ann@shop.example", m.Code)
	b.codeIs(err, hutch.OTPExpired)
	// The link of the same mail is not what was guessed at.
	if _, err = b.verify(1, auth.VerifyRequest{Type: "magiclink", TokenHash: linkOf(t, m).Token}); err != nil {
		t.Errorf("the link: %v", err)
	}
	old, m := send(), send()
	if old.Code != m.Code {
		b.clock.add(2 * time.Second)
		_, err = b.code(1, "email", "ann@shop.example", old.Code)
		b.codeIs(err, hutch.OTPExpired)
	}
	b.clock.add(10 * time.Minute)
	_, err = b.code(1, "email", "ann@shop.example", m.Code)
	b.codeIs(err, hutch.OTPExpired)
	if _, err = b.verify(1, auth.VerifyRequest{Type: "magiclink", TokenHash: linkOf(t, m).Token}); err != nil {
		t.Errorf("the link after 10 minutes: %v", err)
	}
	m = send()
	b.clock.add(15 * time.Minute)
	_, err = b.verify(1, auth.VerifyRequest{Type: "magiclink", TokenHash: linkOf(t, m).Token})
	b.codeIs(err, hutch.OTPExpired)
	// 20 wrong ones a day, whatever the number of codes and networks.
	n := 0
	for i := range 30 {
		if i%4 == 0 {
			m = send()
		}
		if _, err = b.code(byte(i), "email", "ann@shop.example", wrong(m)); hutch.CodeOf(err) == hutch.OverRequestRateLimit {
			break
		}
		n++
	}
	if n >= 20 {
		t.Errorf("%d more codes could be tried", n)
	}
	_, err = b.code(99, "email", "ann@shop.example", m.Code)
	b.codeIs(err, hutch.OverRequestRateLimit)
	if _, err = b.verify(1, auth.VerifyRequest{Type: "magiclink", TokenHash: linkOf(t, m).Token}); err != nil {
		t.Errorf("S41, a mailed link always works: %v", err)
	}
}

func TestS41AMailedLinkWorksWhileThePasswordIsSlowed(t *testing.T) {
	b := mailSetup(t)
	b.confirmed(1, "ann@shop.example")
	for range 8 {
		_, _ = b.signIn(66, "ann@shop.example", "wrong")
	}
	_, err := b.signIn(66, "ann@shop.example", password)
	b.codeIs(err, hutch.OverRequestRateLimit)
	if err := b.otp(66, `{"email":"ann@shop.example"}`); err != nil {
		t.Fatal(err)
	}
	if _, err = b.verify(66, auth.VerifyRequest{Type: "magiclink", TokenHash: linkOf(t, b.mail(auth.MailMagicLink, "ann@shop.example")).Token}); err != nil {
		t.Error(err)
	}
}
