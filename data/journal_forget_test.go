package data_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
)

const (
	annID = "0199a3c8-5c1e-7b21-9d1c-0a4c1f2a7e11"
	bobID = "0199a3c8-5c1e-7b21-9d1c-0a4c1f2a7e12"
)

// whole takes entries out.
func whole([]byte, []string) []byte { return nil }

// TestS61AJournalForgets whom entries name, wherever they stand, and nothing else;
// what it takes counts no more.
func TestS61AJournalForgets(t *testing.T) {
	r := open(t)
	j := journal(r, r.Service)
	for i := range 100 {
		j.Add(fmt.Appendf(nil, "%s %d", []string{annID, bobID}[i%2], i), "kind:request")
		if r.clock.advance(time.Second); i%10 == 9 {
			flush(t, j)
		}
	}
	j.Add([]byte(`{"wrote":["cart-` + annID + `-1"]}`))
	j.Add([]byte("no-one-" + annID[1:] + " " + strings.ToUpper(annID)))
	r.clock.advance(time.Second)
	before, err := j.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	edited := 0
	if err := j.Forget(t.Context(), []string{"0199a3c8-5c1e-7b21-9d1c-0a4c1f2a7e99", annID}, func(_ []byte, ids []string) []byte {
		if edited++; !slices.Equal(ids, []string{annID}) {
			t.Errorf("%q", ids)
		}
		return nil
	}); err != nil || edited != 51 {
		t.Fatalf("%d edited, %v", edited, err)
	}
	got, _ := read(t, j, data.JournalQuery{Limit: 200})
	if len(got) != 51 || slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, annID) }) || got[1] != bobID+" 99" || got[50] != bobID+" 1" {
		t.Errorf("%d left: %q", len(got), got)
	}
	after, err := j.Size(t.Context())
	if err != nil || after.Entries != 51 || after.Bytes >= before.Bytes {
		t.Errorf("%+v after %+v: %v", after, before, err)
	}
	if err := j.Forget(t.Context(), []string{bobID}, whole); err != nil || packs(t, r) != 1 {
		t.Errorf("%d packs are left: %v", packs(t, r), err)
	}
	if size, err := j.Size(t.Context()); err != nil || size.Entries != 1 {
		t.Errorf("%+v %v", size, err)
	}
}

// TestS61AJournalKeepsTheIDsOfOthers: what stood beside those that went is found
// by the ids that it had, and followed once.
func TestS61AJournalKeepsTheIDsOfOthers(t *testing.T) {
	r := open(t)
	j := journal(r, r.Service)
	for i := range 6 {
		j.Add(fmt.Appendf(nil, "%d %s", i, []string{annID, bobID, "of neither"}[i%3]))
		r.clock.advance(time.Millisecond)
	}
	page, err := j.Read(t.Context(), data.JournalQuery{})
	if err != nil || len(page.Entries) != 6 {
		t.Fatal(page, err)
	}
	_, place, err := j.Follow(t.Context(), "", 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{annID, bobID} { // one after the other
		edit := whole
		if id == bobID {
			edit = func(body []byte, ids []string) []byte { return []byte(strings.ReplaceAll(string(body), ids[0], "x")) }
		}
		if err := j.Forget(t.Context(), []string{id}, edit); err != nil {
			t.Fatal(err)
		}
	}
	for _, was := range page.Entries {
		now, err := j.One(t.Context(), was.ID)
		switch {
		case err != nil:
			t.Error(err)
		case strings.Contains(string(was.Body), annID):
			if now != nil {
				t.Errorf("%s is %s", was.Body, now.Body)
			}
		case now == nil || string(now.Body) != strings.ReplaceAll(string(was.Body), bobID, "x") || !now.At.Equal(was.At):
			t.Errorf("%s is %+v", was.Body, now)
		}
	}
	var came []string
	for range 3 {
		var es []data.Entry
		if es, place, err = j.Follow(t.Context(), place, 2, nil); err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			came = append(came, string(e.Body))
		}
	}
	if got := strings.Join(came, ", "); got != "2 of neither, 4 x, 5 of neither" {
		t.Error(got)
	}
	if got, _ := read(t, j, data.JournalQuery{Limit: 2}); fmt.Sprint(got) != "[5 of neither 4 x]" {
		t.Error(got)
	}
	size, err := j.Size(t.Context())
	if err != nil || size.Entries != 4 {
		t.Errorf("%+v %v", size, err)
	}
	r.clock.advance(10 * 24 * time.Hour)
	if err := j.Sweep(t.Context()); err != nil || packs(t, r) != 0 {
		t.Errorf("%d packs, %v", packs(t, r), err)
	}
	if size, err := j.Size(t.Context()); err != nil || size != (data.JournalSize{}) {
		t.Errorf("%+v %v", size, err)
	}
}
