package server

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/transfer"
)

// exportNames are the query parameters of an export.
var exportNames = []string{"format", "where", "orderBy", "select", "after"}

// linesText is a part of an import, or a page of an export: JSONL or CSV. The
// header Hutch-Next of a page is the cursor of the next; at the end it is not there.
// Hutch-Total of the first is how many documents there are in all, where that is
// known soon.
type linesText struct{}

const (
	exportBytes = 4 << 20 // a page ends behind them
	exportMost  = 20_000  // and at so many
	exportTime  = 5 * time.Second
	exportPage  = 1000
	totalTime   = time.Second
)

var (
	hdrWhole       = []byte("Hutch-Total")
	hdrNext        = []byte("Hutch-Next")
	hdrDisposition = []byte("Content-Disposition")
)

// exportCollection is GET /admin/v1/collections/{collection}/export: the pages, one
// behind another, are the file.
func exportCollection(r *request) error {
	q, format, err := r.exportQuery()
	if err != nil {
		return err
	}
	first := q.After == ""
	var table *transfer.CSV
	out := r.buffer()
	if format == transfer.CSVs {
		if table, err = transfer.NewCSV(q.Select, first); err != nil {
			return err
		}
	}
	until := time.Now().Add(exportTime)
	for docs, size := 0, 0; ; {
		page, err := r.srv.o.Data.Query(r.ctx, q, r.data(data.OpList))
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			size += len(d)
			if table != nil {
				err = table.Add(d)
			} else {
				out, err = transfer.AppendJSONLine(out, d)
			}
			if err != nil {
				return err
			}
		}
		docs += len(page.Docs)
		if q.After = page.Next; q.After == "" {
			break
		}
		if size >= exportBytes || docs >= exportMost || time.Now().After(until) {
			r.header(hdrNext, []byte(q.After))
			break
		}
	}
	kind := "application/x-ndjson"
	if table != nil {
		rows, err := table.Bytes()
		if err != nil {
			return hutch.Errorf(hutch.Internal, "writing CSV: %w", err)
		}
		kind, out = "text/csv; charset=utf-8", append(out, rows...)
	}
	if first {
		if n := r.exportTotal(q); n >= 0 {
			r.header(hdrWhole, strconv.AppendInt(nil, n, 10))
		}
	}
	if err := r.noteExport(q.From, format, first); err != nil {
		return err
	}
	r.header(hdrDisposition, []byte(`attachment; filename="`+q.From+"."+format+`"`))
	r.send(http.StatusOK, out)
	r.fctx.Response.Header.SetContentType(kind)
	return nil
}

// exportTotal is how many documents the whole export has, as of now; -1 where that
// is not known soon.
func (r *request) exportTotal(q data.Query) int64 {
	ctx, cancel := context.WithTimeout(r.ctx, totalTime)
	defer cancel()
	if q.Where.Op == data.WhereAll {
		usage, err := r.srv.o.DataPage.Usage(ctx)
		if err != nil {
			return -1
		}
		for i := range usage {
			if usage[i].Collection == q.From {
				return usage[i].Docs
			}
		}
		return 0
	}
	count := data.Query{From: q.From, Where: q.Where, Select: []string{data.FieldID}, Limit: 1, Count: true}
	page, err := r.srv.o.Data.Query(ctx, count, r.data(data.OpList))
	if err != nil {
		return -1
	}
	return page.Count
}

// noteExport tells of an export with its first page, or with whichever page it is
// where those before it are not of late.
func (r *request) noteExport(coll, format string, first bool) error {
	h := sha256.New()
	for _, part := range []string{r.who.UID, r.who.SessionID, coll, format, r.param("where"), r.param("select"), r.param("orderBy")} {
		fmt.Fprintf(h, "%q", part)
	}
	key, now := "export\x00"+string(h.Sum(nil)), r.srv.now()
	if first || !r.srv.told.lately(key, now) {
		if err := r.note("exported", coll, map[string]any{"format": format, "filtered": r.param("where") != "", "first": first}); err != nil {
			return err
		}
	}
	r.srv.told.add(key, now)
	return nil
}

// exportQuery reads the query as GET /data/v1/docs/{collection} does; a CSV needs
// its columns in select.
func (r *request) exportQuery() (q data.Query, format string, err error) {
	format = r.param("format")
	if format != transfer.JSONL && format != transfer.CSVs {
		return q, "", &hutch.Error{Code: hutch.InvalidArgument, Field: "format", Message: "format is jsonl or csv"}
	}
	if q, err = r.urlQuery("format"); err != nil {
		return q, "", err
	}
	if format == transfer.CSVs && len(q.Select) == 0 {
		return q, "", &hutch.Error{Code: hutch.InvalidArgument, Field: "select", Message: "a CSV needs its columns: select=_id,name"}
	}
	if slices.ContainsFunc(q.Select, func(p string) bool { return strings.TrimSpace(p) == "" }) {
		return q, "", &hutch.Error{Code: hutch.InvalidArgument, Field: "select", Message: "a column has a name"}
	}
	q.Limit = exportPage
	return q, format, nil
}
