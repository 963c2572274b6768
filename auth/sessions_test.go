package auth_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func (b *bench) devices(token string) []auth.Device {
	b.t.Helper()
	ds, err := b.Sessions(b.t.Context(), bearer(token))
	if err != nil {
		b.t.Fatal(err)
	}
	return ds
}

func sessionOf(t testing.TB, s *auth.Session) string {
	t.Helper()
	id, _ := claims(t, s.AccessToken)["session_id"].(string)
	return id
}

func TestSessionsAreListed(t *testing.T) {
	b := setup(t)
	first := b.signup("ann@shop.example")
	b.signup("bob@shop.example")
	b.clock.add(time.Hour)
	c := here(7)
	c.Agent = "Pet\x00Store/1.0\r\n(phone) \xff" + strings.Repeat("x", 300)
	second, err := b.signin("ann@shop.example", password, c)
	if err != nil {
		t.Fatal(err)
	}
	b.clock.add(time.Minute)
	first, err = b.refresh(first.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	ds := b.devices(first.AccessToken)
	if len(ds) != 2 || ds[0].ID != sessionOf(t, second) || ds[1].ID != sessionOf(t, first) || ds[0].Current || !ds[1].Current {
		t.Fatalf("sessions: %+v", ds)
	}
	if d := ds[0]; d.IP != "203.0.113.7" || !strings.HasPrefix(d.UserAgent, "PetStore/1.0(phone) xxx") || len(d.UserAgent) > 256 || d.AAL != "aal1" {
		t.Errorf("device: %+v", d)
	}
	if d := ds[1]; d.CreatedAt != "2026-03-01T12:00:00.000Z" || d.RefreshedAt != "2026-03-01T13:01:00.000Z" || d.NotAfter != "2026-03-31T13:01:00.000Z" {
		t.Errorf("times: %+v", d)
	}
	js, err := json.Marshal(ds)
	if err != nil {
		t.Fatal(err)
	}
	var shown []map[string]any
	if err := json.Unmarshal(js, &shown); err != nil {
		t.Fatal(err)
	}
	if len(shown[0]) != 8 { // a new field is thought about
		t.Errorf("fields: %s", js)
	}
	if err := b.Logout(t.Context(), bearer(first.AccessToken), "others"); err != nil {
		t.Fatal(err)
	}
	if ds := b.devices(first.AccessToken); len(ds) != 1 || !ds[0].Current {
		t.Errorf("after the others ended: %+v", ds)
	}
}

func TestASessionIsEndedByItsUserOnly(t *testing.T) {
	b := setup(t)
	ann, bob := b.signup("ann@shop.example"), b.signup("bob@shop.example")
	phone := b.signinOK("ann@shop.example")
	end := func(who *auth.Session, id string) error {
		return b.EndSession(t.Context(), bearer(who.AccessToken), id)
	}
	for _, id := range []string{sessionOf(t, ann), sessionOf(t, phone), bob.User.ID, "", "x", strings.Repeat("x", 5000)} {
		wantCode(t, end(bob, id), hutch.NotFound)
	}
	if ds := b.devices(bob.AccessToken); len(ds) != 1 || ds[0].ID != sessionOf(t, bob) {
		t.Errorf("bob sees %+v", ds)
	}
	b.mustVerify(ann.AccessToken)
	b.mustVerify(phone.AccessToken)
	if err := end(ann, sessionOf(t, phone)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, second(b.verify(phone.AccessToken)), hutch.Unauthenticated)
	wantCode(t, second(b.refresh(phone.RefreshToken)), hutch.RefreshTokenNotFound)
	wantCode(t, end(ann, sessionOf(t, phone)), hutch.NotFound)
	b.mustVerify(ann.AccessToken)
	if !strings.Contains(b.store.all(), "session_ended") {
		t.Error("no row in _audit")
	}
}

func second[T any](_ T, err error) error { return err }

func TestTheCurrentSessionCanBeEnded(t *testing.T) {
	b := setup(t)
	ann := b.signup("ann@shop.example")
	other := b.signinOK("ann@shop.example")
	if err := b.EndSession(t.Context(), bearer(ann.AccessToken), sessionOf(t, ann)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, second(b.Sessions(t.Context(), bearer(ann.AccessToken))), hutch.SessionNotFound)
	b.mustVerify(other.AccessToken)
}

func TestASessionEndsOnce(t *testing.T) {
	b := setup(t)
	ann := b.signup("ann@shop.example")
	id := sessionOf(t, b.signinOK("ann@shop.example"))
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = b.EndSession(t.Context(), bearer(ann.AccessToken), id) })
	}
	wg.Wait()
	if n := len(slices.DeleteFunc(errs, func(err error) bool { return hutch.CodeOf(err) == hutch.NotFound })); n != 1 {
		t.Errorf("%d ended it", n)
	}
}

func TestWhoHasSessions(t *testing.T) {
	b := setup(t)
	ann, old := b.signup("ann@shop.example"), b.signup("old@shop.example")
	banned := b.signup("bad@shop.example")
	if _, err := b.Ban(t.Context(), "bad@shop.example", b.clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := b.Logout(t.Context(), bearer(old.AccessToken), ""); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		c    auth.Credentials
		want hutch.Code
	}{
		"a user":   {bearer(ann.AccessToken), ""},
		"nobody":   {auth.Credentials{}, hutch.NoAuthorization},
		"anon":     {bearer("anon"), hutch.NoAuthorization},
		"banned":   {bearer(banned.AccessToken), hutch.UserBanned},
		"over":     {bearer(old.AccessToken), hutch.SessionNotFound},
		"tampered": {bearer(ann.AccessToken + "x"), hutch.BadJWT},
		"a scheme": {auth.Credentials{Authorization: "Basic YTpi"}, hutch.BadJWT},
	}
	for _, scope := range []string{"data", "auth", "ops"} {
		key, _, err := b.CreateKey(t.Context(), scope, scope, 0)
		if err != nil {
			t.Fatal(err)
		}
		cases["a key of scope "+scope] = struct {
			c    auth.Credentials
			want hutch.Code
		}{bearer(key), hutch.BadJWT}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			wantCode(t, second(b.Sessions(t.Context(), c.c)), c.want)
			want := c.want
			if want == "" {
				want = hutch.NotFound
			}
			wantCode(t, b.EndSession(t.Context(), c.c, "x"), want)
		})
	}
	b.clock.add(16 * time.Minute)
	wantCode(t, second(b.Sessions(t.Context(), bearer(ann.AccessToken))), hutch.BadJWT)
}

// A session of a recovery may set a password and nothing else.
func TestS35ARecoverySeesNoSessions(t *testing.T) {
	b := mailSetup(t)
	b.confirmed(1, "ann@shop.example")
	b.recover(1, "ann@shop.example")
	s, err := b.verify(1, auth.VerifyRequest{Type: "recovery", TokenHash: linkOf(t, b.mail(auth.MailRecover, "ann@shop.example")).Token})
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, second(b.Sessions(t.Context(), bearer(s.AccessToken))), hutch.ReauthenticationNeeded)
	wantCode(t, b.EndSession(t.Context(), bearer(s.AccessToken), "x"), hutch.ReauthenticationNeeded)
}

func TestS33NodesSeeASessionEnd(t *testing.T) {
	nodes := nodesOn(t, 2)
	a, b := nodes[0], nodes[1]
	s := a.signup("ann@shop.example")
	phone := a.signinOK("ann@shop.example")
	until(t, func() bool {
		before := b.Remembered()
		b.mustVerify(phone.AccessToken)
		return before > 0 && b.Remembered() == before
	})
	if ds := a.devices(s.AccessToken); len(ds) != 2 {
		t.Fatalf("sessions: %+v", ds)
	}
	if err := a.EndSession(t.Context(), bearer(s.AccessToken), sessionOf(t, phone)); err != nil {
		t.Fatal(err)
	}
	until(t, refused(b, phone.AccessToken))
	b.mustVerify(s.AccessToken)
}
