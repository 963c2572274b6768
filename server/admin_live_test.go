package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/server"
)

// staff stands for operators: Verify alone.
type staff struct {
	server.Operators
	*passes
}

func (s staff) Verify(ctx context.Context, token string) (hutch.Principal, time.Time, bool, error) {
	return s.passes.Verify(ctx, token)
}

// atDesk are the headers of the dashboard's own requests.
var atDesk = []string{"Cookie", "hutch-admin=op", "Sec-Fetch-Site", "same-origin", "X-Hutch-Admin", "1"}

// admin asks as the operator of startLive.
func (s *station) admin(t testing.TB, method, path string) *answer {
	t.Helper()
	return s.do(t, "", method, path, "", atDesk...)
}

type shownLive struct {
	Connections []struct {
		ID, Kind, UID, Console, IP, Agent, Client, Position string
		Subscriptions                                       int
		Slow                                                bool
	}
	Groups []struct {
		Q, Query, Collection, Rule, Shared string
		Members, Rows                      int
	}
	Connection    struct{ Kind, UID string }
	Subscriptions []struct {
		ID                                  int64
		State, Q, Query, Collection, ReadAt string
		Members, Rows                       int
	}
	Next string
	All  int
}

func (s *station) shown(t testing.TB, path string) (out shownLive) {
	t.Helper()
	a := s.admin(t, "GET", path)
	if a.StatusCode != 200 {
		t.Fatal(path, a.StatusCode, a.body)
	}
	var raw struct{ Groups, Subscriptions []map[string]json.RawMessage }
	_ = json.Unmarshal([]byte(a.body), &raw)
	for _, row := range append(raw.Groups, raw.Subscriptions...) {
		q := string(row["query"])
		a.body = strings.Replace(a.body, `"query":`+q, fmt.Sprintf(`"query":%q`, q), 1)
	}
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatal(a.body, err)
	}
	return out
}

func TestLiveShowsSocketsAndGroups(t *testing.T) {
	s := startLive(t)
	s.put(t, "a", `{"public":true}`)
	ann := s.call(t, "User-Agent", "Browser "+strings.Repeat("é", 300))
	ann.send(`{"t":"hello","proto":1,"token":"ann","client":"js/1.0.0"}`)
	ann.want("welcome")
	ann.show(1, mine)
	ann.show(2, `{"from":"pets","where":{"n":{"$gt":1}},"limit":5}`)
	guest := s.greet(t, "")
	guest.show(1, mine)
	guest2 := s.greet(t, "", from(9)...)
	guest2.show(1, mine)
	quiet := s.call(t)
	waitFor(t, "all are there", func() bool { return s.live.Count() == 4 })
	a := s.admin(t, "GET", "/admin/v1/live")
	for name, want := range map[string]string{"connections": "4", "users": "1", "guests": "2", "unproven": "1", "subscriptions": "4", "groups": "3", "slow": "0", "limit": "20000", "silent": "false"} {
		if got := a.field(name); got != want {
			t.Errorf("%s is %s, want %s: %s", name, got, want, a.body)
		}
	}
	all := s.shown(t, "/admin/v1/live/connections").Connections
	if len(all) != 4 || all[0].Kind != "user" || all[0].UID != "ann" || all[0].Subscriptions != 2 || all[0].Client != "js/1.0.0" || len(all[0].Agent) > 256 || all[1].Kind != "guest" || all[3].Kind != "hello" || all[0].Position == "" {
		t.Errorf("%+v", all)
	}
	one := s.shown(t, "/admin/v1/live/connections?limit=3")
	if rest := s.shown(t, "/admin/v1/live/connections?limit=3&after="+one.Next); one.Next == "" || len(one.Connections) != 3 || len(rest.Connections) != 1 || rest.Next != "" {
		t.Errorf("%+v, then %+v", one, rest)
	}
	for path, want := range map[string]int{"?search=ANN": 1, "?search=203.0.113.9": 1, "?search=nobody": 0, "?slow=true": 0, "?sort=subscriptions&limit=1": 1} {
		if got := s.shown(t, "/admin/v1/live/connections"+path).Connections; len(got) != want {
			t.Errorf("%s: %+v", path, got)
		}
	}
	one = s.shown(t, "/admin/v1/live/connections/"+all[0].ID)
	if subs := one.Subscriptions; one.Connection.UID != "ann" || len(subs) != 2 || subs[0].ID != 1 || subs[0].State != "active" || subs[0].Collection != "pets" || subs[0].Members != 1 || subs[1].Query != `{"from":"pets","where":{"n":{"$gt":1}},"limit":5}` || subs[1].ReadAt == "" {
		t.Errorf("%+v", one)
	}
	if hello := s.shown(t, "/admin/v1/live/connections/"+all[3].ID); hello.Connection.Kind != "hello" || len(hello.Subscriptions) != 0 {
		t.Errorf("%+v", hello)
	}
	if a := s.admin(t, "GET", "/admin/v1/live/connections/none"); a.StatusCode != 404 {
		t.Error(a.StatusCode, a.body)
	}
	for _, g := range s.shown(t, "/admin/v1/live/groups").Groups {
		if in := s.shown(t, "/admin/v1/live/connections?group="+g.Q).Connections; len(in) != g.Members || g.Q == "" {
			t.Errorf("%+v in %+v", in, g)
		}
	}
	if in := s.shown(t, "/admin/v1/live/connections?group=none").Connections; len(in) != 0 {
		t.Errorf("%+v", in)
	}
	groups := s.shown(t, "/admin/v1/live/groups")
	if g := groups.Groups; len(g) != 3 || groups.All != 3 || g[0].Members != 2 || g[0].Rows != 1 || g[0].Rule != "filter" || g[0].Shared != "alike" || g[0].Query != `{"from":"pets","limit":1000}` {
		t.Errorf("%+v", groups)
	}
	if g := s.shown(t, "/admin/v1/live/groups?limit=1"); len(g.Groups) != 1 || g.All != 3 || len(s.shown(t, "/admin/v1/live/groups?collection=teams").Groups) != 0 {
		t.Errorf("%+v", g)
	}
	for _, bad := range []string{"connections?limit=0", "connections?limit=201", "connections?sort=x", "connections?slow=1", "connections?after=x", "connections?after=1&sort=queued", "groups?limit=x", "groups?x=1"} {
		if a := s.admin(t, "GET", "/admin/v1/live/"+bad); a.StatusCode != 400 {
			t.Errorf("%s: %d %s", bad, a.StatusCode, a.body)
		}
	}
	quiet.Close()
}

func TestLiveClosesSockets(t *testing.T) {
	s := startLive(t)
	ann, bob := s.greet(t, "ann"), s.greet(t, "bob")
	id := s.shown(t, "/admin/v1/live/connections?search=ann").Connections[0].ID
	if a := s.admin(t, "DELETE", "/admin/v1/live/connections/"+id); a.StatusCode != 204 {
		t.Fatal(a.StatusCode, a.body)
	}
	if f := ann.want("bye", "why", "closed"); f["retryMs"].(float64) < 1000 {
		t.Error(f)
	}
	ann.gone(1001)
	bob.send(`{"t":"ping","n":1}`)
	bob.want("pong")
	waitFor(t, "it is gone", func() bool { return s.live.Count() == 1 })
	if a := s.admin(t, "DELETE", "/admin/v1/live/connections/"+id); a.StatusCode != 404 {
		t.Error(a.StatusCode, a.body)
	}
	if acts := s.auth.acts; len(acts) != 1 || acts[0] != "op1 live.close "+id {
		t.Errorf("the audit says %q", acts)
	}
}

// TestLiveCutsOffWhoDoesNotRead and shows it as slow before.
func TestLiveCutsOffWhoDoesNotRead(t *testing.T) {
	s := startLive(t)
	stuckClient(t, s)
	var id string
	waitFor(t, "it is slow", func() bool {
		c := s.shown(t, "/admin/v1/live/connections?slow=true").Connections
		if len(c) == 1 {
			id = c[0].ID
		}
		return id != ""
	})
	if a := s.admin(t, "GET", "/admin/v1/live"); a.field("slow") != "1" {
		t.Error(a.body)
	}
	if a := s.admin(t, "DELETE", "/admin/v1/live/connections/"+id); a.StatusCode != 204 {
		t.Fatal(a.body)
	}
	s.alarms.ring(t, 5*time.Second)
	waitFor(t, "it is gone", func() bool { return s.live.Count() == 0 })
}

// console opens a socket of the dashboard's page as somebody: a uid, or null.
func (s *station) console(t testing.TB, as string) *caller {
	t.Helper()
	c := s.call(t, "Cookie", "hutch-admin=op", "Origin", "http://"+s.addr)
	c.send(`{"t":"hello","proto":1,"token":"operator","as":` + as + `}`)
	return c
}

// TestConsoleSeesWhatTheUserSees over random rules, documents and changes: frame
// by frame what the user's own socket gets.
func TestConsoleSeesWhatTheUserSees(t *testing.T) {
	s := startLive(t)
	n := uint64(time.Now().UnixNano())
	t.Log("seed", n)
	r := rand.New(rand.NewPCG(n, 1))
	rules := []string{
		petRule, "true", "auth != null", "auth != null && auth.uid in ['ann', 'cid']", "resource.n > 3", "auth == null || resource.owner != auth.uid",
		"auth != null && 'mod' in auth.roles || resource.n < 2", "false", "auth == null",
	}
	queries := []string{mine, `{"from":"pets","orderBy":[["n","desc"]],"limit":3}`, `{"from":"pets","where":{"n":{"$gt":2}},"select":["n"]}`}
	id := func() string { return fmt.Sprint("p", r.IntN(6)) }
	put := func() {
		s.put(t, id(), fmt.Sprintf(`{"owner":%q,"n":%d,"public":%t}`, []string{"ann", "bob", "cid"}[r.IntN(3)], r.IntN(6), r.IntN(3) == 0))
	}
	for i := range 27 {
		s.use(t, fmt.Sprint("r", i), rules[i%len(rules)])
		for _, who := range []string{"", "ann", "bob"} {
			as := "null"
			if who != "" {
				as = fmt.Sprintf("%q", who)
			}
			own, console := s.greet(t, who), s.console(t, as)
			if f := console.want("welcome"); who != "" && f["uid"] != who || who == "" && f["uid"] != nil {
				t.Fatal(f)
			}
			frames := map[*caller][]string{}
			both := func(text string) {
				for _, c := range []*caller{own, console} {
					c.send(text)
				}
			}
			read := func() {
				both(`{"t":"ping","n":77}`)
				for _, c := range []*caller{own, console} {
					for f := c.next(); f["t"] != "pong"; f = c.next() {
						frames[c] = append(frames[c], c.log[len(c.log)-1])
					}
				}
			}
			for k, q := range queries {
				both(fmt.Sprintf(`{"t":"sub","id":%d,"query":%s}`, k, q))
				both(`{"t":"sync","v":"0000000000000000"}`)
			}
			for range 5 {
				put()
				both(fmt.Sprintf(`{"t":"sync","v":%q}`, s.put(t, id(), doc("ann", r.IntN(6)))))
			}
			last := string(s.put(t, "last", doc("cid", r.IntN(1000)))) // always a change
			both(`{"t":"sync","v":"` + last + `"}`)
			for _, c := range []*caller{own, console} {
				for {
					f := c.next()
					frames[c] = append(frames[c], c.log[len(c.log)-1])
					if f["t"] == "commit" && f["v"].(string) >= last {
						break
					}
				}
			}
			read()
			// A snapshot's position depends on when it was read: what it ends in is compared.
			a, b := endOf(t, frames[own]), endOf(t, frames[console])
			if !maps.Equal(a, b) {
				t.Fatalf("rule %q as %q: the user has\n%v\nthe console\n%v", rules[i%len(rules)], who, a, b)
			}
			own.Close()
			console.Close()
		}
	}
}

// endOf is what frames show at their end: by group and id the documents, and the
// refusals.
func endOf(t testing.TB, frames []string) map[string]string {
	t.Helper()
	type change struct {
		Op  string
		ID  string
		Doc json.RawMessage
	}
	out := map[string]string{}
	name := func(q string, doc json.RawMessage) string {
		var d struct {
			ID string `json:"_id"`
		}
		if err := json.Unmarshal(doc, &d); err != nil {
			t.Fatal(err)
		}
		return q + "/" + d.ID
	}
	for _, text := range frames {
		var f struct {
			T, Q, Code string
			ID         int
			Docs       []json.RawMessage
			Ch         []change
		}
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(text, err)
		}
		switch f.T {
		case "snap":
			for _, d := range f.Docs {
				out[name(f.Q, d)] = string(d)
			}
		case "delta":
			for _, ch := range f.Ch {
				if ch.Op == "set" {
					out[name(f.Q, ch.Doc)] = string(ch.Doc)
				} else {
					delete(out, f.Q+"/"+ch.ID)
				}
			}
		case "end":
			out[fmt.Sprint("end ", f.ID)] = f.Code
		}
	}
	return out
}

func TestConsolesAreForOperators(t *testing.T) {
	s := startLive(t)
	c := s.console(t, `"ann"`)
	c.want("welcome", "uid", "ann")
	if l := s.shown(t, "/admin/v1/live/connections").Connections; len(l) != 1 || l[0].Console != "op1" || l[0].UID != "ann" {
		t.Errorf("%+v", l)
	}
	c.send(`{"t":"auth","token":"operator","as":null}`)
	c.want("auth", "uid", nil)
	c.send(`{"t":"auth","token":"operator","as":"bob"}`)
	c.want("auth", "uid", "bob")
	for range 20 { // what comes again within a quarter of an hour is told once
		c.send(`{"t":"auth","token":"operator","as":"ann"}`)
		c.want("auth", "uid", "ann")
		c.send(`{"t":"auth","token":"operator","as":null}`)
		c.want("auth", "uid", nil)
	}
	if want := []string{"op1 live.console ann", "op1 live.console guest", "op1 live.console bob"}; !slices.Equal(s.passes.acts, want) {
		t.Errorf("the audit says %q", s.passes.acts)
	}
	for _, hello := range []string{
		`{"t":"hello","proto":1,"token":"ann","as":"bob"}`, `{"t":"hello","proto":1,"token":"key","as":"bob"}`, `{"t":"hello","proto":1,"as":"bob"}`, `{"t":"hello","proto":1,"as":null}`,
		`{"t":"hello","proto":1,"token":"operator","as":"nobody"}`, `{"t":"hello","proto":1,"token":"operator","as":7}`, `{"t":"hello","proto":1,"token":"operator","as":""}`,
	} {
		c := s.call(t, "Cookie", "hutch-admin=op", "Origin", "http://"+s.addr)
		c.send(hello)
		c.want("error", "code", "unauthenticated")
		c.gone(4001)
	}
	for _, h := range [][]string{nil, {"Cookie", "hutch-admin=op"}, {"Cookie", "hutch-admin=op", "Origin", "https://app.example"}, {"Cookie", "hutch-admin=ann", "Origin", "http://" + s.addr}} {
		c := s.call(t, h...)
		c.send(`{"t":"hello","proto":1,"token":"operator","as":"bob"}`)
		c.want("error", "code", "unauthenticated")
		c.gone(4001)
	}
	s.passes.mu.Lock()
	s.passes.mute = hutch.Errorf(hutch.Unavailable, "the store is away")
	s.passes.mu.Unlock()
	carol := hutch.Principal{Kind: hutch.User, UID: "carol"}.Sealed()
	s.passes.set("carol", &carol, time.Time{})
	c = s.console(t, `"carol"`) // what is not told does not happen
	c.want("error", "code", "unavailable")
	c.gone(1001)
}

// TestConsolesEnd with the operator's session, and when the user is banned.
func TestConsolesEnd(t *testing.T) {
	for name, end := range map[string]func(*passes){
		"the operator has gone": func(p *passes) { p.set("op", nil, time.Time{}); p.tell(auth.Change{UID: "op1"}) },
		"the user is banned":    func(p *passes) { p.set("ann", nil, time.Time{}); p.tell(auth.Change{UID: "ann"}) },
		"all are asked again":   func(p *passes) { p.set("op", nil, time.Time{}); p.tell(auth.Change{All: true}) },
	} {
		s := startLive(t)
		c, guest := s.console(t, `"ann"`), s.console(t, "null")
		c.want("welcome")
		guest.want("welcome")
		c.show(1, mine)
		end(s.passes)
		if f := c.next(); f["code"] != "session_expired" {
			t.Fatalf("%s: %v", name, f)
		}
		c.gone(4001)
		if name == "the user is banned" {
			guest.send(`{"t":"ping","n":1}`)
			guest.want("pong")
			continue
		}
		guest.want("error", "code", "session_expired")
		guest.gone(4001)
	}
}
