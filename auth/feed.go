package auth

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// Change says whose principal may be another now. Who keeps a connection of one
// verifies its credential again, and closes it when that fails.
type Change struct {
	UID     string // of a user or operator, or the id of a service key; the latter two may act in a user's name
	Session string // "": all of UID's
	All     bool   // of everybody: a signing key is gone, or the feed had a gap
}

// Watch calls f for each change that the feed shows; f must not block. stop
// ends that.
func (s *Service) Watch(f func(Change)) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watcher++
	id := s.watcher
	s.watchers[id] = f
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, id)
	}
}

func (s *Service) tell(c Change) {
	s.mu.Lock()
	fs := make([]func(Change), 0, len(s.watchers))
	for _, f := range s.watchers {
		fs = append(fs, f)
	}
	s.mu.Unlock()
	for _, f := range fs {
		f(c)
	}
}

const refollow = 100 * time.Millisecond

// follow reads the feed until ctx ends. After a gap nothing of before holds.
func (s *Service) follow(ctx context.Context) {
	for {
		at := s.head(ctx)
		s.reloadKeys(ctx)
		s.cache.dropAll()
		s.tell(Change{All: true})
		for c, err := range s.o.Feed.Read(ctx, at) {
			if err != nil {
				if ctx.Err() == nil {
					s.o.Log.Warn("auth lost the feed and reads it anew", slog.Any("error", err), slog.Bool("gone", errors.Is(err, data.ErrLogGone)))
				}
				break
			}
			s.apply(ctx, c)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(refollow):
		}
	}
}

// head is where the feed is; "", where it has not begun, would be all of the log.
func (s *Service) head(ctx context.Context) data.Position {
	tick := time.NewTicker(refollow / 10)
	defer tick.Stop()
	for {
		if at := s.o.Feed.Head(); at != "" {
			return at
		}
		select {
		case <-ctx.Done():
			return ""
		case <-tick.C:
		}
	}
}

// reloadKeys is tried again with the next word of the feed: a key that was
// dropped is not to be trusted.
func (s *Service) reloadKeys(ctx context.Context) {
	err := s.loadKeys(ctx)
	s.stale.Store(err != nil)
	if err != nil && ctx.Err() == nil {
		s.o.Log.Error("reading the signing keys again", slog.Any("error", err))
	}
}

// apply forgets what a commit makes untrue, then notes that the feed was heard:
// an old commit of a reader that lags proves little.
func (s *Service) apply(ctx context.Context, c data.Commit) {
	var changes []Change
	if s.stale.Load() {
		s.reloadKeys(ctx)
		s.cache.dropAll()
	}
	for i := range c.Changes {
		ch := &c.Changes[i]
		if ch.Op == data.OpReset {
			if slices.Contains(Collections(), ch.Collection) {
				changes = append(changes, Change{All: true})
				s.reloadKeys(ctx)
				s.cache.dropAll()
			}
			continue
		}
		switch ch.Collection {
		case colSessions:
			if before, after := images[sessionDoc](s, ch); sessionMatters(before, after) {
				uid := ""
				if before != nil {
					uid = before.User
				}
				changes = append(changes, Change{UID: uid, Session: ch.ID})
				s.cache.drop(ch.ID)
			}
		case colUsers:
			if before, after := images[userDoc](s, ch); userMatters(before, after) {
				changes = append(changes, Change{UID: ch.ID})
				s.cache.drop(ch.ID)
			}
		case colKeys:
			if before, after := images[keyDoc](s, ch); keyMatters(before, after) {
				changes = append(changes, Change{UID: ch.ID})
				s.cache.drop(ch.ID)
			}
		case colOperators:
			changes = append(changes, Change{UID: ch.ID})
			s.cache.drop(ch.ID)
		case colSigning:
			s.reloadKeys(ctx)
			if ch.Op == data.OpDelete { // forgotten after: what is remembered from now on knows the keys of now
				changes = append(changes, Change{All: true})
				s.cache.dropAll()
			}
		}
	}
	heard := s.o.Now()
	if !c.At.IsZero() && c.At.Before(heard) {
		heard = c.At
	}
	s.cache.hear(heard)
	for _, c := range changes {
		s.tell(c)
	}
}

// images reads both sides of a change; what cannot be read counts as a change,
// and so does an update of what is not known.
func images[T any](s *Service, ch *data.Change) (before, after *T) {
	if ch.Before == nil && ch.Op != data.OpCreate {
		return nil, nil
	}
	var err error
	if ch.Before != nil {
		before, err = decode[T](ch.Before)
	}
	if err == nil && ch.After != nil {
		after, err = decode[T](ch.After)
	}
	if err != nil {
		s.o.Log.Error("reading a change of auth", slog.String("collection", ch.Collection), slog.Any("error", err))
		return nil, nil
	}
	return before, after
}

func sessionMatters(a, b *sessionDoc) bool {
	if a == nil { // new, or not readable
		return b == nil
	}
	return b == nil || a.User != b.User || a.Epoch != b.Epoch || a.AAL != b.AAL || a.Factor != b.Factor || a.Recovery != b.Recovery || a.Claims != b.Claims || a.Passkey != b.Passkey
}

func userMatters(a, b *userDoc) bool {
	if a == nil {
		return b == nil
	}
	return b == nil || a.Email != b.Email || !a.Confirmed.Equal(b.Confirmed) || !slices.Equal(a.Roles, b.Roles) ||
		a.Anonymous != b.Anonymous || a.App != b.App || a.Epoch != b.Epoch || !a.Banned.Equal(b.Banned) || !sameFactors(a, b) || !slices.Equal(a.Passkeys, b.Passkeys)
}

func keyMatters(a, b *keyDoc) bool {
	if a == nil {
		return b == nil
	}
	return b == nil || a.Scope != b.Scope || string(a.Hash) != string(b.Hash) || !a.Expires.Equal(b.Expires)
}

var _ Feed = (*data.Feed)(nil)
