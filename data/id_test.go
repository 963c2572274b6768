package data_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func TestValidID(t *testing.T) {
	for _, id := range []string{"a", "01HZX", strings.Repeat("a", 128), "é", "a b", "a.b", "...", "_x", "$x", "a:b@c", "日本", "😀", `"`, "<b>"} {
		if err := data.ValidID(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, id := range []string{"", strings.Repeat("a", 129), strings.Repeat("é", 65), ".", "..", "a/b", `a\b`, "a?b", "a#b", "a%b", "a\x00", "a\nb", "\x7f", "\u0085", "\xff", "e\u0301"} {
		if err := data.ValidID(id); hutch.CodeOf(err) != hutch.InvalidArgument || hutch.AsError(err).Field != "_id" {
			t.Errorf("%q: got %v", id, err)
		}
	}
}

func TestIDsRise(t *testing.T) {
	now := time.UnixMilli(1_767_322_800_000)
	ids := data.NewIDs(func() time.Time { return now }, bytes.NewReader(bytes.Repeat([]byte{0xff}, 100)))
	var got []string
	for i := range 1000 {
		switch i {
		case 300:
			now = now.Add(-time.Hour) // the clock goes back
		case 600:
			now = now.Add(2 * time.Hour)
		}
		id, err := ids.Next()
		if err != nil {
			t.Fatal(err)
		}
		if len(id) != 26 || data.ValidID(id) != nil {
			t.Fatalf("id %q", id)
		}
		got = append(got, id)
	}
	if !slices.IsSorted(got) || len(slices.Compact(got)) != 1000 {
		t.Error("ids repeat or fall")
	}
	if _, err := data.NewIDs(time.Now, iotest.ErrReader(errors.New("dry"))).Next(); err == nil {
		t.Error("without entropy there are ids")
	}
}

func TestIDsAtOnce(t *testing.T) {
	ids := data.NewIDs(nil, nil)
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				id, err := ids.Next()
				mu.Lock()
				if seen[id] || err != nil {
					t.Errorf("%q: %v", id, err)
				}
				seen[id] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}
