package server

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/transfer"
)

// DataPage is what the routes of the Data page ask beside Data; internal/boot
// has it.
type DataPage interface {
	Usage(ctx context.Context) ([]data.Usage, error)
	Explain(ctx context.Context, as hutch.Principal, q data.Query, r data.Request) (*data.Explanation, error)
	// As is the principal of a user, or of a guest for "", that an operator looks
	// through.
	As(ctx context.Context, operator hutch.Principal, uid string) (hutch.Principal, error)
	// Views is a System of viewsCollection.
	Views() data.System
	Transfers() Transfers
}

// DeclaredCollection is a collection as the config declares it.
type DeclaredCollection struct {
	data.Collection
	SchemaFile              string
	Access, Preset, Default map[string]string // as written
	Immutable               []string
	Scan                    int
	Pos                     hutch.Pos
}

// dataPageRoutes are for operators alone.
func dataPageRoutes() []*Route {
	get, post, put, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	none := []string{}
	const colls, imports, views = "/admin/v1/collections", "/admin/v1/imports", "/admin/v1/views"
	rows := []*Route{
		{Method: get, Path: colls, About: "the collections, and what they hold", Query: none, Out: collectionList{}, handle: listCollections},
		{Method: get, Path: colls + "/{collection}/fields", About: "the fields that documents have", Query: []string{"sample"}, Out: fieldList{}, handle: seenFields},
		{Method: post, Path: "/admin/v1/explain", About: "how a query is run", Query: none, In: explainIn{}, Out: explained{}, handle: explainQuery},
		{Method: post, Path: "/admin/v1/data/query", About: "query as a user or a guest would", Query: none, In: queryAsIn{}, Out: docsPage{}, handle: queryAs},
		{Method: post, Path: "/admin/v1/data/get", About: "get a document as a user or a guest would", Query: none, In: getAsIn{}, Out: document{}, handle: getAs},

		{Method: post, Path: colls + "/{collection}/imports", About: "begin an import", Query: none, In: importIn{}, Out: answers{http.StatusCreated: importOut{}}, handle: beginImport},
		{Method: get, Path: imports, About: "the imports of the last days", Query: none, Out: importList{}, handle: listImports},
		{Method: get, Path: imports + "/{id}", About: "an import, and its bad lines", Query: none, Out: importOut{}, handle: getImport},
		{Method: put, Path: imports + "/{id}/parts/{part}", About: "import a part of the file", Query: []string{"last"}, AnyType: true, BodyLimit: transfer.MaxPart, In: linesText{}, Out: importOut{}, handle: putPart},
		{Method: del, Path: imports + "/{id}", About: "forget an import; what it wrote stays", Query: none, handle: dropImport},
		{Method: get, Path: colls + "/{collection}/export", About: "a page of the documents as lines", Query: exportNames, Out: linesText{}, handle: exportCollection},

		{Method: get, Path: views, About: "the saved views", Query: []string{"collection"}, Out: viewList{}, handle: listViews},
		{Method: post, Path: views, About: "save a view", Query: none, In: viewIn{}, Out: answers{http.StatusCreated: viewOut{}}, handle: addView},
		{Method: put, Path: views + "/{id}", About: "replace a view", Query: none, In: viewIn{}, Out: viewOut{}, handle: putView},
		{Method: del, Path: views + "/{id}", About: "delete a view", Query: none, handle: deleteView},
	}
	for _, row := range rows {
		handle := row.handle
		row.handle = func(r *request) error {
			if r.srv.o.DataPage == nil {
				return &hutch.Error{Code: hutch.Unimplemented, Message: "this server has no Data page"}
			}
			return handle(r)
		}
	}
	return rows
}

// readJSON reads the body into v, whose keys are all that it may have.
func (r *request) readJSON(v any, names ...string) error {
	d, err := r.doc()
	if err != nil {
		return err
	}
	for name := range data.Fields(d) {
		known := false
		for _, n := range names {
			known = known || n == name
		}
		if !known {
			return badBody(name, "unknown key")
		}
	}
	if err := json.Unmarshal(r.raw(), v); err != nil {
		if te, ok := err.(*json.UnmarshalTypeError); ok { //nolint:errorlint // Unmarshal's own
			return badBody(te.Field, "it is a "+te.Value)
		}
		return badBody("", "the body is not as it is described")
	}
	return nil
}
