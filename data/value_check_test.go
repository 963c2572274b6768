package data_test

import (
	"bytes"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

func TestS18MalformedBytesFail(t *testing.T) {
	raw := func(typ bson.Type, b ...byte) data.Doc {
		return data.NewDoc(data.Elem{Name: "a", Value: data.Value{Type: typ, Value: b}}, data.Elem{Name: "role", Value: data.String("x")})
	}
	fine := doc(t, `{"a":[1,2],"o":{"b":"x"}}`)
	for name, d := range map[string]data.Doc{
		"nothing":                      {},
		"four bytes":                   {4, 0, 0, 0},
		"a length too large":           append(data.Doc{200}, fine[1:]...),
		"a length too small":           append(data.Doc{6}, fine[1:]...),
		"bytes behind the end":         append(bytes.Clone(fine), 0),
		"no end":                       append(bytes.Clone(fine[:len(fine)-1]), 1),
		"a boolean of 2":               raw(bson.TypeBoolean, 2),
		"a string without its end":     raw(bson.TypeString, 2, 0, 0, 0, 'a', 'b'),
		"a string of length 0":         raw(bson.TypeString, 0, 0, 0, 0),
		"a string of negative length":  raw(bson.TypeString, 0xff, 0xff, 0xff, 0xff, 0),
		"a string that is not UTF-8":   raw(bson.TypeString, 2, 0, 0, 0, 0xff, 0),
		"a name that is not UTF-8":     data.NewDoc(data.Elem{Name: "\xff", Value: data.Null()}),
		"an object cut off":            raw(bson.TypeEmbeddedDocument, 9, 0, 0, 0, 0),
		"an array with a wrong index":  raw(bson.TypeArray, data.NewDoc(data.Elem{Name: "1", Value: data.Null()})...),
		"an array with names":          raw(bson.TypeArray, data.NewDoc(data.Elem{Name: "x", Value: data.Null()})...),
		"a binary of negative length":  raw(bson.TypeBinary, 0xff, 0xff, 0xff, 0xff, 0),
		"a decimal out of its digits":  raw(bson.TypeDecimal128, append(bytes.Repeat([]byte{0xff}, 14), 0x01, 0x30)...),
		"deeper than anything allowed": deep(150),
	} {
		if data.CheckDoc(d) == nil {
			t.Errorf("%s: passes", name)
		}
	}
	if err := data.CheckDoc(fine); err != nil {
		t.Error(err)
	}
}

// deep makes a document nested n deep.
func deep(n int) data.Doc {
	d := data.NewDoc()
	for range n - 1 {
		d = data.NewDoc(data.Elem{Name: "a", Value: data.Object(d)})
	}
	return d
}

func TestCheckDocNamesThePlace(t *testing.T) {
	bad := data.Value{Type: bson.TypeRegex, Value: []byte{'a', 0, 0}}
	d := data.NewDoc(data.Elem{Name: "a", Value: data.Array(data.Int(1), data.Object(data.NewDoc(data.Elem{Name: "b", Value: bad})))})
	if err := data.CheckDoc(d); err == nil || !strings.Contains(err.Error(), "(a[1].b)") {
		t.Errorf("got %v", err)
	}
}

func TestDepth(t *testing.T) {
	for n := 1; n < 40; n++ {
		if got := data.Depth(deep(n)); got != n {
			t.Errorf("%d: %d", n, got)
		}
	}
	if got := data.Depth(doc(t, `{"a":[[1],{"b":1}]}`)); got != 3 {
		t.Errorf("arrays count: %d", got)
	}
}

func TestReaders(t *testing.T) {
	d := doc(t, `{"a":{"b":{"c":5}},"l":[1,2],"d":2.0,"f":2.5,"s":"x"}`)
	if v := data.Field(d, "a.b.c"); !data.Equal(v, data.Int(5)) {
		t.Errorf("a.b.c is %v", v)
	}
	for _, p := range []string{"x", "a.x", "s.x", "l.0", "a.b.c.d"} {
		if v := data.Field(d, p); v.Type != 0 {
			t.Errorf("%s is %v", p, v)
		}
	}
	if n, ok := data.Integer(data.Field(d, "d")); n != 2 || !ok {
		t.Error("2.0 is no whole number")
	}
	if _, ok := data.Integer(data.Field(d, "f")); ok {
		t.Error("2.5 is a whole number")
	}
	var names string
	for name := range data.Fields(d) {
		if names += name; name == "d" {
			break
		}
	}
	if names != "ald" {
		t.Errorf("fields %s", names)
	}
}

func TestMarshal(t *testing.T) {
	type room struct {
		Name  string `bson:"name"`
		Count int    `bson:"count,omitempty"`
	}
	d, err := data.Marshal(room{"x", 3})
	if err != nil {
		t.Fatal(err)
	}
	var back room
	if err := data.Unmarshal(d, &back); err != nil || back != (room{"x", 3}) {
		t.Errorf("%v, %v", back, err)
	}
	if _, err := data.Marshal(struct{ F float64 }{nan()}); err == nil {
		t.Error("NaN passes")
	}
	if _, err := data.Marshal(struct{ R bson.Regex }{}); err == nil {
		t.Error("a regex passes")
	}
}
