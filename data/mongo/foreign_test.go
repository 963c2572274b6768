package mongo

import (
	"fmt"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

// foreigners are values that no document of ours holds.
var foreigners = map[string]any{
	"regex": bson.Regex{Pattern: "a"}, "code": bson.JavaScript("a"), "symbol": bson.Symbol("a"), "timestamp": bson.Timestamp{T: 1},
	"minkey": bson.MinKey{}, "maxkey": bson.MaxKey{}, "undefined": bson.Undefined{}, "dbpointer": bson.DBPointer{DB: "a"},
	"scoped": bson.CodeWithScope{Code: "a", Scope: bson.D{}}, "binary": bson.Binary{Subtype: 5, Data: []byte("x")}, "nan": nan(),
}

func nan() float64 { z := 0.0; return z / z }

// openWith gives a store whose collection pets another program filled.
func openWith(t *testing.T, docs ...any) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{URL: mongotest.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if len(docs) > 0 {
		if _, err := s.db.Collection("pets").InsertMany(t.Context(), docs); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// finds gives the ids of a plan's documents and its count.
func finds(t *testing.T, s *Store, p data.Plan) string {
	t.Helper()
	p.Collection = "pets"
	sn, err := s.Snapshot(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer sn.Close()
	var ids []string
	for d, err := range sn.Find(t.Context(), &p) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, data.Text(data.Field(d, data.FieldID)))
	}
	n, err := sn.Count(t.Context(), &p)
	if err != nil || p.After == nil && p.Limit == 0 && len(p.OrderBy) == 0 && int(n) != len(ids) {
		t.Errorf("%v counts %d (%v), finds %v", p.Where, n, err, ids)
	}
	return strings.Join(ids, " ")
}

func TestS18DocumentsOfOtherPrograms(t *testing.T) {
	t.Parallel()
	docs := []any{bson.D{{Key: "_id", Value: "plain"}, {Key: "a", Value: "a"}, {Key: "z", Value: 1}}, bson.D{{Key: "_id", Value: 7}, {Key: "a", Value: "a"}}, bson.D{{Key: "_id", Value: bson.NewObjectID()}, {Key: "a", Value: "a"}}}
	all := []string{"plain"}
	for name, v := range foreigners {
		docs = append(docs, bson.D{{Key: "_id", Value: name}, {Key: "a", Value: "a"}, {Key: "z", Value: v}})
		docs = append(docs, bson.D{{Key: "_id", Value: name + "0"}, {Key: "x", Value: bson.D{{Key: "l", Value: bson.A{v}}}}, {Key: "a", Value: "a"}})
		all = append(all, name, name+"0")
	}
	// one that Hutch wrote and another program changed
	docs = append(docs, bson.D{{Key: "_id", Value: "changed"}, {Key: "_version", Value: int64(1) << 50}, {Key: "a", Value: "a"}, {Key: "z", Value: bson.Regex{Pattern: "a"}}})
	all = append(all, "changed")
	s := openWith(t, docs...)

	where := func(js string) data.Where { return filter(t, js) }
	if got := len(strings.Fields(finds(t, s, data.Plan{}))); got != len(all) {
		t.Errorf("%d documents are seen where rules are bypassed, want %d", got, len(all))
	}
	for _, js := range []string{`{}`, `{"a":"a"}`, `{"$not":{"q":1}}`, `{"q":null}`, `{"a":{"$startsWith":"a"}}`, `{"z":{"$ne":5}}`} {
		p := data.Plan{Where: where(js), Checked: true}
		if js == `{}` || js == `{"a":"a"}` { // counted by the server, and streamed
			p.OrderBy = nil
		}
		if got := finds(t, s, p); got != "plain" {
			t.Errorf("under rules %s finds %q", js, got)
		}
	}
	for _, js := range []string{`{"z":"a"}`, `{"z":{"$regex":"a"}}`, `{"z":{"$gte":null}}`, `{"z":{"$type":"number"}}`, `{"z":{"$in":["a",null]}}`, `{"x.l":"a"}`, `{"z":{"$elemMatch":{"$eq":"a"}}}`} {
		for _, checked := range []bool{true, false} {
			got := finds(t, s, data.Plan{Where: where(js), Checked: checked})
			for id := range strings.FieldsSeq(got) {
				if id != "plain" && (checked || id != "nan" && !strings.Contains(js, "null") && id != "binary") {
					t.Errorf("%s (checked: %v) finds %s", js, checked, id)
				}
			}
		}
	}
	for _, by := range []string{"z", "x.l"} {
		for _, desc := range []bool{false, true} {
			p := data.Plan{OrderBy: []data.Order{{Path: by, Desc: desc}}}
			if got := finds(t, s, p); !strings.Contains(got, "plain") {
				t.Errorf("by %s: %q", by, got)
			}
		}
	}
	sn, err := s.Snapshot(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer sn.Close()
	for _, id := range all {
		d, err := sn.Get(t.Context(), "pets", id)
		if err != nil || d == nil {
			t.Fatalf("%s: %v, %v", id, d, err)
		}
		js, err := data.AppendJSON(nil, d)
		if err != nil || !strings.Contains(string(js), fmt.Sprintf(`"_id":%q`, id)) {
			t.Errorf("%s is shown as %s, %v", id, js, err)
		}
	}
}

func TestS18SymbolsAreNoStrings(t *testing.T) {
	t.Parallel()
	s := openWith(t, bson.D{{Key: "_id", Value: "a"}, {Key: "role", Value: bson.Symbol("admin")}}, bson.D{{Key: "_id", Value: "b"}, {Key: "role", Value: "admin"}})
	for _, js := range []string{`{"role":"admin"}`, `{"role":{"$in":["admin","x"]}}`, `{"role":{"$gte":"a"}}`} {
		if got := finds(t, s, data.Plan{Where: filter(t, js), Checked: true}); got != "b" {
			t.Errorf("%s finds %q", js, got)
		}
	}
}
