package data_test

import (
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func TestS28IndexesOfPathsAreFew(t *testing.T) {
	// Objects in arrays with names like indexes: each step leads two ways.
	if err := data.CheckPath(strings.TrimSuffix(strings.Repeat("0.", 8), ".")); err != nil {
		t.Error(err)
	}
	if err := data.CheckPath(strings.TrimSuffix(strings.Repeat("0.", 9), ".")); hutch.CodeOf(err) != hutch.InvalidArgument {
		t.Errorf("9 indexes: got %v", err)
	}
}

func TestAnswersRepeatNoLongNames(t *testing.T) {
	name := strings.Repeat("é", 100_000)
	for what, err := range map[string]error{
		"JSON":   jsonErr(`{"` + name + `":-0}`),
		"where":  whereErr(doc(t, `{"`+name+`":{"$foo":1}}`)),
		"update": updateErr(doc(t, `{"$inc":{"`+name+`":"x"}}`)),
		"path":   data.CheckPath(name + ".."),
	} {
		e := hutch.AsError(err)
		if e == nil || len(e.Error()) > 1000 {
			t.Errorf("%s: %.100v", what, err)
		}
	}
}

func jsonErr(js string) error { _, err := data.ParseJSON([]byte(js), 40); return err }

func whereErr(d data.Doc) error { _, err := data.ParseWhere(d, true); return err }

func updateErr(d data.Doc) error { _, err := data.CompileUpdate(d); return err }
