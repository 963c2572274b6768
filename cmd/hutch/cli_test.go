package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestExitCodes(t *testing.T) {
	good, bad := app(t, "hutch.yaml", notes), app(t, "hutch.yaml", "nmae: x\n")
	rules := app(t, "hutch.yaml", "name: x\ncollections: { a: { access: { read: resorce.b } } }\n")
	for _, tt := range []struct {
		name string
		args []string
		code int
		err  string
	}{
		{"no command", nil, 2, "name a command"},
		{"an unknown command", []string{"sevre"}, 2, "unknown command"},
		{"an unknown flag", []string{"serve", "--lisen", "x"}, 2, "unknown flag"},
		{"too many arguments", []string{"check", "a", "b"}, 2, "accepts at most 1"},
		{"a group alone", []string{"user"}, 2, "create, erase"},
		{"a bad scope", []string{"key", "create", "k", "--scope", "root", good}, 2, "auth or ops"},
		{"a bad life", []string{"key", "create", "k", "--expires", "soon", good}, 2, "90d"},
		{"a bad level", []string{"serve", "--log-level", "loud", good}, 2, "debug, info"},
		{"a bad address", []string{"serve", "--listen", "8090", good}, 2, "address:port"},
		{"a bad public URL", []string{"serve", "--listen", "127.0.0.1:0", "--public-url", "shop", good}, 2, "--public-url"},
		{"a store on a network without TLS", []string{"serve", "--store", "mongodb://ann:hunter2@db.example/x", good}, 2, "--store (HUTCH_STORE): the URL of the store names another host without TLS"},
		{"a command on such a store", []string{"key", "list", "--store", "mongodb://db.example/?tls=true", good}, 2, "without credentials"},
		{"a store of no kind", []string{"dev", "--store", "postgres://localhost/x", good}, 2, "no store that Hutch knows"},
		{"such a store in hutch.yaml", []string{"check", app(t, "hutch.yaml", "name: x\nstore: mongodb://ann:hunter2@db.example\n")}, 4, "hutch.yaml:2:8: error: store: the URL"},
		{"no folder", []string{"check", filepath.Join(good, "none")}, 1, "no such file"},
		{"check of a right app", []string{"check", good}, 0, ""},
		{"check of a wrong config", []string{"check", bad}, 4, `hutch.yaml:1:1: error: unknown key "nmae"`},
		{"check of a wrong rule", []string{"check", rules}, 4, `hutch.yaml:2:37: error: a.read: unknown name "resorce"`},
		{"serve of a wrong config", []string{"serve", bad}, 3, "did you mean \"name\"?"},
		{"dev of a wrong rule", []string{"dev", "--listen", "127.0.0.1:0", rules}, 3, "unknown name"},
		{"a command on a wrong config", []string{"user", "create", "a@b.test", bad}, 3, "did you mean"},
		{"health of nothing", []string{"health", good}, 1, "no server uses"},
		{"version", []string{"version"}, 0, ""},
		{"help", []string{"serve", "--help"}, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := hutch(t, tt.args...)
			if r.code != tt.code || !strings.Contains(r.err, tt.err) {
				t.Errorf("exit %d, want %d\nstdout: %s\nstderr: %s", r.code, tt.code, r.out, r.err)
			}
			if strings.Contains(r.out+r.err, "hunter2") {
				t.Errorf("a secret shows: %s", r.err)
			}
			if tt.code != 0 && r.out != "" && tt.name != "no command" {
				t.Errorf("a failure wrote to stdout: %s", r.out)
			}
		})
	}
}

func TestEveryCommandHasAnExample(t *testing.T) {
	for _, c := range []string{"dev", "serve", "init", "check", "types", "version", "health", "user create", "user set-role", "key create", "key list", "key revoke"} {
		r := ok(t, hutch(t, append(strings.Fields(c), "--help")...))
		if !strings.Contains(r.out, "Examples:\n  hutch "+c) {
			t.Errorf("%s:\n%s", c, r.out)
		}
	}
}

func TestCheckJSON(t *testing.T) {
	dir := app(t, "hutch.yaml", `name: shop
collections: { a: { access: { read: resorce.b }, schema: s.json } }
functions: { buy: { handler: f.ts, trigger: { call: {} }, auth: "true", admin: true } }
`, "f.ts", "export default () => 1\n", "s.json", `{"type": 5}`)
	r := hutchWith(t, []string{"SECRET=hunter2"}, "", "check", "--json", dir)
	if r.code != 4 {
		t.Fatalf("%+v", r)
	}
	var got struct {
		OK       bool
		Admin    []string
		Findings []struct {
			File, Severity, Code, Message, Hint string
			Line, Column                        int
		}
	}
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatalf("%v: %s", err, r.out)
	}
	if got.OK || len(got.Findings) != 2 || got.Admin[0] != "buy" {
		t.Errorf("%+v", got)
	}
	if f := got.Findings[0]; f.File != "hutch.yaml" || f.Line != 2 || f.Column == 0 || f.Code != "schema" || f.Severity != "error" {
		t.Errorf("%+v", f)
	}
}

func TestCheckSchema(t *testing.T) {
	r := ok(t, hutch(t, "check", "--schema"))
	var s map[string]any
	if err := json.Unmarshal([]byte(r.out), &s); err != nil || s["$schema"] == nil || r.err != "" {
		t.Errorf("%v %s", err, r.err)
	}
}

// TestS11CheckFindsServiceKeys: a key where everybody reads it fails the check,
// in a page, in shared code and in a function's bundle.
func TestS11CheckFindsServiceKeys(t *testing.T) {
	const key = "hutch_sk_data_mTLOszLxJcvrDZ2_RpFZ5veHboaxcwGdPgOoRFw8yDf8lFamFTQhKuzGauQ"
	yaml := "name: x\nweb: web\nshared: [lib]\nfunctions: { f: { handler: functions/f.ts, trigger: { call: {} }, auth: \"true\" } }\n"
	base := []string{"hutch.yaml", yaml, "functions/f.ts", "export default () => 1\n", "web/index.html", "<p>\n", "lib/a.ts", "export const a = 1\n"}
	ok(t, hutch(t, "check", app(t, base...)))
	for name, text := range map[string]string{
		"web/index.html":      "<p>\n  " + key,
		"web/deep/app.js":     "const k = '" + key + "'",
		"web/.env.production": "KEY=" + key,
		"lib/a.ts":            "export const a = '" + key + "'",
		"functions/f.ts":      "export default () => '" + key + "'\n",
	} {
		r := hutch(t, "check", app(t, append(base, name, text)...))
		if r.code != 4 || !strings.Contains(r.err, "service key") || strings.Contains(r.err, key) {
			t.Errorf("%s: exit %d: %s", name, r.code, r.err)
		}
	}
	r := hutch(t, "check", app(t, append(base, "web/index.html", "<p>\n  "+key)...))
	if !strings.Contains(r.err, "web/index.html:2:3: error: a service key") {
		t.Error(r.err)
	}
}

// TestS105TemplatesHoldNoAccounts: what init writes runs, passes check and has
// nobody in it.
func TestS105TemplatesHoldNoAccounts(t *testing.T) {
	for _, template := range []string{"empty", "petstore"} {
		t.Run(template, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "my-app")
			ok(t, hutch(t, "init", "--template", template, dir))
			ok(t, hutch(t, "check", dir))
			ignored, err := os.ReadFile(filepath.Join(dir, ".gitignore"))
			if err != nil || !strings.Contains(string(ignored), ".hutch/\n") || !strings.Contains(string(ignored), ".env\n") {
				t.Errorf("%v: %s", err, ignored)
			}
			yaml, err := os.ReadFile(filepath.Join(dir, "hutch.yaml"))
			if err != nil || !strings.Contains(string(yaml), "signedIn: auth != null && !auth.anonymous") {
				t.Errorf("S32: %v: %s", err, yaml)
			}
			err = filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				text, err := os.ReadFile(p)
				if regexp.MustCompile(`(?i)\$argon2|hutch_sk_|_users`).Match(text) {
					t.Errorf("%s holds an account or a key", p)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if r := hutch(t, "init", dir); r.code != 1 || !strings.Contains(r.err, "is not empty") {
				t.Errorf("a second init: %+v", r)
			}
		})
	}
	dir := filepath.Join(t.TempDir(), "my-app")
	ok(t, hutch(t, "init", dir))
	if yaml, _ := os.ReadFile(filepath.Join(dir, "hutch.yaml")); !strings.HasPrefix(string(yaml), "name: my-app\n") {
		t.Errorf("name: %s", yaml)
	}
	if r := hutch(t, "init", "--template", "shop", filepath.Join(t.TempDir(), "x")); r.code != 2 {
		t.Errorf("an unknown template: %+v", r)
	}
}

// TestCommandsOnAStoppedFolder: user and key work without a server; results
// alone go to stdout.
func TestCommandsOnAStoppedFolder(t *testing.T) {
	dir := app(t, "hutch.yaml", notes)
	made := ok(t, hutch(t, "user", "create", "ann@shop.example", "--role", "keeper", dir))
	if !regexp.MustCompile(`^[0-9A-Za-z]{20,}\n$`).MatchString(made.out) {
		t.Errorf("not a password alone: %q", made.out)
	}
	if r := ok(t, hutchWith(t, nil, "correct horse battery\n", "user", "create", "bob@shop.example", "--password-stdin", dir)); r.out != "" {
		t.Errorf("stdout: %q", r.out)
	}
	for _, tt := range []struct {
		stdin string
		args  []string
		err   string
	}{
		{"", []string{"user", "create", "ann@shop.example", dir}, "account"},
		{"short\n", []string{"user", "create", "cid@shop.example", "--password-stdin", dir}, "10"},
		{"", []string{"user", "set-role", "none@shop.example", "keeper", dir}, "no"},
		{"", []string{"key", "revoke", "none", dir}, "no"},
	} {
		if r := hutchWith(t, nil, tt.stdin, tt.args...); r.code != 1 || !strings.Contains(r.err, tt.err) || r.out != "" {
			t.Errorf("%v: %+v", tt.args, r)
		}
	}
	if r := hutchWith(t, nil, "", "user", "create", "cid@shop.example", "--password-stdin", dir); r.code != 2 {
		t.Errorf("no password: %+v", r)
	}
	ok(t, hutch(t, "user", "set-role", "ann@shop.example", "editor,keeper", dir))
	ok(t, hutch(t, "user", "set-role", "ann@shop.example", "", dir))

	key := ok(t, hutch(t, "key", "create", "importer", "--expires", "90d", dir))
	if !regexp.MustCompile(`^hutch_sk_data_[0-9A-Za-z]{15}_[0-9A-Za-z]{43}\n$`).MatchString(key.out) {
		t.Errorf("not a key alone: %q", key.out)
	}
	ok(t, hutch(t, "key", "create", "prometheus", "--scope", "ops", dir))
	if key := ok(t, hutch(t, "key", "create", "backoffice", "--scope", "auth", dir)); !strings.HasPrefix(key.out, "hutch_sk_auth_") {
		t.Errorf("key: %q", key.out)
	}
	ann := ok(t, hutch(t, "audit", "--since", "1h", "--user", "ann@shop.example", dir))
	if n := strings.Count(ann.out, "\n"); n != 4 || !strings.Contains(ann.out, "user_created") || !strings.Contains(ann.out, "roles_set") || strings.Contains(ann.out, "key_created") {
		t.Errorf("audit: %q", ann.out)
	}
	rows := ok(t, hutch(t, "audit", "--json", dir))
	if n := strings.Count(rows.out, "\n{") + 1; n != 7 || !strings.Contains(rows.out, `"event":"key_created"`) || strings.Contains(rows.out, "shop.example") || strings.Contains(rows.out, "hutch_sk") {
		t.Errorf("audit: %q", rows.out)
	}
	for _, args := range [][]string{{"audit", "--user", "none@shop.example", dir}, {"audit", "--since", "soon", dir}} {
		if r := hutch(t, args...); r.code == 0 || r.out != "" && !strings.HasPrefix(r.out, "TIME") {
			t.Errorf("%v: %+v", args, r)
		}
	}
	list := ok(t, hutch(t, "key", "list", dir))
	if n := strings.Count(list.out, "\n"); n != 4 || !strings.Contains(list.out, "importer") || !strings.Contains(list.out, "ops") || strings.Contains(list.out, "hutch_sk") {
		t.Errorf("list: %s", list.out)
	}
	ok(t, hutch(t, "key", "revoke", "importer", dir))
	if r := ok(t, hutch(t, "key", "signing", "rotate", dir)); !strings.Contains(r.err, "signs from") {
		t.Errorf("rotate: %s", r.err)
	}
	if r := ok(t, hutch(t, "key", "signing", "rotate", "--now", dir)); !strings.Contains(r.err, "the others are gone") {
		t.Errorf("rotate now: %s", r.err)
	}

	info, err := os.Stat(filepath.Join(dir, ".hutch"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("data folder: %v %v", info.Mode(), err)
	}
	info, err = os.Stat(filepath.Join(dir, ".hutch", "master.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("master key: %v %v", info.Mode(), err)
	}
}

// TestDataFolderIsNotTakenByMistake: a folder of other files is left alone.
func TestDataFolderIsNotTakenByMistake(t *testing.T) {
	dir, other := app(t, "hutch.yaml", notes), t.TempDir()
	write(t, filepath.Join(other, "thesis.txt"), "")
	before, err := os.Stat(other)
	if err != nil {
		t.Fatal(err)
	}
	r := hutch(t, "key", "list", "--data", other, dir)
	after, err := os.Stat(other)
	if err != nil {
		t.Fatal(err)
	}
	if r.code != 1 || !strings.Contains(r.err, "is no data folder: it holds thesis.txt") || before.Mode() != after.Mode() {
		t.Errorf("%+v, %v", r, after.Mode())
	}
}

func TestMasterKey(t *testing.T) {
	dir := app(t, "hutch.yaml", notes)
	key := "HUTCH_MASTER_KEY=" + strings.Repeat("ab", 32)
	ok(t, hutchWith(t, []string{key}, "", "key", "list", dir))
	if _, err := os.Stat(filepath.Join(dir, ".hutch", "master.key")); err == nil {
		t.Error("a file was made beside the variable")
	}
	for name, env := range map[string]string{
		"another key": "HUTCH_MASTER_KEY=" + strings.Repeat("cd", 32), "no key": "HUTCH_MASTER_KEY=abc", "none": "X=1",
	} {
		if r := hutchWith(t, []string{env}, "", "key", "list", dir); r.code != 1 || !strings.Contains(strings.ToLower(r.err), "master") {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, ".hutch", "master.key")); err == nil {
		t.Error("a new key was made for old data")
	}

	dir = app(t, "hutch.yaml", notes)
	ok(t, hutch(t, "key", "list", dir))
	if err := os.Chmod(filepath.Join(dir, ".hutch", "master.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := hutch(t, "key", "list", dir); r.code != 1 || !strings.Contains(r.err, "chmod 600") {
		t.Errorf("readable by others: %+v", r)
	}
}
