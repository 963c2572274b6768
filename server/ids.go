package server

import (
	"crypto/rand"
	"sync/atomic"
)

// idSource makes request ids: a random word of this process and a count.
type idSource struct {
	prefix string
	n      atomic.Uint64
}

func (s *idSource) seed() { s.prefix = rand.Text()[:12] + "-" }

// next is an id; all are of one length, so that equal answers are equally long.
func (s *idSource) next() string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	var b [21]byte
	n := s.n.Add(1)
	for i := len(b) - 1; i >= len(s.prefix); i-- {
		b[i] = digits[n&31]
		n >>= 5
	}
	copy(b[:], s.prefix)
	return string(b[:])
}
