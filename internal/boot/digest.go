package boot

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// digest hashes lists of strings so that no two lists share their bytes.
type digest struct{ h hash.Hash }

func newDigest() digest { return digest{sha256.New()} }

func (d digest) add(parts ...string) {
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		d.h.Write(n[:])
		d.h.Write([]byte(p))
	}
}

func (d digest) sum() string { return hex.EncodeToString(d.h.Sum(nil)[:16]) }

// indexes changes with what a store is configured by.
func (r *release) indexes() string {
	h := newDigest()
	for i := range r.collections {
		c := &r.collections[i]
		h.add("collection", c.Name)
		for _, x := range c.Indexes {
			h.add("index", x.Name, fmt.Sprint(x.Unique, x.Fields))
		}
	}
	return h.sum()
}

// digest changes with all of a config that users of one app could tell apart:
// nodes that serve it have to agree on it. publicURL issues their tokens.
func (r *release) digest(publicURL string) string {
	h, c := newDigest(), r.config
	h.add("rules", r.version, "indexes", r.indexes())
	h.add("app", c.Name, publicURL, strings.Join(c.Origins, " "), fmt.Sprint(c.Limits), fmt.Sprint(c.Auth))
	for i := range c.Functions {
		f := &c.Functions[i]
		t := &f.Trigger
		h.add("function", f.Name, f.Auth.Text, f.Idempotency, t.HTTP, t.Collection, strings.Join(t.Before, " "),
			fmt.Sprint(t.Call, f.Admin, f.Timeout, f.Memory, f.Query))
	}
	for i := range r.functions {
		if s := r.functions[i].Input; s != nil {
			h.add("input", r.functions[i].Name, string(s.JSON()))
		}
	}
	return h.sum()
}
