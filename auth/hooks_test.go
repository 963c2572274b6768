package auth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// TestS31NoWayInSkipsTheFunctions walks over all ways in: each is judged, told no
// secret, and stopped without a trace by whatever its functions refuse with.
func TestS31NoWayInSkipsTheFunctions(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			want := []string{auth.BeforeSignIn, auth.BeforeToken}
			if w.signsUp {
				want = slices.Insert(want, 0, auth.BeforeSignUp)
			}
			if w.method == "" {
				want = want[1:]
			}
			h := hookSetup(t, direct, withAnonymous)
			do := w.prepare(h)
			for _, event := range []string{auth.BeforeSignUp, auth.BeforeSignIn, auth.BeforeToken} {
				h.gives(event, "")
			}
			s, err := do()
			if err != nil {
				t.Fatal(err)
			}
			asked := h.events()
			if typesOf(asked) != strings.Join(want, " ") {
				t.Fatalf("asked %s, want %s", typesOf(asked), want)
			}
			for _, e := range asked {
				js := asJSON(t, e)
				for _, secret := range []string{password, "argon2", s.RefreshToken, s.AccessToken, "assword\":", "oken\":", "hash", "ecret"} {
					if strings.Contains(js, secret) {
						t.Errorf("%s: %q in %s", e.Type, secret, js)
					}
				}
				if w.method != "" && e.Method != w.method || e.User.ID != s.User.ID {
					t.Errorf("%s: %s, user %s", e.Type, e.Method, e.User.ID)
				}
			}
			// Codes on which auth itself would try again, or take for its own.
			for _, code := range []hutch.Code{hutch.PermissionDenied, hutch.Aborted, hutch.AlreadyExists, hutch.Unavailable} {
				for _, event := range want {
					h := hookSetup(t, direct, withAnonymous)
					do := w.prepare(h)
					h.refuses(event, code)
					before := h.count("_sessions", "_users", "_identities", "_otps")
					_, err := do()
					wantCode(t, err, code)
					if hutch.AsError(err).Message != "not you" {
						t.Errorf("%s: %v", event, err)
					}
					after := h.count("_sessions", "_users", "_identities", "_otps")
					after["_otps"], before["_otps"] = max(after["_otps"], before["_otps"]), max(after["_otps"], before["_otps"])
					if !maps.Equal(before, after) {
						t.Errorf("%s left a trace: %v, then %v", event, before, after)
					}
					h.gives(event, "")
					if w.name == "an id_token" {
						continue // it was shown
					}
					if _, err := do(); err != nil && w.name != "a linked provider" {
						t.Errorf("%s: what was refused is used up: %v", event, err)
					}
				}
			}
		})
	}
}

func (h *hooked) count(colls ...string) map[string]int {
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	n := map[string]int{}
	for _, c := range colls {
		n[c] = len(h.store.docs[c])
	}
	return n
}

func payloadOf(t testing.TB, token string) map[string]any {
	t.Helper()
	js, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	var m map[string]any
	if err != nil || json.Unmarshal(js, &m) != nil {
		t.Fatal(err, string(js))
	}
	return m
}

func TestS31ClaimsOfTheTokenHook(t *testing.T) {
	h := hookSetup(t, direct)
	h.gives(auth.BeforeToken, `{"claims": {"plan": "pro", "seats": 3, "org": {"id": "o1"}, "none": null}}`)
	s := h.signup("ann@shop.example")
	if got := payloadOf(t, s.AccessToken); got["plan"] != "pro" || got["seats"] != 3.0 || got["sub"] != s.User.ID || got["none"] != nil {
		t.Errorf("token: %v", got)
	}
	h.setApp("ann@shop.example", `{"team":"blue","plan":"free"}`)
	const want = `{"org":{"id":"o1"},"plan":"pro","provider":"email","providers":["email"],"roles":[],"seats":3,"team":"blue"}`
	if p := h.mustVerify(s.AccessToken); string(p.Claims) != want {
		t.Errorf("claims: %s", p.Claims)
	}
	t.Run("what another node verifies has them", func(t *testing.T) {
		p, _, err := h.node().Verify(t.Context(), s.AccessToken)
		if err != nil || string(p.Claims) != want {
			t.Errorf("%s, %v", p.Claims, err)
		}
	})
	t.Run("a refresh asks anew", func(t *testing.T) {
		h.events()
		h.gives(auth.BeforeToken, `{"claims": {"plan": "basic"}}`)
		n, err := h.refresh(s.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		if got := payloadOf(t, n.AccessToken); got["plan"] != "basic" || got["seats"] != nil {
			t.Errorf("token: %v", got)
		}
		// The stored claims count, not those of an older token.
		for _, token := range []string{s.AccessToken, n.AccessToken} {
			if p := h.mustVerify(token); strings.Contains(string(p.Claims), "seats") || !strings.Contains(string(p.Claims), `"plan":"basic"`) {
				t.Errorf("claims: %s", p.Claims)
			}
		}
		e := h.events()
		if len(e) != 1 || e[0].Session == "" || e[0].AAL != "aal1" || string(e[0].Claims) != "{}" {
			t.Errorf("asked %+v", e)
		}
	})
	t.Run("the repeated use of a spent token too", func(t *testing.T) {
		h.gives(auth.BeforeToken, `{"claims": {"plan": "gold"}}`)
		n, err := h.refresh(s.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		if p := h.mustVerify(n.AccessToken); !strings.Contains(string(p.Claims), `"plan":"gold"`) {
			t.Errorf("claims: %s", p.Claims)
		}
		h.refuses(auth.BeforeToken, hutch.PermissionDenied)
		_, err = h.refresh(s.RefreshToken)
		wantCode(t, err, hutch.PermissionDenied)
	})
	t.Run("a function that is gone adds nothing", func(t *testing.T) {
		h.set(auth.BeforeToken, nil)
		n, err := h.refresh(s.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		if p := h.mustVerify(n.AccessToken); string(p.Claims) != `{"plan":"free","provider":"email","providers":["email"],"roles":[],"team":"blue"}` {
			t.Errorf("claims: %s", p.Claims)
		}
	})
}

// TestS31ReservedClaimsAreRefused: loudly, and nobody gets in meanwhile.
func TestS31ReservedClaimsAreRefused(t *testing.T) {
	h := hookSetup(t, direct)
	h.signup("ann@shop.example")
	names := strings.FieldsSeq("iss sub aud exp iat nbf jti role roles aal amr session_id email is_anonymous app_metadata user_metadata provider providers" +
		" SUB Sub aAl \u017fub \u017fe\u017f\u017fion_id")
	for name := range names {
		h.gives(auth.BeforeToken, `{"claims": {"fine": 1, "`+name+`": "x"}}`)
		_, err := h.signIn(1, "ann@shop.example", password)
		wantCode(t, err, hutch.Internal)
		if !strings.Contains(err.Error(), "may not set the claim "+name) || !strings.Contains(h.log.String(), "may not set the claim "+name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
	for name, answer := range map[string]string{
		"a list": `[]`, "text": `"x"`, "another key": `{"app_metadata": {}}`, "no object": `{"claims": 1}`,
		"too much":      `{"claims": {"x": "` + strings.Repeat("x", 4096) + `"}}`,
		"a date":        `{"claims": {"at": {"$date": "2026-01-01T00:00:00.000Z"}}}`,
		"a nested date": `{"claims": {"a": [{"b": {"$date": "x"}}]}}`,
		"an operator":   `{"claims": {"$set": 1}}`, "no name": `{"claims": {"": 1}}`,
		"no exact number": `{"claims": {"n": 12345678901234567890123456789012345}}`, "no JSON": `{`,
	} {
		h.gives(auth.BeforeToken, answer)
		if _, err := h.signIn(1, "ann@shop.example", password); hutch.CodeOf(err) != hutch.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.gives(auth.BeforeToken, `{"claims": {"x": "`+strings.Repeat("x", 4096-70)+`"}}`)
	s, err := h.signIn(1, "ann@shop.example", password)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.put(1, s.AccessToken, `{"data":{"x":"`+strings.Repeat("y", 4080)+`"}}`); err != nil {
		t.Fatal(err)
	}
	if s, err = h.refresh(s.RefreshToken); err != nil {
		t.Fatal(err)
	}
	h.mustVerify(s.AccessToken) // the largest token is still one
	h.setApp("ann@shop.example", `{"y":"`+strings.Repeat("y", 200)+`"}`)
	_, err = h.refresh(s.RefreshToken)
	wantCode(t, err, hutch.Internal)
}

func TestWhatSignUpAndSignInMayChange(t *testing.T) {
	h := hookSetup(t, direct)
	h.gives(auth.BeforeSignUp, `{"app_metadata": {"plan": "trial"}, "user_metadata": {"name": "Ann", "gone": null}}`)
	h.gives(auth.BeforeSignIn, `{"app_metadata": {"seen": 1}}`)
	s := h.signup("ann@shop.example")
	if !strings.Contains(string(s.User.AppMetadata), `"plan":"trial"`) || !strings.Contains(string(s.User.AppMetadata), `"seen":1`) || string(s.User.UserMetadata) != `{"name":"Ann"}` {
		t.Errorf("user: %s %s", s.User.AppMetadata, s.User.UserMetadata)
	}
	e := h.events()
	if typesOf(e) != "beforeSignUp beforeSignIn" || e[0].IP != "127.0.0.1" || e[0].Provider != "email" || e[0].User.Email != "ann@shop.example" {
		t.Errorf("asked %+v", e)
	}
	if p := h.mustVerify(s.AccessToken); !strings.Contains(string(p.Claims), `"plan":"trial"`) {
		t.Errorf("claims: %s", p.Claims)
	}
	for name, answer := range map[string]string{
		"roles": `{"roles": ["admin"]}`, "roles in app_metadata": `{"app_metadata": {"roles": ["admin"]}}`,
		"provider": `{"app_metadata": {"provider": "corp"}}`, "id": `{"id": "x"}`, "email": `{"email": "x@y.example"}`,
		"claims": `{"claims": {}}`, "text": `{"app_metadata": "x"}`, "too much": `{"user_metadata": {"x": "` + strings.Repeat("x", 4096) + `"}}`,
	} {
		h.gives(auth.BeforeSignIn, answer)
		if _, err := h.signIn(1, "ann@shop.example", password); hutch.CodeOf(err) != hutch.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFunctionThatFailsLetsNobodyIn(t *testing.T) {
	h := hookSetup(t, direct)
	h.signup("ann@shop.example")
	h.set(auth.BeforeSignIn, func(auth.HookEvent) (string, error) { return "", errors.New("boom") })
	_, err := h.signIn(1, "ann@shop.example", password)
	wantCode(t, err, hutch.Internal)
	if strings.Contains(hutch.AsError(err).Message, "boom") {
		t.Errorf("the cause is told: %v", err)
	}
}

// TestS74ARefusedSignUpTellsNoAddress: where an address is not told to be taken, a
// function's refusal does not tell it either.
func TestS74ARefusedSignUpTellsNoAddress(t *testing.T) {
	h := hookSetup(t)
	h.confirmed(1, "known@shop.example")
	h.mails()
	h.refuses(auth.BeforeSignUp, hutch.PermissionDenied)
	for _, address := range []string{"known@shop.example", "unknown@shop.example"} {
		_, err := h.Signup(t.Context(), auth.SignupRequest{Email: address, Password: password}, here(1))
		wantCode(t, err, hutch.PermissionDenied)
		if err := h.otp(1, `{"email":"`+address+`"}`); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	if got := typesOf(h.events()); got != strings.Repeat("beforeSignUp ", 3)+"beforeSignUp" {
		t.Errorf("asked %s", got)
	}
	if m := h.mail(auth.MailMagicLink, "known@shop.example"); m.Code == "" {
		t.Errorf("%+v", m)
	}
	if n := h.count("_users")["_users"]; n != 1 {
		t.Errorf("%d accounts", n)
	}
}

func TestFunctionsHearOfAccounts(t *testing.T) {
	h := hookSetup(t)
	h.judges.after = map[string][]string{auth.AfterSignUp: {"greet", "note"}, auth.AfterDelete: {"forget"}}
	told := func(want string) string {
		t.Helper()
		var got []string
		uid := ""
		for _, a := range h.afters() {
			got = append(got, a.Function+" "+a.Event.Type)
			uid = a.Event.User.ID
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("told %q, want %q", got, want)
		}
		return uid
	}
	const both = "greet afterSignUp, note afterSignUp"
	h.signupAs(1, "ann@shop.example", password)
	h.signupAs(1, "ann@shop.example", password) // in place of the first
	told("")
	var s *auth.Session
	for _, m := range h.mails() { // of two the later holds
		link := auth.VerifyRequest{Type: "signup", TokenHash: linkOf(t, m).Token, Password: password}
		if in, err := h.verify(1, link); err == nil {
			s = in
		}
	}
	if s == nil {
		t.Fatal("no link confirms")
	}
	if uid := told(both); uid != s.User.ID {
		t.Errorf("of %s", uid)
	}
	if _, err := h.signIn(1, "ann@shop.example", password); err != nil {
		t.Fatal(err)
	}
	told("")
	h.idp.who = someone("1", "bob@shop.example", true)
	if _, err := h.elsewhere(); err != nil {
		t.Fatal(err)
	}
	told(both)
	key := bearer(h.adminKey())
	u, err := h.AddUser(t.Context(), key, []byte(`{"email":"cid@shop.example"}`))
	if err != nil {
		t.Fatal(err)
	}
	told(both)
	if err := h.RemoveUser(t.Context(), key, u.ID, nil); err != nil {
		t.Fatal(err)
	}
	if uid := told("forget afterDelete"); uid != u.ID {
		t.Errorf("of %s", uid)
	}
	t.Run("of 20 parallel sign-ups once", func(t *testing.T) {
		h := hookSetup(t, direct)
		h.judges.after = map[string][]string{auth.AfterSignUp: {"greet"}}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, _ = h.Signup(t.Context(), auth.SignupRequest{Email: "ann@shop.example", Password: password}, auth.Client{ServiceKey: true})
			})
		}
		wg.Wait()
		if got := h.afters(); len(got) != 1 {
			t.Errorf("%d jobs", len(got))
		}
	})
}

// TestS92NobodyHearsOfImports: a file of accounts calls no function, neither to
// judge nor to greet; their end is told as that of others.
func TestS92NobodyHearsOfImports(t *testing.T) {
	h := hookSetup(t)
	h.judges.after = map[string][]string{auth.AfterSignUp: {"greet"}, auth.AfterDelete: {"forget"}}
	h.refuses(auth.BeforeSignUp, hutch.PermissionDenied)
	var file []string
	for i := range 300 {
		file = append(file, fmt.Sprintf(`{"email":"u%d@shop.example","email_confirmed_at":"2020-01-01T00:00:00Z"}`, i))
	}
	if r := h.imported(auth.ImportOptions{Verified: true}, file...); r.Made != 300 {
		t.Fatalf("%+v", r)
	}
	if a, e, m := h.afters(), h.events(), h.mails(); len(a)+len(e)+len(m) != 0 {
		t.Errorf("%d heard, %d asked, %d mails", len(a), len(e), len(m))
	}
	u, err := h.AddUser(t.Context(), bearer(h.adminKey()), []byte(`{"email":"new@shop.example"}`))
	if err != nil {
		t.Fatal(err)
	}
	if a := h.afters(); len(a) != 1 || a[0].Function != "greet" || a[0].Event.User.ID != u.ID {
		t.Errorf("%+v", a)
	}
	if _, err := h.EraseUser(t.Context(), "u7@shop.example"); err != nil {
		t.Fatal(err)
	}
	if a := h.afters(); len(a) != 1 || a[0].Function != "forget" || a[0].Event.User.Email != "u7@shop.example" {
		t.Errorf("%+v", a)
	}
}
