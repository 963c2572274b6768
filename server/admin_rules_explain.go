package server

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/rules"
)

const judgeMost = 500 // documents that the list rule judges one by one

// explainRuleIn asks about one access. Op is get, list, create, update, set or
// delete; a list is of a query, or of one document.
type explainRuleIn struct {
	As         json.RawMessage `json:"as" doc:"guest, {uid} of a user, or {claims} of nobody: what auth is made of"`
	Op         string          `json:"op" enum:"get,list,create,update,set,delete"`
	Collection string          `json:"collection"`
	ID         string          `json:"id,omitempty"`
	Document   json.RawMessage `json:"document,omitempty" doc:"in place of the stored one"`
	Next       json.RawMessage `json:"next,omitempty" doc:"of create, update and set: the whole document"`
	Query      json.RawMessage `json:"query,omitempty" doc:"of list"`
	Request    *requestIn      `json:"request,omitempty"`
}

type requestIn struct {
	Time *time.Time `json:"time,omitempty" doc:"now"`
	IP   string     `json:"ip,omitempty"`
}

// madeUp is a principal that nobody is.
type madeUp struct {
	UID           string          `json:"uid"`
	Email         string          `json:"email"`
	EmailVerified bool            `json:"emailVerified"`
	Anonymous     bool            `json:"anonymous"`
	Roles         []string        `json:"roles"`
	AAL           string          `json:"aal"`
	Provider      string          `json:"provider"`
	Claims        json.RawMessage `json:"claims"`
}

type explainRuleOut struct {
	Allowed bool            `json:"allowed"`
	Code    string          `json:"code" doc:"empty: it is allowed"`
	Message string          `json:"message"`
	Field   string          `json:"field"`
	Op      string          `json:"op" doc:"that decided; of set the branch taken"`
	Stored  json.RawMessage `json:"stored" doc:"the document that was judged, or null"`
	Next    json.RawMessage `json:"next" doc:"after preset, default and what set keeps, or null"`
	Invalid string          `json:"invalid" doc:"what the schema says of next"`
	Rules   []tracedOut     `json:"rules"`
	LookUps []lookUpOut     `json:"lookUps"`
	List    *listOut        `json:"list" doc:"of a query, or null"`
	Auth    json.RawMessage `json:"auth" doc:"as rules see it"`
}

type tracedOut struct {
	Op    string    `json:"op"`
	Key   string    `json:"key" doc:"of access; empty: there is none, which denies"`
	Truth string    `json:"truth" enum:"true,false,error"`
	Rule  ruleText  `json:"rule"`
	Of    string    `json:"of" doc:"the id of the document that was judged"`
	Parts []partOut `json:"parts"`
}

type placeOut struct {
	In   string `json:"in" doc:"the helper; empty: the rule"`
	From int    `json:"from" doc:"in UTF-16 units"`
	To   int    `json:"to"`
	Text string `json:"text"`
}

type partOut struct {
	placeOut
	Calls    []placeOut   `json:"calls"`
	Up       int          `json:"up" doc:"the part around it; -1: none"`
	Kind     string       `json:"kind" enum:"and,or,not,if,test"`
	Truth    string       `json:"truth" enum:"true,false,error,unseen"`
	Deciding bool         `json:"deciding"`
	Values   []operandOut `json:"values"`
}

type operandOut struct {
	Text  string          `json:"text"`
	Value json.RawMessage `json:"value,omitempty" doc:"absent: there is none"`
	Cut   bool            `json:"cut" doc:"it is too long to be shown"`
}

type lookUpOut struct {
	Collection string `json:"collection"`
	ID         string `json:"id"`
	Version    int64  `json:"version" doc:"0: there is no such document"`
}

func explainRule(r *request) error {
	p, err := r.rulesPage()
	if err != nil {
		return err
	}
	var in explainRuleIn
	if err := r.bind(&in); err != nil {
		return err
	}
	who, err := r.madeOf(p, &in)
	if err != nil {
		return err
	}
	t, q, err := in.trial()
	if err != nil {
		return err
	}
	req := data.Request{Op: t.Op, IP: r.ip, Time: r.srv.now()}
	if in.Request != nil {
		if in.Request.Time != nil {
			req.Time = *in.Request.Time
		}
		if in.Request.IP != "" {
			req.IP = in.Request.IP
		}
	}
	x := &explainer{r: r, p: p, who: who, req: req, texts: r.parts.rules, out: explainRuleOut{Rules: []tracedOut{}, LookUps: []lookUpOut{}}}
	if x.out.Auth, err = rules.Auth(&who); err != nil {
		return err
	}
	if q != nil {
		err = x.list(q)
	} else {
		err = x.try(t)
	}
	return r.sendJSON(x.out, err)
}

// madeOf is who is asked about.
func (r *request) madeOf(p RulesPage, in *explainRuleIn) (who hutch.Principal, err error) {
	var name string
	if json.Unmarshal(in.As, &name) == nil && name == "guest" {
		return p.As(r.ctx, r.who, "")
	}
	var as struct {
		UID    string  `json:"uid"`
		Claims *madeUp `json:"claims"`
	}
	if err := strictly(in.As, &as); err != nil || (as.UID == "") == (as.Claims == nil) {
		return who, badBody("as", `as is "guest", {"uid": "<id of a user>"} or {"claims": {"uid": ..}}`)
	}
	if as.UID != "" {
		if who, err = p.As(r.ctx, r.who, as.UID); err != nil {
			return who, hutch.AsError(err).At("as")
		}
		return who, r.noteViewed(as.UID, in.Collection)
	}
	c := as.Claims
	if c.AAL == "" {
		c.AAL = "aal1"
	}
	return hutch.Principal{
		Kind: hutch.User, UID: c.UID, Email: c.Email, EmailVerified: c.EmailVerified, Anonymous: c.Anonymous, Roles: c.Roles,
		AAL: c.AAL, Provider: c.Provider, Role: "authenticated", Claims: c.Claims,
	}.Sealed(), nil
}

// trial reads what is asked; q is of a list of documents.
func (in *explainRuleIn) trial() (t data.Trial, q *data.Query, err error) {
	t = data.Trial{Op: data.Op(in.Op), In: in.Collection, ID: in.ID}
	if !slices.Contains([]data.Op{data.OpGet, data.OpList, data.OpCreate, data.OpUpdate, data.OpSet, data.OpDelete}, t.Op) {
		return t, nil, badBody("op", "op is get, list, create, update, set or delete")
	}
	doc := func(name string, raw json.RawMessage) (data.Doc, error) {
		if len(raw) == 0 || string(raw) == "null" {
			return nil, nil
		}
		d, err := data.ParseJSON(raw, jsonDepth)
		if err != nil {
			return nil, hutch.AsError(err).At(name)
		}
		return d, nil
	}
	stored, err := doc("document", in.Document)
	if err != nil {
		return t, nil, err
	}
	if stored != nil {
		if id := data.Text(data.Field(stored, data.FieldID)); t.ID == "" {
			t.ID = id
		}
		t.Doc = data.With(stored, data.Elem{Name: data.FieldID, Value: data.String(t.ID)})
	}
	if t.Next, err = doc("next", in.Next); err != nil {
		return t, nil, err
	}
	writes := t.Op == data.OpCreate || t.Op == data.OpUpdate || t.Op == data.OpSet
	switch {
	case writes && t.Next == nil:
		return t, nil, badBody("next", "next is the document after the write")
	case !writes && t.Next != nil:
		return t, nil, badBody("next", "only create, update and set have one")
	case t.Op != data.OpList && len(in.Query) > 0:
		return t, nil, badBody("query", "only a list has one")
	case t.Op == data.OpCreate && t.Doc != nil:
		return t, nil, badBody("document", "a create has no stored document")
	}
	if t.Op == data.OpList && t.Doc == nil && t.ID == "" {
		d, err := doc("query", in.Query)
		if err != nil {
			return t, nil, err
		}
		query := data.Query{From: in.Collection}
		if d != nil {
			if query, err = data.ParseQuery(d); err != nil {
				return t, nil, hutch.AsError(err).At("query")
			}
		}
		if query.From != in.Collection {
			return t, nil, badBody("query.from", "it is the collection")
		}
		return t, &query, nil
	}
	if t.ID == "" && t.Op != data.OpCreate {
		return t, nil, badBody("id", "id or document says which")
	}
	if t.ID == "" {
		t.ID = data.Text(data.Field(t.Next, data.FieldID))
	}
	return t, nil, nil
}

// explainer gathers an answer.
type explainer struct {
	r     *request
	p     RulesPage
	who   hutch.Principal
	req   data.Request
	texts RuleTexts
	out   explainRuleOut
}

// try judges one access.
func (x *explainer) try(t data.Trial) error {
	tried, err := x.p.Try(x.r.ctx, x.who, t, x.req, func(j data.Judgement) error { return x.trace(t.In, j) })
	if err != nil {
		return err
	}
	x.out.Allowed, x.out.Op = tried.Refused == nil, string(tried.Op)
	if e := hutch.AsError(tried.Refused); e != nil {
		x.out.Code, x.out.Message, x.out.Field = string(e.Code), e.Message, e.Field
	}
	if tried.Invalid != nil {
		e := hutch.AsError(tried.Invalid)
		if x.out.Invalid = e.Message; e.Field != "" {
			x.out.Invalid = e.Field + ": " + e.Message
		}
	}
	for _, d := range tried.Deps {
		x.out.LookUps = append(x.out.LookUps, lookUpOut{d.Collection, d.ID, d.Version})
	}
	if x.out.Stored, err = docOut(tried.Stored); err != nil {
		return err
	}
	x.out.Next, err = docOut(tried.Next)
	return err
}

func docOut(d data.Doc) (json.RawMessage, error) {
	if d == nil {
		return json.RawMessage("null"), nil
	}
	return data.AppendJSON(nil, d)
}

// trace adds a rule that was asked.
func (x *explainer) trace(coll string, j data.Judgement) error {
	req := x.req
	req.Op = j.Op
	tr, err := rules.Trace(&x.texts.Config, coll, j.Op, x.who, req, j.Lookup, j.ID, j.Old, j.Next)
	if err != nil {
		return err
	}
	out := tracedOut{Op: string(j.Op), Of: j.ID, Truth: string(rules.False), Parts: []partOut{}}
	if tr != nil {
		out.Key, out.Truth, out.Rule = tr.Key, string(tr.Truth), textOfRule(tr.Key, tr.Expr)
		for i := range tr.Parts {
			out.Parts = append(out.Parts, showPart(&tr.Parts[i]))
		}
	}
	x.out.Rules = append(x.out.Rules, out)
	return nil
}

func showPart(p *rules.Part) partOut {
	out := partOut{
		placeOut: placeOut(p.Place), Calls: []placeOut{}, Up: p.Up, Kind: p.Kind, Truth: string(p.Truth), Deciding: p.Deciding, Values: []operandOut{},
	}
	for _, c := range p.Calls {
		out.Calls = append(out.Calls, placeOut(c))
	}
	for _, v := range p.Values {
		out.Values = append(out.Values, operandOut(v))
	}
	return out
}
