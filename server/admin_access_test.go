package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/server"
)

// adminCaller is who asks a route of /admin/v1, with what a request of theirs shows.
type adminCaller struct {
	name    string
	kind    string // guest, user, bad (a credential that does not hold), key, operator, half, foreign
	scope   string // of a key
	token   string
	headers []string
}

// letThrough is the answer to an unknown query parameter: who is refused never gets
// that far, and a row that lets it through is not strict.
func letThrough(a *answer) bool {
	return a.StatusCode == http.StatusBadRequest && a.field("field") == "surely"
}

// wants are the statuses that a caller may get of a row; 0: they pass.
func (c *adminCaller) wants(route *server.Route, desk bool) []int {
	may := c.kind == "operator" && desk || c.kind == "key" && route.Need == server.NeedAdmin && c.scope == route.Scope
	switch {
	case route.Need == server.NeedDesk && !desk:
		return []int{404} // there is no such path at the app's origin, not for keys either
	case may:
		return []int{0}
	case c.kind == "bad":
		return []int{401, 403}
	case route.Need == server.NeedDesk:
		switch c.kind {
		case "guest", "half": // the steps of a sign-in, which judge for themselves
			return []int{0}
		}
		return []int{401, 403}
	case c.kind == "key":
		return []int{403}
	case desk:
		return map[string][]int{"guest": {401}, "user": {403}, "half": {401, 403}, "foreign": {401, 403}}[c.kind]
	}
	return []int{404}
}

func (d *deskSite) adminCallers(t *testing.T) []adminCaller {
	t.Helper()
	past := d.opts
	past.Feed = nil
	past.Now = func() time.Time { return time.Now().Add(-30 * time.Minute) }
	o := &office{t: t, real: d.real}
	var err error
	if o.past, err = auth.New(t.Context(), past); err != nil {
		t.Fatal(err)
	}
	cookie := func(token string, more ...string) []string {
		return append([]string{"Cookie", "hutch-admin=" + token}, more...)
	}
	whole, half := d.guardedOperator(t)
	out := []adminCaller{
		{name: "guest", kind: "guest", headers: ours},
		{name: "user", kind: "user", token: o.be("user").token},
		{name: "operator", kind: "operator", headers: cookie(whole, ours...)},
		{name: "operator before the second factor", kind: "half", headers: cookie(half, ours...)},
		{name: "operator, of another site", kind: "foreign", headers: cookie(whole, "Sec-Fetch-Site", "cross-site", "X-Hutch-Admin", "1")},
		{name: "operator, of another origin of the site", kind: "foreign", headers: cookie(whole, "Sec-Fetch-Site", "same-site", "X-Hutch-Admin", "1")},
		{name: "operator, by a link", kind: "foreign", headers: cookie(whole, "Sec-Fetch-Site", "none")},
		{name: "operator, by a form", kind: "foreign", headers: cookie(whole, "Sec-Fetch-Site", "same-origin")},
		{name: "operator's token as a bearer", kind: "bad", token: whole},
		{name: "operator who signed out", kind: "half", headers: cookie(d.signedOut(t), ours...)},
	}
	for _, who := range []string{"banned", "expired", "tampered", "revoked", "revoked key"} {
		out = append(out, adminCaller{name: who, kind: "bad", token: o.be(who).token})
	}
	for _, scope := range []string{"data", "auth", "ops"} {
		key := o.key(scope).token
		out = append(out, adminCaller{name: "key of scope " + scope, kind: "key", scope: scope, token: key},
			adminCaller{name: "key of scope " + scope + " in a browser", kind: "bad", token: key, headers: []string{"Sec-Fetch-Site", "same-origin"}})
	}
	return out
}

// guardedOperator gives the operator a second factor: a session that has shown
// it, and one that has not.
func (d *deskSite) guardedOperator(t *testing.T) (whole, half string) {
	t.Helper()
	var enrolled struct {
		Secret string `json:"secret"`
	}
	if err := json.Unmarshal([]byte(d.operator(t, "POST", "/admin/v1/account/totp", "").body), &enrolled); err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(enrolled.Secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	a := d.operator(t, "POST", "/admin/v1/session/totp", `{"code":"`+code+`"}`)
	wantStatus(t, a, 200)
	if whole = deskCookieOf(a); whole == "" {
		whole = d.token
	}
	return whole, d.signInAgain(t)
}

func (d *deskSite) signInAgain(t *testing.T) (token string) {
	t.Helper()
	a := d.at(t, d.desk, "", "POST", "/admin/v1/session", `{"email":"ann@ops.test","password":"`+deskPassword+`"}`, ours...)
	wantStatus(t, a, 200)
	return deskCookieOf(a)
}

func (d *deskSite) signedOut(t *testing.T) (token string) {
	t.Helper()
	token = d.signInAgain(t)
	wantStatus(t, d.at(t, d.desk, "", "DELETE", "/admin/v1/session", "", append([]string{"Cookie", "hutch-admin=" + token}, ours...)...), 204)
	return token
}

func deskCookieOf(a *answer) string {
	for _, c := range a.Cookies() {
		if c.Name == "hutch-admin" {
			return c.Value
		}
	}
	return ""
}

// TestS3EveryAdminRouteByCaller: each row of /admin/v1 by everybody, at the
// dashboard's origin and at the app's; who may follows from Need and Scope alone.
func TestS3EveryAdminRouteByCaller(t *testing.T) {
	d := startDesk(t)
	callers := d.adminCallers(t)
	rows := 0
	for _, route := range d.srv.Routes() {
		if route.Service != server.ServiceAdmin {
			continue
		}
		rows++
		if route.Query == nil {
			t.Errorf("%s lets unknown parameters pass", route.Name)
			continue
		}
		if route.Need != server.NeedAdmin && route.Need != server.NeedDesk {
			t.Errorf("%s is for anybody", route.Name)
		}
		path := parameter.ReplaceAllString(route.Path, "x") + "?surely=unknown"
		for i := range callers {
			c := &callers[i]
			for _, desk := range []bool{true, false} {
				at := map[bool]string{true: d.desk, false: d.app}[desk]
				a := d.at(t, at, c.token, route.Method, path, "", c.headers...)
				got := a.StatusCode
				if letThrough(a) {
					got = 0
				}
				if want := c.wants(&route, desk); !slices.Contains(want, got) {
					t.Errorf("%s by %s, at the dashboard: %v: %d %.200s, want %v", route.Name, c.name, desk, a.StatusCode, a.body, want)
				}
				if a.StatusCode >= 500 || strings.Contains(a.body, d.id) {
					t.Errorf("%s by %s: %d %.200s", route.Name, c.name, a.StatusCode, a.body)
				}
				if a.Header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s answers CORS", route.Name)
				}
			}
		}
	}
	if rows < 40 {
		t.Error("few rows:", rows)
	}
}
