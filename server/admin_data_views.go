package server

import (
	"cmp"
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

// saveView writes a view, if it is still as expected, and gives it as it is stored.
func (r *request) saveView(id string, expect int64, v *viewDoc) (data.Doc, error) {
	doc, err := data.Marshal(v)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.ctx, 10*time.Second)
	defer cancel()
	res, err := r.srv.o.DataPage.Views().Commit(ctx, &data.Batch{Writes: []data.Write{{
		Collection: ViewsCollection, ID: id, Expect: expect, Next: func(data.Doc) (data.Doc, error) { return doc, nil },
	}}})
	if err != nil {
		return nil, err
	}
	var stored data.Doc
	if len(res.Changes) > 0 {
		stored = res.Changes[0].After
	} else if stored, err = r.srv.o.DataPage.Views().Get(r.ctx, ViewsCollection, id); err != nil {
		return nil, err
	}
	if stored == nil {
		return nil, noView()
	}
	return stored, nil
}

func (r *request) removeView(id string, version int64) error {
	ctx, cancel := context.WithTimeout(r.ctx, 10*time.Second)
	defer cancel()
	_, err := r.srv.o.DataPage.Views().Commit(ctx, &data.Batch{Writes: []data.Write{{
		Collection: ViewsCollection, ID: id, Expect: version, Next: func(data.Doc) (data.Doc, error) { return nil, nil },
	}}})
	return err
}

func (r *request) answerView(status int, stored data.Doc) error {
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

// noteView tells of what is done to a view that others see.
func (r *request) noteView(what, id string, v *viewDoc) error {
	return r.note(what, v.Collection, map[string]any{"view": id, "name": v.Name, "owner": v.Owner})
}

func (r *request) countViews() (n int, err error) {
	for _, err := range r.srv.o.DataPage.Views().Find(r.ctx, viewsOf("owner", data.String(r.who.UID))) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

func addView(r *request) error {
	v, err := r.readView()
	if err != nil {
		return err
	}
	full := &hutch.Error{Code: hutch.ResourceExhausted, Message: "an operator keeps at most 200 views"}
	n, err := r.countViews()
	if err != nil {
		return err
	}
	if n >= viewsMost {
		return full
	}
	id := strings.ToLower(r.srv.ids.next())
	if v.Shared {
		if err := r.noteView("view_shared", id, v); err != nil {
			return err
		}
	}
	stored, err := r.saveView(id, 0, v)
	if err != nil {
		return err
	}
	if n, err = r.countViews(); err != nil {
		return err
	}
	if n > viewsMost { // others were saved meanwhile
		return cmp.Or[error](r.removeView(id, versionOf(stored)), full)
	}
	return r.answerView(http.StatusCreated, stored)
}

func noView() *hutch.Error { return &hutch.Error{Code: hutch.NotFound, Message: "no such view"} }

// theView is the view of the path: the operator's own, or with others one that is shared.
func (r *request) theView(others bool) (v viewDoc, version int64, err error) {
	if data.ValidID(r.params[0]) != nil {
		return v, 0, noView()
	}
	d, err := r.srv.o.DataPage.Views().Get(r.ctx, ViewsCollection, r.params[0])
	if err != nil {
		return v, 0, err
	}
	if d == nil {
		return v, 0, noView()
	}
	if err = data.Unmarshal(d, &v); err != nil {
		return v, 0, err
	}
	switch {
	case v.Owner == r.who.UID || v.Shared && others:
		return v, versionOf(d), nil
	case v.Shared:
		return v, 0, &hutch.Error{Code: hutch.PermissionDenied, Message: "the view is another operator's: save it under a name of your own"}
	}
	return v, 0, noView()
}

// putView replaces the view that is there: one that goes meanwhile stays away.
func putView(r *request) error {
	v, err := r.readView()
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		was, version, err := r.theView(false)
		if err != nil {
			return err
		}
		if try == 0 && (was.Shared || v.Shared) {
			if err := r.noteView("view_changed", r.params[0], v); err != nil {
				return err
			}
		}
		stored, err := r.saveView(r.params[0], version, v)
		if hutch.CodeOf(err) == hutch.Aborted && try < 3 {
			continue
		}
		if err != nil {
			return err
		}
		return r.answerView(http.StatusOK, stored)
	}
}

// deleteView also takes away what others share: they may have left.
func deleteView(r *request) error {
	v, version, err := r.theView(true)
	if err != nil {
		return err
	}
	if v.Shared {
		if err := r.noteView("view_deleted", r.params[0], &v); err != nil {
			return err
		}
	}
	if err := r.removeView(r.params[0], version); err != nil {
		return err
	}
	r.empty(http.StatusNoContent)
	return nil
}
