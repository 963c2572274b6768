package auth

import (
	"context"
	"crypto/sha256"
	"sync"
)

// ManagedCall is what a call of the app's code keeps over its runs: a lost commit
// hashes no password again, and counts no mail. Its zero value is ready.
type ManagedCall struct {
	mu      sync.Mutex // guards the rest
	hashes  map[[sha256.Size]byte]string
	invited map[string]bool // keys of addresses
}

// hash gives the hash of an account's password.
func (c *ManagedCall) hash(ctx context.Context, h Hasher, key, password string) (string, error) {
	id := sha256.Sum256([]byte(key + "\x00" + password))
	c.mu.Lock()
	known, ok := c.hashes[id]
	c.mu.Unlock()
	if ok {
		return known, nil
	}
	made, err := h.Hash(ctx, password)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hashes == nil {
		c.hashes = map[[sha256.Size]byte]string{}
	}
	c.hashes[id] = made
	return made, nil
}

// counts reports whether a mail to the address of key counts still.
func (c *ManagedCall) counts(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.invited[key] {
		return false
	}
	if c.invited == nil {
		c.invited = map[string]bool{}
	}
	c.invited[key] = true
	return true
}
