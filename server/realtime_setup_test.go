package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/live"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/rules"
	"github.com/hutch-dev/hutch/server"
)

// passes stands for auth: tokens with principals, ends and a feed of changes.
type passes struct {
	mu      sync.Mutex // guards the rest
	known   map[string]pass
	broken  error
	asked   func(token string) // before an answer
	watcher func(auth.Change)
	acts    []string // of the audit
	mute    error    // of Note
}

type pass struct {
	who hutch.Principal
	end time.Time
}

func (p *passes) Authenticate(_ context.Context, c auth.Credentials) (hutch.Principal, time.Time, error) {
	token := strings.TrimPrefix(c.Authorization, "Bearer ")
	p.mu.Lock()
	broken, asked, k, ok := p.broken, p.asked, p.known[token], false
	if _, ok = p.known[token]; !ok && token != "" {
		broken = cmpError(broken, hutch.Errorf(hutch.Unauthenticated, "the token is not valid"))
	}
	p.mu.Unlock()
	if asked != nil {
		asked(token)
	}
	if token != "" && broken == nil && c.Browser && k.who.Kind == hutch.Service {
		broken = hutch.Errorf(hutch.Unauthenticated, "service keys are not for browsers")
	}
	return k.who, k.end, broken
}

func cmpError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// Verify stands for operators' sessions.
func (p *passes) Verify(ctx context.Context, token string) (hutch.Principal, time.Time, bool, error) {
	who, end, err := p.Authenticate(ctx, auth.Credentials{Authorization: "Bearer " + token})
	return who, end, false, err
}

func (p *passes) As(ctx context.Context, op hutch.Principal, uid string) (hutch.Principal, error) {
	if op.Kind != hutch.Operator {
		return hutch.Principal{}, hutch.Errorf(hutch.PermissionDenied, "no operator")
	}
	if uid == "" {
		return hutch.Principal{}.Sealed(), nil
	}
	who, _, err := p.Authenticate(ctx, auth.Credentials{Authorization: "Bearer " + uid})
	who.Actor, who.SessionID = op.UID, ""
	return who.Sealed(), err
}

func (p *passes) Note(ctx context.Context, a auth.Act) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acts = append(p.acts, hutch.PrincipalFrom(ctx).UID+" "+a.What+" "+a.Target)
	return p.mute
}

func (p *passes) Watch(f func(auth.Change)) func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watcher = f
	return func() {}
}

// set changes what a token is; no principal: it is not valid any more.
func (p *passes) set(token string, who *hutch.Principal, end time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if delete(p.known, token); who != nil {
		p.known[token] = pass{*who, end}
	}
}

func (p *passes) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = err
}

func (p *passes) tell(c auth.Change) {
	p.mu.Lock()
	f := p.watcher
	p.mu.Unlock()
	f(c)
}

// alarms are timers that a test lets go off.
type alarms struct {
	mu  sync.Mutex // guards set
	set []*alarm
}

type alarm struct {
	after time.Duration
	ring  func()
	off   bool
}

func (a *alarms) After(d time.Duration, f func()) func() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	x := &alarm{d, f, false}
	a.set = append(a.set, x)
	return func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		was := !x.off
		x.off = true
		return was
	}
}

// ring lets the newest timer that is on go off; it must be of a duration.
func (a *alarms) ring(t testing.TB, d time.Duration) {
	t.Helper()
	var x *alarm
	waitFor(t, fmt.Sprint("a timer of ", d), func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		if n := len(a.set); n > 0 && !a.set[n-1].off && a.set[n-1].after == d {
			x = a.set[n-1]
			x.off = true
		}
		return x != nil
	})
	x.ring()
}

// station is a server with live queries over a store, rules and a double of auth.
type station struct {
	*site
	data   *data.Service
	hub    *live.Hub
	live   *server.Realtime
	passes *passes
	alarms *alarms
	now    time.Time
	rules  rules.Config
}

const petRule = "resource.public == true || (auth != null && (resource.owner == auth.uid || 'mod' in auth.roles))"

func startLive(t testing.TB, change ...func(*server.RealtimeOptions)) *station {
	t.Helper()
	store, err := pebble.Open(pebble.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s := &station{alarms: &alarms{}, now: time.Unix(1_800_000_000, 0), passes: &passes{known: map[string]pass{}}}
	s.data = data.New(data.Options{Store: store, CursorKey: bytes.Repeat([]byte{7}, 32)})
	s.use(t, "v1", petRule)
	if s.hub, err = live.New(t.Context(), live.Options{Data: s.data, Key: []byte("key")}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ann", "bob", "cid"} {
		s.passes.known[name] = pass{person(name), time.Time{}}
	}
	s.passes.known["key"] = pass{hutch.Principal{Kind: hutch.Service, UID: "k1", Scopes: []string{hutch.ScopeData}}.Sealed(), time.Time{}}
	s.passes.known["op"] = pass{hutch.Principal{Kind: hutch.Operator, UID: "op1", SessionID: "s-op"}.Sealed(), time.Time{}}
	o := server.RealtimeOptions{Hub: s.hub, Auth: s.passes, Operators: s.passes, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return s.now }, After: s.alarms.After}
	for _, f := range change {
		f(&o)
	}
	s.live = server.NewRealtime(o)
	t.Cleanup(func() { // after the server's own
		_ = s.live.Shutdown(context.Background())
		s.hub.Close()
		_ = s.data.Close()
		_ = store.Close()
	})
	s.site = start(t, func(o *server.Options) {
		o.Sockets, o.Live, o.Dev = s.live, s.live, true
		o.Desk.Operators = staff{passes: s.passes}
		o.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		o.Parts.CORS = []string{"https://app.example"}
	})
	return s
}

func person(uid string, roles ...string) hutch.Principal {
	return hutch.Principal{Kind: hutch.User, UID: uid, SessionID: "s-" + uid, AAL: "aal1", Roles: roles}.Sealed()
}

func (s *station) use(t testing.TB, version, read string) {
	t.Helper()
	list := func(text string) map[string]hutch.Expr { return map[string]hutch.Expr{"read": {Text: text}} }
	s.rules = rules.Config{Collections: []rules.Collection{
		{Name: "pets", Access: list(read)},
		{Name: "teams", Access: list("auth != null && exists('pets', auth.uid)")},
		{Name: "timed", Access: list("resource.until > request.time")},
		{Name: "closed", Access: map[string]hutch.Expr{}},
	}}
	set, ds := rules.Compile(s.rules)
	if set == nil {
		t.Fatal(ds)
	}
	if err := s.data.Use(t.Context(), data.App{Version: version, Guard: set, Collections: []data.Collection{{Name: "pets"}, {Name: "teams"}, {Name: "timed"}, {Name: "closed"}}}); err != nil {
		t.Fatal(err)
	}
}

// put writes a pet without rules.
func (s *station) put(t testing.TB, id, doc string) data.Position {
	t.Helper()
	d, err := data.ParseJSON([]byte(doc), 40)
	if err != nil {
		t.Fatal(err)
	}
	ctx := hutch.WithPrincipal(t.Context(), hutch.Principal{Kind: hutch.System}.Sealed())
	out, err := s.data.Write(ctx, []data.Mutation{{Op: data.OpSet, In: "pets", ID: id, Data: d}}, data.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return out.Position
}

// caller is a client's socket.
type caller struct {
	t testing.TB
	*websocket.Conn
	log []string
}

func (s *station) call(t testing.TB, headers ...string) *caller {
	t.Helper()
	return &caller{t: t, Conn: s.dial(t, headers...)}
}

// greet calls and says hello; "" is a guest.
func (s *station) greet(t testing.TB, token string, headers ...string) *caller {
	t.Helper()
	c := s.call(t, headers...)
	if token == "" {
		c.send(`{"t":"hello","proto":1}`)
	} else {
		c.send(`{"t":"hello","proto":1,"token":"` + token + `"}`)
	}
	if f := c.next(); f["t"] != "welcome" {
		t.Fatalf("hello is answered %v", f)
	}
	return c
}

func (c *caller) send(text string) {
	c.t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// next is the next frame.
func (c *caller) next() map[string]any {
	c.t.Helper()
	_, b, err := c.ReadMessage()
	if err != nil {
		c.t.Fatalf("%v after:\n%s", err, strings.Join(c.log, "\n"))
	}
	c.log = append(c.log, string(b))
	var f map[string]any
	if err := json.Unmarshal(b, &f); err != nil {
		c.t.Fatalf("%s: %v", b, err)
	}
	return f
}

// want reads the next frame, which must be of a kind and have members: pairs.
func (c *caller) want(kind string, members ...any) map[string]any {
	c.t.Helper()
	f := c.next()
	if f["t"] != kind {
		c.t.Fatalf("%v, want %s", f, kind)
	}
	for i := 0; i < len(members); i += 2 {
		if fmt.Sprint(f[members[i].(string)]) != fmt.Sprint(members[i+1]) {
			c.t.Fatalf("%v, want %v %v", f, members[i], members[i+1])
		}
	}
	return f
}

// gone wants nothing more than a close.
func (c *caller) gone(code int) {
	c.t.Helper()
	_, b, err := c.ReadMessage()
	if !websocket.IsCloseError(err, code) {
		c.t.Fatalf("%s %v, want close %d", b, err, code)
	}
}

// show subscribes and reads the snapshot.
func (c *caller) show(id int, query string) map[string]any {
	c.t.Helper()
	c.send(fmt.Sprintf(`{"t":"sub","id":%d,"query":%s}`, id, query))
	c.want("subbed", "id", id)
	return c.want("snap", "last", true)
}
