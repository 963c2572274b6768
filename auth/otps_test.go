package auth_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
)

func TestOneTimeSecretsArePurposeBoundAndEnd(t *testing.T) {
	b := setup(t)
	secret, err := b.IssueOTP(t.Context(), "state", "", time.Minute, "what it is for")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.store.all(), secret) || strings.Contains(b.store.all(), "what it is for") {
		t.Error("a secret is stored in clear")
	}
	for name, s := range map[string]string{
		"nothing": "", "a prefix": secret[:40], "another": secret[:len(secret)-1] + "_",
		"another secret": secret[:len(secret)-2] + "zz", "another handle": "00" + secret[2:],
	} {
		if _, err := b.ConsumeOTP(t.Context(), "state", s); hutch.CodeOf(err) != hutch.OTPExpired {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.ConsumeOTP(t.Context(), "other", secret); hutch.CodeOf(err) != hutch.OTPExpired {
		t.Errorf("another purpose: %v", err)
	}
	if got, err := b.ConsumeOTP(t.Context(), "state", secret); err != nil || got != "what it is for" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := b.ConsumeOTP(t.Context(), "state", secret); hutch.CodeOf(err) != hutch.OTPExpired {
		t.Errorf("used twice: %v", err)
	}
	old, err := b.IssueOTP(t.Context(), "challenge", "user", time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	next, err := b.IssueOTP(t.Context(), "challenge", "user", time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.ConsumeOTP(t.Context(), "challenge", old); hutch.CodeOf(err) != hutch.OTPExpired {
		t.Errorf("a new one does not end the old: %v", err)
	}
	b.clock.add(time.Minute)
	if _, err := b.ConsumeOTP(t.Context(), "challenge", next); hutch.CodeOf(err) != hutch.OTPExpired {
		t.Errorf("after its time: %v", err)
	}
}

func TestS35OneTimeSecretsInParallel(t *testing.T) {
	b := setup(t)
	secret, err := b.IssueOTP(t.Context(), "state", "", time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var won atomic.Int32
	for range 20 {
		wg.Go(func() {
			_, err := b.ConsumeOTP(t.Context(), "state", secret)
			if err == nil {
				won.Add(1)
			} else if hutch.CodeOf(err) != hutch.OTPExpired {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 20 parallel uses succeed", won.Load())
	}
}
