package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

// appendOnly holds every test's store to the rule of S91: a row is never
// changed, and goes a year later at the earliest.
func appendOnly(c *data.Change, now time.Time) {
	if c.Collection != "_audit" || c.Before == nil {
		return
	}
	if at := c.Before.Lookup("at").Time(); c.After != nil || now.Sub(at) < 365*24*time.Hour {
		panic(fmt.Sprintf("a row of the audit of %v is changed or deleted at %v: %s", at, now, c.Before))
	}
}

// audited gives the rows since the last call.
func (b *bench) audited(after *string) (rows []auth.AuditRow) {
	b.t.Helper()
	for {
		more, next, err := b.Audit(b.t.Context(), auth.AuditQuery{After: *after})
		if err != nil {
			b.t.Fatal(err)
		}
		rows = append(rows, more...)
		if len(rows) > 0 {
			*after = rows[len(rows)-1].ID
		}
		if next == "" {
			return rows
		}
	}
}

func TestS91EveryChangeIsARow(t *testing.T) {
	b := mailSetup(t)
	after := ""
	// What is done with each step, in the words of the rows.
	step := func(name string, want ...string) {
		t.Helper()
		b.mails()
		var got []string
		for _, r := range b.audited(&after) {
			got = append(got, strings.TrimSpace(r.Event+" "+r.Detail))
			if r.At.IsZero() || r.ID == "" || r.User == "" && r.Key == "" && r.Event != "sign_in_failed" {
				t.Errorf("%s: %+v", name, r)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		b.clock.add(time.Second)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	const address, other = "ann@shop.example", "another password of hers"
	b.signupAs(1, address, password)
	step("sign-up", "signed_up")
	b.signupAs(1, address, password)
	step("sign-up again", "signed_up", "user_deleted")
	s, err := b.verify(1, auth.VerifyRequest{Type: "signup", Email: address, Token: b.resent(address), Password: password})
	must(err)
	step("confirmation", "email_proven", "signed_in otp aal1")
	s2, err := b.signIn(1, address, password)
	must(err)
	step("sign-in", "signed_in password aal1")
	_, err = b.put(1, s.AccessToken, `{"data":{"name":"Ann"}}`)
	must(err)
	_, err = b.Refresh(t.Context(), auth.RefreshRequest{RefreshToken: s2.RefreshToken})
	must(err)
	step("own data and a refresh are no news")
	must(b.Logout(t.Context(), bearer(s2.AccessToken), "local"))
	step("sign-out", "signed_out")
	_, err = b.put(1, s.AccessToken, `{"password":"`+other+`"}`)
	must(err)
	step("password", "password_changed")
	must(b.Logout(t.Context(), bearer(s.AccessToken), "others"))
	step("sign-out elsewhere, where nobody is")
	_, err = b.signIn(1, address, other)
	must(err)
	step("another sign-in", "signed_in password aal1")
	must(b.Logout(t.Context(), bearer(s.AccessToken), "others"))
	step("sign-out elsewhere", "sessions_ended")
	must(b.Logout(t.Context(), bearer(s.AccessToken), "global"))
	step("sign-out everywhere", "sessions_ended", "signed_out")
	_, err = b.SetRoles(t.Context(), address, []string{"keeper"})
	must(err)
	step("roles", "roles_set keeper")
	until := b.clock.Now().Add(time.Hour).UTC()
	_, err = b.Ban(t.Context(), address, until)
	must(err)
	step("ban", "banned "+until.Format("2006-01-02T15:04:05.000Z"))
	b.clock.add(2 * time.Hour)
	s, err = b.signIn(1, address, other)
	must(err)
	step("sign-in after a ban", "signed_in password aal1")
	_, err = b.put(1, s.AccessToken, `{"email":"new@shop.example"}`)
	must(err)
	step("a change of address begins", "user_changed emailChange")
	key, k, err := b.CreateKey(t.Context(), "ci", "auth", 0)
	must(err)
	step("a key", "key_created auth")
	must(b.RemoveUser(t.Context(), bearer(key), s.User.ID, nil))
	step("deletion", "user_deleted")
	_, err = b.RevokeKey(t.Context(), k.ID)
	must(err)
	step("no key", "key_revoked auth")
	rows := asJSON(t, second2(b.Audit(t.Context(), auth.AuditQuery{})))
	for _, secret := range []string{"shop.example", password, other, "argon2", key, s.RefreshToken, "Ann", "203.0.113.1"} {
		if strings.Contains(rows, secret) {
			t.Errorf("the audit shows %q", secret)
		}
	}
	if !strings.Contains(rows, `"network":"203.0.113.0/24"`) {
		t.Error("no network")
	}
}

func second2(rows []auth.AuditRow, _ string, _ error) []auth.AuditRow { return rows }

// resent is the code of a mail that is sent anew.
func (b *mailBench) resent(address string) string {
	b.t.Helper()
	b.mails()
	if err := b.Resend(b.t.Context(), auth.RecoverRequest{Email: address, Type: "signup"}, here(1)); err != nil {
		b.t.Fatal(err)
	}
	return b.mail(auth.MailConfirm, address).Code
}

func TestS91FailedSignInsAreCounted(t *testing.T) {
	b := mailSetup(t, func(o *auth.Options) { o.Limits.FailuresPerNetwork = 100_000 })
	ann := b.confirmed(1, "ann@shop.example").User.ID
	b.mails()
	after := ""
	b.audited(&after)
	b.tries(3, "ann@shop.example", here(1))
	b.tries(1, "ann@shop.example", at("2001:db8:1:2::3"))
	b.tries(2, "nobody@shop.example", here(1))
	if _, err := b.code(2, "recovery", "ann@shop.example", "000000"); err == nil {
		t.Fatal("a guess is right")
	}
	if rows := b.audited(&after); len(rows) > 0 {
		t.Errorf("a row a try: %+v", rows)
	}
	b.clock.add(10 * time.Minute)
	if err := b.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, r := range b.audited(&after) {
		if r.Event == "sign_in_failed" {
			got[strings.Join([]string{r.User, r.Network, r.Detail}, " ")] = r.Count
		}
	}
	want := map[string]int64{
		ann + " 203.0.113.0/24 password": 3, ann + " 2001:db8:1::/48 password": 1, " 203.0.113.0/24 password": 2, ann + " 203.0.113.0/24 code": 1,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	// A flood is 101 rows, none of it lost.
	for i := range 300 {
		b.try(fmt.Sprintf("nobody%d@shop.example", i), "wrong", at(fmt.Sprintf("10.%d.%d.1", i/250, i%250)))
	}
	b.clock.add(10 * time.Minute)
	if err := b.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, all := b.audited(&after), int64(0)
	for _, r := range rows {
		all += r.Count
	}
	if len(rows) != 101 || all != 300 {
		t.Errorf("%d rows of %d tries", len(rows), all)
	}
}

// TestS91RowsGoAfterAYear: not a moment before; what is younger stays.
func TestS91RowsGoAfterAYear(t *testing.T) {
	b := setup(t)
	for i := range 600 {
		if _, _, err := b.CreateKey(t.Context(), fmt.Sprintf("k%d", i), "data", 0); err != nil {
			t.Fatal(err)
		}
	}
	begun := b.clock.Now()
	b.clock.add(time.Hour)
	_, last, err := b.CreateKey(t.Context(), "last", "data", 0)
	if err != nil {
		t.Fatal(err)
	}
	const year = 365 * 24 * time.Hour
	b.clock.add(begun.Add(year - time.Second).Sub(b.clock.Now()))
	keys := func() (n int) {
		after := ""
		for _, r := range b.audited(&after) {
			if r.Event == "key_created" {
				n++
			}
		}
		return n
	}
	if err := b.SweepAudit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := keys(); n != 601 {
		t.Fatalf("%d rows a second before the year is over", n)
	}
	b.clock.add(time.Second)
	if err := b.SweepAudit(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, next, err := b.Audit(t.Context(), auth.AuditQuery{})
	if err != nil || next != "" || keys() != 1 || !slices.ContainsFunc(rows, func(r auth.AuditRow) bool { return r.Key == last.ID }) {
		t.Errorf("%d rows left: %+v, %v", keys(), rows, err)
	}
}

func TestTheAuditIsReadInPages(t *testing.T) {
	b := setup(t)
	ann, bob := b.signup("ann@shop.example"), b.signup("bob@shop.example")
	for range 5 {
		b.clock.add(time.Minute)
		b.signinOK("ann@shop.example")
		b.signinOK("bob@shop.example")
	}
	var got []string
	q := auth.AuditQuery{User: "ann@shop.example", Limit: 2}
	for {
		rows, next, err := b.Audit(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r.User != ann.User.ID || len(rows) > 2 {
				t.Errorf("%+v", r)
			}
			got = append(got, r.Event)
		}
		if q.After = next; next == "" {
			break
		}
	}
	if len(got) != 7 { // the sign-up, and its session
		t.Errorf("%v", got)
	}
	rows, _, err := b.Audit(t.Context(), auth.AuditQuery{User: bob.User.ID, Since: b.clock.Now().Add(-90 * time.Second)})
	if err != nil || len(rows) != 2 {
		t.Errorf("%d rows since 90 s ago, %v", len(rows), err)
	}
	_, _, err = b.Audit(t.Context(), auth.AuditQuery{User: "none@shop.example"})
	wantCode(t, err, hutch.NotFound)
}
