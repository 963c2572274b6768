package pebble_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
)

// TestDamageIsReported: a flipped byte in a table file is told with file and
// offset, and never passes for a document.
func TestDamageIsReported(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	dir := t.TempDir()
	s, err := pebble.Open(pebble.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		b := &data.Batch{Now: time.Now()}
		for n := range int64(100) {
			b.Writes = append(b.Writes, pet(fmt.Sprintf("p%02d-%d", i, n), n))
		}
		if _, err := s.Commit(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// The next start writes what the log holds into tables.
	if s, err = pebble.Open(pebble.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("tables %v, %v", tables, err)
	}
	for _, file := range tables {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/3] ^= 0x20
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	s, err = pebble.Open(pebble.Options{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err == nil {
		err = s.Verify(ctx)
		_ = s.Close()
	}
	if err == nil {
		t.Fatal("nobody noticed")
	}
	told := err.Error() + log.String()
	named := false
	for _, file := range tables {
		named = named || strings.Contains(told, strings.TrimLeft(strings.TrimSuffix(filepath.Base(file), ".sst"), "0"))
	}
	if !named || !strings.Contains(told, "checksum mismatch") || !strings.Contains(told, "/") {
		t.Errorf("told: %s", told)
	}
}

// TestDamagedLog: a flipped byte in the middle of the write-ahead log stops the
// start, one in its last record equals a power cut.
func TestDamagedLog(t *testing.T) {
	t.Parallel()
	for _, last := range []bool{false, true} {
		t.Run(fmt.Sprintf("in the last record: %v", last), func(t *testing.T) {
			t.Parallel()
			ctx := deadline(t)
			dir := t.TempDir()
			s := open(t, pebble.Options{Dir: dir})
			for n := range int64(200) {
				if err := commit(ctx, s, pet(fmt.Sprint("p", n), n)); err != nil {
					t.Fatal(err)
				}
			}
			copied := filepath.Join(t.TempDir(), "copy") // as kill -9 leaves it
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			logs, err := filepath.Glob(filepath.Join(copied, "*.log"))
			if err != nil || len(logs) == 0 {
				t.Fatalf("logs %v, %v", logs, err)
			}
			newest := logs[len(logs)-1]
			b, err := os.ReadFile(newest)
			if err != nil {
				t.Fatal(err)
			}
			at := bytes.Index(b, []byte("p100"))
			if last {
				at = bytes.LastIndex(b, []byte("p199"))
			}
			if at < 0 {
				t.Fatal("the record is not in the log")
			}
			b[at+1] ^= 1
			if err := os.WriteFile(newest, b, 0o600); err != nil {
				t.Fatal(err)
			}
			s2, err := pebble.Open(pebble.Options{Dir: copied})
			if !last {
				if err == nil {
					_ = s2.Close()
					t.Fatal("the start skipped a damaged record")
				}
				if !strings.Contains(err.Error(), "offset") || !strings.Contains(err.Error(), "wal") {
					t.Errorf("neither file nor offset: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s2.Close() }()
			if err := s2.Verify(ctx); err != nil {
				t.Error(err)
			}
			sn, err := s2.Snapshot(ctx, "")
			if err != nil {
				t.Fatal(err)
			}
			defer sn.Close()
			n, err := sn.Count(ctx, &data.Plan{Collection: "pets"})
			if err != nil || n != 199 {
				t.Errorf("%d documents, %v", n, err)
			}
		})
	}
}
