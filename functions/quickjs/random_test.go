package quickjs

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/functions"
)

// These are random tests and no fuzz targets, as coverage of the engine, which
// is a large program by itself, makes each step of a fuzzer take a second.

// mutated gives each text as it is, then changed at random, until the time for
// it is over.
func mutated(t *testing.T, texts []string, f func(string)) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("HUTCH_SEED"), 10, 64); err == nil {
		seed = s
	}
	rounds := 20_000
	if d, err := time.ParseDuration(os.Getenv("HUTCH_LONG")); err == nil {
		rounds *= max(1, int(d.Seconds()))
	}
	last := ""
	defer func() {
		if p := recover(); p != nil || t.Failed() {
			t.Errorf("HUTCH_SEED=%d, text %q: %v", seed, last, p)
		}
	}()
	r := rand.New(rand.NewPCG(seed, 1))
	for _, last = range texts {
		f(last)
	}
	for i := 0; i < rounds && !t.Failed(); i++ {
		b := []byte(texts[r.IntN(len(texts))])
		for range 1 + r.IntN(4) {
			switch at := r.IntN(len(b) + 1); r.IntN(5) {
			case 0:
				b = append(b[:at:at], append([]byte{byte(r.IntN(256))}, b[at:]...)...)
			case 1:
				if at < len(b) {
					b[at] = `"{}[]:,\0129eE-+tn%./?#@&=`[r.IntN(26)]
				}
			case 2:
				b = b[:at]
			case 3:
				other := texts[r.IntN(len(texts))]
				b = append(b[:at:at], other[r.IntN(len(other)+1):]...)
			case 4:
				b = append(b, b[at:]...)
			}
		}
		last = string(b)
		f(last)
	}
}

// What a child that was taken over may send.
func TestRandomOutcomes(t *testing.T) {
	m := &module{bundle: functions.Bundle{Function: "f", SourceMap: []byte(`{"sources":["a.ts"],"mappings":"AAAA"}`)}}
	mutated(t, []string{
		"", "v", "v0", "v1null", `v0{"a":[1,2,{"b":"c"}]}`, "u0", `r0{"status":200,"text":"x","headers":[["a","b"]]}`, `r0{"status":204,"bytes":"AAEC"}`,
		`h0{"code":"not_found","message":"m","details":{"a":1},"retry":true}`, `h0{"code":"x"}`, `x0{"text":"InternalError: out of memory"}`,
		`x0{"text":"e","stack":"    at f (<eval>:100001:1)\n"}`, "t0", "l0", "z0",
	}, func(out string) {
		r := &result{m: m, ctx: t.Context(), session: &session{m: m}}
		res, err := r.read([]byte(out))
		if (res == nil) == (err == nil) {
			t.Errorf("%v, %v", res, err)
		}
		if res != nil && res.Response == nil && !json.Valid(res.Value) {
			t.Errorf("%q is no JSON", res.Value)
		}
		if e := hutch.AsError(err); err != nil && (e.Status() < 400 || e.Code == "" || (e.Details != nil && !json.Valid(e.Details))) {
			t.Errorf("%+v", e)
		}
	})
}

// Stacks and source maps may be anything.
func TestRandomTraces(t *testing.T) {
	mutated(t, []string{
		"    at f (<eval>:100001:5)\n    at <anonymous> (<eval>:100003:1)\ncaused by x\n|{\"sources\":[\"a.ts\"],\"mappings\":\"AAAA;;ACDA,SAASA\"}",
		"    at map (native)\n|{}", "    at g (<eval>:99999999999999999999:1)|{\"mappings\":\"gggggggggggggB,////\"}",
	}, func(s string) {
		stack, smap, _ := strings.Cut(s, "|")
		m := &module{bundle: functions.Bundle{Function: "f", SourceMap: []byte(smap)}}
		if n := strings.Count(m.trace(stack), "\n"); n >= maxFrames {
			t.Errorf("%d frames", n)
		}
		m.mapText(stack)
	})
}

// The functions behind the globals take anything.
func TestRandomNatives(t *testing.T) {
	v := &vm{}
	texts := []string{
		"url|http://[::1]:80/%zz/../a|http://b/", "url|//x?y#z|https://u:p@h.test:8080/p/q", "seturl|http://a/b?c|port|99999", "seturl|http://a/|search|?ü",
		`multipart|multipart/form-data; boundary="b"|LS1iDQpDb250ZW50LURpc3Bvc2l0aW9uOiBmb3JtLWRhdGE7IG5hbWU9YQ0KDQp4DQotLWItLQ0K`,
		"decode|4oKs/w==", "encode|é", "valid|4oKs", "percent|%e2%82%zz%", "digest|SHA-256|YQ==", "hmac|SHA-512|YQ==|YQ==", "random|16", "uuid", "equal|a|b", "log|info|x",
	}
	mutated(t, texts, func(s string) {
		var args []any
		for part := range strings.SplitSeq(s, "|") {
			args = append(args, part)
		}
		if args[0] == "intl" {
			return
		}
		if out, err := v.native(args); err == nil && out != nil {
			if _, ok := out.(string); !ok {
				t.Errorf("%q gave %T", args, out)
			}
		}
	})
}
