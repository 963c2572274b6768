package data_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

var testNow = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestS27CursorsAreSealed(t *testing.T) {
	key := sha256.Sum256([]byte("k"))
	other := sha256.Sum256([]byte("other"))
	at := testNow
	m := data.MarkOf(doc(t, `{"_id":"hidden-id","cost":"hidden-cost","n":[],"d":null}`), []data.Order{{Path: "cost"}, {Path: "n", Desc: true}, {Path: "d"}, {Path: "x"}})
	c, err := data.SealCursor(key[:], "pets|q|p", m, at.Add(data.CursorLife))
	if err != nil {
		t.Fatal(err)
	}
	back, err := data.OpenCursor(key[:], "pets|q|p", c, at)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m.ID, back.ID); d != "" || len(back.Values) != len(m.Values) || data.CompareMarks(m, back, make([]data.Order, len(m.Values))) != 0 {
		t.Errorf("%v, then %v", m, back)
	}
	raw, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil || strings.Contains(string(raw), "hidden") || strings.Contains(c, "hidden") {
		t.Error("the cursor shows what it holds")
	}
	if again, _ := data.SealCursor(key[:], "pets|q|p", m, at.Add(data.CursorLife)); again == c {
		t.Error("two cursors are equal: the nonce is not random")
	}
	refuse := func(name string, key []byte, bind, c string, now time.Time) {
		t.Helper()
		if _, err := data.OpenCursor(key, bind, c, now); hutch.CodeOf(err) != hutch.InvalidArgument || hutch.AsError(err).Field != "after" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	refuse("another key", other[:], "pets|q|p", c, at)
	refuse("another query or principal", key[:], "pets|q|p2", c, at)
	refuse("after 24 hours", key[:], "pets|q|p", c, at.Add(24*time.Hour))
	refuse("cut off", key[:], "pets|q|p", c[:len(c)-2], at)
	refuse("empty", key[:], "pets|q|p", "", at)
	refuse("no base64", key[:], "pets|q|p", c+"!", at)
	refuse("of no length", key[:], "pets|q|p", "AQ", at)
	refuse("endless", key[:], "pets|q|p", strings.Repeat("A", 1<<20), at)
	for i := range raw {
		changed := []byte(string(raw))
		changed[i] ^= 1
		refuse("one bit changed", key[:], "pets|q|p", base64.RawURLEncoding.EncodeToString(changed), at)
	}
	if _, err := data.OpenCursor(key[:], "pets|q|p", c, at.Add(24*time.Hour-time.Millisecond)); err != nil {
		t.Errorf("just before the end of its life: %v", err)
	}
}
