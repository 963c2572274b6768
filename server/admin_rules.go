package server

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/rules"
)

// RulesPage is what the Rules page asks: trials of the rules, which write nothing.
type RulesPage interface {
	As(ctx context.Context, operator hutch.Principal, uid string) (hutch.Principal, error)
	Try(ctx context.Context, as hutch.Principal, t data.Trial, r data.Request, judged func(data.Judgement) error) (*data.Tried, error)
	Explain(ctx context.Context, as hutch.Principal, q data.Query, r data.Request) (*data.Explanation, error)
	Sample(ctx context.Context, as hutch.Principal, q data.Query, most int, r data.Request) (*data.Sampled, error)
}

// RuleTexts are the rules of the release that is used.
type RuleTexts struct {
	Config      rules.Config
	Functions   []rules.Named // their `auth:`
	Diagnostics []hutch.Diagnostic
}

// rulesRoutes are the Rules page's. They read documents: for operators alone.
func rulesRoutes() []*Route {
	const at = "/admin/v1/rules"
	none := []string{}
	return []*Route{
		{Method: http.MethodGet, Path: at, About: "the rules as written, with what was found about them", Query: none, handle: listRules, Out: rulesOut{}},
		{Method: http.MethodPost, Path: at + "/check", About: "check a rule that is being written", Query: none, handle: checkRule, In: ruleIn{}, Out: ruleFound{}},
		{Method: http.MethodPost, Path: at + "/explain", About: "judge an access and tell why, without doing it", Query: none, handle: explainRule, In: explainRuleIn{}, Out: explainRuleOut{}},
	}
}

type ruleText struct {
	Key    string `json:"key" doc:"of access, preset or default; a helper with its parameters; a function"`
	Text   string `json:"text"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

type ruleCollection struct {
	Name      string     `json:"name"`
	Access    []ruleText `json:"access"`
	Preset    []ruleText `json:"preset"`
	Default   []ruleText `json:"default"`
	Immutable []string   `json:"immutable"`
	Scan      int        `json:"scan" doc:"documents a page may examine under a list rule that is no filter; 0: such rules are refused"`
	Schema    bool       `json:"schema"`
}

type ruleFinding struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Severity string `json:"severity" enum:"error,warning"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Hint     string `json:"hint"`
}

type rulesOut struct {
	Helpers     []ruleText       `json:"helpers"`
	Collections []ruleCollection `json:"collections"`
	Functions   []ruleText       `json:"functions"`
	Diagnostics []ruleFinding    `json:"diagnostics"`
}

func (r *request) rulesPage() (RulesPage, error) {
	if r.srv.o.RulesPage == nil {
		return nil, &hutch.Error{Code: hutch.Unimplemented, Message: "there are no rules to show"}
	}
	return r.srv.o.RulesPage, nil
}

func listRules(r *request) error {
	t := r.parts.rules
	out := rulesOut{Helpers: ruleTexts(t.Config.Helpers), Collections: []ruleCollection{}, Functions: []ruleText{}, Diagnostics: ruleFindings(t.Diagnostics)}
	for i := range t.Config.Collections {
		c := &t.Config.Collections[i]
		out.Collections = append(out.Collections, ruleCollection{
			Name: c.Name, Access: ruleTexts(c.Access), Preset: ruleTexts(c.Preset), Default: ruleTexts(c.Default),
			Immutable: append([]string{}, c.Immutable...), Scan: c.Scan, Schema: c.Schema != nil,
		})
	}
	for _, f := range t.Functions {
		out.Functions = append(out.Functions, textOfRule(f.Name, f.Expr))
	}
	return r.sendJSON(out, nil)
}

func textOfRule(key string, e hutch.Expr) ruleText {
	return ruleText{Key: key, Text: e.Text, File: e.Pos.File, Line: e.Pos.Line, Column: e.Pos.Column}
}

func ruleTexts(m map[string]hutch.Expr) []ruleText {
	out := []ruleText{}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, textOfRule(key, m[key]))
	}
	return out
}

func ruleFindings(ds []hutch.Diagnostic) []ruleFinding {
	out := []ruleFinding{}
	for _, d := range ds {
		severity := "error"
		if d.Severity != hutch.SeverityError {
			severity = "warning"
		}
		out = append(out, ruleFinding{d.Pos.File, d.Pos.Line, d.Pos.Column, severity, d.Code, d.Message, d.Hint})
	}
	return out
}

// ruleIn is a rule that is being written, and in place of which one.
type ruleIn struct {
	Text  string    `json:"text"`
	Where rulePlace `json:"where"`
}

type rulePlace struct {
	Kind       string `json:"kind" enum:"access,preset,default,helper,function"`
	Collection string `json:"collection,omitempty"`
	Key        string `json:"key"`
}

// ruleFound counts lines and columns in the text; Others are rules that would no
// longer work.
type ruleFound struct {
	Diagnostics []ruleFinding `json:"diagnostics"`
	Others      []ruleFinding `json:"others"`
}

// edited is the file that a rule being written stands in.
const edited = "\x00edited"

func checkRule(r *request) error {
	var in ruleIn
	if err := r.bind(&in); err != nil {
		return err
	}
	t := r.parts.rules
	ds, err := in.check(&t)
	if err != nil {
		return err
	}
	out := ruleFound{Diagnostics: []ruleFinding{}, Others: []ruleFinding{}}
	for _, f := range ruleFindings(ds) {
		if f.File == edited {
			f.File = ""
			out.Diagnostics = append(out.Diagnostics, f)
		} else if !slices.ContainsFunc(t.Diagnostics, func(d hutch.Diagnostic) bool {
			return d.Pos == hutch.Pos{File: f.File, Line: f.Line, Column: f.Column} && d.Message == f.Message
		}) {
			out.Others = append(out.Others, f)
		}
	}
	return r.sendJSON(out, nil)
}

// check compiles all rules with the one that is being written among them.
func (in *ruleIn) check(t *RuleTexts) ([]hutch.Diagnostic, error) {
	e := hutch.Expr{Text: in.Text, Pos: hutch.Pos{File: edited, Line: 1, Column: 1}}
	with := func(m map[string]hutch.Expr) map[string]hutch.Expr {
		m = maps.Clone(m)
		if m == nil {
			m = map[string]hutch.Expr{}
		}
		m[in.Where.Key] = e
		return m
	}
	cfg := t.Config
	switch in.Where.Kind {
	case "function":
		_, ds := rules.CompileBool(in.Where.Key, e, cfg.Helpers)
		return ds, nil
	case "helper":
		cfg.Helpers = with(cfg.Helpers)
	case "access", "preset", "default":
		cfg.Collections = slices.Clone(cfg.Collections)
		i := slices.IndexFunc(cfg.Collections, func(c rules.Collection) bool { return c.Name == in.Where.Collection })
		if i < 0 {
			return nil, &hutch.Error{Code: hutch.NotFound, Field: "where.collection", Message: "no such collection"}
		}
		c := &cfg.Collections[i]
		switch in.Where.Kind {
		case "access":
			c.Access = with(c.Access)
		case "preset":
			c.Preset = with(c.Preset)
		default:
			c.Default = with(c.Default)
		}
	default:
		return nil, badBody("where.kind", "kind is access, preset, default, helper or function")
	}
	_, ds := rules.Compile(cfg)
	return ds, nil
}
