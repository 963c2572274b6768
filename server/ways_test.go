package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"

	"github.com/hutch-dev/hutch/internal/history"
	"github.com/hutch-dev/hutch/server"
)

// What only goes well with a device, a code or a link goes so here, over the real
// sign-in; that it does not without is the tables'.

// authenticator is a device that makes and uses one passkey.
type authenticator struct {
	t      *testing.T
	origin string
	maker  virtualwebauthn.Authenticator
	key    virtualwebauthn.Credential
}

func newAuthenticator(t *testing.T, origin string) *authenticator {
	origin = strings.Replace(origin, "127.0.0.1", "localhost", 1) // a key is for a name
	key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(key.Key.AttestationData()) < 77 { // it drops leading zeros of a point, which are part of it
		key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return &authenticator{t: t, origin: origin, maker: virtualwebauthn.NewAuthenticator(), key: key}
}

// asked are the options of an answer, and the challenge they belong to.
func (d *authenticator) asked(a *answer) (challenge, options string) {
	d.t.Helper()
	var in struct {
		Users     string `json:"challenge_id"`
		Operators string `json:"challengeId"`
		Options   json.RawMessage
	}
	if err := json.Unmarshal([]byte(a.body), &in); err != nil || a.StatusCode != 200 {
		d.t.Fatal(a.StatusCode, a.body)
	}
	return in.Users + in.Operators, string(in.Options)
}

func (d *authenticator) create(a *answer) (challenge, credential string) {
	d.t.Helper()
	challenge, options := d.asked(a)
	o, err := virtualwebauthn.ParseAttestationOptions(options)
	if err != nil {
		d.t.Fatal(err, options)
	}
	d.maker.Options.UserHandle = []byte(o.UserID)
	rp := virtualwebauthn.RelyingParty{ID: o.RelyingPartyID, Origin: d.origin}
	return challenge, virtualwebauthn.CreateAttestationResponse(rp, d.maker, d.key, *o)
}

func (d *authenticator) get(a *answer) (challenge, credential string) {
	d.t.Helper()
	challenge, options := d.asked(a)
	o, err := virtualwebauthn.ParseAssertionOptions(options)
	if err != nil {
		d.t.Fatal(err, options)
	}
	rp := virtualwebauthn.RelyingParty{ID: o.RelyingPartyID, Origin: d.origin}
	return challenge, virtualwebauthn.CreateAssertionResponse(rp, d.maker, d.key, *o)
}

// good wants an answer of a status.
func good(t *testing.T, a *answer, status int) *answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s %s: %d %s, want %d", a.Request.Method, a.Request.URL.Path, a.StatusCode, a.body, status)
	}
	return a
}

// passkey gives somebody a new one.
func (o *office) passkey(t *testing.T, v visitor) (*authenticator, string) {
	t.Helper()
	d := newAuthenticator(t, o.opts.PublicURL())
	challenge, credential := d.create(o.do(t, v.token, "POST", "/auth/v1/passkeys/registration/options", "{}"))
	a := o.do(t, v.token, "POST", "/auth/v1/passkeys/registration/verify", `{"challenge_id":"`+challenge+`","credential":`+credential+`}`)
	return d, good(t, a, 200).field("id")
}

// TestPasskeysOfUsers, from the first to the last.
func TestPasskeysOfUsers(t *testing.T) {
	o := openOffice(t)
	v, _ := o.person()
	d, id := o.passkey(t, v)
	challenge, credential := d.get(o.do(t, "", "POST", "/auth/v1/passkeys/authentication/options", "{}"))
	a := good(t, o.do(t, "", "POST", "/auth/v1/passkeys/authentication/verify", `{"challenge_id":"`+challenge+`","credential":`+credential+`}`), 200)
	token := a.field("access_token")
	if a = good(t, o.do(t, token, "GET", "/auth/v1/passkeys", ""), 200); !strings.Contains(a.body, `"last_used_at"`) {
		t.Error(a.body)
	}
	a = good(t, o.do(t, token, "PATCH", "/auth/v1/passkeys/"+id, `{"friendly_name":"phone"}`), 200)
	if a.field("friendly_name") != "phone" {
		t.Error(a.body)
	}
	good(t, o.do(t, token, "DELETE", "/auth/v1/passkeys/"+id, ""), 204)
	key := o.key("auth").token
	for _, users := range []string{"/auth/v1/admin/users/", "/admin/v1/auth/users/"} {
		_, id := o.passkey(t, v)
		at := users + v.user + "/passkeys"
		if a := good(t, o.do(t, key, "GET", at, ""), 200); !strings.Contains(a.body, id) {
			t.Error(a.body)
		}
		good(t, o.do(t, key, "DELETE", at+"/"+id, ""), 204)
	}
}

// TestRecoveryCodesOfUsers: made, counted, made anew, used and removed.
func TestRecoveryCodesOfUsers(t *testing.T) {
	o := openOffice(t)
	const at = "/auth/v1/factors/recovery-codes"
	shown, other := o.guarded()
	good(t, o.do(t, shown.token, "POST", at, ""), 200)
	good(t, o.do(t, shown.token, "GET", at, ""), 200)
	var made struct{ Codes []string }
	o.read(o.do(t, shown.token, "POST", at+"/regenerate", ""), &made)
	if len(made.Codes) == 0 {
		t.Fatal("no codes")
	}
	good(t, o.do(t, other.token, "POST", at+"/verify", `{"code":"`+made.Codes[0]+`"}`), 200)
	good(t, o.do(t, shown.token, "DELETE", at, ""), 200)
	key := o.key("auth").token
	for _, users := range []string{"/auth/v1/admin/users/", "/admin/v1/auth/users/"} {
		v, _ := o.guarded()
		good(t, o.do(t, key, "DELETE", users+v.user+"/factors/"+v.factor, ""), 200)
	}
}

// TestWaysInOfUsers: a provider's account is linked and unlinked, a session ended
// by a key, a link shows its page.
func TestWaysInOfUsers(t *testing.T) {
	o := openOffice(t)
	key := o.key("auth").token
	for at, status := range map[string]int{
		"/auth/v1/user/identities/": 200, "/auth/v1/admin/users/{user}/identities/": 204, "/admin/v1/auth/users/{user}/identities/": 204,
	} {
		v, _ := o.person()
		a := o.do(t, v.token, "POST", "/auth/v1/token?grant_type=id_token", `{"provider":"corp","id_token":"`+fmt.Sprint("t", o.n)+`.s","nonce":"n","link_identity":true}`)
		good(t, a, 200)
		token := key
		if !strings.Contains(at, "{user}") {
			token = v.token
		}
		var user struct {
			Identities []struct {
				ID       string `json:"identity_id"`
				Provider string
			}
		}
		o.read(o.do(t, v.token, "GET", "/auth/v1/user", ""), &user)
		gone := 0
		for _, i := range user.Identities {
			if i.Provider == "corp" {
				good(t, o.do(t, token, "DELETE", strings.ReplaceAll(at, "{user}", v.user)+i.ID, ""), status)
				gone++
			}
		}
		if gone != 1 {
			t.Fatalf("%+v", user)
		}
	}
	for _, users := range []string{"/auth/v1/admin/users/", "/admin/v1/auth/users/"} {
		v, _ := o.person()
		good(t, o.do(t, key, "DELETE", users+v.user+"/sessions/"+v.session, ""), 204)
	}
	_, address := o.person()
	a := good(t, o.do(t, key, "POST", "/auth/v1/admin/generate_link", `{"type":"magiclink","email":"`+address+`"}`), 200)
	page := o.do(t, "", "GET", "/auth/v1/verify?type=magiclink&token="+a.field("hashed_token"), "")
	if good(t, page, 200); !strings.Contains(page.body, "<form") {
		t.Error(page.body)
	}
}

// TestOperatorsOwnAccount: password, authenticator app, passkey and sessions.
func TestOperatorsOwnAccount(t *testing.T) {
	d := startDesk(t)
	const account = "/admin/v1/account"
	ask := func(method, path, body string) *answer { // as the session that it leaves
		t.Helper()
		a := good(t, d.operator(t, method, path, body), 200)
		if c := deskCookieOf(a); c != "" {
			d.token = c
		}
		return a
	}
	device := newAuthenticator(t, d.opts.PublicURL())
	challenge, credential := device.create(ask("POST", account+"/passkeys/options", "{}"))
	var state struct {
		Operator struct {
			Passkeys []struct{ ID string }
			Session  string
		}
	}
	a := ask("POST", account+"/passkeys", `{"challengeId":"`+challenge+`","credential":`+credential+`,"name":"key"}`)
	if err := json.Unmarshal([]byte(a.body), &state); err != nil || len(state.Operator.Passkeys) != 1 {
		t.Fatal(a.body, err)
	}
	first := d.token
	challenge, credential = device.get(good(t, d.operator(t, "POST", "/admin/v1/session/passkey/options", "{}", "Cookie", "hutch-admin="), 200))
	a = good(t, d.operator(t, "POST", "/admin/v1/session/passkey/verify", `{"challengeId":"`+challenge+`","credential":`+credential+`}`, "Cookie", "hutch-admin="), 200)
	d.token = deskCookieOf(a)
	var sessions struct {
		Sessions []struct {
			ID      string
			Current bool
		}
	}
	if err := json.Unmarshal([]byte(ask("GET", account+"/sessions", "").body), &sessions); err != nil || len(sessions.Sessions) != 2 {
		t.Fatalf("%+v %v", sessions, err)
	}
	for _, s := range sessions.Sessions {
		if !s.Current {
			ask("DELETE", account+"/sessions/"+s.ID, "")
		}
	}
	if a := d.operator(t, "GET", account+"/sessions", "", "Cookie", "hutch-admin="+first); a.StatusCode != 401 {
		t.Error("the ended session:", a.StatusCode, a.body)
	}
	ask("DELETE", account+"/sessions", "")
	id := state.Operator.Passkeys[0].ID
	if a := ask("PATCH", account+"/passkeys/"+id, `{"name":"phone"}`); !strings.Contains(a.body, `"phone"`) {
		t.Error(a.body)
	}
	ask("DELETE", account+"/passkeys/"+id, "")
	secret := ask("POST", account+"/totp", "{}").field("secret")
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ask("POST", "/admin/v1/session/totp", `{"code":"`+code+`"}`)
	ask("DELETE", account+"/totp", "")
	ask("POST", account+"/password", `{"current":"`+deskPassword+`","password":"another sentence of hers"}`)
}

// watched is what a server could tell of itself.
type watched struct{}

func (watched) Series(_ context.Context, name, _ string) (*history.Page, error) {
	one := 1.5
	return &history.Page{Step: 60, Series: map[string][]*float64{name: {&one, nil}}, Events: []history.Event{{Kind: "reload", Node: "n1"}}, Nodes: []string{"n1"}}, nil
}

func (watched) Overview(context.Context) (*server.Overview, error) {
	return &server.Overview{
		Status: "warning", Items: []server.Item{{ID: "i", Kind: "jobs.dead", Severity: "warning", Values: map[string]string{"n": "1"}}},
		Disk: &server.OverviewDisk{Free: 1, Total: 2}, Nodes: []string{"n1"},
	}, nil
}

// TestWatchForOperators: the last hour, unless another range is asked for; a gap
// is null.
func TestWatchForOperators(t *testing.T) {
	run(t, start(t, func(o *server.Options) { o.Watch = watched{} }), []scenario{
		{name: "the last hour", as: "ops", method: "GET", path: "/admin/v1/metrics", status: 200, has: []string{`"series":{"1h":[1.5,null]}`, `"nodes":["n1"]`}},
		{name: "a day", as: "operator", method: "GET", path: "/admin/v1/metrics?range=24h&node=n1", status: 200, has: []string{`"24h"`}},
		{name: "overview", as: "ops", method: "GET", path: "/admin/v1/overview", status: 200, has: []string{`"status":"warning"`, `"disk":{"free":1,"total":2}`}},
	})
}
