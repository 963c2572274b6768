package data_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const journalColl = "_logs"

// journal is one on the room's store.
func journal(r *room, s *data.Service, change ...func(*data.JournalOptions)) *data.Journal {
	o := data.JournalOptions{
		System: s.System(journalColl), Collection: journalColl, Lease: s.Lease("journal", time.Minute),
		Node: "n1", Age: time.Hour, Now: r.clock.now,
	}
	for _, c := range change {
		c(&o)
	}
	return data.NewJournal(o)
}

func flush(t testing.TB, j *data.Journal) {
	t.Helper()
	if err := j.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, j *data.Journal, q data.JournalQuery) ([]string, *data.JournalPage) {
	t.Helper()
	page, err := j.Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return bodies(page.Entries), page
}

func bodies(es []data.Entry) (out []string) {
	for _, e := range es {
		out = append(out, string(e.Body))
	}
	return out
}

// packs counts the documents that hold entries.
func packs(t testing.TB, r *room) (n int) {
	t.Helper()
	for d, err := range r.System(journalColl).Find(t.Context(), data.Query{From: journalColl}) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(data.Text(data.Field(d, "_id")), "p") {
			n++
		}
	}
	return n
}

func TestAJournalGivesTheNewestFirst(t *testing.T) {
	r := open(t)
	j := journal(r, r.Service)
	var want []string
	for i := range 250 {
		j.Add(fmt.Appendf(nil, "entry %d", i))
		want = append(want, fmt.Sprintf("entry %d", i))
		if r.clock.advance(300 * time.Millisecond); i%7 == 0 {
			flush(t, j)
		}
	}
	slices.Reverse(want)
	var got []string
	for after := ""; ; {
		part, page := read(t, j, data.JournalQuery{After: after, Limit: 13})
		got = append(got, part...)
		if after = page.Next; after == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d entries of %d, or another order: %v", len(got), len(want), got)
	}
	if n := packs(t, r); n > 50 {
		t.Errorf("250 entries took %d documents", n)
	}
	for _, bad := range []string{"x", "p1.2", "p00000000000g-AAAA.1", strings.Repeat("p", 70) + ".1"} {
		if _, err := j.Read(t.Context(), data.JournalQuery{After: bad}); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("the cursor %q: %v", bad, err)
		}
	}
}

func TestAJournalIsReadByTimeAndMarks(t *testing.T) {
	r := open(t)
	j := journal(r, r.Service)
	begun := r.clock.now()
	for i := range 60 {
		j.Add(fmt.Appendf(nil, "%d", i), fmt.Sprint("n", i%20), "all")
		r.clock.advance(time.Second)
	}
	got, _ := read(t, j, data.JournalQuery{Since: begun.Add(10 * time.Second), Until: begun.Add(13 * time.Second)})
	if want := []string{"13", "12", "11", "10"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	seventh := func(e *data.Entry) bool { return strings.HasSuffix(string(e.Body), "7") }
	got, _ = read(t, j, data.JournalQuery{Marks: []string{"n7", "all"}, Match: seventh})
	if want := []string{"47", "27", "7"}; !slices.Equal(got, want) {
		t.Errorf("by marks: %v", got)
	}
	if got, _ = read(t, j, data.JournalQuery{Marks: []string{"none"}}); got != nil {
		t.Errorf("by a mark that none has: %v", got)
	}
}

func TestAJournalSaysWhereItsBoundsEndedAReading(t *testing.T) {
	r := open(t)
	j := journal(r, r.Service)
	for i := range 10 {
		j.Add(fmt.Appendf(nil, "%d %s", i, strings.Repeat("x", 1000)))
		r.clock.advance(10 * time.Second)
	}
	last := func(e *data.Entry) bool { return e.Body[0] == '0' }
	_, page := read(t, j, data.JournalQuery{Match: last, Bytes: 3000})
	if !page.Partial || page.Next == "" || len(page.Entries) != 0 {
		t.Fatalf("%+v", page)
	}
	for n := 0; page.Next != ""; n++ {
		if n > 10 {
			t.Fatal("it does not come to an end")
		}
		_, page = read(t, j, data.JournalQuery{Match: last, Bytes: 3000, After: page.Next})
	}
	if len(page.Entries) != 1 || page.Partial {
		t.Errorf("the last part: %+v", page)
	}
}

func TestAJournalBoundsWhatWaitsAndCountsWhatItLoses(t *testing.T) {
	var away atomicError
	r := open(t, func(u *setup) { u.wrap = func(s data.Store) data.Store { return failing{s, &away} } })
	j := journal(r, r.Service, func(o *data.JournalOptions) { o.Buffer = 3000 })
	away.set(hutch.Errorf(hutch.Unavailable, "the store is away"))
	const size = 1000
	for i := range 10 {
		j.Add(append(fmt.Appendf(nil, "%02d", i), make([]byte, size-2)...))
		r.clock.advance(3 * time.Second)
		if err := j.Flush(t.Context()); !errors.Is(err, away.get()) {
			t.Fatal("the store answers", err)
		}
	}
	if s := j.Stats(); s.Waiting > 3000+size+8 || s.Dropped < 6 {
		t.Errorf("waiting %d bytes, dropped %d", s.Waiting, s.Dropped)
	}
	away.set(nil)
	dropped := j.Stats().Dropped
	got, page := read(t, j, data.JournalQuery{})
	if len(got) != 10-int(dropped) || got[0][:2] != "09" || page.Dropped != dropped {
		t.Errorf("%d entries are left of 10, %d were dropped, told: %d", len(got), dropped, page.Dropped)
	}
	if s := j.Stats(); s.Waiting != 0 {
		t.Errorf("%d bytes wait after the flush", s.Waiting)
	}
	j = journal(r, r.Service)
	if !j.Add(make([]byte, 256<<10)) || j.Add(make([]byte, 256<<10+1)) {
		t.Error("an entry is of 256 KiB at most")
	}
	for i, fits := range []bool{true, true, true, false, false, false, false, false} {
		if j.Take("a", 1, 3) != fits {
			t.Errorf("the entry %d of its second", i+1)
		}
	}
	flush(t, j)
	if _, page = read(t, j, data.JournalQuery{}); page.Skipped != 5 || page.Dropped != dropped+1 {
		t.Errorf("skipped %d, dropped %d", page.Skipped, page.Dropped)
	}
}

func TestAJournalCommitsOnceWhatIsCommittedAgain(t *testing.T) {
	var late atomicError
	r := open(t, func(u *setup) { u.wrap = func(s data.Store) data.Store { return failing{s, &late} } })
	j := journal(r, r.Service)
	j.Add([]byte("one"))
	late.set(errAfter)
	if err := j.Flush(t.Context()); err == nil {
		t.Fatal("no error")
	}
	late.set(nil)
	flush(t, j)
	size, err := j.Size(t.Context())
	if err != nil || size.Entries != 1 || packs(t, r) != 1 {
		t.Errorf("%+v %v", size, err)
	}
}

func TestAJournalIsSweptByAge(t *testing.T) {
	r := open(t)
	j := journal(r, r.Service)
	for i := range 130 {
		j.Add(fmt.Appendf(nil, "%d", i))
		flush(t, j)
		r.clock.advance(time.Minute)
	}
	other := journal(r, r.node(t))
	for range 2 {
		if err := j.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := other.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := read(t, j, data.JournalQuery{Limit: 200})
	if len(got) != 60 || got[59] != "70" {
		t.Errorf("%d entries are left, the oldest %s", len(got), got[len(got)-1])
	}
	size, err := j.Size(t.Context())
	if err != nil || size.Entries != 60 || r.clock.now().Sub(size.Oldest) > time.Hour+18*time.Minute {
		t.Errorf("%+v %v", size, err)
	}
}

func TestAJournalIsSweptByItsSize(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*data.JournalOptions)
	}{
		{"bytes", func(o *data.JournalOptions) { o.MaxBytes = 20_000 }},
		{"entries", func(o *data.JournalOptions) { o.MaxEntries = 20 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := open(t)
			j := journal(r, r.Service, c.change)
			noise := rand.New(rand.NewPCG(1, 2))
			entry := func(i int) []byte {
				b := fmt.Appendf(nil, "%02d", i)
				for range 900 { // as it does not compress
					b = append(b, byte(noise.Uint32()))
				}
				return b
			}
			for i := range 19 {
				j.Add(entry(i))
				flush(t, j)
				r.clock.advance(30 * time.Second)
			}
			if err := j.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got, _ := read(t, j, data.JournalQuery{}); len(got) != 19 {
				t.Fatalf("below the limit %d of 19 are left", len(got))
			}
			for i := range 40 {
				j.Add(entry(19 + i))
				flush(t, j)
				r.clock.advance(30 * time.Second)
			}
			if err := j.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, _ := read(t, j, data.JournalQuery{})
			if len(got) < 15 || len(got) > 20 || got[0][:2] != "58" {
				t.Errorf("%d are left", len(got))
			}
			size, err := j.Size(t.Context())
			if err != nil || size.Entries != int64(len(got)) || size.Bytes > 21_000 {
				t.Errorf("%+v %v", size, err)
			}
		})
	}
}

func TestAJournalOfManyNodesIsFollowedWithoutGapsAndTwins(t *testing.T) {
	r := open(t)
	a, b := journal(r, r.Service), journal(r, r.node(t), func(o *data.JournalOptions) { o.Node = "n2" })
	_, cursor, err := a.Follow(t.Context(), "", 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	nodes := map[string]int{}
	follow := func(limit int) int {
		es, next, err := a.Follow(t.Context(), cursor, limit, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(es) > limit {
			t.Fatalf("%d entries, the limit was %d", len(es), limit)
		}
		for _, e := range es {
			nodes[e.Node]++
		}
		got, cursor = append(got, bodies(es)...), next
		return len(es)
	}
	for i := range 100 {
		for n, j := range []*data.Journal{a, b} {
			s := fmt.Sprintf("%d %d", n, i)
			j.Add([]byte(s))
			want = append(want, s)
		}
		if r.clock.advance(400 * time.Millisecond); i%3 == 0 {
			flush(t, a)
		}
		if i%10 == 9 {
			flush(t, b) // behind by seconds
		}
		if i%4 == 0 {
			follow(5)
		}
	}
	flush(t, a)
	for follow(5) > 0 {
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) || nodes["n1"] != 100 || nodes["n2"] != 100 {
		t.Errorf("%d entries of %d, by node %v", len(got), len(want), nodes)
	}
	for _, bad := range []string{"x", "e30x", "eyJmIjotMX0", "eyJzIjp7ImEiOiJiIn19", strings.Repeat("A", 9000)} {
		if _, _, err := a.Follow(t.Context(), bad, 5, nil); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("the cursor %q: %v", bad, err)
		}
	}
}

// TestAPlaceToFollowFromIsOfTheLastHour: a forged one would read all that there is
// at each look; in a silent journal a place does not age.
func TestAPlaceToFollowFromIsOfTheLastHour(t *testing.T) {
	r := open(t)
	j := journal(r, r.Service, func(o *data.JournalOptions) { o.Age = 24 * time.Hour })
	at := func(ago time.Duration) string {
		return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"f":%d}`, r.clock.now().Add(-ago).UnixMilli()))
	}
	j.Add([]byte("long ago"))
	flush(t, j)
	r.clock.advance(time.Hour)
	if es, _, err := j.Follow(t.Context(), at(time.Hour), 10, nil); err != nil || len(es) != 1 {
		t.Errorf("an hour: %d entries, %v", len(es), err)
	}
	for _, bad := range []string{at(time.Hour + time.Millisecond), base64.RawURLEncoding.EncodeToString([]byte(`{"f":0}`))} {
		if _, _, err := j.Follow(t.Context(), bad, 10, nil); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%s: %v", bad, err)
		}
	}
	_, cursor, err := j.Follow(t.Context(), "", 10, nil)
	for range 5 {
		if r.clock.advance(40 * time.Minute); err == nil {
			_, cursor, err = j.Follow(t.Context(), cursor, 10, nil)
		}
	}
	if err != nil {
		t.Fatal("it was silent for hours:", err)
	}
	j.Add([]byte("now"))
	flush(t, j)
	if es, _, err := j.Follow(t.Context(), cursor, 10, nil); err != nil || len(es) != 1 || string(es[0].Body) != "now" {
		t.Errorf("%v %v", es, err)
	}
}

// TestAClassTakesSoMuchOfASecond: by number and by size, and no other class pays.
func TestAClassTakesSoMuchOfASecond(t *testing.T) {
	r := open(t)
	j := journal(r, r.Service)
	r.clock.advance(r.clock.now().Truncate(time.Second).Add(time.Second).Sub(r.clock.now()))
	take := func(class string, n, most int, want bool) {
		t.Helper()
		if j.Take(class, n, most) != want {
			t.Errorf("%s, %d of %d: not %v", class, n, most, want)
		}
	}
	take("bytes", 90, 100, true)
	take("bytes", 11, 100, false)
	take("bytes", 10, 100, true)
	take("bytes", 1, 100, false)
	take("other", 200, 100, true) // the first, whatever its size
	take("other", 1, 100, false)
	r.clock.advance(999 * time.Millisecond)
	take("bytes", 1, 100, false)
	r.clock.advance(time.Millisecond)
	take("bytes", 100, 100, true)
	flush(t, j)
	if _, page := read(t, j, data.JournalQuery{}); page.Skipped != 4 || page.Dropped != 0 || j.Stats().Skipped != 4 {
		t.Errorf("%+v %+v", page, j.Stats())
	}
}

func TestAJournalKeepsWhatItHasWhenItEnds(t *testing.T) {
	r := open(t)
	j := journal(r, r.Service)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); j.Run(ctx) }()
	j.Add([]byte("the last"))
	stop()
	<-done
	if got, _ := read(t, journal(r, r.Service), data.JournalQuery{}); !slices.Equal(got, []string{"the last"}) {
		t.Errorf("got %v", got)
	}
}

// BenchmarkJournalAdd is what an entry costs whoever adds it; the store is away.
func BenchmarkJournalAdd(b *testing.B) {
	r := open(b)
	j := journal(r, r.Service, func(o *data.JournalOptions) { o.Now = nil })
	body := []byte(`{"kind":"request","requestId":"ABCDEFGHIJKL-00000001","route":"GET /data/v1/docs/{collection}/{id}","status":200,"ms":0.12}`)
	b.ReportAllocs()
	for b.Loop() {
		j.Add(body, "request", "info", "GET /data/v1/docs/{collection}/{id}")
	}
}
