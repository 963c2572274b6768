package pebble

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// layout is the version of the keys and values; another one is refused.
const layout = 1

// Store keeps documents in one folder. It is safe for concurrent use.
type Store struct {
	o      Options
	db     *pebble.DB
	epoch  string
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	tasks  sync.WaitGroup // the store's own goroutines

	mu     sync.Mutex      // the sequencer; guards what follows
	last   uint64          // position of the newest commit
	recent [1 << 16]uint64 // by hash of a document's key: its newest commit, if any was since Open
	seed   maphash.Seed

	cat     atomic.Pointer[catalog] // replaced under mu
	started atomic.Uint64           // position being applied, or last
	applied atomic.Uint64           // last, once it is visible
	fresh   atomic.Uint64           // new snapshots hold at least this commit

	sync  syncer
	views views
	log   changeLog
	space space

	tallies tallies // guarded by mu

	configuring chan struct{} // holds a token: one Configure at a time

	bytes   atomic.Int64 // on disk, as of some seconds ago
	closed  atomic.Bool
	running atomic.Int64  // calls that use the engine
	idle    chan struct{} // told when a call ends and closed is set
}

var _ data.Store = (*Store)(nil)

// Open opens or creates the store in o.Dir.
func Open(o Options) (*Store, error) {
	o = o.filled()
	if o.Durability != Full && o.Durability != Relaxed {
		return nil, hutch.Errorf(hutch.InvalidArgument, "durability is full or relaxed, not %q", o.Durability)
	}
	el := &engineLog{log: o.Log, fatal: o.Fatal}
	db, err := pebble.Open(o.Dir, o.engine(el))
	if err != nil {
		return nil, fmt.Errorf("opening store: %w", failed("opening "+o.Dir, err))
	}
	s := &Store{o: o, db: db, seed: maphash.MakeSeed(), configuring: make(chan struct{}, 1), idle: make(chan struct{}, 1)}
	if err := s.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening store: %w", failed("reading the catalogue", err)), db.Close())
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.tasks.Go(s.syncLoop)
	s.tasks.Go(s.houseLoop)
	return s, nil
}

// recover reads what the store keeps in memory.
func (s *Store) recover() error {
	if err := s.identify(); err != nil {
		return err
	}
	cat, dropping, err := loadCatalog(s.db)
	if err != nil {
		return err
	}
	for _, ix := range dropping { // its keys went, or go now
		if err := s.erase(ix); err != nil {
			return err
		}
	}
	s.cat.Store(cat)
	if err := s.recoverLog(); err != nil {
		return err
	}
	if err := s.recoverTallies(); err != nil {
		return err
	}
	s.started.Store(s.last)
	s.applied.Store(s.last)
	s.sync.start(s.last)
	s.space.check(s)
	s.weigh()
	return nil
}

// weigh looks up how much is on disk. It waits when the disk does, so that Info
// need not.
func (s *Store) weigh() {
	s.bytes.Store(int64(s.db.Metrics().DiskSpaceUsage()))
}

// identify reads the epoch, or makes it in a new store.
func (s *Store) identify() error {
	v, ok, err := get(s.db, metaKey(metaLayout, ""))
	if err != nil {
		return err
	}
	if ok {
		if n := binary.BigEndian.Uint32(v); n != layout {
			return hutch.Errorf(hutch.FailedPrecondition, "the store has layout %d, this version reads %d", n, layout)
		}
		v, _, err = get(s.db, metaKey(metaEpoch, ""))
		s.epoch = string(v)
		return err
	}
	s.epoch = rand.Text()
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	return errors.Join(
		b.Set(metaKey(metaLayout, ""), binary.BigEndian.AppendUint32(nil, layout), nil),
		b.Set(metaKey(metaEpoch, ""), []byte(s.epoch), nil),
		s.db.Apply(b, pebble.Sync),
		// Pebble began its first log in an older format; the next one is in ours.
		s.db.Flush())
}

// get copies the value at key.
func get(r pebble.Reader, key []byte) ([]byte, bool, error) {
	v, c, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	v = append(make([]byte, 0, len(v)), v...)
	return v, true, c.Close()
}

var errClosed = hutch.Errorf(hutch.Unavailable, "the store is closed")

// enter begins a call; leave must follow when it is true.
func (s *Store) enter() bool {
	s.running.Add(1)
	if s.closed.Load() {
		s.leave()
		return false
	}
	return true
}

func (s *Store) leave() {
	if s.running.Add(-1) == 0 && s.closed.Load() {
		select {
		case s.idle <- struct{}{}:
		default:
		}
	}
}

// Info describes the store. Changes works from Oldest on.
func (s *Store) Info(context.Context) (data.Info, error) {
	if !s.enter() {
		return data.Info{}, errClosed
	}
	defer s.leave()
	return data.Info{
		Epoch:    s.epoch,
		Head:     formatPosition(s.visible()),
		Oldest:   formatPosition(s.log.trimmed.Load()),
		Bytes:    s.bytes.Load(),
		LogBytes: s.log.bytes.Load(),
	}, nil
}

// visible is the newest commit that reads show.
func (s *Store) visible() uint64 {
	if s.o.Durability == Relaxed {
		return s.applied.Load()
	}
	return s.sync.durable.Load()
}

// Close waits for running calls, syncs and closes the store. Snapshots still
// open fail from then on.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.cancel()
	s.tasks.Wait()
	for s.running.Load() > 0 {
		<-s.idle
	}
	err := s.db.LogData(nil, pebble.Sync)
	s.views.close()
	if err = errors.Join(err, s.db.Close()); err != nil {
		return failed("closing store", err)
	}
	return nil
}

// houseLoop watches the disk and keeps the log short.
func (s *Store) houseLoop() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		s.space.check(s)
		if err := s.trim(); err != nil {
			s.o.Log.Error("trimming the change log", slog.Any("error", err))
		}
		if n%5 == 4 {
			s.weigh()
		}
	}
}

// ctxError says why ctx ended before anything was done.
func ctxError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return hutch.Errorf(hutch.DeadlineExceeded, "the store did not answer in time")
	}
	return hutch.Errorf(hutch.Cancelled, "the caller gave up")
}
