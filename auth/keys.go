package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	keyPrefix    = "hutch_sk_"
	keyIDBytes   = 11 // 15 digits
	keyIDDigits  = 15
	keySecret    = 32 // 43 digits
	keyDigits    = 43
	noteUseEvery = time.Minute
)

// Key is a service key without its secret.
type Key struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Scope      string     `json:"scope"`
	CreatedAt  time.Time  `json:"createdAt"`
	ExpiresAt  *time.Time `json:"expiresAt,omitempty"`
	LastUsedAt *time.Time `json:"lastUsedAt,omitempty"` // to the minute
}

func (d *keyDoc) expired(now time.Time) bool { return !d.Expires.IsZero() && !now.Before(d.Expires) }

func (d *keyDoc) show() Key {
	k := Key{ID: d.ID, Name: d.Name, Scope: d.Scope, CreatedAt: d.Created}
	if !d.Expires.IsZero() {
		k.ExpiresAt = &d.Expires
	}
	if !d.LastUsed.IsZero() {
		k.LastUsedAt = &d.LastUsed
	}
	return k
}

// parsedKey is hutch_sk_<scope>_<id>_<secret>.
type parsedKey struct{ scope, id string }

func parseKey(s string) (k parsedKey, ok bool) {
	rest, ok := strings.CutPrefix(s, keyPrefix)
	if !ok || len(s) > 128 {
		return k, false
	}
	f := strings.Split(rest, "_")
	if len(f) != 3 || !validScope(f[0]) || len(f[1]) != keyIDDigits || len(f[2]) != keyDigits || !isBase62(f[1]) || !isBase62(f[2]) {
		return k, false
	}
	return parsedKey{scope: f[0], id: f[1]}, true
}

func validScope(s string) bool {
	return s == hutch.ScopeData || s == hutch.ScopeAuth || s == hutch.ScopeOps
}

// CreateKey makes a service key and gives it, this once. scope is data (bypasses
// rules), auth or ops; life 0 never ends.
func (s *Service) CreateKey(ctx context.Context, name, scope string, life time.Duration) (key string, k Key, err error) {
	if scope == "" {
		scope = hutch.ScopeData
	}
	if !validScope(scope) {
		return "", k, &hutch.Error{Code: hutch.InvalidArgument, Field: "scope", Message: "the scope of a key is data, auth or ops"}
	}
	if n := utf8.RuneCountInString(name); n < 1 || n > 64 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", k, &hutch.Error{Code: hutch.InvalidArgument, Field: "name", Message: "a name has 1 to 64 characters"}
	}
	if life < 0 {
		return "", k, &hutch.Error{Code: hutch.InvalidArgument, Field: "expires", Message: "a key cannot end before it begins"}
	}
	now := s.o.Now()
	b, err := random(s.o.Entropy, keyIDBytes+keySecret)
	if err != nil {
		return "", k, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	d := &keyDoc{ID: base62(b[:keyIDBytes]), Name: name, Scope: scope, Created: now}
	if life > 0 {
		d.Expires = now.Add(life)
	}
	key = keyPrefix + scope + "_" + d.ID + "_" + base62(b[keyIDBytes:])
	sum := sha256.Sum256([]byte(key))
	d.Hash = sum[:]
	w, err := put(colKeys, d.ID, 0, d)
	if err != nil {
		return "", k, err
	}
	row, err := s.audit(now, auditDoc{Event: "key_created", Key: d.ID, Detail: scope}.acted(ctx))
	if err != nil {
		return "", k, err
	}
	if err := s.commit(ctx, now, w, row); err != nil {
		return "", k, err
	}
	return key, d.show(), nil
}

// ListKeys gives all service keys, the oldest first.
func (s *Service) ListKeys(ctx context.Context) ([]Key, error) {
	if err := s.flushUses(ctx); err != nil {
		s.o.Log.Warn("noting the use of service keys", slog.Any("error", err))
	}
	keys := []Key{}
	for raw, err := range s.o.System.Find(ctx, data.Query{From: colKeys, Limit: 1000}) {
		if err != nil {
			return nil, err
		}
		d, err := decode[keyDoc](raw)
		if err != nil {
			return nil, err
		}
		keys = append(keys, d.show())
	}
	slices.SortFunc(keys, func(a, b Key) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return keys, nil
}

// RevokeKey ends a key, named by its id, by the key itself or by a name that one
// key has: not_found, invalid_argument for a name that several have.
func (s *Service) RevokeKey(ctx context.Context, which string) (Key, error) {
	if k, ok := parseKey(which); ok {
		which = k.id
	}
	keys, err := s.ListKeys(ctx)
	if err != nil {
		return Key{}, err
	}
	var found []Key
	for _, k := range keys {
		if k.ID == which {
			found = []Key{k}
			break
		}
		if k.Name == which {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 0:
		return Key{}, &hutch.Error{Code: hutch.NotFound, Message: "there is no such key"}
	case 1:
	default:
		return Key{}, &hutch.Error{Code: hutch.InvalidArgument, Message: "several keys have this name", Hint: "name the key by its id"}
	}
	now := s.o.Now()
	row, err := s.audit(now, auditDoc{Event: "key_revoked", Key: found[0].ID, Detail: found[0].Scope}.acted(ctx))
	if err != nil {
		return Key{}, err
	}
	if err := s.commit(ctx, now, remove(colKeys, found[0].ID), row); err != nil {
		return Key{}, err
	}
	s.cache.drop(found[0].ID)
	return found[0], nil
}

// noteUse remembers that a key was used; flushUses writes it.
func (s *Service) noteUse(id string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used[id] = now
}

// flushUses writes the last use of keys, each at most once a minute.
func (s *Service) flushUses(ctx context.Context) error {
	s.mu.Lock()
	used := s.used
	s.used = map[string]time.Time{}
	s.mu.Unlock()
	var errs []error
	for id, at := range used {
		d, err := load[keyDoc](ctx, s.o.System, colKeys, id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if d == nil || at.Sub(d.LastUsed) < noteUseEvery {
			continue
		}
		expect := d.Version
		d.Version, d.LastUsed = 0, at
		w, err := put(colKeys, id, expect, d)
		if err == nil {
			err = s.commit(ctx, s.o.Now(), w)
		}
		if err != nil && !moved(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// untold reports whether something is to be told: once a minute.
func (s *Service) untold(what string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.told[what]) < time.Minute {
		return false
	}
	s.told[what] = now
	return true
}

// auditBrowser writes that a browser showed a service key, once a minute a key.
func (s *Service) auditBrowser(ctx context.Context, id string) {
	now := s.o.Now()
	if !s.untold("key "+id, now) {
		return
	}
	s.o.Log.Warn("a browser showed a service key; revoke it", slog.String("key", id))
	row, err := s.audit(now, auditDoc{Event: "key_in_browser", Key: id})
	if err == nil {
		err = s.commit(ctx, now, row)
	}
	if err != nil {
		s.o.Log.Warn("auditing a service key in a browser", slog.Any("error", err))
	}
}
