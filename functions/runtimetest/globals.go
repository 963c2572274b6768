package runtimetest

import (
	"encoding/json"
	"testing"

	"github.com/hutch-dev/hutch/functions"
)

// testGlobals runs the checks of testdata/globals.js, which gives the names of
// all and the failures.
func testGlobals(t *testing.T, rt functions.Runtime) {
	for _, file := range []string{"globals.js", "web.js"} {
		t.Run(file, func(t *testing.T) {
			code, err := files.ReadFile("testdata/" + file)
			if err != nil {
				t.Fatal(err)
			}
			m := loadBundle(t, rt, functions.Bundle{Function: "globals", Code: code})
			res, err := invoke(t, rt, m, timeout, `{}`, &Host{})
			if err != nil {
				t.Fatalf("%v; %+v", err, failure(err))
			}
			var got struct {
				Count  int
				Failed []string
			}
			if err := json.Unmarshal(res.Value, &got); err != nil {
				t.Fatal(err)
			}
			for _, f := range got.Failed {
				t.Error(f)
			}
			if got.Count < 20 {
				t.Errorf("only %d checks ran", got.Count)
			}
		})
	}
}
