package data

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// leasesCollection keeps who holds a Lease: {_id: its name, holder, fence, until}.
var leasesCollection = Collection{Name: "_leases"}

// ownCollections are data's own besides the idempotency records.
var ownCollections = []Collection{limitsCollection, leasesCollection, erasuresCollection}

// Lease is the right of one node at a time to do what all of them could. It ends
// by itself when its holder is gone. Nodes compare by their clocks: who holds it
// may still be at work while it ends, so what must not happen twice carries the
// fence or is guarded by itself.
type Lease struct {
	sys    System
	name   string
	holder string
	life   time.Duration
	now    func() time.Time

	mu    sync.Mutex
	fence int64     // guarded by mu; 0: not held
	until time.Time // guarded by mu
}

// Lease gives this node's side of a lease that lasts for life after each Acquire.
func (s *Service) Lease(name string, life time.Duration) *Lease {
	return &Lease{sys: s.System(leasesCollection.Name), name: name, holder: rand.Text(), life: life, now: s.now}
}

// Acquire takes the lease where it is free or has ended, and prolongs one's own;
// false: another holds it. An error leaves it not held.
func (l *Lease) Acquire(ctx context.Context) (bool, error) { return l.take(ctx, 0) }

// Renew prolongs the lease; false: it was lost, were it only for a moment. An
// error leaves it held until the end it had.
func (l *Lease) Renew(ctx context.Context) (bool, error) {
	if fence := l.Fence(); fence != 0 {
		return l.take(ctx, fence)
	}
	return false, nil
}

// take writes the lease where one may; fence: only while it is that one.
func (l *Lease) take(ctx context.Context, fence int64) (bool, error) {
	now := l.now()
	until := now.Add(l.life)
	var mine int64
	_, err := l.sys.Commit(ctx, &Batch{Now: now, Writes: []Write{{
		Collection: leasesCollection.Name, ID: l.name, Expect: AnyVersion,
		Next: func(old Doc) (Doc, error) {
			mine = 0
			stands, _ := Integer(Field(old, "fence"))
			own := Text(Field(old, "holder")) == l.holder
			switch {
			case own && (fence == 0 || fence == stands):
				mine = stands
			case fence != 0, held(old, now):
				return old, nil
			default:
				mine = stands + 1
			}
			return l.doc(mine, until), nil
		},
	}}})
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		if fence != 0 {
			return false, err
		}
		mine = 0
	}
	l.fence, l.until = mine, until
	return mine != 0, err
}

// Release gives the lease back, if it is held.
func (l *Lease) Release(ctx context.Context) error {
	l.mu.Lock()
	fence := l.fence
	l.fence = 0
	l.mu.Unlock()
	if fence == 0 {
		return nil
	}
	_, err := l.sys.Commit(ctx, &Batch{Writes: []Write{{
		Collection: leasesCollection.Name, ID: l.name, Expect: AnyVersion,
		Next: func(old Doc) (Doc, error) {
			if stands, _ := Integer(Field(old, "fence")); stands != fence || Text(Field(old, "holder")) != l.holder {
				return old, nil
			}
			return NewDoc(Elem{FieldID, String(l.name)}, Elem{"fence", Int64(fence)}), nil // fences go on growing
		},
	}}})
	return err
}

// Fence is 0 while the lease is not held; with each holder it grows.
func (l *Lease) Fence() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.now().Before(l.until) {
		return 0
	}
	return l.fence
}

func (l *Lease) doc(fence int64, until time.Time) Doc {
	return NewDoc(Elem{FieldID, String(l.name)}, Elem{"holder", String(l.holder)},
		Elem{"fence", Int64(fence)}, Elem{"until", Date(until)})
}

// held reports whether a stored lease is somebody's at now.
func held(d Doc, now time.Time) bool {
	v := Field(d, "until")
	return v.Type == bson.TypeDateTime && now.UnixMilli() < v.DateTime()
}
