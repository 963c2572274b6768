package server

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// asIn says who looks: "guest", or {"uid": ".."}.
type asIn struct{}

func (asIn) schema(*schemas) schema {
	return schema{"anyOf": []any{
		schema{"const": "guest"},
		schema{
			"type": "object", "required": []string{"uid"}, "additionalProperties": false,
			"properties": schema{"uid": schema{"type": "string", "minLength": 1}},
		},
	}}
}

type queryAsIn struct {
	Query queryIn `json:"query"`
	As    asIn    `json:"as"`
}

type getAsIn struct {
	In string `json:"in" doc:"the collection"`
	ID string `json:"id"`
	As asIn   `json:"as"`
}

type explainIn struct {
	Query queryIn `json:"query" doc:"without after and count"`
	As    asIn    `json:"as,omitzero" doc:"else the operator, without rules"`
}

// parts of the body of a query: {"query":{..},"as":..}.
func (r *request) askedAs(needed bool) (q data.Query, as *hutch.Principal, err error) {
	body, err := r.doc()
	if err != nil {
		return q, nil, err
	}
	for name := range data.Fields(body) {
		if name != "query" && name != "as" {
			return q, nil, badBody(name, "unknown key")
		}
	}
	d, ok := data.Field(body, "query").DocumentOK()
	if !ok {
		return q, nil, badBody("query", "query is an object")
	}
	if q, err = data.ParseQuery(d); err != nil {
		return q, nil, hutch.AsError(err).At("query")
	}
	as, err = r.as(body, q.From, needed)
	return q, as, err
}

// as reads who looks; nil is the operator.
func (r *request) as(body data.Doc, coll string, needed bool) (*hutch.Principal, error) {
	v := data.Field(body, "as")
	uid := ""
	switch d, isDoc := v.DocumentOK(); {
	case v.IsZero() && !needed:
		return nil, nil
	case data.Text(v) == "guest":
	case isDoc:
		for name := range data.Fields(d) {
			if name != "uid" {
				return nil, badBody("as."+name, "unknown key")
			}
		}
		if uid = data.Text(data.Field(d, "uid")); uid == "" {
			return nil, badBody("as.uid", "uid is the id of a user")
		}
	default:
		return nil, badBody("as", `as is "guest" or {"uid": "<id of a user>"}`)
	}
	p, err := r.srv.o.DataPage.As(r.ctx, r.who, uid)
	if err != nil {
		return nil, hutch.AsError(err).At("as")
	}
	if uid != "" { // what a guest sees is everybody's
		if err := r.noteViewed(uid, coll); err != nil {
			return nil, err
		}
	}
	return &p, nil
}

// queryAs is POST /admin/v1/data/query: what a user or a guest is shown.
func queryAs(r *request) error {
	q, as, err := r.askedAs(true)
	if err != nil {
		return err
	}
	r.ctx = data.WithActor(hutch.WithPrincipal(r.ctx, *as), r.who)
	return r.answerQuery(q)
}

// getAs is POST /admin/v1/data/get.
func getAs(r *request) error {
	body, err := r.doc()
	if err != nil {
		return err
	}
	for name, v := range data.Fields(body) {
		switch {
		case name == "as":
		case name != "in" && name != "id":
			return badBody(name, "unknown key")
		case data.Text(v) == "":
			return badBody(name, name+" is a text")
		}
	}
	coll := data.Text(data.Field(body, "in"))
	as, err := r.as(body, coll, true)
	if err != nil {
		return err
	}
	d, _, err := r.srv.o.Data.Get(hutch.WithPrincipal(r.ctx, *as), coll, data.Text(data.Field(body, "id")), r.data(data.OpGet))
	if err != nil {
		return err
	}
	return r.sendDoc(http.StatusOK, d)
}

type explained struct {
	Index         string     `json:"index" doc:"what is walked; _id: the documents themselves; empty: nothing"`
	Also          []string   `json:"also" doc:"of an $or: walked besides"`
	Bounds        []boundOut `json:"bounds"`
	Narrowed      bool       `json:"narrowed" doc:"the bounds leave documents out"`
	Sorted        bool       `json:"sorted" doc:"the walk is in the query's order"`
	Reverse       bool       `json:"reverse"`
	Unindexed     bool       `json:"unindexed"`
	SortInMemory  bool       `json:"sortInMemory"`
	Examined      int64      `json:"examined"`
	ExaminedBytes int64      `json:"examinedBytes"`
	Returned      int        `json:"returned"`
	MS            float64    `json:"ms"`
	Complete      bool       `json:"complete" doc:"the trial was not stopped"`
	Stopped       string     `json:"stopped" doc:"the code of what stopped it"`
	Rule          string     `json:"rule" enum:"always,filter,scan,never"`
	Scan          int        `json:"scan" doc:"with rule scan: documents that a page examines"`
	Where         whereOut   `json:"where" doc:"the filter with the rule's"`
	Advice        *adviceOut `json:"advice"`
}

type whereOut json.RawMessage

func (w whereOut) MarshalJSON() ([]byte, error) { return w, nil }

func (whereOut) schema(s *schemas) schema { return plainObject }

type boundOut struct {
	Path       string     `json:"path"`
	Desc       bool       `json:"desc"`
	Conditions []whereOut `json:"conditions"`
}

type adviceOut struct {
	Index string `json:"index" doc:"as it stands in hutch.yaml"`
	YAML  string `json:"yaml" doc:"the lines of hutch.yaml"`
	Text  string `json:"text"`
}

// explainQuery is POST /admin/v1/explain.
func explainQuery(r *request) error {
	q, as, err := r.askedAs(false)
	if err != nil {
		return err
	}
	who := r.who
	if as != nil {
		who = *as
	}
	e, err := r.srv.o.DataPage.Explain(r.ctx, who, q, r.data(data.OpList))
	if err != nil {
		return err
	}
	out := explained{
		Index: e.Index, Also: append([]string{}, e.Also...), Bounds: []boundOut{},
		Narrowed: e.Narrowed, Sorted: e.Sorted, Reverse: e.Reverse, Unindexed: e.Unindexed, SortInMemory: e.Index != "" && !e.Sorted,
		Examined: e.Examined, ExaminedBytes: e.Bytes, Returned: e.Returned,
		MS:       float64(e.Took.Round(time.Microsecond)) / float64(time.Millisecond),
		Complete: e.Stopped == "", Stopped: string(e.Stopped), Rule: string(e.Rule), Scan: e.Scan,
	}
	if out.Where, err = e.Where.AppendJSON(nil); err != nil {
		return err
	}
	for _, b := range e.Bounds {
		o := boundOut{Path: b.Path, Desc: b.Desc, Conditions: []whereOut{}}
		for _, w := range b.Conditions {
			js, err := w.AppendJSON(nil)
			if err != nil {
				return err
			}
			o.Conditions = append(o.Conditions, js)
		}
		out.Bounds = append(out.Bounds, o)
	}
	if e.Advice != "" {
		out.Advice = advice(q.From, e)
	}
	return r.sendJSON(out, nil)
}

// advice words the index that would help.
func advice(coll string, e *data.Explanation) *adviceOut {
	why := "The query reads documents that it does not return"
	if e.Narrowed && !e.Sorted {
		why = "The query sorts in memory what it finds"
	}
	fields := strings.TrimSuffix(strings.TrimPrefix(e.Advice, "{fields: ["), "]}")
	text := why + " (" + strconv.FormatInt(e.Examined, 10) + " read for " + strconv.Itoa(e.Returned) + "). An index on " + fields + " would find them at once."
	return &adviceOut{
		Index: e.Advice, Text: text,
		YAML: "collections:\n  " + coll + ":\n    indexes:\n      - " + e.Advice,
	}
}
