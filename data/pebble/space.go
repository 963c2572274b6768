package pebble

import (
	"log/slog"
	"sync/atomic"

	"github.com/hutch-dev/hutch"
)

// largeBatch is from where a batch looks at the disk itself.
const largeBatch = 1 << 20

// space watches the disk: Pebble hangs on a full one, so writes are refused
// before.
type space struct {
	low atomic.Bool // refusing, until there is twice the floor
}

// check looks at the disk. What cannot tell its free space has enough.
func (p *space) check(s *Store) {
	free, err := s.o.FreeSpace()
	if err != nil {
		return
	}
	switch low := p.low.Load(); {
	case !low && free < s.o.FreeFloor:
		p.low.Store(true)
		s.o.Log.Error("disk is almost full, writes are refused", slog.Int64("free_bytes", free), slog.Int64("floor_bytes", s.o.FreeFloor))
	case low && free >= 2*s.o.FreeFloor:
		p.low.Store(false)
		s.o.Log.Info("writes are accepted again", slog.Int64("free_bytes", free))
	}
}

// admit refuses writes below the floor, and a large batch of size bytes that
// would go below it: it is written to log and table, and again by compactions.
func (p *space) admit(s *Store, size int64) error {
	if size > 0 {
		p.check(s)
		if free, err := s.o.FreeSpace(); err == nil && free-4*size < s.o.FreeFloor {
			return errFull
		}
	}
	if p.low.Load() {
		return errFull
	}
	return nil
}

var errFull = hutch.Errorf(hutch.ResourceExhausted, "the server's disk is almost full, it takes no writes").
	WithHint("Reads go on. Writes are accepted again once there is space.")
