package rules

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// TestTracesEqualTheRules: over random rules and documents a traced rule comes to
// what the rule comes to, and the parts that are said to decide do.
func TestTracesEqualTheRules(t *testing.T) {
	seed := fuzzSeed(t)
	t.Log("HUTCH_SEED", seed)
	es := newFuzzEnvs()
	g := &gen{r: rand.New(rand.NewPCG(uint64(seed), 77))}
	counts := map[Truth]int{}
	rejected := 0
	for n := range 1000 {
		s := g.subject(es, &rejected)
		env := es.plain
		if g.typed {
			env = es.typed
		}
		opt := *s.opt
		opt.list, opt.traced, opt.helpers = false, &tracing{}, map[string]*helper{}
		for name, h := range s.opt.helpers {
			opt.helpers[name] = &helper{params: h.params, body: h.body}
		}
		r, fs := compile(env, s.src, &opt)
		if r == nil {
			t.Fatalf("%s: %v", s.src, fs)
		}
		now := nows[n%2]
		plain := s.bind(now)
		for range 4 {
			d, next := marshalled(t, g.doc()), data.Doc(nil)
			if g.mode != listing {
				next = marshalled(t, g.doc())
			}
			want := plain.judged(d, next, "p1")
			b := r.bind(s.claim, encodeRequest("list", &data.Request{Time: now, IP: "a"}), &fetcher{from: fuzzStore{}})
			b.seen, b.asked = make([]truth, len(opt.traced.marks)), make([]bool, len(opt.traced.marks))
			got := b.judged(d, next, "p1")
			if plain.late || b.late {
				continue
			}
			if got != want {
				t.Fatalf("HUTCH_SEED=%d: %s is %v, traced %v", seed, s.src, want, got)
			}
			if !checked(d) || len(next) > 0 && !checked(next) || b.units > maxUnits {
				continue
			}
			parts := opt.traced.parts(b)
			opt.traced.decide(parts, 0)
			counts[shown(got)]++
			checkParts(t, s.src, parts, shown(got))
		}
	}
	t.Logf("%v, %d refused", counts, rejected)
	for _, k := range []Truth{True, False, Failed} {
		if counts[k] < 20 {
			t.Errorf("only %d are %s", counts[k], k)
		}
	}
}

// checkParts: whatever the parts that do not decide come to, the verdict stays.
func checkParts(t *testing.T, src string, ps []Part, want Truth) {
	t.Helper()
	for i := range ps {
		if p := &ps[i]; p.Text == "" || strings.Count(p.Text, "(") != strings.Count(p.Text, ")") && !strings.ContainsAny(p.Text, `'"`) {
			t.Fatalf("in %s a part is %q", src, p.Text)
		}
	}
	for _, other := range []Truth{True, False, Failed} {
		var value func(i int) Truth
		value = func(i int) Truth {
			p := &ps[i]
			if !p.Deciding {
				return other
			}
			var kids []Truth
			for k := range ps {
				if ps[k].Up == i {
					kids = append(kids, value(k))
				}
			}
			switch p.Kind {
			case "and", "or":
				strong, weak := False, True
				if p.Kind == "or" {
					strong, weak = True, False
				}
				switch {
				case slices.Contains(kids, strong):
					return strong
				case slices.Contains(kids, Failed):
					return Failed
				}
				return weak
			case "not":
				return map[Truth]Truth{True: False, False: True, Failed: Failed}[kids[0]]
			case "if":
				switch kids[0] {
				case True:
					return kids[1]
				case False:
					return kids[2]
				}
				return Failed
			}
			return p.Truth
		}
		if got := value(0); got != want {
			t.Fatalf("%s is %s; with what does not decide %s it would be %s: %+v", src, want, other, got, ps)
		}
	}
}

func TestTraceShowsPlacesAndValues(t *testing.T) {
	e := func(s string) hutch.Expr { return hutch.Expr{Text: s} }
	cfg := &Config{
		Helpers: map[string]hutch.Expr{"mine": e("auth != null && resource.owner == auth.uid"), "of(x)": e("x in resource.orgs")},
		Collections: []Collection{{Name: "pets", Access: map[string]hutch.Expr{
			"read": e("(resource.name == 'é𝄞' && size(resource.tags) > 2) || mine() || of(auth.uid)"), "update": e("!changed('owner')"),
		}}},
	}
	d := marshalled(t, bson.D{{Key: "_id", Value: "a"}, {Key: "name", Value: "é𝄞"}, {Key: "tags", Value: bson.A{1}}, {Key: "owner", Value: "bob"}, {Key: "orgs", Value: bson.A{"ann"}}})
	ann := hutch.Principal{Kind: hutch.User, UID: "ann"}.Sealed()
	tr, err := Trace(cfg, "pets", data.OpGet, ann, data.Request{}, fuzzStore{}, "a", d, nil)
	if err != nil || tr.Key != "read" || tr.Truth != True {
		t.Fatalf("%+v %v", tr, err)
	}
	find := func(text string) Part {
		t.Helper()
		for _, p := range tr.Parts {
			if p.Text == text {
				return p
			}
		}
		t.Fatalf("no part is %q: %+v", text, tr.Parts)
		return Part{}
	}
	if p := tr.Parts[0]; p.Text != cfg.Collections[0].Access["read"].Text || p.Kind != "or" || !p.Deciding || p.Up != -1 {
		t.Errorf("%+v", p)
	}
	if p := find("size(resource.tags) > 2"); p.Truth != False || p.Deciding || len(p.Values) != 1 || p.Values[0].Text != "size(resource.tags)" || string(p.Values[0].Value) != "1" {
		t.Errorf("%+v", p)
	}
	if p := find("resource.name == 'é𝄞'"); p.From != 1 || p.To != 1+len("resource.name == '")+1+2+1 || p.Truth != True {
		t.Errorf("%+v", p)
	}
	if p := find("resource.owner == auth.uid"); p.In != "mine" || len(p.Calls) != 1 || p.Calls[0].Text != "mine()" || p.Calls[0].In != "" || p.Truth != False || len(p.Values) != 2 || string(p.Values[1].Value) != `"ann"` {
		t.Errorf("%+v", p)
	}
	if p := find("x in resource.orgs"); p.In != "of" || !p.Deciding || p.Values[0].Text != "auth.uid" || string(p.Values[1].Value) != `["ann"]` {
		t.Errorf("%+v", p)
	}
	tr, err = Trace(cfg, "pets", data.OpUpdate, ann, data.Request{}, fuzzStore{}, "a", d, d)
	if err != nil || tr.Truth != True || tr.Parts[1].Text != "changed('owner')" || tr.Parts[1].Truth != False {
		t.Errorf("%+v %v", tr, err)
	}
	if tr, err = Trace(cfg, "pets", data.OpDelete, ann, data.Request{}, fuzzStore{}, "a", d, nil); tr != nil || err != nil {
		t.Errorf("%+v %v", tr, err)
	}
	tr, err = Trace(cfg, "pets", data.OpGet, hutch.Principal{}, data.Request{}, fuzzStore{}, "a", d, nil)
	if err != nil || tr.Truth != Failed || find("auth != null").Truth != False || find("resource.owner == auth.uid").Truth != Unseen {
		t.Errorf("%+v %v", tr, err)
	}
}

func marshalled(t *testing.T, d bson.D) data.Doc {
	t.Helper()
	b, err := bson.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
