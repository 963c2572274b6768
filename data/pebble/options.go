package pebble

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Durability says when a commit is acknowledged.
type Durability string

// Full waits for the disk; Relaxed loses at most the last 100 ms in a crash of
// the machine. The zero value is Full.
const (
	Full    Durability = "full"
	Relaxed Durability = "relaxed"
)

// Options of a Store; zero fields take the defaults named.
type Options struct {
	Dir        string
	FS         vfs.FS     // the operating system's
	Durability Durability // Full
	Log        *slog.Logger
	Now        func() time.Time
	CacheBytes int64 // 64 MiB

	FreeFloor int64                 // 256 MiB: with less space free writes are refused
	FreeSpace func() (int64, error) // of the file system that holds Dir

	LogBytes int64         // 256 MiB of change log are kept
	LogAge   time.Duration // 24 h

	// Fatal ends the process after a failed write to the log on disk; it must
	// not return. The default panics.
	Fatal func(error)
}

const (
	snapshotLife = 5 * time.Minute
	relaxedDelay = 100 * time.Millisecond
	progressEach = time.Second
)

func (o Options) filled() Options {
	o.Durability = cmp.Or(o.Durability, Full)
	o.CacheBytes = cmp.Or(o.CacheBytes, 64<<20)
	o.FreeFloor = cmp.Or(o.FreeFloor, 256<<20)
	o.LogBytes = cmp.Or(o.LogBytes, 256<<20)
	o.LogAge = cmp.Or(o.LogAge, 24*time.Hour)
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FreeSpace == nil {
		o.FreeSpace = func() (int64, error) {
			u, err := o.FS.GetDiskUsage(o.Dir)
			return int64(min(u.AvailBytes, 1<<62)), err
		}
	}
	if o.Fatal == nil {
		o.Fatal = func(err error) { panic(err) }
	}
	return o
}

// engine are Pebble's options. The format is pinned: from FormatWALSyncChunks
// on, old records of the write-ahead log are told apart from torn ones, and
// FormatTableFormatV6 checks table footers.
func (o *Options) engine(l *engineLog) *pebble.Options {
	p := &pebble.Options{
		FS:                          o.FS,
		CacheSize:                   o.CacheBytes,
		MemTableSize:                32 << 20,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       2,
		L0StopWritesThreshold:       1000,
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                1000,
		FormatMajorVersion:          pebble.FormatTableFormatV6,
		Logger:                      l,
		EventListener:               l.events(),
	}
	for i := range p.Levels {
		// One block indexes a table of 8 MiB: with partitions of 4 KiB each look
		// into a table, at each level, would look for one more block.
		p.Levels[i].IndexBlockSize = 256 << 10
		p.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		p.Levels[i].FilterType = pebble.TableFilter
		p.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.SnappyCompression }
	}
	return p
}
