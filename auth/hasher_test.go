package auth_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/internal/child"
)

// stuck is a pool whose first job waits until let go.
type stuck struct {
	jobs     atomic.Int32
	began    chan struct{}
	released chan struct{}
}

func (p *stuck) Do(_ context.Context, r child.Request) ([]byte, error) {
	if p.jobs.Add(1) == 1 {
		close(p.began)
		<-p.released
	}
	return []byte(`{"ok":true}`), nil
}

// TestS41LargeHashesKeepNobodyOut: those that wait for their turn take no place
// of others, and have few of their own.
func TestS41LargeHashesKeepNobodyOut(t *testing.T) {
	pool := &stuck{began: make(chan struct{}), released: make(chan struct{})}
	h, err := auth.CheapHasher(rand.Reader, auth.HasherOptions{Workers: 2, Queue: 2, Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	const large = "$argon2id$v=19$m=131072,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"
	errs := make(chan error, 40)
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			_, err := h.Verify(t.Context(), "a password", large)
			errs <- err
		})
	}
	<-pool.began
	for range 32 { // all but those that may wait are refused
		if err := <-errs; hutch.CodeOf(err) != hutch.OverRequestRateLimit {
			t.Errorf("one too many: %v", err)
		}
	}
	for i := range 10 {
		if _, err := h.Hash(t.Context(), fmt.Sprint("another", i)); err != nil {
			t.Errorf("an account of today's parameters: %v", err)
		}
	}
	close(pool.released)
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Errorf("one that may wait: %v", err)
		}
	}
}
