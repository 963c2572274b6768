package server_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

// office is the real sign-in over HTTP, with all its ways open, and what is
// needed to be anybody there.
type office struct {
	*real
	t      testing.TB
	counts *recorder
	past   *auth.Service // the same, half an hour ago
	n      int
}

// visitor is who a request comes from, and whose ids it names.
type visitor struct {
	token                 string
	user, session, factor string
	refresh               string
}

const visitorPassword = "a password of theirs"

// quickHasher is no hasher to be used: passwords are not what is tested here.
type quickHasher struct{}

func (quickHasher) Hash(_ context.Context, p string) (string, error) { return "quick " + p, nil }
func (quickHasher) Verify(_ context.Context, p, hash string) (bool, error) {
	return hash == "quick "+p, nil
}
func (quickHasher) Stale(string) bool { return false }

type noMail struct{}

func (noMail) Send(context.Context, auth.Mail) error { return nil }

// away is a provider that is configured.
type away struct{ auth.Provider }

func (away) Begin(_ context.Context, r auth.ProviderBegin) (string, error) {
	return "https://id.example/?state=" + r.State, nil
}

func (away) VerifyIDToken(_ context.Context, r auth.ProviderToken) (*auth.Foreign, error) {
	return &auth.Foreign{Issuer: "https://id.example", Subject: r.IDToken, Until: time.Now().Add(time.Hour)}, nil
}

// recorder notes what a request counts under.
type recorder struct {
	auth.Counter
	mu    sync.Mutex // guards kinds
	kinds map[string]bool
}

func (r *recorder) Count(ctx context.Context, cs ...data.Count) ([]bool, time.Duration, error) {
	r.mu.Lock()
	for _, c := range cs {
		kind, _, _ := strings.Cut(c.Key, " ")
		for _, two := range []string{"mail hour", "mail day", "mail network", "mail to", "oauth code", "oauth callback"} {
			if strings.HasPrefix(c.Key, two+" ") {
				kind = two
			}
		}
		r.kinds[kind] = true
	}
	r.mu.Unlock()
	return r.Counter.Count(ctx, cs...)
}

// during gives what f counts under.
func (r *recorder) during(f func()) []string {
	r.mu.Lock()
	r.kinds = map[string]bool{}
	r.mu.Unlock()
	f()
	r.mu.Lock()
	defer r.mu.Unlock()
	kinds := []string{}
	for k := range r.kinds {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds
}

func openOffice(t testing.TB) *office {
	t.Helper()
	o := &office{t: t, counts: &recorder{kinds: map[string]bool{}}}
	o.real = startReal(t, func(a *auth.Options) {
		o.counts.Counter = a.Counter
		a.Counter, a.Hasher, a.Anonymous = o.counts, quickHasher{}, true
		a.Mail = auth.MailOptions{Mailer: noMail{}, MagicLinks: true}
		a.Providers = auth.Providers{"corp": away{}}
		a.Limits = auth.Limits{MailsPerAddress: 1000, MailsPerDay: 1000}
		base := a.PublicURL
		a.PublicURL = func() string { return strings.Replace(base(), "127.0.0.1", "localhost", 1) }
	})
	opts := o.opts
	opts.Feed = nil
	opts.Now = func() time.Time { return time.Now().Add(-30 * time.Minute) }
	var err error
	if o.past, err = auth.New(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) read(a *answer, into any) {
	o.t.Helper()
	if err := json.Unmarshal([]byte(a.body), into); err != nil || a.StatusCode != 200 {
		o.t.Fatal(a.StatusCode, a.body)
	}
}

type sessionAnswer struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	User    struct {
		ID string `json:"id"`
	} `json:"user"`
}

func (s *sessionAnswer) visitor(o *office) visitor {
	o.t.Helper()
	var claims struct {
		Session string `json:"session_id"`
	}
	parts := strings.Split(s.Access, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[len(parts)/2])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		o.t.Fatal(s.Access, err)
	}
	return visitor{token: s.Access, user: s.User.ID, session: claims.Session, factor: s.User.ID, refresh: s.Refresh}
}

// person signs somebody up.
func (o *office) person() (visitor, string) {
	o.t.Helper()
	o.n++
	address := fmt.Sprintf("u%d@pets.test", o.n)
	var s sessionAnswer
	o.read(o.do(o.t, "", "POST", "/auth/v1/signup", `{"email":"`+address+`","password":"`+visitorPassword+`"}`), &s)
	return s.visitor(o), address
}

func (o *office) signIn(address string) visitor {
	o.t.Helper()
	var s sessionAnswer
	o.read(o.do(o.t, "", "POST", "/auth/v1/token?grant_type=password", `{"email":"`+address+`","password":"`+visitorPassword+`"}`), &s)
	return s.visitor(o)
}

// guarded is somebody with a second factor: a session that has shown it, and one
// that has not.
func (o *office) guarded() (shown, not visitor) {
	o.t.Helper()
	v, address := o.person()
	var e struct {
		ID   string `json:"id"`
		TOTP struct {
			Secret string `json:"secret"`
		} `json:"totp"`
	}
	o.read(o.do(o.t, v.token, "POST", "/auth/v1/factors", `{"factor_type":"totp","friendly_name":"app"}`), &e)
	var c struct {
		ID string `json:"id"`
	}
	o.read(o.do(o.t, v.token, "POST", "/auth/v1/factors/"+e.ID+"/challenge", ""), &c)
	code, err := totp.GenerateCode(e.TOTP.Secret, time.Now())
	if err != nil {
		o.t.Fatal(err)
	}
	var s sessionAnswer
	o.read(o.do(o.t, v.token, "POST", "/auth/v1/factors/"+e.ID+"/verify", `{"challenge_id":"`+c.ID+`","code":"`+code+`"}`), &s)
	shown, not = s.visitor(o), o.signIn(address)
	shown.factor, not.factor = e.ID, e.ID
	return shown, not
}

func (o *office) key(scope string) visitor {
	o.t.Helper()
	key, _, err := o.auth.CreateKey(o.t.Context(), "test", scope, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	v, _ := o.person()
	v.token = key
	return v
}

// visitors are all who may come; each is made anew for each request.
var visitors = []string{
	"guest", "user", "other", "aal1", "aal2", "banned", "data", "auth", "ops", "expired", "tampered", "revoked", "revoked key",
	"recovery", "anonymous", "impersonator",
}

// be makes one of them.
func (o *office) be(who string) visitor {
	o.t.Helper()
	ctx := o.t.Context()
	switch who {
	case "guest":
		v, _ := o.person()
		v.token = ""
		return v
	case "other": // somebody else's ids
		v, _ := o.person()
		me, _ := o.person()
		v.token = me.token
		return v
	case "aal1":
		_, v := o.guarded()
		return v
	case "aal2":
		v, _ := o.guarded()
		return v
	case "data", "auth", "ops":
		return o.key(who)
	case "revoked key":
		v := o.key("auth")
		if _, err := o.auth.RevokeKey(ctx, v.token); err != nil {
			o.t.Fatal(err)
		}
		return v
	}
	if who == "anonymous" {
		var s sessionAnswer
		o.read(o.do(o.t, "", "POST", "/auth/v1/signup", "{}"), &s)
		return s.visitor(o)
	}
	v, address := o.person()
	switch who {
	case "recovery":
		l, err := o.auth.GenerateLink(ctx, auth.Credentials{Authorization: "Bearer " + o.key("auth").token}, []byte(`{"type":"recovery","email":"`+address+`"}`), "")
		if err != nil {
			o.t.Fatal(err)
		}
		var s sessionAnswer
		o.read(o.do(o.t, "", "POST", "/auth/v1/verify", `{"type":"recovery","token_hash":"`+l.HashedToken+`"}`), &s)
		return s.visitor(o)
	case "impersonator":
		var s sessionAnswer
		o.read(o.do(o.t, o.key("auth").token, "POST", "/admin/v1/auth/impersonate", `{"user":"`+v.user+`","reason":"ticket 42"}`), &s)
		return s.visitor(o)
	case "banned":
		if _, err := o.auth.Ban(ctx, address, time.Now().Add(time.Hour)); err != nil {
			o.t.Fatal(err)
		}
	case "expired":
		s, err := o.past.SignIn(ctx, auth.PasswordRequest{Email: address, Password: visitorPassword}, auth.Client{})
		if err != nil {
			o.t.Fatal(err)
		}
		v.token = s.AccessToken
	case "tampered": // another's claims under one's own signature
		parts, others := strings.Split(v.token, "."), strings.Split(o.be("user").token, ".")
		v.token = parts[0] + "." + others[1] + "." + parts[2]
	case "revoked":
		if a := o.do(o.t, v.token, "POST", "/auth/v1/logout", ""); a.StatusCode != 204 {
			o.t.Fatal(a.StatusCode, a.body)
		}
	}
	return v
}
