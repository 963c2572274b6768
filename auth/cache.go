package auth

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hutch-dev/hutch"
)

const (
	cacheShards  = 64
	cacheMarks   = 1 << 14
	feedSilence  = 3 * time.Second
	defaultCache = 32 << 10
)

// cache remembers successful verifications by the SHA-256 of the credential.
//
// A change of a session, user or key moves a mark; an entry holds while its
// marks are those of before its documents were read. So nothing is looked for
// when something changes, and an entry that was read before the change and
// stored after it never holds. Strangers that share a mark cost each other a miss.
type cache struct {
	shards [cacheShards]struct {
		mu sync.Mutex // guards m
		m  map[[32]byte]*remembered
	}
	perShard int
	seed     maphash.Seed
	marks    [cacheMarks]atomic.Uint32
	all      atomic.Uint64 // moved when everything is to be forgotten
	heard    atomic.Int64  // Unix nanoseconds, when the feed last spoke; 0 = never
}

// stand is where the marks of a credential's documents stood.
type stand struct {
	all  uint64
	at   [2]uint32 // index
	mark [2]uint32
}

// remembered is a credential that was good.
type remembered struct {
	principal hutch.Principal
	exp       time.Time // of the token; zero: never
	ends      int64     // Unix nanoseconds; 0 = never
	renew     int64     // Unix nanoseconds from which a younger token is due; 0 = never
	stand     stand
}

func newCache(size int) *cache {
	if size <= 0 {
		size = defaultCache
	}
	c := &cache{perShard: max(size/cacheShards, 1), seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i].m = map[[32]byte]*remembered{}
	}
	return c
}

func (c *cache) mark(id string) uint32 {
	return uint32(maphash.String(c.seed, id) % cacheMarks)
}

// stand is taken before the documents are read.
func (c *cache) stand(a, b string) (s stand) {
	s.all = c.all.Load()
	s.at = [2]uint32{c.mark(a), c.mark(b)}
	s.mark = [2]uint32{c.marks[s.at[0]].Load(), c.marks[s.at[1]].Load()}
	return s
}

func (c *cache) holds(s *stand) bool {
	return s.all == c.all.Load() && s.mark[0] == c.marks[s.at[0]].Load() && s.mark[1] == c.marks[s.at[1]].Load()
}

// get gives what is remembered and still holds.
func (c *cache) get(sum [32]byte, now time.Time) *remembered {
	nano := now.UnixNano()
	if !c.hears(nano, feedSilence) {
		return nil
	}
	sh := &c.shards[sum[0]%cacheShards]
	sh.mu.Lock()
	r := sh.m[sum]
	sh.mu.Unlock()
	if r == nil {
		return nil
	}
	if r.ends != 0 && nano >= r.ends || !c.holds(&r.stand) {
		sh.mu.Lock()
		if sh.m[sum] == r {
			delete(sh.m, sum)
		}
		sh.mu.Unlock()
		return nil
	}
	return r
}

// hears reports whether the feed spoke within d.
func (c *cache) hears(nano int64, d time.Duration) bool {
	heard := c.heard.Load()
	return heard != 0 && nano-heard <= int64(d)
}

// put remembers; a full shard gives up entries that hold no longer, else any.
func (c *cache) put(sum [32]byte, r *remembered, now time.Time) {
	if !c.holds(&r.stand) {
		return
	}
	sh := &c.shards[sum[0]%cacheShards]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(sh.m) >= c.perShard {
		nano, looked := now.UnixNano(), 0
		for k, e := range sh.m {
			dead := e.ends != 0 && nano >= e.ends || !c.holds(&e.stand)
			if looked++; dead || looked >= 8 {
				delete(sh.m, k)
				if looked >= 8 {
					break
				}
			}
		}
		for k := range sh.m {
			if len(sh.m) < c.perShard {
				break
			}
			delete(sh.m, k)
		}
	}
	sh.m[sum] = r
}

// drop forgets what rests on the document of id.
func (c *cache) drop(id string) { c.marks[c.mark(id)].Add(1) }

// dropAll forgets everything.
func (c *cache) dropAll() { c.all.Add(1) }

// hear notes that the feed showed the state of a time; it never goes back.
func (c *cache) hear(t time.Time) {
	nano := t.UnixNano()
	for {
		old := c.heard.Load()
		if nano <= old || c.heard.CompareAndSwap(old, nano) {
			return
		}
	}
}

// len is the number of entries.
func (c *cache) len() (n int) {
	for i := range c.shards {
		c.shards[i].mu.Lock()
		n += len(c.shards[i].m)
		c.shards[i].mu.Unlock()
	}
	return n
}
