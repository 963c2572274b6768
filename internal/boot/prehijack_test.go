package boot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/internal/boot"
)

// corp is a provider that takes an id_token for the subject it names.
type corp struct{ auth.Provider }

func (corp) VerifyIDToken(_ context.Context, r auth.ProviderToken) (*auth.Foreign, error) {
	who := strings.Split(r.IDToken, ".")[1]
	return &auth.Foreign{
		Issuer: "https://id.example", Subject: who, Email: who + "@shop.example", EmailVerified: true,
		Until: time.Now().Add(time.Hour),
	}, nil
}

const (
	letters = `name: shop
rules: { mine: resource.email == auth.email }
collections: { letters: { access: { read: mine() } } }
seed: { letters: seed/letters.jsonl }
auth:
  providers: { corp: { issuer: "https://id.example", clientId: shop, clientSecret: a-secret-of-the-shop } }
`
	byMail    = "  mail: { smtp: \"smtp://%s\", from: no-reply@shop.example }\n"
	hisSignUp = `{"email":"ann@shop.example","password":"the attacker's password"}`
	hisSignIn = "/auth/v1/token?grant_type=password"
	heCannot  = "invalid_credentials"
	theLetter = "only for ann"
)

// preHijacked is an app of default configuration to which an attacker came
// first, with the address of ann.
type preHijacked struct {
	*running
	mails func() string // all that was mailed

	access, refresh string // his session; "" where none is given before a proof
	factor          string
}

func (p *preHijacked) idToken(t *testing.T, token, subject, more string) (int, string) {
	t.Helper()
	return p.do(t, "POST", token, "/auth/v1/token?grant_type=id_token",
		fmt.Sprintf(`{"provider":"corp","id_token":"e30.%s.s%d","nonce":"n"%s}`, subject, time.Now().UnixNano(), more))
}

func (p *preHijacked) reads(t *testing.T, token string) string {
	t.Helper()
	_, body := p.do(t, "GET", token, "/data/v1/docs/letters", "")
	return body
}

// settleIn has him use his session: a factor, an identity of his own.
func (p *preHijacked) settleIn(t *testing.T) {
	t.Helper()
	take := func(what string, status int, body string, into any) {
		t.Helper()
		if err := json.Unmarshal([]byte(body), into); status != 200 || err != nil {
			t.Fatalf("%s: %d %s (%v)", what, status, body, err)
		}
	}
	var s auth.Session
	status, body := p.idToken(t, p.access, "mallory", `,"link_identity":true`)
	take("an identity", status, body, &s)
	p.access, p.refresh = s.AccessToken, s.RefreshToken
	var f auth.Enrolled
	status, body = p.do(t, "POST", p.access, "/auth/v1/factors", `{"factor_type":"totp","friendly_name":"his"}`)
	take("a factor", status, body, &f)
	var c auth.FactorChallenge
	status, body = p.do(t, "POST", p.access, "/auth/v1/factors/"+f.ID+"/challenge", "{}")
	take("a challenge", status, body, &c)
	code, err := totp.GenerateCode(f.TOTP.Secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	status, body = p.do(t, "POST", p.access, "/auth/v1/factors/"+f.ID+"/verify", fmt.Sprintf(`{"challenge_id":%q,"code":%q}`, c.ID, code))
	take("its proof", status, body, &s)
	p.access, p.refresh, p.factor = s.AccessToken, s.RefreshToken, f.ID
}

// link has ann ask for a link and open it.
func (p *preHijacked) link(t *testing.T) string {
	t.Helper()
	if status, body := p.do(t, "POST", "", "/auth/v1/otp", `{"email":"ann@shop.example"}`); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	var token string
	until(t, "her link", func() bool {
		for _, m := range mailedLink.FindAllString(p.mails(), -1) {
			if u, err := url.Parse(m); err == nil && u.Query().Get("type") == "magiclink" {
				token = u.Query().Get("token")
			}
		}
		return token != ""
	})
	status, body := p.do(t, "POST", "", "/auth/v1/verify", `{"type":"magiclink","token_hash":"`+token+`"}`)
	if status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	return body
}

// preHijack starts the app and has him sign up, with all that he can get.
func preHijack(t *testing.T, mailed bool) *preHijacked {
	t.Helper()
	more := ""
	post := &mailServer{}
	if mailed {
		more = fmt.Sprintf(byMail, post.start(t))
	}
	f := newFolder(t, "hutch.yaml", letters+more, "seed/letters.jsonl", `{"email":"ann@shop.example","text":"`+theLetter+`"}`+"\n")
	f.dev = !mailed // which prints mails
	o := f.options(t)
	var log syncBuffer
	o.Mailer, o.Log = openMailer, slog.New(slog.NewTextHandler(&log, nil))
	o.Providers = func(config.Provider, boot.ProviderOptions) (auth.Provider, error) { return corp{}, nil }
	p := &preHijacked{running: f.startWith(t, o).ready(t), mails: log.String}
	if mailed {
		p.mails = func() string { return strings.Join(post.mails(), "\n") }
	}
	status, body := p.post(t, "/auth/v1/signup", hisSignUp)
	var s auth.Session
	if err := json.Unmarshal([]byte(body), &s); err != nil || status != 200 || (s.AccessToken == "") != mailed {
		t.Fatalf("mail server %v: %d %s", mailed, status, body)
	}
	if mailed {
		if status, body := p.post(t, hisSignIn, hisSignUp); status != 400 {
			t.Errorf("he signs in without a proof: %d %s", status, body)
		}
		return p
	}
	p.access, p.refresh = s.AccessToken, s.RefreshToken
	p.settleIn(t)
	if got := p.reads(t, p.access); got != `{"docs":[],"next":null}` {
		t.Errorf("he reads %s", got)
	}
	return p
}

// TestS4PreHijackingByDefault: who signs up first with another's address, in an
// app whose config says nothing of confirmation, reads nothing by a rule on
// auth.email, and once the owner comes has no way in.
func TestS4PreHijackingByDefault(t *testing.T) {
	for _, mailed := range []bool{false, true} {
		for name, come := range map[string]func(*testing.T, *preHijacked) string{
			"a link": func(t *testing.T, p *preHijacked) string { return p.link(t) },
			"a provider": func(t *testing.T, p *preHijacked) string {
				status, body := p.idToken(t, "", "ann", "")
				if status != 200 {
					t.Fatalf("%d %s", status, body)
				}
				return body
			},
		} {
			t.Run(fmt.Sprintf("mail server %v, the owner by %s", mailed, name), func(t *testing.T) {
				p := preHijack(t, mailed)
				p.isOut(t, come(t, p))
			})
		}
	}
}

// isOut wants the account to be of her who came with a session, and his ways
// into it to be gone.
func (p *preHijacked) isOut(t *testing.T, came string) {
	t.Helper()
	var s auth.Session
	if err := json.Unmarshal([]byte(came), &s); err != nil || s.User.EmailConfirmedAt == "" || s.User.Email != "ann@shop.example" {
		t.Fatalf("she comes in as %s (%v)", came, err)
	}
	if got := p.reads(t, s.AccessToken); !strings.Contains(got, theLetter) {
		t.Errorf("she reads %s", got)
	}
	_, body := p.do(t, "GET", s.AccessToken, "/auth/v1/user", "")
	if strings.Contains(body, "mallory") || strings.Contains(body, `"friendly_name":"his"`) || len(s.User.Factors) > 0 {
		t.Errorf("what he left: %s", body)
	}
	if status, body := p.post(t, hisSignIn, hisSignUp); status != 400 || !strings.Contains(body, heCannot) {
		t.Errorf("his password: %d %s", status, body)
	}
	if status, body := p.idToken(t, "", "mallory", ""); strings.Contains(body, s.User.ID) {
		t.Errorf("his identity: %d %s", status, body)
	}
	if p.access == "" {
		return
	}
	if status, body := p.do(t, "GET", p.access, "/auth/v1/user", ""); status/100 != 4 {
		t.Errorf("his session: %d %s", status, body)
	}
	if status, body := p.do(t, "GET", p.access, "/data/v1/docs/letters", ""); status != 401 {
		t.Errorf("his session reads: %d %s", status, body)
	}
	if status, body := p.post(t, "/auth/v1/token?grant_type=refresh_token", fmt.Sprintf(`{"refresh_token":%q}`, p.refresh)); status/100 != 4 {
		t.Errorf("his refresh token: %d %s", status, body)
	}
	if status, body := p.do(t, "POST", s.AccessToken, "/auth/v1/factors/"+p.factor+"/challenge", "{}"); status != 404 {
		t.Errorf("his factor: %d %s", status, body)
	}
}
