package main_test

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestServe(t *testing.T) {
	dir := app(t, "hutch.yaml", notes)
	p := start(t, nil, "serve", "--log-level", "debug", dir)
	if status, body := get(t, p.url+"/readyz"); status != 200 || body != `{"status":"ok"}` {
		t.Errorf("readyz: %d %s", status, body)
	}
	ok(t, hutch(t, "health", dir))

	t.Run("a second server is told who holds the folder", func(t *testing.T) {
		r := hutch(t, "serve", "--listen", "127.0.0.1:0", dir)
		if r.code != 1 || !strings.Contains(r.err, "is locked by pid "+itoa(p.cmd.Process.Pid)) {
			t.Errorf("%+v", r)
		}
	})
	t.Run("commands go through the running server", func(t *testing.T) {
		made := ok(t, hutch(t, "user", "create", "ann@shop.example", "--role", "keeper", dir))
		status, body := do(t, "POST", p.url+"/auth/v1/token?grant_type=password",
			`{"email":"ann@shop.example","password":"`+strings.TrimSpace(made.out)+`"}`, "Content-Type", "application/json")
		if status != 200 || !strings.Contains(body, `"roles":["keeper"]`) {
			t.Errorf("sign-in: %d %s", status, body)
		}
		key := strings.TrimSpace(ok(t, hutch(t, "key", "create", "importer", dir)).out)
		status, body = do(t, "POST", p.url+"/data/v1/docs/notes", `{"_id":"n1","text":"x"}`, "Content-Type", "application/json", "Authorization", "Bearer "+key)
		if status != 201 {
			t.Errorf("create: %d %s", status, body)
		}
		ok(t, hutch(t, "key", "revoke", "importer", dir))
		deadline := time.Now().Add(10 * time.Second)
		for {
			if status, _ := get(t, p.url+"/data/v1/docs/notes", "Authorization", "Bearer "+key); status == 401 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("a revoked key still works")
			}
		}
	})
	t.Run("the log is JSON, what is told at the start is not", func(t *testing.T) {
		p.await(t, `"level":"`)
		for line := range strings.Lines(p.text()) {
			if strings.HasPrefix(line, "listening on http://127.0.0.1:") || strings.HasPrefix(line, "dashboard on http://localhost:") ||
				strings.HasPrefix(line, "nobody is an operator yet") {
				continue
			}
			var v map[string]any
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				t.Errorf("no record: %s", line)
			}
		}
	})
	if code := p.stop(t); code != 0 {
		t.Errorf("exit %d:\n%s", code, p.text())
	}
	if r := hutch(t, "health", dir); r.code != 1 {
		t.Errorf("health of a stopped server: %+v", r)
	}
	p = start(t, nil, "serve", dir)
	if status, body := get(t, p.url+"/data/v1/docs/notes/n1"); status != 200 || !strings.Contains(body, `"text":"x"`) {
		t.Errorf("after a restart: %d %s", status, body)
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// TestCommandsWaitForAServerThatStarts: a lock without a socket yet is waited for.
func TestCommandsWaitForAServerThatStarts(t *testing.T) {
	dir := app(t, "hutch.yaml", notes)
	p := launch(t, nil, "serve", "--listen", "127.0.0.1:0", dir)
	ok(t, hutch(t, "key", "create", "early", dir)) // before or after the server took the folder
	p.await(t, "listening on")
	if r := ok(t, hutch(t, "key", "list", dir)); !strings.Contains(r.out, "early") {
		t.Errorf("list: %s", r.out)
	}
}

// TestLongPathsAndLeftSockets: the control socket works below a path that no
// socket address holds, and where a killed server left one.
func TestLongPathsAndLeftSockets(t *testing.T) {
	dir := app(t, "hutch.yaml", notes)
	data := filepath.Join(t.TempDir(), strings.Repeat("long-folder-name/", 8), "data")
	p := start(t, nil, "serve", "--data", data, dir)
	ok(t, hutch(t, "key", "create", "a", "--data", data, dir))
	p.kill()
	if _, err := os.Lstat(filepath.Join(data, "control.sock")); err != nil {
		t.Fatalf("nothing was left: %v", err)
	}
	ok(t, hutch(t, "key", "create", "b", "--data", data, dir)) // on the stopped folder
	start(t, nil, "serve", "--data", data, dir)
	if r := ok(t, hutch(t, "key", "list", "--data", data, dir)); strings.Count(r.out, "\n") != 3 {
		t.Errorf("list: %s", r.out)
	}
}

// TestS12ControlSocketAsksForTheKey: without the key in control.key nothing is
// done; the files are the owner's alone.
func TestS12ControlSocketAsksForTheKey(t *testing.T) {
	dir := app(t, "hutch.yaml", notes)
	start(t, nil, "serve", dir)
	data := filepath.Join(dir, ".hutch")
	for _, f := range []string{"control.key", "control.sock", "master.key", "lock"} {
		info, err := os.Stat(filepath.Join(data, f))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v", f, info.Mode(), err)
		}
	}
	key, err := os.ReadFile(filepath.Join(data, "control.key"))
	if err != nil || len(key) != 64 {
		t.Fatalf("control.key: %q %v", key, err)
	}
	ask := func(line string) string {
		conn, err := net.Dial("unix", filepath.Join(data, "control.sock"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := conn.Write([]byte(line + "\n")); err != nil {
			t.Fatal(err)
		}
		answer, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	for _, line := range []string{`{}`, `{"key":"","op":{"name":"key.list"}}`, `{"key":"` + strings.Repeat("0", 64) + `","op":{"name":"key.list"}}`} {
		if got := ask(line); !strings.Contains(got, `"permission_denied"`) {
			t.Errorf("%s: %s", line, got)
		}
	}
	if got := ask("nonsense"); !strings.Contains(got, `"invalid_argument"`) {
		t.Error(got)
	}
	if got := ask(`{"key":"` + string(key) + `","op":{"name":"key.list"}}`); !strings.Contains(got, `"outcome"`) {
		t.Errorf("with the key: %s", got)
	}
	if got := ask(`{"key":"` + string(key) + `","op":{"name":"store.drop"}}`); !strings.Contains(got, `"unimplemented"`) {
		t.Errorf("an unknown operation: %s", got)
	}
}

// TestS12ServerIsHardened: nobody of the same uid looks into the server.
func TestS12ServerIsHardened(t *testing.T) {
	dir := app(t, "hutch.yaml", notes)
	p := start(t, nil, "serve", dir)
	info, err := os.Stat(filepath.Join("/proc", itoa(p.cmd.Process.Pid), "environ"))
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile(filepath.Join("/proc", itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(status), "Umask:\t0077") {
		t.Errorf("umask: %s", status)
	}
	if os.Getuid() != 0 && ownedByMe(info) { // a process that is not dumpable belongs to root
		t.Error("the process is dumpable")
	}
}

// TestS15PublicURLIsNeeded: off loopback the issuer is never taken from a request.
func TestS15PublicURLIsNeeded(t *testing.T) {
	dir := app(t, "hutch.yaml", notes+"publicUrl: ${HUTCH_PUBLIC_URL:-}\n")
	r := hutch(t, "serve", "--listen", "0.0.0.0:0", dir)
	if r.code != 2 || !strings.Contains(r.err, "needs publicUrl") {
		t.Errorf("%+v", r)
	}
	p := launch(t, []string{"HUTCH_PUBLIC_URL=https://shop.example"}, "serve", "--listen", "0.0.0.0:0", dir)
	p.await(t, "listening on ")
	url, err := os.ReadFile(filepath.Join(dir, ".hutch", "address"))
	if err != nil {
		t.Fatal(err)
	}
	_, body := get(t, strings.TrimSpace(string(url))+"/.well-known/openid-configuration", "X-Forwarded-Host", "evil.example")
	if !strings.Contains(body, `"issuer":"https://shop.example`) {
		t.Errorf("discovery: %s", body)
	}
}

// TestS103PlainHTTPIsWarnedOf: off loopback without TLS in front.
func TestS103PlainHTTPIsWarnedOf(t *testing.T) {
	dir := app(t, "hutch.yaml", notes)
	p := launch(t, nil, "serve", "--listen", "0.0.0.0:0", "--public-url", "http://shop.example", dir)
	p.await(t, "listening on ")
	if !strings.Contains(p.text(), "plain HTTP") {
		t.Errorf("no warning:\n%s", p.text())
	}
	p.stop(t)
	p = launch(t, nil, "serve", "--listen", "0.0.0.0:0", "--public-url", "https://shop.example", dir)
	p.await(t, "listening on ")
	if strings.Contains(p.text(), "plain HTTP") {
		t.Errorf("warned behind TLS:\n%s", p.text())
	}
}

// TestS63DevStaysOnLoopback: dev listens elsewhere only when told twice, and
// answers no other Host.
func TestS63DevStaysOnLoopback(t *testing.T) {
	dir := app(t, "hutch.yaml", notes)
	if r := hutch(t, "dev", "--listen", "0.0.0.0:0", dir); r.code != 2 || !strings.Contains(r.err, "--expose") {
		t.Errorf("%+v", r)
	}
	p := start(t, nil, "dev", dir)
	if status, _ := get(t, p.url+"/readyz"); status != 200 {
		t.Errorf("loopback: %d", status)
	}
	req, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer req.Close()
	if _, err := req.Write([]byte("GET /readyz HTTP/1.1\r\nHost: rebound.example\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(req).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 421 ") {
		t.Errorf("another Host: %s %v", line, err)
	}
	p.stop(t)
	p = launch(t, nil, "dev", "--expose", "--listen", "0.0.0.0:0", dir)
	p.await(t, "listening on ")
}

// TestS13DataIsNotServed: a data folder in the pages is refused.
func TestS13DataIsNotServed(t *testing.T) {
	dir := app(t, "hutch.yaml", notes+"web: web\n", "web/index.html", "<p>")
	for _, data := range []string{"web", "web/data"} {
		r := hutch(t, "serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, data), dir)
		if r.code == 0 || !strings.Contains(r.err, "would be served") && !strings.Contains(r.err, "is no data folder") {
			t.Errorf("%s: %+v", data, r)
		}
	}
	p := start(t, nil, "serve", dir)
	for _, path := range []string{"/hutch.yaml", "/.hutch/master.key", "/../.hutch/master.key", "/%2e%2e/hutch.yaml", "/.env"} {
		if status, body := get(t, p.url+path, "Accept", "application/json"); status == 200 {
			t.Errorf("%s: %s", path, body)
		}
	}
}
