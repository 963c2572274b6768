package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/rules"
	"github.com/hutch-dev/hutch/server"
)

// court is a site whose Rules page asks a real store.
type court struct {
	*site
	data *data.Service
	cfg  rules.Config
}

type courtPage struct {
	*data.Service
	*passes
}

// newCourt serves an app with rules.
func newCourt(t testing.TB, s *station, cfg rules.Config) *court {
	t.Helper()
	set, ds := rules.Compile(cfg)
	if set == nil {
		t.Fatal(ds)
	}
	var cs []data.Collection
	for _, c := range cfg.Collections {
		cs = append(cs, data.Collection{Name: c.Name, Indexes: []data.Index{{Name: "owner", Fields: []data.Order{{Path: "owner"}}}}})
	}
	if err := s.data.Use(t.Context(), data.App{Version: fmt.Sprint(rand.Int()), Guard: set, Collections: cs}); err != nil {
		t.Fatal(err)
	}
	c := &court{data: s.data, cfg: cfg}
	c.site = start(t, func(o *server.Options) {
		o.Dev, o.Desk.Operators, o.RulesPage = true, staff{passes: s.passes}, courtPage{s.data, s.passes}
		o.Parts.Rules = server.RuleTexts{Config: cfg, Diagnostics: ds, Functions: []rules.Named{{Name: "f", Expr: hutch.Expr{Text: "auth != null"}}}}
	})
	return c
}

type explained struct {
	Allowed         bool
	Code, Op, Field string
	Next, Stored    json.RawMessage
	LookUps         []struct{ Collection, ID string }
	List            *struct {
		Rule, Index string
		Filter      json.RawMessage
		Exact       bool
		Sample      struct {
			Passing, Refused int
			Passes, Refuses  json.RawMessage
		}
	}
	Rules []struct {
		Op, Key, Truth, Of string
		Parts              []struct {
			Text, Kind, Truth, In string
			Deciding              bool
		}
	}
}

func (c *court) explain(t testing.TB, body string) (out explained, a *answer) {
	t.Helper()
	a = c.do(t, "", "POST", "/admin/v1/rules/explain", body, atDesk...)
	if a.StatusCode == 200 {
		if err := json.Unmarshal([]byte(a.body), &out); err != nil {
			t.Fatal(a.body, err)
		}
	}
	return out, a
}

func exprMap(pairs ...string) map[string]hutch.Expr {
	m := map[string]hutch.Expr{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = hutch.Expr{Text: pairs[i+1], Pos: hutch.Pos{File: "hutch.yaml", Line: i + 1, Column: 3}}
	}
	return m
}

// TestExplainSaysWhatTheDoorSays: over random rules, documents and principals the
// verdict is that of the same access done.
func TestExplainSaysWhatTheDoorSays(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(seed, 3))
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	var test func(depth int, next bool) string
	test = func(depth int, next bool) string {
		doc := "resource"
		if next && r.IntN(2) == 0 {
			doc = "next"
		}
		if depth > 0 {
			switch r.IntN(4) {
			case 0:
				return "(" + test(depth-1, next) + " && " + test(depth-1, next) + ")"
			case 1:
				return "(" + test(depth-1, next) + " || " + test(depth-1, next) + ")"
			case 2:
				return "!(" + test(depth-1, next) + ")"
			}
		}
		return pick("mine(", "auth != null", doc+".n > 2", doc+".owner == 'ann'", "has("+doc+".tag)", "'mod' in auth.roles", doc+".n in [1, 3]", "exists('orgs', "+doc+".org)", "auth.uid == "+doc+".owner", "auth.claims.plan == 'pro'")
	}
	expr := func(class string) string {
		e := test(2, class == "update")
		if class == "create" {
			e = strings.ReplaceAll(e, "resource", "next")
		}
		e = strings.ReplaceAll(e, "mine(", map[bool]string{true: "owns(next)", false: "owns(resource)"}[class == "create"])
		if class == "list" { // no look-up depends on the document
			e = strings.ReplaceAll(e, "resource.org)", "'o1')")
		}
		return e
	}
	document := func() string {
		var fields []string
		for k, v := range map[string]string{"owner": pick(`"ann"`, `"bob"`, "7"), "n": pick("1", "2", "3", "2.5", `"x"`), "tag": pick("true", "null"), "org": pick(`"o1"`, `"o2"`)} {
			if r.IntN(4) > 0 {
				fields = append(fields, fmt.Sprintf("%q:%s", k, v))
			}
		}
		return "{" + strings.Join(fields, ",") + "}"
	}
	parse := func(s string) data.Doc {
		d, err := data.ParseJSON([]byte(s), 40)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	s := startLive(t)
	ann := person("ann", "mod")
	ann.Claims = json.RawMessage(`{"plan":"pro"}`)
	ann = ann.Sealed()
	s.passes.set("ann", &ann, time.Time{})
	op := hutch.Principal{Kind: hutch.System}.Sealed()
	verdicts := map[string]int{}
	for round := range 60 {
		cfg := rules.Config{
			Helpers: exprMap("owns(d)", "auth != null && d.owner == auth.uid"),
			Collections: []rules.Collection{{
				Name: "pets", Scan: 100, Immutable: []string{"tag"}, Preset: exprMap("by", "auth == null ? 'nobody' : auth.uid"), Default: exprMap("n", "3"),
				Access: exprMap("get", expr("get"), "list", expr("list"), "create", expr("create"), "update", expr("update"), "delete", expr("get")),
			}, {Name: "orgs", Access: exprMap("read", "true")}},
		}
		c := newCourt(t, s, cfg)
		system := hutch.WithPrincipal(t.Context(), op)
		if _, err := s.data.Write(system, []data.Mutation{{Op: data.OpSet, In: "orgs", ID: "o1", Data: parse(`{}`)}}, data.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		for range 12 {
			id := pick("a", "b", "missing")
			if id != "missing" {
				if _, err := s.data.Write(system, []data.Mutation{{Op: data.OpSet, In: "pets", ID: id, Data: parse(document())}}, data.WriteOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			who := pick("guest", "ann", "bob")
			as, p := `"guest"`, hutch.Principal{}.Sealed()
			if who != "guest" {
				as = fmt.Sprintf(`{"uid":%q}`, who)
				var err error
				if p, err = s.passes.As(t.Context(), hutch.Principal{Kind: hutch.Operator, UID: "op1"}, who); err != nil {
					t.Fatal(err)
				}
			}
			ctx := hutch.WithPrincipal(t.Context(), p)
			kind := pick("get", "create", "update", "set", "delete", "list")
			body := fmt.Sprintf(`{"as":%s,"op":%q,"collection":"pets"`, as, kind)
			next := document()
			if kind != "list" {
				body += fmt.Sprintf(`,"id":%q`, id)
			}
			var do func(ctx context.Context) error
			switch kind {
			case "get":
				do = func(ctx context.Context) error {
					_, _, err := s.data.Get(ctx, "pets", id, data.Request{Op: data.OpGet})
					return err
				}
			case "list":
				do = func(ctx context.Context) error {
					_, err := s.data.Query(ctx, data.Query{From: "pets"}, data.Request{})
					return err
				}
			case "delete":
				do = func(ctx context.Context) error {
					_, err := s.data.Write(ctx, []data.Mutation{{Op: data.OpDelete, In: "pets", ID: id}}, data.WriteOptions{})
					return err
				}
			case "update": // to the whole of next
				body += `,"next":` + next
				do = func(ctx context.Context) error {
					stored, _, err := s.data.Get(system, "pets", id, data.Request{Op: data.OpGet})
					var gone []string
					for k := range data.Fields(stored) {
						if err == nil && !strings.HasPrefix(k, "_") && data.Field(parse(next), k).IsZero() {
							gone = append(gone, fmt.Sprintf("%q:true", k))
						}
					}
					change := strings.TrimSuffix(next, "}")
					if len(gone) == 0 {
						gone = append(gone, `"nothing":true`)
					}
					if change != "{" {
						change += ","
					}
					change += `"$unset":{` + strings.Join(gone, ",") + "}}"
					_, err = s.data.Write(ctx, []data.Mutation{{Op: data.OpUpdate, In: "pets", ID: id, Data: parse(change)}}, data.WriteOptions{})
					return err
				}
			default:
				body += `,"next":` + next
				do = func(ctx context.Context) error {
					_, err := s.data.Write(ctx, []data.Mutation{{Op: data.Op(kind), In: "pets", ID: id, Data: parse(next)}}, data.WriteOptions{})
					return err
				}
			}
			got, a := c.explain(t, body+"}")
			if a.StatusCode != 200 {
				t.Fatal(body, a.body)
			}
			err := do(ctx)
			want := string(hutch.CodeOf(err))
			if want == string(hutch.AlreadyExists) { // rules let it pass
				want = ""
			}
			if got.Code != want || got.Allowed != (want == "") || got.Field != fieldOf(err) && want != "" && got.Field != "" {
				rule, _ := json.Marshal(cfg.Collections[0].Access)
				t.Fatalf("seed %d, round %d: %s is explained as %q, done as %q (%v)\n%s\n%s", seed, round, body, got.Code, want, err, rule, a.body)
			}
			verdicts[kind+" "+want]++
			if n := len(got.Rules); n > 0 && kind != "list" && got.Field == "" {
				if last := got.Rules[n-1]; (last.Truth == "true") != got.Allowed && got.Code != "not_found" && !(kind == "set" && last.Op == "create") {
					t.Errorf("%s: the rule is %s, the verdict %q", body, last.Truth, got.Code)
				}
			}
		}
	}
	t.Log(verdicts)
	if len(verdicts) < 10 {
		t.Errorf("too few kinds: %v", verdicts)
	}
}

func fieldOf(err error) string {
	if e := hutch.AsError(err); e != nil {
		return strings.TrimPrefix(e.Field, "data.")
	}
	return ""
}

func TestRulesAreShownCheckedAndExplained(t *testing.T) {
	s := startLive(t)
	c := newCourt(t, s, rules.Config{
		Helpers: exprMap("mine", "auth != null && resource.owner == auth.uid"),
		Collections: []rules.Collection{
			{Name: "pets", Access: exprMap("read", "resource.public == true || mine() || 'mod' in auth.roles", "create", "auth != null"), Preset: exprMap("owner", "auth.uid")},
			{Name: "closed"},
		},
	})
	a := c.do(t, "", "GET", "/admin/v1/rules", "", atDesk...)
	for _, want := range []string{`"helpers":[{"key":"mine"`, `"name":"closed","access":[]`, `"functions":[{"key":"f"`, `"diagnostics":[]`, `"line":1`} {
		if !strings.Contains(a.body, want) {
			t.Errorf("%s is not in %s", want, a.body)
		}
	}
	for body, want := range map[string]string{
		`{"text":"auth != null &&","where":{"kind":"access","collection":"pets","key":"read"}}`:            `"line":1,"column":16`,
		`{"text":"true ||\n  resorce.x","where":{"kind":"access","collection":"pets","key":"read"}}`:       `"line":2,"column":3`,
		`{"text":"authh","where":{"kind":"function","key":"f"}}`:                                           `did you mean \"auth\"?`,
		`{"text":"resource.owner ==","where":{"kind":"helper","key":"mine"}}`:                              `"code":"rule-syntax"`,
		`{"text":"auth.uid","where":{"kind":"preset","collection":"pets","key":"owner"}}`:                  `"diagnostics":[],"others":[]`,
		`{"text":"x in resource.l","where":{"kind":"helper","key":"mine(x)"}}`:                             `"code"`,
		`{"text":"resource.o == resource.p","where":{"kind":"access","collection":"closed","key":"list"}}`: `"code":"rule-scan"`,
	} {
		if a := c.do(t, "", "POST", "/admin/v1/rules/check", body, atDesk...); a.StatusCode != 200 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", body, a.StatusCode, a.body)
		}
	}
	sys := hutch.WithPrincipal(t.Context(), hutch.Principal{Kind: hutch.System}.Sealed())
	for id, owner := range map[string]string{"a": "ann", "b": "bob", "c": "bob"} {
		if _, err := s.data.Write(sys, []data.Mutation{{Op: data.OpSet, In: "pets", ID: id, Data: data.NewDoc(data.Elem{Name: "owner", Value: data.String(owner)})}}, data.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	e, a := c.explain(t, `{"as":{"uid":"ann"},"op":"list","collection":"pets","query":{"from":"pets","where":{"owner":"ann"}}}`)
	if e.List == nil || !e.Allowed || e.List.Rule != "filter" || !e.List.Exact || e.List.Sample.Passing != 1 || e.List.Sample.Refused != 0 || e.List.Index != "owner" || len(e.Rules) != 1 {
		t.Error(a.body)
	}
	e, a = c.explain(t, `{"as":{"claims":{"uid":"zed","roles":["mod"]}},"op":"list","collection":"pets"}`)
	if e.List == nil || e.List.Rule != "always" || e.List.Sample.Passing != 3 {
		t.Error(a.body)
	}
	e, a = c.explain(t, `{"as":"guest","op":"list","collection":"pets"}`)
	if e.List == nil || e.List.Sample.Refused != 3 || e.List.Sample.Passing != 0 || len(e.Rules) != 1 || e.Rules[0].Truth != "error" {
		t.Error(a.body)
	}
	e, a = c.explain(t, `{"as":{"uid":"ann"},"op":"create","collection":"pets","next":{"owner":"eve"}}`)
	if !e.Allowed || !strings.Contains(string(e.Next), `"owner":"ann"`) {
		t.Error(a.body)
	}
	e, a = c.explain(t, `{"as":{"uid":"ann"},"op":"get","collection":"closed","id":"x","document":{"n":1}}`)
	if e.Allowed || len(e.Rules) != 1 || e.Rules[0].Key != "" {
		t.Error(a.body)
	}
	before := len(c.auth.acts)
	for _, bad := range []string{
		`{}`, `{"as":"guest"}`, `{"as":"nobody","op":"get","collection":"pets","id":"a"}`, `{"as":{"uid":"ann","claims":{}},"op":"get","collection":"pets","id":"a"}`,
		`{"as":"guest","op":"get","collection":"pets"}`, `{"as":"guest","op":"create","collection":"pets"}`, `{"as":"guest","op":"get","collection":"pets","id":"a","next":{}}`,
		`{"as":"guest","op":"list","collection":"pets","query":{"from":"closed"}}`, `{"as":"guest","op":"get","collection":"pets","id":"a","x":1}`, `{"as":{"claims":{"x":1}},"op":"get","collection":"pets","id":"a"}`,
		`{"as":{"claims":{"uid":"u","claims":[1]}},"op":"get","collection":"pets","id":"a"}`,
	} {
		if _, a := c.explain(t, bad); a.StatusCode != 400 {
			t.Errorf("%s: %d %s", bad, a.StatusCode, a.body)
		}
	}
	if len(c.auth.acts) != before {
		t.Errorf("the audit tells of %v", c.auth.acts[before:])
	}
	if _, a := c.explain(t, `{"as":"guest","op":"get","collection":"nothing","id":"a"}`); a.StatusCode != 404 {
		t.Error(a.body)
	}
}
