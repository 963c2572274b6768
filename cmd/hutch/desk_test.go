package main_test

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

var setupLink = regexp.MustCompile(`(http://[^/ ]+)?/_/setup#([0-9A-Za-z]+)`)

// dashboardOf waits for the dashboard's line and gives its origin.
func dashboardOf(t *testing.T, p *process) string {
	t.Helper()
	p.await(t, "dashboard on ")
	_, rest, _ := strings.Cut(p.text(), "dashboard on ")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSuffix(line, "/_/")
}

// fromDashboard asks as its page does, and gives the cookie that came.
func fromDashboard(t *testing.T, method, url, body, cookie string) (status int, answer, set string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{"Sec-Fetch-Site": "same-origin", "X-Hutch-Admin": "1", "Content-Type": "application/json", "Cookie": cookie} {
		if v != "" {
			req.Header.Set(k, v)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var raw json.RawMessage
	_ = json.NewDecoder(resp.Body).Decode(&raw)
	set, _, _ = strings.Cut(resp.Header.Get("Set-Cookie"), ";")
	return resp.StatusCode, string(raw), set
}

const operatorPassword = "an operator's password"

func setUp(t *testing.T, origin, token, email string) (cookie, answer string) {
	t.Helper()
	status, answer, cookie := fromDashboard(t, "POST", origin+"/admin/v1/setup", `{"token":"`+token+`","email":"`+email+`","password":"`+operatorPassword+`"}`, "")
	if status != 200 {
		t.Fatal(status, answer)
	}
	return cookie, answer
}

// TestS63DevPrintsALink: it makes the first operator, who sees documents past the
// rules and over a socket; the next start prints none.
func TestS63DevPrintsALink(t *testing.T) {
	dir := app(t, "hutch.yaml", notes+"  hidden: {}\n")
	p := start(t, nil, "dev", dir)
	origin := dashboardOf(t, p)
	p.await(t, "/_/setup#")
	link := setupLink.FindStringSubmatch(p.text())
	if link == nil || link[1] != origin {
		t.Fatal(p.text())
	}
	cookie, answer := setUp(t, origin, link[2], "ann@ops.example")
	if !strings.Contains(answer, `"dev":true`) || !strings.Contains(answer, `"email":"ann@ops.example"`) {
		t.Error(answer)
	}
	if status, answer, _ := fromDashboard(t, "PUT", origin+"/data/v1/docs/notes/n1", `{"text":"x"}`, cookie); status != 201 && status != 200 {
		t.Error(status, answer)
	}
	t.Run("the audit tells what it wrote, and from where", func(t *testing.T) {
		status, answer, _ := fromDashboard(t, "GET", origin+"/admin/v1/audit?event=documents_written", "", cookie)
		if status != 200 || !strings.Contains(answer, `"target":"notes"`) || !strings.Contains(answer, `"network":"`) {
			t.Error(status, answer)
		}
	})
	t.Run("a socket of its page is the operator's where it says so", func(t *testing.T) {
		for token, want := range map[string]string{"operator": `"t":"subbed"`, "": `"code":"unauthenticated"`} {
			h := http.Header{"Cookie": {cookie}, "Origin": {origin}}
			dialer := websocket.Dialer{Subprotocols: []string{"hutch.v1"}, HandshakeTimeout: 10 * time.Second}
			conn, _, err := dialer.DialContext(t.Context(), strings.Replace(origin, "http", "ws", 1)+"/realtime/v1", h)
			if err != nil {
				t.Fatal(err)
			}
			hello := map[string]any{"t": "hello", "proto": 1}
			if token != "" {
				hello["token"] = token
			}
			if err := conn.WriteJSON(hello); err != nil {
				t.Fatal(err)
			}
			if err := conn.WriteJSON(map[string]any{"t": "sub", "id": 1, "query": map[string]any{"from": "hidden"}}); err != nil {
				t.Fatal(err)
			}
			var got []byte
			for range 2 { // after the welcome
				if _, got, err = conn.ReadMessage(); err != nil {
					t.Fatal(err)
				}
			}
			if !strings.Contains(string(got), want) {
				t.Errorf("as %q: %s", token, got)
			}
			_ = conn.Close()
		}
	})
	p.stop(t)
	p = start(t, nil, "dev", dir)
	dashboardOf(t, p)
	if code := p.stop(t); code != 0 || strings.Contains(p.text(), "setup#") {
		t.Error(code, p.text())
	}
}

// TestS63ServeTellsTheLinkToNoLog: stderr is no terminal here, so the link is in a
// file of its own, which only its owner reads.
func TestS63ServeTellsTheLinkToNoLog(t *testing.T) {
	dir := app(t, "hutch.yaml", notes)
	p := start(t, nil, "serve", "--log-level", "debug", dir)
	origin := dashboardOf(t, p)
	p.await(t, "first-operator-link")
	file := filepath.Join(dir, ".hutch", "first-operator-link")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	text, err := os.ReadFile(file)
	link := setupLink.FindStringSubmatch(string(text))
	if err != nil || link == nil || link[1] != origin {
		t.Fatalf("%s %v", text, err)
	}
	if _, answer := setUp(t, origin, link[2], "ann@ops.example"); !strings.Contains(answer, `"next":"enroll"`) {
		t.Error("in without a second factor:", answer)
	}
	if strings.Contains(p.text(), link[2]) {
		t.Error("the link is in the log")
	}
	for _, path := range []string{"/_/", "/admin/v1/session", "/admin/v1/operators"} {
		if status, _, _ := fromDashboard(t, "GET", p.url+path, "", ""); status != 404 {
			t.Errorf("%s on the app's origin: %d", path, status)
		}
	}
	if status, body := get(t, origin+"/_/"); status != 200 || !strings.Contains(body, "<!doctype html>") {
		t.Error(status, body)
	}
	t.Run("operators by command", func(t *testing.T) {
		made := ok(t, hutch(t, "operator", "create", "bob@ops.example", dir))
		link := setupLink.FindStringSubmatch(made.out)
		if link == nil || link[1] != origin {
			t.Fatalf("%+v", made)
		}
		setUp(t, origin, link[2], "")
		if list := ok(t, hutch(t, "operator", "list", dir)).out; !strings.Contains(list, "ann@ops.example") || !strings.Contains(list, "bob@ops.example") {
			t.Error(list)
		}
		ok(t, hutch(t, "operator", "remove", "bob@ops.example", dir))
		if r := hutch(t, "operator", "remove", "ann@ops.example", dir); r.code == 0 || !strings.Contains(r.err, "last operator") {
			t.Errorf("%+v", r)
		}
	})
	if code := p.stop(t); code != 0 {
		t.Error(code, p.text())
	}
	r := ok(t, hutch(t, "operator", "create", "ann@ops.example", dir)) // the server is stopped
	if setupLink.FindString(r.out) == "" {
		t.Errorf("%+v", r)
	}
	p = start(t, nil, "serve", dir)
	dashboardOf(t, p)
	if code := p.stop(t); code != 0 {
		t.Error(code)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the file is still there")
	}
}

// TestS10TheDashboardsListener: the port after the app's; taken, the server starts
// without it and says so.
func TestS10TheDashboardsListener(t *testing.T) {
	port := freePair(t)
	at := func(n int) string { return "127.0.0.1:" + strconv.Itoa(n) }
	dir := app(t, "hutch.yaml", notes)
	p := launch(t, nil, "serve", "--listen", at(port), dir)
	if origin := dashboardOf(t, p); origin != "http://localhost:"+strconv.Itoa(port+1) {
		t.Error(origin)
	}
	p.stop(t)
	taken, err := net.Listen("tcp", at(port+1))
	if err == nil { // else another program has it
		defer taken.Close()
	}
	p = launch(t, nil, "serve", "--listen", at(port), dir)
	p.await(t, "listening on ")
	if !strings.Contains(p.text(), "its address is taken") || strings.Contains(p.text(), "dashboard on") {
		t.Error(p.text())
	}
	if status, _ := get(t, "http://"+at(port)+"/readyz"); status != 200 {
		t.Error(status)
	}
	p.stop(t)
	p = start(t, []string{"HUTCH_ADMIN_LISTEN=127.0.0.1:0"}, "serve", dir)
	dashboardOf(t, p)
	p.stop(t)
	if r := hutch(t, "serve", "--listen", "127.0.0.1:0", "--admin-listen", "nonsense", dir); r.code != 2 {
		t.Errorf("%+v", r)
	}
	// A name of its own needs no listener, and may not be the app's.
	named := app(t, "hutch.yaml", notes+"admin: { host: admin.notes.example }\n")
	p = start(t, nil, "serve", "--public-url", "https://notes.example", named)
	if origin := dashboardOf(t, p); origin != "https://admin.notes.example" {
		t.Error(origin)
	}
	p.stop(t)
	if r := hutch(t, "serve", "--listen", "127.0.0.1:0", "--public-url", "https://admin.notes.example", named); r.code != 3 {
		t.Errorf("%+v", r)
	}
}

// freePair finds a port that is free together with the next.
func freePair(t *testing.T) int {
	t.Helper()
	for range 50 {
		a, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := a.Addr().(*net.TCPAddr).Port
		b, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port+1))
		_ = a.Close()
		if err == nil {
			_ = b.Close()
			return port
		}
	}
	t.Fatal("no two ports side by side")
	return 0
}
