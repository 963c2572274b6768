package main_test

import (
	"path/filepath"
	"strings"
	"testing"
)

const fbUsers = `{"users": [
  {"localId": "a1", "email": "fay@shop.example", "emailVerified": true,
   "passwordHash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==", "salt": "42xEC+ixf3L2lw=="},
  {"localId": "a2", "phoneNumber": "+15550100"}
]}`

const fbConfig = `hash_config {
  algorithm: SCRYPT,
  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}`

func TestS92UserImportAndExport(t *testing.T) {
	dir := app(t, "hutch.yaml", notes)
	file, firebase, config := filepath.Join(dir, "..", "users.jsonl"), filepath.Join(dir, "..", "users.json"), filepath.Join(dir, "..", "hash_config.txt")
	write(t, file, `{"email":"ann@shop.example","roles":["keeper"],"email_confirmed_at":"2024-05-01T10:00:00Z"}

{"email":"bob@shop.example","password_hash":"$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}
{"email":
{"email":"`+strings.Repeat("x", 40<<10)+`"}
{"email":"cid@shop.example","password_hash":"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}`)
	write(t, firebase, fbUsers)
	write(t, config, fbConfig)
	check := func(r result, code int, parts ...string) {
		t.Helper()
		for _, p := range parts {
			if r.code != code || !strings.Contains(r.err, p) {
				t.Errorf("want %d and %q: %+v", code, p, r)
			}
		}
	}
	check(hutch(t, "user", "import", file, dir), 1,
		"line 3: password_hash: bcrypt goes to cost 14", "line 4: not JSON", "line 5: an account has at most 32 KiB", "2 accounts made, 0 are there already, 3 lines refused")
	p := start(t, nil, "serve", dir)
	check(hutch(t, "user", "import", file, dir), 1, "line 1: there already: ann@shop.example", "line 3: ", "0 accounts made, 2 are there already, 3 lines refused")
	check(hutch(t, "user", "import", firebase, "--firebase", config, "--trust-verified", dir), 1, "line 4: email: an account has an address or an identity", "1 accounts made")
	check(hutch(t, "user", "import", file, "--firebase", config, dir), 1, "not an export of Firebase")
	plain := ok(t, hutch(t, "user", "export", dir))
	if n := strings.Count(plain.out, "\n"); n != 3 || strings.Contains(plain.out, "password_hash") || strings.Contains(plain.out, "keeper") || strings.Count(plain.out, "email_confirmed_at") != 1 {
		t.Errorf("export: %s", plain.out)
	}
	if code := p.stop(t); code != 0 {
		t.Errorf("the server ends with %d", code)
	}
	if full := ok(t, hutch(t, "user", "export", "--hashes", dir)); strings.Count(full.out, "password_hash") != 2 {
		t.Errorf("export: %s", full.out)
	}
}
