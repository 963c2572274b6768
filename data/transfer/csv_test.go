package transfer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/transfer"
)

func TestCSVTakesTheSchemasTypes(t *testing.T) {
	onBoth(t, func(t *testing.T, r *room) {
		id := r.begin(t, transfer.Request{Collection: "tools", Format: "csv", Mode: "create", Types: map[string]string{"skipped": "skip", "code": "string"}})
		r.part(t, id, 1, false, "\ufeff_id,name,price,made,cost,on,tags,box.w,box.h,free,skipped,code\r\n"+
			"1,007,1.5,2026-01-02,12.50,TRUE,\"[1,\"\"a\"\"]\",3,x,true,no,01\r\n"+
			"2,\"two\nlines, \"\"quoted\"\"\",,,,,,,,0x,,2\r\n"+
			"3,bad,dear,2026-01-02,,,,,,,,\r\n"+
			"4,short\r\n"+
			"5,wide,1,,,,,1.5,,,,\r\n"+
			"6,\"broken\"x,1,,,,,1,,,,\r\n"+
			"7,'=1+1,1,,,,,1,,-5,,\r\n")
		m := r.part(t, id, 2, true, "8,more,2,2026-01-02 03:04:05,,0,,,,\"{\"\"a\"\":{\"\"$numberDecimal\"\":\"\"1.0\"\"}}\",,\n")
		if m.Created != 4 || m.Failed != 4 {
			t.Errorf("%+v", m)
		}
		var got []string
		for _, b := range m.Bad {
			got = append(got, fmt.Sprint(b.Line, " ", b.Field))
		}
		if want := "5 price,6 ,7 box.w,8 "; strings.Join(got, ",") != want {
			t.Errorf("bad lines %q, want %q: %+v", strings.Join(got, ","), want, m.Bad)
		}
		for id, want := range map[string]string{
			"1": `"name":"007","price":1.5,"made":{"$date":"2026-01-02T00:00:00.000Z"},"cost":{"$numberDecimal":"12.50"},"on":true,"tags":[1,"a"],"box":{"w":3,"h":"x"},"free":true,"code":"01"}`,
			"2": `"name":"two\nlines, \"quoted\"","free":"0x","code":"2"}`,
			"7": `"name":"=1+1","price":1,"box":{"w":1},"free":-5}`,
			"8": `"name":"more","price":2,"made":{"$date":"2026-01-02T03:04:05.000Z"},"on":false,"free":{"a":{"$numberDecimal":"1.0"}}}`,
		} {
			if d := r.doc(t, "tools", id); !strings.HasSuffix(d, want) {
				t.Errorf("%s: %s, want %s", id, d, want)
			}
		}
	})
}

// TestCSVOfOtherMakes: tabs and semicolons, and columns that get other names than the header's.
func TestCSVOfOtherMakes(t *testing.T) {
	r := openRoom(t, openPebble(t))
	for sep, id := range map[string]string{",": "comma", ";": "semicolon", "\t": "tab"} {
		file := strings.ReplaceAll("Nr|Bezeichnung|Notiz|Notiz\n"+id+"|\"a,b;c\td\"|x|2.5\n", "|", sep)
		q := transfer.Request{
			Collection: "tools", Format: "csv", Mode: "create", Separator: sep, Header: true,
			Columns: []string{"_id", "name", "#3", "price"}, Types: map[string]string{"#3": "skip"},
		}
		if m := r.part(t, r.begin(t, q), 1, true, file); m.Created != 1 || m.Failed != 0 || strings.Join(m.Columns, ",") != "_id,name,#3,price" {
			t.Errorf("%q: %+v", sep, m)
		}
		if d := r.doc(t, "tools", id); !strings.HasSuffix(d, `"name":"a,b;c\td","price":2.5}`) {
			t.Errorf("%q: %s", sep, d)
		}
	}
	id := r.begin(t, transfer.Request{Collection: "plain", Format: "csv", Mode: "create", Columns: []string{"a", "b"}})
	if m := r.part(t, id, 1, true, "1,2\n"); m.Created != 1 {
		t.Errorf("without a header the first line is a document: %+v", m)
	}
	id = r.begin(t, transfer.Request{Collection: "plain", Format: "csv", Mode: "create", Header: true, Columns: []string{"a", "b"}})
	_, _, err := r.Part(r.ctx, id, 1, true, data.Request{Op: data.OpCreate}, []byte("x,y,z\n1,2,3\n"))
	if hutch.CodeOf(err) != hutch.InvalidArgument {
		t.Errorf("a header of three cells for two columns: %v", err)
	}
}

// TestS99CellsAreNoFormulas: and come back as they were.
func TestS99CellsAreNoFormulas(t *testing.T) {
	r := openRoom(t, openPebble(t))
	texts := []string{"=1+1", "+1", "-1", "@a", "\tx", "\rx", "'=1", "''@", "'plain", "a=b", "it's", "'", "\nx", "\n", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20a", "'\uff1d", "a\uff1d"}
	for i, text := range texts {
		d := data.NewDoc(data.Elem{Name: "_id", Value: data.String(fmt.Sprint("t", i))}, data.Elem{Name: "s", Value: data.String(text)}, data.Elem{Name: "n", Value: data.Int(int64(-i - 1))})
		table, err := transfer.NewCSV([]string{"_id", "s", "n"}, true)
		if err == nil {
			err = table.Add(d)
		}
		if err != nil {
			t.Fatal(err)
		}
		file, err := table.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		cell := strings.Trim(strings.Split(string(file), ",")[3], `"`)
		if strings.IndexAny(cell, "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20") == 0 || !strings.HasSuffix(string(file), fmt.Sprintf(",-%d\n", i+1)) {
			t.Errorf("%q is exported as %q", text, file)
		}
		m := r.part(t, r.begin(t, transfer.Request{Collection: "plain", Format: "csv", Mode: "create", Types: map[string]string{"s": "string"}}), 1, true, string(file))
		if m.Created != 1 {
			t.Fatalf("%q: %+v", file, m)
		}
		want := data.With(d)
		page, err := r.Data.Query(r.ctx, data.Query{From: "plain", Where: data.Where{Op: data.OpEq, Path: "_id", Value: data.String(fmt.Sprint("t", i))}}, data.Request{})
		if err != nil || len(page.Docs) != 1 || !data.Equal(data.Field(page.Docs[0], "s"), data.Field(want, "s")) {
			t.Errorf("%q came back as %v (%v)", text, page.Docs, err)
		}
	}
}

// TestJSONLKeepsTypes: what was exported comes back as it was.
func TestJSONLKeepsTypes(t *testing.T) {
	onBoth(t, func(t *testing.T, r *room) {
		line := `{"_id":"a","_createdAt":{"$date":"2020-01-02T03:04:05.678Z"},"_updatedAt":{"$date":"2021-01-02T03:04:05.678Z"},"d":{"$date":"1969-12-31T23:59:59.999Z"},"m":{"$numberDecimal":"1.50"},"b":{"$binary":{"base64":"AQI=","subType":"04"}},"o":{"$oid":"0123456789abcdef01234567"},"l":{"$numberLong":"9223372036854775807"},"f":5.0,"i":5,"n":null,"t":"=1","x":[{"y":[true]}]}`
		r.part(t, r.begin(t, transfer.Request{Collection: "plain", Format: "jsonl", Mode: "create"}), 1, true, line)
		page, err := r.Data.Query(r.ctx, data.Query{From: "plain"}, data.Request{})
		if err != nil || len(page.Docs) != 1 {
			t.Fatal(page, err)
		}
		out, err := transfer.AppendJSONLine(nil, page.Docs[0])
		if err != nil {
			t.Fatal(err)
		}
		m := r.part(t, r.begin(t, transfer.Request{Collection: "plain", Format: "jsonl", Mode: "set"}), 1, true, string(out))
		if m.Replaced != 1 || m.Failed != 0 {
			t.Errorf("%+v", m)
		}
		if d := r.doc(t, "plain", "a"); d != line {
			t.Errorf("\n%s, want\n%s", d, line)
		}
	})
}

// TestReportsKeepNoValues: what is told of bad lines would outlive the erasure of
// whom they are about.
func TestReportsKeepNoValues(t *testing.T) {
	r := openRoom(t, openPebble(t))
	r.part(t, r.begin(t, transfer.Request{Collection: "tools", Format: "csv", Mode: "create"}), 1, true,
		"_id,name,price,cost\nok,ann,ann@secret.example,\nann@secret.example/1,x,1,\nok2,x,1,secret\nok3,\"secret\"x,1,\n")
	m := r.part(t, r.begin(t, transfer.Request{Collection: "tools", Format: "jsonl", Mode: "create"}), 1, true,
		lines(`{"name":"secret@secret.example"`, `{"name":1,"price":"secret"}`, `{"_id":"secret/secret","name":"a"}`, `{"name":"secret","made":{"$date":"secret"}}`))
	if m.Failed != 4 {
		t.Errorf("%+v", m)
	}
	n := 0
	for d, err := range r.System.Find(t.Context(), data.Query{From: transfer.Collection}) {
		if err != nil {
			t.Fatal(err)
		}
		js, err := data.AppendJSON(nil, d)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(js), "secret") {
			t.Errorf("%s", js)
		}
		n++
	}
	if n < 4 {
		t.Errorf("%d rows", n)
	}
}
