package server_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/server"
)

// authRow is a route of /auth, or one of the things it does, named behind it: what
// it answers whom, and what counts its tries. A new route needs one; {user},
// {session}, {factor} and {refresh} are of who asks, or of another for "other"; {n}
// is new each time.
type authRow struct {
	who        base
	path, body string            // path "": the route's
	ok         string            // for whom it is: status, or status and code
	not        map[string]string // visitors that get something else than the base says
	counts     string            // what a stranger's request counts under; "": why says why nothing
	why        string
}

// base is who a route is for.
type base int

const (
	anybody  base = iota // all alike: it looks at no access token
	users                // who is signed in, for oneself
	keys                 // service keys of scope auth
	backends             // the same, and no path to others
)

// refusals are what others get of a base.
var refusals = map[base]map[string]string{
	anybody: {"revoked key": "401 unauthenticated"},
	users: {
		"guest": "401 no_authorization", "banned": "403 user_banned", "expired": "401 bad_jwt", "tampered": "401 bad_jwt",
		"revoked": "401 session_not_found", "data": "401 bad_jwt", "auth": "401 bad_jwt", "ops": "401 bad_jwt", "revoked key": "401 unauthenticated",
		"recovery": "400 reauthentication_needed", "impersonator": "403 insufficient_aal",
	},
	keys: {
		"guest": "401 no_authorization", "user": "403 not_admin", "other": "403 not_admin", "aal1": "403 not_admin", "aal2": "403 not_admin",
		"banned": "403 user_banned", "expired": "401 bad_jwt", "tampered": "401 bad_jwt", "revoked": "401 session_not_found",
		"data": "403 not_admin", "ops": "403 not_admin", "revoked key": "401 unauthenticated",
		"recovery": "403 not_admin", "anonymous": "403 not_admin", "impersonator": "403 not_admin",
	},
	backends: {
		"guest": "404 not_found", "user": "404 not_found", "other": "404 not_found", "aal1": "404 not_found", "aal2": "404 not_found",
		"banned": "401 unauthenticated", "expired": "401 unauthenticated", "tampered": "401 unauthenticated", "revoked": "401 unauthenticated",
		"data": "403 permission_denied", "ops": "403 permission_denied", "revoked key": "401 unauthenticated",
		"recovery": "404 not_found", "anonymous": "404 not_found", "impersonator": "404 not_found",
	},
}

const (
	reads  = "tells nothing that could be guessed"
	secret = "256 random bits are not guessed"
	own    = "who is signed in, for oneself"
	byKey  = "a service key"
	mfa    = "403 insufficient_aal"
)

const mailCounts = "mail day,mail hour,mail network,mail to"

// challenge is a PKCE challenge.
const challenge = "code_challenge=1Bn-2Xl0m9xYdSF9dQfCMGJd8pNdYbH8oxRX1rWEZ-Y&code_challenge_method=s256"

func pages(names ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(names); i += 2 {
		m[names[i]] = names[i+1]
	}
	return m
}

var authRows = map[string]authRow{
	"POST /auth/v1/signup anonymous": {anybody, "", "{}", "200", nil, "anonymous", ""},
	"POST /auth/v1/signup":           {anybody, "", `{"email":"new@pets.test","password":"` + visitorPassword + `"}`, "200", nil, "signup", ""},
	"POST /auth/v1/token refresh_token": {
		anybody, "/auth/v1/token?grant_type=refresh_token", `{"refresh_token":"{refresh}"}`, "200",
		pages("banned", "403 user_banned", "revoked", "400 refresh_token_not_found", "impersonator", "400 validation_failed"), "", secret, // who has none
	},
	"POST /auth/v1/token pkce": {
		anybody, "/auth/v1/token?grant_type=pkce", `{"auth_code":"x","code_verifier":"` + strings.Repeat("v", 43) + `"}`, "404 flow_state_not_found", nil, "oauth code", "",
	},
	"POST /auth/v1/token id_token": {
		anybody, "/auth/v1/token?grant_type=id_token", `{"provider":"corp","id_token":"head.{n}.signature","nonce":"n"}`, "200", nil, "oauth code,signup", "",
	},
	"POST /auth/v1/token id_token, linked": {
		users, "/auth/v1/token?grant_type=id_token", `{"provider":"corp","id_token":"head.{n}.signature","nonce":"n","link_identity":true}`, "200", pages("aal1", mfa), "oauth code", "",
	},
	"POST /auth/v1/token password":    {anybody, "/auth/v1/token?grant_type=password", `{"email":"none@pets.test","password":"wrong"}`, "400 invalid_credentials", nil, "account,network,pair", ""},
	"POST /auth/v1/logout":            {users, "", "", "204", pages("recovery", "204"), "", own},
	"GET /auth/v1/user":               {users, "", "", "200", pages("recovery", "200", "impersonator", "200"), "", own},
	"PUT /auth/v1/user email":         {users, "", `{"email":"moved{n}@pets.test"}`, "200", pages("aal1", mfa), mailCounts, ""},
	"PUT /auth/v1/user data":          {users, "", `{"data":{"a":1}}`, "200", pages("aal1", mfa), "", own},
	"PUT /auth/v1/user password":      {users, "", `{"password":"another of theirs","current_password":"` + visitorPassword + `"}`, "200", pages("recovery", "400 invalid_credentials", "anonymous", "400 validation_failed", "aal1", mfa), "account,network,pair", ""},
	"DELETE /auth/v1/user":            {users, "", "", "204", pages("aal1", mfa), "", own},
	"GET /auth/v1/authorize":          {anybody, "/auth/v1/authorize?provider=corp&" + challenge, "", "302", nil, "oauth", ""},
	"GET /auth/v1/callback":           {anybody, "/auth/v1/callback?state=x&code=y", "", "302", nil, "oauth callback", ""},
	"POST /auth/v1/callback":          {anybody, "", "", "303", nil, "", "sends the browser to the GET"},
	"GET /auth/v1/verify":             {anybody, "/auth/v1/verify?type=magiclink&token=x", "", "403", nil, "", secret},
	"POST /auth/v1/verify":            {anybody, "", `{"type":"email","email":"none@pets.test","token":"000000"}`, "403 otp_expired", nil, "code,codes,network", ""},
	"POST /auth/v1/verify token_hash": {anybody, "", `{"type":"magiclink","token_hash":"` + strings.Repeat("0", 65) + `"}`, "403 otp_expired", nil, "", secret},
	"POST /auth/v1/recover":           {anybody, "", `{"email":"none@pets.test"}`, "200", nil, mailCounts, ""},
	"POST /auth/v1/otp":               {anybody, "", `{"email":"none@pets.test","create_user":false}`, "200", nil, mailCounts + ",signup", ""},
	"POST /auth/v1/magiclink": {
		anybody, "", `{"email":"none@pets.test","create_user":false}`, "200", nil, mailCounts + ",signup", "",
	},
	"POST /auth/v1/resend":          {anybody, "", `{"email":"none@pets.test","type":"signup"}`, "200", nil, mailCounts, ""},
	"GET /auth/v1/reauthenticate":   {users, "", "", "200", pages("anonymous", "400 validation_failed"), mailCounts, ""},
	"GET /auth/v1/sessions":         {users, "", "", "200", pages("aal1", mfa), "", own},
	"DELETE /auth/v1/sessions/{id}": {users, "/auth/v1/sessions/{session}", "", "204", pages("other", "404 not_found", "aal1", mfa), "", own},
	"GET /auth/v1/user/identities/authorize": {
		users, "/auth/v1/user/identities/authorize?provider=corp&" + challenge, "", "302", pages("aal1", mfa), "oauth", "",
	},
	"DELETE /auth/v1/user/identities/{id}": {
		users, "/auth/v1/user/identities/{user}", "", "404 identity_not_found", pages("aal1", mfa), "", own,
	},
	"POST /auth/v1/factors":                {users, "", `{"factor_type":"totp","friendly_name":"one more"}`, "200", pages("anonymous", "400 validation_failed", "aal1", mfa), "edits", ""},
	"POST /auth/v1/factors/{id}/challenge": {users, "/auth/v1/factors/{factor}/challenge", "", "404 mfa_factor_not_found", pages("recovery", "404 mfa_factor_not_found", "aal1", "200", "aal2", "200"), "", own},
	"POST /auth/v1/factors/{id}/verify": {
		users, "/auth/v1/factors/{factor}/verify", `{"challenge_id":"{challenge}","code":"000000"}`, "404 mfa_factor_not_found",
		pages("recovery", "404 mfa_factor_not_found", "aal1", "422 mfa_verification_failed", "aal2", "422 mfa_verification_failed"), "code,codes,network", "",
	},
	"DELETE /auth/v1/factors/{id}": {users, "/auth/v1/factors/{factor}", "", "404 mfa_factor_not_found", pages("aal1", mfa, "aal2", "200"), "", own},

	"GET /auth/v1/factors/recovery-codes":               {users, "", "", "404 mfa_factor_not_found", pages("aal1", mfa), "", own},
	"POST /auth/v1/factors/recovery-codes":              {users, "", "", "422 mfa_recovery_codes_sole_factor", pages("aal1", mfa, "aal2", "200"), "", own},
	"DELETE /auth/v1/factors/recovery-codes":            {users, "", "", "404 mfa_factor_not_found", pages("aal1", mfa), "", own},
	"POST /auth/v1/factors/recovery-codes/regenerate":   {users, "", "", "404 mfa_factor_not_found", pages("aal1", mfa), "", own},
	"POST /auth/v1/factors/recovery-codes/verify":       {users, "", `{"code":"0123456789abcdef"}`, "422 mfa_verification_failed", pages("recovery", "422 mfa_verification_failed"), "code,codes,network", ""},
	"GET /auth/v1/admin/users/{id}/factors":             {keys, "/auth/v1/admin/users/{user}/factors", "", "200", nil, "", byKey},
	"DELETE /auth/v1/admin/users/{id}/factors/{factor}": {keys, "/auth/v1/admin/users/{user}/factors/{user}", "", "404 mfa_factor_not_found", nil, "", byKey},
	"POST /auth/v1/passkeys/registration/options":       {users, "", "{}", "200", pages("anonymous", "400 validation_failed", "aal1", mfa), "passkey", ""},
	"POST /auth/v1/passkeys/registration/verify":        {users, "", `{"challenge_id":"x","credential":{}}`, "400 validation_failed", pages("aal1", mfa), "passkey", ""},
	"POST /auth/v1/passkeys/authentication/options":     {anybody, "", "{}", "200", nil, "passkey", ""},
	"POST /auth/v1/passkeys/authentication/verify":      {anybody, "", `{"challenge_id":"x","credential":{}}`, "400 validation_failed", nil, "passkey", ""},
	"GET /auth/v1/passkeys":                             {users, "", "", "200", pages("aal1", mfa), "", own},
	"PATCH /auth/v1/passkeys/{id}":                      {users, "/auth/v1/passkeys/{user}", `{"friendly_name":"x"}`, "404", pages("aal1", mfa), "edits", ""},
	"DELETE /auth/v1/passkeys/{id}":                     {users, "/auth/v1/passkeys/{user}", "", "404", pages("aal1", mfa), "", own},

	"GET /auth/v1/admin/users/{id}/passkeys":              {keys, "/auth/v1/admin/users/{user}/passkeys", "", "200", nil, "", byKey},
	"DELETE /auth/v1/admin/users/{id}/passkeys/{passkey}": {keys, "/auth/v1/admin/users/{user}/passkeys/{user}", "", "404", nil, "", byKey},
	"GET /.well-known/webauthn":                           {anybody, "", "", "200", nil, "", reads},

	"GET /auth/v1/admin/users":                               {keys, "", "", "200", nil, "", byKey},
	"POST /auth/v1/admin/users":                              {keys, "", `{"email":"made@pets.test"}`, "200", nil, "", byKey},
	"POST /auth/v1/invite":                                   {keys, "", `{"email":"invited@pets.test"}`, "200", nil, "mail day,mail hour", ""},
	"POST /auth/v1/admin/generate_link":                      {keys, "", `{"type":"magiclink","email":"linked@pets.test"}`, "200", nil, "", "a service key, and nothing is sent"},
	"GET /auth/v1/admin/users/{id}":                          {keys, "/auth/v1/admin/users/{user}", "", "200", nil, "", byKey},
	"PUT /auth/v1/admin/users/{id}":                          {keys, "/auth/v1/admin/users/{user}", `{"roles":["keeper"]}`, "200", nil, "", byKey},
	"DELETE /auth/v1/admin/users/{id}":                       {keys, "/auth/v1/admin/users/{user}", "", "200", nil, "", byKey},
	"DELETE /auth/v1/admin/users/{id}/sessions/{session}":    {keys, "/auth/v1/admin/users/{user}/sessions/{user}", "", "404 not_found", nil, "", byKey},
	"DELETE /auth/v1/admin/users/{id}/identities/{identity}": {keys, "/auth/v1/admin/users/{user}/identities/{user}", "", "404 identity_not_found", nil, "", byKey},
	"GET /auth/v1/admin/users/{id}/sessions":                 {keys, "/auth/v1/admin/users/{user}/sessions", "", "200", nil, "", byKey},
	"DELETE /auth/v1/admin/users/{id}/sessions":              {keys, "/auth/v1/admin/users/{user}/sessions", "", "204", nil, "", byKey},

	"POST /admin/v1/auth/tokens":      {backends, "", `{"user":"{user}"}`, "200", nil, "", byKey},
	"POST /admin/v1/auth/impersonate": {backends, "", `{"user":"{user}","reason":"ticket 42"}`, "200", nil, "", byKey},

	"GET /auth/v1/settings":                         {anybody, "", "", "200", nil, "", reads},
	"GET /auth/v1/health":                           {anybody, "", "", "200", nil, "", reads},
	"GET /auth/v1/.well-known/jwks.json":            {anybody, "", "", "200", nil, "", reads},
	"GET /auth/v1/.well-known/openid-configuration": {anybody, "", "", "200", nil, "", reads},
	"GET /.well-known/jwks.json":                    {anybody, "", "", "200", nil, "", reads},
	"GET /.well-known/openid-configuration":         {anybody, "", "", "200", nil, "", reads},
}

// want is what a visitor gets.
func (r *authRow) want(who string) string {
	if w, ok := r.not[who]; ok {
		return w
	}
	if w, ok := refusals[r.who][who]; ok {
		return w
	}
	return r.ok
}

// ask sends the row's request as v.
func (o *office) ask(t testing.TB, route *server.Route, r *authRow, v visitor, headers ...string) *answer {
	t.Helper()
	path := r.path
	if path == "" {
		path = route.Path
	}
	challenge := "x"
	if strings.Contains(r.body, "{challenge}") && v.factor != v.user {
		var c struct {
			ID string `json:"id"`
		}
		o.read(o.do(t, v.token, "POST", "/auth/v1/factors/"+v.factor+"/challenge", ""), &c)
		challenge = c.ID
	}
	o.n++
	words := strings.NewReplacer("{user}", v.user, "{session}", v.session, "{factor}", v.factor, "{refresh}", v.refresh, "{challenge}", challenge, "{n}", strconv.Itoa(o.n))
	return o.do(t, v.token, route.Method, words.Replace(path), words.Replace(r.body), headers...)
}

// authTable goes through the rows of each route, under their own names.
func authTable(t *testing.T, o *office, each func(route *server.Route, r *authRow)) {
	srv, err := server.New(server.Options{Data: o.data, Auth: o.auth})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{} // by route
	for _, key := range slices.Sorted(maps.Keys(authRows)) {
		words := strings.SplitN(key, " ", 3)
		route := strings.Join(words[:2], " ")
		rows[route] = append(rows[route], key)
	}
	seen := map[string]bool{}
	for _, route := range srv.Routes() {
		if route.Service != server.ServiceAuth && !strings.HasPrefix(route.Path, "/admin/v1/auth/") {
			continue
		}
		name := route.Name
		seen[name] = true
		like, mirrors := mirrored(name)
		if !mirrors {
			like = name
		}
		if len(rows[like]) == 0 {
			t.Errorf("%s has no row in authRows: who may, and what counts its tries?", name)
		}
		for _, key := range rows[like] {
			r := authRows[key]
			if mirrors {
				r.who, r.path = backends, operatorPath(r.path)
			}
			route.Name = name + strings.TrimPrefix(key, like)
			each(&route, &r)
		}
	}
	for name := range rows {
		if !seen[name] {
			t.Errorf("%s is no route", name)
		}
	}
}

// TestEveryAuthRouteByVisitor: each route of /auth, over HTTP on a real store,
// as everybody who may come. Where tokens are not looked at all get the same.
func TestEveryAuthRouteByVisitor(t *testing.T) {
	o := openOffice(t)
	authTable(t, o, func(route *server.Route, r *authRow) {
		for _, who := range visitors {
			o.n++
			row := *r // its address is not taken
			row.body = strings.NewReplacer("new@", "new"+strconv.Itoa(o.n)+"@", "made@", "made"+strconv.Itoa(o.n)+"@", "none@", "none"+strconv.Itoa(o.n)+"@").Replace(r.body)
			a := o.ask(t, route, &row, o.be(who))
			status, code, _ := strings.Cut(r.want(who), " ")
			if strconv.Itoa(a.StatusCode) != status || code != "" && a.field("code") != code {
				t.Errorf("%s as %s: %d %.300s, want %s", route.Name, who, a.StatusCode, a.body, r.want(who))
			}
			if a.StatusCode >= 500 {
				t.Errorf("%s as %s: a fault", route.Name, who)
			}
		}
	})
}

// TestS41EveryRouteThatSendsOrGuessesCounts: what a request from a network counts
// under, or why nothing has to.
func TestS41EveryRouteThatSendsOrGuessesCounts(t *testing.T) {
	o := openOffice(t)
	authTable(t, o, func(route *server.Route, r *authRow) {
		who := map[base]string{anybody: "guest", users: "user", keys: "auth", backends: "auth"}[r.who]
		if strings.Contains(r.body, "{challenge}") {
			who = "aal1"
		}
		v := o.be(who)
		got := strings.Join(o.counts.during(func() {
			o.ask(t, route, r, v, "X-Forwarded-For", "203.0.113.9")
		}), ",")
		want := strings.Split(r.counts, ",")
		slices.Sort(want)
		if got != strings.Join(want, ",") {
			t.Errorf("%s counts under %q, want %q", route.Name, got, r.counts)
		}
		if (r.counts == "") == (r.why == "") {
			t.Errorf("%s counts under %q, because: %q", route.Name, r.counts, r.why)
		}
	})
}
