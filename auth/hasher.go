package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/internal/child"
)

// Hasher hashes and verifies passwords. resource_exhausted-like load is
// over_request_rate_limit.
type Hasher interface {
	Hash(ctx context.Context, password string) (string, error)
	// Verify compares with a hash, ours or an imported one; "" is no account: it
	// takes as long as today's parameters take and is false.
	Verify(ctx context.Context, password, encoded string) (bool, error)
	// Stale reports whether a hash was made with other parameters than today's,
	// or by another program.
	Stale(encoded string) bool
}

// HashHandlerName is the kind of work of HashHandler in children.
const HashHandlerName = "password"

const (
	hashQueue  = 64
	heavyQueue = 8               // large hashes, one at work: these wait apart from others
	hashWait   = 5 * time.Second // Retry-After of a full queue
)

// Pool runs work in child processes: *child.Pool.
type Pool interface {
	Do(ctx context.Context, r child.Request) ([]byte, error)
}

var _ Pool = (*child.Pool)(nil)

// HashMemory is what a child needs to hash by p and to verify the largest
// imported hash.
func HashMemory(p Params) uint64 { return max(uint64(p.Memory)<<10, maxHashMemory<<10) + 256<<20 }

type hashRequest struct {
	Password []byte `json:"password"`
	Salt     []byte `json:"salt,omitempty"` // to hash
	Params   Params `json:"params,omitzero"`
	Encoded  string `json:"encoded,omitempty"` // to verify
}

type hashAnswer struct {
	Encoded string `json:"encoded,omitempty"`
	OK      bool   `json:"ok,omitempty"`
}

// HashHandler is the child's side of NewHasher. The next hash takes the memory of
// this one, which a collection of its own accord would leave beside two more.
func HashHandler(c *child.Call) ([]byte, error) {
	defer runtime.GC()
	return hashWork(c.In)
}

func hashWork(in []byte) ([]byte, error) {
	var r hashRequest
	var a hashAnswer
	err := json.Unmarshal(in, &r)
	if err == nil {
		if r.Encoded == "" {
			a.Encoded, err = HashPassword(string(r.Password), r.Salt, r.Params)
		} else {
			a.OK, err = VerifyPassword(string(r.Password), r.Encoded)
			if h, e := parseHash(r.Encoded); e == nil && h.memory > heavyHash {
				debug.FreeOSMemory() // the next would not fit beside it
			}
		}
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(a)
}

// HasherOptions of NewHasher; zero fields take the defaults in brackets.
type HasherOptions struct {
	Pool    Pool      // nil: in this process, for commands and tests
	Params  Params    // [DefaultParams]
	Workers int       // hashes at a time [1]; the pool's children
	Queue   int       // that may wait [64]
	Entropy io.Reader // of salts
}

type poolHasher struct {
	o     HasherOptions
	slots chan struct{} // holds Workers
	queue chan struct{} // holds Workers + Queue
	heavy chan struct{} // holds 1: many large hashes at once would be all of the memory
	large chan struct{} // holds heavyQueue, who waits for it among them
	dummy string
}

// NewHasher hashes in the pool's children, one a core. Beyond the queue it
// answers over_request_rate_limit.
func NewHasher(o HasherOptions) (Hasher, error) {
	if o.Params == (Params{}) {
		o.Params = DefaultParams()
	}
	if err := o.Params.Check(); err != nil {
		return nil, &hutch.Error{Code: hutch.InvalidArgument, Field: "auth.password.hash", Message: err.Error()}
	}
	return newHasher(o)
}

func newHasher(o HasherOptions) (*poolHasher, error) {
	o.Workers, o.Queue = max(o.Workers, 1), max(o.Queue, 0)
	if o.Queue == 0 {
		o.Queue = hashQueue
	}
	if o.Entropy == nil {
		return nil, errors.New("a hasher needs entropy")
	}
	// A hash nobody has a password for: verifying costs what a real one of
	// today's parameters costs.
	b, err := random(o.Entropy, saltLen+hashLen)
	if err != nil {
		return nil, fmt.Errorf("reading entropy: %w", err)
	}
	return &poolHasher{
		o: o, dummy: phc(o.Params, b[:saltLen], b[saltLen:]),
		slots: make(chan struct{}, o.Workers), queue: make(chan struct{}, o.Workers+o.Queue), heavy: make(chan struct{}, 1),
		large: make(chan struct{}, heavyQueue),
	}, nil
}

func (h *poolHasher) Hash(ctx context.Context, password string) (string, error) {
	salt, err := random(h.o.Entropy, saltLen)
	if err != nil {
		return "", hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	a, err := h.do(ctx, hashRequest{Password: []byte(password), Salt: salt, Params: h.o.Params}, false)
	return a.Encoded, err
}

func (h *poolHasher) Verify(ctx context.Context, password, encoded string) (bool, error) {
	stored, err := parseHash(encoded)
	known := err == nil
	if !known { // no account, no password, or costs over the bounds
		encoded = h.dummy
	}
	heavy := known && stored.memory > max(heavyHash, uint64(h.o.Params.Memory)<<10)
	a, err := h.do(ctx, hashRequest{Password: []byte(password), Encoded: encoded}, heavy)
	return a.OK && known, err
}

func (h *poolHasher) Stale(encoded string) bool {
	stored, err := parseHash(encoded)
	return err == nil && (stored.ours == nil || *stored.ours != h.o.Params)
}

func (h *poolHasher) do(ctx context.Context, r hashRequest, heavy bool) (a hashAnswer, err error) {
	busy := &hutch.Error{Code: hutch.OverRequestRateLimit, Message: "too many sign-ins at once", RetryAfter: hashWait}
	if heavy { // before the queue, where they would keep others out
		select {
		case h.large <- struct{}{}:
			defer func() { <-h.large }()
		default:
			return a, busy
		}
		select {
		case h.heavy <- struct{}{}:
			defer func() { <-h.heavy }()
		case <-ctx.Done():
			return a, ctxError(ctx)
		}
	}
	select {
	case h.queue <- struct{}{}:
		defer func() { <-h.queue }()
	default:
		return a, busy
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return a, ctxError(ctx)
	}
	in, err := json.Marshal(r) //nolint:gosec // to a child of ours, and cleared
	if err != nil {
		return a, hutch.Errorf(hutch.Internal, "hashing a password: %w", err)
	}
	var out []byte
	if h.o.Pool == nil {
		out, err = hashWork(in)
	} else {
		out, err = h.o.Pool.Do(ctx, child.Request{Handler: HashHandlerName, In: in})
	}
	clear(in)
	switch {
	case err != nil && ctx.Err() != nil:
		return a, ctxError(ctx)
	case err != nil:
		return a, hutch.Errorf(hutch.Unavailable, "passwords cannot be checked just now: %w", err)
	}
	if err := json.Unmarshal(out, &a); err != nil {
		return hashAnswer{}, hutch.Errorf(hutch.Internal, "hashing a password: %w", err)
	}
	return a, nil
}

func ctxError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return hutch.Errorf(hutch.DeadlineExceeded, "the request took too long")
	}
	return hutch.Errorf(hutch.Cancelled, "the caller gave up")
}
