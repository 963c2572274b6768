package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// lease is one of a test: who holds it is set.
type lease struct {
	mine            atomic.Bool
	asked, released atomic.Int32
}

func (l *lease) Acquire(context.Context) (bool, error) {
	l.asked.Add(1)
	return l.mine.Load(), nil
}

func (l *lease) Release(context.Context) error {
	l.released.Add(1)
	return nil
}

func TestOneNodeSweeps(t *testing.T) {
	l := &lease{}
	b := setup(t, func(o *auth.Options) { o.Lease = l })
	for i := range 7 {
		b.signup(fmt.Sprintf("user%d@shop.example", i))
	}
	for range 600 {
		if _, err := b.IssueOTP(t.Context(), "magic", fmt.Sprint(b.store.count("_otps")), time.Minute, nil); err != nil {
			t.Fatal(err)
		}
	}
	ann := b.signup("ann@shop.example")
	b.clock.add(400 * 24 * time.Hour)
	young := b.signinOK("ann@shop.example")
	sessions, otps := b.store.count("_sessions"), b.store.count("_otps")
	if err := b.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.store.count("_sessions") != sessions || b.store.count("_otps") != otps || otps != 600 || l.asked.Load() == 0 {
		t.Fatalf("another node's work: %d sessions, %d codes", b.store.count("_sessions"), b.store.count("_otps"))
	}
	l.mine.Store(true)
	if _, err := b.IssueOTP(t.Context(), "magic", "young", time.Hour*24, nil); err != nil {
		t.Fatal(err)
	}
	b.clock.add(2 * time.Hour)
	if err := b.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.store.count("_sessions") != 1 || b.store.count("_otps") != 1 {
		t.Errorf("%d sessions, %d codes are left", b.store.count("_sessions"), b.store.count("_otps"))
	}
	if _, err := b.refresh(young.RefreshToken); err != nil {
		t.Error(err)
	}
	_, err := b.refresh(ann.RefreshToken)
	if err == nil {
		t.Error("an ended session goes on")
	}
}

func TestSweepReadsUsersAtOnce(t *testing.T) {
	b := setup(t)
	for range 600 {
		b.signupOnce("ann@shop.example")
	}
	if n := b.store.count("_sessions"); n != 600 {
		t.Fatal(n)
	}
	before := b.store.gets()
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := b.store.gets() - before; n > 5 {
		t.Errorf("%d reads for 600 sessions", n)
	}
	if n := b.store.count("_sessions"); n != 600 {
		t.Errorf("%d sessions are left", n)
	}
}

// signupOnce makes the account the first time and signs in.
func (b *bench) signupOnce(address string) {
	b.t.Helper()
	if b.store.count("_users") == 0 {
		b.signup(address)
		return
	}
	b.signinOK(address)
}

func (m *memory) gets() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reads
}

// TestS91AFailedFlushLosesNoRows: what is counted meanwhile is added to it, and
// the end of Run writes the rest.
func TestS91AFailedFlushLosesNoRows(t *testing.T) {
	l := &lease{}
	b := setup(t, func(o *auth.Options) { o.Lease = l })
	b.signup("ann@shop.example")
	after := ""
	b.audited(&after)
	b.tries(3, "ann@shop.example", here(1))
	b.clock.add(10 * time.Minute)
	var once sync.Once
	b.store.mu.Lock()
	b.store.fail = func(coll string) error {
		if coll != "_audit" {
			return nil
		}
		once.Do(func() { // counted while the flush is under way
			b.store.mu.Unlock()
			b.tries(2, "ann@shop.example", here(2))
			b.store.mu.Lock()
		})
		return errors.New("the store is away")
	}
	b.store.mu.Unlock()
	if err := b.Maintain(t.Context()); err == nil {
		t.Fatal("the flush works")
	}
	b.store.mu.Lock()
	b.store.fail = nil
	b.store.mu.Unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = b.Run(ctx)
	n := int64(0)
	for _, r := range b.audited(&after) {
		if r.Event == "sign_in_failed" {
			n += r.Count
		}
	}
	if n != 5 {
		t.Errorf("%d failures are in the audit, want 5", n)
	}
	if l.released.Load() != 1 {
		t.Error("the lease is kept")
	}
}

func TestS91FailedCodesAndPasskeysAreCounted(t *testing.T) {
	b := setup(t)
	s, _ := b.withFactor("ann@shop.example")
	b.codes(s)
	b.clock.add(time.Second)
	after := ""
	b.audited(&after)
	_, err := b.useCode(b.signinOK("ann@shop.example"), strings.Repeat("0", 16))
	wantCode(t, err, hutch.FactorRefused)
	d := newDevice(t, -7)
	_, err = b.enter(d)
	wantCode(t, err, hutch.WebAuthnFailed)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = b.Run(ctx)
	got := map[string]int64{}
	for _, r := range b.audited(&after) {
		if r.Event == "sign_in_failed" {
			got[r.Detail] += r.Count
		}
	}
	if got["recovery_code"] != 1 || got["passkey"] != 1 {
		t.Error(got)
	}
}
