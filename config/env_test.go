package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/config"
)

// TestS64VariablesNeverShow: ${NAME} is replaced in parsed values only, and what
// it holds is in no finding.
func TestS64VariablesNeverShow(t *testing.T) {
	const secret = "hunter2: [x"
	vars := env("SECRET", secret, "NAME", "shop", "EMPTY", "", "URL", "https://shop.example", "BODY", "2MiB", "NO", "false")

	c := load(t, app("hutch.yaml", `name: ${NAME}
store: "mongodb://${NAME}:${SECRET}@db/${EMPTY}${UNSET:-x}?tls=true"
publicUrl: ${URL}/
limits: { body: "${BODY}", request: "${UNSET:-5s}" }
auth: { signup: "${NO}" }
rules: { a: "'${SECRET}' == b" }
`), vars)
	if got := c.Store.Reveal(); got != "mongodb://shop:"+secret+"@db/x?tls=true" {
		t.Errorf("store: %q", got)
	}
	if c.Name != "shop" || c.PublicURL.Reveal() != "https://shop.example" || c.Limits.Body != 2<<20 || c.Limits.Request.Seconds() != 5 || c.Auth.Signup {
		t.Errorf("%+v", c)
	}
	if c.Helpers[0].Expr.Text != "'${SECRET}' == b" {
		t.Errorf("an expression was replaced: %q", c.Helpers[0].Expr.Text)
	}
	for _, f := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(f, c.Store); strings.Contains(s, "hunter2") {
			t.Errorf("%s shows %s", f, s)
		}
	}

	for name, yaml := range map[string]string{
		"a name":          "name: ${SECRET}\n",
		"a choice":        "name: x\ndurability: ${SECRET}\n",
		"a size":          "name: x\nlimits: { body: \"${SECRET}\" }\n",
		"a number":        "name: x\nlimits: { maxScan: \"${SECRET}\" }\n",
		"a time":          "name: x\nauth: { accessToken: \"${SECRET}\" }\n",
		"a flag":          "name: x\nauth: { signup: \"${SECRET}\" }\n",
		"a list":          "name: x\nproxies: [\"${SECRET}\"]\n",
		"an origin":       "name: x\ncors: { origins: [\"${SECRET}\"] }\n",
		"a store":         "name: x\nstore: ${SECRET}\n",
		"a store's host":  "name: x\nstore: \"mongodb://hunter2/\"\n",
		"a store's user":  "name: x\nstore: \"mongodb://u:${SECRET}@db\"\n",
		"a URL":           "name: x\npublicUrl: ${SECRET}\n",
		"a file":          "name: x\ncollections: { a: { schema: \"${SECRET}.json\" } }\n",
		"a collection":    "name: x\nfunctions:\n  f: { handler: f.ts, trigger: { before: [create], collection: \"${SECRET}\" } }\n",
		"a route":         "name: x\nfunctions:\n  f: { handler: f.ts, auth: x, trigger: { http: \"GET /data/${SECRET}\" } }\n",
		"before":          "name: x\ncollections: { a: {} }\nfunctions:\n  f: { handler: f.ts, trigger: { before: [\"${SECRET}\"], collection: a } }\n",
		"a default":       "name: x\nlimits: { body: \"${UNSET:-hunter2}\" }\n",
		"a key":           "name: x\n${SECRET}: 1\n",
		"a seed's name":   "name: x\nseed: { \"${SECRET}\": f.jsonl }\n",
		"web":             "name: x\nweb: ${SECRET}\n",
		"include":         "name: x\ninclude: [\"${SECRET}\"]\n",
		"a parameter":     "name: x\nfunctions:\n  f: { handler: f.ts, auth: x, trigger: { http: GET /a }, request: { query: { q: \"${SECRET}\" } } }\n",
		"a wrong handler": "name: x\nfunctions:\n  f: { handler: \"${SECRET}\", auth: x, trigger: { call: {} } }\n",
	} {
		t.Run(name, func(t *testing.T) {
			got := lines(refused(t, app("hutch.yaml", yaml, "f.ts", "", "f.jsonl", ""), vars))
			if strings.Contains(got, "hunter2") && !strings.Contains(yaml, "hunter2") {
				t.Errorf("shown: %s", got)
			}
			if name == "a default" && strings.Contains(got, "hunter2") {
				t.Errorf("a default is shown: %s", got)
			}
		})
	}
}

func TestVariables(t *testing.T) {
	for _, tt := range []struct{ value, want string }{
		{"${UNSET}", "hutch.yaml:1:7: error: name: the variable UNSET is not set\n"},
		{"a${UNSET}b", "hutch.yaml:1:7: error: name: the variable UNSET is not set\n"},
		{"${NAME", "hutch.yaml:1:7: error: name: ${ without }\n"},
		{"\"${}\"", "hutch.yaml:1:7: error: name: ${..} takes a variable's name: ${NAME} or ${NAME:-default}\n"},
		{"\"${A B}\"", "hutch.yaml:1:7: error: name: ${..} takes a variable's name: ${NAME} or ${NAME:-default}\n"},
		{"\"${1A}\"", "hutch.yaml:1:7: error: name: ${..} takes a variable's name: ${NAME} or ${NAME:-default}\n"},
		{"${EMPTY}", "hutch.yaml:1:7: error: name: REDACTED is no name: a lower-case letter, then lower-case letters, digits or dashes, at most 63 in all\n"},
	} {
		expect(t, refused(t, app("hutch.yaml", "name: "+tt.value+"\n"), env("NAME", "x", "EMPTY", "")), tt.want)
	}
	for value, want := range map[string]string{
		"${NAME}": "x", "a-${NAME}-${NAME}": "a-x-x", "\"${EMPTY:-d}\"": "d", "\"${UNSET:-d}\"": "d", "a$b": "", "\"${NESTED}\"": "",
	} {
		c, ds := config.Load(app("hutch.yaml", "name: "+value+"\n"), env("NAME", "x", "EMPTY", "", "NESTED", "${NAME}"))
		switch {
		case want == "" && c != nil:
			t.Errorf("%s gives %q", value, c.Name)
		case want != "" && (c == nil || c.Name != want):
			t.Errorf("%s: %s", value, lines(ds))
		}
	}
}

func TestInclude(t *testing.T) {
	c := load(t, app("hutch.yaml", "name: x\ninclude: [rules.yaml, functions/*.yaml]\ncollections: { a: {} }\n",
		"rules.yaml", "rules: { r: x }\ncollections:\n  b: { access: { read: r() } }\n",
		"functions/f.yaml", "functions: { f: { handler: functions/f.ts, trigger: { call: {} }, auth: x } }\nlimits: { body: 2MiB }\n",
		"functions/g.yaml", "functions: { g: { handler: functions/f.ts, trigger: { before: [create], collection: b } } }\n",
		"functions/f.ts", ""), noEnv)
	if len(c.Collections) != 2 || len(c.Functions) != 2 || len(c.Helpers) != 1 || c.Limits.Body != 2<<20 {
		t.Errorf("%+v", c)
	}
	if got := c.Collections[1].Access[0].Expr.Pos.String(); got != "rules.yaml:3:24" {
		t.Errorf("position %s", got)
	}
	if got := strings.Join(c.Files(), " "); got != "hutch.yaml rules.yaml functions/f.yaml functions/g.yaml" {
		t.Errorf("files: %s", got)
	}

	expect(t, refused(t, app("hutch.yaml", "name: x\ninclude: [b.yaml, c.yaml, ../d.yaml, e.txt, '[.yaml', more.yaml]\ncollections: { a: {} }\nlimits: {}\n",
		"b.yaml", "name: y\ncollections: { a: {} }\nlimits: {}\ninclude: [c.yaml]\nnmae: z\n", "morf.yaml", ""), noEnv), `
hutch.yaml:2:19: error: include: there is no file "c.yaml"
    did you mean "b.yaml"?
hutch.yaml:2:27: error: include[2]: "../d.yaml" must be a path inside the app folder, without ./ and ..
hutch.yaml:2:38: error: include[3]: "e.txt" should end in .yaml, .yml
hutch.yaml:2:45: error: include: "[.yaml" is no pattern
hutch.yaml:2:55: error: include: there is no file "more.yaml"
    did you mean "morf.yaml"?
b.yaml:1:1: error: name is already defined at hutch.yaml:1:1
b.yaml:2:16: error: collections.a is already defined at hutch.yaml:3:16
b.yaml:3:1: error: limits is already defined at hutch.yaml:4:1
b.yaml:4:1: error: include stands in hutch.yaml only
b.yaml:5:1: error: unknown key "nmae"
    did you mean "name"?
`)

	expect(t, refused(t, app("hutch.yaml", "nmae: x\ninclude: [b.yaml]\n", "b.yaml", "a: [1\n"), noEnv), `
b.yaml:1:4: error: YAML: sequence end token ']' not found
    if it is text, quote it: a: "[1"
`)

	c, ds := config.Load(app("hutch.yaml", "name: x\ninclude: [more/*.yaml]\n"), noEnv)
	if c == nil {
		t.Fatal(lines(ds))
	}
	expect(t, ds, "hutch.yaml:2:11: warning: include: no file matches \"more/*.yaml\"\n")

	expect(t, refused(t, app(), noEnv), "hutch.yaml: error: there is no such file\n    an app folder holds a hutch.yaml; `hutch init <dir>` makes one\n")
}
