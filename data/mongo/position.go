package mongo

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// instant is a cluster time: seconds << 32 | increment. 0 is before all.
type instant uint64

func instantOf(t bson.Timestamp) instant { return instant(t.T)<<32 | instant(t.I) }

func (i instant) timestamp() bson.Timestamp {
	return bson.Timestamp{T: uint32(i >> 32), I: uint32(i)}
}

func (i instant) position() data.Position {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(i))
	return data.Position(hex.EncodeToString(b[:]))
}

// floor puts a cluster time on the scale of versions: seconds << 20 + increment,
// below 2^53 until 2242, and above the microseconds since 1970 that the embedded
// store counts.
func (i instant) floor() int64 { return int64(i>>32)<<20 + int64(min(i&0xffffffff, 1<<20-1)) }

// nextVersion is the version of a write over version old (0: none) by a node
// that has seen the cluster time clock. The driver sends that time along, so the
// commit's own time is above it.
func nextVersion(old int64, clock instant) int64 { return max(old, clock.floor()) + 1 }

func parsePosition(p data.Position) (instant, error) {
	if p == "" {
		return 0, nil
	}
	b, err := hex.DecodeString(string(p))
	if err != nil || len(b) != 8 || strings.ToLower(string(p)) != string(p) {
		return 0, hutch.Errorf(hutch.InvalidArgument, "a position is 16 lower-case hex digits")
	}
	return instant(binary.BigEndian.Uint64(b)), nil
}

// newest is the largest instant that it was told of.
type newest struct{ v atomic.Uint64 }

func (n *newest) load() instant { return instant(n.v.Load()) }

func (n *newest) advance(i instant) {
	for k := n.v.Load(); uint64(i) > k && !n.v.CompareAndSwap(k, uint64(i)); k = n.v.Load() {
	}
}
