package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/transfer"
)

// Transfers runs imports: *transfer.Service.
type Transfers interface {
	Begin(ctx context.Context, r transfer.Request) (*transfer.Import, error)
	Part(ctx context.Context, id string, n int64, last bool, r data.Request, part []byte) (m *transfer.Import, complete bool, err error)
	Get(ctx context.Context, id string) (*transfer.Import, error)
	List(ctx context.Context) ([]*transfer.Import, error)
	Drop(ctx context.Context, id string) error
}

type importIn struct {
	Format    string            `json:"format" enum:"jsonl,csv"`
	Mode      string            `json:"mode" enum:"create,set" doc:"create: a taken id is a bad line; set: the document is replaced"`
	File      string            `json:"file,omitempty" doc:"its name, to be shown"`
	Mark      string            `json:"mark,omitempty" doc:"by which the client knows the file again, at most 200 bytes"`
	Separator string            `json:"separator,omitempty" doc:"of a CSV: a comma, a semicolon or a tab"`
	Columns   []string          `json:"columns,omitempty" doc:"of a CSV: paths of fields; else its first line names them"`
	Header    bool              `json:"header,omitempty" doc:"with columns: the first line is passed over"`
	Types     map[string]string `json:"types,omitempty" doc:"of columns: auto string number boolean date decimal long objectId binary json skip; auto: the schema's, else guessed"`
}

type importOut struct {
	ID         string    `json:"id"`
	Collection string    `json:"collection"`
	Format     string    `json:"format" enum:"jsonl,csv"`
	Mode       string    `json:"mode" enum:"create,set"`
	File       string    `json:"file"`
	Mark       string    `json:"mark" doc:"as it was given"`
	Columns    []string  `json:"columns"`
	State      string    `json:"state" enum:"open,done"`
	Complete   bool      `json:"complete" doc:"false: the time of the request was up, the same part is to be sent again"`
	Parts      int64     `json:"parts" doc:"that are done; the next is one more"`
	Lines      int64     `json:"lines" doc:"of the parts that are done"`
	Created    int64     `json:"created"`
	Replaced   int64     `json:"replaced"`
	Failed     int64     `json:"failed" doc:"bad lines, left out"`
	Errors     []badLine `json:"errors" doc:"of the first 1,000 bad lines; a list of imports leaves them out"`
	BadMore    bool      `json:"badMore" doc:"there are more bad lines than errors are kept"`
	By         string    `json:"by"`
	StartedAt  time.Time `json:"startedAt"`
	ChangedAt  time.Time `json:"changedAt"`
}

type badLine transfer.Bad

type importList struct {
	Imports []importOut `json:"imports"`
	Next    string      `json:"next" doc:"always empty: the list is whole"`
}

func showImport(m *transfer.Import, complete bool) importOut {
	out := importOut{
		ID: m.ID, Collection: m.Collection, Format: m.Format, Mode: m.Mode, File: m.File, Mark: m.Mark, Columns: append([]string{}, m.Columns...),
		State: "open", Complete: complete, Parts: m.Parts, Lines: m.Lines, Created: m.Created, Replaced: m.Replaced, Failed: m.Failed,
		Errors: []badLine{}, BadMore: m.Failed > m.Told, By: m.By, StartedAt: m.Started.UTC(), ChangedAt: m.Changed.UTC(),
	}
	if m.Done {
		out.State = "done"
	}
	for _, b := range m.Bad {
		out.Errors = append(out.Errors, badLine(b))
	}
	return out
}

// beginImport is POST /admin/v1/collections/{collection}/imports.
func beginImport(r *request) error {
	var in importIn
	if err := r.readJSON(&in, "format", "mode", "file", "mark", "separator", "columns", "header", "types"); err != nil {
		return err
	}
	m, err := r.transfers().Begin(r.ctx, transfer.Request{
		Collection: r.params[0], Format: in.Format, Mode: in.Mode, File: in.File, Mark: in.Mark,
		Separator: in.Separator, Columns: in.Columns, Header: in.Header, Types: in.Types,
	})
	if err != nil {
		return err
	}
	if err := r.note("import_begun", m.Collection, map[string]any{"import": m.ID, "mode": m.Mode, "file": m.File}); err != nil {
		return err
	}
	js, err := json.Marshal(showImport(m, true))
	if err != nil {
		return hutch.Errorf(hutch.Internal, "encoding an import: %w", err)
	}
	r.send(http.StatusCreated, append(r.buffer(), js...))
	return nil
}

func (r *request) transfers() Transfers { return r.srv.o.DataPage.Transfers() }

// putPart is PUT /admin/v1/imports/{id}/parts/{part}.
func putPart(r *request) error {
	n, err := strconv.ParseInt(r.params[1], 10, 32)
	if err != nil || n < 1 {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "part", Message: "parts count from 1"}
	}
	last := r.param("last")
	if last != "" && last != "true" && last != "false" {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "last", Message: "last is true or false"}
	}
	m, err := r.transfers().Get(r.ctx, r.params[0])
	if err != nil {
		return err
	}
	if !m.Done && n == m.Parts+1 { // others write nothing
		if err := r.note("import_part", m.Collection, map[string]any{"import": m.ID, "begunBy": m.Operator, "part": n}); err != nil {
			return err
		}
	}
	m, complete, err := r.transfers().Part(r.ctx, r.params[0], n, last == "true", r.data(data.OpCreate), bytes.Clone(r.raw()))
	if err != nil {
		return err
	}
	if m.Ended {
		if err := r.noteImport(m); err != nil {
			return err
		}
	}
	if m.Told > 0 {
		if m, err = r.transfers().Get(r.ctx, m.ID); err != nil {
			return err
		}
	}
	return r.sendJSON(showImport(m, complete), nil)
}

// noteImport tells what an import has done that has ended.
func (r *request) noteImport(m *transfer.Import) error {
	return r.note("import_done", m.Collection, map[string]any{
		"import": m.ID, "begunBy": m.Operator, "created": m.Created, "replaced": m.Replaced, "failed": m.Failed,
	})
}

func getImport(r *request) error {
	m, err := r.transfers().Get(r.ctx, r.params[0])
	if err != nil {
		return err
	}
	return r.sendJSON(showImport(m, true), nil)
}

func listImports(r *request) error {
	ms, err := r.transfers().List(r.ctx)
	if err != nil {
		return err
	}
	out := importList{Imports: []importOut{}}
	for _, m := range ms {
		out.Imports = append(out.Imports, showImport(m, true))
	}
	return r.sendJSON(out, nil)
}

// dropImport is DELETE /admin/v1/imports/{id}.
func dropImport(r *request) error {
	m, err := r.transfers().Get(r.ctx, r.params[0])
	if err != nil {
		return err
	}
	err = r.note("import_dropped", m.Collection, map[string]any{
		"import": m.ID, "begunBy": m.Operator, "parts": m.Parts, "created": m.Created, "replaced": m.Replaced, "failed": m.Failed, "done": m.Done,
	})
	if err != nil {
		return err
	}
	if err := r.transfers().Drop(r.ctx, m.ID); err != nil {
		return err
	}
	r.empty(http.StatusNoContent)
	return nil
}
