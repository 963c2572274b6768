package main_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestS61UserErase: with a server and without, by address and by id.
func TestS61UserErase(t *testing.T) {
	dir := app(t, "hutch.yaml", notes)
	file := filepath.Join(dir, "..", "users.jsonl")
	const ann, bob = "0199a3c8-5c1e-7b21-9d1c-0a4c1f2a7e11", "0199a3c8-5c1e-7b21-9d1c-0a4c1f2a7e12"
	write(t, file, `{"id":"`+ann+`","email":"ann@shop.example"}
{"id":"`+bob+`","email":"bob@shop.example"}
{"email":"cid@shop.example"}`)
	ok(t, hutch(t, "user", "import", file, dir))
	left := func(want ...string) {
		t.Helper()
		out := ok(t, hutch(t, "user", "export", dir)).out
		if strings.Count(out, "\n") != len(want) {
			t.Errorf("left are %s, want %v", out, want)
		}
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%s is gone: %s", w, out)
			}
		}
	}
	left("ann@", "bob@", "cid@")
	if r := ok(t, hutch(t, "user", "erase", "ANN@shop.example", dir)); r.err != "erased user "+ann+"\n" || r.out != "" {
		t.Errorf("%+v", r)
	}
	left("bob@", "cid@")
	p := start(t, nil, "serve", dir)
	for _, who := range []string{"ann@shop.example", ann} {
		if r := hutch(t, "user", "erase", who, dir); r.code != 1 || !strings.Contains(r.err, "no account has this address or id") {
			t.Errorf("%s: %+v", who, r)
		}
	}
	if r := hutch(t, "user", "erase", "nobody", dir); r.code != 1 || !strings.Contains(r.err, "an address is name@domain") {
		t.Errorf("%+v", r)
	}
	if r := ok(t, hutch(t, "user", "erase", strings.ToUpper(bob), dir)); r.err != "erased user "+bob+"\n" {
		t.Errorf("%+v", r)
	}
	left("cid@")
	again := ok(t, hutch(t, "user", "create", "ann@shop.example", dir))
	if id := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).FindString(again.out + again.err); id == "" || id == ann {
		t.Errorf("the address's new account: %+v", again)
	}
	if code := p.stop(t); code != 0 {
		t.Errorf("the server ends with %d", code)
	}
	if r := hutch(t, "user", "erase"); r.code != 2 {
		t.Errorf("without an account: %+v", r)
	}
	rows := ok(t, hutch(t, "audit", dir)).out
	if strings.Count(rows, "user_erased") != 2 || strings.Contains(rows, "ann@") || strings.Contains(rows, "bob@") {
		t.Errorf("the audit: %s", rows)
	}
}
