package config_test

import (
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
)

// TestS1FunctionsNeedAuth: a call or http function says who may call it; a hook
// does not.
func TestS1FunctionsNeedAuth(t *testing.T) {
	const head = "name: x\ncollections: { a: {} }\nfunctions:\n"
	for _, tt := range []struct{ name, yaml, want string }{
		{"call", "  f: { handler: f.ts, trigger: { call: {} } }\n", "4:3: error: functions.f: auth is missing: who may call it?\n    auth: signedIn()   # who is signed in\n    auth: \"true\"       # everyone\n"},
		{"http", "  f: { handler: f.ts, trigger: { http: GET /a } }\n", "4:3: error: functions.f: auth is missing: who may call it?\n    auth: signedIn()   # who is signed in\n    auth: \"true\"       # everyone\n"},
		{"empty", "  f: { handler: f.ts, trigger: { call: {} }, auth: }\n", "4:46: error: functions.f.auth: an expression is missing\n    write \"true\" for everyone, \"false\" for nobody, or leave the key out\n"},
		{"auth", "  f: { handler: f.ts, trigger: { auth: beforeToken }, auth: \"true\" }\n", "4:55: error: functions.f: auth goes with call and http triggers only\n"},
		{"before", "  f: { handler: f.ts, trigger: { before: [create], collection: a }, auth: \"true\" }\n", "4:69: error: functions.f: auth goes with call and http triggers only\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, refused(t, app("hutch.yaml", head+tt.yaml, "f.ts", ""), noEnv), "hutch.yaml:"+tt.want)
		})
	}
	c := load(t, app("hutch.yaml", head+"  f: { handler: f.ts, trigger: { call: {} }, auth: true }\n", "f.ts", ""), noEnv)
	if c.Functions[0].Auth.Text != "true" {
		t.Errorf("auth: %+v", c.Functions[0].Auth)
	}
}

func TestFunctionKeysBelongToTriggers(t *testing.T) {
	const head = "name: x\ncollections: { a: {} }\nfunctions:\n  f: { handler: f.ts, auth: x, "
	for _, tt := range []struct{ yaml, want string }{
		{"trigger: { call: {}, http: GET /a } }", "4:41: error: functions.f.trigger: exactly one of call, http, before and auth\n"},
		{"trigger: { call: {}, collection: a } }", "4:53: error: functions.f: trigger.collection goes with before triggers only\n"},
		{"trigger: { call: {} }, request: { query: {} } }", "4:55: error: functions.f: request goes with http triggers only\n"},
		{"trigger: { call: 5 } }", "4:49: error: functions.f.trigger.call: expected a mapping, got a number\n"},
		{"trigger: 5 }", "4:41: error: functions.f.trigger: expected a mapping, got a number\n"},
		{"trigger: { http: GET /a }, idempotency: required }", "4:72: error: functions.f: idempotency: required needs POST\n"},
		{"trigger: { http: GET /a }, request: { query: { q: text } } }", "4:82: error: functions.f.request.query.q: \"text\" is no type\n    known here: string, int, number, bool\n"},
		{"trigger: { http: GET /a }, input: s.txt }", "4:66: error: functions.f.input: \"s.txt\" should end in .json\n"},
	} {
		t.Run(tt.yaml, func(t *testing.T) {
			expect(t, refused(t, app("hutch.yaml", head+tt.yaml+"\n", "f.ts", "", "web/index.html", ""), noEnv), "hutch.yaml:"+tt.want)
		})
	}
	for _, tt := range []struct{ yaml, want string }{
		{"trigger: { auth: beforeSignin } }", "4:40: error: functions.f.trigger.auth: \"beforeSignin\" is not known\n    known here: beforeSignUp, beforeSignIn, beforeToken, afterSignUp, afterDelete\n"},
		{"trigger: { auth: beforeSignIn, call: {} } }", "4:32: error: functions.f.trigger: exactly one of call, http, before and auth\n"},
		{"trigger: { auth: beforeSignIn, collection: a } }", "error: functions.f: trigger.collection goes with before triggers only\n"},
		{"input: s.json, trigger: { auth: beforeSignIn } }", "error: functions.f: input goes with call and http triggers only\n"},
		{"trigger: { before: [create] } }", "error: functions.f.trigger.collection is missing\n"},
		{"trigger: { before: [], collection: a } }", "error: functions.f.trigger.before: name at least one of create, update, delete\n"},
		{"trigger: { before: [create, create], collection: a } }", "error: functions.f.trigger.before[1] stands twice\n"},
		{"input: s.json, trigger: { before: [create], collection: a } }", "error: functions.f: input goes with call and http triggers only\n"},
		{"idempotency: optional, trigger: { before: [create], collection: a } }", "error: functions.f: idempotency goes with call and http triggers only\n"},
	} {
		head := strings.Replace(head, "auth: x, ", "", 1)
		t.Run(tt.yaml, func(t *testing.T) {
			ds := refused(t, app("hutch.yaml", head+tt.yaml+"\n", "f.ts", "", "s.json", "{}"), noEnv)
			if got := lines(ds); len(ds) != 1 || !strings.HasSuffix(got, tt.want) {
				t.Error(got)
			}
		})
	}
}

// TestS57Routes: an app's route lies outside the system's paths and shares none
// with another route or a page.
func TestS57Routes(t *testing.T) {
	route := func(r string) []hutch.Diagnostic {
		_, ds := config.Load(app("hutch.yaml", "name: x\nfunctions:\n  f: { handler: f.ts, auth: x, trigger: { http: \""+r+"\" } }\n", "f.ts", ""), noEnv)
		return ds
	}
	for _, p := range config.SystemPrefixes {
		for _, r := range []string{"GET /" + p, "POST /" + p + "/v1/x", "GET /" + strings.ToUpper(p) + "/x"} {
			if got := lines(route(r)); !strings.Contains(got, "which is the system's") {
				t.Errorf("%s: %s", r, got)
			}
		}
	}
	for r, want := range map[string]string{
		"GET":                                "is no method and path",
		"GET api":                            "is no method and path",
		"get /api":                           "has a method that is none of",
		"TRACE /api":                         "has a method that is none of",
		"GET /api/":                          "ends in /",
		"GET //api":                          "has a segment",
		"GET /api/../x":                      "has a segment",
		"GET /a b":                           "has a segment",
		"GET /%61pi":                         "has a segment",
		"GET /a/{b}c":                        "has a segment",
		"GET /a/{}":                          "has a segment",
		"GET /a?b=c":                         "has a segment",
		"GET /a/*":                           "has a segment",
		"GET /a/{b}/{b}":                     "names {b} twice",
		"GET /{a}":                           "begins with a parameter",
		"GET /a/" + strings.Repeat("b", 510): "is longer",
	} {
		if got := lines(route(r)); !strings.Contains(got, want) {
			t.Errorf("%s: %s", r, got)
		}
	}
	for _, r := range []string{"GET /", "POST /api/search", "PUT /a/{b}/c/{d}/{e}/{f}", "PATCH /datax", "DELETE /a.b/~c", "GET /a/" + strings.Repeat("b", 509)} {
		if ds := route(r); len(ds) > 0 {
			t.Errorf("%s: %s", r, lines(ds))
		}
	}

	const two = `name: x
web: web
functions:
  f: { handler: f.ts, auth: x, trigger: { http: "GET /a/{b}" } }
  g: { handler: f.ts, auth: x, trigger: { http: "GET /a/{c}" } }
  h: { handler: f.ts, auth: x, trigger: { http: "POST /a/{c}" } }
  i: { handler: f.ts, auth: x, trigger: { http: "GET /app.css" } }
  j: { handler: f.ts, auth: x, trigger: { http: "GET /" } }
  k: { handler: f.ts, auth: x, trigger: { http: "GET /docs/{page}" } }
  l: { handler: f.ts, auth: x, trigger: { http: "POST /app.css" } }
  m: { handler: f.ts, auth: x, trigger: { http: "GET /a/new" } }
`
	expect(t, refused(t, app("hutch.yaml", two, "f.ts", "", "web/index.html", "", "web/app.css", "", "web/docs/intro.html", ""), noEnv), `
hutch.yaml:5:49: error: functions.g.trigger.http: shadowed by functions.f at hutch.yaml:4:49
hutch.yaml:7:49: error: functions.i.trigger.http: the file web/app.css of the web folder has the same path
hutch.yaml:8:49: error: functions.j.trigger.http: the file web/index.html of the web folder has the same path
hutch.yaml:9:49: error: functions.k.trigger.http: the file web/docs/intro.html of the web folder has the same path
`)
}

// TestS13WebIsAFolderOfItsOwn: nothing but pages lies in or around the folder
// that everybody reads.
func TestS13WebIsAFolderOfItsOwn(t *testing.T) {
	files := []string{
		"web/index.html", "", "functions/f.ts", "", "functions/pages/index.html", "", "schemas/a.json", "{}", "seed/a.jsonl", "",
		"more/a.yaml", "", "lib/x.ts", "", ".hutch/db", "", "site/inner/f.ts", "",
	}
	yaml := func(web string) string {
		return "name: x\nweb: " + web + "\ninclude: [more/a.yaml]\ncollections: { a: { schema: schemas/a.json } }\nseed: { a: seed/a.jsonl }\n" +
			"functions:\n  f: { handler: functions/f.ts, auth: x, trigger: { call: {} } }\n  g: { handler: site/inner/f.ts, auth: x, trigger: { call: {} } }\n"
	}
	load(t, app(append(files, "hutch.yaml", yaml("web"))...), noEnv)
	for web, want := range map[string]string{
		".":               "the app folder itself",
		"./web":           "must be a path inside the app folder",
		"../other":        "must be a path inside the app folder",
		"/srv":            "must be a path inside the app folder",
		"web/":            "should not end in /",
		`"web\\x"`:        "is no path",
		"''":              "is empty",
		".hutch":          "names a hidden file",
		".hutch/x":        "names a hidden file",
		"node_modules/x":  "lies in node_modules",
		"functions":       "it holds the handler of f",
		"functions/pages": "lies in the folder of the handler of f",
		"schemas":         "it holds the schema",
		"seed":            "it holds the seed",
		"more":            "it holds the config file",
		"site":            "it holds the handler of g",
		"nowhere":         "there is no folder",
		"web/index.html":  "is no folder",
		"'${WEB:-web}'":   "${..} is not replaced here",
	} {
		ds := refused(t, app(append(files, "hutch.yaml", yaml(web))...), noEnv)
		if got := lines(ds); !strings.Contains(got, want) || !strings.HasPrefix(got, "hutch.yaml:2:6: error: web") {
			t.Errorf("%s: %s", web, got)
		}
	}
	for shared, want := range map[string]string{
		"functions": "it holds the handler", "nowhere": "there is no folder", "web": "holds the web folder", ".": "the app folder itself",
	} {
		ds := refused(t, app(append(files, "hutch.yaml", yaml("web")+"shared: ["+shared+"]\n")...), noEnv)
		if got := lines(ds); !strings.Contains(got, want) {
			t.Errorf("shared %s: %s", shared, got)
		}
	}
}

func TestFilesExist(t *testing.T) {
	expect(t, refused(t, app("hutch.yaml", `name: x
collections: { a: { schema: schemas } }
functions:
  f: { handler: functions/buy.ts, auth: x, trigger: { call: {} } }
  g: { handler: functions/buy.go, auth: x, trigger: { call: {} }, input: missing.json }
seed: { a: seed/none.jsonl, b: seed/a.jsonl }
`, "schemas/a.json", "{}", "functions/buyy.ts", "", "seed/a.jsonl", ""), noEnv), `
hutch.yaml:2:29: error: collections.a.schema: "schemas" should end in .json
hutch.yaml:4:17: error: functions.f.handler: there is no file "functions/buy.ts"
    did you mean "functions/buyy.ts"?
hutch.yaml:5:17: error: functions.g.handler: "functions/buy.go" should end in .ts, .mts, .tsx, .js, .mjs, .jsx
hutch.yaml:5:74: error: functions.g.input: there is no file "missing.json"
hutch.yaml:6:12: error: seed.a: there is no file "seed/none.jsonl"
hutch.yaml:6:29: error: seed.b: there is no collection "b"
    did you mean "a"?
`)
}

func TestValues(t *testing.T) {
	for _, tt := range []struct{ path, good, bad string }{
		{"name", "a|a-1|" + strings.Repeat("a", 63), "A|1|a_b|-|" + strings.Repeat("a", 64)},
		{"publicUrl", "https://shop.example|http://localhost:8090|https://shop.example/|''", "shop.example|ftp://a|https://a/b|https://u@a|https://a?b|https://a#b|https://"},
		{"isolation", "auto|strict|off", "none|''"},
		{"durability", "full|relaxed", "Full"},
		{"proxies", "[10.0.0.0/8]|[192.0.2.1]|['::1']|['2001:db8::/32']|[]", "[10.0.0.0/33]|[a]|['fe80::1%eth0']|10.0.0.0/8|[10.0.0.0/8, 10.0.0.0/8]"},
		{"cors.origins", "['*']|['https://a.example']|['http://localhost:3000']|['app://x']", "['null']|['https://a.example/']|['https://*.example']|['a.example']|['https://a:443']|['http://a:80']|['https://A.example']|['https://é.example']|['https://a?b']|['https://u@a']"},
		{"collections.a.ids", "server", "client|true"},
		{"collections.a.indexes", "[{fields: [a]}]|[{fields: [-a.b, _createdAt, c, d]}]|[]", "[{fields: [a,b,c,d,e]}]|[{fields: []}, {fields: [a, -a]}]|[{}]|[{fields: [_id]}]|[{fields: [$a]}]|[{fields: [a..b]}]|[{fields: [_x]}]|[{fields: [a]}, {fields: [a]}]"},
		{"collections.a.immutable", "[a, b.c]", "[_id]|[a, a]|['']|a"},
		{"rules", "{a: x, 'b(c, d)': y}", "{'1a': x}|{'b(': x}|{'b()': x}|{'b(c,)': x}|{a: }"},
	} {
		for v := range strings.SplitSeq(tt.good, "|") {
			m := fixture(tt.path, v)
			if tt.path == "name" {
				m = app("hutch.yaml", "name: "+v)
			}
			if c, ds := config.Load(m, noEnv); c == nil {
				t.Errorf("%s: %s: refused: %s", tt.path, v, lines(ds))
			}
		}
		for v := range strings.SplitSeq(tt.bad, "|") {
			m := fixture(tt.path, v)
			if tt.path == "name" {
				m = app("hutch.yaml", "name: "+v)
			}
			if c, _ := config.Load(m, noEnv); c != nil {
				t.Errorf("%s: %s: taken", tt.path, v)
			}
		}
	}
}
