package auth_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

// TestFunctionsGiveHashesOfNewUsers: ctx.auth.createUser takes password_hash, as
// POST admin/users does.
func TestFunctionsGiveHashesOfNewUsers(t *testing.T) {
	b := setup(t)
	m := b.Manage(new(auth.ManagedCall), 0)
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

// TestARunAgainHashesAndCountsOnce: what a call of the app's code did before its
// commit was lost costs nothing again, and another call counts anew.
func TestARunAgainHashesAndCountsOnce(t *testing.T) {
	var h *countingHashes
	b := mailSetup(t, func(o *auth.Options) {
		h = &countingHashes{Hasher: o.Hasher}
		o.Hasher = h
		o.Limits.MailsPerAddress = 2
	})
	run := func(c *auth.ManagedCall) error {
		m := b.Manage(c, 0)
		if _, err := m.Create(t.Context(), []byte(`{"email":"bob@shop.example","password":"`+password+`"}`)); err != nil {
			return err
		}
		_, err := m.Invite(t.Context(), "ann@shop.example", nil, "")
		return err
	}
	before := h.hashes.Load()
	call := new(auth.ManagedCall)
	for range 10 {
		if err := run(call); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.hashes.Load() - before; n != 1 {
		t.Errorf("%d hashes of one password", n)
	}
	if err := run(new(auth.ManagedCall)); err != nil {
		t.Errorf("the second mail of the hour: %v", err)
	}
	wantCode(t, run(new(auth.ManagedCall)), hutch.OverEmailSendRateLimit)
}

// countingHashes counts hashes.
type countingHashes struct {
	auth.Hasher
	hashes atomic.Int64
}

func (c *countingHashes) Hash(ctx context.Context, password string) (string, error) {
	c.hashes.Add(1)
	return c.Hasher.Hash(ctx, password)
}
