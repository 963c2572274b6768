package data_test

import (
	"testing"

	"github.com/hutch-dev/hutch/data"
)

func TestProject(t *testing.T) {
	const d = `{"_id":"x","_version":7,"_createdAt":1,"a":1,"b":{"c":1,"d":{"e":2,"f":3}},"l":[1,{"c":1,"d":2},[{"c":3},4],{}]}`
	for _, c := range []struct {
		paths []string
		want  string
	}{
		{nil, d},
		{[]string{"a"}, `{"_id":"x","_version":7,"a":1}`},
		{[]string{"_createdAt"}, `{"_id":"x","_version":7,"_createdAt":1}`},
		{[]string{"nothing"}, `{"_id":"x","_version":7}`},
		{[]string{"b.d.e"}, `{"_id":"x","_version":7,"b":{"d":{"e":2}}}`},
		{[]string{"b.d.e", "b"}, `{"_id":"x","_version":7,"b":{"c":1,"d":{"e":2,"f":3}}}`},
		{[]string{"b", "b.c"}, `{"_id":"x","_version":7,"b":{"c":1,"d":{"e":2,"f":3}}}`},
		{[]string{"b.c", "b.d.f", "a"}, `{"_id":"x","_version":7,"a":1,"b":{"c":1,"d":{"f":3}}}`},
		{[]string{"b.x"}, `{"_id":"x","_version":7,"b":{}}`},
		{[]string{"a.x"}, `{"_id":"x","_version":7}`},
		{[]string{"l.c"}, `{"_id":"x","_version":7,"l":[{"c":1},[{"c":3}],{}]}`},
		{[]string{"b-x", "b.c", "b"}, `{"_id":"x","_version":7,"b":{"c":1,"d":{"e":2,"f":3}}}`},
	} {
		got := data.Project(doc(t, d), c.paths)
		if js := show(t, got); js != c.want {
			t.Errorf("%v: got %s, want %s", c.paths, js, c.want)
		}
		if err := data.CheckDoc(got); err != nil {
			t.Errorf("%v: %v", c.paths, err)
		}
	}
}
