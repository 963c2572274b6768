package pebble_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
)

// slow is a disk whose syncs of the write-ahead log wait while it is held.
type slow struct {
	vfs.FS
	mu      sync.Mutex
	held    chan struct{} // nil: not held
	waiting chan struct{} // gets a token when a sync waits
}

func (f *slow) hold() (release func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	held := make(chan struct{})
	f.held = held
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.held = nil
		close(held)
	}
}

func (f *slow) sync() {
	f.mu.Lock()
	held := f.held
	f.mu.Unlock()
	if held == nil {
		return
	}
	select {
	case f.waiting <- struct{}{}:
	default:
	}
	<-held
}

func (f *slow) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	if !strings.HasSuffix(name, ".log") {
		return file, err
	}
	return &slowFile{file, f}, err
}

func (f *slow) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.ReuseForWrite(from, to, c)
	return &slowFile{file, f}, err
}

type slowFile struct {
	vfs.File
	fs *slow
}

func (f *slowFile) Sync() error     { f.fs.sync(); return f.File.Sync() }
func (f *slowFile) SyncData() error { f.fs.sync(); return f.File.SyncData() }

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func commit(ctx context.Context, s data.Store, ws ...data.Write) error {
	_, err := s.Commit(ctx, &data.Batch{Now: time.Now(), Writes: ws})
	return err
}

// TestNothingShowsBeforeItIsDurable: while a commit waits for the disk, neither
// readers nor followers nor refusals tell of it.
func TestNothingShowsBeforeItIsDurable(t *testing.T) {
	t.Parallel()
	for _, warm := range []bool{true, false} {
		t.Run(fmt.Sprintf("a view is open: %v", warm), func(t *testing.T) {
			t.Parallel()
			ctx := deadline(t)
			fs := &slow{FS: vfs.NewMem(), waiting: make(chan struct{}, 1)}
			s := open(t, pebble.Options{Dir: "db", FS: fs})
			if err := commit(ctx, s, pet("old", 1)); err != nil {
				t.Fatal(err)
			}
			before, err := s.Info(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if warm {
				sn, err := s.Snapshot(ctx, "")
				if err != nil {
					t.Fatal(err)
				}
				sn.Close()
			}
			release := fs.hold()
			outcome := make(chan error, 1)
			go func() { outcome <- commit(ctx, s, pet("new", 1)) }()
			<-fs.waiting

			type read struct {
				d   data.Doc
				at  data.Position
				err error
			}
			reads := make(chan read, 1)
			released := make(chan struct{})
			go func() {
				sn, err := s.Snapshot(ctx, "")
				if err != nil {
					reads <- read{err: err}
					return
				}
				defer sn.Close()
				d, err := sn.Get(ctx, "pets", "new")
				select {
				case <-released:
				default:
					if d != nil || sn.Position() > before.Head {
						err = fmt.Errorf("read %s at %s before it was durable", d, sn.Position())
					}
				}
				reads <- read{d, sn.Position(), err}
			}()
			taken := pet("new", 2)
			taken.Expect = 0
			refused := make(chan error, 1)
			go func() { refused <- commit(ctx, s, taken) }()
			heard := make(chan data.Commit, 1)
			go func() {
				for c, err := range s.Changes(ctx, before.Head) {
					if err == nil && len(c.Changes) > 0 {
						heard <- c
						return
					}
				}
			}()
			if warm { // an open view answers without the disk
				if r := <-reads; r.err != nil || r.d != nil || r.at != before.Head {
					t.Errorf("read %+v", r)
				}
			}
			// A second of progress passes: whatever could show by mistake would have.
			for c, err := range s.Changes(ctx, before.Head) {
				if err != nil || len(c.Changes) > 0 {
					t.Errorf("heard %+v, %v", c, err)
				}
				break
			}
			if info, err := s.Info(ctx); err != nil || info.Head != before.Head {
				t.Errorf("info %+v, %v", info, err)
			}
			select {
			case err := <-outcome:
				t.Errorf("acknowledged before the sync: %v", err)
			case err := <-refused:
				t.Errorf("refused before the sync: %v", err)
			case c := <-heard:
				t.Errorf("heard %+v before the sync", c)
			default:
			}
			close(released)
			release()
			if err := <-outcome; err != nil {
				t.Error(err)
			}
			if err := <-refused; hutch.CodeOf(err) != hutch.AlreadyExists {
				t.Errorf("a create of a taken id gives %v", err)
			}
			<-heard
			if !warm {
				if r := <-reads; r.err != nil {
					t.Error(r.err)
				}
			}
			sn, err := s.Snapshot(ctx, "")
			if err != nil {
				t.Fatal(err)
			}
			defer sn.Close()
			if d, err := sn.Get(ctx, "pets", "new"); d == nil || err != nil {
				t.Errorf("%v, %v", d, err)
			}
		})
	}
}

// TestSlowDiskIsUnavailable: a deadline that ends during the sync leaves the
// outcome open.
func TestSlowDiskIsUnavailable(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	fs := &slow{FS: vfs.NewMem(), waiting: make(chan struct{}, 1)}
	s := open(t, pebble.Options{Dir: "db", FS: fs})
	release := fs.hold()
	short, cancel := context.WithCancel(ctx)
	outcome := make(chan error, 1)
	go func() { outcome <- commit(short, s, pet("a", 1)) }()
	<-fs.waiting
	cancel()
	if err := <-outcome; hutch.CodeOf(err) != hutch.Unavailable {
		t.Errorf("got %v", err)
	}
	release()
	if err := commit(ctx, s, pet("b", 1)); err != nil {
		t.Error(err)
	}
}

// TestAppliedIsFresh: from Applied on new snapshots hold the batch, before the
// disk has it.
func TestAppliedIsFresh(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := open(t, pebble.Options{})
	for n := range int64(50) {
		read := make(chan error, 1)
		b := &data.Batch{Now: time.Now(), Writes: []data.Write{pet("a", n)}, Applied: func() {
			go func() {
				sn, err := s.Snapshot(ctx, "")
				if err != nil {
					read <- err
					return
				}
				defer sn.Close()
				d, err := sn.Get(ctx, "pets", "a")
				if got, _ := data.Integer(data.Field(d, "n")); err == nil && got != n {
					err = fmt.Errorf("a snapshot behind Applied has %d, want %d", got, n)
				}
				read <- err
			}()
		}}
		if _, err := s.Commit(ctx, b); err != nil {
			t.Fatal(err)
		}
		if err := <-read; err != nil {
			t.Fatal(err)
		}
	}
}

// TestNextRunsOnce where nobody else writes.
func TestNextRunsOnce(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := open(t, pebble.Options{})
	calls := 0
	for n := range int64(100) {
		w := pet(fmt.Sprint("p", n%3), n)
		next := w.Next
		w.Next = func(old data.Doc) (data.Doc, error) { calls++; return next(old) }
		if err := commit(ctx, s, w); err != nil {
			t.Fatal(err)
		}
	}
	if calls != 100 {
		t.Errorf("%d calls for 100 writes", calls)
	}
}
