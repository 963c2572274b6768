package auth_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/internal/child"
)

// TestTheMemoryOfAHashIsForTheNext: a child that hashes on and on holds one
// block, not what it hashed since a collection.
func TestTheMemoryOfAHashIsForTheNext(t *testing.T) {
	in := []byte(`{"password":"YSBwYXNzd29yZA==","salt":"MDEyMzQ1Njc4OTAxMjM0NQ==","params":{"Memory":65536,"Time":1,"Threads":1}}`)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 3 {
		if out, err := auth.HashHandler(&child.Call{In: in}); err != nil || !strings.Contains(string(out), "$m=65536,") {
			t.Fatalf("%s %v", out, err)
		}
		if runtime.ReadMemStats(&after); after.HeapAlloc > before.HeapAlloc+32<<20 {
			t.Errorf("%d MiB more are held after a hash of 64 MiB", (after.HeapAlloc-before.HeapAlloc)>>20)
		}
	}
}

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
