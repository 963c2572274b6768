package transfer_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/transfer"
)

func TestBadLinesHoldUpNoOther(t *testing.T) {
	onBoth(t, func(t *testing.T, r *room) {
		id := r.begin(t, transfer.Request{Collection: "tools", Format: "jsonl", Mode: "create"})
		m := r.part(t, id, 1, false, lines(
			`{"_id":"a","name":"saw","code":1}`, ``, `{"_id":"b","price":3}`, `{"name":`, `{"_id":"c","name":"axe","price":-1}`,
			`{"_id":"a","name":"again"}`, `{"_id":"d","name":"file","code":1}`, `{"name":"no id"}`, `{"_id":"x/y","name":"bad id"}`, `{"_id":"e","name":"last","a..b":1}`,
			`{"_id":"f","name":"ok","_createdAt":{"$date":"2020-01-01T00:00:00Z"},"_version":7}`, `{"_id":"g","name":"x","_createdAt":3}`))
		var got []string
		for _, b := range m.Bad {
			got = append(got, fmt.Sprint(b.Line, " ", b.Code, " ", b.Field, " ", b.ID))
		}
		want := []string{
			"3 invalid_argument name b", "4 invalid_argument name ", "5 invalid_argument price c", "6 already_exists _id a", "7 already_exists  d",
			"9 invalid_argument _id ", "10 invalid_argument a..b e", "12 invalid_argument _createdAt g",
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("bad lines\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if m.Created != 3 || m.Replaced != 0 || m.Failed != 8 || m.Parts != 1 || m.Lines != 12 || m.Done {
			t.Errorf("%+v", m)
		}
		if d := r.doc(t, "tools", "f"); !strings.Contains(d, `"_createdAt":{"$date":"2020-01-01`) || strings.Contains(d, `"_updatedAt":{"$date":"2020`) {
			t.Error(d)
		}
		m = r.part(t, id, 2, true, `{"_id":"b","name":"no end of line"}`)
		if m.Created != 4 || m.Lines != 13 || !m.Done || r.count(t, "tools") != 4 {
			t.Errorf("%+v", m)
		}
	})
}

// TestPartsAreDoneOnce: a part that comes again, at once or late, does nothing
// again; parts come in order.
func TestPartsAreDoneOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, r *room) {
		var text strings.Builder
		for i := range 1500 {
			fmt.Fprintf(&text, "{\"name\":\"n%d\"}\n", i)
		}
		id := r.begin(t, transfer.Request{Collection: "tools", Format: "jsonl", Mode: "create"})
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				_, _, err := r.Part(r.ctx, id, 1, false, data.Request{}, []byte(text.String()))
				if code := hutch.CodeOf(err); code != "" && code != hutch.Aborted {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		m := r.part(t, id, 1, false, text.String())
		if n := r.count(t, "tools"); n != 1500 || m.Created != 1500 || m.Failed != 0 || m.Parts != 1 {
			t.Errorf("%d documents, %+v", n, m)
		}
		if _, _, err := r.Part(r.ctx, id, 3, false, data.Request{}, nil); hutch.CodeOf(err) != hutch.FailedPrecondition {
			t.Errorf("a part too far: %v", err)
		}
		r.part(t, id, 2, true, "")
		if _, _, err := r.Part(r.ctx, id, 3, true, data.Request{}, []byte("{}")); hutch.CodeOf(err) != hutch.FailedPrecondition {
			t.Errorf("behind the end: %v", err)
		}
		if m = r.part(t, id, 2, true, "{}"); m.Created != 1500 {
			t.Errorf("%+v", m)
		}
		if _, _, err := r.Part(r.ctx, id, 3, false, data.Request{}, make([]byte, transfer.MaxPart+1)); err == nil {
			t.Error("a part that is too large")
		}
		if err := r.Drop(r.ctx, id); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Get(r.ctx, id); hutch.CodeOf(err) != hutch.NotFound {
			t.Error(err)
		}
	})
}

func TestSetReplaces(t *testing.T) {
	onBoth(t, func(t *testing.T, r *room) {
		r.part(t, r.begin(t, transfer.Request{Collection: "plain", Format: "jsonl", Mode: "create"}), 1, true, lines(`{"_id":"a","n":1}`, `{"_id":"b","n":1}`))
		m := r.part(t, r.begin(t, transfer.Request{Collection: "plain", Format: "jsonl", Mode: "set"}), 1, true,
			lines(`{"_id":"a","n":2}`, `{"_id":"c","n":2}`, `{"_id":"c","n":3}`, `{"n":4}`))
		if m.Created != 2 || m.Replaced != 2 || m.Failed != 0 || r.count(t, "plain") != 4 {
			t.Errorf("%+v", m)
		}
		if d := r.doc(t, "plain", "a") + r.doc(t, "plain", "c"); !strings.Contains(d, `"n":2`) || !strings.Contains(d, `"n":3`) {
			t.Error(d)
		}
	})
}

// TestImportsRunHooks: as every write does.
func TestImportsRunHooks(t *testing.T) {
	r := openRoom(t, openPebble(t))
	var text strings.Builder
	for i := range 100 {
		fmt.Fprintf(&text, "{\"_id\":\"h%d\",\"name\":\"%s\"}\n", i, map[bool]string{true: "poison", false: "fine"}[i%10 == 3])
	}
	m := r.part(t, r.begin(t, transfer.Request{Collection: "hooked", Format: "jsonl", Mode: "create"}), 1, true, text.String())
	if m.Created != 90 || m.Failed != 10 || m.Bad[0].Line != 4 || m.Bad[0].Reason != "not this one" || *r.hooks.met < 90 {
		t.Errorf("%+v, %d calls", m, *r.hooks.met)
	}
}

// TestBadLinesAreBounded: the first thousand are told, all are counted.
func TestBadLinesAreBounded(t *testing.T) {
	r := openRoom(t, openPebble(t))
	id := r.begin(t, transfer.Request{Collection: "tools", Format: "jsonl", Mode: "create"})
	m := r.part(t, id, 1, false, strings.Repeat("{}\n", 999))
	if len(m.Bad) != 999 || m.Failed != 999 {
		t.Fatalf("%d told of %d", len(m.Bad), m.Failed)
	}
	m = r.part(t, id, 2, true, strings.Repeat("{\n", 5)+strings.Repeat("{\"name\":\"a\"}\n", 3)+strings.Repeat("{}\n", 500))
	if len(m.Bad) != 1000 || m.Failed != 1504 || m.Created != 3 || m.Bad[999].Line != 1000 {
		t.Errorf("%d told of %d, %d made, %+v", len(m.Bad), m.Failed, m.Created, m.Bad[len(m.Bad)-1])
	}
}

func TestBeginRefuses(t *testing.T) {
	r := openRoom(t, openPebble(t))
	many := make([]string, 501)
	for i := range many {
		many[i] = fmt.Sprint("c", i)
	}
	ok := func(q transfer.Request) transfer.Request {
		if q.Collection == "" {
			q.Collection = "tools"
		}
		if q.Format == "" {
			q.Format = "csv"
		}
		if q.Mode == "" {
			q.Mode = "set"
		}
		return q
	}
	for field, q := range map[string]transfer.Request{
		"":          {Collection: "none"},
		"format":    {Format: "xml"},
		"mode":      {Mode: "merge"},
		"columns":   {Columns: []string{"a", "a.b"}},
		"mark":      {Mark: strings.Repeat("m", 201)},
		"separator": {Separator: "|"},
		"types.a":   {Types: map[string]string{"a": "float"}},
	} {
		if _, err := r.Begin(r.ctx, ok(q)); err == nil || hutch.AsError(err).Field != field {
			t.Errorf("%+v: %v, want %q", q, err, field)
		}
	}
	for _, cols := range [][]string{{"a", "a"}, {"a", ""}, {"_x"}, {"a..b"}, many} {
		if _, err := r.Begin(r.ctx, ok(transfer.Request{Columns: cols})); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%.40v: %v", cols, err)
		}
	}
	if _, err := r.Begin(r.ctx, ok(transfer.Request{Columns: many[:500]})); err != nil {
		t.Error(err)
	}
	if _, err := r.Begin(r.ctx, ok(transfer.Request{Mark: strings.Repeat("m", 200)})); err != nil {
		t.Error(err)
	}
	for _, q := range []transfer.Request{{Columns: []string{"a"}}, {Separator: ";"}, {Header: true}} {
		q.Format = "jsonl"
		if _, err := r.Begin(r.ctx, ok(q)); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%+v: %v", q, err)
		}
	}
}
