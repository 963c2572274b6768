package quickjs

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/functions"
)

// FuzzOutcome reads what a child that was taken over may send.
func FuzzOutcome(f *testing.F) {
	for _, s := range []string{
		"", "v", "v0", "v1null", `v0{"a":`, "u0", `r0{"status":200,"text":"x"}`, `r0{"status":1e99}`, `h0{"code":"not_found","message":"m","details":{}}`,
		`h0{"code":"x"}`, `x0{"text":"InternalError: out of memory"}`, `x0{"stack":"    at f (<eval>:100001:1)\n"}`, "t0", "l0", "z0",
	} {
		f.Add([]byte(s))
	}
	m := &module{bundle: functions.Bundle{Function: "f", SourceMap: []byte(`{"sources":["a.ts"],"mappings":"AAAA"}`)}}
	f.Fuzz(func(t *testing.T, out []byte) {
		r := &result{m: m, ctx: t.Context(), session: &session{m: m}}
		res, err := r.read(out)
		if (res == nil) == (err == nil) {
			t.Fatalf("%v, %v", res, err)
		}
		if res != nil && res.Response == nil && !json.Valid(res.Value) {
			t.Errorf("%q is no JSON", res.Value)
		}
		if e := hutch.AsError(err); err != nil && (e.Status() < 400 || e.Code == "") {
			t.Errorf("%+v", e)
		}
	})
}

// FuzzTrace maps stacks with source maps that may be anything.
func FuzzTrace(f *testing.F) {
	f.Add("    at f (<eval>:100001:5)\n    at <anonymous> (<eval>:100003:1)\ncaused by x\n", `{"sources":["a.ts"],"mappings":"AAAA;;ACDA,SAASA"}`)
	f.Add("    at map (native)\n", "{}")
	f.Add("    at g (<eval>:99999999999999999999:1)", `{"mappings":"gggggggggggggB,////"}`)
	f.Fuzz(func(t *testing.T, stack, smap string) {
		m := &module{bundle: functions.Bundle{Function: "f", SourceMap: []byte(smap)}}
		if n := strings.Count(m.trace(stack), "\n"); n > maxFrames {
			t.Errorf("%d frames", n)
		}
		m.mapText(stack)
	})
}

// FuzzNatives calls the functions behind the globals with anything.
func FuzzNatives(f *testing.F) {
	for name := range natives {
		f.Add(name, "aGVsbG8=", "SHA-256", "http://a.test/x?y#z")
	}
	f.Add("url", "http://[::1]:80/%zz/../a", "http://b/", "")
	f.Add("seturl", "http://a/", "port", "99999")
	f.Add("multipart", `multipart/form-data; boundary="b"`, "LS1iDQpDb250ZW50LURpc3Bvc2l0aW9uOiBmb3JtLWRhdGE7IG5hbWU9YQ0KDQp4DQotLWItLQ0K", "")
	v := &vm{}
	f.Fuzz(func(t *testing.T, name, a, b, c string) {
		if name == "intl" || name == "random" {
			return
		}
		for _, args := range [][]any{{name}, {name, a}, {name, a, b}, {name, a, b, c}, {name, 1}} {
			out, err := v.native(args)
			if s, ok := out.(string); err == nil && out != nil && !ok {
				t.Errorf("%q gave %v", args, s)
			}
		}
	})
}
