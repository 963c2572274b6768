package config_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
)

// app makes an app folder of "name: text" pairs; hutch.yaml begins with the
// app's name on line 1 where text does not.
func app(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

func noEnv(string) (string, bool) { return "", false }

func env(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

// load reads a config that must be right.
func load(t *testing.T, m fstest.MapFS, lookup func(string) (string, bool)) *config.Config {
	t.Helper()
	c, ds := config.Load(m, lookup)
	if c == nil {
		t.Fatalf("refused:\n%s", lines(ds))
	}
	return c
}

// refused gives the findings of a config that must be wrong.
func refused(t *testing.T, m fstest.MapFS, lookup func(string) (string, bool)) []hutch.Diagnostic {
	t.Helper()
	c, ds := config.Load(m, lookup)
	if c != nil {
		t.Fatalf("taken, with findings:\n%s", lines(ds))
	}
	if !config.Errors(ds) {
		t.Fatal("refused without an error")
	}
	return ds
}

func lines(ds []hutch.Diagnostic) string {
	var b strings.Builder
	for _, d := range ds {
		b.WriteString(d.String() + "\n")
	}
	return b.String()
}

// expect compares findings with text: a line each, hints indented by 4 spaces.
func expect(t *testing.T, ds []hutch.Diagnostic, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimLeft(want, "\n"), lines(ds)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestWholeConfig(t *testing.T) {
	m := app("hutch.yaml", `name: petstore
web: web
shared: [lib]
store: ${HUTCH_STORE:-}
durability: relaxed
publicUrl: ${HUTCH_PUBLIC_URL:-}
proxies: [10.0.0.0/8, 192.0.2.7, "2001:db8::/32"]
isolation: strict
cors: { origins: [https://shop.example, "http://localhost:3000"] }
limits: { body: 2MiB, request: 45s, maxScan: 1000, scanBytes: 1MiB, answer: 1MiB, connections: 10, sockets: 5, subscriptions: 7 }
seed: { products: seed/products.jsonl }
auth:
  signup: false
  password: { minLength: 12, hash: { memory: 64MiB, time: 3 } }
  accessToken: 5m
  session: { idle: 7d, max: 90d }
rules:
  signedIn: auth != null && !auth.anonymous
  member(org): org in auth.claims.orgs
collections:
  products:
    schema: schemas/product.json
    ids: server
    indexes: [{ fields: [species, -price] }, { fields: [sku], unique: true }]
    access: { read: true, write: "'keeper' in auth.roles" }
    preset: { owner: auth.uid }
    default: { status: "'draft'", stock: 0 }
    immutable: [owner]
    scan: 500
functions:
  purchase: { handler: functions/purchase.ts, trigger: { call: {} }, auth: signedIn(), admin: true, input: schemas/purchase.json, idempotency: required, timeout: 5s, memory: 32MiB }
  search:
    handler: functions/search.ts
    trigger: { http: "GET /api/search" }
    auth: "true"
    request: { query: { q: string?, page: int } }
  checkPet: { handler: functions/check.ts, trigger: { before: [create, update], collection: products } }
`, "web/index.html", "", "lib/money.ts", "", "schemas/product.json", "{}", "schemas/purchase.json", "{}",
		"functions/purchase.ts", "", "functions/search.ts", "", "functions/check.ts", "", "seed/products.jsonl", "")
	c := load(t, m, noEnv)

	got := []any{
		c.Name, c.Web, c.Shared, c.Store.Reveal(), c.Durability, c.PublicURL.Reveal(), len(c.Proxies), c.Isolation, c.Origins,
		c.Limits.Body, c.Limits.Request.String(), c.Limits.MaxScan, c.Limits.Sockets, c.Limits.Subscriptions,
		c.Seeds[0], c.Auth.Signup, c.Auth.MinLength, c.Auth.HashMemory, c.Auth.HashTime, c.Auth.AccessToken.String(), c.Auth.Idle.Hours(), c.Auth.Max.Hours(),
	}
	want := []any{
		"petstore", "web",
		[]string{"lib"},
		"", "relaxed", "", 3, "strict",
		[]string{"https://shop.example", "http://localhost:3000"},
		int64(2 << 20), "45s", int64(1000), int64(5), int64(7),
		config.Seed{Collection: "products", File: "seed/products.jsonl"},
		false, int64(12), int64(64 << 20), int64(3), "5m0s", 168.0, 2160.0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}

	at := func(line, col int) hutch.Pos { return hutch.Pos{File: "hutch.yaml", Line: line, Column: col} }
	wantColl := []config.Collection{{
		Name: "products", Pos: at(21, 3), Schema: "schemas/product.json", ServerIDs: true,
		Indexes: []config.Index{{Pos: at(24, 15), Fields: []string{"species", "-price"}}, {Pos: at(24, 46), Fields: []string{"sku"}, Unique: true}},
		Access: []config.Named{
			{Name: "read", Pos: at(25, 21), Expr: hutch.Expr{Text: "true", Pos: at(25, 21)}},
			{Name: "write", Pos: at(25, 34), Expr: hutch.Expr{Text: "'keeper' in auth.roles", Pos: at(25, 35)}},
		},
		Preset:    []config.Named{{Name: "owner", Pos: at(26, 15), Expr: hutch.Expr{Text: "auth.uid", Pos: at(26, 22)}}},
		Default:   []config.Named{{Name: "status", Pos: at(27, 16), Expr: hutch.Expr{Text: "'draft'", Pos: at(27, 25)}}, {Name: "stock", Pos: at(27, 35), Expr: hutch.Expr{Text: "0", Pos: at(27, 42)}}},
		Immutable: []string{"owner"}, Scan: 500,
	}}
	if diff := cmp.Diff(wantColl, c.Collections); diff != "" {
		t.Errorf("collections (-want +got):\n%s", diff)
	}
	f := c.Functions
	if len(f) != 3 || !f[0].Trigger.Call || !f[0].Admin || f[0].Idempotency != "required" || f[0].Timeout.Seconds() != 5 || f[0].Memory != 32<<20 {
		t.Errorf("functions: %+v", f)
	}
	if diff := cmp.Diff([]config.Param{{Name: "q", Type: "string", Optional: true}, {Name: "page", Type: "int"}}, f[1].Query); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(config.Trigger{Before: []string{"create", "update"}, Collection: "products"}, f[2].Trigger); diff != "" {
		t.Error(diff)
	}
	if got := c.Pos("functions.search.trigger.http"); got != at(34, 22) {
		t.Errorf("position of a value: %v", got)
	}
	if got := c.Pos("functions.search.input"); got != c.Pos("functions.search") {
		t.Errorf("a key that is not written stands at %v", got)
	}
}

func TestSmallestConfig(t *testing.T) {
	c := load(t, app("hutch.yaml", "name: x\n"), noEnv)
	if !c.Auth.Signup || c.Auth.MinLength != 10 || c.Limits.Body != 1<<20 || c.Durability != "full" {
		t.Errorf("defaults: %+v", c)
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	ds := refused(t, app("hutch.yaml", `nmae: shop
colections: {}
durability: fast
limits: { body: 1MB, maxscan: 3, connections: many, request: 5 }
auth: { signup: "yes", password: 12 }
collections:
  pets:
    schema: schemas/pett.json
    acess: { read: true }
    access: { reed: true, write: [] }
    indexes: { fields: [a] }
  9lives: {}
functions:
  buy: { handler: functions/buy.ts, trigger: { call: {} } }
  hook: { handler: functions/buy.ts, trigger: { before: [insert], collection: pet }, auth: "true" }
  Big: { handler: functions/buy.ts }
  none: { trigger: {}, auth: "true" }
  later: { handler: functions/buy.ts, trigger: { queue: jobs } }
seed: { pet: seed/pets.jsonl }
`, "schemas/pet.json", "{}", "functions/buy.ts", "", "seed/pets.jsonl", ""), noEnv)
	expect(t, ds, `
hutch.yaml:1:1: error: unknown key "nmae"
    did you mean "name"?
hutch.yaml:1:1: error: name is missing
    The app's name: lower-case letters, digits and dashes.
hutch.yaml:2:1: error: unknown key "colections"
    did you mean "collections"?
hutch.yaml:3:13: error: durability: "fast" is not known
    known here: full, relaxed
hutch.yaml:4:17: error: limits.body: "1MB" is not a size such as 64KiB or 1MiB
hutch.yaml:4:22: error: unknown key "maxscan" in limits
    did you mean "maxScan"?
hutch.yaml:4:47: error: limits.connections: "many" is not a whole number such as 100
hutch.yaml:4:62: error: limits.request: "5" is not a time such as 500ms, 10s, 15m or 30d
hutch.yaml:5:17: error: auth.signup: expected true or false, got "yes"
hutch.yaml:5:34: error: auth.password: expected a mapping, got a number
hutch.yaml:8:13: error: collections.pets.schema: there is no file "schemas/pett.json"
    did you mean "schemas/pet.json"?
hutch.yaml:9:5: error: unknown key "acess" in collections.pets
    did you mean "access"?
hutch.yaml:10:15: error: unknown key "reed" in collections.pets.access
    did you mean "read"?
hutch.yaml:10:34: error: collections.pets.access.write: expected an expression, got a list
hutch.yaml:11:14: error: collections.pets.indexes: expected a list, got a mapping
hutch.yaml:12:3: error: collections: the name "9lives" is no name: a letter, then letters, digits, _ or -, at most 64 in all
hutch.yaml:14:3: error: functions.buy: auth is missing: who may call it?
    auth: signedIn()   # who is signed in
    auth: "true"       # everyone
hutch.yaml:15:58: error: functions.hook.trigger.before[0]: "insert" is none of create, update, delete
hutch.yaml:15:79: error: functions.hook.trigger.collection: there is no collection "pet"
    did you mean "pets"?
hutch.yaml:15:86: error: functions.hook: auth goes with call and http triggers only
hutch.yaml:16:3: error: functions: the name "Big" is no name: a lower-case letter, then letters, digits, _ or -, at most 64 in all
hutch.yaml:17:3: error: functions.none.handler is missing
    The file whose default export is the function.
hutch.yaml:17:20: error: functions.none.trigger: exactly one of call, http, before and auth
hutch.yaml:18:50: error: unknown key "queue" in functions.later.trigger
    known here: call, http, before, collection, auth
hutch.yaml:19:9: error: seed.pet: there is no collection "pet"
    did you mean "pets"?
`)
}

// load2 reads a config whose environment holds a secret.
func load2(yaml string) (taken bool, ds []hutch.Diagnostic) {
	c, ds := config.Load(app("hutch.yaml", yaml, "f.ts", ""), env("A", "hunter2"))
	return c != nil, ds
}
