package auth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/auth"
)

// TestS91AFactorsWayIsInTheAudit: begun, proven and removed, each is a row; a
// commit that proves one and does not say so leaves one, too.
func TestS91AFactorsWayIsInTheAudit(t *testing.T) {
	b := setup(t)
	s, after := b.signup("ann@shop.example"), ""
	events := func() (got []string) {
		defer b.clock.add(time.Second) // rows sort by time
		for _, r := range b.audited(&after) {
			if r.User != s.User.ID {
				t.Errorf("of whom? %+v", r)
			}
			got = append(got, strings.TrimSpace(r.Event+" "+r.Detail))
		}
		slices.Sort(got)
		return got
	}
	events()
	f, err := b.enroll(s, "app")
	if err != nil {
		t.Fatal(err)
	}
	if got := events(); !slices.Contains(got, "factor_begun "+f.id+" unverified") {
		t.Errorf("begun: %q", got)
	}
	if s, err = f.prove(s, f.code(0)); err != nil {
		t.Fatal(err)
	}
	if got := events(); !slices.Contains(got, "factor_added totp") || slices.ContainsFunc(got, func(e string) bool { return strings.HasPrefix(e, "factor_changed") }) {
		t.Errorf("proven: %q", got)
	}
	if err = b.Unenroll(t.Context(), bearer(s.AccessToken), f.id); err != nil {
		t.Fatal(err)
	}
	if got := events(); !slices.Contains(got, "factor_removed") {
		t.Errorf("removed: %q", got)
	}
	rows, err := auth.ProofUntold()
	if err != nil {
		t.Fatal(err)
	}
	want := []auth.AuditRow{{Event: "user_changed", User: "ann", Detail: "factors"}, {Event: "factor_changed", User: "ann", Detail: "f verified"}}
	if !slices.Equal(rows, want) {
		t.Errorf("untold: %+v", rows)
	}
}
