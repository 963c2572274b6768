package auth_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func TestAuditIsSearched(t *testing.T) {
	b := setup(t)
	op := hutch.Principal{Kind: hutch.Operator, UID: "op_1", SessionID: "s1"}
	start := b.clock.now
	for i := range 30 {
		b.clock.add(time.Second)
		ctx := t.Context()
		if i%10 == 3 {
			ctx = hutch.WithPrincipal(ctx, op)
		}
		if err := b.Note(ctx, auth.Act{What: []string{"even", "odd"}[i%2], Target: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	for name, c := range map[string]struct {
		q    auth.AuditQuery
		want string
		more bool
	}{
		"the newest":        {auth.AuditQuery{Newest: true, Limit: 3}, "29 28 27", true},
		"of an operator":    {auth.AuditQuery{Operator: "op_1"}, "3 13 23", false},
		"a kind, newest":    {auth.AuditQuery{Event: "odd", Newest: true, Limit: 2}, "29 27", true},
		"until":             {auth.AuditQuery{Event: "even", Until: at(5)}, "0 2 4", false},
		"a span, newest":    {auth.AuditQuery{Since: at(3), Until: at(5), Newest: true}, "4 3 2", false},
		"a span, oldest":    {auth.AuditQuery{Since: at(3), Until: at(5)}, "2 3 4", false},
		"nobody":            {auth.AuditQuery{Operator: "op_2", Newest: true}, "", false},
		"after all of them": {auth.AuditQuery{Since: at(100)}, "", false},
	} {
		rows, next, err := b.Audit(t.Context(), c.q)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, r := range rows {
			if r.Target == "" {
				continue
			}
			if got != "" {
				got += " "
			}
			got += r.Target
		}
		if got != c.want || (next != "") != c.more {
			t.Errorf("%s: %q, next %q, want %q", name, got, next, c.want)
		}
	}
	_, next, err := b.Audit(t.Context(), auth.AuditQuery{Newest: true, Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	if rows, _, err := b.Audit(t.Context(), auth.AuditQuery{Newest: true, Limit: 1, After: next}); err != nil || rows[0].Target != "26" {
		t.Errorf("%+v %v", rows, err)
	}
}

// TestKeysAreMadeByWhom: what an operator does at the dashboard names them; the
// command line is nobody's.
func TestKeysAreMadeByWhom(t *testing.T) {
	b := setup(t)
	ctx := hutch.WithPrincipal(t.Context(), hutch.Principal{Kind: hutch.Operator, UID: "op_1"})
	_, k, err := b.CreateKey(ctx, "backend", "auth", 0)
	if err != nil {
		t.Fatal(err)
	}
	b.clock.add(time.Second)
	if _, err := b.RevokeKey(ctx, k.ID); err != nil {
		t.Fatal(err)
	}
	b.clock.add(time.Second)
	if _, err := b.RotateSigning(ctx, true); err != nil {
		t.Fatal(err)
	}
	b.clock.add(time.Second)
	b.keyOf("ops")
	rows, _, err := b.Audit(t.Context(), auth.AuditQuery{})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, r := range rows {
		got += r.Event + " " + r.Operator + "\n"
	}
	if want := "key_created op_1\nkey_revoked op_1\nsigning_replaced op_1\nkey_created \n"; got != want {
		t.Errorf("%s", got)
	}
}

// TestAuditOfAUserIsWhatWasDoneToThem: also by others, and nothing of others.
func TestAuditOfAUserIsWhatWasDoneToThem(t *testing.T) {
	b := setup(t)
	ctx := hutch.WithPrincipal(t.Context(), hutch.Principal{Kind: hutch.Operator, UID: "op_x"})
	cat, dog := b.signup("cat@shop.example").User.ID, b.signup("dog@shop.example").User.ID
	for _, id := range []string{cat, dog} {
		if err := b.Note(ctx, auth.Act{What: "live.console", Target: id}); err != nil {
			t.Fatal(err)
		}
	}
	rows, _, err := b.Audit(t.Context(), auth.AuditQuery{User: cat})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, r := range rows {
		if r.User != cat && r.Target != cat {
			t.Errorf("%+v", r)
		}
		if r.Target == cat && r.Event == "live.console" && r.Operator == "op_x" {
			seen++
		}
	}
	if seen != 1 {
		t.Errorf("%d of %+v", seen, rows)
	}
}

// TestRowsKnowTheirRequest: those of acts, of changes, and those that are derived;
// and they are found by it.
func TestRowsKnowTheirRequest(t *testing.T) {
	b := setup(t)
	ctx := context.WithValue(t.Context(), hutch.RequestIDKey{}, "req-1")
	if err := b.Note(ctx, auth.Act{What: "one"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.CreateKey(ctx, "k", hutch.ScopeData, 0); err != nil {
		t.Fatal(err)
	}
	s := b.signup("ann@shop.example") // of no request
	if err := b.Logout(ctx, bearer(s.AccessToken), ""); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"req-1": "key_created one sessions_ended signed_out", "req-2": ""} {
		rows, _, err := b.Audit(t.Context(), auth.AuditQuery{Request: id})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range rows {
			if r.Request != id {
				t.Errorf("%+v", r)
			}
			got = append(got, r.Event)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}
