package rules

import (
	"encoding/json"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Truth is what a part of a rule came to.
type Truth string

// The outcomes; Unseen: it was not asked, as another part had decided.
const (
	Unseen Truth = "unseen"
	True   Truth = "true"
	False  Truth = "false"
	Failed Truth = "error"
)

// Traced is a rule that was judged, part by part.
type Traced struct {
	Key   string // of access: "get", or "read"
	Expr  hutch.Expr
	Truth Truth
	Parts []Part // a part before those within it; the first is the rule itself
}

// Part is an expression within a rule, or within a helper that it calls.
type Part struct {
	Place
	Calls    []Place // by which the rule comes to the helper, the outermost first
	Up       int     // the part around it; -1: none
	Kind     string  // and, or, not, if, test
	Truth    Truth
	Deciding bool // the verdict follows from it, with the others that decide
	Values   []Operand
}

// Place is a stretch of a text; In is the name of the helper, "" in the rule.
// From and To count UTF-16 units.
type Place struct {
	In       string
	From, To int
	Text     string
}

// Operand is what a test looked at, and what it was: JSON, nil where there was
// no value.
type Operand struct {
	Text  string
	Value json.RawMessage
	Cut   bool // the value is longer than is shown: nil
}

const maxOperand = 2 << 10 // bytes of a value that is shown

// Trace judges an operation as Set.Check does and tells how it came to it; nil:
// there is no rule, which denies. The documents are as Check takes them.
func Trace(cfg *Config, coll string, op data.Op, p hutch.Principal, r data.Request, l data.Lookup, id string, old, next data.Doc) (*Traced, error) {
	c := &compiler{set: &Set{}, envs: newEnvs()}
	c.helpers = c.parseHelpers(cfg.Helpers)
	var in *Collection
	for i := range cfg.Collections {
		c.names = append(c.names, cfg.Collections[i].Name)
		if cfg.Collections[i].Name == coll {
			in = &cfg.Collections[i]
		}
	}
	n := ruleOf(op)
	if in == nil || n < 0 {
		return nil, nil
	}
	key := ruleKeys[n].key
	e, ok := in.Access[key]
	if !ok {
		key = ruleKeys[n].wide
		if e, ok = in.Access[key]; !ok {
			return nil, nil
		}
	}
	sch := newSchemaTypes(in.Name, in.Schema)
	env, _ := c.envs.of(classOf(n), sch)
	t := &tracing{}
	compiled, _ := compile(env, e.Text, &options{helpers: c.helpers, fields: sch.field, colls: c.names, traced: t})
	if compiled == nil {
		return nil, hutch.Errorf(hutch.Internal, "a rule that was loaded does not compile")
	}
	b := compiled.bind(encodeAuth(&p), encodeRequest(op, &r), &fetcher{from: l})
	b.op, b.seen = op, make([]truth, len(t.marks))
	b.asked = make([]bool, len(t.marks))
	b.fetch.begin()
	b.resource, b.next, b.id = docVal(old), docVal(next), vStr(id)
	out := &Traced{Key: key, Expr: e, Truth: Failed}
	if old != nil && !checked(old) || next != nil && !checked(next) {
		return out, nil
	}
	res := b.judge()
	out.Truth = shown(res)
	out.Parts = t.parts(b)
	t.decide(out.Parts, 0)
	return out, nil
}

func shown(t truth) Truth { return [...]Truth{Failed, True, False}[t] }

// tracing is what a compilation notes of the parts of a rule.
type tracing struct {
	marks   []mark
	up      []int // the marks around
	origins map[int64]origin
	texts   map[string]*source // by helper
}

// source is a text with the places of its expressions.
type source struct {
	text  []rune
	spans map[int64]span
}

// origin is where a copied expression was written.
type origin struct {
	in    string
	id    int64
	calls []origin
}

type mark struct {
	e      ast.Expr
	up     int
	kind   string
	values []operand
}

type operand struct {
	e ast.Expr
	t term
}

// nMark notes what a part came to.
type nMark struct {
	n  node
	at int
}

func (n *nMark) eval(b *bound) truth {
	res := n.n.eval(b)
	if b.seen != nil {
		b.seen[n.at], b.asked[n.at] = res, true
	}
	return res
}

func (n *nMark) rail(r *rails, want bool) data.Where { return n.n.rail(r, want) }

// traced translates e and marks it.
func (t *tr) traced(e ast.Expr, cur string) node {
	tc := t.opt.traced
	m := mark{e: e, up: -1, kind: "test"}
	if len(tc.up) > 0 {
		m.up = tc.up[len(tc.up)-1]
	}
	if e.Kind() == ast.CallKind {
		switch e.AsCall().FunctionName() {
		case operators.LogicalAnd:
			m.kind = "and"
		case operators.LogicalOr:
			m.kind = "or"
		case operators.LogicalNot:
			m.kind = "not"
		case operators.Conditional:
			m.kind = "if"
		}
	}
	at := len(tc.marks)
	tc.marks = append(tc.marks, m)
	tc.up = append(tc.up, at)
	n := t.untraced(e, cur)
	tc.up = tc.up[:len(tc.up)-1]
	if m.kind == "test" {
		tc.marks[at].values = t.operands(e)
	}
	return &nMark{n, at}
}

// operands are the parts of a test whose values explain it.
func (t *tr) operands(e ast.Expr) (out []operand) {
	var es []ast.Expr
	switch e.Kind() {
	case ast.CallKind:
		if e.AsCall().IsMemberFunction() {
			es = append(es, e.AsCall().Target())
		}
		es = append(es, e.AsCall().Args()...)
	case ast.ComprehensionKind:
		es = append(es, e.AsComprehension().IterRange())
	case ast.SelectKind:
		if e.AsSelect().IsTestOnly() {
			es = append(es, e.AsSelect().Operand())
		} else {
			es = append(es, e)
		}
	case ast.IdentKind:
		es = append(es, e)
	default:
	}
	found, looksUp := t.found, t.rule.looksUp
	for _, x := range es {
		if x.Kind() == ast.LiteralKind {
			continue
		}
		v := t.term(x)
		if v == nil {
			v = t.program(x)
		}
		out = append(out, operand{x, v})
	}
	t.found, t.rule.looksUp = found, looksUp
	return out
}

// parts are the marks with what came of them.
func (t *tracing) parts(b *bound) []Part {
	out := make([]Part, len(t.marks))
	for i, m := range t.marks {
		p := Part{Place: t.place(t.origins[m.e.ID()]), Up: m.up, Kind: m.kind, Truth: Unseen}
		for _, c := range t.origins[m.e.ID()].calls {
			p.Calls = append(p.Calls, t.place(c))
		}
		if b.asked[i] {
			p.Truth = shown(b.seen[i])
			for _, o := range m.values {
				p.Values = append(p.Values, t.operand(b, o))
			}
		}
		out[i] = p
	}
	return out
}

func (t *tracing) operand(b *bound, o operand) (out Operand) {
	out.Text = t.place(t.origins[o.e.ID()]).Text
	defer func() { _ = recover() }() // a value that cannot be computed is none
	b.start()
	v := o.t.eval(b)
	if v.bad() || v.T == alien {
		return out
	}
	js, err := data.AppendJSON(nil, data.NewDoc(data.Elem{Name: "v", Value: v.raw()}))
	if err != nil {
		return out
	}
	if js = js[len(`{"v":`) : len(js)-1]; len(js) > maxOperand {
		out.Cut = true
		return out
	}
	out.Value = js
	return out
}

func (t *tracing) place(o origin) Place {
	src := t.texts[o.in]
	if src == nil {
		return Place{In: o.in}
	}
	at := src.spans[o.id]
	from, to := at.units(src.text)
	return Place{In: o.in, From: from, To: to, Text: string(src.text[min(at.from, len(src.text)):min(at.to, len(src.text))])}
}

// decide marks the parts from which the outcome of ps[i] follows.
func (t *tracing) decide(ps []Part, i int) {
	if len(ps) == 0 {
		return
	}
	p := &ps[i]
	p.Deciding = true
	var kids []int
	for k := i + 1; k < len(ps); k++ {
		if ps[k].Up == i {
			kids = append(kids, k)
		}
	}
	switch p.Kind {
	case "not", "if": // of the arms only one was asked
		for _, k := range kids {
			if ps[k].Truth != Unseen {
				t.decide(ps, k)
			}
		}
	case "and", "or":
		strong := False // one alone decides
		if p.Kind == "or" {
			strong = True
		}
		for _, k := range kids {
			switch {
			case ps[k].Truth == Unseen:
			case p.Truth != strong: // all had to be as they are
				t.decide(ps, k)
			case ps[k].Truth == strong:
				t.decide(ps, k)
				return
			}
		}
	}
}

// Auth is what rules see as `auth`, as JSON.
func Auth(p *hutch.Principal) (json.RawMessage, error) {
	v := encodeAuth(p)
	if v.bad() {
		return nil, hutch.Errorf(hutch.InvalidArgument, "the claims are no object that rules can read")
	}
	js, err := data.AppendJSON(nil, data.NewDoc(data.Elem{Name: "v", Value: v.raw()}))
	if err != nil {
		return nil, err
	}
	return js[len(`{"v":`) : len(js)-1], nil
}
