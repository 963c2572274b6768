package auth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// idp is a provider that signs in whoever the test says, and remembers what it
// was asked.
type idp struct {
	mu     sync.Mutex // guards the rest
	who    auth.Foreign
	fails  error
	begun  auth.ProviderBegin
	traded int
	calls  bool // passes on what the browser says
}

func (p *idp) Begin(_ context.Context, r auth.ProviderBegin) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun = r
	return "https://id.example/authorize?state=" + r.State, p.fails
}

func (p *idp) Exchange(_ context.Context, r auth.ProviderCode) (*auth.Foreign, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.traded++
	if sum := sha256.Sum256([]byte(r.Verifier)); base64.RawURLEncoding.EncodeToString(sum[:]) != p.begun.Challenge ||
		r.Nonce != p.begun.Nonce || r.Redirect != p.begun.Redirect {
		return nil, &hutch.Error{Code: hutch.BadOAuthCallback, Message: "not the flow that began"}
	}
	who := p.who
	if p.calls {
		who.Called = r.Called
	}
	return &who, p.fails
}

func (p *idp) VerifyIDToken(_ context.Context, r auth.ProviderToken) (*auth.Foreign, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails != nil {
		return nil, p.fails
	}
	who := p.who
	who.Until = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	return &who, nil
}

// someone is a person at the provider.
func someone(subject, email string, verified bool) auth.Foreign {
	return auth.Foreign{Issuer: "https://id.example", Subject: subject, Email: email, EmailVerified: verified, Name: "Ann Other"}
}

const clientProof = "a-verifier-of-the-client-with-43-characters-"

func proofOf(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// abroad is a bench with one provider, corp.
func abroad(t testing.TB, edit ...func(*auth.Options)) (*bench, *idp) {
	t.Helper()
	p := &idp{}
	allowed, err := auth.ParseRedirects([]string{"https://app.example/**", "petstore://auth"})
	if err != nil {
		t.Fatal(err)
	}
	return setup(t, append([]func(*auth.Options){func(o *auth.Options) {
		o.Providers = auth.Providers{"corp": p, "other": p}
		o.Redirects = allowed
	}}, edit...)...), p
}

func request() auth.AuthorizeRequest {
	return auth.AuthorizeRequest{
		Provider: "corp", RedirectTo: "https://app.example/in", Challenge: proofOf(clientProof), ChallengeMethod: "s256",
	}
}

// browser keeps the cookies of one.
type browser map[string]string

func (w browser) take(s *auth.Step) {
	if s.Cookie.Name == "" {
		return
	}
	if s.Cookie.Value == "" {
		delete(w, s.Cookie.Name)
		return
	}
	w[s.Cookie.Name] = s.Cookie.Value
}

func (w browser) cookie(name string) string { return w[name] }

func (b *bench) authorize(w browser, r auth.AuthorizeRequest) (state string) {
	b.t.Helper()
	step, err := b.Authorize(b.t.Context(), r, here(1))
	if err != nil {
		b.t.Fatal(err)
	}
	w.take(step)
	return query(b.t, step.Location).Get("state")
}

func query(t testing.TB, at string) url.Values {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func (b *bench) callback(w browser, state string) url.Values {
	b.t.Helper()
	step, err := b.Callback(b.t.Context(), auth.CallbackRequest{State: state, Code: "code", Cookie: w.cookie}, here(1))
	if err != nil {
		b.t.Fatal(err)
	}
	w.take(step)
	q := query(b.t, step.Location)
	q.Set("at", strings.SplitN(step.Location, "?", 2)[0])
	return q
}

func (b *bench) trade(code, clientProof string) (*auth.Session, error) {
	return b.tradeFrom(here(1), code, clientProof)
}

func (b *bench) tradeFrom(c auth.Client, code, clientProof string) (*auth.Session, error) {
	body, err := json.Marshal(map[string]string{"auth_code": code, "code_verifier": clientProof})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.Token(b.t.Context(), "pkce", body, c)
}

// elsewhere signs in at the provider, by redirect.
func (b *bench) elsewhere() (*auth.Session, error) {
	b.t.Helper()
	return b.elsewhereFrom(here(1))
}

func (b *bench) elsewhereFrom(c auth.Client) (*auth.Session, error) {
	b.t.Helper()
	w := browser{}
	return b.tradeFrom(c, b.callback(w, b.authorize(w, request())).Get("code"), clientProof)
}

func (b *bench) idToken(token string, more ...string) (*auth.Session, error) {
	body := map[string]any{"provider": "corp", "id_token": token, "nonce": "n"}
	c := here(1)
	if len(more) > 0 {
		body["link_identity"] = true
		c.Credentials = bearer(more[0])
	}
	js, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.Token(b.t.Context(), "id_token", js, c)
}

func TestSignInAtAProvider(t *testing.T) {
	b, p := abroad(t)
	p.who = someone("1", "Ann@shop.example", true)
	w := browser{}
	state := b.authorize(w, request())
	if p.begun.Redirect != "https://shop.example/auth/v1/callback" || p.begun.Nonce == "" || p.begun.Challenge == proofOf(clientProof) {
		t.Errorf("asked for %+v", p.begun)
	}
	q := b.callback(w, state)
	if q.Get("at") != "https://app.example/in" || q.Get("code") == "" || q.Has("access_token") || q.Has("error") {
		t.Fatalf("back with %v", q)
	}
	if b.store.count("_users") != 0 || len(w) != 0 {
		t.Error("the callback alone made an account, or left its cookie")
	}
	s, err := b.trade(q.Get("code"), clientProof)
	if err != nil {
		t.Fatal(err)
	}
	if s.User.Email != "Ann@shop.example" || s.User.EmailConfirmedAt == "" || !strings.Contains(string(s.User.AppMetadata), `"provider":"corp"`) ||
		!strings.Contains(string(s.User.UserMetadata), `"full_name":"Ann Other"`) {
		t.Errorf("user %+v %s", s.User, s.User.AppMetadata)
	}
	if len(s.User.Identities) != 1 || s.User.Identities[0].ID != "1" || s.User.Identities[0].IdentityData["iss"] != "https://id.example" {
		t.Errorf("identities %+v", s.User.Identities)
	}
	if who := b.mustVerify(s.AccessToken); who.Provider != "corp" || !who.EmailVerified {
		t.Errorf("principal %+v", who)
	}
	if js, _ := json.Marshal(claims(t, s.AccessToken)["amr"]); !strings.Contains(string(js), `"oauth"`) {
		t.Errorf("amr %s", js)
	}
	again, err := b.elsewhere()
	if err != nil || again.User.ID != s.User.ID {
		t.Fatalf("the second time: %v", err)
	}
	if _, err = b.signin("ann@shop.example", password, here(1)); hutch.CodeOf(err) != hutch.InvalidCredentials {
		t.Errorf("an account without a password: %v", err)
	}
	if !b.Settings().External["corp"] {
		t.Error("settings do not show the provider")
	}
}

// S36: an id_token signs in once, also when it is shown 20 times at once.
func TestS36IDTokenOnce(t *testing.T) {
	b, p := abroad(t)
	p.who = someone("1", "ann@shop.example", true)
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		// A signature can be spelt in two ways; what it signs is the token.
		wg.Go(func() { _, errs[i] = b.idToken("head.claims." + strings.Repeat("s", i+1)) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantCode(t, err, hutch.InvalidCredentials)
	}
	if won != 1 {
		t.Errorf("%d sign-ins by one token", won)
	}
	if _, err := b.idToken("head.other.sig"); err != nil {
		t.Error(err)
	}
	for body, want := range map[string]hutch.Code{
		`{"provider":"corp","id_token":"a.b.c"}`:               hutch.ValidationFailed, // no nonce
		`{"provider":"nobody","id_token":"a.b.c","nonce":"n"}`: hutch.ProviderDisabled,
		`{"id_token":"a.b.c","nonce":"n"}`:                     hutch.ValidationFailed,
		`{"provider":"corp","nonce":"n"}`:                      hutch.ValidationFailed,
		`{"provider":"corp","id_token":1,"nonce":"n"}`:         hutch.ValidationFailed,
		`[]`: hutch.BadJSON,
		`{"issuer":"https://id.example","id_token":"a.b.c","nonce":"n"}`: hutch.ValidationFailed, // issuers come from rows
	} {
		_, err := b.Token(t.Context(), "id_token", []byte(body), here(1))
		if hutch.CodeOf(err) != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// S37: a code goes only where the list allows, and no token goes anywhere.
func TestS37RedirectsOfFlows(t *testing.T) {
	b, p := abroad(t)
	p.who = someone("1", "", false)
	for target, want := range map[string]string{
		"https://app.example/a/b":                    "https://app.example/a/b",
		"petstore://auth":                            "petstore://auth",
		"":                                           "https://shop.example",
		"https://app.example.evil.test/in":           "https://shop.example",
		"https://app.example@evil.test/in":           "https://shop.example",
		"//evil.test":                                "https://shop.example",
		`https://evil.test\@app.example/in`:          "https://shop.example",
		"javascript:alert(1)":                        "https://shop.example",
		"http://app.example/in":                      "https://shop.example",
		"https://app.example:444/in":                 "https://shop.example",
		"https://app.example/in#access_token=stolen": "https://shop.example",
	} {
		r := request()
		r.RedirectTo = target
		w := browser{}
		q := b.callback(w, b.authorize(w, r))
		if strings.TrimSuffix(q.Get("at"), "/") != want || q.Get("code") == "" || q.Has("access_token") || q.Has("refresh_token") {
			t.Errorf("%q: %v", target, q)
		}
	}
	for _, edit := range []func(*auth.AuthorizeRequest){
		func(r *auth.AuthorizeRequest) { r.Challenge = "" },
		func(r *auth.AuthorizeRequest) { r.Challenge = "short" },
		func(r *auth.AuthorizeRequest) { r.ChallengeMethod = "s512" },
		func(r *auth.AuthorizeRequest) { r.Provider = "" },
		func(r *auth.AuthorizeRequest) { r.Scopes = strings.Repeat("s ", 20) },
	} {
		r := request()
		edit(&r)
		_, err := b.Authorize(t.Context(), r, here(1))
		wantCode(t, err, hutch.ValidationFailed)
	}
}

// S43 and S65: the flow belongs to the browser in which it began, by a cookie;
// its state is good once; its code to the client that began.
func TestS43FlowBelongsToItsBrowserAndClient(t *testing.T) {
	b, p := abroad(t)
	p.who = someone("1", "eve@shop.example", true)
	mine, theirs := browser{}, browser{}
	state := b.authorize(mine, request())
	b.authorize(theirs, request())
	t.Run("a stranger's browser", func(t *testing.T) {
		for _, w := range []browser{theirs, {}} {
			if q := b.callback(w, state); q.Get("error_code") != "bad_oauth_state" || q.Has("code") || p.traded != 0 {
				t.Errorf("%v", q)
			}
		}
	})
	state = b.authorize(mine, request()) // theirs' cookie may have had the same name
	t.Run("another state", func(t *testing.T) {
		for _, s := range []string{"", "x", state + "x", strings.ToLower(state)} {
			if q := b.callback(mine, s); q.Get("error_code") != "bad_oauth_state" {
				t.Errorf("%v", q)
			}
		}
	})
	var code string
	t.Run("once, of 20", func(t *testing.T) {
		jar := map[string]string{}
		maps.Copy(jar, mine)
		var wg sync.WaitGroup
		got := make([]string, 20)
		for i := range got {
			wg.Go(func() {
				step, err := b.Callback(t.Context(), auth.CallbackRequest{State: state, Code: "c", Cookie: func(n string) string { return jar[n] }}, here(1))
				if err == nil {
					got[i] = query(t, step.Location).Get("code")
				}
			})
		}
		wg.Wait()
		n := 0
		for _, c := range got {
			if c != "" {
				n++
				code = c
			}
		}
		if n != 1 || p.traded != 1 {
			t.Errorf("%d codes of one state, %d calls", n, p.traded)
		}
	})
	t.Run("a code, 20 times", func(t *testing.T) {
		var wg sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			wg.Go(func() { _, errs[i] = b.trade(code, clientProof) })
		}
		wg.Wait()
		n := 0
		for _, err := range errs {
			if err == nil {
				n++
				continue
			}
			wantCode(t, err, hutch.FlowStateNotFound)
		}
		if n != 1 || b.store.count("_users") != 1 {
			t.Errorf("%d sessions of one code", n)
		}
	})
	t.Run("another client's verifier ends the code", func(t *testing.T) {
		code := b.callback(mine, b.authorize(mine, request())).Get("code")
		_, err := b.trade(code, strings.ToUpper(clientProof))
		wantCode(t, err, hutch.BadCodeVerifier)
		_, err = b.trade(code, clientProof)
		wantCode(t, err, hutch.FlowStateNotFound)
	})
	t.Run("in time", func(t *testing.T) {
		state := b.authorize(mine, request())
		b.clock.add(10 * time.Minute)
		if q := b.callback(mine, state); q.Get("error_code") != "bad_oauth_state" {
			t.Errorf("%v", q)
		}
		code := b.callback(mine, b.authorize(mine, request())).Get("code")
		b.clock.add(5 * time.Minute)
		_, err := b.trade(code, clientProof)
		wantCode(t, err, hutch.FlowStateNotFound)
	})
	t.Run("the cookie", func(t *testing.T) {
		step, err := b.Authorize(t.Context(), request(), here(1))
		if err != nil || !step.Cookie.Secure || !strings.HasPrefix(step.Cookie.Name, "__Host-hutch-state-") || step.Cookie.Life != 10*time.Minute {
			t.Errorf("%+v %v", step, err)
		}
		if strings.Contains(b.store.all(), step.Cookie.Value) || strings.Contains(step.Location, step.Cookie.Value) {
			t.Error("the cookie's value stands elsewhere")
		}
	})
}

// A provider that fails leaves nobody signed in, and its words stay out of the app.
func TestProviderFails(t *testing.T) {
	b, p := abroad(t)
	w := browser{}
	state := b.authorize(w, request())
	step, err := b.Callback(t.Context(), auth.CallbackRequest{State: state, Error: "access_denied", Cookie: w.cookie}, here(1))
	if q := query(t, step.Location); err != nil || q.Get("error") != "access_denied" || q.Get("error_code") != "bad_oauth_callback" {
		t.Errorf("%v %v", q, err)
	}
	state = b.authorize(w, request())
	step, _ = b.Callback(t.Context(), auth.CallbackRequest{State: state, Error: "<b>evil", Code: "x", Cookie: w.cookie}, here(1))
	if q := query(t, step.Location); q.Get("error") != "server_error" || strings.Contains(step.Location, "evil") {
		t.Errorf("%v", q)
	}
	state = b.authorize(w, request())
	p.fails = &hutch.Error{Code: hutch.Unavailable, Message: "the provider cannot be reached"}
	if q := b.callback(w, state); q.Get("error_code") != "unavailable" || q.Get("at") != "https://app.example/in" {
		t.Errorf("%v", q)
	}
	step, err = b.Authorize(t.Context(), request(), here(1))
	if err != nil || query(t, step.Location).Get("error") != "server_error" || step.Cookie.Name != "" {
		t.Errorf("%+v %v", step, err)
	}
	if b.store.count("_users") != 0 || b.store.count("_sessions") != 0 {
		t.Error("somebody was signed in")
	}
}

func TestFlowsAreLimited(t *testing.T) {
	b, p := abroad(t)
	p.who = someone("1", "", false)
	var err error
	for range 301 {
		if _, err = b.Authorize(t.Context(), request(), here(9)); err != nil {
			break
		}
	}
	wantCode(t, err, hutch.OverRequestRateLimit)
	if _, err = b.Authorize(t.Context(), request(), here(8)); err != nil {
		t.Errorf("another network: %v", err)
	}
}

func FuzzCallback(f *testing.F) {
	b, p := abroad(f)
	p.who = someone("1", "", false)
	w := browser{}
	state := b.authorize(w, request())
	f.Add(state, "code", "", "", "v")
	f.Add("", "", "access_denied", "https://id.example", "")
	f.Add(state[:20], "\x00", "\r\nSet-Cookie: a=b", "//", state)
	f.Fuzz(func(t *testing.T, state, code, fault, iss, cookie string) {
		step, err := b.Callback(t.Context(), auth.CallbackRequest{
			State: state, Code: code, Error: fault, Issuer: iss, Cookie: func(string) string { return cookie },
		}, auth.Client{ServiceKey: true})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(step.Location)
		if err != nil || u.Host != "shop.example" || u.Query().Has("code") || strings.ContainsAny(step.Location, "\r\n") {
			t.Fatalf("%q: %v", step.Location, err)
		}
	})
}
