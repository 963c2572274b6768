package config_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/data"
)

// TestBounds: each bounded key takes its bounds and refuses one beyond.
func TestBounds(t *testing.T) {
	for _, tt := range []struct{ path, below, least, most, above string }{
		{"limits.body", "1023B", "1KiB", "16MiB", "16777217B"},
		{"limits.request", "999ms", "1s", "10m", "601s"},
		{"limits.maxScan", "9", "10", "100000000", "100000001"},
		{"limits.scanBytes", "63KiB", "64KiB", "64GiB", "65GiB"},
		{"limits.answer", "63KiB", "64KiB", "64MiB", "65MiB"},
		{"limits.connections", "0", "1", "1000000", "1000001"},
		{"limits.sockets", "0", "1", "1000000", "1000001"},
		{"limits.subscriptions", "0", "1", "10000", "10001"},
		{"logs.keep", "59m", "1h", "90d", "91d"},
		{"logs.size", "1023KiB", "1MiB", "64GiB", "65GiB"},
		{"logs.runs.keep", "59m", "1h", "7d", "8d"},
		{"logs.runs.size", "1023KiB", "1MiB", "64GiB", "65GiB"},
		{"logs.inputs.size", "1023KiB", "1MiB", "64GiB", "65GiB"},
		{"auth.password.minLength", "7", "8", "256", "257"},
		{"auth.password.hash.memory", "18MiB", "19MiB", "256MiB", "257MiB"},
		{"auth.password.hash.time", "1", "2", "10", "11"},
		{"auth.accessToken", "59s", "1m", "1d", "25h"},
		{"auth.session.idle", "59s", "1m", "365d", "3651d"},
		{"collections.a.scan", "0", "1", "100000", "100001"},
		{"functions.f.timeout", "9ms", "10ms", "15m", "16m"},
		{"functions.f.memory", "7MiB", "8MiB", "512MiB", "513MiB"},
	} {
		t.Run(tt.path, func(t *testing.T) {
			for _, v := range []string{tt.least, tt.most} {
				load(t, fixture(tt.path, v), noEnv)
			}
			for _, v := range []string{tt.below, tt.above} {
				got := lines(refused(t, fixture(tt.path, v), noEnv))
				if !strings.Contains(got, fmt.Sprintf("%s: %q is not between %s and ", tt.path, v, tt.least)) {
					t.Errorf("%s: %s", v, got)
				}
			}
			for _, v := range []string{"-1", "1.5", "1e3", "[]", "{}", "null", "true", "''", "01", "٣"} {
				refused(t, fixture(tt.path, v), noEnv)
			}
		})
	}
}

// fixture is an app with one value set.
func fixture(path, value string) fstest.MapFS {
	yaml, indent := "name: x\n", ""
	segs := strings.Split(path, ".")
	for i, s := range segs {
		yaml += indent + s + ":"
		if i == len(segs)-1 {
			yaml += " " + value
		}
		yaml += "\n"
		indent += "  "
	}
	if segs[0] == "functions" {
		yaml += "    handler: f.ts\n    trigger: { call: {} }\n    auth: x\n"
	}
	return app("hutch.yaml", yaml, "f.ts", "")
}

func TestSizesAndTimes(t *testing.T) {
	for in, want := range map[string]int64{"0B": 0, "512B": 512, "64KiB": 64 << 10, "1MiB": 1 << 20, "3GiB": 3 << 30, "8589934591GiB": 8589934591 << 30} {
		if got, ok := config.ParseSize(in); !ok || got != want {
			t.Errorf("%s: %d %v", in, got, ok)
		}
	}
	for _, in := range []string{"", "1", "KiB", "1KB", "1 KiB", "+1KiB", "-1B", "01B", "1.5MiB", "8589934592GiB", "99999999999999999999B"} {
		if got, ok := config.ParseSize(in); ok {
			t.Errorf("%q taken as %d", in, got)
		}
	}
	for in, want := range map[string]string{"0s": "0s", "500ms": "500ms", "10s": "10s", "15m": "15m0s", "30d": "720h0m0s", "106751d": "2562024h0m0s"} {
		if got, ok := config.ParseDuration(in); !ok || got.String() != want {
			t.Errorf("%s: %v %v", in, got, ok)
		}
	}
	for _, in := range []string{"", "1", "s", "1 s", "1h30m", "-1s", "01s", "1.5h", "1us", "106752d"} {
		if got, ok := config.ParseDuration(in); ok {
			t.Errorf("%q taken as %v", in, got)
		}
	}
}

// TestS108PasswordsHaveAFloor: 10 characters unless said otherwise, never below 8.
func TestS108PasswordsHaveAFloor(t *testing.T) {
	if c := load(t, app("hutch.yaml", "name: x\n"), noEnv); c.Auth.MinLength != 10 {
		t.Errorf("default %d", c.Auth.MinLength)
	}
	if c := load(t, fixture("auth.password.minLength", "8"), noEnv); c.Auth.MinLength != 8 {
		t.Errorf("floor %d", c.Auth.MinLength)
	}
	refused(t, fixture("auth.password.minLength", "7"), noEnv)
}

func TestSessionsDoNotIdleLongerThanTheyLive(t *testing.T) {
	expect(t, refused(t, app("hutch.yaml", "name: x\nauth: { session: { idle: 31d, max: 30d } }\n"), noEnv),
		"hutch.yaml:2:18: error: auth.session: idle is longer than max\n")
}

// TestLaterKeysAreUnknown: what a later version brings is refused, not ignored.
func TestLaterKeysAreUnknown(t *testing.T) {
	for _, key := range []string{
		"env", "admin.listen", "routes", "channels", "tls", "issuers", "buckets", "backup", "quotas", "clients",
		"collections.a.refs", "collections.a.fields", "collections.a.limits",
		"collections.a.access.aggregate", "functions.f.limits", "functions.f.inline", "functions.f.secrets", "functions.f.fetch",
		"functions.f.concurrency", "functions.f.retry", "functions.f.runtime", "functions.f.response", "functions.f.fresh", "functions.f.record",
		"functions.f.trigger.after", "functions.f.trigger.queue", "functions.f.trigger.cron", "functions.f.trigger.file",
	} {
		ds := refused(t, fixture(key, "{}"), noEnv)
		if got := lines(ds); !strings.Contains(got, "unknown key") {
			t.Errorf("%s: %s", key, got)
		}
	}
	for _, yaml := range []string{"where: {}", "ttl: 30d", "collation: ci"} {
		ds := refused(t, app("hutch.yaml", "name: x\ncollections: { a: { indexes: [{ fields: [b], "+yaml+" }] } }"), noEnv)
		if got := lines(ds); !strings.Contains(got, "unknown key") {
			t.Errorf("%s: %s", yaml, got)
		}
	}
}

// TestJSONSchemaAgrees: the schema for editors is a schema, and takes what the
// walker takes.
func TestJSONSchemaAgrees(t *testing.T) {
	s, err := data.ParseSchema("hutch.json", config.JSONSchema())
	if err != nil {
		t.Fatal(err)
	}
	valid := func(v any) error {
		js, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return s.ValidateJSON(js)
	}
	taken := map[string]any{
		"name": "x", "limits": map[string]any{"body": "1MiB", "maxScan": 10, "request": "${T:-5s}"},
		"rules": map[string]any{"a": "auth != null", "b": true},
		"collections": map[string]any{"a": map[string]any{
			"ids": "server", "access": map[string]any{"read": true}, "indexes": []any{map[string]any{"fields": []any{"-a"}, "unique": true}},
		}},
		"functions": map[string]any{"f": map[string]any{
			"handler": "f.ts", "trigger": map[string]any{"http": "GET /a"}, "auth": "x", "request": map[string]any{"query": map[string]any{"q": "int?"}},
		}},
		"seed": map[string]any{"a": "a.jsonl"}, "include": []any{"a.yaml"},
	}
	if err := valid(taken); err != nil {
		t.Error(err)
	}
	for _, wrong := range []map[string]any{
		{},
		{"name": "x", "nmae": 1},
		{"name": "x", "limits": map[string]any{"body": "1MB"}},
		{"name": "x", "limits": map[string]any{"maxScan": 9}},
		{"name": "x", "collections": map[string]any{"a": map[string]any{"acess": 1}}},
		{"name": "x", "durability": "fast"},
	} {
		if valid(wrong) == nil {
			t.Errorf("taken: %v", wrong)
		}
	}
}

// TestAdminHost: a name of its own, and nothing that a browser would take for
// another origin than is meant.
func TestAdminHost(t *testing.T) {
	for _, host := range []string{"admin.shop.example", "a.b", "xn--bcher-kva.example"} {
		if c := load(t, app("hutch.yaml", "name: x\nadmin: { host: "+host+", mfa: optional }\n"), noEnv); c.Admin.Host != host || c.Admin.MFA != "optional" {
			t.Errorf("%s: %+v", host, c.Admin)
		}
	}
	for _, host := range []string{"shop", "Admin.shop.example", "admin.shop.example:8090", "https://admin.shop.example", "127.0.0.1", "a..b", "*.shop.example", "-a.b"} {
		refused(t, app("hutch.yaml", "name: x\nadmin: { host: \""+host+"\" }\n"), noEnv)
	}
	refused(t, app("hutch.yaml", "name: x\nadmin: { mfa: off }\n"), noEnv)
	if c := load(t, app("hutch.yaml", "name: x\n"), noEnv); c.Admin.MFA != "required" || c.Admin.Host != "" {
		t.Errorf("default: %+v", c.Admin)
	}
}

// TestInputsMayBeOff: what failed runs got is kept for 72 hours at most, or not at all.
func TestInputsMayBeOff(t *testing.T) {
	for v, want := range map[string]time.Duration{"0s": 0, "1s": time.Second, "72h": 72 * time.Hour, "3d": 72 * time.Hour} {
		if c := load(t, fixture("logs.inputs.keep", v), noEnv); c.Logs.Inputs.Keep != want {
			t.Errorf("%s: %v", v, c.Logs.Inputs.Keep)
		}
	}
	refused(t, fixture("logs.inputs.keep", "73h"), noEnv)
	c := load(t, app("hutch.yaml", "name: x\n"), noEnv)
	if l := c.Logs; l.Keep != 168*time.Hour || l.Runs.Keep != 168*time.Hour || l.Inputs.Keep != 72*time.Hour || l.Size != 256<<20 || l.Runs.Size != 256<<20 || l.Inputs.Size != 128<<20 {
		t.Errorf("default: %+v", l)
	}
}
