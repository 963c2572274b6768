package auth_test

import (
	"context"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// TestFunctionsGiveHashesOfNewUsers: ctx.auth.createUser takes password_hash, as
// POST admin/users does.
func TestFunctionsGiveHashesOfNewUsers(t *testing.T) {
	b := setup(t)
	m := b.Manage("import", 0)
	u, err := m.Create(t.Context(), []byte(`{"email":"ann@shop.example","password_hash":"`+fbStored+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	ws, _, err := m.Writes()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err == nil {
		_, err = b.opts.System.Commit(ctx, &data.Batch{Now: b.clock.Now(), Writes: ws})
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.signin("ann@shop.example", "user1password", here(1))
	if err != nil || s.User.ID != u.ID {
		t.Errorf("%+v %v", s, err)
	}
}
