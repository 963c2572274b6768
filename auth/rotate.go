package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// loadKeys reads the set, makes what a new store lacks, and uses it. An error
// keeps the node from starting.
func (s *Service) loadKeys(ctx context.Context) error {
	s.loading.Lock() // an older reading must not replace a newer one
	defer s.loading.Unlock()
	for {
		set, err := s.readKeys(ctx)
		if err != nil {
			return err
		}
		ws, err := s.missingKeys(set)
		if err != nil {
			return fmt.Errorf("making signing keys: %w", err)
		}
		if len(ws) == 0 {
			s.keys.Store(set)
			return nil
		}
		if err := s.commit(ctx, s.o.Now(), ws...); err != nil && !moved(err) {
			return fmt.Errorf("writing signing keys: %w", err)
		}
		if ctx.Err() != nil {
			return ctxError(ctx)
		}
	}
}

// missingKeys are the writes that a set needs before it can be used: the refresh
// key, a first key, and the life of tokens where it has grown.
func (s *Service) missingKeys(set *keySet) (ws []data.Write, err error) {
	now := s.o.Now()
	add := func(expect int64, d *signingDoc) error {
		w, err := put(colSigning, d.ID, expect, d)
		ws = append(ws, w)
		return err
	}
	if set.refresh == nil {
		if len(set.keys) > 0 {
			return nil, hutch.Errorf(hutch.Internal, "the refresh key is missing beside signing keys")
		}
		// Both in one commit: of two nodes that start at once one loses and reads.
		key, err := random(s.o.Entropy, 32)
		if err != nil {
			return nil, err
		}
		d := &signingDoc{ID: refreshKeyID, Created: now}
		if d.Sealed, err = s.seal.seal(colSigning+"/"+refreshKeyID, key); err != nil {
			return nil, err
		}
		if err = add(0, d); err != nil {
			return nil, err
		}
		first, err := s.makeKey(now, now)
		if err != nil {
			return nil, err
		}
		return ws, add(0, first)
	}
	if len(set.keys) == 0 {
		first, err := s.makeKey(now, now)
		if err != nil {
			return nil, err
		}
		return ws, add(0, first)
	}
	life := int64(s.o.Lifetimes.Access / time.Second)
	for _, key := range set.keys {
		if d := *key.doc; d.Life < life && set.verifies(key.kid, now) != nil {
			expect := d.Version
			d.Version, d.Life = 0, life
			if err := add(expect, &d); err != nil {
				return nil, err
			}
		}
	}
	return ws, nil
}

// rotate publishes the next key a day before it signs, every 90 days, and drops
// keys whose last token has ended.
func (s *Service) rotate(ctx context.Context) error {
	now, set := s.o.Now(), s.keys.Load()
	var ws []data.Write
	newest := set.keys[len(set.keys)-1]
	if due := newest.signsFrom.Add(rotateEvery); !now.Before(due.Add(-publishLead)) {
		from := now.Add(publishLead)
		if due.After(from) {
			from = due
		}
		next, err := s.makeKey(now, from)
		if err != nil {
			return fmt.Errorf("making a signing key: %w", err)
		}
		if ws, err = followedBy(newest, next); err != nil {
			return err
		}
	}
	for _, key := range set.keys {
		if set.verifies(key.kid, now) == nil {
			ws = append(ws, remove(colSigning, key.kid))
		}
	}
	if len(ws) == 0 {
		return nil
	}
	if err := s.commit(ctx, now, ws...); err != nil && !moved(err) {
		return fmt.Errorf("rotating signing keys: %w", err)
	}
	return s.loadKeys(ctx)
}
