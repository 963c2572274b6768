package jobs_test

import (
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
)

// FuzzRow makes rows of any job: one that Check lets pass is a document that
// says what the job said, under an id that names its kind.
func FuzzRow(f *testing.F) {
	f.Add("mail", "welcome", "ann", []byte(number(1)), 2)
	f.Add("", "", "", []byte(nil), 0)
	f.Add("a~b", "\xff", strings.Repeat("o", 256), []byte{5, 0, 0, 0, 0}, 9)
	f.Add("queue:a", "k", "", []byte{6, 0, 0, 0, 1, 0}, -1)
	f.Fuzz(func(t *testing.T, kind, key, order string, payload []byte, depth int) {
		j := jobs.Job{Kind: kind, Key: key, Order: order, Payload: payload, Depth: depth}
		wrong := j.Check()
		w := jobs.Row(j)
		d, err := w.Next(nil)
		if hutch.CodeOf(err) != hutch.CodeOf(wrong) {
			t.Fatalf("Check says %v, the row %v", wrong, err)
		}
		if wrong != nil {
			if hutch.CodeOf(wrong) == hutch.Internal || d != nil {
				t.Fatal(wrong, d)
			}
			return
		}
		if err := data.ValidID(w.ID); err != nil || jobs.KindOf(w.ID) != kind {
			t.Fatalf("id %q: %v, of kind %q", w.ID, err, jobs.KindOf(w.ID))
		}
		if err := data.CheckDoc(d); err != nil {
			t.Fatal(err)
		}
		same := data.Text(data.Field(d, "kind")) == kind && data.Text(data.Field(d, "key")) == key && data.Text(data.Field(d, "order")) == order
		if got, _ := data.Field(d, "payload").DocumentOK(); !same || string(got) != string(payload) {
			t.Fatal(d)
		}
		if line := data.Text(data.Field(d, "line")); (line == "") != (order == "") || line != "" && (data.ValidID(line) != nil || jobs.KindOf(line) != "") {
			t.Fatalf("line %q", line)
		}
		if again := jobs.Row(j); (again.ID == w.ID) != (key != "") {
			t.Fatalf("ids %q, %q of key %q", w.ID, again.ID, key)
		}
	})
}
