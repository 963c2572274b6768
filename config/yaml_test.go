package config_test

import (
	"strings"
	"testing"
)

// TestS107YAMLTraps: what YAML would silently turn into something else is
// refused at its exact place.
func TestS107YAMLTraps(t *testing.T) {
	for _, tt := range []struct{ name, yaml, want string }{
		{"a tag instead of a negation", "name: x\ncollections:\n  pets:\n    access:\n      read: !resource.hidden\n", `
hutch.yaml:5:13: error: a YAML tag (!..) is not allowed: it would silently become null
    if it is text, quote it: read: "!resource.hidden"
`},
		{"a tag with more behind it", "name: x\ncollections:\n  pets:\n    access:\n      read: !resource.hidden && mine()\n", `
hutch.yaml:5:13: error: a YAML tag (!..) is not allowed: it would silently become null
    if it is text, quote it: read: "!resource.hidden && mine()"
`},
		{"a tag in flow style", "name: x\ncollections:\n  pets:\n    access: { read: !mine(), write: false }\n", `
hutch.yaml:4:21: error: a YAML tag (!..) is not allowed: it would silently become null
    if it is text, quote it: read: "!mine()"
`},
		{"a tag of YAML's own", "name: !!str x\n", `
hutch.yaml:1:7: error: a YAML tag (!..) is not allowed: it would silently become null
    if it is text, quote it: name: "!!str x"
`},
		{"a tag on a mapping", "name: x\nlimits: !!map\n  body: 1MiB\n", `
hutch.yaml:2:9: error: a YAML tag (!..) is not allowed: it would silently become null
    if it is text, quote it: limits: "!!map"
`},
		{"an anchor and an alias", "name: &n x\nweb: *n\n", `
hutch.yaml:1:7: error: a YAML anchor (&..) is not allowed
hutch.yaml:2:6: error: a YAML alias (*..) is not allowed
    if it is text, quote it: web: "*n"
`},
		{"a merge key", "name: x\nlimits: &l { body: 1MiB }\nauth:\n  <<: *l\n", `
hutch.yaml:2:9: error: a YAML anchor (&..) is not allowed
hutch.yaml:4:3: error: a YAML merge key (<<) is not allowed
hutch.yaml:4:7: error: a YAML alias (*..) is not allowed
`},
		{"a duplicate key", "name: x\nlimits: {}\nname: y\n", `
hutch.yaml:3:1: error: key "name" stands twice
    first at hutch.yaml:1:1
`},
		{"a duplicate key, once quoted, deep inside", "name: x\nlimits: { body: 1MiB, \"body\": 2MiB }\n", `
hutch.yaml:2:23: error: key "body" stands twice
    first at hutch.yaml:2:11
`},
		{"a complex key", "name: x\n? web\n: a\n", `
hutch.yaml:2:1: error: a YAML complex key (?) is not allowed
`},
		{"a directive", "%YAML 1.1\n---\nname: x\n", `
hutch.yaml:1:1: error: a YAML directive (%..) is not allowed
`},
		{"a second document", "name: x\n---\nname: y\n", `
hutch.yaml:3:1: error: a second document in one file
    remove the line with ---
`},
		{"an empty expression", "name: x\ncollections:\n  pets:\n    access:\n      read:\n      write: ~\n      get: null\n      list: \"\"\n      create: ' '\n", `
hutch.yaml:5:7: error: collections.pets.access.read: an expression is missing
    write "true" for everyone, "false" for nobody, or leave the key out
hutch.yaml:6:14: error: collections.pets.access.write: an expression is missing
    write "true" for everyone, "false" for nobody, or leave the key out
hutch.yaml:7:12: error: collections.pets.access.get: an expression is missing
    write "true" for everyone, "false" for nobody, or leave the key out
hutch.yaml:8:13: error: collections.pets.access.list: an expression is missing
    write "true" for everyone, "false" for nobody, or leave the key out
hutch.yaml:9:15: error: collections.pets.access.create: an expression is missing
    write "true" for everyone, "false" for nobody, or leave the key out
`},
		{"an expression that begins with a quote", "name: x\ncollections:\n  pets:\n    access:\n      write: 'keeper' in auth.roles\n", `
hutch.yaml:5:23: error: YAML: value is not allowed in this context. map key-value is pre-defined
    if it is text, quote it: write: "'keeper' in auth.roles"
`},
		{"an expression with brackets in flow style", "name: x\ncollections: { pets: { access: { read: resource.s in ['a','b'], write: false } } }\n", `
hutch.yaml:2:54: error: YAML: ',' or '}' must be specified
    if it is text, quote it: read: "resource.s in ['a','b']"
`},
		{"a variable in flow style", "name: x\ncors: { origins: ${ORIGIN:-} }\n", `
hutch.yaml:2:19: error: YAML: ',' or '}' must be specified
    if it is text, quote it: origins: "${ORIGIN:-}"
`},
		{"a quoted text with both quotes", "name: x\nrules:\n  a: \"x\" == 'it'\n", `
hutch.yaml:3:10: error: YAML: value is not allowed in this context. map key-value is pre-defined
    if it is text, quote it: a: '"x" == ''it'''
`},
		{"a tab as indentation", "name: x\nlimits:\n\tbody: 1MiB\n", `
hutch.yaml:3:1: error: YAML: found character '	' that cannot start any token
`},
		{"no UTF-8", "name: x\nweb: \"a\xff\"\n", `
hutch.yaml:2:8: error: the file is not UTF-8
`},
		{"a control character", "name: x\nweb: a\x00b\n", `
hutch.yaml:2:7: error: a control character
`},
		{"no mapping", "- name\n", `
hutch.yaml:1:1: error: hutch.yaml: expected a mapping, got a list
`},
		{"an empty file", "# nothing\n", `
hutch.yaml:1:1: error: name is missing
    The app's name: lower-case letters, digits and dashes.
`},
		{"a syntax error comes alone", "nmae: x\nlimits: [1\n", `
hutch.yaml:2:9: error: YAML: sequence end token ']' not found
    if it is text, quote it: limits: "[1"
`},
		{"traps and other errors come together", "nmae: x\ncollections:\n  pets: { access: { read: !a, write: [] } }\n", `
hutch.yaml:1:1: error: unknown key "nmae"
    did you mean "name"?
hutch.yaml:1:1: error: name is missing
    The app's name: lower-case letters, digits and dashes.
hutch.yaml:3:27: error: a YAML tag (!..) is not allowed: it would silently become null
    if it is text, quote it: read: "!a"
hutch.yaml:3:38: error: collections.pets.access.write: expected an expression, got a list
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, refused(t, app("hutch.yaml", tt.yaml), noEnv), tt.want)
		})
	}
}

func TestNestingHasALimit(t *testing.T) {
	for name, yaml := range map[string]string{
		"brackets": "name: x\nweb: " + strings.Repeat("[", 100) + strings.Repeat("]", 100),
		"dashes":   "name: x\nweb:\n  " + strings.Repeat("- ", 100) + "a\n",
		"blocks": "name: x\n" + func() string {
			var b strings.Builder
			for i := range 100 {
				b.WriteString(strings.Repeat(" ", i) + "a:\n")
			}
			return b.String()
		}(),
		"a deep file that is not closed": "name: " + strings.Repeat("{a: ", 200_000),
	} {
		t.Run(name, func(t *testing.T) {
			ds := refused(t, app("hutch.yaml", yaml), noEnv)
			if got := lines(ds); !strings.Contains(got, "nested too deep") && !strings.Contains(got, "unknown key") {
				t.Error(got)
			}
		})
	}
	refused(t, app("hutch.yaml", "name: x #"+strings.Repeat("a", 1<<20)), noEnv)
	load(t, app("hutch.yaml", "name: x #"+strings.Repeat("a", 1<<20-9)), noEnv)
}

func TestPositionsCountCharacters(t *testing.T) {
	c := load(t, app("hutch.yaml", "\uFEFFname: x\r\n# é\r\ncollections:\r\n  a:\r\n    access: { get: \"éé\", list: b }\r\n    preset:\r\n      o: |\r\n\r\n        auth.uid\r\n      p: >-\r\n        a &&\r\n        b\r\n      q: a ||\r\n        b\r\n      r: 1 # c\r\n"), noEnv)
	a := c.Collections[0]
	for _, tt := range []struct {
		name, text string
		line, col  int
	}{
		{"get", "éé", 5, 21}, {"list", "b", 5, 32},
	} {
		e := a.Access[0].Expr
		if tt.name == "list" {
			e = a.Access[1].Expr
		}
		if e.Text != tt.text || e.Pos.Line != tt.line || e.Pos.Column != tt.col {
			t.Errorf("%s: %q at %v", tt.name, e.Text, e.Pos)
		}
	}
	for i, tt := range []struct {
		text      string
		line, col int
	}{{"auth.uid", 9, 9}, {"a && b", 11, 9}, {"a || b", 13, 10}, {"1", 15, 10}} {
		e := a.Preset[i].Expr
		if strings.TrimSpace(e.Text) != tt.text || e.Pos.Line != tt.line || e.Pos.Column != tt.col {
			t.Errorf("preset %d: %q at %v", i, e.Text, e.Pos)
		}
	}
}

// FuzzLoad: no text makes Load panic, hang, or take a config with errors.
func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"name: x\n", "name: x\ncollections: { a: { access: { read: true } } }\n", "a: !b\n", "? a\n: b\n", "- [", "a: |\n b", "name: ${A:-b}",
		"functions:\n  f: { handler: f.ts, trigger: { http: \"GET /a/{b}\" }, auth: x }\n", "a: &b [*b]\n", "\"a\" : 'b' c", "<<: x", "limits: { body: 1MiB",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, ds := load2(s)
		if c == (len(ds) > 0) && c {
			for _, d := range ds {
				if d.Severity == 0 {
					t.Errorf("taken with an error: %v", d)
				}
			}
		}
		if !c && len(ds) == 0 {
			t.Error("refused without a reason")
		}
		for _, d := range ds {
			if d.Pos.File == "" || d.Message == "" || strings.Contains(d.String(), "hunter2") {
				t.Errorf("finding %q", d)
			}
		}
	})
}
