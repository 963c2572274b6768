package server

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// ViewsCollection holds the saved views of the Data page.
const ViewsCollection = "_views"

const (
	viewsMost   = 200      // of an operator
	viewBytes   = 16 << 10 // of a view
	viewNameMax = 100      // characters
)

// viewIn is a saved view: what the page keeps of filters, order and columns.
type viewIn struct {
	Collection string          `json:"collection"`
	Name       string          `json:"name"`
	Shared     bool            `json:"shared,omitempty" doc:"other operators see it"`
	View       json.RawMessage `json:"view" doc:"an object of the page's, at most 16 KiB"`
}

type viewOut struct {
	ID         string          `json:"id"`
	Collection string          `json:"collection"`
	Name       string          `json:"name"`
	Shared     bool            `json:"shared"`
	Mine       bool            `json:"mine"`
	Owner      string          `json:"owner"`
	View       json.RawMessage `json:"view"`
	UpdatedAt  time.Time       `json:"updatedAt"`
}

type viewList struct {
	Views []viewOut `json:"views"`
	Next  string    `json:"next" doc:"always empty: the list is whole"`
}

// viewDoc is a row of ViewsCollection.
type viewDoc struct {
	Owner      string `bson:"owner"`
	By         string `bson:"by"` // the address of the owner
	Collection string `bson:"collection"`
	Name       string `bson:"name"`
	Shared     bool   `bson:"shared"`
	View       string `bson:"view"`
}

func (r *request) readView() (*viewDoc, error) {
	var in viewIn
	if err := r.readJSON(&in, "collection", "name", "shared", "view"); err != nil {
		return nil, err
	}
	in.Name = strings.TrimSpace(in.Name)
	switch n := utf8.RuneCountInString(in.Name); {
	case n < 1 || n > viewNameMax || strings.ContainsFunc(in.Name, unicode.IsControl):
		return nil, badBody("name", "a name has 1 to 100 characters in one line")
	case in.Collection == "" || len(in.Collection) > 64:
		return nil, badBody("collection", "collection is the name of one")
	case len(in.View) > viewBytes:
		return nil, badBody("view", "a view has at most 16 KiB")
	case len(in.View) == 0 || in.View[0] != '{':
		return nil, badBody("view", "view is an object")
	}
	return &viewDoc{Owner: r.who.UID, By: r.who.Email, Collection: in.Collection, Name: in.Name, Shared: in.Shared, View: string(in.View)}, nil
}

func (r *request) showView(d data.Doc) (viewOut, error) {
	var v viewDoc
	if err := data.Unmarshal(d, &v); err != nil {
		return viewOut{}, err
	}
	return viewOut{
		ID: data.Text(data.Field(d, data.FieldID)), Collection: v.Collection, Name: v.Name, Shared: v.Shared,
		Mine: v.Owner == r.who.UID, Owner: v.By, View: json.RawMessage(v.View), UpdatedAt: data.Field(d, data.FieldUpdated).Time().UTC(),
	}, nil
}

func viewsOf(field string, v data.Value) data.Query {
	return data.Query{
		From: ViewsCollection, Where: data.Where{Op: data.OpEq, Path: field, Value: v},
		OrderBy: []data.Order{{Path: data.FieldID}}, Limit: 5 * viewsMost,
	}
}

// listViews gives the operator's own and what others share.
func listViews(r *request) error {
	out := viewList{Views: []viewOut{}}
	coll := r.param("collection")
	for i, q := range []data.Query{viewsOf("owner", data.String(r.who.UID)), viewsOf("shared", data.Bool(true))} {
		for d, err := range r.srv.o.DataPage.Views().Find(r.ctx, q) {
			if err != nil {
				return err
			}
			v, err := r.showView(d)
			if err != nil {
				return err
			}
			if coll == "" || v.Collection == coll {
				if i == 0 || !v.Mine {
					out.Views = append(out.Views, v)
				}
			}
		}
	}
	slices.SortStableFunc(out.Views, func(a, b viewOut) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return r.sendJSON(out, nil)
}

// saveView writes a view and answers it.
func (r *request) saveView(id string, status int, expect int64, v *viewDoc) error {
	doc, err := data.Marshal(v)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.ctx, 10*time.Second)
	defer cancel()
	res, err := r.srv.o.DataPage.Views().Commit(ctx, &data.Batch{Writes: []data.Write{{
		Collection: ViewsCollection, ID: id, Expect: expect, Next: func(data.Doc) (data.Doc, error) { return doc, nil },
	}}})
	if err != nil {
		return err
	}
	var stored data.Doc
	if len(res.Changes) > 0 {
		stored = res.Changes[0].After
	} else if stored, err = r.srv.o.DataPage.Views().Get(r.ctx, ViewsCollection, id); err != nil {
		return err
	}
	if stored == nil {
		return &hutch.Error{Code: hutch.NotFound, Message: "no such view"}
	}
	out, err := r.showView(stored)
	if err != nil {
		return err
	}
	js, err := json.Marshal(out)
	if err != nil {
		return hutch.Errorf(hutch.Internal, "encoding a view: %w", err)
	}
	r.send(status, append(r.buffer(), js...))
	return nil
}

func addView(r *request) error {
	v, err := r.readView()
	if err != nil {
		return err
	}
	n := 0
	for _, err := range r.srv.o.DataPage.Views().Find(r.ctx, viewsOf("owner", data.String(r.who.UID))) {
		if err != nil {
			return err
		}
		n++
	}
	if n >= viewsMost {
		return &hutch.Error{Code: hutch.ResourceExhausted, Message: "an operator keeps at most 200 views"}
	}
	return r.saveView(strings.ToLower(r.srv.ids.next()), http.StatusCreated, 0, v)
}

// theView is the view of the path: the operator's own, or with others one that is shared.
func (r *request) theView(others bool) (version int64, err error) {
	var v viewDoc
	none := &hutch.Error{Code: hutch.NotFound, Message: "no such view"}
	if data.ValidID(r.params[0]) != nil {
		return 0, none
	}
	d, err := r.srv.o.DataPage.Views().Get(r.ctx, ViewsCollection, r.params[0])
	if err != nil {
		return 0, err
	}
	if d == nil {
		return 0, none
	}
	if err = data.Unmarshal(d, &v); err != nil {
		return 0, err
	}
	switch {
	case v.Owner == r.who.UID || v.Shared && others:
		return versionOf(d), nil
	case v.Shared:
		return 0, &hutch.Error{Code: hutch.PermissionDenied, Message: "the view is another operator's: save it under a name of your own"}
	}
	return 0, none
}

func putView(r *request) error {
	v, err := r.readView()
	if err != nil {
		return err
	}
	if _, err = r.theView(false); err != nil {
		return err
	}
	return r.saveView(r.params[0], http.StatusOK, data.AnyVersion, v)
}

// deleteView also takes away what others share: they may have left.
func deleteView(r *request) error {
	version, err := r.theView(true)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.ctx, 10*time.Second)
	defer cancel()
	_, err = r.srv.o.DataPage.Views().Commit(ctx, &data.Batch{Writes: []data.Write{{
		Collection: ViewsCollection, ID: r.params[0], Expect: version, Next: func(data.Doc) (data.Doc, error) { return nil, nil },
	}}})
	if err != nil {
		return err
	}
	r.empty(http.StatusNoContent)
	return nil
}
