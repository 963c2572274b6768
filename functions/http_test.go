package functions_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

func route(w *world, method string, r *functions.HTTPRequest, body, key string) (*functions.Answer, error) {
	r.Method = method
	if r.Query == nil {
		r.Query = map[string][]string{}
	}
	return w.fns.Call(w.as(user("u1")), &functions.Invocation{
		Function: "f", HTTP: r, Body: []byte(body), Key: key, Scope: method + " " + r.Path, Request: data.Request{IP: "192.0.2.7"},
	})
}

func httpFn(change func(*functions.Function)) functions.Function {
	f := functions.Function{Name: "f", Trigger: functions.Trigger{Kind: functions.TriggerHTTP, Method: "GET", Path: "/api/f"}}
	if change != nil {
		change(&f)
	}
	return f
}

func echo(_ context.Context, ev map[string]any, _ functions.Host) (any, error) {
	return ev["request"], nil
}

func TestS60CredentialsStayOut(t *testing.T) {
	w := open(t, []functions.Function{httpFn(nil)}, map[string]script{"f": echo})
	a, err := route(w, "GET", &functions.HTTPRequest{Path: "/api/f", Headers: map[string]string{
		"authorization": "Bearer x", "cookie": "a=b", "apikey": "k", "x-forwarded-for": "1.2.3.4", "forwarded": "for=x",
		"proxy-authorization": "y", "x-real-ip": "z", "accept": "text/html",
	}}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Headers map[string]string
		IP      string
	}
	if err := json.Unmarshal(a.Body, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Headers) != 1 || r.Headers["accept"] != "text/html" || r.IP != "192.0.2.7" {
		t.Errorf("%+v", r)
	}
}

func TestDeclaredParameters(t *testing.T) {
	w := open(t, []functions.Function{httpFn(func(f *functions.Function) {
		f.Query = []functions.Param{{Name: "q", Type: functions.ParamString}, {Name: "n", Type: functions.ParamInt, Optional: true}, {Name: "x", Type: functions.ParamNumber, Optional: true}, {Name: "b", Type: functions.ParamBool, Optional: true}}
	})}, map[string]script{"f": echo})
	for _, c := range []struct {
		name, field string
		query       map[string][]string
	}{
		{"all", "", map[string][]string{"q": {"a"}, "n": {"-5"}, "x": {"1.5"}, "b": {"true"}, "utm": {"ignored"}}},
		{"the needed one", "", map[string][]string{"q": {""}}},
		{"missing", "query.q", map[string][]string{}},
		{"twice", "query.q", map[string][]string{"q": {"a", "b"}}},
		{"no int", "query.n", map[string][]string{"q": {"a"}, "n": {"5.5"}}},
		{"beyond 2^53", "query.n", map[string][]string{"q": {"a"}, "n": {"9007199254740993"}}},
		{"infinite", "query.x", map[string][]string{"q": {"a"}, "x": {"Inf"}}},
		{"no bool", "query.b", map[string][]string{"q": {"a"}, "b": {"yes"}}},
	} {
		_, err := route(w, "GET", &functions.HTTPRequest{Path: "/api/f", Query: c.query}, "", "")
		if (err == nil) != (c.field == "") || err != nil && hutch.AsError(err).Field != c.field {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestS82ResponsesMayNotSpeakForTheServer(t *testing.T) {
	var answer *functions.Response
	w := open(t, []functions.Function{httpFn(nil)}, map[string]script{
		"f": func(context.Context, map[string]any, functions.Host) (any, error) { return answer, nil },
	})
	for _, c := range []struct {
		name  string
		r     functions.Response
		wrong bool
	}{
		{"plain", functions.Response{Status: 200, Headers: [][2]string{{"content-type", "text/plain"}, {"x-mine", "1"}}}, false},
		{"a redirect", functions.Response{Status: 302, Headers: [][2]string{{"location", "/x"}}}, false},
		{"cookie", functions.Response{Status: 200, Headers: [][2]string{{"Set-Cookie", "a=b"}}}, true},
		{"cors", functions.Response{Status: 200, Headers: [][2]string{{"access-control-allow-origin", "*"}}}, true},
		{"hsts", functions.Response{Status: 200, Headers: [][2]string{{"strict-transport-security", "max-age=1"}}}, true},
		{"ours", functions.Response{Status: 200, Headers: [][2]string{{"hutch-position", "1"}}}, true},
		{"hop by hop", functions.Response{Status: 200, Headers: [][2]string{{"transfer-encoding", "chunked"}}}, true},
		{"split", functions.Response{Status: 200, Headers: [][2]string{{"x", "a\r\nset-cookie: b"}}}, true},
		{"no name", functions.Response{Status: 200, Headers: [][2]string{{"x y", "a"}}}, true},
		{"status 199", functions.Response{Status: 199}, true},
		{"status 200", functions.Response{Status: 200}, false},
		{"status 599", functions.Response{Status: 599}, false},
		{"status 600", functions.Response{Status: 600}, true},
	} {
		answer = &c.r
		if _, err := route(w, "GET", &functions.HTTPRequest{Path: "/api/f"}, "", ""); (err != nil) != c.wrong {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestBodiesByContentType(t *testing.T) {
	w := open(t, []functions.Function{httpFn(nil)}, map[string]script{"f": echo})
	for _, c := range []struct{ kind, body, want string }{
		{"application/json", `{"a":1}`, `{"a":1}`},
		{"", `[1]`, `[1]`},
		{"application/vnd.x+json", `2`, `2`},
		{"text/plain; charset=utf-8", `hi`, `"hi"`},
		{"application/x-www-form-urlencoded", `a=b`, `"a=b"`},
		{"image/png", "\xff\x00", `null`},
	} {
		a, err := route(w, "POST", &functions.HTTPRequest{Path: "/api/f", ContentType: c.kind}, c.body, "")
		if err != nil {
			t.Errorf("%s: %v", c.kind, err)
			continue
		}
		var r struct{ Body json.RawMessage }
		if err := json.Unmarshal(a.Body, &r); err != nil || string(r.Body) != c.want {
			t.Errorf("%s: %s %v", c.kind, r.Body, err)
		}
	}
	if _, err := route(w, "POST", &functions.HTTPRequest{Path: "/api/f"}, `{"a":`, ""); hutch.CodeOf(err) != hutch.InvalidArgument {
		t.Errorf("malformed JSON: %v", err)
	}
}

// TestOnlySuccessIsKept: an answer of 400 and more is like a throw, a redirect
// cannot be kept without its header.
func TestOnlySuccessIsKept(t *testing.T) {
	status := 503
	w := open(t, []functions.Function{httpFn(func(f *functions.Function) { f.Trigger.Method, f.Admin = "POST", true })}, map[string]script{
		"f": func(_ context.Context, _ map[string]any, h functions.Host) (any, error) {
			return &functions.Response{Status: status}, create(h, "admin.db.create", "u1", "made")
		},
	})
	call := func() (*functions.Answer, error) {
		return route(w, "POST", &functions.HTTPRequest{Path: "/api/f"}, "{}", "key")
	}
	if a, err := call(); err != nil || a.Response.Status != 503 || a.Replayed || w.thing("made") != nil {
		t.Errorf("503: %+v %v, written %v", a, err, w.thing("made") != nil)
	}
	status = 302
	if _, err := call(); hutch.CodeOf(err) != hutch.Internal || w.thing("made") != nil {
		t.Errorf("a redirect under a key: %v", err)
	}
	status = 201
	for _, replayed := range []bool{false, true} {
		if a, err := call(); err != nil || a.Response.Status != 201 || a.Replayed != replayed {
			t.Errorf("201: %+v %v", a, err)
		}
	}
	if w.thing("made") == nil {
		t.Error("nothing was written")
	}
}
