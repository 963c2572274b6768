package server

import (
	"net/http"
	"slices"
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
	if e := page.Explain; e != nil {
		b = appendString(append(b, `,"explain":{"index":`...), e.Index)
		b = strconv.AppendBool(append(b, `,"unindexed":`...), e.Unindexed)
		b = strconv.AppendInt(append(b, `,"examined":`...), e.Docs, 10)
		b = append(strconv.AppendInt(append(b, `,"bytes":`...), e.Bytes, 10), '}')
	}
	r.send(http.StatusOK, append(b, '}'))
	return nil
}

// urlQuery reads ?where={json}&orderBy=-price,name&limit=20&after=..&select=a,b&count=true
// as the body of POST /data/v1/query, so that one parser judges both. but are
// names that the route reads itself.
func (r *request) urlQuery(but ...string) (data.Query, error) {
	body := make([]data.Elem, 1, 1+len(queryNames))
	body[0] = data.Elem{Name: "from", Value: data.String("a")}
	for rawName, rawText := range params(string(r.query)) {
		name, err := unescape(rawName)
		if err != nil {
			return data.Query{}, err
		}
		text, err := unescape(rawText)
		if err != nil {
			return data.Query{}, err
		}
		if slices.Contains(but, name) {
			continue
		}
		if !slices.Contains(queryNames, name) {
			return data.Query{}, &hutch.Error{Code: hutch.InvalidArgument, Field: name, Message: "unknown parameter"}
		}
		if slices.ContainsFunc(body[1:], func(e data.Elem) bool { return e.Name == name }) {
			return data.Query{}, &hutch.Error{Code: hutch.InvalidArgument, Field: name, Message: "the parameter is given more than once"}
		}
		v, err := queryValue(name, text)
		if err != nil {
			return data.Query{}, hutch.AsError(err).At(name)
		}
		body = append(body, data.Elem{Name: name, Value: v})
	}
	q, err := data.ParseQuery(data.NewDoc(body...))
	q.From = r.params[0] // an unknown one answers as one without rules
	return q, err
}

// queryValue is a parameter as it stands in the body.
func queryValue(name, text string) (data.Value, error) {
	switch name {
	case "where":
		d, err := data.ParseJSON([]byte(text), jsonDepth)
		return data.Object(d), err
	case "orderBy", "select":
		var list []data.Value
		for p := range strings.SplitSeq(text, ",") {
			list = append(list, data.String(p))
		}
		return data.Array(list...), nil
	case "limit":
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return data.Value{}, &hutch.Error{Code: hutch.InvalidArgument, Message: "limit is a number from 1 to 1000"}
		}
		return data.Int(n), nil
	case "count":
		if text != "true" && text != "false" {
			return data.Value{}, &hutch.Error{Code: hutch.InvalidArgument, Message: "count is true or false"}
		}
		return data.Bool(text == "true"), nil
	}
	return data.String(text), nil
}
