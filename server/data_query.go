package server

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// queryNames are the query parameters of GET /data/v1/docs/{collection}.
var queryNames = []string{"where", "orderBy", "limit", "after", "select", "count"}

// queryDocs is POST /data/v1/query.
func queryDocs(r *request) error {
	body, err := r.doc()
	if err != nil {
		return err
	}
	q, err := data.ParseQuery(body)
	if err != nil {
		return err
	}
	return r.answerQuery(q)
}

// listDocs is GET /data/v1/docs/{collection}.
func listDocs(r *request) error {
	q, err := r.urlQuery()
	if err != nil {
		return err
	}
	return r.answerQuery(q)
}

func (r *request) answerQuery(q data.Query) error {
	page, err := r.srv.o.Data.Query(r.ctx, q, r.data(data.OpList))
	if err != nil {
		return err
	}
	b := append(r.buffer(), `{"docs":[`...)
	for i, d := range page.Docs {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = data.AppendJSON(b, d); err != nil {
			return err
		}
	}
	b = append(b, `],"next":`...)
	if page.Next == "" {
		b = append(b, "null"...)
	} else {
		b = appendString(b, page.Next)
	}
	if q.Count {
		b = strconv.AppendInt(append(b, `,"count":`...), page.Count, 10)
	}
	if page.Partial {
		b = append(b, `,"partial":true`...)
	}
	r.send(http.StatusOK, append(b, '}'))
	return nil
}

// urlQuery reads ?where={json}&orderBy=-price,name&limit=20&after=..&select=a,b&count=true.
func (r *request) urlQuery() (q data.Query, err error) {
	q.From = r.params[0]
	for name, value := range params(string(r.query)) {
		name, _ = unescape(name)
		value, _ = unescape(value)
		switch name {
		case "where":
			var d data.Doc
			if d, err = data.ParseJSON([]byte(value), jsonDepth); err == nil {
				q.Where, err = data.ParseWhere(d, true)
			}
			if err != nil {
				return q, hutch.AsError(err).At("where")
			}
		case "orderBy":
			for key := range strings.SplitSeq(value, ",") {
				path, desc := strings.CutPrefix(key, "-")
				q.OrderBy = append(q.OrderBy, data.Order{Path: path, Desc: desc})
			}
		case "limit":
			if q.Limit, err = strconv.Atoi(value); err != nil || q.Limit < 1 {
				return q, &hutch.Error{Code: hutch.InvalidArgument, Field: "limit", Message: "limit is a number from 1 to 1000"}
			}
		case "after":
			q.After = value
		case "select":
			q.Select = strings.Split(value, ",")
		case "count":
			if value != "true" && value != "false" {
				return q, &hutch.Error{Code: hutch.InvalidArgument, Field: "count", Message: "count is true or false"}
			}
			q.Count = value == "true"
		}
	}
	return q, nil
}
