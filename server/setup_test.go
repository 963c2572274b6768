package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/server"
)

// site is a running server with doubles behind it.
type site struct {
	*server.Server
	addr  string
	docs  *documents
	auth  *people
	calls *code
	logs  *logBook
	stop  func()
}

// logBook collects log lines.
type logBook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// start runs a server on loopback until the test ends.
func start(t testing.TB, change ...func(*server.Options)) *site {
	t.Helper()
	s := &site{docs: newDocuments(), auth: newPeople(), calls: &code{}, logs: &logBook{}}
	o := server.Options{
		Data: s.docs, Auth: s.auth, Runs: &ran{}, Parts: server.Parts{Functions: s.calls},
		Log: slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&o)
	}
	srv, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Server = srv
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, ln) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error("serve:", err)
		}
	})
	t.Cleanup(s.stop)
	waitFor(t, "the listener is known", func() bool { return srv.PublicURL() != "" })
	witnessed(t, srv, s.addr, s.auth == o.Auth)
	return s
}

// waitFor waits for a condition, at most ten seconds.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(10 * time.Second); !ok(); <-tick.C {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// answer is what a request got.
type answer struct {
	*http.Response
	body string
}

// field is a member of the JSON body, as text.
func (a *answer) field(name string) string {
	var m map[string]json.RawMessage
	if json.Unmarshal([]byte(a.body), &m) != nil {
		return ""
	}
	return strings.Trim(string(m[name]), `"`)
}

var client = &http.Client{
	Transport:     witness,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       20 * time.Second,
}

// do sends a request; headers are pairs. as is a person of people, "" nobody.
func (s *site) do(t testing.TB, as, method, path, body string, headers ...string) *answer {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+s.addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if as != "" && as != "guest" {
		req.Header.Set("Authorization", "Bearer "+s.auth.token(as))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if strings.EqualFold(headers[i], "host") {
			req.Host = headers[i+1]
		} else {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return &answer{resp, string(b)}
}

// wantError checks that an answer has the flat body of errors.
func wantError(t testing.TB, a *answer, status int, code string) {
	t.Helper()
	if a.StatusCode != status || a.field("code") != code {
		t.Fatalf("got %d %s, want %d %s", a.StatusCode, a.body, status, code)
	}
	if err := flat(a.Header, a.body); err != "" {
		t.Fatal(err, a.body)
	}
}

// flat says what is wrong with the body of an error.
func flat(h http.Header, body string) string {
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return "the body is not JSON"
	}
	for _, k := range []string{"code", "message", "requestId"} {
		if len(m[k]) < 3 {
			return k + " is missing"
		}
	}
	for k := range m {
		switch k {
		case "code", "reason", "message", "hint", "field", "details", "requestId", "weak_password", "error_code":
		default:
			return "unknown member " + k
		}
	}
	gotrue := h.Get("X-Supabase-Api-Version") != ""
	if again := m["error_code"]; gotrue && string(again) != string(m["code"]) || !gotrue && again != nil {
		return "error_code is code in the answers of /auth, and in no others"
	}
	if id := h.Get("X-Request-Id"); `"`+id+`"` != string(m["requestId"]) {
		return "requestId is not X-Request-Id"
	}
	if h.Get("Content-Type") != "application/json" {
		return "the type is " + h.Get("Content-Type")
	}
	if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" {
		return "headers that every answer has are missing"
	}
	return ""
}
