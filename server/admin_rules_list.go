package server

import (
	"encoding/json"

	"github.com/hutch-dev/hutch/data"
)

// listOut is what a list rule makes of a query.
type listOut struct {
	Rule      string          `json:"rule" enum:"always,filter,scan,never"`
	Filter    json.RawMessage `json:"filter" doc:"of the rule alone, for this caller and query"`
	Exact     bool            `json:"exact" doc:"false: documents are judged one by one besides"`
	Why       string          `json:"why" doc:"why it is not exact"`
	Where     json.RawMessage `json:"where" doc:"the rule and the query"`
	Scan      int             `json:"scan"`
	Index     string          `json:"index"`
	Also      []string        `json:"also"`
	Unindexed bool            `json:"unindexed"`
	Sorted    bool            `json:"sorted"`
	Examined  int64           `json:"examined"`
	Returned  int             `json:"returned"`
	Stopped   string          `json:"stopped" doc:"why the trial ended early"`
	Advice    string          `json:"advice" doc:"an index that would serve better"`
	Sample    sampleOut       `json:"sample"`
}

// sampleOut counts documents that the query asks for, judged one by one.
type sampleOut struct {
	Most     int             `json:"most"`
	Passing  int             `json:"passing"`
	Refused  int             `json:"refused"`
	Complete bool            `json:"complete" doc:"those were all"`
	Passes   json.RawMessage `json:"passes" doc:"one that passes, or null"`
	Refuses  json.RawMessage `json:"refuses" doc:"one that is refused, or null"`
}

// list explains a query: the filter, the walk, a sample, and the rule on one
// document of each kind.
func (x *explainer) list(q *data.Query) error {
	x.req.Limit, x.req.OrderBy = q.Limit, q.OrderBy
	e, err := x.p.Explain(x.r.ctx, x.who, *q, x.req)
	if err != nil {
		return err
	}
	s, err := x.p.Sample(x.r.ctx, x.who, *q, judgeMost, x.req)
	if err != nil {
		return err
	}
	x.out.Allowed, x.out.Op = e.Rule != data.RuleNever, string(data.OpList)
	if !x.out.Allowed {
		denied := data.Denied(x.who)
		x.out.Code, x.out.Message = string(denied.Code), denied.Message
	}
	x.out.Stored, x.out.Next = json.RawMessage("null"), json.RawMessage("null")
	out := &listOut{
		Rule: string(e.Rule), Exact: e.Filter.Exact, Why: e.Filter.Why, Scan: e.Scan, Index: e.Index, Also: append([]string{}, e.Also...),
		Unindexed: e.Unindexed, Sorted: e.Sorted, Examined: e.Examined, Returned: e.Returned, Stopped: string(e.Stopped), Advice: e.Advice,
		Sample: sampleOut{Most: judgeMost, Passing: s.Passing, Refused: s.Refused, Complete: s.Complete},
	}
	x.out.List = out
	if out.Filter, err = e.Filter.Where.AppendJSON(nil); err != nil {
		return err
	}
	if out.Where, err = e.Where.AppendJSON(nil); err != nil {
		return err
	}
	if out.Sample.Passes, err = docOut(s.Passes); err != nil {
		return err
	}
	if out.Sample.Refuses, err = docOut(s.Refuses); err != nil {
		return err
	}
	return x.examples(q, s)
}

// examples traces the list rule on what it passes and on what it refuses.
func (x *explainer) examples(q *data.Query, s *data.Sampled) error {
	seen := map[[2]string]bool{}
	for _, d := range []data.Doc{s.Refuses, s.Passes} {
		if d == nil {
			continue
		}
		t := data.Trial{Op: data.OpList, In: q.From, ID: data.Text(data.Field(d, data.FieldID)), Doc: d}
		tried, err := x.p.Try(x.r.ctx, x.who, t, x.req, func(j data.Judgement) error { return x.trace(q.From, j) })
		if err != nil {
			return err
		}
		for _, dep := range tried.Deps {
			if k := [2]string{dep.Collection, dep.ID}; !seen[k] {
				seen[k] = true
				x.out.LookUps = append(x.out.LookUps, lookUpOut{dep.Collection, dep.ID, dep.Version})
			}
		}
	}
	return nil
}
