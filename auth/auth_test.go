package auth_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

const password = "correct horse battery"

// clock is the time of a test.
type clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// counting is a Hasher that counts.
type counting struct {
	auth.Hasher
	mu             sync.Mutex // guards the rest
	hashed, tested int
	empty          int    // verified against no account
	after          func() // called once after a verification
}

func (c *counting) Hash(ctx context.Context, p string) (string, error) {
	c.mu.Lock()
	c.hashed++
	c.mu.Unlock()
	return c.Hasher.Hash(ctx, p)
}

func (c *counting) Verify(ctx context.Context, p, encoded string) (bool, error) {
	c.mu.Lock()
	c.tested++
	if encoded == "" {
		c.empty++
	}
	after := c.after
	c.after = nil
	c.mu.Unlock()
	ok, err := c.Hasher.Verify(ctx, p, encoded)
	if after != nil {
		after()
	}
	return ok, err
}

func (c *counting) counts() (hashed, tested, empty int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hashed, c.tested, c.empty
}

type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// bench is a Service with all that surrounds it.
type bench struct {
	*auth.Service
	t     testing.TB
	store *memory
	clock *clock
	hash  *counting
	log   *lockedBuffer
	opts  auth.Options
}

func setup(t testing.TB, edit ...func(*auth.Options)) *bench {
	t.Helper()
	b := &bench{
		t: t, store: newMemory(), log: &lockedBuffer{},
		clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
	}
	cheap, err := auth.CheapHasher(rand.Reader, auth.HasherOptions{Workers: 4})
	if err != nil {
		t.Fatal(err)
	}
	reflect(t, b.store)
	b.hash = &counting{Hasher: cheap}
	b.opts = auth.Options{
		System: b.store, Feed: b.store, Hasher: b.hash, MasterKey: [32]byte{1}, Signup: true,
		PublicURL: func() string { return "https://shop.example" }, Now: b.clock.Now,
		Counter: data.NewCounter(newMemory(), []byte("key"), b.clock.Now),
		Log:     slog.New(slog.NewTextHandler(b.log, nil)),
	}
	for _, e := range edit {
		e(&b.opts)
	}
	b.Service = b.node()
	return b
}

// node starts another Service on the same store.
func (b *bench) node() *auth.Service {
	b.t.Helper()
	s, err := auth.New(b.t.Context(), b.opts)
	if err != nil {
		b.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(b.t.Context()) }() // ends before clean-ups
	b.t.Cleanup(func() { <-done })
	b.store.progress(b.t, b.clock.Now())
	return s
}

// here is a client on a network of its own; limits apply.
func here(n byte) auth.Client {
	return auth.Client{Addr: netip.AddrFrom4([4]byte{203, 0, 113, n})}
}

func (b *bench) signup(address string) *auth.Session {
	b.t.Helper()
	s, err := b.Signup(b.t.Context(), auth.SignupRequest{Email: address, Password: password}, auth.Client{Addr: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (b *bench) signin(address, password string, c auth.Client) (*auth.Session, error) {
	return b.SignIn(b.t.Context(), auth.PasswordRequest{Email: address, Password: password}, c)
}

func (b *bench) refresh(token string) (*auth.Session, error) {
	return b.Refresh(b.t.Context(), auth.RefreshRequest{RefreshToken: token})
}

func bearer(token string) auth.Credentials {
	return auth.Credentials{Authorization: "Bearer " + token}
}

func (b *bench) verify(token string) (hutch.Principal, error) {
	p, _, err := b.Verify(b.t.Context(), token)
	return p, err
}

// mustVerify fails the test where a token is not good.
func (b *bench) mustVerify(token string) hutch.Principal {
	b.t.Helper()
	p, err := b.verify(token)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func wantCode(t testing.TB, err error, want hutch.Code) {
	t.Helper()
	if got := hutch.CodeOf(err); got != want {
		t.Fatalf("got %v, want %s", err, want)
	}
}

// claims reads a token's payload without checking it.
func claims(t testing.TB, token string) map[string]any {
	t.Helper()
	part := strings.Split(token, ".")[1]
	js, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(js, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSignUpAnswersASession(t *testing.T) {
	b := setup(t)
	req, err := auth.ParseSignup([]byte(`{"email":"Ann@Shop.Example","password":"` + password + `","data":{"name":"Ann","none":null},"gotrue_meta_security":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.Signup(t.Context(), req, here(1))
	if err != nil {
		t.Fatal(err)
	}
	if s.TokenType != "bearer" || s.ExpiresIn != 900 || s.ExpiresAt != b.clock.Now().Add(15*time.Minute).Unix() {
		t.Errorf("session: %+v", s)
	}
	js, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(js, &m); err != nil {
		t.Fatal(err)
	}
	u := m["user"].(map[string]any)
	for _, f := range []string{"id", "aud", "role", "email", "phone", "last_sign_in_at", "app_metadata", "user_metadata", "identities", "factors", "is_anonymous", "created_at", "updated_at"} {
		if _, ok := u[f]; !ok {
			t.Errorf("the user has no %s: %s", f, js)
		}
	}
	if u["email"] != "Ann@Shop.Example" || u["aud"] != "authenticated" || u["role"] != "authenticated" || u["phone"] != "" || u["is_anonymous"] != false {
		t.Errorf("user: %s", js)
	}
	if got, _ := json.Marshal(u["user_metadata"]); string(got) != `{"name":"Ann"}` {
		t.Errorf("user_metadata: %s", got)
	}
	if got, _ := json.Marshal(u["app_metadata"]); string(got) != `{"provider":"email","providers":["email"],"roles":[]}` {
		t.Errorf("app_metadata: %s", got)
	}
	id := u["identities"].([]any)[0].(map[string]any)
	if id["provider"] != "email" || id["id"] != u["id"] || id["user_id"] != u["id"] || id["identity_id"] == u["id"] || len(id["identity_id"].(string)) != 36 {
		t.Errorf("identity: %v", id)
	}
	c := claims(t, s.AccessToken)
	for _, f := range []string{"iss", "sub", "aud", "exp", "iat", "jti", "role", "email", "is_anonymous", "session_id", "aal", "amr", "app_metadata", "user_metadata"} {
		if _, ok := c[f]; !ok {
			t.Errorf("the token has no %s", f)
		}
	}
	if c["iss"] != "https://shop.example" || c["sub"] != u["id"] || c["aud"] != "authenticated" || c["aal"] != "aal1" {
		t.Errorf("claims: %v", c)
	}
	head, _ := base64.RawURLEncoding.DecodeString(strings.Split(s.AccessToken, ".")[0])
	if !strings.Contains(string(head), `"typ":"at+jwt"`) || !strings.Contains(string(head), `"alg":"ES256"`) {
		t.Errorf("header: %s", head)
	}
	p := b.mustVerify(s.AccessToken)
	if p.Kind != hutch.User || p.UID != u["id"] || p.Key == "" || p.SessionID != c["session_id"] || p.Role != "authenticated" || p.Provider != "email" || p.AAL != "aal1" {
		t.Errorf("principal: %+v", p)
	}
}

func TestSignInAndGetUser(t *testing.T) {
	b := setup(t)
	first := b.signup("ann@shop.example")
	b.clock.add(time.Hour)
	s, err := b.Token(t.Context(), "password", []byte(`{"email":"ANN@shop.example","password":"`+password+`"}`), here(1))
	if err != nil {
		t.Fatal(err)
	}
	if s.User.ID != first.User.ID || s.RefreshToken == first.RefreshToken {
		t.Errorf("another user or the same session")
	}
	u, err := b.User(t.Context(), bearer(s.AccessToken))
	if err != nil {
		t.Fatal(err)
	}
	if u.LastSignInAt != "2026-03-01T13:00:00.000Z" || u.CreatedAt != "2026-03-01T12:00:00.000Z" {
		t.Errorf("times: %+v", u)
	}
}

func TestErrorsOfRequests(t *testing.T) {
	b := setup(t)
	ann := b.signup("ann@shop.example")
	long := strings.Repeat("x", 257)
	deep := strings.Repeat(`{"a":`, 41) + "1" + strings.Repeat("}", 41)
	signup := func(body string) error {
		r, err := auth.ParseSignup([]byte(body))
		if err == nil {
			_, err = b.Signup(t.Context(), r, here(2))
		}
		return err
	}
	token := func(grant string) func(string) error {
		return func(body string) error {
			_, err := b.Token(t.Context(), grant, []byte(body), here(2))
			return err
		}
	}
	put := func(body string) error {
		r, err := auth.ParseUpdate([]byte(body))
		if err == nil {
			_, err = b.UpdateUser(t.Context(), bearer(ann.AccessToken), r, here(2))
		}
		return err
	}
	for _, c := range []struct {
		name  string
		do    func(string) error
		body  string
		code  hutch.Code
		field string
	}{
		{"no JSON", signup, `{`, hutch.BadJSON, ""},
		{"no body", signup, ``, hutch.BadJSON, ""},
		{"an array", signup, `[]`, hutch.BadJSON, ""},
		{"null", signup, `null`, hutch.BadJSON, ""},
		{"two values", signup, `{} {}`, hutch.BadJSON, ""},
		{"no UTF-8", signup, "{\"email\":\"\xff\"}", hutch.BadJSON, ""},
		{"nested too deep", signup, deep, hutch.BadJSON, ""},
		{"nothing", signup, `{}`, hutch.AnonymousDisabled, ""},
		{"data only", signup, `{"data":{}}`, hutch.AnonymousDisabled, ""},
		{"a phone", signup, `{"phone":"123","password":"` + password + `"}`, hutch.ValidationFailed, "email"},
		{"no password", signup, `{"email":"bob@shop.example"}`, hutch.ValidationFailed, "password"},
		{"a number as address", signup, `{"email":1,"password":"` + password + `"}`, hutch.ValidationFailed, "email"},
		{"a list as password", signup, `{"email":"bob@shop.example","password":[]}`, hutch.ValidationFailed, "password"},
		{"a bad address", signup, `{"email":"bob","password":"` + password + `"}`, hutch.ValidationFailed, "email"},
		{"a short password", signup, `{"email":"bob@shop.example","password":"short"}`, hutch.WeakPassword, "password"},
		{"a long password", signup, `{"email":"bob@shop.example","password":"` + long + `"}`, hutch.ValidationFailed, "password"},
		{"data that is no object", signup, `{"email":"bob@shop.example","password":"` + password + `","data":[]}`, hutch.ValidationFailed, "data"},
		{"much data", signup, `{"email":"bob@shop.example","password":"` + password + `","data":{"a":"` + strings.Repeat("x", 4096) + `"}}`, hutch.ValidationFailed, "data"},
		{"a taken address", signup, `{"email":"Ann@shop.example","password":"` + password + `"}`, hutch.UserAlreadyExists, "email"},
		{"an unknown grant", token("web3"), `{}`, hutch.ValidationFailed, "grant_type"},
		{"no grant", token(""), `{}`, hutch.ValidationFailed, "grant_type"},
		{"sign-in without JSON", token("password"), `x`, hutch.BadJSON, ""},
		{"sign-in without address", token("password"), `{"password":"x"}`, hutch.ValidationFailed, "email"},
		{"sign-in without password", token("password"), `{"email":"ann@shop.example","password":""}`, hutch.ValidationFailed, "password"},
		{"a wrong password", token("password"), `{"email":"ann@shop.example","password":"wrong"}`, hutch.InvalidCredentials, ""},
		{"a password too long", token("password"), `{"email":"ann@shop.example","password":"` + long + `"}`, hutch.InvalidCredentials, ""},
		{"an unknown user", token("password"), `{"email":"bob@shop.example","password":"wrong"}`, hutch.InvalidCredentials, ""},
		{"refresh without token", token("refresh_token"), `{}`, hutch.ValidationFailed, "refresh_token"},
		{"refresh with a number", token("refresh_token"), `{"refresh_token":7}`, hutch.ValidationFailed, "refresh_token"},
		{"an unknown refresh token", token("refresh_token"), `{"refresh_token":"abc"}`, hutch.RefreshTokenNotFound, ""},
		{"update without JSON", put, `[`, hutch.BadJSON, ""},
		{"an empty new password", put, `{"password":""}`, hutch.ValidationFailed, "password"},
		{"a short new password", put, `{"password":"short"}`, hutch.WeakPassword, "password"},
		{"the same password", put, `{"password":"` + password + `"}`, hutch.SamePassword, "password"},
		{"the same password, given", put, `{"password":"` + password + `","current_password":"` + password + `"}`, hutch.SamePassword, "password"},
		{"a wrong current password", put, `{"password":"another password","current_password":"wrong"}`, hutch.InvalidCredentials, ""},
		{"another address", put, `{"email":"bob@shop.example"}`, hutch.ValidationFailed, "email"},
		{"data too large", put, `{"data":{"a":"` + strings.Repeat("x", 4096) + `"}}`, hutch.ValidationFailed, "data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.do(c.body)
			wantCode(t, err, c.code)
			e := hutch.AsError(err)
			if e.Field != c.field {
				t.Errorf("field %q, want %q", e.Field, c.field)
			}
			if e.Status() >= 500 || e.Message == "" {
				t.Errorf("status %d, message %q", e.Status(), e.Message)
			}
		})
	}
	if e := hutch.AsError(signup(`{"email":"bob@shop.example","password":"short"}`)); string(e.Details) != `{"reasons":["length"]}` {
		t.Errorf("details: %s", e.Details)
	}
	if n := b.store.count("_users"); n != 1 {
		t.Errorf("%d users after refused requests, want 1", n)
	}
}

func TestSignUpMayBeOff(t *testing.T) {
	b := setup(t, func(o *auth.Options) { o.Signup = false })
	_, err := b.Signup(t.Context(), auth.SignupRequest{Email: "a@b.test", Password: password}, here(1))
	wantCode(t, err, hutch.SignupDisabled)
	if !b.Settings().DisableSignup {
		t.Error("settings do not say so")
	}
	if _, _, err := b.CreateUser(t.Context(), "a@b.test", password, nil); err != nil {
		t.Errorf("an invited user: %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	b := setup(t)
	for name, edit := range map[string]func(*auth.Options){
		"no system":       func(o *auth.Options) { o.System = nil },
		"no hasher":       func(o *auth.Options) { o.Hasher = nil },
		"no url":          func(o *auth.Options) { o.PublicURL = nil },
		"no master key":   func(o *auth.Options) { o.MasterKey = [32]byte{} },
		"minLength 7":     func(o *auth.Options) { o.MinLength = 7 },
		"minLength 257":   func(o *auth.Options) { o.MinLength = 257 },
		"negative access": func(o *auth.Options) { o.Lifetimes.Access = -1 },
	} {
		o := b.opts
		edit(&o)
		if _, err := auth.New(t.Context(), o); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
