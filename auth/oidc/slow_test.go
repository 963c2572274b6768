package oidc_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/auth/oidc"
)

// hanging is a provider whose keys are known and that answers no more.
type hanging struct {
	*fake
	p        *oidc.Provider
	good     string        // a token of the key that is known
	unheard  string        // of one that is not
	asked    chan struct{} // gets one for each call
	released chan struct{}
}

func hang(t *testing.T) *hanging {
	f := newFake(t)
	h := &hanging{fake: f, p: f.provider(), asked: make(chan struct{}, 10), released: make(chan struct{})}
	f.do(func() {
		h.good = f.sign(jose.RS256, f.key, f.claims(nativeNonce()))
		f.kid = "two"
		h.unheard = f.sign(jose.RS256, rsaKeys()[1], f.claims(nativeNonce()))
		f.kid = "one"
	})
	if err := h.verify(t.Context(), h.good); err != nil {
		t.Fatal(err)
	}
	f.do(func() {
		f.paths["/keys"] = func(w http.ResponseWriter, _ *http.Request) {
			h.asked <- struct{}{}
			<-h.released
			http.Error(w, "down", http.StatusBadGateway)
		}
	})
	t.Cleanup(sync.OnceFunc(h.release)) // before the server ends
	return h
}

func (h *hanging) release() {
	select {
	case <-h.released:
	default:
		close(h.released)
	}
}

func (h *hanging) verify(ctx context.Context, token string) error {
	_, err := h.p.VerifyIDToken(ctx, auth.ProviderToken{IDToken: token, Nonce: "n"})
	return err
}

// within fails where f takes as long as a call that waits for the provider.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	begun := time.Now()
	if f(); time.Since(begun) > 4*time.Second {
		t.Errorf("%s: %s", what, time.Since(begun))
	}
}

// TestATokenOfAnUnknownKeyKeepsNobodyWaiting: those of known keys go on while
// the provider is asked for others, once for all who wait.
func TestATokenOfAnUnknownKeyKeepsNobodyWaiting(t *testing.T) {
	h := hang(t)
	h.do(func() { h.now = h.now.Add(time.Minute) })
	ctx, leave := context.WithCancel(t.Context())
	errs := make(chan error, 3)
	go func() { errs <- h.verify(ctx, h.unheard) }()
	<-h.asked
	for range 2 {
		go func() { errs <- h.verify(t.Context(), h.unheard) }()
	}
	within(t, "a token of a known key", func() {
		if err := h.verify(t.Context(), h.good); err != nil {
			t.Error(err)
		}
	})
	within(t, "who leaves", func() {
		leave()
		if err := <-errs; hutch.CodeOf(err) != hutch.Unavailable {
			t.Error(err)
		}
	})
	h.release()
	for range 2 {
		if err := <-errs; hutch.CodeOf(err) != hutch.InvalidCredentials {
			t.Error(err)
		}
	}
	if n := h.times("/keys"); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

// TestOldKeysHoldWhileTheProviderIsAsked: for all but the one who has it asked.
func TestOldKeysHoldWhileTheProviderIsAsked(t *testing.T) {
	h := hang(t)
	h.do(func() { h.now = h.now.Add(20 * time.Minute) })
	fresh := ""
	h.do(func() { fresh = h.sign(jose.RS256, h.key, h.claims(nativeNonce())) })
	first := make(chan error, 1)
	go func() { first <- h.verify(t.Context(), fresh) }()
	<-h.asked
	within(t, "another", func() {
		if err := h.verify(t.Context(), fresh); err != nil {
			t.Error(err)
		}
	})
	h.release()
	if err := <-first; err != nil {
		t.Errorf("with what was known: %v", err)
	}
}
