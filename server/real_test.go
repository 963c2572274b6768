package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/rules"
	"github.com/hutch-dev/hutch/server"
)

// real is a server over the embedded store, rules and sign-in as they are.
type real struct {
	addr string
	data *data.Service
	auth *auth.Service
	srv  *server.Server
	opts auth.Options
}

func startReal(t testing.TB, edit ...func(*auth.Options)) *real {
	t.Helper()
	return startRealAs(t, func(*server.Options) {}, edit...)
}

// startRealAs is startReal with other options of the server.
func startRealAs(t testing.TB, serve func(*server.Options), edit ...func(*auth.Options)) *real {
	t.Helper()
	store, err := pebble.Open(pebble.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	expr := func(pairs ...string) map[string]hutch.Expr {
		m := map[string]hutch.Expr{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = hutch.Expr{Text: pairs[i+1]}
		}
		return m
	}
	set, ds := rules.Compile(rules.Config{Collections: []rules.Collection{
		{Name: "open", Access: expr("read", "true", "write", "true")},
		{Name: "notes", Access: expr("read", "resource.owner == auth.uid", "create", "auth != null", "update", "resource.owner == auth.uid", "delete", "resource.owner == auth.uid"), Preset: expr("owner", "auth.uid")},
		{Name: "drops", Access: expr("create", "true"), Preset: expr("risk", "'high'")},
	}})
	for _, d := range ds {
		t.Fatal(d)
	}
	svc := data.New(data.Options{Store: store, CursorKey: bytes.Repeat([]byte{7}, 32)})
	colls := []data.Collection{{Name: "open", Indexes: []data.Index{{Name: "price", Fields: []data.Order{{Path: "price"}}}}}, {Name: "notes"}, {Name: "drops"}}
	for _, c := range auth.Collections() {
		colls = append(colls, data.Collection{Name: c, Indexes: auth.Indexes()[c]})
	}
	colls = append(colls, jobs.Collections()...)
	ctx, cancel := context.WithCancel(context.Background())
	if err = svc.Use(ctx, data.App{Version: "1", Collections: colls, Guard: set}); err != nil {
		t.Fatal(err)
	}
	hasher, err := auth.NewHasher(auth.HasherOptions{Entropy: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := auth.Options{
		System: svc.System(auth.Collections()...), Feed: svc.Feed(), Counter: svc.Counter(), Hasher: hasher, MasterKey: [32]byte{1}, Signup: true,
		PublicURL: func() string { return "http://" + ln.Addr().String() },
	}
	for _, f := range edit {
		f(&o)
	}
	who, err := auth.New(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = who.Run(ctx) })
	so := server.Options{Data: svc, Auth: who, Log: slog.New(slog.DiscardHandler)}
	serve(&so)
	srv, err := server.New(so)
	if err != nil {
		t.Fatal(err)
	}
	witnessed(t, srv, ln.Addr().String(), false)
	wg.Go(func() {
		if err := srv.Serve(ctx, ln); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		if err := svc.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &real{addr: ln.Addr().String(), data: svc, auth: who, srv: srv, opts: o}
}

func (s *real) do(t testing.TB, token, method, path, body string, headers ...string) *answer {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+s.addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := &answer{resp, string(b)}
	if a.StatusCode >= 400 && !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		if why := flat(a.Header, a.body); why != "" && method != "HEAD" {
			t.Errorf("%s %s: %s %s", method, path, why, a.body)
		}
	}
	return a
}

func (s *real) signUp(t testing.TB, name string) (token string) {
	t.Helper()
	a := s.do(t, "", "POST", "/auth/v1/signup", fmt.Sprintf(`{"email":"%s@pets.test","password":"long enough 1"}`, name), "Content-Type", "application/json;charset=UTF-8")
	var session struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(a.body), &session); err != nil || a.StatusCode != 200 || session.Token == "" {
		t.Fatal(a.StatusCode, a.body)
	}
	return session.Token
}

// TestAllRoomsTogether: documents, rules and sign-in through the wire.
func TestAllRoomsTogether(t *testing.T) {
	s := startReal(t)
	ann, bob := s.signUp(t, "ann"), s.signUp(t, "bob")

	t.Run("S22 an answer shows what get would show", func(t *testing.T) {
		for _, as := range []string{"", ann} {
			a := s.do(t, as, "POST", "/data/v1/docs/drops", `{"text":"x"}`)
			if a.StatusCode != 201 || strings.Contains(a.body, "risk") || strings.Contains(a.body, "text") || a.field("_id") == "" || a.field("_version") == "" {
				t.Fatal(a.StatusCode, a.body)
			}
			c := s.do(t, as, "POST", "/data/v1/commit", `{"docs":true,"writes":[{"op":"create","in":"drops","data":{"text":"x"}}]}`)
			if c.StatusCode != 200 || strings.Contains(c.body, "risk") || strings.Contains(c.body, "text") {
				t.Fatal(c.StatusCode, c.body)
			}
		}
	})
	note := s.do(t, ann, "POST", "/data/v1/docs/notes", `{"text":"private words","price":5.0}`)
	id := note.field("_id")
	if note.StatusCode != 201 || !strings.Contains(note.body, "private words") || len(note.Header.Get("Hutch-Position")) != 16 {
		t.Fatal(note.StatusCode, note.body, note.Header)
	}
	t.Run("S26 hidden equals missing", func(t *testing.T) {
		for _, as := range []string{"", bob} {
			for _, m := range []string{"GET", "PATCH", "DELETE"} {
				body := map[string]string{"PATCH": `{"a":1}`}[m]
				for _, h := range [][]string{nil, {"If-Match", note.Header.Get("ETag")}, {"If-Match", `"1"`}} {
					hidden, missing := s.do(t, as, m, "/data/v1/docs/notes/"+id, body, h...), s.do(t, as, m, "/data/v1/docs/notes/01HZZZZZZZZZZZZZZZZZZZZZZZ", body, h...)
					x := strings.ReplaceAll(hidden.body, hidden.Header.Get("X-Request-Id"), "")
					y := strings.ReplaceAll(missing.body, missing.Header.Get("X-Request-Id"), "")
					if x != y || hidden.StatusCode != 404 || missing.StatusCode != 404 {
						t.Errorf("%s %v: %d %s\n%d %s", m, h, hidden.StatusCode, x, missing.StatusCode, y)
					}
				}
			}
		}
	})
	t.Run("writes and preconditions", func(t *testing.T) {
		path := "/data/v1/docs/notes/" + id
		a := s.do(t, ann, "PATCH", path, `{"$inc":{"price":1.5}}`, "If-Match", note.Header.Get("ETag"))
		if a.StatusCode != 200 || !strings.Contains(a.body, `"price":6.5`) {
			t.Fatal(a.StatusCode, a.body)
		}
		wantError(t, s.do(t, ann, "PATCH", path, `{"a":1}`, "If-Match", note.Header.Get("ETag")), 412, "failed_precondition")
		wantError(t, s.do(t, ann, "PATCH", path, `{"_version":1}`), 400, "invalid_argument")
		g := s.do(t, ann, "GET", path, "", "If-None-Match", a.Header.Get("ETag"))
		if g.StatusCode != 304 {
			t.Fatal(g.StatusCode)
		}
		wantError(t, s.do(t, bob, "PUT", path, `{"text":"mine"}`), 403, "permission_denied")
		wantError(t, s.do(t, "", "PUT", path, `{"text":"mine"}`), 401, "unauthenticated")
		e := s.do(t, ann, "POST", "/data/v1/commit", fmt.Sprintf(`{"writes":[{"op":"update","in":"notes","id":%q,"data":{"b":1}},{"op":"create","in":"secret","data":{}}]}`, id))
		wantError(t, e, 403, "permission_denied")
		if e.field("field") != "writes[1]" || strings.Contains(s.do(t, ann, "GET", path, "").body, `"b"`) {
			t.Fatal(e.body)
		}
		wantError(t, s.do(t, ann, "POST", "/data/v1/docs/open", `{"a":{"$bad":1}}`), 400, "invalid_argument")
	})
	t.Run("queries", func(t *testing.T) {
		for i := range 5 {
			s.do(t, "", "PUT", fmt.Sprintf("/data/v1/docs/open/p%d", i), fmt.Sprintf(`{"price":%d}`, i))
		}
		a := s.do(t, "", "GET", "/data/v1/docs/open?where=%7B%22price%22%3A%7B%22%24gte%22%3A1%7D%7D&orderBy=-price&limit=2&select=price&count=true", "")
		if a.StatusCode != 200 || !strings.Contains(a.body, `{"docs":[{"_id":"p4"`) || a.field("count") != "4" || a.field("next") == "null" {
			t.Fatal(a.StatusCode, a.body)
		}
		b := s.do(t, "", "POST", "/data/v1/query", fmt.Sprintf(`{"from":"open","where":{"price":{"$gte":1}},"orderBy":[["price","desc"]],"limit":2,"select":["price"],"count":true,"after":%q}`, a.field("next")))
		if b.StatusCode != 200 || !strings.Contains(b.body, `{"docs":[{"_id":"p2"`) {
			t.Fatal(b.StatusCode, b.body)
		}
		for _, bad := range []string{"orderBy=a,a", "after=", "limit=1001", "limit=-1", "limit=x", "limit=1.5", "orderBy=a,b,c,d,e", "orderBy=", "orderBy=-", "where=%7B%22%24where%22%3A1%7D", "after=x", "select=%24a", "where=%5B%5D"} {
			wantError(t, s.do(t, "", "GET", "/data/v1/docs/open?"+bad, ""), 400, "invalid_argument")
		}
		wantError(t, s.do(t, "", "GET", "/data/v1/docs/secret", ""), 401, "unauthenticated")
		wantError(t, s.do(t, ann, "GET", "/data/v1/docs/_users", ""), 403, "permission_denied")
	})
	t.Run("ten twins of one key are one document", func(t *testing.T) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		bodies := map[string]int{}
		for range 10 {
			wg.Go(func() {
				a := s.do(t, bob, "POST", "/data/v1/docs/notes", `{"text":"once"}`, "Idempotency-Key", "order-1")
				mu.Lock()
				defer mu.Unlock()
				bodies[fmt.Sprint(a.StatusCode, a.body, a.Header.Get("ETag"), a.Header.Get("Hutch-Position"))]++
			})
		}
		wg.Wait()
		if len(bodies) != 1 {
			t.Fatal(bodies)
		}
		if l := s.do(t, bob, "GET", "/data/v1/docs/notes?count=true", ""); l.field("count") != "1" {
			t.Fatal(l.body)
		}
		wantError(t, s.do(t, bob, "POST", "/data/v1/docs/notes", `{"text":"other"}`, "Idempotency-Key", "order-1"), 400, "invalid_argument")
	})
	t.Run("sign-out ends the token within a second", func(t *testing.T) {
		if a := s.do(t, bob, "POST", "/auth/v1/logout?scope=local", ""); a.StatusCode != 204 || a.Header.Get("X-Supabase-Api-Version") != "2024-01-01" {
			t.Fatal(a.StatusCode, a.body)
		}
		waitFor(t, "the token is refused", func() bool { return s.do(t, bob, "GET", "/data/v1/docs/open/p1", "").StatusCode == 401 })
	})
	t.Run("service keys", func(t *testing.T) {
		key, _, err := s.auth.CreateKey(t.Context(), "test", hutch.ScopeData, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if a := s.do(t, key, "GET", "/data/v1/docs/notes/"+id, ""); a.StatusCode != 200 {
			t.Fatal(a.StatusCode, a.body)
		}
		wantError(t, s.do(t, key, "GET", "/data/v1/docs/notes/"+id, "", "Origin", "https://a.example"), 401, "unauthenticated")
		wantError(t, s.do(t, key+"x", "GET", "/data/v1/docs/open/p1", ""), 401, "unauthenticated")
	})
	t.Run("mistakes in /auth are never faults", func(t *testing.T) {
		for _, tc := range [][3]string{
			{"/auth/v1/signup", `{`, "400"},
			{"/auth/v1/signup", `[]`, "400"},
			{"/auth/v1/signup", `{"email":5}`, "400"},
			{"/auth/v1/signup", `{"email":"no address","password":"long enough 1"}`, "400"},
			{"/auth/v1/signup", `{"email":"c@pets.test","password":"short"}`, "422"},
			{"/auth/v1/signup", `{"email":"ann@pets.test","password":"long enough 1"}`, "422"},
			{"/auth/v1/token", `{}`, "400"},
			{"/auth/v1/token?grant_type=magic", `{}`, "400"},
			{"/auth/v1/token?grant_type=password", `{"email":"ann@pets.test","password":"wrong"}`, "400"},
			{"/auth/v1/token?grant_type=refresh_token", `{"refresh_token":"x"}`, "400"},
			{"/auth/v1/token?grant_type=password&grant_type=%zz", ``, "400"},
			{"/auth/v1/logout?scope=moon", ``, "400"},
			{"/auth/v1/logout", ``, "401"},
		} {
			if a := s.do(t, "", "POST", tc[0], tc[1]); fmt.Sprint(a.StatusCode) != tc[2] {
				t.Errorf("%s %s: %d %s", tc[0], tc[1], a.StatusCode, a.body)
			}
		}
		if a := s.do(t, "", "POST", "/auth/v1/signup", `{"email":"c@pets.test","password":"short"}`); !strings.Contains(a.body, `"weak_password":{"reasons":["length"]}`) {
			t.Error(a.body)
		}
	})
}
