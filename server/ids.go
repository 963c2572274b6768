package server

import (
	"crypto/rand"
	"strconv"
	"sync/atomic"
)

// idSource makes request ids: a random word of this process and a count.
type idSource struct {
	prefix string
	n      atomic.Uint64
}

func (s *idSource) seed() { s.prefix = rand.Text()[:12] + "-" }

func (s *idSource) next() string {
	var b [36]byte
	return string(strconv.AppendUint(append(b[:0], s.prefix...), s.n.Add(1), 36))
}
